//! Pins and tombstones: learned from the store, waiting in the outbox, known from the index.

use std::collections::{BTreeMap, BTreeSet};

use convosync_core::{
    DeletedBy, Deletion, ObjectName, OpenError, Pin, SaveId, Sealed, SessionId, Tombstone, Turn,
    Vector, is_pinned, open_mark, open_pin, open_tombstone,
};
use convosync_wire::Note;

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Store, StoreError, Table};
use crate::trouble::Trouble;

/// What was decided, by session.
///
/// Of a device that was revoked only what keeps a session counts: a pin, and a deletion taken back.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    pins: BTreeMap<SessionId, BTreeMap<Turn, Pin>>,
    tombstones: BTreeMap<SessionId, BTreeMap<Turn, Tombstone>>,
    foretold: BTreeMap<SessionId, Deletion>,
    /// All that are known of, whether they count or not.
    known: BTreeSet<ObjectName>,
    /// Sessions of which a decision can't be read: nothing of theirs is deleted.
    pub(crate) unreadable: BTreeSet<SessionId>,
}

impl Decisions {
    /// Takes one in.
    ///
    /// # Errors
    ///
    /// If it can't be read; that it is there is remembered.
    fn take(
        &mut self,
        member: &Member,
        name: &ObjectName,
        object: &Sealed,
    ) -> Result<(), OpenError> {
        let taken = self.open(member, name, object);
        if taken.is_err() {
            self.is_unreadable(name);
        }
        taken
    }

    fn open(
        &mut self,
        member: &Member,
        name: &ObjectName,
        object: &Sealed,
    ) -> Result<(), OpenError> {
        let (account, devices) = (&member.profile.account, &member.devices);
        self.known.insert(name.clone());
        match name {
            ObjectName::Pin { session, turn } => {
                let pin = open_pin(account, devices, name, object)?;
                if pin.pinned || member.is_active(turn.device()) {
                    self.add_pin(session, turn.clone(), pin);
                }
            }
            ObjectName::Tombstone { session, turn } => {
                let stone = open_tombstone(account, devices, name, object)?;
                if !stone.deleted || member.is_active(turn.device()) {
                    self.add_tombstone(session, turn.clone(), stone);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes that a decision is there that can't be read.
    pub(crate) fn is_unreadable(&mut self, name: &ObjectName) {
        if let ObjectName::Pin { session, .. } | ObjectName::Tombstone { session, .. } = name {
            self.unreadable.insert(session.clone());
            self.known.insert(name.clone());
        }
    }

    /// Whether it is known that a decision is there.
    pub(crate) fn knows(&self, name: &ObjectName) -> bool {
        self.known.contains(name)
    }

    pub(crate) fn add_pin(&mut self, session: &SessionId, turn: Turn, pin: Pin) {
        self.pins.entry(session.clone()).or_default().insert(turn, pin);
    }

    pub(crate) fn add_tombstone(&mut self, session: &SessionId, turn: Turn, stone: Tombstone) {
        self.known.insert(ObjectName::Tombstone { session: session.clone(), turn: turn.clone() });
        self.tombstones.entry(session.clone()).or_default().insert(turn, stone);
    }

    /// The sessions that something was decided about, or foretold.
    pub(crate) fn sessions(&self) -> BTreeSet<String> {
        let deleted = self.tombstones.keys().chain(self.foretold.keys());
        deleted.chain(&self.unreadable).map(ToString::to_string).collect()
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
        let deletion = Deletion { covers, by: DeletedBy::Retention, made_ms: 0, grace_days: 0 };
        self.foretold.insert(session.clone(), deletion);
    }

    /// Whether a session with these saves is deleted: one that no deletion covers revives it. What
    /// was pinned while its time ran out elsewhere has not run out of time.
    pub(crate) fn is_deleted<'a>(
        &self,
        session: &SessionId,
        saves: impl IntoIterator<Item = &'a SaveId>,
    ) -> bool {
        self.deletion(session).is_some_and(|deletion| {
            let kept = deletion.by == DeletedBy::Retention && self.is_pinned(session);
            !kept && deletion.holds(saves)
        })
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

/// What there is below a prefix.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    /// What is there and kept here; some of it may become readable only later.
    pub(crate) there: BTreeSet<ObjectName>,
    /// What is there and can't be believed. It is asked for again the next time.
    pub(crate) refused: BTreeSet<ObjectName>,
    pub(crate) notes: Vec<Note>,
}

impl Engine<'_> {
    /// What is known without asking the store: what was learned, and what waits to be sent.
    pub(crate) fn decisions(&self, member: &Member) -> Result<Decisions, Trouble> {
        let mut decisions = Decisions::default();
        let mut dropped = Vec::new();
        for (text, object) in self.ports.index.all(Table::Retention)? {
            let Ok(name) = text.parse() else { continue };
            match decisions.take(member, &name, &object) {
                Err(error) if !may_be_read_later(&error) => {
                    // Damaged on this disk: the store is asked again.
                    dropped.push(IndexChange::Remove(Table::Retention, text));
                }
                _ => {}
            }
        }
        if !dropped.is_empty() {
            self.ports.index.apply(&dropped)?;
        }
        for name in self.waiting_decisions()? {
            match self.ports.outbox.get(&name) {
                Ok(object) => drop(decisions.take(member, &name, &object)),
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

    /// Learns the pins and tombstones that the store has and this device does not. Gives those
    /// that can't be believed.
    pub(crate) fn learn_decisions(
        &self,
        member: &Member,
        store: &dyn Store,
    ) -> Result<Learnt, Trouble> {
        self.live_on(member)?;
        let mut all = Learnt::default();
        for prefix in [ObjectName::PINS, ObjectName::TOMBSTONES] {
            let learnt = self.learn(member, store, prefix)?;
            all.there.extend(learnt.there);
            all.refused.extend(learnt.refused);
            all.notes.extend(learnt.notes);
        }
        Ok(all)
    }

    /// Learns the objects below a prefix: kept in the index as they are in the store, with the time
    /// of this device's first sight.
    pub(crate) fn learn(
        &self,
        member: &Member,
        store: &dyn Store,
        prefix: &str,
    ) -> Result<Learnt, Trouble> {
        let mut learnt = Learnt::default();
        for listed in store.list(prefix)? {
            let name = listed.name;
            let text = name.to_string();
            if self.ports.index.get(Table::Retention, &text)?.is_none() {
                let (object, error) = match fetched(member, store, &name) {
                    Ok(fetched) => fetched,
                    Err(StoreError::Missing(_)) => continue,
                    Err(error) => return Err(error.into()),
                };
                learnt.notes.extend(error.as_ref().map(|error| refused(&name, error)));
                if error.is_some_and(|error| !may_be_read_later(&error)) {
                    learnt.refused.insert(name);
                    continue;
                }
                let seen = self.seen_now(member, &name)?;
                self.ports
                    .index
                    .apply(&[IndexChange::Put(Table::Retention, text, object), seen])?;
            }
            learnt.there.insert(name);
        }
        Ok(learnt)
    }

    /// Puts a decision into the outbox: from here on it holds on this device, and it is sent like
    /// a save.
    pub(super) fn decide(&self, name: &ObjectName, object: &Sealed) -> Result<(), Trouble> {
        Ok(self.ports.outbox.put_new(name, object)?)
    }

    /// Sends the decisions that wait. Called with the `send` lock held.
    pub(crate) fn send_decisions(&self, member: &Member, store: &dyn Store) -> Result<(), Trouble> {
        self.live_on(member)?;
        for name in self.waiting_decisions()? {
            let object = match self.ports.outbox.get(&name) {
                Ok(object) => object,
                Err(StoreError::Missing(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            store.put_new(&name, &object)?;
            self.ports.index.apply(&[
                IndexChange::Put(Table::Retention, name.to_string(), object),
                self.seen_now(member, &name)?,
            ])?;
            self.ports.outbox.delete(&name)?;
        }
        Ok(())
    }
}

/// An object, and why it can't be opened if so. One that comes damaged is fetched twice: it may
/// have been damaged on the way.
fn fetched(
    member: &Member,
    store: &dyn Store,
    name: &ObjectName,
) -> Result<(Sealed, Option<OpenError>), StoreError> {
    let object = store.get(name)?;
    match opened(member, name, &object) {
        Ok(()) => return Ok((object, None)),
        Err(error) if may_be_read_later(&error) => return Ok((object, Some(error))),
        Err(_) => {}
    }
    let again = store.get(name)?;
    let error = opened(member, name, &again).err();
    Ok((again, error))
}

fn opened(member: &Member, name: &ObjectName, object: &Sealed) -> Result<(), OpenError> {
    let (account, devices) = (&member.profile.account, &member.devices);
    match name {
        ObjectName::Pin { .. } => open_pin(account, devices, name, object).map(drop),
        ObjectName::Tombstone { .. } => open_tombstone(account, devices, name, object).map(drop),
        ObjectName::Mark { .. } => open_mark(account, devices, name, object).map(drop),
        _ => Ok(()),
    }
}

/// Whether an object can be whole and only this device can't read it yet: a device, a key or a
/// newer ConvoSync has not arrived here.
pub(crate) fn may_be_read_later(error: &OpenError) -> bool {
    matches!(
        error,
        OpenError::UnknownDevice(_)
            | OpenError::Epoch { .. }
            | OpenError::WrongKey
            | OpenError::NewerFormat
    )
}

/// That an object can't be opened.
fn refused(name: &ObjectName, error: &OpenError) -> Note {
    Note {
        code: "convosync::object::unreadable".to_owned(),
        text: format!("`{name}` can't be read: {error}"),
        help: Some("it was left as it is, and so is all that it may be about".to_owned()),
    }
}
