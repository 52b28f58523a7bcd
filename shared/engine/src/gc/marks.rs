//! Marks: what may be deleted when they have been there long enough.

use std::collections::BTreeMap;

use convosync_core::{MAX_MARKED, Mark, ObjectName, open_mark, seal_mark};
use convosync_wire::Note;

use super::Snapshot;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Store, Table};
use crate::retention::limits::days_ms;
use crate::trouble::{Refusal, Trouble};

/// Days that a mark stays after all that it names is gone: until then a device that was away learns
/// from it why that is so.
const KEPT_DAYS: u32 = 90;

/// The label of when this device first saw that all a mark names is gone.
const DONE: &str = "mark-done";

/// All marks that can be read.
#[derive(Default)]
pub(crate) struct Marks {
    /// By what they name: for how long this device has seen the oldest of its marks.
    ages: BTreeMap<ObjectName, i64>,
    all: BTreeMap<ObjectName, Mark>,
    /// Some mark can't be read: anything may be marked.
    unreadable: bool,
    pub(crate) notes: Vec<Note>,
}

impl Marks {
    /// For how long this device has seen an object marked, in milliseconds.
    pub(super) fn age(&self, name: &ObjectName) -> Option<i64> {
        self.ages.get(name).copied()
    }

    /// Whether an object may go at any time, so that nothing new may rely on it.
    pub(crate) fn may_go(&self, name: &ObjectName) -> bool {
        self.unreadable || self.ages.contains_key(name)
    }

    /// Whether a mark that can be read names it.
    pub(crate) fn has(&self, name: &ObjectName) -> bool {
        self.ages.contains_key(name)
    }
}

impl Engine<'_> {
    /// The marks in the store.
    pub(crate) fn marks(&self, member: &Member, store: &dyn Store) -> Result<Marks, Trouble> {
        let (there, notes) = self.learn(member, store, ObjectName::MARKS)?;
        let mut marks = Marks { notes, ..Marks::default() };
        let (account, devices) = (&member.profile.account, &member.devices);
        for name in there {
            let kept = self.ports.index.get(Table::Retention, &name.to_string())?;
            let opened = kept.and_then(|mark| open_mark(account, devices, &name, &mark).ok());
            let Some(mark) = opened else {
                marks.unreadable = true;
                continue;
            };
            let age = self.seen_for(member, &name)?;
            for marked in &mark.names {
                let oldest = marks.ages.entry(marked.clone()).or_insert(age);
                *oldest = age.max(*oldest);
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
            let mark = Mark { names: names.to_vec(), made_ms: self.ports.clock.now_ms() };
            let hash = member.devices.hash();
            let (name, sealed) = seal_mark(&member.profile, hash, &mark, &mut self.random())
                .map_err(|error| Refusal::new(error.code(), error.to_string()))?;
            store.put_new(&name, &sealed)?;
            self.ports.index.apply(&[
                IndexChange::Put(Table::Retention, name.to_string(), sealed),
                self.seen_now(member, &name),
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
        let now = self.ports.clock.now_ms();
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
