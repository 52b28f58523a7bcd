//! `delete` and `undelete`: a tombstone at once, the bytes by a later collection.

use std::collections::BTreeSet;

use convosync_core::{
    DeletedBy, Deletion, ObjectName, Salts, SessionId, Tombstone, Turn, Vector, seal_tombstone,
};
use convosync_wire::{
    Choice, Decision, DeleteArgs, KeptReport, KeptSession, Note, Question, SessionsArgs,
};

use super::limits::{days_ms, days_told};
use super::pin::{named, row};
use crate::choice::choice;
use crate::engine::Engine;
use crate::history::{Depth, History};
use crate::look::View;
use crate::member::Member;
use crate::ports::Store;
use crate::trouble::{Refusal, Trouble};

/// Most sessions that the question names.
const NAMED: usize = 10;

impl Engine<'_> {
    /// Deletes sessions: they are no longer listed, and can be brought back for a while. All of
    /// them are found, and the user is asked, before the first is changed.
    pub(crate) fn delete(&self, args: &DeleteArgs) -> Result<KeptReport, Trouble> {
        let mut view = self.need_view(Depth::All)?;
        let sessions = named(&view.history, &args.sessions)?;
        let open: Vec<_> =
            sessions.iter().filter(|session| !view.history.is_deleted(session)).collect();
        if !args.yes && !open.is_empty() {
            return Err(self.ask_to_delete(&view.history, &open).into());
        }
        let mut rows = Vec::new();
        for session in &sessions {
            let changed = !view.history.is_deleted(session);
            let told = row(&view.history, session);
            if changed {
                if view.history.decisions.is_pinned(session) {
                    self.decide_pin(&view, session, false)?;
                }
                self.entomb(&view.member, &mut view.history, session, DeletedBy::User)?;
            }
            rows.push(KeptSession { changed, ..told });
        }
        self.kept(&view, "delete", rows)
    }

    /// Brings deleted sessions back, as long as they are there.
    pub(crate) fn undelete(&self, args: &SessionsArgs) -> Result<KeptReport, Trouble> {
        let view = self.need_view(Depth::All)?;
        let sessions = named(&view.history, &args.sessions)?;
        for session in &sessions {
            is_there(&view, session)?;
        }
        let (mut rows, mut late) = (Vec::new(), Vec::new());
        for session in &sessions {
            let deletion = view.history.decisions.deletion(session);
            let changed = view.history.is_deleted(session) && deletion.is_some();
            if let Some(deletion) = deletion.filter(|_| changed) {
                late.extend(self.is_late(&deletion).then(|| too_late(session)));
                let turns = view.history.decisions.tombstone_turns(session);
                let turn = self.turn(&view.member, turns)?;
                let stone = Tombstone {
                    deleted: false,
                    covers: deletion.covers,
                    by: DeletedBy::User,
                    made_ms: self.ports.clock.now_ms(),
                    grace_days: 0,
                };
                self.put_tombstone(&view.member, session, &turn, &stone)?;
            }
            rows.push(KeptSession { changed, ..row(&view.history, session) });
        }
        let mut report = self.kept(&view, "undelete", rows)?;
        // Another device may have been removing them just then.
        for (session, _) in sessions.iter().zip(&report.sessions).filter(|(_, row)| row.changed) {
            is_there(&view, session)?;
        }
        report.notes.extend(late);
        Ok(report)
    }

    /// Whether the time that was told for taking a deletion back is over, by the clocks of who
    /// deleted and of this device.
    fn is_late(&self, deletion: &Deletion) -> bool {
        let grace = days_ms(deletion.grace_days.max(self.grace()));
        self.ports.clock.now_ms().saturating_sub(deletion.made_ms) > grace
    }

    /// Puts a tombstone over all that is known of a session, here and into the outbox.
    pub(crate) fn entomb(
        &self,
        member: &Member,
        history: &mut History,
        session: &SessionId,
        by: DeletedBy,
    ) -> Result<(), Trouble> {
        let (covers, made_ms) = (covers(history, session), self.ports.clock.now_ms());
        let stone = Tombstone { deleted: true, covers, by, made_ms, grace_days: self.grace() };
        let turn = self.turn(member, history.decisions.tombstone_turns(session))?;
        self.put_tombstone(member, session, &turn, &stone)?;
        history.decisions.add_tombstone(session, turn, stone);
        Ok(())
    }

    fn put_tombstone(
        &self,
        member: &Member,
        session: &SessionId,
        turn: &Turn,
        stone: &Tombstone,
    ) -> Result<(), Trouble> {
        let name = ObjectName::Tombstone { session: session.clone(), turn: turn.clone() };
        let hash = member.devices.hash();
        let sealed =
            seal_tombstone(&member.profile, hash, &name, stone, Salts::Fresh(&mut self.random()))
                .map_err(|error| Refusal::new(error.code(), error.to_string()))?;
        self.decide(&name, &sealed)
    }

    fn ask_to_delete(&self, history: &History, sessions: &[&SessionId]) -> Decision {
        let grace = self.grace();
        let now = self.ports.clock.now_ms();
        let told = |session: &&&SessionId| {
            let row = row(history, session);
            let age = crate::age::ago(now.saturating_sub(row.timestamp));
            let pinned = if history.decisions.is_pinned(session) { ", pinned" } else { "" };
            format!("{session}: {} ({}, {age}{pinned})", first_line(&row.message), row.repository)
        };
        let mut details: Vec<String> = sessions.iter().take(NAMED).map(|s| told(&s)).collect();
        if sessions.len() > NAMED {
            details.push(format!("... and {} more", sessions.len() - NAMED));
        }
        let (go, them) = if sessions.len() == 1 { ("It goes", "it") } else { ("They go", "them") };
        details.push(format!(
            "{go} from every device. `convosync undelete` brings {them} back within {}.",
            days_told(grace)
        ));
        Decision {
            question: Question::Delete,
            title: match sessions.len() {
                1 => "Delete This Session?".to_owned(),
                n => format!("Delete {n} Sessions?"),
            },
            details,
            choices: vec![
                choice("delete", "--yes", "Delete", "deletes what is named above", false),
                choice(Choice::CANCEL, "", "Cancel", "changes nothing", true),
            ],
        }
    }
}

/// All that is known of a session's ancestry.
pub(crate) fn covers(history: &History, session: &SessionId) -> Vector {
    let mut covers = Vector::default();
    for seen in history.sessions.get(session).into_iter().flat_map(|saves| saves.values()) {
        // What a device that was revoked says of others covers nothing of theirs.
        match seen.quarantined {
            true => covers.join(&Vector::after([], &seen.card.save)),
            false => covers.join(&seen.card.vector),
        }
    }
    for bad in history.unreadable.iter().filter(|bad| bad.session == *session) {
        covers.join(&Vector::after([], &bad.save));
    }
    covers
}

/// That a collection may be just about to remove what was brought back.
fn too_late(session: &SessionId) -> Note {
    Note {
        code: "convosync::session::late".to_owned(),
        text: format!(
            "the time to bring {session} back was over: a collection that runs just now may still remove it"
        ),
        help: Some(format!("see in a while that it is there: `convosync log {session}`")),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Whether every head of a session is still where it can be had: in the store, or waiting here.
fn is_there(view: &View, session: &SessionId) -> Result<(), Trouble> {
    let Some(store) = &view.store else { return Ok(()) };
    let store: &dyn Store = store.as_ref();
    let listed = store.list(&ObjectName::units_of(session))?;
    let there: BTreeSet<_> = listed.into_iter().map(|listed| listed.name).collect();
    let gone = view.history.heads(session).into_iter().any(|seen| {
        let name = ObjectName::Unit { session: session.clone(), save: seen.card.save.clone() };
        !seen.queued && !there.contains(&name)
    });
    let nothing_left = there.is_empty() && view.history.heads(session).is_empty();
    if !(gone || nothing_left) {
        return Ok(());
    }
    Err(Refusal::new("convosync::session::gone", format!("{session} is gone for good"))
        .help("its grace time is over; where its work tree still is, save it anew: `convosync save --new MESSAGE`")
        .argument("session")
        .into())
}
