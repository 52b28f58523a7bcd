//! What `save` did.

use convosync_wire::{ConversationNote, SaveReport};

use super::look::{Look, Sign, Style};
use super::measure::{age_inside, counted, size};
use super::page::{Page, short};
use super::terminal;

/// Most devices that are named one by one.
const NAMED_DEVICES: usize = 5;

pub(crate) fn save(report: &SaveReport, look: &Look) -> String {
    let mut page = Page::new(look);
    page.line("ConvoSync: Saving session...");
    code(report, &mut page);
    conversation(report, &mut page);
    terminal::saved(report, &mut page);
    for note in &report.notes {
        let done = note.code == "convosync::save::mode-kept";
        page.note(if done { Sign::Done } else { Sign::Warning }, note);
    }
    page.blank();
    let goes_on = if report.new_session { "" } else { " (continued)" };
    page.line(&format!("Session ID: {}{goes_on}", report.session_id));
    if let Some(title) = &report.title {
        page.line(&format!("Title: {title}"));
    }
    if report.synced && !report.local_only {
        page.line(&readiness(&report.other_devices));
    }
    page.blank();
    page.line(&format!("Resume with: convosync resume {}", report.session_id));
    page.whereabouts(report.local_only, !report.synced);
    page.finish()
}

/// What was committed and pushed, if anything.
fn code(report: &SaveReport, page: &mut Page<'_>) {
    if let (Some(from), Some(to)) = (&report.previous_branch, &report.branch) {
        page.sign(Sign::Done, &format!("Switched from {from} to {to}"));
    }
    if let Some(message) = &report.committed {
        if let Some(files) = files(report.modified_files, report.new_files) {
            page.sign(Sign::Done, &format!("Detected {files}"));
        }
        page.sign(Sign::Done, &format!("Committed changes: \"{}\"", first_line(message)));
    }
    if report.uncommitted > 0 {
        let changes = counted(report.uncommitted, "uncommitted change");
        page.sign(Sign::Done, &format!("Sealed {changes}; nothing was committed"));
    }
    let commit = report.commit.as_deref().map(short).unwrap_or_default();
    match &report.pushed {
        // Without a commit of ours the remote may have had it before: only that is claimed.
        Some(branch) if report.committed.is_some() => {
            page.sign(Sign::Done, &format!("Pushed to {branch} (commit: {commit})"));
        }
        Some(branch) => {
            page.sign(Sign::Done, &format!("Code is on {branch} (commit: {commit})"));
        }
        None if report.commit.is_some() => page.sign(
            Sign::Done,
            &format!(
                "Commit {commit} is not on the git remote: it travels sealed with the session"
            ),
        ),
        None => {}
    }
}

fn files(modified: u64, new: u64) -> Option<String> {
    let modified = (modified > 0).then(|| counted(modified, "modified file"));
    let new = (new > 0).then(|| counted(new, "new file"));
    let both: Vec<_> = [modified, new].into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join(", "))
}

/// What was kept of the conversation, and where it is now.
fn conversation(report: &SaveReport, page: &mut Page<'_>) {
    let away = report.synced && !report.local_only;
    if report.conversation_id.is_some() {
        let done = if away { "Uploaded" } else { "Saved" };
        let messages = counted(report.message_count, "message");
        page.sign(Sign::Done, &format!("{done} conversation ({messages})"));
    }
    let place = if away { "" } else { " on this device" };
    let bytes = (report.uploaded > 0).then(|| format!(" ({})", size(report.uploaded)));
    let bytes = bytes.unwrap_or_default();
    page.sign(Sign::Done, &format!("Created session snapshot{place}{bytes}"));
    if !report.left_out.is_empty() {
        let parts: Vec<_> = report.left_out.iter().map(|part| part.as_str()).collect();
        page.sign(Sign::Bullet, &format!("Left out: {}", parts.join(", ")));
    }
    if !report.other_conversations.is_empty() {
        others(&report.other_conversations, page);
    }
}

/// The conversations that were not taken.
fn others(conversations: &[ConversationNote], page: &mut Page<'_>) {
    let count = counted(conversations.len() as u64, "other conversation");
    page.sign(Sign::Warning, &format!("Not saved: {count} of this directory"));
    for other in conversations {
        let title = other.title.as_deref().unwrap_or("(no title)");
        let title = page.look.fit(&first_line(title), 48);
        let age = age_inside(other.modified, page.look.now_ms);
        let live = if other.live { ", open" } else { "" };
        let id = &other.conversation_id;
        page.nested("   ", Sign::Bullet, &format!("{id} \"{title}\" ({age}{live})"));
    }
    page.styled(Style::Dim, "   Choose one with `convosync save --conversation ID`");
}

fn readiness(devices: &[String]) -> String {
    match devices.len() {
        1..=NAMED_DEVICES => format!("Ready to resume on {}!", devices.join(", ")),
        _ => "Ready to resume on any device!".to_owned(),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
