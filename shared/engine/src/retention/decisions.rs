//! Pins and tombstones: learned from the store, waiting in the outbox, known from the index.

use std::collections::{BTreeMap, BTreeSet};

use convosync_core::{
    DeletedBy, Deletion, ObjectName, Pin, SaveId, Sealed, SessionId, Tombstone, Turn, Vector,
    is_pinned, open_mark, open_pin, open_tombstone,
};
use convosync_wire::Note;

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Store, StoreError, Table};
use crate::trouble::Trouble;

/// What was decided, by session.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    pins: BTreeMap<SessionId, BTreeMap<Turn, Pin>>,
    tombstones: BTreeMap<SessionId, BTreeMap<Turn, Tombstone>>,
    foretold: BTreeMap<SessionId, Deletion>,
    /// Sessions of which a decision can't be read: nothing of theirs is deleted.
    pub(crate) unreadable: BTreeSet<SessionId>,
}

impl Decisions {
    /// Takes one in. One that can't be read is remembered as such.
    fn take(&mut self, member: &Member, name: &ObjectName, object: &Sealed) {
        let (account, devices) = (&member.profile.account, &member.devices);
        match name {
            ObjectName::Pin { session, turn } => match open_pin(account, devices, name, object) {
                Ok(pin) => self.add_pin(session, turn.clone(), pin),
                Err(_) => drop(self.unreadable.insert(session.clone())),
            },
            // Nothing is deleted on the word of a device that was revoked.
            ObjectName::Tombstone { turn, .. } if !member.is_active(turn.device()) => {}
            ObjectName::Tombstone { session, turn } => {
                match open_tombstone(account, devices, name, object) {
                    Ok(stone) => self.add_tombstone(session, turn.clone(), stone),
                    Err(_) => drop(self.unreadable.insert(session.clone())),
                }
            }
            _ => {}
        }
    }

    pub(crate) fn add_pin(&mut self, session: &SessionId, turn: Turn, pin: Pin) {
        self.pins.entry(session.clone()).or_default().insert(turn, pin);
    }

    pub(crate) fn add_tombstone(&mut self, session: &SessionId, turn: Turn, stone: Tombstone) {
        self.tombstones.entry(session.clone()).or_default().insert(turn, stone);
    }

    pub(crate) fn is_pinned(&self, session: &SessionId) -> bool {
        self.pins.get(session).is_some_and(is_pinned)
    }

    /// The deletion of a session, whatever was saved in it since.
    pub(crate) fn deletion(&self, session: &SessionId) -> Option<Deletion> {
        let foretold = self.foretold.get(session).cloned();
        foretold.or_else(|| self.tombstones.get(session).and_then(Deletion::of))
    }

    /// As if a session were deleted, for telling what would be done.
    pub(crate) fn foretell(&mut self, session: &SessionId, covers: Vector) {
        let deletion = Deletion { covers, by: DeletedBy::Retention, made_ms: 0 };
        self.foretold.insert(session.clone(), deletion);
    }

    /// Whether a session with these saves is deleted: one that no deletion covers revives it.
    pub(crate) fn is_deleted<'a>(
        &self,
        session: &SessionId,
        saves: impl IntoIterator<Item = &'a SaveId>,
    ) -> bool {
        self.deletion(session).is_some_and(|deletion| deletion.holds(saves))
    }

    /// The turns of the pins of a session.
    pub(super) fn pin_turns(&self, session: &SessionId) -> impl Iterator<Item = &Turn> {
        self.pins.get(session).into_iter().flat_map(BTreeMap::keys)
    }

    /// The turns of the tombstones of a session.
    pub(crate) fn tombstone_turns(&self, session: &SessionId) -> impl Iterator<Item = &Turn> {
        self.tombstones.get(session).into_iter().flat_map(BTreeMap::keys)
    }

    /// The names of all decisions about a session: how long they have been there counts.
    pub(crate) fn names(&self, session: &SessionId) -> Vec<ObjectName> {
        let pins = self.pin_turns(session).cloned();
        let stones = self.tombstone_turns(session).cloned();
        let pins = pins.map(|turn| ObjectName::Pin { session: session.clone(), turn });
        let stones = stones.map(|turn| ObjectName::Tombstone { session: session.clone(), turn });
        pins.chain(stones).collect()
    }
}

/// The label of when this device first saw an object.
const FIRST_SEEN: &str = "first-seen";

impl Engine<'_> {
    /// What is known without asking the store: what was learned, and what waits to be sent.
    pub(crate) fn decisions(&self, member: &Member) -> Result<Decisions, Trouble> {
        let mut decisions = Decisions::default();
        for (name, object) in self.ports.index.all(Table::Retention)? {
            if let Ok(name) = name.parse() {
                decisions.take(member, &name, &object);
            }
        }
        for name in self.waiting_decisions()? {
            match self.ports.outbox.get(&name) {
                Ok(object) => decisions.take(member, &name, &object),
                // Another process has just sent it.
                Err(StoreError::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(decisions)
    }

    /// Decisions that wait on this device.
    pub(crate) fn waiting_decisions(&self) -> Result<Vec<ObjectName>, Trouble> {
        let mut names = Vec::new();
        for prefix in [ObjectName::PINS, ObjectName::TOMBSTONES] {
            names.extend(self.ports.outbox.list(prefix)?.into_iter().map(|listed| listed.name));
        }
        Ok(names)
    }

    /// Learns the pins and tombstones that the store has and this device does not.
    pub(crate) fn learn_decisions(
        &self,
        member: &Member,
        store: &dyn Store,
    ) -> Result<Vec<Note>, Trouble> {
        let mut notes = Vec::new();
        for prefix in [ObjectName::PINS, ObjectName::TOMBSTONES] {
            notes.extend(self.learn(member, store, prefix)?.1);
        }
        Ok(notes)
    }

    /// Learns the objects below a prefix: kept in the index as they are in the store, with the time
    /// of this device's first sight. Gives the names that are there.
    pub(crate) fn learn(
        &self,
        member: &Member,
        store: &dyn Store,
        prefix: &str,
    ) -> Result<(BTreeSet<ObjectName>, Vec<Note>), Trouble> {
        let mut notes = Vec::new();
        let mut there = BTreeSet::new();
        for listed in store.list(prefix)? {
            let name = listed.name;
            let text = name.to_string();
            if self.ports.index.get(Table::Retention, &text)?.is_none() {
                match store.get(&name) {
                    Ok(object) => {
                        notes.extend(refused(member, &name, &object));
                        self.ports.index.apply(&[
                            IndexChange::Put(Table::Retention, text, object),
                            self.seen_now(member, &name),
                        ])?;
                    }
                    Err(StoreError::Missing(_)) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            there.insert(name);
        }
        Ok((there, notes))
    }

    /// Notes that this device sees an object for the first time.
    pub(crate) fn seen_now(&self, member: &Member, name: &ObjectName) -> IndexChange {
        let now = self.ports.clock.now_ms().to_string();
        self.remember(member, Table::Misc, FIRST_SEEN, name.to_string().as_bytes(), &now)
    }

    /// For how long this device has seen an object, in milliseconds. A clock that went back counts
    /// from now on.
    pub(crate) fn seen_for(&self, member: &Member, name: &ObjectName) -> Result<i64, Trouble> {
        let now = self.ports.clock.now_ms();
        let text = name.to_string();
        let first = self.remembered(member, Table::Misc, FIRST_SEEN, text.as_bytes())?;
        match first.and_then(|first| first.parse::<i64>().ok()).filter(|first| *first <= now) {
            Some(first) => Ok(now.saturating_sub(first)),
            None => {
                self.ports.index.apply(&[self.seen_now(member, name)])?;
                Ok(0)
            }
        }
    }

    /// Puts a decision into the outbox: from here on it holds on this device, and it is sent like
    /// a save.
    pub(super) fn decide(&self, name: &ObjectName, object: &Sealed) -> Result<(), Trouble> {
        Ok(self.ports.outbox.put_new(name, object)?)
    }

    /// Sends the decisions that wait. Called with the `send` lock held.
    pub(crate) fn send_decisions(&self, member: &Member, store: &dyn Store) -> Result<(), Trouble> {
        for name in self.waiting_decisions()? {
            let object = match self.ports.outbox.get(&name) {
                Ok(object) => object,
                Err(StoreError::Missing(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            store.put_new(&name, &object)?;
            self.ports.index.apply(&[
                IndexChange::Put(Table::Retention, name.to_string(), object),
                self.seen_now(member, &name),
            ])?;
            self.ports.outbox.delete(&name)?;
        }
        Ok(())
    }
}

/// That an object can't be opened, if so.
fn refused(member: &Member, name: &ObjectName, object: &Sealed) -> Option<Note> {
    let (account, devices) = (&member.profile.account, &member.devices);
    let opened = match name {
        ObjectName::Pin { .. } => open_pin(account, devices, name, object).map(drop),
        ObjectName::Tombstone { .. } => open_tombstone(account, devices, name, object).map(drop),
        ObjectName::Mark { .. } => open_mark(account, devices, name, object).map(drop),
        _ => Ok(()),
    };
    let error = opened.err()?;
    Some(Note {
        code: "convosync::object::unreadable".to_owned(),
        text: format!("`{name}` can't be read: {error}"),
        help: Some("it was left as it is, and so is all that it may be about".to_owned()),
    })
}
