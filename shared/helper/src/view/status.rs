//! Where everything stands.

use convosync_wire::{
    KeptSession, RetentionState, SessionRow, SessionState, StatusReport, WaitingResume, WaitingSave,
};

use super::account::device_line;
use super::look::{Look, Sign, Style};
use super::measure::{age_inside, counted, size};
use super::page::{Page, short};
use super::retention::named;

/// Most changed files and sessions that are named.
const NAMED: usize = 10;

pub(crate) fn status(report: &StatusReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.heading("ConvoSync Status");
    here(report, &mut page);
    sessions(&report.sessions, &mut page);
    store(report, &mut page);
    section(&mut page, "Devices:");
    for device in &report.devices {
        device_line(device, &mut page);
    }
    git(report, &mut page);
    if !report.notes.is_empty() {
        page.blank();
        page.notes(&report.notes);
    }
    page.whereabouts(report.local_only, report.queued > 0);
    page.finish()
}

fn section(page: &mut Page<'_>, title: &str) {
    page.blank();
    page.styled(Style::Bold, title);
}

fn here(report: &StatusReport, page: &mut Page<'_>) {
    let look = page.look;
    section(page, "Current Session:");
    let repository = report.repository.as_deref().map_or("none here".to_owned(), named_repository);
    page.line(&format!("  {}Repository: {repository}", look.icon("📍")));
    if let Some(branch) = &report.branch {
        page.line(&format!("  {}Branch: {branch}", look.icon("🌿")));
    }
    if let Some(commit) = &report.commit {
        let subject = report.commit_subject.as_deref();
        let subject = subject.map(|subject| format!(" \"{subject}\"")).unwrap_or_default();
        page.line(&format!("  {}Last Commit: {}{subject}", look.icon("📝"), short(commit)));
    }
    page.line(&format!("  {}Conversation: {}", look.icon("💬"), conversation(report)));
    if let Some(waits) = &report.waits {
        waiting_resume(waits, page);
    }
    let sync = report.session.as_ref().map_or("Not saved yet".to_owned(), |row| {
        sync_state(row, report.local_only, look) + &since(report, row)
    });
    page.line(&format!("  {}Sync Status: {sync}", look.icon("🔄")));
}

/// A resume that was stopped by conflicts, and how it goes on.
fn waiting_resume(waits: &WaitingResume, page: &mut Page<'_>) {
    let age = age_inside(waits.timestamp, page.look.now_ms);
    let what = match waits.conflicts.len() {
        0 => "its conflicts are resolved".to_owned(),
        some => format!("{} to resolve", counted(some as u64, "conflict")),
    };
    let text = format!("A resume of {} waits ({age}): {what}", waits.session_id);
    page.nested("  ", Sign::Warning, &text);
    waits.conflicts.iter().for_each(|path| page.line(&format!("       {path}")));
    page.line("     convosync resume --continue");
    page.line("     convosync resume --abort");
}

/// `myapp (github.com/user/myapp)`; a folder's name stays alone.
fn named_repository(url: &str) -> String {
    match url.rsplit('/').next() {
        Some(name) if name != url && !name.is_empty() => {
            format!("{} ({url})", name.strip_suffix(".git").unwrap_or(name))
        }
        _ => url.to_owned(),
    }
}

fn conversation(report: &StatusReport) -> String {
    let messages = counted(report.message_count, "message");
    match (&report.conversation_id, report.conversation_live) {
        (None, _) => "none here".to_owned(),
        (Some(_), true) => format!("Active ({messages})"),
        (Some(_), false) => messages,
    }
}

fn sync_state(row: &SessionRow, local_only: bool, look: &Look) -> String {
    let age = age_inside(row.timestamp, look.now_ms);
    match row.state {
        SessionState::Synced | SessionState::Unpushed if local_only => {
            format!("Saved {age}, on this machine only")
        }
        SessionState::Synced => format!("Synced {age}"),
        SessionState::Unpushed => format!("Synced {age}, its commit travels sealed"),
        SessionState::Queued => format!("Saved {age}, NOT on other devices yet"),
        SessionState::Arriving => format!("Saved {age}, not all of it has arrived"),
        SessionState::Conflict => format!("Conflict: two devices went on ({age})"),
        SessionState::OutOfStep => format!("Synced {age}, but the code here is another"),
    }
}

/// What was said after the last save.
fn since(report: &StatusReport, row: &SessionRow) -> String {
    let more = report.message_count.saturating_sub(row.message_count);
    match report.conversation_id == row.conversation_id && more > 0 {
        true => format!("; {} since", counted(more, "message")),
        false => String::new(),
    }
}

fn sessions(rows: &[SessionRow], page: &mut Page<'_>) {
    section(page, "Available Sessions (from other devices):");
    for (number, row) in (1..).zip(rows.iter().take(NAMED)) {
        let age = age_inside(row.timestamp, page.look.now_ms);
        let branch = row.branch.as_ref().map(|branch| format!(" ({branch})")).unwrap_or_default();
        page.line(&format!("  {number}. {} - {age}{branch}", row.device));
    }
    match rows.len() {
        0 => page.line("  none"),
        count if count > NAMED => page.line("  ... more with: convosync list --all"),
        _ => {}
    }
}

fn store(report: &StatusReport, page: &mut Page<'_>) {
    let look = page.look;
    section(page, if report.local_only { "Storage (on this machine):" } else { "Storage:" });
    page.line(&format!("  {}Store: {}", look.icon("📦"), look.path(&report.store)));
    if !report.store_reachable {
        page.nested("  ", Sign::Warning, "The store does not answer: this is what is known here");
    }
    page.line(&format!("  {}Sessions: {} total", look.icon("📊"), report.session_count));
    if let Some(bytes) = report.store_bytes {
        used(report, bytes, page);
    }
    page.line(&format!("  {}Encryption: Enabled", look.icon("🔐")));
    if report.queued > 0 {
        let saves = counted(report.queued, "save");
        page.nested("  ", Sign::Warning, &format!("Waiting on this device: {saves}"));
        waiting(&report.waiting, page);
    }
}

/// What waits, since when, why, and when it is tried again.
fn waiting(saves: &[WaitingSave], page: &mut Page<'_>) {
    let now = page.look.now_ms;
    for save in saves.iter().take(NAMED) {
        let since = age_inside(save.since, now);
        let why = save.why.as_deref().map(|why| format!(", {}", told(why))).unwrap_or_default();
        let next = match save.next_try.map(|at| at.saturating_sub(now)) {
            Some(left) if left > 0 => format!(", next try in {}", counted(minutes(left), "minute")),
            _ => String::new(),
        };
        page.nested(
            "     ",
            Sign::Bullet,
            &format!("{} saved {since}{why}{next}", save.session_id),
        );
    }
    if saves.len() > NAMED {
        page.line(&format!("     ... and {} more", saves.len() - NAMED));
    }
}

/// The usual reasons in words; of any other its code, which `convosync explain` takes.
fn told(why: &str) -> &str {
    match why {
        "convosync::store::unreachable" => "the store did not answer",
        "convosync::store::denied" => "the store refused it",
        "convosync::store::full" => "the store is full",
        "convosync::cancelled" => "the upload was stopped",
        other => other,
    }
}

/// Whole minutes, rounded up.
fn minutes(ms: i64) -> u64 {
    ms.unsigned_abs().div_ceil(60_000)
}

/// How much room is used, and what could go.
fn used(report: &StatusReport, bytes: u64, page: &mut Page<'_>) {
    let (look, retention) = (page.look, &report.retention);
    let of = retention.quota.map(|quota| format!(" of {}", size(quota))).unwrap_or_default();
    let percent = retention.percent(bytes);
    let part = percent.map(|percent| format!(" ({percent} %)")).unwrap_or_default();
    page.line(&format!("  {}Storage Used: {}{of}{part}", look.icon("💾"), size(bytes)));
    match percent {
        Some(100..) => {
            page.nested("  ", Sign::Warning, "The quota is used up; saves go on all the same");
            for row in &retention.biggest {
                let room = size(row.size.unwrap_or(0));
                page.nested("     ", Sign::Bullet, &format!("{room}: {}", named(row, look)));
            }
            page.line("     Let one go: convosync delete SESSION, then in time: convosync gc");
            page.line("     Or allow more: convosync config set retention.quota '1 GB'");
        }
        Some(RetentionState::WARNS_AT..) => {
            page.nested("  ", Sign::Warning, "The quota is nearly used up: convosync gc --dry-run");
        }
        _ => {}
    }
    leaving(&retention.leaving, page);
}

/// The sessions that are past a limit. Nothing happens to them by itself.
fn leaving(rows: &[KeptSession], page: &mut Page<'_>) {
    if rows.is_empty() {
        return;
    }
    let sessions = counted(rows.len() as u64, "session");
    page.nested("  ", Sign::Bullet, &format!("Past a limit: {sessions}"));
    for row in rows.iter().take(NAMED) {
        let why = row.why.as_deref().unwrap_or_default();
        page.line(&format!("       {} ({why})", named(row, page.look)));
    }
    if rows.len() > NAMED {
        page.line(&format!("       ... and {} more", rows.len() - NAMED));
    }
    page.line("     They stay until you run: convosync gc (keep some: convosync pin SESSION)");
}

fn git(report: &StatusReport, page: &mut Page<'_>) {
    if report.repository.is_none() {
        return;
    }
    section(page, "Git Status:");
    if report.uncommitted.is_empty() {
        page.nested("  ", Sign::Done, "No uncommitted changes");
    } else {
        let files = counted(report.uncommitted.len() as u64, "uncommitted change");
        page.nested("  ", Sign::Warning, &files);
        for file in report.uncommitted.iter().take(NAMED) {
            page.nested("     ", Sign::Bullet, file);
        }
        if report.uncommitted.len() > NAMED {
            page.line(&format!("     ... and {} more", report.uncommitted.len() - NAMED));
        }
    }
    match (report.ahead, report.behind) {
        (0, 0) => page.nested("  ", Sign::Done, "Nothing to push or pull, by the last fetch"),
        (ahead, 0) => {
            page.nested("  ", Sign::Warning, &format!("{} to push", counted(ahead, "commit")));
        }
        (0, behind) => {
            page.nested("  ", Sign::Warning, &format!("{} to pull", counted(behind, "commit")));
        }
        (ahead, behind) => page.nested(
            "  ",
            Sign::Warning,
            &format!("Diverged: {} here, {behind} on the remote", counted(ahead, "commit")),
        ),
    }
}
