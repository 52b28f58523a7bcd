//! Epochs of the account's key: who is of the account, who no longer is, and since when.
//!
//! A new epoch has a new master key, and a signed record that names every device that gets it, and
//! for each that does not what is still accepted of it. Epoch 1 has no record: whoever has its key
//! is of the account. Everything here is a decision over records that were opened already.

use std::collections::{BTreeMap, BTreeSet};

use crate::devices::Devices;
use crate::id::{DeviceId, SaveId, SessionId};
use crate::vector::VectorEntry;

/// The saves of a revoked device that are accepted: every one that whoever revoked it knew of.
///
/// They are named one by one. The last one of each session would not do: the device still has its
/// key, so it could sign another save with an older count, whose vector claims everybody's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted(pub BTreeMap<SessionId, BTreeSet<VectorEntry>>);

impl Accepted {
    /// Accepts a save of the device.
    pub fn add(&mut self, session: SessionId, save: VectorEntry) {
        self.0.entry(session).or_default().insert(save);
    }

    /// Whether this save of the device is accepted.
    #[must_use]
    pub fn holds(&self, session: &SessionId, save: &SaveId) -> bool {
        let entry = VectorEntry { seq: save.seq(), rand: save.rand().to_owned() };
        self.0.get(session).is_some_and(|saves| saves.contains(&entry))
    }

    fn join(&mut self, other: &Self) {
        for (session, saves) in &other.0 {
            self.0.entry(session.clone()).or_default().extend(saves.iter().cloned());
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
    /// What proves that the author has the epoch's key, see [`crate::confirm`]. Nobody can check it
    /// without that key.
    pub confirmed: Option<[u8; 32]>,
}

impl EpochRecord {
    /// Whether this device gets no key by the record.
    fn leaves_out(&self, device: &DeviceId) -> bool {
        self.revoked.contains_key(device) || self.active.get(device).is_none()
    }

    /// Whether it can't be true along with another one of the same epoch, as far as somebody can
    /// tell who knows neither of the authors better: one of them leaves the other's author out, or
    /// they say different things of one key.
    fn contradicts(&self, other: &Self) -> bool {
        self.leaves_out(&other.author)
            || other.leaves_out(&self.author)
            || self.key_id == other.key_id
    }
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is followed.
    Accepted,
    /// It says nothing that the record of a key which this device was given does not say.
    Outdated,
    /// Its author may not begin an epoch: that is certain.
    Refused,
    /// It, or one that it contradicts, is false, and nothing tells which.
    Disputed,
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
    /// By epoch; those that were made at the same time in the order in which they count.
    records: BTreeMap<u32, Vec<EpochRecord>>,
    /// The record of the key that this device was given by somebody it trusts, or had already.
    anchor: Option<EpochRecord>,
    /// Key ids of records that were accepted just now and followed by nobody yet.
    fresh: BTreeSet<[u8; 16]>,
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

    /// Believes the record of the newest key that this device has from somebody it trusts, if no
    /// such record is believed yet. It has to be confirmed by that key, which whoever it revokes
    /// never had. All that was before is in it.
    pub fn anchor(&mut self, record: EpochRecord) {
        if self.anchor.is_none() {
            self.anchor = Some(record.clone());
            self.accept(record);
        }
    }

    /// Whether there is such a record.
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        self.anchor.is_some()
    }

    /// Takes in records that this device has followed before.
    pub fn recall(&mut self, epoch: u32, records: Vec<EpochRecord>) -> Vec<Verdict> {
        self.judge(epoch, records, true)
    }

    /// Takes in records of one epoch, and says of each what becomes of it.
    ///
    /// What this device follows already stays: somebody whom that leaves out can begin nothing any
    /// more. Of records that are all new to it those are accepted that leave each other's authors
    /// in, so that a device which one of them revokes stays revoked whichever counts. If one leaves
    /// out the other's author, none is: a revoked device can make one as well as anybody, and what
    /// it says of itself, its time of joining too, proves nothing.
    ///
    /// The epoch before must have been taken in.
    pub fn take(&mut self, epoch: u32, records: Vec<EpochRecord>) -> Vec<Verdict> {
        self.judge(epoch, records, false)
    }

    fn judge(&mut self, epoch: u32, records: Vec<EpochRecord>, followed: bool) -> Vec<Verdict> {
        let mut verdicts: Vec<_> = records.iter().map(|record| self.alone(epoch, record)).collect();
        if !followed {
            let open: Vec<_> = (0..records.len())
                .filter(|at| matches!(verdicts[*at], Verdict::Accepted | Verdict::Disputed))
                .collect();
            for (at, other) in open.iter().flat_map(|at| open.iter().map(move |b| (*at, *b))) {
                if records[at] != records[other] && records[at].contradicts(&records[other]) {
                    verdicts[at] = Verdict::Disputed;
                }
            }
        }
        for (record, verdict) in records.into_iter().zip(&mut verdicts) {
            if followed && *verdict == Verdict::Disputed {
                *verdict = Verdict::Accepted;
            }
            if *verdict == Verdict::Accepted && !self.of(epoch).contains(&record) {
                if !followed {
                    self.fresh.insert(record.key_id);
                }
                self.accept(record);
            }
        }
        verdicts
    }

    /// What is to be said of a record besides the others that come with it.
    fn alone(&self, epoch: u32, record: &EpochRecord) -> Verdict {
        match self.by_itself(epoch, record) {
            Verdict::Accepted => Verdict::Accepted,
            _ if self.is_outdated(record) => Verdict::Outdated,
            verdict => verdict,
        }
    }

    fn by_itself(&self, epoch: u32, record: &EpochRecord) -> Verdict {
        let (author, known) = (&record.author, self.of(epoch));
        if known.contains(record) {
            return Verdict::Accepted;
        }
        let at_odds =
            known.iter().find(|known| known.leaves_out(author) || known.key_id == record.key_id);
        if record.epoch != epoch || record.leaves_out(author) {
            Verdict::Refused
        } else if self.revoked.contains_key(author) {
            if self.surely_revoked(author) { Verdict::Refused } else { Verdict::Disputed }
        } else if let Some(known) = at_odds {
            let surely = !self.fresh.contains(&known.key_id);
            if surely { Verdict::Refused } else { Verdict::Disputed }
        } else if self.may_begin(author, epoch) {
            Verdict::Accepted
        } else {
            Verdict::Refused
        }
    }

    fn is_outdated(&self, record: &EpochRecord) -> bool {
        let anchor = self.anchor.as_ref().filter(|anchor| record.epoch < anchor.epoch);
        anchor.is_some() && record.revoked.keys().all(|device| self.revoked.contains_key(device))
    }

    fn surely_revoked(&self, device: &DeviceId) -> bool {
        let mut followed =
            self.records.values().flatten().filter(|record| !self.fresh.contains(&record.key_id));
        followed.any(|record| record.revoked.contains_key(device))
    }

    fn may_begin(&self, author: &DeviceId, epoch: u32) -> bool {
        if let Some(anchor) = self.anchor.as_ref().filter(|anchor| epoch <= anchor.epoch) {
            return anchor.active.get(author).is_some();
        }
        let before = epoch.saturating_sub(1);
        let listed = self.of(before).iter().any(|record| record.active.get(author).is_some());
        let entered = self.entered.get(author).is_some_and(|epoch| *epoch >= before);
        before == 1 || (self.records.contains_key(&before) && (listed || entered))
    }

    fn accept(&mut self, record: EpochRecord) {
        for (device, revoked) in &record.revoked {
            let known = self.revoked.entry(device.clone()).or_insert_with(|| revoked.clone());
            known.accepted.join(&revoked.accepted);
        }
        self.records.entry(record.epoch).or_default().push(record);
        // In an order that each device comes to, whatever it saw first.
        let revoked = &self.revoked;
        for records in self.records.values_mut() {
            records.sort_by_key(|record| {
                (revoked.contains_key(&record.author), record.author.clone(), record.key_id)
            });
        }
    }

    /// Whether a record that was accepted just now is by a device that another one revokes, and
    /// revokes somebody whom the present one does not: it may have been made long after.
    #[must_use]
    pub fn is_contested(&self) -> bool {
        let Some(present) = self.present() else { return false };
        let mut doubtful = self.records.values().flatten().filter(|record| {
            self.fresh.contains(&record.key_id) && self.revoked.contains_key(&record.author)
        });
        doubtful.any(|record| record.revoked.keys().any(|it| !present.revoked.contains_key(it)))
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
    /// key, or something may be sealed under the key of a device that the others follow no more.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        let Some(present) = self.present() else { return false };
        let revoked = self.revoked.keys().all(|device| present.revoked.contains_key(device));
        let mut newest = self.of(present.epoch).iter();
        let followed = newest.all(|record| !self.revoked.contains_key(&record.author));
        !revoked || !followed || present.recovery != self.recovery()
    }

    /// The recovery key that counts: of rotations at the same time, one that changed it.
    #[must_use]
    pub fn recovery(&self) -> Option<[u8; 32]> {
        let present = self.present()?;
        let before = self.of(present.epoch.saturating_sub(1)).first().map(|record| record.recovery);
        let newest = self.of(present.epoch).iter();
        let mut newest = newest.filter(|record| !self.revoked.contains_key(&record.author));
        let changed = newest.find(|record| before.is_some_and(|old| record.recovery != old));
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
