//! What has been saved: cards, heads, and finding a session by what the user typed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use convosync_core::{
    Card, DeviceId, ObjectName, SaveId, Sealed, SessionId, card_prefix_len, heads, open_card,
};
use convosync_wire::{Failure, Note};

use crate::count::counted;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Listed, Store, StoredCard};
use crate::retention::Decisions;
use crate::trouble::{Refusal, Trouble};

/// A save by its card.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) card: Card,
    /// Whether it waits on this device.
    pub(crate) queued: bool,
    /// Whether it does not count: its device was revoked before, or is not of the account.
    pub(crate) quarantined: bool,
}

impl Seen {
    /// Whether it can be a head.
    pub(crate) fn counts(&self) -> bool {
        !self.card.parked && !self.quarantined
    }

    /// Whether this save goes on from that one. What was put aside goes on from nothing, though it
    /// counts with its device's saves; what does not count hides nothing either.
    fn goes_on_from(&self, save: &SaveId) -> bool {
        self.counts() && self.card.vector.covers(save)
    }
}

/// A save that lies in the store and can't be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) session: SessionId,
    pub(crate) save: SaveId,
    pub(crate) why: Failure,
}

/// All saves that are known, by session.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Boxed: a map has room for eleven saves at least, and most sessions have few.
    pub(crate) sessions: BTreeMap<SessionId, BTreeMap<SaveId, Box<Seen>>>,
    /// Saves whose cards can't be read; what other saves go on from is not looked for.
    pub(crate) unreadable: Vec<Unreadable>,
    /// Which sessions are pinned, and which are deleted.
    pub(crate) decisions: Decisions,
    /// What could not be read, or is gone.
    pub(crate) notes: Vec<Note>,
}

impl History {
    /// The heads of a session, greatest first; parked saves are none.
    pub(crate) fn every_head(&self, session: &SessionId) -> Vec<&Seen> {
        let Some(saves) = self.sessions.get(session) else { return Vec::new() };
        let live: Vec<_> = saves.values().map(Box::as_ref).filter(|seen| seen.counts()).collect();
        if live.len() < 2 {
            return live;
        }
        let named = heads(live.iter().map(|seen| (&seen.card.save, &seen.card.vector)));
        named.into_iter().filter_map(|save| saves.get(save).map(Box::as_ref)).collect()
    }

    /// The heads of a session that differ: heads of equal content show as one.
    pub(crate) fn heads(&self, session: &SessionId) -> Vec<&Seen> {
        let mut contents = BTreeSet::new();
        let heads = self.every_head(session).into_iter();
        heads.filter(|seen| contents.insert(seen.card.content)).collect()
    }

    /// What a device saved last in a session; what was put aside is none of it.
    pub(crate) fn last_of(&self, session: &SessionId, device: &DeviceId) -> Option<&Seen> {
        let saves = self.sessions.get(session)?.values().map(Box::as_ref);
        let own = saves.filter(|seen| !seen.card.parked && seen.card.device() == device);
        own.max_by_key(|seen| seen.card.save.seq())
    }

    /// Whether a session is deleted: nothing that counts was saved in it since.
    pub(crate) fn is_deleted(&self, session: &SessionId) -> bool {
        let saves = self.sessions.get(session).into_iter().flatten();
        let counted = saves.filter(|(_, seen)| !seen.quarantined).map(|(save, _)| save);
        self.decisions.is_deleted(session, counted)
    }

    /// The newest head of each session that is not deleted, newest first.
    pub(crate) fn newest(&self) -> Vec<&Seen> {
        self.newest_if(|session| !self.is_deleted(session))
    }

    /// The newest head of each deleted session that is still there, newest first.
    pub(crate) fn deleted(&self) -> Vec<&Seen> {
        self.newest_if(|session| self.is_deleted(session))
    }

    fn newest_if(&self, wanted: impl Fn(&SessionId) -> bool) -> Vec<&Seen> {
        let sessions = self.sessions.keys().filter(|session| wanted(session));
        let mut rows: Vec<_> =
            sessions.filter_map(|session| newest_of(&self.heads(session))).collect();
        rows.sort_by_key(|seen| (Reverse(seen.card.timestamp_ms), seen.card.session.clone()));
        rows
    }

    /// The newest save of a session that can't be read and that none goes on from which can be: it
    /// may be the head.
    pub(crate) fn unreadable_head(&self, session: &SessionId) -> Option<&Unreadable> {
        let saves = self.sessions.get(session);
        let covered = |save: &SaveId| {
            saves.into_iter().flat_map(BTreeMap::values).any(|seen| seen.goes_on_from(save))
        };
        let of_session = self.unreadable.iter().filter(|bad| bad.session == *session);
        of_session.filter(|bad| !covered(&bad.save)).max_by_key(|bad| &bad.save)
    }

    /// The session that an id or a unique prefix names; `session-` may be left out.
    pub(crate) fn resolve(&self, text: &str) -> Result<SessionId, Refusal> {
        let wanted =
            if text.starts_with("session-") { text.to_owned() } else { format!("session-{text}") };
        let mut found = self.sessions.keys().filter(|id| id.as_str().starts_with(&wanted));
        match (found.next(), found.next()) {
            (Some(session), None) => Ok(session.clone()),
            (None, _) => Err(self.nothing_readable(&wanted).unwrap_or_else(|| {
                Refusal::new(
                    "convosync::session::not-found",
                    format!("no session `{}`", text.escape_debug()),
                )
                .help("`convosync list --all` shows every session")
                .argument("session")
            })),
            (Some(_), Some(_)) => Err(Refusal::new(
                "convosync::session::ambiguous",
                format!("`{}` is the start of several session ids", text.escape_debug()),
            )
            .help("give more of its letters")
            .argument("session")),
        }
    }

    /// That a session is there and none of its saves can be read.
    fn nothing_readable(&self, wanted: &str) -> Option<Refusal> {
        let bad = self.unreadable.iter().find(|bad| bad.session.as_str().starts_with(wanted))?;
        let text = format!("no save of {} can be read: {}", bad.session, bad.why.message);
        let refusal = Refusal::new("convosync::save::damaged", text).argument("session");
        Some(refusal.help("the device that made it may still have it: save it anew there with `convosync save --new MESSAGE`"))
    }

    /// The save of a session that an id or a unique prefix names.
    pub(crate) fn resolve_save(&self, session: &SessionId, text: &str) -> Result<SaveId, Refusal> {
        let saves = self.sessions.get(session).into_iter().flat_map(BTreeMap::keys);
        let mut found = saves.filter(|id| id.to_string().starts_with(text));
        match (found.next(), found.next()) {
            (Some(save), None) => Ok(save.clone()),
            (None, _) => Err(Refusal::new(
                "convosync::save::not-found",
                format!("{session} has no save `{}`", text.escape_debug()),
            )
            .help(format!("`convosync log {session}` shows its saves"))
            .argument("--at")),
            (Some(_), Some(_)) => Err(Refusal::new(
                "convosync::save::ambiguous",
                format!("`{}` is the start of several save ids", text.escape_debug()),
            )
            .help("give more of its letters")
            .argument("--at")),
        }
    }

    pub(crate) fn insert(&mut self, seen: Seen) {
        self.sessions
            .entry(seen.card.session.clone())
            .or_default()
            .insert(seen.card.save.clone(), Box::new(seen));
    }
}

/// The head that stands for its session: the last one made.
pub(crate) fn newest_of<'a>(heads: &[&'a Seen]) -> Option<&'a Seen> {
    heads.iter().copied().max_by_key(|seen| (seen.card.timestamp_ms, seen.card.save.clone()))
}

/// How much of a session's past is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Heads and what they do not cover.
    Heads,
    /// Every save.
    All,
}

impl Engine<'_> {
    /// What this device knows, without asking the store.
    pub(crate) fn known(&self, member: &Member) -> Result<History, Trouble> {
        let decisions = self.decisions(member)?;
        let mut history = History { decisions, ..History::default() };
        let queued: BTreeSet<SaveId> =
            self.ports.index.queue()?.into_iter().map(|row| row.save).collect();
        for card in self.known_cards(member)? {
            let queued = queued.contains(&card.save);
            let quarantined = !member.epochs.accepts(&card.session, &card.save);
            history.insert(Seen { card, queued, quarantined });
        }
        Ok(history)
    }

    /// What this device and the store know. New cards are verified and remembered.
    pub(crate) fn refreshed(
        &self,
        member: &mut Member,
        store: &dyn Store,
        prefix: &str,
        depth: Depth,
    ) -> Result<History, Trouble> {
        let told = self.learn_the_rest(member, store)?;
        let mut history = self.known(member)?;
        told.into_history(&mut history);
        let listed = store.list(prefix)?;
        self.refresh(member, store, listed, prefix, depth, &mut history)?;
        Ok(history)
    }

    /// Learns what the store has beside saves, and gives what can't be read of it.
    pub(crate) fn learn_the_rest(
        &self,
        member: &mut Member,
        store: &dyn Store,
    ) -> Result<Told, Trouble> {
        let entries = self.learn_devices(member, store)?;
        let undecided = self.learn_decisions(member, store)?;
        let mut notes = undecided.notes;
        notes.extend(entries.into_iter().map(|text| unreadable("a device entry", &text)));
        Ok(Told { notes, refused: undecided.refused.into_iter().collect() })
    }

    /// Takes the saves that the store has into a history that knows what this device does.
    pub(crate) fn refresh(
        &self,
        member: &Member,
        store: &dyn Store,
        listed: Vec<Listed>,
        prefix: &str,
        depth: Depth,
        history: &mut History,
    ) -> Result<(), Trouble> {
        let mut learned = Learned { engine: self, changes: Vec::new() };
        let mut left: Vec<_> = listed.iter().rev().collect();
        loop {
            let asked = asked_next(history, &mut left, depth);
            if asked.is_empty() {
                break;
            }
            for units in asked.chunks(Learned::BATCH) {
                self.learn_cards(member, store, units, history, &mut learned)?;
                learned.settle()?;
            }
        }
        let there: BTreeSet<_> = listed.into_iter().map(|listed| listed.name).collect();
        let looked_at = self.looked_at.borrow().clone();
        let asked = |seen: &Seen| {
            looked_at.as_ref().is_none_or(|origins| origins.contains(&seen.card.repository))
        };
        let gone = what_is_gone(history, prefix, &there, &asked);
        let lost = self.explained(member, store, history, gone, &there)?;
        history.notes.extend(went_back(&lost));
        Ok(())
    }

    /// Takes in the cards of units that are in the store. What can't be read is told.
    fn learn_cards(
        &self,
        member: &Member,
        store: &dyn Store,
        units: &[&Listed],
        history: &mut History,
        learned: &mut Learned<'_>,
    ) -> Result<(), Trouble> {
        let names: Vec<_> = units.iter().map(|listed| listed.name.clone()).collect();
        for (listed, start) in units.iter().zip(store.get_starts(&names)) {
            let ObjectName::Unit { session, save } = &listed.name else { continue };
            let card = start.map_err(Trouble::from);
            match card.and_then(|start| self.card_of(member, store, listed, start)) {
                Ok((card, stored)) => {
                    learned.add(stored);
                    let quarantined = !member.epochs.accepts(&card.session, &card.save);
                    history.insert(Seen { card, queued: false, quarantined });
                }
                Err(trouble @ (Trouble::Object { .. } | Trouble::Store(_))) => {
                    let (session, save) = (session.clone(), save.clone());
                    let why = trouble.failure();
                    history.notes.push(unreadable(&format!("{save} of {session}"), &why.message));
                    history.unreadable.push(Unreadable { session, save, why });
                }
                Err(trouble) => {
                    learned.settle()?;
                    return Err(trouble);
                }
            }
        }
        Ok(())
    }

    /// The card of a unit, whose first bytes these are.
    fn card_of(
        &self,
        member: &Member,
        store: &dyn Store,
        listed: &Listed,
        mut prefix: Vec<u8>,
    ) -> Result<(Card, StoredCard), Trouble> {
        let Listed { name, size } = listed;
        let object = |error| Trouble::Object { name: name.clone(), error };
        let len = card_prefix_len(&prefix).map_err(object)?;
        if len > prefix.len() {
            prefix = store.get_range(name, 0..len as u64)?;
        }
        prefix.truncate(len);
        let sealed = Sealed::received(prefix);
        let card =
            open_card(&member.profile.account, &member.devices, name, &sealed).map_err(object)?;
        let stored = StoredCard {
            session: card.session.clone(),
            save: card.save.clone(),
            card: sealed,
            size: *size,
        };
        Ok((card, stored))
    }
}

/// What of a store's objects beside saves can't be read.
pub(crate) struct Told {
    notes: Vec<Note>,
    refused: Vec<ObjectName>,
}

impl Told {
    pub(crate) fn into_history(self, history: &mut History) {
        history.notes.extend(self.notes);
        self.refused.iter().for_each(|name| history.decisions.is_unreadable(name));
    }
}

/// What is asked for next: of each session the greatest save that is wanted, whose card may show
/// that the others are not; or all of them. What may be wanted after that stays in `left`, which is
/// sorted, the greatest first.
fn asked_next<'l>(history: &History, left: &mut Vec<&'l Listed>, depth: Depth) -> Vec<&'l Listed> {
    let mut asked = Vec::new();
    let mut last: Option<&SessionId> = None;
    left.retain(|listed| {
        let ObjectName::Unit { session, save } = &listed.name else { return false };
        if !wanted(history, session, save, depth) {
            return false;
        }
        let later = depth == Depth::Heads && last == Some(session);
        if !later {
            last = Some(session);
            asked.push(*listed);
        }
        later
    });
    asked
}

/// Cards on their way into the index: many at once, since each change of the index waits for the
/// disk. What a process that is killed has not put in yet is asked of the store again.
struct Learned<'e> {
    engine: &'e Engine<'e>,
    changes: Vec<IndexChange>,
}

impl Learned<'_> {
    /// So many cards are learned between two waits.
    const BATCH: usize = 256;

    fn add(&mut self, card: StoredCard) {
        self.changes.push(IndexChange::PutCard(card));
    }

    fn settle(&mut self) -> Result<(), Trouble> {
        if !self.changes.is_empty() {
            self.engine.ports.index.apply(&self.changes)?;
            self.changes.clear();
        }
        Ok(())
    }
}

fn wanted(history: &History, session: &SessionId, save: &SaveId, depth: Depth) -> bool {
    let Some(saves) = history.sessions.get(session) else { return true };
    if saves.contains_key(save) {
        return false;
    }
    depth == Depth::All || !saves.values().any(|seen| seen.goes_on_from(save))
}

/// Saves that were in the store and are no longer there. `asked`: whether the place where a save
/// would be was looked at.
fn what_is_gone(
    history: &History,
    prefix: &str,
    there: &BTreeSet<ObjectName>,
    asked: &dyn Fn(&Seen) -> bool,
) -> Vec<ObjectName> {
    let mut gone = Vec::new();
    for (session, saves) in &history.sessions {
        for seen in saves.values().filter(|seen| !seen.queued && asked(seen)) {
            let name = ObjectName::Unit { session: session.clone(), save: seen.card.save.clone() };
            if !there.contains(&name) && name.to_string().starts_with(prefix) {
                gone.push(name);
            }
        }
    }
    gone
}

/// The store went back, or was copied from an older state.
fn went_back(lost: &[SaveId]) -> Option<Note> {
    if lost.is_empty() {
        return None;
    }
    let shown: Vec<_> = lost.iter().take(3).map(ToString::to_string).collect();
    Some(Note {
        code: "convosync::store::went-back".to_owned(),
        text: format!(
            "the store had {} that it no longer has: {}",
            counted(lost.len() as u64, "save"),
            shown.join(", ")
        ),
        help: Some(
            "was the store restored from an older copy, or is a synchronised folder behind?"
                .to_owned(),
        ),
    })
}

fn unreadable(what: &str, text: &str) -> Note {
    Note {
        code: "convosync::object::unreadable".to_owned(),
        text: format!("{what} can't be read: {text}"),
        help: Some(
            "it was left as it is; `convosync log SESSION` shows the saves that can be read"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(session: &str, generation: u32) -> Listed {
        let name = format!("v1/s/session-{session}/{generation:08}-dddddddd-1-22223333");
        Listed { name: name.parse().expect("a unit's name"), size: 1 }
    }

    #[test]
    fn of_each_session_the_greatest_is_asked_for_first_and_the_rest_may_be_wanted_then() {
        let [old, new, other] = [unit("aaaaaaaa", 1), unit("aaaaaaaa", 2), unit("bbbbbbbb", 1)];
        let mut left = vec![&other, &new, &old];
        let history = History::default();
        assert_eq!(asked_next(&history, &mut left, Depth::Heads), [&other, &new]);
        assert_eq!(left, [&old]);
        assert_eq!(asked_next(&history, &mut left, Depth::Heads), [&old]);
        assert_eq!(left, Vec::<&Listed>::new());
    }

    #[test]
    fn where_every_save_is_wanted_all_are_asked_for_at_once() {
        let units = [unit("bbbbbbbb", 1), unit("aaaaaaaa", 2), unit("aaaaaaaa", 1)];
        let mut left = units.iter().collect();
        assert_eq!(asked_next(&History::default(), &mut left, Depth::All).len(), 3);
    }
}
