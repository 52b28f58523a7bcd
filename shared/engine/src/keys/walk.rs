//! Which records of epochs are believed, one epoch after the other.

use std::collections::BTreeMap;

use convosync_core::{
    Account, Devices, EpochKey, EpochRecord, Epochs, ObjectName, Sealed, Verdict, confirm, key_id,
    open_epoch, open_epoch_unsigned,
};

use crate::trouble::Refusal;

/// A record as it is stored.
pub(super) type Stored = (ObjectName, Sealed);

/// Following records: what is known grows with each of them.
pub(super) struct Walk<'a> {
    pub(super) devices: &'a mut Devices,
    pub(super) epochs: &'a mut Epochs,
    /// Keys that are believed; those that accepted records name are added.
    pub(super) ring: Account,
    /// Keys that somebody, nobody knows who, sealed to this device or to the recovery words.
    pub(super) offered: Vec<EpochKey>,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) accepted: Vec<ObjectName>,
    /// What was not believed, for people.
    pub(super) refused: Vec<String>,
    pub(super) disputed: Vec<ObjectName>,
}

impl Walk<'_> {
    /// Believes the record of this key of the ring, if it is among these: nobody whom it leaves out
    /// can have confirmed it. Its devices are believed by what it says of them.
    pub(super) fn anchor(&mut self, key: &EpochKey, records: &[Stored]) {
        let of_key = self.ring.only(key);
        for (name, sealed) in records.iter().filter(|(name, _)| epoch_of(name) == Some(key.epoch)) {
            let Ok(record) = open_epoch_unsigned(&self.ring, name, sealed) else { continue };
            let named = record.key_id == key_id(&of_key);
            if named && record.confirmed == Some(confirm(&of_key, &record)) {
                for (device, entry) in record.active.iter() {
                    self.devices.trust(device.clone(), entry.clone());
                }
                return self.epochs.anchor(record);
            }
        }
    }

    /// Takes in records, epoch by epoch. `grown` is called after each with what is believed then.
    /// `followed`: this device took them in before.
    pub(super) fn follow(
        &mut self,
        records: &[Stored],
        followed: bool,
        grown: &mut dyn FnMut(&mut Self),
    ) -> Walked {
        let mut by_epoch: BTreeMap<u32, Vec<&Stored>> = BTreeMap::new();
        for record in records {
            by_epoch.entry(epoch_of(&record.0).unwrap_or(0)).or_default().push(record);
        }
        let mut walked = Walked::default();
        // Of a record that was believed before, the key may come only now.
        for epoch in 2..=self.epochs.newest() {
            self.learn(epoch);
        }
        grown(self);
        for (epoch, group) in by_epoch {
            self.follow_one(epoch, &group, followed, &mut walked);
            self.learn(epoch);
            grown(self);
        }
        walked
    }

    fn follow_one(&mut self, epoch: u32, group: &[&Stored], followed: bool, walked: &mut Walked) {
        let (mut names, mut opened) = (Vec::new(), Vec::new());
        for (name, sealed) in group {
            match open_epoch(&self.ring, self.devices, name, sealed) {
                Ok(record) if self.is_false(&record) => {
                    walked.refused.push(format!("{name}: it is not by a device that has its key"));
                }
                Ok(record) => {
                    names.push(name);
                    opened.push(record);
                }
                Err(error) => walked.refused.push(format!("{name}: {error}")),
            }
        }
        let verdicts = match followed {
            true => self.epochs.recall(epoch, opened.clone()),
            false => self.epochs.take(epoch, opened.clone()),
        };
        for ((name, record), verdict) in names.into_iter().zip(opened).zip(verdicts) {
            match verdict {
                Verdict::Accepted | Verdict::Outdated => walked.accepted.push(name.clone()),
                Verdict::Disputed => walked.disputed.push(name.clone()),
                Verdict::Refused => {
                    walked.refused.push(format!("{name}: {} may not begin an epoch", record.author))
                }
            }
        }
    }

    /// Whether a record names a key that is here, and is not confirmed by it.
    fn is_false(&self, record: &EpochRecord) -> bool {
        let here = self.ring.keys().chain(self.offered.iter().cloned());
        let mut of_key =
            here.filter(|key| key.epoch == record.epoch).map(|key| self.ring.only(&key));
        of_key.any(|account| {
            key_id(&account) == record.key_id && record.confirmed != Some(confirm(&account, record))
        })
    }

    /// Learns the keys and the devices that the accepted records of an epoch name.
    fn learn(&mut self, epoch: u32) {
        for record in self.epochs.of(epoch) {
            let named = |key: &&EpochKey| {
                key.epoch == epoch && key_id(&self.ring.only(key)) == record.key_id
            };
            if let Some(key) = self.offered.iter().find(named).cloned() {
                self.ring.learn(key);
            }
            for (device, entry) in record.active.iter() {
                // What is known by another key stays known by that one.
                let _ = self.devices.add(device.clone(), entry.clone());
            }
        }
    }
}

impl Walked {
    /// Refuses if nothing tells which of these records is true.
    pub(super) fn refuse_dispute(&self, epochs: &Epochs) -> Result<(), Refusal> {
        if self.disputed.is_empty() && !epochs.is_contested() {
            return Ok(());
        }
        Err(disputed(&self.disputed))
    }
}

/// That the store says two things, one of which is false.
pub(super) fn disputed(names: &[ObjectName]) -> Refusal {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let which = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    Refusal::new(
        DISPUTED,
        format!(
            "the store says two things of who is of the account, and this device can't tell which is true{which}\n\
             One of them may be by a device that was revoked. Nothing was changed."
        ),
    )
    .help("run `convosync device join` here and approve it on a device that you trust; or make new recovery words there (`convosync key export`) and join with those")
}

/// The code of that.
pub(crate) const DISPUTED: &str = "convosync::key::disputed";

pub(super) fn epoch_of(name: &ObjectName) -> Option<u32> {
    match name {
        ObjectName::Epoch { epoch, .. } => Some(*epoch),
        _ => None,
    }
}
