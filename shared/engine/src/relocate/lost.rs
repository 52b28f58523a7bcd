//! `convosync store move URL --lost`: the store is gone for good, and another one is filled from what
//! this device has: the account, the saves that it keeps whole, pins and deletions.
//!
//! What it lacks other devices put there with the same command. With the URL of the store that there
//! is, what was deleted of it is put back. Each step can be done again; the store record comes last, as
//! ever.

use std::collections::BTreeSet;

use convosync_core::{ObjectName, SaveId, SealError, Sealed, SessionId, StoreRecord};
use convosync_core::{seal_device_key, seal_recovery_copy};
use convosync_wire::{MoveReport, Note};

use super::copy::Copied;
use super::{TO, report_of};
use crate::account::LOCK_WAIT;
use crate::address::shown;
use crate::count::counted;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Store, StoreError, Table};
use crate::shelf::Shelf;
use crate::trouble::{Refusal, Trouble};

impl Engine<'_> {
    /// Goes on in another place, of which the old one knows nothing.
    pub(super) fn replace_store(
        &self,
        before: &Member,
        url: String,
    ) -> Result<MoveReport, Trouble> {
        // What was deleted in part only is filled where it is.
        if before.profile.store_url != url {
            match self.reach_store(&before.profile) {
                Ok(old) => return Err(is_there(old.as_ref()).into()),
                Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
                Err(_) => {}
            }
        }
        let _lock = self.ports.locks.acquire("send", LOCK_WAIT)?;
        let member = self.need_member()?;
        let new = self.ports.stores.open(&url, true)?;
        let record = self.store_record(new.as_ref())?;
        match &record {
            Some(record) => record
                .matches(&member.profile.account)
                .map_err(|error| Trouble::Object { name: ObjectName::StoreRecord, error })?,
            None => self.probe(new.as_ref(), TO)?,
        }
        let mut copied = self.fill(&member, new.as_ref())?;
        if record.is_none() {
            let record = StoreRecord::new(&member.profile.account).encode();
            copied.put_own(&ObjectName::StoreRecord, &record, new.as_ref())?;
        }
        copied.notes.extend(self.forget_what_is_nowhere(new.as_ref())?);
        copied.notes.extend(others(&member, new.as_ref(), &url));
        let from = shown(&member.profile.store_url);
        self.use_store(&member, url)?;
        Ok(MoveReport {
            other_devices: Vec::new(),
            lost: true,
            ..report_of(from, true, &member, new.as_ref(), copied)
        })
    }

    /// Puts what this device has of the account into a store.
    fn fill(&self, member: &Member, new: &dyn Store) -> Result<Copied, Trouble> {
        self.step("Filling the new store")?;
        let mut copied = Copied::default();
        for (name, object) in self.account_here(member)? {
            copied.put_own(&name, &object, new)?;
        }
        self.enter(&member.profile, new)?;
        for (name, object) in self.keys_for_all(member, new)? {
            copied.put_own(&name, &object, new)?;
        }
        for (session, save) in self.kept_whole(member)? {
            self.step("Copying saves")?;
            self.put_save(member, new, (&session, &save), &mut copied)?;
        }
        copied.objects = new.list("v1/")?.len() as u64;
        Ok(copied)
    }

    /// Entries of devices, records of epochs, pins and deletions, as they were in the store.
    fn account_here(&self, member: &Member) -> Result<Vec<(ObjectName, Sealed)>, Trouble> {
        let mut objects = Vec::new();
        for table in [Table::Devices, Table::Retention] {
            for (name, object) in self.ports.index.all(table)? {
                objects.extend(name.parse().ok().map(|name| (name, object)));
            }
        }
        for record in &member.records {
            match self.ports.cache.get(record) {
                Ok(object) => objects.push((record.clone(), object)),
                Err(StoreError::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(objects)
    }

    /// The present key for every device of the account and for the recovery words, unless the store
    /// has them.
    fn keys_for_all(
        &self,
        member: &Member,
        new: &dyn Store,
    ) -> Result<Vec<(ObjectName, Sealed)>, Trouble> {
        let (profile, hash) = (&member.profile, member.devices.hash());
        let now = profile.account.epoch;
        let (mut devices, mut recovery) = (BTreeSet::new(), false);
        for listed in new.list(ObjectName::KEYS)? {
            match listed.name {
                ObjectName::DeviceKey { epoch, device, .. } if epoch == now => {
                    devices.insert(device);
                }
                ObjectName::RecoveryKey { epoch, .. } if epoch == now => recovery = true,
                _ => {}
            }
        }
        let mut keys = Vec::new();
        // The first key is with every device since it joined.
        let without = member.devices.iter().filter(|(id, _)| now > 1 && !devices.contains(*id));
        for to in without.filter(|(id, _)| member.is_active(id)) {
            keys.push(seal_device_key(profile, hash, to, &mut self.random()).map_err(no_key)?);
        }
        if !recovery && profile.account.recovery.is_some() {
            keys.push(seal_recovery_copy(profile, hash, &mut self.random()).map_err(no_key)?);
        }
        Ok(keys)
    }

    /// The saves that this device has with all that they refer to.
    fn kept_whole(&self, member: &Member) -> Result<Vec<(SessionId, SaveId)>, Trouble> {
        let mut whole = Vec::new();
        for listed in self.ports.cache.list(ObjectName::UNITS)? {
            let ObjectName::Unit { session, save } = listed.name else { continue };
            if Shelf::new(self, member, None).is_whole(&session, &save) {
                whole.push((session, save));
            }
        }
        Ok(whole)
    }

    fn put_save(
        &self,
        member: &Member,
        new: &dyn Store,
        (session, save): (&SessionId, &SaveId),
        copied: &mut Copied,
    ) -> Result<(), Trouble> {
        let mut shelf = Shelf::new(self, member, None);
        let open = shelf.save(session, save)?;
        for name in open.manifest.containers().iter().chain([&open.name]) {
            copied.put_own(name, &shelf.whole(name)?, new)?;
        }
        Ok(())
    }

    /// Forgets the saves that were in the old store and are not in the new one, until another device
    /// puts them there.
    fn forget_what_is_nowhere(&self, new: &dyn Store) -> Result<Option<Note>, Trouble> {
        let there: BTreeSet<_> =
            new.list(ObjectName::UNITS)?.into_iter().map(|listed| listed.name).collect();
        let queued: BTreeSet<SaveId> =
            self.ports.index.queue()?.into_iter().map(|row| row.save).collect();
        let mut gone = Vec::new();
        for stored in self.ports.index.cards()? {
            let (session, save) = (stored.session, stored.save);
            let name = ObjectName::Unit { session: session.clone(), save: save.clone() };
            if !there.contains(&name) && !queued.contains(&save) {
                gone.push(IndexChange::DropCard(session, save));
            }
        }
        self.ports.index.apply(&gone)?;
        Ok((!gone.is_empty()).then(|| not_here(gone.len() as u64)))
    }
}

fn is_there(old: &dyn Store) -> Refusal {
    Refusal::new(
        "convosync::store::not-lost",
        format!("{} is there, and holds the account", old.describe()),
    )
    .help("move it without `--lost`: then everything is copied, and other devices follow")
    .argument("lost")
}

fn no_key(error: SealError) -> Refusal {
    Refusal::new("convosync::key::receiver", format!("the key can't be sealed: {error}"))
        .help("nothing was changed")
}

fn not_here(saves: u64) -> Note {
    Note {
        code: "convosync::store::lost-saves".to_owned(),
        text: format!("{} of the lost store are not on this device", counted(saves, "save")),
        help: Some("another device that has them puts them back with the same command".to_owned()),
    }
}

fn others(member: &Member, new: &dyn Store, url: &str) -> Option<Note> {
    let names = member.others();
    (!names.is_empty()).then(|| Note {
        code: "convosync::store::tell-others".to_owned(),
        text: format!("{} can't hear of {} by themselves", names.join(", "), new.describe()),
        help: Some(format!("run `convosync store move {} --lost` on each", shown(url))),
    })
}
