//! What `sync` sent, and what a dry run would do.

use convosync_wire::{PlanReport, SyncReport};

use super::dialog;
use super::look::{Look, Sign};
use super::measure::{counted, size};
use super::page::Page;

pub(crate) fn sync(report: &SyncReport, look: &Look) -> String {
    let mut page = Page::new(look);
    for save in &report.sent {
        let size = size(save.bytes);
        page.sign(Sign::Done, &format!("Sent {} of {} ({size})", save.save, save.session_id));
    }
    if report.sent.is_empty() && report.queued == 0 {
        page.sign(Sign::Done, "Nothing was waiting");
    }
    if report.queued > 0 {
        page.sign(Sign::Warning, &format!("Still waiting: {}", counted(report.queued, "save")));
    }
    page.notes(&report.notes);
    page.whereabouts(false, report.queued > 0);
    page.finish()
}

pub(crate) fn plan(report: &PlanReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.line(&format!("ConvoSync: `{}` would", report.verb));
    for step in &report.steps {
        page.nested("  ", Sign::Arrow, step);
    }
    if report.steps.is_empty() {
        page.line("  do nothing");
    }
    page.notes(&report.notes);
    if !report.decisions.is_empty() {
        page.blank();
        page.line("It would ask first:");
    }
    let mut out = page.finish();
    for decision in &report.decisions {
        out += &dialog::foreseen(decision, look);
    }
    let mut end = Page::new(look);
    end.line("Nothing was changed.");
    out + "\n" + &end.finish()
}
