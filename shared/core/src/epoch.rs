//! Epochs of the account's key: who is of the account, who no longer is, and since when.
//!
//! A new epoch has a new master key, and a signed record that names every device that gets it, and
//! for each that does not what is still accepted of it. Epoch 1 has no record: whoever has its key
//! is of the account. Everything here is a decision over records that were opened already.

use std::collections::{BTreeMap, BTreeSet};

use crate::devices::Devices;
use crate::id::{DeviceId, SaveId, SessionId};
use crate::vector::VectorEntry;

/// The last save of a device that is accepted, for each session that it saved in.
///
/// A device's saves in one session are one line: an older one that turns up later is covered by the
/// one named here, so it never becomes a head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted(pub BTreeMap<SessionId, VectorEntry>);

impl Accepted {
    /// Whether this save of the device is accepted.
    #[must_use]
    pub fn holds(&self, session: &SessionId, save: &SaveId) -> bool {
        self.0.get(session).is_some_and(|last| {
            last.seq > save.seq() || (last.seq == save.seq() && last.rand == save.rand())
        })
    }

    fn join(&mut self, other: &Self) {
        for (session, entry) in &other.0 {
            let last = self.0.entry(session.clone()).or_insert_with(|| entry.clone());
            if *last < *entry {
                *last = entry.clone();
            }
        }
    }
}

/// A device that is no longer of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Its name then.
    pub name: String,
    /// The first epoch without it.
    pub epoch: u32,
    /// What it had saved until then.
    pub accepted: Accepted,
}

/// The record of an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochRecord {
    /// The epoch that it begins, from 2.
    pub epoch: u32,
    /// The device that began it.
    pub author: DeviceId,
    /// When, milliseconds since 1970 by that device's clock.
    pub made_ms: i64,
    /// What only the epoch's key gives, see [`crate::key_id`].
    pub key_id: [u8; 16],
    /// The devices that get the key.
    pub active: Devices,
    /// Every device that was ever revoked.
    pub revoked: BTreeMap<DeviceId, Revoked>,
    /// X25519 public half of the recovery key.
    pub recovery: Option<[u8; 32]>,
}

impl EpochRecord {
    /// Where the author stands among those that begin the same epoch at the same time: the device
    /// that joined first goes first. Nothing in it can be chosen afterwards.
    fn rank(&self) -> (i64, &DeviceId, &[u8; 16]) {
        let joined = self.active.get(&self.author).map_or(i64::MAX, |entry| entry.joined_ms);
        (joined, &self.author, &self.key_id)
    }
}

/// What a device is to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// One of it.
    Active,
    /// Known, and neither named by the newest record nor joined since: it joined while the record
    /// was made, or somebody only says that it did. It has to join again.
    Unlisted,
    /// Revoked.
    Revoked,
}

/// The records that are accepted, and what follows from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Epochs {
    /// By epoch; those that were made at the same time by rank, the first of which counts.
    records: BTreeMap<u32, Vec<EpochRecord>>,
    /// The newest epoch under whose key each device told of itself.
    entered: BTreeMap<DeviceId, u32>,
    revoked: BTreeMap<DeviceId, Revoked>,
}

impl Epochs {
    /// Notes that a device's entry is sealed under the key of this epoch: it had the key.
    pub fn enter(&mut self, device: &DeviceId, epoch: u32) {
        let newest = self.entered.entry(device.clone()).or_default();
        *newest = epoch.max(*newest);
    }

    /// Takes in records of one epoch, and gives those that are refused.
    ///
    /// `held`: keys that this device follows already; what it accepted once stays accepted, and
    /// somebody whom that record leaves out can begin nothing any more. Of records that were made
    /// at the same time each is accepted whose author the others do not leave out, so that a device
    /// that one of them revokes stays revoked whichever counts.
    ///
    /// The epoch before must have been taken in.
    pub fn take(
        &mut self,
        epoch: u32,
        held: &BTreeSet<[u8; 16]>,
        mut records: Vec<EpochRecord>,
    ) -> Vec<EpochRecord> {
        records.sort_by(|a, b| {
            (!held.contains(&a.key_id), a.rank()).cmp(&(!held.contains(&b.key_id), b.rank()))
        });
        let before = epoch.saturating_sub(1);
        let mut refused = Vec::new();
        for record in records {
            let known = self.records.get(&epoch).into_iter().flatten();
            if known.clone().any(|known| known.key_id == record.key_id) {
                continue;
            }
            let listed = known.clone().all(|known| known.active.get(&record.author).is_some());
            let fits = record.epoch == epoch && record.active.get(&record.author).is_some();
            if fits && listed && self.may_begin(&record.author, before) {
                self.accept(record);
            } else {
                refused.push(record);
            }
        }
        refused
    }

    fn may_begin(&self, author: &DeviceId, before: u32) -> bool {
        let listed = || {
            let mut records = self.records.get(&before).into_iter().flatten();
            records.any(|record| record.active.get(author).is_some())
        };
        let entered = || self.entered.get(author).is_some_and(|epoch| *epoch >= before);
        let reached = before == 1 || self.records.contains_key(&before);
        !self.revoked.contains_key(author) && reached && (before == 1 || listed() || entered())
    }

    fn accept(&mut self, record: EpochRecord) {
        for (device, revoked) in &record.revoked {
            let known = self.revoked.entry(device.clone()).or_insert_with(|| revoked.clone());
            known.accepted.join(&revoked.accepted);
        }
        let records = self.records.entry(record.epoch).or_default();
        records.push(record);
        records.sort_by(|a, b| a.rank().cmp(&b.rank()));
    }

    /// The newest epoch; 1 if there is no record.
    #[must_use]
    pub fn newest(&self) -> u32 {
        self.records.keys().next_back().copied().unwrap_or(1)
    }

    /// The record of the newest epoch that counts, if there is one.
    #[must_use]
    pub fn present(&self) -> Option<&EpochRecord> {
        self.records.values().next_back()?.first()
    }

    /// Every record of an epoch that is accepted, the one that counts first.
    #[must_use]
    pub fn of(&self, epoch: u32) -> &[EpochRecord] {
        self.records.get(&epoch).map_or(&[], Vec::as_slice)
    }

    /// Whether rotations that were made at the same time need one more epoch: the key that counts
    /// may have gone to a device that another one of them revoked, or that one named a new recovery
    /// key.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        let Some(present) = self.present() else { return false };
        let revoked = self.revoked.keys().all(|device| present.revoked.contains_key(device));
        !revoked || present.recovery != self.recovery()
    }

    /// The recovery key that counts: of rotations at the same time, one that changed it.
    #[must_use]
    pub fn recovery(&self) -> Option<[u8; 32]> {
        let present = self.present()?;
        let before = self.of(present.epoch.saturating_sub(1)).first().map(|record| record.recovery);
        let newest = self.of(present.epoch);
        let changed = newest.iter().find(|record| before.is_some_and(|old| record.recovery != old));
        changed.unwrap_or(present).recovery
    }

    /// Every device that was revoked.
    #[must_use]
    pub fn revoked(&self) -> &BTreeMap<DeviceId, Revoked> {
        &self.revoked
    }

    /// What a device is to the account.
    #[must_use]
    pub fn membership(&self, device: &DeviceId) -> Membership {
        if self.revoked.contains_key(device) {
            return Membership::Revoked;
        }
        let newest = self.newest();
        let mut records = self.of(newest).iter();
        let listed = records.any(|record| record.active.get(device).is_some());
        let entered = self.entered.get(device).is_some_and(|epoch| *epoch >= newest);
        if newest == 1 || listed || entered { Membership::Active } else { Membership::Unlisted }
    }

    /// Whether a save counts: not if it was made by a device after that was revoked, or by one that
    /// is not of the account.
    #[must_use]
    pub fn accepts(&self, session: &SessionId, save: &SaveId) -> bool {
        match self.membership(save.device()) {
            Membership::Active => true,
            Membership::Unlisted => false,
            Membership::Revoked => {
                let revoked = self.revoked.get(save.device());
                revoked.is_some_and(|revoked| revoked.accepted.holds(session, save))
            }
        }
    }
}

#[cfg(test)]
mod tests;
