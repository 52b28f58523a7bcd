//! Following epochs: which records are believed, and taking the keys that they name.

use std::collections::BTreeSet;

use convosync_core::{
    Account, EpochKey, EpochRecord, Epochs, Membership, ObjectName, Sealed, key_id, open_device_key,
};

use super::walk::{Walk, Walked, epoch_of};
use crate::account::LOCK_WAIT;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::Store;
use crate::trouble::{Refusal, Trouble};

impl Engine<'_> {
    /// The epoch records that this device accepted before, which it keeps in its cache.
    pub(crate) fn recall_epochs(&self, member: &mut Member) -> Result<(), Trouble> {
        let mut records = Vec::new();
        for listed in self.ports.cache.list(ObjectName::KEYS)? {
            if is_record(&listed.name)
                && let Ok(sealed) = self.ports.cache.get(&listed.name)
            {
                records.push((listed.name, sealed));
            }
        }
        // One that is not believed any more is looked for in the store again.
        let walked = walk(member, &[], &records, true);
        member.records.extend(walked.accepted);
        Ok(())
    }

    /// Learns of new epochs from the store, and takes their keys: what is sealed from now on is
    /// sealed under the newest one. Gives what was not believed.
    ///
    /// # Errors
    ///
    /// A refusal if this device was revoked or left out, or if the store hides an epoch that this
    /// device has seen: nothing is written to it then.
    pub(crate) fn follow_epochs(
        &self,
        member: &mut Member,
        store: &dyn Store,
    ) -> Result<Vec<String>, Trouble> {
        let names: Vec<_> =
            store.list(ObjectName::KEYS)?.into_iter().map(|listed| listed.name).collect();
        refuse_hidden(member, &names)?;
        let mut fresh = Vec::new();
        for name in names.iter().filter(|name| is_record(name)) {
            if !member.records.contains(name) {
                fresh.push((name.clone(), store.get(name)?));
            }
        }
        let rings = match fresh.is_empty() && member.has_present_key() {
            true => Vec::new(),
            false => self.rings_for_us(member, store, &names)?,
        };
        let refused = self.adopt(member, &fresh, &rings)?;
        if member.is_passed_by(&fresh, &names) {
            return Err(left_out(&member.profile.device.name).into());
        }
        Ok(refused)
    }

    /// The account as it was sealed to this device, once for each key that it does not have yet.
    /// Nothing of it is believed before a record names it.
    fn rings_for_us(
        &self,
        member: &Member,
        store: &dyn Store,
        names: &[ObjectName],
    ) -> Result<Vec<Account>, Trouble> {
        let profile = &member.profile;
        let for_us = |name: &&ObjectName| {
            matches!(name, ObjectName::DeviceKey { device, epoch, .. }
                if *device == profile.device.id && *epoch >= profile.account.epoch)
        };
        let mut rings = Vec::new();
        for name in names.iter().filter(for_us) {
            let sealed = store.get(name)?;
            rings.extend(open_device_key(profile, name, &sealed).ok());
        }
        Ok(rings)
    }

    /// Takes in records and the keys that they name.
    ///
    /// # Errors
    ///
    /// A refusal, before anything is kept, if nothing tells which of them are true, or if the one
    /// of this device's key is not there.
    pub(super) fn adopt(
        &self,
        member: &mut Member,
        fresh: &[(ObjectName, Sealed)],
        rings: &[Account],
    ) -> Result<Vec<String>, Trouble> {
        let walked = walk(member, rings, fresh, false);
        walked.refuse_dispute(&member.epochs)?;
        if member.epochs.newest() < member.profile.account.epoch {
            return Err(hidden(member.profile.account.epoch).into());
        }
        member.records.extend(walked.accepted);
        for (name, sealed) in fresh.iter().filter(|(name, _)| member.records.contains(name)) {
            // Kept for good: a store that hides it later is found out.
            self.keep(name, sealed)?;
        }
        member.refuse_left_out()?;
        self.take_keys(member, rings)?;
        Ok(walked.refused)
    }

    /// Puts the keys that accepted records name into the key file.
    ///
    /// Of a ring with the present key everything: only who is of the account can have sealed that,
    /// and something may be sealed under a key whose record is followed no more.
    fn take_keys(&self, member: &mut Member, rings: &[Account]) -> Result<(), Trouble> {
        let Some(present) = member.epochs.present() else { return Ok(()) };
        let named: BTreeSet<[u8; 16]> = (2..=present.epoch)
            .flat_map(|epoch| member.epochs.of(epoch))
            .map(|record| record.key_id)
            .collect();
        let ours = &member.profile.account;
        let id = |key: &EpochKey| key_id(&ours.only(key));
        let mut wanted: Vec<_> = ours.keys().filter(|key| named.contains(&id(key))).collect();
        for ring in rings {
            let of_present = key_id(ring) == present.key_id;
            wanted.extend(ring.keys().filter(|key| of_present || named.contains(&id(key))));
        }
        let now = wanted.iter().find(|key| id(key) == present.key_id);
        // Without it the key file stays as it is: the object with the key is still arriving.
        let Some(now) = now else { return Ok(()) };
        let account = moved(member.profile.account.clone(), &wanted, now, &member.epochs);
        if account == member.profile.account {
            return Ok(());
        }
        let _lock = self.ports.locks.acquire("keys", LOCK_WAIT)?;
        let Some(mut profile) = self.ports.vault.load()? else { return Ok(()) };
        let ours = &member.profile;
        if profile.account.id != ours.account.id || profile.device.id != ours.device.id {
            return Ok(());
        }
        profile.account = moved(profile.account, &wanted, now, &member.epochs);
        self.ports.vault.store(&profile)?;
        member.profile = profile;
        Ok(())
    }
}

impl Member {
    /// Whether this device has the key of the newest epoch that it knows of.
    pub(crate) fn has_present_key(&self) -> bool {
        let id = key_id(&self.profile.account);
        self.epochs.present().is_none_or(|record| record.key_id == id)
    }

    /// Whether its key is of a later epoch than every record that it has followed.
    fn is_ahead(&self) -> bool {
        self.profile.account.epoch > self.epochs.newest()
    }

    /// Whether the account went on without this device: of keys that were made at the same time one
    /// counts that it was not given, and a later one on top of that was given to others. Until there is
    /// one, who has both may still make one for all.
    fn is_passed_by(&self, records: &[(ObjectName, Sealed)], names: &[ObjectName]) -> bool {
        let me = &self.profile.device.id;
        let leaves_us_out = |record: &EpochRecord| record.active.get(me).is_none();
        if self.has_present_key() || !self.epochs.present().is_some_and(leaves_us_out) {
            return false;
        }
        let given = |to_us: bool, of: u32| {
            names.iter().any(|name| match name {
                ObjectName::DeviceKey { device, epoch, .. } => {
                    *epoch == of && (device == me) == to_us
                }
                _ => false,
            })
        };
        let later = records.iter().filter_map(|(name, _)| epoch_of(name));
        let mut later = later.filter(|epoch| *epoch > self.epochs.newest());
        later.any(|epoch| given(false, epoch) && !given(true, epoch))
    }

    /// Refuses if this device is no longer one of the account, as far as it knows.
    pub(crate) fn refuse_left_out(&self) -> Result<(), Refusal> {
        match self.epochs.membership(&self.profile.device.id) {
            Membership::Active => Ok(()),
            // It has the key, so it only has to say that it is there. A later one than it knows
            // records of: it joined again, and has not followed them yet.
            Membership::Unlisted if self.has_present_key() || self.is_ahead() => Ok(()),
            Membership::Unlisted => Err(left_out(&self.profile.device.name)),
            Membership::Revoked => Err(self.revoked()),
        }
    }

    fn revoked(&self) -> Refusal {
        let me = &self.profile.device;
        let records = (2..=self.epochs.newest()).flat_map(|epoch| self.epochs.of(epoch));
        let first = records.into_iter().find(|record| record.revoked.contains_key(&me.id));
        let author = first.and_then(|record| self.devices.get(&record.author));
        let by = author.map(|entry| format!(" by {}", entry.name)).unwrap_or_default();
        Refusal::new(
            "convosync::device::revoked",
            format!(
                "this device ({}) was revoked{by}\n\
                 What it has not sent stays on it, and is not sent.",
                me.name
            ),
        )
        .help("if that was a mistake, join again as a new device: `convosync device join`")
    }
}

fn left_out(name: &str) -> Refusal {
    Refusal::new(
        "convosync::device::left-out",
        format!("the account has a new key, and this device ({name}) was not given it"),
    )
    .help("join again: `convosync device join`, and approve it on another device; what it saved stays")
}

/// The account with these keys, and this one as the present one unless it has a later one.
fn moved(mut account: Account, wanted: &[EpochKey], now: &EpochKey, epochs: &Epochs) -> Account {
    for key in wanted {
        account.learn(key.clone());
    }
    let is_now = account.epoch == now.epoch && account.master == now.key;
    if !is_now && now.epoch >= account.epoch {
        account.move_to(now.clone());
    }
    account.recovery = epochs.recovery().or(account.recovery);
    account
}

/// A store that had the record of this device's epoch and no longer shows it went back.
fn refuse_hidden(member: &Member, names: &[ObjectName]) -> Result<(), Refusal> {
    let epoch = member.profile.account.epoch.max(member.epochs.newest());
    let shown =
        |name: &ObjectName| matches!(name, ObjectName::Epoch { epoch: of, .. } if *of == epoch);
    if epoch == 1 || names.iter().any(shown) {
        return Ok(());
    }
    Err(hidden(epoch))
}

fn hidden(epoch: u32) -> Refusal {
    Refusal::new(
        "convosync::store::epoch-went-back",
        format!("the store no longer has the record of the account's key number {epoch}, which this device has seen"),
    )
    .help("was the store restored from an older copy, or is a synchronised folder behind? Put `v1/keys` back from a newer copy; your saves wait on this device")
}

pub(super) fn is_record(name: &ObjectName) -> bool {
    matches!(name, ObjectName::Epoch { .. })
}

/// Follows records from what a device has already.
fn walk(
    member: &mut Member,
    rings: &[Account],
    records: &[(ObjectName, Sealed)],
    followed: bool,
) -> Walked {
    let ring = member.profile.account.clone();
    let present = EpochKey { epoch: ring.epoch, key: ring.master.clone() };
    let offered = rings.iter().flat_map(Account::keys).collect();
    let (devices, epochs) = (&mut member.devices, &mut member.epochs);
    let mut walk = Walk { devices, epochs, ring, offered };
    if present.epoch > 1 {
        walk.anchor(&present, records);
    }
    walk.follow(records, followed, &mut |_| {})
}
