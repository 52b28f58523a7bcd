//! What `resume` did.

use convosync_wire::{Part, ResumeReport};

use super::look::{Look, Sign, Style};
use super::measure::{age_inside, counted};
use super::page::{Page, short};
use super::terminal;
use super::{show, timeline};

pub(crate) fn resume(report: &ResumeReport, took_history: bool, look: &Look) -> String {
    let mut page = Page::new(look);
    let age = age_inside(report.timestamp, look.now_ms);
    page.line("ConvoSync: Resuming session...");
    page.sign(Sign::Done, &format!("Found session from {} ({age})", report.device));
    for note in &report.parked {
        page.note(Sign::Done, note);
    }
    code(report, &mut page);
    if report.conversation_restored {
        let messages = counted(report.message_count, "message");
        page.sign(Sign::Done, &format!("Restored conversation ({messages})"));
    }
    terminal::resumed(report, took_history, &mut page);
    for note in &report.notes {
        // What was done, not what to look out for.
        let done =
            ["convosync::resume::merged", "convosync::resume::code-merged"].contains(&&*note.code);
        page.note(if done { Sign::Done } else { Sign::Warning }, note);
    }
    page.blank();
    restored(report, &mut page);
    if !took_history {
        terminal::commands(&report.history, &mut page);
    }
    next(report, &mut page);
    page.finish()
}

fn code(report: &ResumeReport, page: &mut Page<'_>) {
    if report.switched_branch {
        page.sign(Sign::Done, "Checked git state");
        if let Some(before) = &report.previous_branch {
            page.nested("  ", Sign::Arrow, &format!("Was on: {before}"));
        }
        if let Some(branch) = &report.branch {
            page.nested("  ", Sign::Arrow, &format!("Session on: {branch}"));
            page.sign(Sign::Done, &format!("Switched to branch: {branch}"));
        }
    }
    if report.pulled > 0 {
        let commits = counted(report.pulled, "commit");
        page.sign(Sign::Done, &format!("Pulled latest changes ({commits} after the session's)"));
    } else if report.fetched {
        page.sign(Sign::Done, "Pulled latest changes");
    }
    if let (true, Some(commit)) = (report.in_step && has_code(report), &report.commit) {
        page.sign(Sign::Done, &format!("Code up to date (commit: {})", short(commit)));
    }
    if report.uncommitted > 0 {
        let changes = counted(report.uncommitted, "uncommitted change");
        let are = if report.uncommitted == 1 { "is" } else { "are" };
        page.sign(Sign::Done, &format!("{changes} of the session {are} here"));
    }
}

/// Whether the save says which code its conversation was written on; an older helper did not tell.
fn has_code(report: &ResumeReport) -> bool {
    report.holds.is_empty() || report.holds.contains(&Part::Code)
}

/// Where everything stands now.
fn restored(report: &ResumeReport, page: &mut Page<'_>) {
    let look = page.look;
    page.styled(Style::Bold, "Session restored!");
    let directory = look.path(&report.working_directory);
    page.line(&format!("{}Working directory: {directory}", look.icon("📁")));
    if let Some(branch) = &report.branch {
        page.line(&format!("{}Branch: {branch}", look.icon("🌿")));
    }
    if let Some(commit) = &report.commit {
        let subject = report.commit_subject.as_deref();
        let subject = subject.map(|subject| format!(" \"{subject}\"")).unwrap_or_default();
        page.line(&format!("{}Commit: {}{subject}", look.icon("📝"), short(commit)));
    }
    if report.conversation_id.is_some() {
        let messages = counted(report.message_count, "message");
        let done = if report.conversation_restored { " restored" } else { ", left as it was" };
        page.line(&format!("{}Conversation: {messages}{done}", look.icon("💬")));
    }
    if report.conversation_id.is_some() && !report.timeline.is_empty() {
        page.blank();
        timeline::latest(report, page);
    }
    if !report.session_notes.is_empty() {
        show::session_notes(&report.session_notes, page);
    }
    match (report.in_step, &report.conversation_id) {
        (true, _) if !has_code(report) => {}
        (true, Some(_)) => page.sign(Sign::Done, "Code and conversation are in sync!"),
        (true, None) => {}
        (false, _) if report.pulled > 0 => {
            let commits = counted(report.pulled, "commit");
            page.sign(Sign::Done, &format!("The code is {commits} further than the conversation"));
        }
        (false, _) if report.ahead => {
            page.sign(Sign::Done, "The code has gone on since the conversation was saved");
        }
        (false, _) => page.sign(Sign::Warning, "Code and conversation are NOT in sync"),
    }
}

/// What the user does next; going there is last, since a program can't move its shell.
fn next(report: &ResumeReport, page: &mut Page<'_>) {
    if let Some(command) = &report.open_with {
        page.blank();
        page.line(&format!("Continue the conversation with: {command}"));
    }
    terminal::panes_later(report, page);
    if !page.look.shell_follows
        && report.working_directory != page.look.directory
        && let Some(path) = quoted(&report.working_directory)
    {
        page.blank();
        page.line(&format!("Go there with: cd {path}"));
    }
}

/// The path as one word of a POSIX shell; None if it holds what can't be shown as it is.
fn quoted(path: &str) -> Option<String> {
    if path.is_empty() || super::harmless::line(path) != path {
        return None;
    }
    let bare = |char: char| char.is_alphanumeric() || "/._-+@%,:=".contains(char);
    Some(match path.chars().all(bare) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    })
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn the_hint_can_be_pasted_into_a_shell() {
        let check = |path: &str, want: Option<&str>| assert_eq!(quoted(path).as_deref(), want);
        check("/home/me/app", Some("/home/me/app"));
        check("/home/me/my app", Some("'/home/me/my app'"));
        check("/it's", Some(r"'/it'\''s'"));
        check("/$(reboot)", Some("'/$(reboot)'"));
        check("/a\u{1b}[2J", None);
        check("", None);
    }
}
