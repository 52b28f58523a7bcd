//! What somebody who joins may believe of what lies in the store.
//!
//! A device that was revoked still has the keys of before, and may write: it can make device
//! entries, epoch records, and keys for anybody, the recovery words too. So only what was given by
//! somebody who is trusted is believed, and what follows from that.

use std::collections::BTreeSet;

use convosync_core::{
    Account, Devices, EpochKey, Epochs, KeyChanged, ObjectName, Sealed, StoreRecord, key_id,
    open_device_entry, sealed_epoch,
};

use super::follow::is_record;
use super::walk::{Stored, Walk, disputed};
use crate::engine::Engine;
use crate::ports::Store;
use crate::trouble::{Refusal, Trouble};

/// Where the keys of who joins are from.
pub(crate) enum Given {
    /// From a device of the account, which its user trusts.
    ByDevice(Account),
    /// From the store, under the recovery words: everything that these open. Whoever was of the
    /// account when the words were made can have put it there.
    ByWords { found: Vec<Account>, record: StoreRecord },
}

/// Who is of an account, and its keys.
pub(crate) struct Surveyed {
    pub(crate) epochs: Epochs,
    pub(crate) account: Account,
}

/// What the store says.
struct Said {
    entries: Vec<Stored>,
    records: Vec<Stored>,
}

impl Engine<'_> {
    /// Who is of the account, as far as it can be believed by somebody who knows nothing else.
    ///
    /// # Errors
    ///
    /// A refusal if the store says two things and nothing tells which is true, or if the keys are
    /// not the newest ones.
    pub(crate) fn survey(&self, given: Given, store: &dyn Store) -> Result<Surveyed, Trouble> {
        let said = Said {
            entries: fetched(store, ObjectName::DEVICES, |_| true)?,
            records: fetched(store, ObjectName::KEYS, is_record)?,
        };
        match given {
            Given::ByDevice(account) => Ok(given_by_device(account, &said)?),
            Given::ByWords { found, record } => Ok(found_by_words(&found, &record, &said)?),
        }
    }
}

fn fetched(
    store: &dyn Store,
    prefix: &str,
    wanted: impl Fn(&ObjectName) -> bool,
) -> Result<Vec<(ObjectName, Sealed)>, Trouble> {
    let names = store.list(prefix)?.into_iter().map(|listed| listed.name).filter(wanted);
    names.map(|name| Ok((name.clone(), store.get(&name)?))).collect()
}

fn given_by_device(account: Account, said: &Said) -> Result<Surveyed, Refusal> {
    let present = EpochKey { epoch: account.epoch, key: account.master.clone() };
    let surveyed = surveyed(account.clone(), &[present], Vec::new(), said)?;
    let behind = surveyed.epochs.newest() < account.epoch;
    // A store that does not show the record yet: nothing is done before it does.
    let epochs = if behind { Epochs::default() } else { surveyed.epochs };
    if epochs.newest() > account.epoch { Err(old_keys()) } else { Ok(Surveyed { epochs, account }) }
}

fn found_by_words(
    found: &[Account],
    record: &StoreRecord,
    said: &Said,
) -> Result<Surveyed, Refusal> {
    if found.iter().any(|account| record.matches(account).is_err()) {
        return Err(disputed(&[ObjectName::StoreRecord]));
    }
    let newest = found.iter().max_by_key(|account| account.epoch).ok_or_else(old_keys)?;
    let first = newest.keys().map(|key| newest.only(&key));
    let first = first.into_iter().find(|only| record.matches(only).is_ok()).ok_or_else(old_keys)?;
    // Whoever was revoked lacks a key, so what it made does not hold all the others.
    let whole = found.iter().find(|ring| found.iter().all(|other| holds(ring, other)));
    let ring = whole.unwrap_or(&first).clone();
    let mut anchors: Vec<_> = ring.keys().filter(|key| key.epoch > 1).collect();
    anchors.sort_by_key(|key| std::cmp::Reverse(key.epoch));
    let offered = found.iter().flat_map(Account::keys).collect();
    let Surveyed { epochs, account: mut ring } = surveyed(ring, &anchors, offered, said)?;
    let Some(present) = epochs.present() else {
        return Ok(Surveyed { epochs, account: Account { recovery: newest.recovery, ..first } });
    };
    let now = ring.keys().find(|key| key_id(&ring.only(key)) == present.key_id);
    ring.move_to(now.ok_or_else(old_keys)?);
    // A key without its record is nothing: its device died before it could put that.
    ring.others.retain(|key| key.epoch < present.epoch || is_named(&epochs, &first, key));
    ring.recovery = epochs.recovery().or(newest.recovery);
    Ok(Surveyed { epochs, account: ring })
}

fn is_named(epochs: &Epochs, account: &Account, key: &EpochKey) -> bool {
    let id = key_id(&account.only(key));
    epochs.of(key.epoch).iter().any(|record| record.key_id == id)
}

fn holds(ring: &Account, other: &Account) -> bool {
    other.keys().all(|key| ring.keys().any(|known| known == key))
}

/// Follows what the store says from a ring that is believed, and the record of the first of these
/// keys that has one.
fn surveyed(
    ring: Account,
    anchors: &[EpochKey],
    offered: Vec<EpochKey>,
    said: &Said,
) -> Result<Surveyed, Refusal> {
    let (mut devices, mut epochs) = (Devices::default(), Epochs::default());
    let mut walk = Walk { devices: &mut devices, epochs: &mut epochs, ring, offered };
    for key in anchors {
        walk.anchor(key, &said.records);
    }
    let (mut known, mut contested) = (BTreeSet::new(), false);
    let walked = walk.follow(&said.records, false, &mut |walk| {
        contested |= take_entries(walk, &said.entries, &mut known);
    });
    let Walk { ring: account, .. } = walk;
    if contested && !epochs.is_anchored() {
        return Err(disputed(&[]));
    }
    walked.refuse_dispute(&epochs)?;
    Ok(Surveyed { epochs, account })
}

/// Takes in what devices tell of themselves under keys that are believed, the newest first: who
/// was left out can't have sealed that. Gives whether one is said to have two keys.
fn take_entries(walk: &mut Walk<'_>, entries: &[Stored], known: &mut BTreeSet<ObjectName>) -> bool {
    let mut opened = Vec::new();
    for (name, sealed) in entries.iter().filter(|(name, _)| !known.contains(name)) {
        if let (Ok(entry), Ok(epoch)) =
            (open_device_entry(&walk.ring, name, sealed), sealed_epoch(sealed))
        {
            opened.push((epoch, name.clone(), entry));
        }
    }
    opened.sort_by_key(|(epoch, ..)| std::cmp::Reverse(*epoch));
    let mut contested = false;
    for (epoch, name, (device, entry)) in opened {
        known.insert(name);
        match walk.devices.add(device.clone(), entry) {
            Ok(()) => walk.epochs.enter(&device, epoch),
            Err(KeyChanged(_)) => contested = true,
        }
    }
    contested
}

fn old_keys() -> Refusal {
    Refusal::new(
        "convosync::device::old-words",
        "the account has had a new key since, which these words do not open",
    )
    .help("use the newest recovery words (`convosync key export` made them), or `convosync device join` and approve it on another device")
}
