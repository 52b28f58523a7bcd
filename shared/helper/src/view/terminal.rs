//! What travelled of a terminal.

use convosync_wire::{
    CommandRow, MissingVariable, PanesReport, PanesWay, ResumeReport, SaveReport,
};

use super::look::{Sign, Style};
use super::measure::counted;
use super::page::Page;

/// What goes with a save.
pub(crate) fn saved(report: &SaveReport, page: &mut Page<'_>) {
    if report.history > 0 {
        let commands = counted(report.history, "command");
        page.sign(Sign::Done, &format!("Took along {commands} of the shell's history"));
    }
    if report.panes > 0 {
        let (panes, tabs) = (counted(report.panes, "pane"), counted(report.tabs, "tab"));
        let texts = match report.texts {
            0 => String::new(),
            some => format!(", with the text in {}", counted(some, "pane")),
        };
        page.sign(Sign::Done, &format!("Took along {panes} in {tabs}{texts}"));
    }
    if !report.env.is_empty() {
        page.sign(Sign::Done, &format!("Took along the variables {}", report.env.join(", ")));
    }
    missing("Stayed on this device", &report.env_missing, page);
}

/// What comes back with a resume.
pub(crate) fn resumed(report: &ResumeReport, took_history: bool, page: &mut Page<'_>) {
    panes(report, page);
    let follows = page.look.shell_follows;
    let names = |texts: bool| {
        let fits = report.env.iter().filter(|variable| variable.value.as_text().is_some() == texts);
        fits.map(|variable| variable.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (texts, typed) = (names(true), names(false));
    if follows && !texts.is_empty() {
        page.sign(Sign::Done, &format!("Set {texts}"));
    }
    if follows && !typed.is_empty() {
        page.sign(Sign::Warning, &format!("Only Nushell can hold the values of {typed}"));
    }
    if !follows && !report.env.is_empty() {
        let all: Vec<_> = report.env.iter().map(|variable| variable.name.as_str()).collect();
        page.sign(Sign::Warning, &format!("Not set: {}", all.join(", ")));
        page.line("   `convosync shell-init --help` tells how this shell can take them over");
    }
    missing("Not set", &report.env_missing, page);
    match (took_history, follows) {
        (true, true) if !report.history.is_empty() => {
            let commands = counted(report.history.len() as u64, "command");
            page.sign(Sign::Done, &format!("Put {commands} into this shell's history"));
        }
        (true, false) => {
            page.sign(Sign::Warning, "The commands are not in your shell's history");
            page.line("   `convosync shell-init --help` tells how this shell can take them over");
        }
        _ => {}
    }
}

fn panes(report: &ResumeReport, page: &mut Page<'_>) {
    let Some(PanesReport { way, tabs, panes, .. }) = &report.panes else { return };
    let (panes, tabs) = (counted(*panes, "pane"), counted(*tabs, "tab"));
    let told = match way {
        PanesWay::NewTabs => format!("Opened {panes} in {tabs}"),
        PanesWay::Session => {
            format!("Opened {panes} in {tabs} of the Zellij session {}", report.session_id)
        }
        PanesWay::Here => format!("Opened {panes} in this tab"),
        PanesWay::Focused => "Went to the tab that has the session already".to_owned(),
        // What comes is not there yet.
        PanesWay::Later | PanesWay::Starts => return,
    };
    page.sign(Sign::Done, &told);
}

/// How the panes are opened that were not.
pub(crate) fn panes_later(report: &ResumeReport, page: &mut Page<'_>) {
    let Some(PanesReport { panes, tabs, open_with: Some(command), .. }) = &report.panes else {
        return;
    };
    let (panes, tabs) = (counted(*panes, "pane"), counted(*tabs, "tab"));
    page.blank();
    page.line(&format!("Open its {panes} in {tabs} with: {command}"));
}

fn missing(what: &str, variables: &[MissingVariable], page: &mut Page<'_>) {
    if let [variable] = variables {
        page.sign(Sign::Warning, &format!("{what}: {} ({})", variable.name, variable.why.told()));
        return;
    }
    let line =
        |variable: &MissingVariable| format!("  • {}: {}", variable.name, variable.why.told());
    let lines: Vec<_> = variables.iter().map(line).collect();
    if !lines.is_empty() {
        page.sign(Sign::Warning, &format!("{what}:\n{}", lines.join("\n")));
    }
}

/// The last commands, as a reminder of what was being done.
pub(crate) fn commands(rows: &[CommandRow], page: &mut Page<'_>) {
    if rows.is_empty() {
        return;
    }
    page.blank();
    page.styled(Style::Bold, "Last commands:");
    for row in rows {
        let place = row.directory.as_deref().filter(|place| !place.is_empty());
        let place = place.map(|place| format!("  (in {place})")).unwrap_or_default();
        let exit = row.exit_code.filter(|code| *code != 0);
        let exit = exit.map(|code| format!("  (exit code {code})")).unwrap_or_default();
        let command = row.command.split_whitespace().collect::<Vec<_>>().join(" ");
        let room = page.look.width.saturating_sub(place.len() + exit.len() + 2).max(20);
        let command = page.look.fit(&super::harmless_line(&command), room);
        page.line(&format!("  {command}{exit}{place}"));
    }
}
