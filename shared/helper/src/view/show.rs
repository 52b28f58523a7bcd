//! A session to be read.

use convosync_wire::{MessageRow, NoteReport, SessionNote, ShowReport, Step};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::harmless;
use super::look::Look;
use super::look::{Sign, Style, wrap};
use super::measure::{age_inside, counted};
use super::page::{Page, short};
use super::{sessions, timeline};

/// Committed files that are named.
const NAMED: usize = 8;

/// What a message's text stands behind.
const INDENT: &str = "    ";

pub(crate) fn show(report: &ShowReport, look: &Look) -> String {
    let mut page = Page::new(look);
    let row = &report.save.row;
    let message = row.message.lines().next().unwrap_or_default();
    page.heading(&look.fit(&format!("{}: \"{message}\"", row.session_id), look.width));
    facts(report, &mut page);
    if !report.timeline.is_empty() {
        page.blank();
        timeline::whole(&report.timeline, &mut page);
    }
    if let Some(here) = &report.here {
        page.blank();
        timeline::standing(here, &mut page);
    }
    if !report.session_notes.is_empty() {
        page.blank();
        session_notes(&report.session_notes, &mut page);
    }
    for message in &report.messages {
        page.blank();
        said(message, &mut page);
    }
    if !report.notes.is_empty() {
        page.blank();
    }
    for note in &report.notes {
        let sign = match note.code.as_str() {
            "convosync::show::worktree" => Sign::Done,
            "convosync::show::page" => Sign::Bullet,
            _ => Sign::Warning,
        };
        page.note(sign, note);
    }
    page.blank();
    page.styled(Style::Dim, &format!("Go on with it: convosync resume {}", row.session_id));
    page.styled(Style::Dim, &format!("Leave a note:  convosync note {} TEXT", row.session_id));
    if is_code_apart(report) {
        let line = format!("See its code:  convosync show {} --worktree DIR", row.session_id);
        page.styled(Style::Dim, &line);
    }
    page.finish()
}

/// Whether its code is not the one here, and not laid out yet.
fn is_code_apart(report: &ShowReport) -> bool {
    let apart = report.here.as_ref().is_some_and(|here| here.step == Step::OutOfStep);
    apart && report.save.row.commit.is_some() && report.worktree.is_none()
}

/// What was written about a session.
pub(super) fn session_notes(notes: &[SessionNote], page: &mut Page<'_>) {
    for note in notes {
        let age = age_inside(note.timestamp, page.look.now_ms);
        page.line(&format!("{}Note from {} ({age}):", page.look.icon("🗒️ "), note.device));
        for line in harmless::lines(&note.text) {
            let room = page.look.width.saturating_sub(INDENT.len()).max(20);
            wrap(&line, room).iter().for_each(|line| page.line(&format!("{INDENT}{line}")));
        }
    }
}

/// What `note` wrote.
pub(crate) fn noted(report: &NoteReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.sign(Sign::Done, &format!("Noted in {}", report.session_id));
    page.notes(&report.notes);
    page.whereabouts(report.local_only, !report.synced);
    page.finish()
}

fn facts(report: &ShowReport, page: &mut Page<'_>) {
    let (look, row) = (page.look, &report.save.row);
    let age = age_inside(row.timestamp, look.now_ms);
    page.line(&format!(
        "Saved:        {}{} ({age})",
        look.device_icon(&row.device_kind),
        row.device
    ));
    page.line(&format!("Save:         {}", report.save.save));
    page.line(&format!("Repository:   {}", row.repository));
    if let Some(branch) = &row.branch {
        let commit = row.commit.as_ref().map(|commit| format!(" @ {}", short(commit)));
        page.line(&format!("Branch:       {branch}{}", commit.unwrap_or_default()));
    }
    let client = [&report.assistant, &report.client_version].into_iter().flatten();
    let client = client.cloned().collect::<Vec<_>>().join(" ");
    let by = if client.is_empty() { String::new() } else { format!(", {client}") };
    page.line(&format!("Conversation: {}{by}", counted(row.message_count, "message")));
    if let Some(title) = &row.title {
        page.hanging("Title:        ", title);
    }
    // What its assistant calls it.
    if let Some(title) = &report.conversation_title {
        page.hanging("About:        ", title);
    }
    if !report.modified_files.is_empty() {
        let named = report.modified_files.iter().take(NAMED).cloned().collect::<Vec<_>>();
        let more = report.modified_files.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        page.hanging("Committed:    ", &format!("{}{more}", named.join(", ")));
    }
    if let Some(state) = sessions::state(row.state) {
        page.sign(Sign::Warning, state);
    }
}

fn said(message: &MessageRow, page: &mut Page<'_>) {
    let look = page.look;
    let who = match message.role.as_str() {
        "user" => "User",
        "assistant" => "Assistant",
        _ => "System",
    };
    let number = message.number.map(|number| format!("[{number}] ")).unwrap_or_default();
    let time = message.time.and_then(clock).map(|time| format!(" {} {time}", look.pick("·", "-")));
    page.styled(Style::Bold, &format!("{number}{who}{}", time.unwrap_or_default()));
    let room = look.width.saturating_sub(INDENT.len()).max(20);
    let texts = harmless::lines(&message.text).into_iter().filter(|_| !message.text.is_empty());
    for line in texts {
        let lines = if line.width() > room { wrap(&line, room) } else { vec![line] };
        lines.iter().for_each(|line| page.line(&format!("{INDENT}{line}")));
    }
    for tool in &message.tools {
        let tool = look.fit(&harmless::line(tool), room.saturating_sub(3));
        page.nested(INDENT, Sign::Arrow, &tool);
    }
}

/// In UTC, as exports have it.
fn clock(ms: i64) -> Option<String> {
    let time = Timestamp::from_millisecond(ms).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
