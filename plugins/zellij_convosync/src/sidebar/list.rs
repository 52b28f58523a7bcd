//! The sessions in the order in which they are shown.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use convosync_wire::{SessionRow, SessionState};

use crate::line::Role;
use crate::text::first_line;

/// The rows that a filter lets through, by repository: the one here first, then the one with the
/// newest save; within it the newest first.
pub(crate) fn ordered<'a>(
    rows: &'a [SessionRow],
    here: Option<&str>,
    filter: &str,
) -> Vec<&'a SessionRow> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut rows: Vec<&SessionRow> = rows.iter().filter(|row| fits(row, &words)).collect();
    let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
    for row in &rows {
        let time = newest.entry(&row.repository).or_insert(row.timestamp);
        *time = row.timestamp.max(*time);
    }
    rows.sort_by_key(|row| {
        let group = Reverse(newest.get(row.repository.as_str()).copied());
        (here != Some(&row.repository), group, &row.repository, Reverse(row.timestamp))
    });
    rows
}

/// Whether each word is somewhere in what is shown of a session.
fn fits(row: &SessionRow, words: &[String]) -> bool {
    let texts = [&row.message, &row.device, &row.repository, &row.session_id];
    let optional = [&row.title, &row.branch, &row.commit].into_iter().flatten();
    let all: Vec<String> = texts.into_iter().chain(optional).map(|t| t.to_lowercase()).collect();
    words.iter().all(|word| all.iter().any(|text| text.contains(word)))
}

/// What the user knows a session by.
pub(crate) fn name(title: Option<&str>, message: &str) -> String {
    let title = title.map(first_line).filter(|title| !title.is_empty());
    let message = title.unwrap_or_else(|| first_line(message));
    if message.is_empty() { "no message".to_owned() } else { message }
}

/// The icon of a kind of device, two columns wide in Zellij.
pub(crate) fn icon(kind: &str) -> &'static str {
    match kind {
        "mobile" => "📱",
        "tablet" => "📲",
        "laptop" => "💻",
        "server" => "🗄 ",
        _ => "🖥 ",
    }
}

/// What to say of a state; nothing when all is well.
pub(crate) fn state(state: SessionState) -> Option<&'static str> {
    match state {
        SessionState::Synced => None,
        SessionState::Queued => Some("not sent"),
        SessionState::Unpushed => Some("unpushed"),
        SessionState::Arriving => Some("arriving"),
        SessionState::Conflict => Some("conflict"),
        SessionState::OutOfStep => Some("out of step"),
    }
}

/// How a state that is not well is told: what may be lost, or has to be decided, stands out.
pub(crate) fn role(state: SessionState) -> Role {
    match state {
        SessionState::Conflict | SessionState::Queued => Role::Error,
        _ => Role::Key,
    }
}

/// The sign of a state, one column wide.
pub(crate) fn sign(state: SessionState) -> Option<&'static str> {
    match state {
        SessionState::Synced => None,
        SessionState::Queued => Some("↑"),
        SessionState::Unpushed => Some("⇡"),
        SessionState::Arriving => Some("↓"),
        SessionState::Conflict => Some("≠"),
        SessionState::OutOfStep => Some("~"),
    }
}
