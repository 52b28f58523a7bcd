//! The code that the messages of a conversation were written on.

use convosync_wire::{ResumeReport, Standing, Step, TimelineRow};

use super::look::Sign;
use super::page::{Page, short};

/// Spans that a resume tells; `show` tells all.
const LATEST: usize = 5;

/// Every span.
pub(super) fn whole(rows: &[TimelineRow], page: &mut Page<'_>) {
    for (at, row) in rows.iter().enumerate() {
        branched(&rows[..at], row, page);
        page.line(&format!("{}{}", page.look.icon("📝"), told(row)));
    }
}

/// The latest spans, and that there are others.
pub(super) fn latest(report: &ResumeReport, page: &mut Page<'_>) {
    let rows = &report.timeline;
    let skipped = rows.len().saturating_sub(LATEST);
    if skipped > 0 {
        let last = rows[skipped - 1].last;
        let show = format!("convosync show {}", report.session_id);
        page.line(&format!("{}Message 1-{last}: {show}", page.look.icon("📝")));
    }
    for (at, row) in rows.iter().enumerate().skip(skipped) {
        branched(&rows[..at], row, page);
        page.line(&format!("{}{}", page.look.icon("📝"), told(row)));
    }
}

/// That the conversation went on on another branch.
fn branched(before: &[TimelineRow], row: &TimelineRow, page: &mut Page<'_>) {
    let Some(branch) = &row.branch else { return };
    let was = |row: &TimelineRow| row.branch.as_ref() == Some(branch);
    if before.is_empty() || before.last().is_some_and(was) {
        return;
    }
    let how = if before.iter().any(was) { "Back on" } else { "Branched to" };
    page.line(&format!("{}{how} {branch}", page.look.icon("🌿")));
}

/// `Message 1-2: on branch main @ ~abc1111`.
fn told(row: &TimelineRow) -> String {
    let messages = match row.last - row.first {
        0 => row.first.to_string(),
        _ => format!("{}-{}", row.first, row.last),
    };
    let mark = if row.exact { "" } else { "~" };
    let commit = row.commit.as_ref().map(|commit| format!("{mark}{}", short(commit)));
    match (&row.branch, commit) {
        (Some(branch), Some(commit)) => {
            format!("Message {messages}: on branch {branch} @ {commit}")
        }
        (Some(branch), None) => format!("Message {messages}: on branch {branch}"),
        (None, Some(commit)) => format!("Message {messages}: at {commit}"),
        (None, None) => format!("Message {messages}: on unknown code"),
    }
}

/// Where the code here is, and whether it is the conversation's.
pub(super) fn standing(here: &Standing, page: &mut Page<'_>) {
    let commit = here.commit.as_deref().map_or_else(|| "no commit".to_owned(), short);
    let branch = here.branch.as_deref().unwrap_or("no branch");
    page.line("Current State:");
    page.line(&format!("  You're on: {branch} @ {commit}"));
    match here.step {
        Step::InStep => page.nested("  ", Sign::Done, "Code and conversation are in sync!"),
        Step::Ahead => {
            page.nested("  ", Sign::Done, "The code has gone on since the conversation was saved");
        }
        Step::OutOfStep => {
            page.nested("  ", Sign::Warning, "Code and conversation are NOT in sync");
        }
    }
}
