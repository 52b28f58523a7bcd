//! Mending the index: what it lost, or never learned because a process died, is read from the
//! outbox and the cache again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use convosync_core::{
    Card, ObjectName, SaveId, Sealed, local_digest, open_device_entry, open_unit,
};

use crate::bind::Binding;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Store, Table};
use crate::trouble::Trouble;

/// A count that another device claims for this one and that no device ever reaches is a lie: it
/// must not use up the counts.
const NEVER_REACHED: u64 = 1 << 62;

/// A unit that the index learns again.
struct Again {
    card: Card,
    unit: Sealed,
    /// The work tree, if this device saved it.
    root: Option<PathBuf>,
}

/// What each work tree was working on: its newest save or, if this device has one that goes on
/// from it (a resume brought it here), that one.
fn tips(again: &[Again]) -> Vec<Binding> {
    let mut newest: BTreeMap<&PathBuf, &Card> = BTreeMap::new();
    for Again { card, root, .. } in again {
        let Some(root) = root else { continue };
        let tip = newest.entry(root).or_insert(card);
        if tip.save.seq() < card.save.seq() {
            *tip = card;
        }
    }
    let later = |tip: &Card| {
        let same = again.iter().map(|again| &again.card).filter(|card| card.session == tip.session);
        let after = same.filter(|card| !card.parked && card.vector.covers(&tip.save));
        after.max_by_key(|card| &card.save).cloned()
    };
    newest
        .into_iter()
        .filter_map(|(root, tip)| {
            let tip = later(tip)?;
            Some(Binding {
                session: tip.session,
                tip: tip.save,
                conversation: tip.conversation,
                continues: true,
                elsewhere: false,
                root: root.clone(),
            })
        })
        .collect()
}

impl Engine<'_> {
    /// Brings the index in line with the outbox; a new index also with the cache.
    pub(crate) fn mend_index(&self) -> Result<(), Trouble> {
        let frozen = self.ports.outbox.list(ObjectName::UNITS)?;
        let queued: BTreeSet<SaveId> =
            self.ports.index.queue()?.into_iter().map(|row| row.save).collect();
        let lost: Vec<_> = frozen
            .into_iter()
            .map(|listed| listed.name)
            .filter(|name| !matches!(name, ObjectName::Unit { save, .. } if queued.contains(save)))
            .collect();
        if lost.is_empty() && !self.ports.index.is_new() {
            return Ok(());
        }
        let Some(mut member) = self.member()? else { return Ok(()) };
        // One change: an index that is half filled when the process dies is filled again.
        let mut changes = Vec::new();
        let mut again = Vec::new();
        if self.ports.index.is_new() {
            changes.extend(self.devices_again(&mut member)?);
            for listed in self.ports.cache.list(ObjectName::UNITS)? {
                again.extend(self.again(&member, self.ports.cache, &listed.name)?);
            }
        }
        let sent = again.len();
        for name in &lost {
            again.extend(self.again(&member, self.ports.outbox, name)?);
        }
        for (at, Again { card, unit, .. }) in again.iter().enumerate() {
            let rows = self.indexed(card, unit, unit.as_bytes().len() as u64)?;
            let queued = at >= sent;
            changes.extend(
                rows.into_iter().filter(|row| queued || !matches!(row, IndexChange::Enqueue(_))),
            );
        }
        changes.extend(tips(&again).iter().map(|binding| self.bind(&member, binding)));
        // In the same change: an index that has been filled is not looked at again.
        changes.extend(self.count_again(&member, again.iter().map(|again| &again.card))?);
        self.ports.index.apply(&changes)?;
        self.mend_seq(&member)
    }

    /// The devices that were known: without them nothing that they saved can be believed.
    fn devices_again(&self, member: &mut Member) -> Result<Vec<IndexChange>, Trouble> {
        let mut changes = Vec::new();
        for listed in self.ports.cache.list(ObjectName::DEVICES)? {
            let Ok(entry) = self.ports.cache.get(&listed.name) else { continue };
            let opened = open_device_entry(&member.profile.account, &listed.name, &entry);
            if opened.is_ok_and(|(device, known)| member.devices.add(device, known).is_ok()) {
                changes.push(IndexChange::Put(Table::Devices, listed.name.to_string(), entry));
            }
        }
        Ok(changes)
    }

    /// Opens a unit that the index does not know. One that can't be read stays where it is.
    fn again(
        &self,
        member: &Member,
        place: &dyn Store,
        name: &ObjectName,
    ) -> Result<Option<Again>, Trouble> {
        let Ok(unit) = place.get(name) else { return Ok(None) };
        let (account, devices) = (&member.profile.account, &member.devices);
        let Ok((card, body)) = open_unit(account, devices, name, &unit) else { return Ok(None) };
        let below = body.manifest.terminal.as_ref().map_or("", |terminal| &terminal.directory);
        let mine = *card.device() == member.profile.device.id && !card.parked;
        let root = work_tree(&card.working_directory, below).filter(|_| mine);
        Ok(Some(Again { card, unit, root }))
    }

    /// Removes parts of saves that died before their freeze. Only under the lock of saves, and only
    /// when nothing waits: then no unit can need them.
    pub(crate) fn sweep_parts(&self) -> Result<(), Trouble> {
        let parts = self.ports.outbox.list(ObjectName::PARTS)?;
        if parts.is_empty() || !self.ports.outbox.list(ObjectName::UNITS)?.is_empty() {
            return Ok(());
        }
        for part in parts {
            self.ports.outbox.delete(&part.name)?;
        }
        Ok(())
    }

    /// This device's count goes on from the greatest that is known anywhere: a count is never
    /// used twice.
    pub(crate) fn mend_seq(&self, member: &Member) -> Result<(), Trouble> {
        let history = self.known(member)?;
        let saves = history.sessions.values().flat_map(BTreeMap::values);
        match self.count_again(member, saves.map(|seen| &seen.card))? {
            Some(change) => Ok(self.ports.index.apply(&[change])?),
            None => Ok(()),
        }
    }

    /// The change that lets this device's count go on from the greatest in these cards, if it does
    /// not yet.
    fn count_again<'c>(
        &self,
        member: &Member,
        cards: impl Iterator<Item = &'c Card>,
    ) -> Result<Option<IndexChange>, Trouble> {
        let me = &member.profile.device.id;
        let seen = cards
            .filter_map(|card| card.vector.0.get(me).map(|entry| entry.seq))
            .filter(|seq| *seq < NEVER_REACHED)
            .max()
            .unwrap_or(0);
        // Read before what it says is: a save of another process may count further at any moment, and
        // must not be counted back.
        let key = local_digest(&member.profile.account, "seq", b"");
        let was = self.ports.index.get(Table::Misc, &key)?;
        let known = self.remembered(member, Table::Misc, "seq", b"")?;
        let known = known.and_then(|text| text.parse().ok()).unwrap_or(0);
        let change = self.remember(member, Table::Misc, "seq", b"", &seen.to_string());
        let IndexChange::Put(table, key, value) = change else { return Ok(None) };
        Ok((seen > known).then_some(IndexChange::Replace { table, key, was, value }))
    }
}

/// The work tree's top, from where the user was and how far below the top that was.
fn work_tree(working_directory: &str, below: &str) -> Option<PathBuf> {
    let top = match below {
        "" => working_directory,
        below => working_directory.strip_suffix(below)?.strip_suffix('/')?,
    };
    Some(PathBuf::from(top))
}
