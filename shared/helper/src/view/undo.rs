//! What `undo` took back, and what it can take back.

use convosync_wire::{Rows, UndoReport, UndoRow, UndoState};

use super::look::{Look, Sign, Style};
use super::measure::{age, age_inside, counted};
use super::page::{Page, short};

pub(crate) fn undone(report: &UndoReport, look: &Look) -> String {
    let mut page = Page::new(look);
    let age = age_inside(report.timestamp, look.now_ms);
    let done = if report.redone { "Brought back" } else { "Took back" };
    page.line(&format!("ConvoSync: {done} the resume of {} ({age})", report.session_id));
    for note in &report.kept {
        page.note(Sign::Done, note);
    }
    code(report, &mut page);
    for id in &report.conversations {
        page.sign(Sign::Done, &format!("Conversation {id} is as it was"));
    }
    page.notes(&report.notes);
    page.finish()
}

fn code(report: &UndoReport, page: &mut Page<'_>) {
    if report.work_tree.is_none() {
        return;
    }
    let commit = report.commit.as_deref().map(short).unwrap_or_default();
    let subject = report.commit_subject.as_deref();
    let subject = subject.map(|subject| format!(" \"{subject}\"")).unwrap_or_default();
    let place = match &report.branch {
        Some(branch) if report.commit.is_some() => format!("{branch} at {commit}{subject}"),
        Some(branch) => format!("{branch}, which has no commit yet"),
        None => format!("{commit}{subject}, on no branch"),
    };
    page.sign(Sign::Done, &format!("Code is as it was: {place}"));
    let changes = report.uncommitted.len() as u64;
    if changes > 0 {
        page.line(&format!(
            "   with {} that {} not committed",
            counted(changes, "change"),
            was(changes)
        ));
    }
}

fn was(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// The resumes of a work tree, newest first as they came.
pub(crate) fn list(listed: &Rows<UndoRow>, look: &Look) -> String {
    let mut page = Page::new(look);
    if listed.rows.is_empty() {
        page.line("No session was resumed in this work tree: there is nothing to take back.");
        page.notes(&listed.notes);
        return page.finish();
    }
    page.heading("Resumes in this work tree:");
    let next = listed.rows.iter().position(|row| row.state != UndoState::Undone);
    for (at, row) in listed.rows.iter().enumerate() {
        let age = age(row.timestamp, look.now_ms);
        page.line(&format!("{}. {} ({age})", at + 1, row.session_id));
        page.line(&format!("   \"{}\"", row.message));
        page.line(&format!("   Before it: {}", before(row)));
        page.line(&format!("   {}", state(row.state)));
        for path in &row.conflicts {
            page.line(&format!("     {path}"));
        }
        page.blank();
    }
    let told = match next {
        Some(next) => format!("`convosync undo` takes number {} back.", next + 1),
        None => "`convosync undo --redo` brings the last one back.".to_owned(),
    };
    page.styled(Style::Dim, &told);
    page.notes(&listed.notes);
    page.finish()
}

fn before(row: &UndoRow) -> String {
    let commit = row.commit.as_deref().map(short);
    match (&row.branch, commit) {
        (Some(branch), Some(commit)) => format!("{branch} at {commit}"),
        (Some(branch), None) => format!("{branch}, which had no commit yet"),
        (None, Some(commit)) => format!("{commit}, on no branch"),
        (None, None) => "the same code".to_owned(),
    }
}

fn state(state: UndoState) -> &'static str {
    match state {
        UndoState::Resumed => "Resumed",
        UndoState::Waits => "Waits for conflicts to be resolved: convosync resume --continue",
        UndoState::Unfinished => "Stopped half-way",
        UndoState::Undone => "Taken back",
    }
}
