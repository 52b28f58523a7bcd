//! Sessions and saves as numbered lists.

use convosync_wire::{ListArgs, LogRow, Note, Part, Rows, SessionRow, SessionState};

use super::look::{Look, Sign, Style};
use super::measure::{age, age_inside, counted, size};
use super::page::{Page, short};

/// Sessions, newest first as they came.
pub(crate) fn list(listed: &Rows<SessionRow>, args: &ListArgs, look: &Look) -> String {
    let rows = &listed.rows;
    let mut page = Page::new(look);
    let asked = *args != ListArgs { offline: args.offline, ..ListArgs::default() };
    if rows.is_empty() {
        if args.deleted {
            page.line("No deleted session can be brought back.");
            told(&listed.notes, &mut page);
            return page.finish();
        }
        return nothing(asked, &listed.notes, page);
    }
    page.heading(match (args.deleted, args.all) {
        (true, _) => "Deleted Sessions:",
        (false, true) => "All Sessions:",
        (false, false) => "Recent Sessions:",
    });
    for (number, row) in (1..).zip(rows) {
        let age = age(row.timestamp, look.now_ms);
        page.line(&format!("{number}. {} ({age})", row.session_id));
        entry(row, repository_of(row, rows), &mut page);
        page.blank();
    }
    if args.deleted {
        page.line("Bring one back with: convosync undelete SESSION");
    }
    if !asked {
        page.line("Options:");
        page.line("  --all     Show all sessions (not just recent)");
        page.line("  --branch  Filter by branch");
        page.line("  --device  Filter by device");
    }
    told(&listed.notes, &mut page);
    let queued = rows.iter().any(|row| row.state == SessionState::Queued);
    page.whereabouts(false, queued);
    page.finish()
}

/// A save that another device made, as it comes.
pub(crate) fn news(row: &SessionRow, look: &Look) -> String {
    let mut page = Page::new(look);
    let age = age(row.timestamp, look.now_ms);
    page.line(&format!("{} saved {} ({age})", row.device, row.session_id));
    entry(row, Some(&row.repository), &mut page);
    page.finish()
}

/// What a list could not show.
fn told(notes: &[Note], page: &mut Page<'_>) {
    if !notes.is_empty() {
        page.blank();
        page.notes(notes);
    }
}

fn nothing(asked: bool, notes: &[Note], mut page: Page<'_>) -> String {
    if asked {
        page.line("No session fits. Show all with: convosync list --all");
    } else {
        page.line("No session saved yet. Save one with: convosync save \"what you did\"");
    }
    told(notes, &mut page);
    page.finish()
}

/// Every save of a session, newest first as they came.
pub(crate) fn log(listed: &Rows<LogRow>, look: &Look) -> String {
    let rows = &listed.rows;
    let mut page = Page::new(look);
    let Some(first) = rows.first() else {
        page.line("No saves.");
        told(&listed.notes, &mut page);
        return page.finish();
    };
    page.heading(&format!("Saves of {}:", first.row.session_id));
    for (number, log) in (1..).zip(rows) {
        let age = age_inside(log.row.timestamp, look.now_ms);
        let head = if log.head { ", head" } else { "" };
        let parked = match (log.note, log.parked) {
            (true, _) => ", a note",
            (false, true) => ", put aside by a resume",
            (false, false) => "",
        };
        let out = if log.quarantined { ", does not count: its device was revoked" } else { "" };
        page.line(&format!("{number}. {} ({age}{head}{parked}{out})", log.save));
        match log.note {
            true => noted(&log.row, &mut page),
            false => entry(&log.row, None, &mut page),
        }
        page.blank();
    }
    let session = &first.row.session_id;
    page.styled(Style::Dim, &format!("Resume one with: convosync resume {session} --at SAVE"));
    told(&listed.notes, &mut page);
    page.finish()
}

/// What stands under a note: whose it is, and what it says.
fn noted(row: &SessionRow, page: &mut Page<'_>) {
    let look = page.look;
    page.line(&format!("   {}{}", look.device_icon(&row.device_kind), row.device));
    let message = look.fit(row.message.lines().next().unwrap_or_default(), width(look));
    page.line(&format!("   \"{message}\""));
}

/// What stands under a numbered line.
fn entry(row: &SessionRow, repository: Option<&str>, page: &mut Page<'_>) {
    let look = page.look;
    let place = match (&row.branch, &row.commit) {
        (Some(branch), Some(commit)) => format!("{branch} @ {}", short(commit)),
        (Some(only), None) => only.clone(),
        (None, Some(commit)) => short(commit),
        (None, None) => row.working_directory.clone(),
    };
    let arrow = look.sign(Sign::Arrow);
    page.line(&format!("   {}{} {arrow}{place}", look.device_icon(&row.device_kind), row.device));
    if let Some(repository) = repository {
        page.line(&format!("   {repository}"));
    }
    if let Some(title) = &row.title {
        page.line(&format!("   {}", look.fit(title, width(look))));
    }
    let message = look.fit(row.message.lines().next().unwrap_or_default(), width(look));
    page.line(&format!("   \"{message}\""));
    page.line(&format!("   {}", contents(row)));
    if row.holds.len() < Part::ALL.len() && !row.holds.is_empty() {
        let parts: Vec<_> = row.holds.iter().map(|part| part.as_str()).collect();
        page.line(&format!("   Holds: {}", parts.join(", ")));
    }
    if let Some(state) = state(row.state) {
        page.nested("   ", Sign::Warning, state);
    }
}

/// The columns for a message behind its indentation and within its quotes; a pipe gets all of it.
fn width(look: &Look) -> usize {
    if look.folds { look.width.saturating_sub(5).max(20) } else { usize::MAX }
}

fn contents(row: &SessionRow) -> String {
    let pinned = if row.pinned { ", pinned" } else { "" };
    let size = if row.size > 0 { format!(", {}", size(row.size)) } else { String::new() };
    let uncommitted = match row.uncommitted {
        0 => String::new(),
        changes => format!(", {}", counted(changes, "uncommitted change")),
    };
    format!("{}{size}{uncommitted}{pinned}", counted(row.message_count, "message"))
}

/// What to say of a state; nothing when all is well.
pub(crate) fn state(state: SessionState) -> Option<&'static str> {
    match state {
        SessionState::Synced => None,
        SessionState::Queued => Some("queued: on this device only"),
        SessionState::Unpushed => Some("unpushed: its commit travels sealed with it"),
        SessionState::Arriving => Some("arriving: not all of it is in the store yet"),
        SessionState::Conflict => Some("conflict: two devices went on from the same save"),
        SessionState::OutOfStep => Some("out of step: the work tree here is on other code"),
    }
}

/// The row's repository, if the rows have several.
pub(crate) fn repository_of<'a>(row: &'a SessionRow, rows: &[SessionRow]) -> Option<&'a str> {
    rows.iter().any(|other| other.repository != row.repository).then_some(row.repository.as_str())
}
