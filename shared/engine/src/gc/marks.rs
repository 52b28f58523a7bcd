//! Marks: what may be deleted when they have been there long enough.

use std::collections::BTreeMap;

use convosync_core::{MAX_MARKED, Mark, ObjectName, open_mark, seal_mark};
use convosync_wire::Note;

use super::Snapshot;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Store, Table};
use crate::retention::limits::days_ms;
use crate::retention::may_be_read_later;
use crate::trouble::{Refusal, Trouble};

/// Days of this device that a mark stays after all that it names is gone: until then a device that was away learns
/// from it why that is so.
const KEPT_DAYS: u32 = 90;

/// The label of when this device first saw that all a mark names is gone.
const DONE: &str = "mark-done";

/// All marks that count: those of devices of the account.
#[derive(Default)]
pub(crate) struct Marks {
    of: BTreeMap<ObjectName, Marked>,
    all: BTreeMap<ObjectName, Mark>,
    /// There is a mark that can't be read yet: anything may be marked.
    pub(crate) doubt: bool,
    pub(crate) notes: Vec<Note>,
}

/// What is known of an object that is marked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marked {
    /// For how long this device has seen the oldest of its marks, in milliseconds it lived.
    pub(super) age: i64,
    /// The most days that one of them says it stays.
    pub(super) grace_days: u32,
}

impl Marks {
    /// What is known of an object if it is marked.
    pub(super) fn get(&self, name: &ObjectName) -> Option<Marked> {
        self.of.get(name).copied()
    }

    /// Whether an object may go at any time, so that nothing new may rely on it.
    pub(crate) fn may_go(&self, name: &ObjectName) -> bool {
        self.doubt || self.has(name)
    }

    /// Everything that is marked, there or not.
    pub(super) fn names(&self) -> impl Iterator<Item = &ObjectName> {
        self.of.keys()
    }

    /// Whether a mark that can be read names it.
    pub(crate) fn has(&self, name: &ObjectName) -> bool {
        self.of.contains_key(name)
    }
}

impl Engine<'_> {
    /// The marks in the store. What is no mark of any device of the account is none.
    pub(crate) fn marks(&self, member: &Member, store: &dyn Store) -> Result<Marks, Trouble> {
        let learnt = self.learn(member, store, ObjectName::MARKS)?;
        let mut marks = Marks { notes: learnt.notes, ..Marks::default() };
        let (account, devices) = (&member.profile.account, &member.devices);
        for name in learnt.there {
            let by_us =
                matches!(&name, ObjectName::Mark { device, .. } if member.is_active(device));
            let text = name.to_string();
            let Some(kept) = self.ports.index.get(Table::Retention, &text)?.filter(|_| by_us)
            else {
                continue;
            };
            let mark = match open_mark(account, devices, &name, &kept) {
                Ok(mark) => mark,
                Err(error) => {
                    marks.doubt = true;
                    if !may_be_read_later(&error) {
                        // Damaged on this disk: the store is asked again.
                        self.ports.index.apply(&[IndexChange::Remove(Table::Retention, text)])?;
                    }
                    continue;
                }
            };
            let age = self.seen_for(member, &name)?;
            for marked in &mark.names {
                let known = marks.of.entry(marked.clone()).or_default();
                known.age = age.max(known.age);
                known.grace_days = mark.grace_days.max(known.grace_days);
            }
            marks.all.insert(name, mark);
        }
        Ok(marks)
    }

    /// Marks objects.
    pub(super) fn put_marks(
        &self,
        member: &Member,
        store: &dyn Store,
        names: &[ObjectName],
    ) -> Result<(), Trouble> {
        for names in names.chunks(MAX_MARKED) {
            self.step("Marking what is not needed any more")?;
            let mark = Mark {
                names: names.to_vec(),
                made_ms: self.ports.clock.now_ms(),
                grace_days: self.grace(),
            };
            let hash = member.devices.hash();
            let (name, sealed) = seal_mark(&member.profile, hash, &mark, &mut self.random())
                .map_err(|error| Refusal::new(error.code(), error.to_string()))?;
            store.put_new(&name, &sealed)?;
            self.ports.index.apply(&[
                IndexChange::Put(Table::Retention, name.to_string(), sealed),
                self.seen_now(member, &name)?,
            ])?;
        }
        Ok(())
    }

    /// Removes marks that were done with long ago.
    pub(super) fn drop_done_marks(
        &self,
        member: &Member,
        store: &dyn Store,
        marks: &Marks,
        snapshot: &Snapshot,
    ) -> Result<(), Trouble> {
        let there = |name: &ObjectName| {
            let objects = name.session().and_then(|session| snapshot.sessions.get(session));
            objects.is_some_and(|objects| objects.contains_key(name))
        };
        let now = self.lived_ms(member)?;
        for (name, mark) in &marks.all {
            if mark.names.iter().any(there) {
                continue;
            }
            let text = name.to_string();
            let since = self.remembered(member, Table::Misc, DONE, text.as_bytes())?;
            match since.and_then(|since| since.parse::<i64>().ok()).filter(|since| *since <= now) {
                Some(since) if now - since >= days_ms(KEPT_DAYS) => {
                    store.delete(name)?;
                    self.ports.index.apply(&[IndexChange::Remove(Table::Retention, text)])?;
                }
                Some(_) => {}
                None => {
                    let text = text.as_bytes();
                    let change = self.remember(member, Table::Misc, DONE, text, &now.to_string());
                    self.ports.index.apply(&[change])?;
                }
            }
        }
        Ok(())
    }
}
