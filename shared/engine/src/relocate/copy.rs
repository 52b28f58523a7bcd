//! Copying sealed objects from one place to another, each read back and compared.

use std::collections::BTreeSet;

use convosync_core::{DeviceEntry, ObjectName, Sealed, open_device_entry, open_unit};
use convosync_wire::Note;

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Listed, Store, StoreError};
use crate::steady::steady;
use crate::trouble::{Refusal, Trouble};

/// Bytes that are sent in one go, so that a store that is slow to answer is asked less often.
const BATCH: u64 = 8 << 20;

/// What was copied.
#[derive(Debug, Default)]
pub(super) struct Copied {
    /// Objects that are in both places now.
    pub(super) objects: u64,
    /// Of them those that were not before.
    pub(super) copied: u64,
    pub(super) bytes: u64,
    /// What was left where it is.
    pub(super) notes: Vec<Note>,
}

impl Copied {
    /// Takes in a second copy of the same places.
    pub(super) fn add(&mut self, later: Self) {
        self.objects = later.objects;
        self.copied += later.copied;
        self.bytes += later.bytes;
        self.notes = later.notes;
    }
}

impl Engine<'_> {
    /// Copies everything but addresses and leftovers of probes; whatever refers to something
    /// comes after it, and the store record last: a copy that was stopped is no store yet.
    pub(super) fn copy_all(&self, old: &dyn Store, new: &dyn Store) -> Result<Copied, Trouble> {
        self.step("Looking through the store")?;
        let mut wanted: Vec<_> = old.list("v1/")?;
        wanted.retain(|listed| rank(&listed.name).is_some());
        wanted.sort_by_key(|listed| (rank(&listed.name), listed.name.clone()));
        let there: BTreeSet<_> = new.list("v1/")?.into_iter().map(|listed| listed.name).collect();
        let mut copied = Copied::default();
        for batch in batches(&wanted) {
            let (done, all) = (copied.objects, wanted.len());
            self.step_of("Copying objects", done as usize, all)?;
            copy_batch(batch, &there, old, new, &mut copied)?;
        }
        Ok(copied)
    }

    /// Copies what this device put into the old place and the new one lacks: what it did before it
    /// saw that another device had moved the store.
    pub(super) fn copy_own(
        &self,
        member: &Member,
        old: &dyn Store,
        new: &dyn Store,
    ) -> Result<Copied, Trouble> {
        let mut copied = Copied::default();
        let me = &member.profile.device.id;
        // Who was let in where the store had been is known by the key of then; without that nobody
        // believes the record of a key that it made since.
        let ours =
            |name: &ObjectName| matches!(name, ObjectName::Device { device, .. } if device == me);
        for name in lacking(ObjectName::DEVICES, old, new)?.into_iter().filter(ours) {
            match steady(old, &name) {
                // Who can write there may have put another one's keys under this device's name.
                Ok(entry) if is_by_us(member, &name, &entry) => copied.put(&name, &entry, new)?,
                Ok(_) | Err(StoreError::Missing(_) | StoreError::TooBig { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        copy_epochs(member, old, new, &mut copied)?;
        for prefix in [ObjectName::PINS, ObjectName::TOMBSTONES] {
            let mine = |name: &ObjectName| match name {
                ObjectName::Pin { turn, .. } | ObjectName::Tombstone { turn, .. } => {
                    turn.device() == me
                }
                _ => false,
            };
            for name in lacking(prefix, old, new)?.into_iter().filter(mine) {
                copied.put(&name, &steady(old, &name)?, new)?;
            }
        }
        self.copy_own_saves(member, old, new, &mut copied)?;
        Ok(copied)
    }

    fn copy_own_saves(
        &self,
        member: &Member,
        old: &dyn Store,
        new: &dyn Store,
        copied: &mut Copied,
    ) -> Result<(), Trouble> {
        let me = &member.profile.device.id;
        let mine = |name: &ObjectName| matches!(name, ObjectName::Unit { save, .. } if save.device() == me);
        let mut missing = lacking(ObjectName::UNITS, old, new)?;
        missing.retain(mine);
        if missing.is_empty() {
            return Ok(());
        }
        let parts = names(new, ObjectName::PARTS)?;
        for name in missing {
            self.step("Copying what this device saved")?;
            let unit = steady(old, &name)?;
            let (account, devices) = (&member.profile.account, &member.devices);
            let needed = open_unit(account, devices, &name, &unit)
                .map(|(_, body)| body.manifest.containers())
                .unwrap_or_default();
            for part in needed.iter().filter(|part| !parts.contains(part)) {
                match steady(old, part) {
                    Ok(object) => copied.put(part, &object, new)?,
                    Err(StoreError::Missing(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            copied.put(&name, &unit, new)?;
        }
        Ok(())
    }
}

/// Whether an entry under this device's name has its keys.
fn is_by_us(member: &Member, name: &ObjectName, entry: &Sealed) -> bool {
    let ours = DeviceEntry::of(&member.profile.device);
    open_device_entry(&member.profile.account, name, entry).is_ok_and(|(_, there)| {
        (there.verifying, there.exchange) == (ours.verifying, ours.exchange)
    })
}

/// Copies the keys of epochs that this device follows, then their records: one that began where the
/// store had been is one of the account too, and whoever moved it may have seen a record before its
/// keys.
fn copy_epochs(
    member: &Member,
    old: &dyn Store,
    new: &dyn Store,
    copied: &mut Copied,
) -> Result<(), Trouble> {
    let missing = lacking(ObjectName::KEYS, old, new)?;
    let begun = |name: &ObjectName| match name {
        ObjectName::Epoch { epoch, .. } => Some(*epoch),
        _ => None,
    };
    let followed: BTreeSet<u32> = member.records.iter().filter_map(begun).collect();
    let is_key = |name: &&ObjectName| match name {
        ObjectName::DeviceKey { epoch, .. } | ObjectName::RecoveryKey { epoch, .. } => {
            followed.contains(epoch)
        }
        _ => false,
    };
    let records = missing.iter().filter(|name| member.records.contains(name));
    for name in missing.iter().filter(is_key).chain(records) {
        copied.put(name, &steady(old, name)?, new)?;
    }
    Ok(())
}

fn names(store: &dyn Store, prefix: &str) -> Result<BTreeSet<ObjectName>, StoreError> {
    Ok(store.list(prefix)?.into_iter().map(|listed| listed.name).collect())
}

/// What the old place has and the new one lacks.
fn lacking(prefix: &str, old: &dyn Store, new: &dyn Store) -> Result<Vec<ObjectName>, StoreError> {
    let there = names(new, prefix)?;
    Ok(names(old, prefix)?.into_iter().filter(|name| !there.contains(name)).collect())
}

impl Copied {
    /// Puts an object that only this device has to compare it with.
    pub(super) fn put_own(
        &mut self,
        name: &ObjectName,
        object: &Sealed,
        new: &dyn Store,
    ) -> Result<(), Trouble> {
        match new.get(name) {
            Ok(there) if there == *object => Ok(()),
            Ok(_) => Err(differs(name, new).into()),
            Err(StoreError::Missing(_)) => self.put(name, object, new),
            Err(error) => Err(error.into()),
        }
    }

    fn put(&mut self, name: &ObjectName, object: &Sealed, new: &dyn Store) -> Result<(), Trouble> {
        new.put_new(name, object)?;
        compare(name, object, new)?;
        self.objects += 1;
        self.copied += 1;
        self.bytes += object.as_bytes().len() as u64;
        Ok(())
    }
}

/// In which order objects are copied; `None`: they stay.
fn rank(name: &ObjectName) -> Option<u8> {
    match name {
        ObjectName::Moved { .. } | ObjectName::Probe { .. } => None,
        ObjectName::Part { .. } => Some(1),
        ObjectName::Unit { .. } => Some(2),
        ObjectName::StoreRecord => Some(3),
        _ => Some(0),
    }
}

/// Runs of objects of one rank that are not too much at once.
fn batches(objects: &[Listed]) -> Vec<&[Listed]> {
    let (mut cuts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, listed) in objects.iter().enumerate() {
        bytes += listed.size;
        let same = rank(&listed.name) == rank(&objects[start].name);
        if at > start && (!same || bytes > BATCH) {
            cuts.push(&objects[start..at]);
            (start, bytes) = (at, listed.size);
        }
    }
    if start < objects.len() {
        cuts.push(&objects[start..]);
    }
    cuts
}

fn copy_batch(
    batch: &[Listed],
    there: &BTreeSet<ObjectName>,
    old: &dyn Store,
    new: &dyn Store,
    copied: &mut Copied,
) -> Result<(), Trouble> {
    let (mut fresh, mut known) = (Vec::new(), Vec::new());
    for Listed { name, .. } in batch {
        match steady(old, name) {
            Ok(object) if there.contains(name) => known.push((name.clone(), object)),
            Ok(object) => fresh.push((name.clone(), object)),
            // Another device has removed it meanwhile.
            Err(StoreError::Missing(_)) => {}
            Err(StoreError::TooBig { name, size }) => copied.notes.push(left(&name, size)),
            Err(error) => return Err(error.into()),
        }
    }
    new.put_batch(&fresh).map_err(|error| put_failed(error, new))?;
    for (name, object) in fresh.iter().chain(&known) {
        compare(name, object, new)?;
    }
    copied.objects += (fresh.len() + known.len()) as u64;
    copied.copied += fresh.len() as u64;
    copied.bytes += fresh.iter().map(|(_, object)| object.as_bytes().len() as u64).sum::<u64>();
    Ok(())
}

fn compare(name: &ObjectName, object: &Sealed, new: &dyn Store) -> Result<(), Trouble> {
    if new.get(name)? == *object { Ok(()) } else { Err(differs(name, new).into()) }
}

fn put_failed(error: StoreError, new: &dyn Store) -> Trouble {
    match error {
        StoreError::Exists(name) => differs(&name, new).into(),
        error => error.into(),
    }
}

fn differs(name: &ObjectName, new: &dyn Store) -> Refusal {
    Refusal::new(
        "convosync::store::differs",
        format!("{} has other bytes under `{name}` than the store here", new.describe()),
    )
    .help("the store stays where it is; move it to an empty place, or see what is wrong with that disk")
    .argument(super::TO)
}

fn left(name: &ObjectName, size: u64) -> Note {
    Note {
        code: "convosync::store::too-big".to_owned(),
        text: format!("`{name}` was left where it is: it has {size} bytes, more than any object"),
        help: Some("it was not made by ConvoSync".to_owned()),
    }
}
