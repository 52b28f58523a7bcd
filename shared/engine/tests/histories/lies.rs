//! Breakages of the engine, told by ports that lie. Each makes it do what an engine would do that
//! lacks one of its rules; the histories have to find every one of them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convosync_core::{Account, CARD_RANGE, ObjectName, Sealed, card_prefix_len, open_card_trusted};
use convosync_engine::ports::{
    Caps, Guard, Listed, LocalError, Locks, Store, StoreError, starts_one_by_one,
};
use convosync_engine::testing::MemoryLocks;

/// What is told wrong, and by which rule of the engine the world would be like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// A store acknowledges a unit and loses it: every third of a device.
    UnitIsLost,
    /// It loses parts: a save is sent before what it refers to is there.
    PartIsLost,
    /// An outbox forgets a unit when it is read: the row goes before the put is answered.
    QueueForgetsFirst,
    /// Marks are not seen, so who sends relies on what is about to go and makes no stand-in; nor is
    /// any part kept, which would be put again.
    MarksAreHidden,
    /// Parked saves are not seen: a collection takes what only they refer to.
    ParkedAreHidden,
    /// Of the saves of one generation one is seen: the other head is dropped.
    OneHeadIsSeen,
    /// With what is deleted the next object of its session goes: a sweep takes one too many.
    OneMoreIsDeleted,
    /// Each collection goes on for some days of its device, in one moment: the grace time is over at
    /// once.
    GraceIsOver,
    /// In a place that was left nothing is seen: a move is followed without taking along.
    LeftPlaceIsEmpty,
    /// Outbox and cache show no saves: who lost the index begins to count anew.
    CountIsForgotten,
    /// Locks are given to everyone who asks.
    LocksHoldNobody,
}

/// Which store of a device it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// One that other devices reach.
    Place,
    Outbox,
    Cache,
}

/// A store that tells a lie, if there is one to tell.
pub(crate) struct Liar<S> {
    inner: S,
    role: Role,
    lie: Option<Lie>,
    keys: Keys,
}

/// The keys of the device whose store it is, so that a lie can be about what is in a save.
pub(crate) type Keys = Arc<Mutex<Option<Account>>>;

impl<S: Store> Liar<S> {
    pub(crate) fn new(inner: S, role: Role, lie: Option<Lie>, keys: &Keys) -> Self {
        Self { inner, role, lie, keys: Arc::clone(keys) }
    }

    fn tells(&self, lie: Lie, of: Role) -> bool {
        self.lie == Some(lie) && self.role == of
    }

    fn is_lost(&self, name: &ObjectName) -> bool {
        match name {
            ObjectName::Unit { save, .. } => {
                self.tells(Lie::UnitIsLost, Role::Place) && save.seq() % 3 == 0
            }
            ObjectName::Part { .. } => self.tells(Lie::PartIsLost, Role::Place),
            _ => false,
        }
    }

    fn hides(&self, name: &ObjectName, seen: &mut BTreeSet<String>, left: bool) -> bool {
        match name {
            ObjectName::Mark { .. } => self.tells(Lie::MarksAreHidden, Role::Place),
            ObjectName::Unit { session, save } => {
                let twin = !seen.insert(format!("{session}/{}", save.generation()));
                left || (twin && self.tells(Lie::OneHeadIsSeen, Role::Place))
                    || (self.lie == Some(Lie::CountIsForgotten) && self.role != Role::Place)
                    || (self.tells(Lie::ParkedAreHidden, Role::Place) && self.is_parked(name))
            }
            _ => false,
        }
    }

    fn is_parked(&self, name: &ObjectName) -> bool {
        let keys = self.keys.lock().expect("nobody panics with it");
        let Some(account) = keys.as_ref() else { return false };
        let Ok(mut prefix) = self.inner.get_range(name, 0..CARD_RANGE) else { return false };
        let Ok(len) = card_prefix_len(&prefix) else { return false };
        prefix.truncate(len);
        let card = open_card_trusted(account, name, &Sealed::received(prefix));
        card.is_ok_and(|card| card.parked)
    }
}

impl<S: Store> Store for Liar<S> {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        if self.is_lost(name) { Ok(()) } else { self.inner.put_new(name, object) }
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(name, object)| self.put_new(name, object))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        let part = matches!(name, ObjectName::Part { .. });
        if part && self.tells(Lie::MarksAreHidden, Role::Cache) {
            return Err(StoreError::Missing(name.clone()));
        }
        let got = self.inner.get(name);
        let unit = matches!(name, ObjectName::Unit { .. });
        if unit && self.tells(Lie::QueueForgetsFirst, Role::Outbox) {
            self.inner.delete(name)?;
        }
        got
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.inner.get_range(name, range)
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let left = self.tells(Lie::LeftPlaceIsEmpty, Role::Place)
            && !self.inner.list(ObjectName::MOVED)?.is_empty();
        let mut seen = BTreeSet::new();
        let mut listed = self.inner.list(prefix)?;
        listed.retain(|listed| !self.hides(&listed.name, &mut seen, left));
        Ok(listed)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        if self.tells(Lie::OneMoreIsDeleted, Role::Place)
            && let Some(session) = name.session()
        {
            let of_session = self.inner.list(&ObjectName::units_of(session))?;
            if let Some(next) = of_session.iter().find(|listed| listed.name > *name) {
                self.inner.delete(&next.name)?;
            }
        }
        self.inner.delete(name)
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

/// Locks that hold, unless they are not to.
pub(crate) struct Loose {
    pub(crate) locks: MemoryLocks,
    pub(crate) lie: Option<Lie>,
}

struct Nothing;

impl Guard for Nothing {}

impl Locks for Loose {
    fn acquire(&self, name: &str, wait: Duration) -> Result<Box<dyn Guard>, LocalError> {
        if self.lie == Some(Lie::LocksHoldNobody) {
            return Ok(Box::new(Nothing));
        }
        self.locks.acquire(name, wait)
    }
}
