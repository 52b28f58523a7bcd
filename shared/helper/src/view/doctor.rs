//! What `doctor` found, and what a code means.

use convosync_wire::{Check, DoctorReport, ExplainReport, Health};

use super::look::{Look, Sign, Style};
use super::measure::counted;
use super::page::{Page, sentence};

pub(crate) fn examined(report: &DoctorReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.heading("ConvoSync Doctor");
    let mut area = "";
    for check in &report.checks {
        if check.area != area {
            area = &check.area;
            page.blank();
            let title = if area == "convosync" { "ConvoSync" } else { &sentence(area) };
            page.styled(Style::Bold, &format!("{title}:"));
        }
        one(check, &mut page);
    }
    page.notes(&report.notes);
    page.blank();
    page.line(&summary(report));
    page.finish()
}

fn one(check: &Check, page: &mut Page<'_>) {
    let sign = match check.state {
        Health::Ok => Sign::Done,
        Health::Warn => Sign::Warning,
        Health::Fail => Sign::Failed,
    };
    page.nested("  ", sign, &check.text);
    for line in check.help.iter().flat_map(|help| help.lines()) {
        page.line(&format!("     {line}"));
    }
    if check.state == Health::Fail {
        page.line(&format!("     ({})", check.code));
    }
}

fn summary(report: &DoctorReport) -> String {
    let (fail, warn) = (report.count(Health::Fail), report.count(Health::Warn));
    match (fail, warn) {
        (0, 0) => "All is well.".to_owned(),
        (0, warn) => format!("Nothing fails; {} to look at.", counted(warn as u64, "line")),
        (fail, warn) => {
            let fails = counted(fail as u64, "line");
            let verb = if fail == 1 { "fails" } else { "fail" };
            format!("{fails} {verb}, {warn} to look at. `convosync explain CODE` says more.")
        }
    }
}

pub(crate) fn explained(report: &ExplainReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.styled(Style::Bold, &report.code);
    page.blank();
    page.hanging("", &report.cause);
    page.blank();
    page.line("What to do:");
    page.hanging("  ", &report.help);
    page.notes(&report.notes);
    page.finish()
}
