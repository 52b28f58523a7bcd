//! From cards to the rows that front ends show.

use std::collections::BTreeMap;

use convosync_core::{Card, CodeState, Membership, SaveId};
use convosync_wire::{DeviceRow, DeviceState, LogRow, Part, SessionNote, SessionRow, SessionState};

use crate::history::{History, Seen};
use crate::member::Member;

/// The row of a session by one of its heads.
pub(crate) fn session_row(history: &History, seen: &Seen) -> SessionRow {
    let heads = history.heads(&seen.card.session).len();
    let pinned = history.decisions.is_pinned(&seen.card.session);
    let state = if heads > 1 { SessionState::Conflict } else { state(seen) };
    SessionRow { pinned, ..row(seen, state) }
}

/// The rows of a session's saves, newest first. A save that only added what travels with the one
/// before it stands for both.
pub(crate) fn log_rows(history: &History, session: &convosync_core::SessionId) -> Vec<LogRow> {
    let heads: Vec<_> =
        history.heads(session).into_iter().map(|seen| seen.card.save.clone()).collect();
    let pinned = history.decisions.is_pinned(session);
    let Some(saves) = history.sessions.get(session) else { return Vec::new() };
    let times = times(saves.values().map(|seen| &seen.card));
    let mut rows: Vec<_> =
        saves.values().filter(|seen| !superseded(saves.values().map(Box::as_ref), seen)).collect();
    rows.sort_by_key(|seen| std::cmp::Reverse((times[&seen.card.save], &seen.card.save)));
    rows.into_iter().map(|seen| log_row_of(seen, heads.contains(&seen.card.save), pinned)).collect()
}

/// When each save was made, and after those that it was made on top of: a device's clock may be
/// wrong. Of each its parents come before it, as their names sort.
fn times<'c>(cards: impl Iterator<Item = &'c Card>) -> BTreeMap<&'c SaveId, i64> {
    let mut times: BTreeMap<&SaveId, i64> = BTreeMap::new();
    for card in cards {
        let parents = card.parents.iter().filter_map(|parent| times.get(parent).copied());
        let time = parents.fold(card.timestamp_ms, i64::max);
        times.insert(&card.save, time);
    }
    times
}

/// The row of one save.
pub(crate) fn log_row(history: &History, seen: &Seen) -> LogRow {
    let session = &seen.card.session;
    let is_head = history.heads(session).iter().any(|head| head.card.save == seen.card.save);
    log_row_of(seen, is_head, history.decisions.is_pinned(session))
}

fn log_row_of(seen: &Seen, head: bool, pinned: bool) -> LogRow {
    LogRow {
        save: seen.card.save.to_string(),
        head,
        parked: seen.card.parked,
        note: seen.card.note,
        quarantined: seen.quarantined,
        row: SessionRow { pinned, ..row(seen, state(seen)) },
    }
}

/// What was written about a session, the oldest first.
pub(crate) fn session_notes(
    history: &History,
    session: &convosync_core::SessionId,
) -> Vec<SessionNote> {
    let saves = history.sessions.get(session).into_iter().flat_map(|saves| saves.values());
    let mut notes: Vec<_> = saves
        .filter(|seen| seen.card.note && !seen.quarantined)
        .map(|seen| SessionNote {
            save: seen.card.save.to_string(),
            device: seen.card.device_name.clone(),
            timestamp: seen.card.timestamp_ms,
            text: seen.card.message.clone(),
        })
        .collect();
    notes.sort_by(|a, b| (a.timestamp, &a.save).cmp(&(b.timestamp, &b.save)));
    notes
}

fn superseded<'a>(mut saves: impl Iterator<Item = &'a Seen>, seen: &Seen) -> bool {
    saves.any(|later| {
        later.card.content == seen.card.content
            && later.card.parents.as_slice() == [seen.card.save.clone()]
            && later.card.device() == seen.card.device()
            && later.card.message == seen.card.message
            && !later.card.parked
    })
}

fn state(seen: &Seen) -> SessionState {
    match (seen.queued, seen.card.code) {
        (true, _) => SessionState::Queued,
        (false, CodeState::Carried) => SessionState::Unpushed,
        (false, _) => SessionState::Synced,
    }
}

fn row(seen: &Seen, state: SessionState) -> SessionRow {
    let card: &Card = &seen.card;
    SessionRow {
        session_id: card.session.to_string(),
        timestamp: card.timestamp_ms,
        device: card.device_name.clone(),
        device_kind: card.device_kind.as_str().to_owned(),
        branch: card.branch.clone(),
        commit: card.commit.as_ref().map(ToString::to_string),
        message: card.message.clone(),
        message_count: card.message_count,
        size: card.size,
        repository: card.repository.clone(),
        working_directory: card.working_directory.clone(),
        conversation_id: card.conversation.as_ref().map(ToString::to_string),
        state,
        pinned: false,
        title: card.title.clone(),
        holds: holds(card),
        uncommitted: card.uncommitted,
    }
}

/// What a save holds.
pub(crate) fn holds(card: &Card) -> Vec<Part> {
    let held = |part: &Part| match part {
        Part::Code => card.commit.is_some(),
        Part::Conversation => card.conversation.is_some(),
        Part::Terminal => card.terminal,
    };
    Part::ALL.into_iter().filter(held).collect()
}

/// The devices of the account, this one first, then by name.
pub(crate) fn device_rows(member: &Member, history: &History) -> Vec<DeviceRow> {
    let last = |id: &convosync_core::DeviceId| {
        let saves = history.sessions.values().flat_map(|saves| saves.values());
        saves.filter(|seen| seen.card.device() == id).map(|seen| seen.card.timestamp_ms).max()
    };
    let me = &member.profile.device.id;
    let mut rows: Vec<_> = member
        .devices
        .iter()
        .map(|(id, entry)| DeviceRow {
            device_id: id.to_string(),
            name: entry.name.clone(),
            kind: entry.kind.as_str().to_owned(),
            this_device: id == me,
            last_sync: last(id),
            joined: entry.joined_ms,
            state: match member.epochs.membership(id) {
                Membership::Active => DeviceState::Active,
                // It has the key and is about to say that it is there.
                Membership::Unlisted if id == me => DeviceState::Active,
                Membership::Unlisted => DeviceState::LeftOut,
                Membership::Revoked => DeviceState::Revoked,
            },
        })
        .collect();
    let order = |row: &DeviceRow| (!row.this_device, row.state as u8, row.name.clone());
    rows.sort_by_key(order);
    rows
}
