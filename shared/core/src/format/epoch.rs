//! The record of an epoch as stored.

use minicbor::{Decode, Encode};

use super::device::{Stored as StoredEntry, load_entry, store_entry};
use super::text::Text;
use super::{FormatError, decode, encode};
use crate::devices::Devices;
use crate::epoch::{Accepted, EpochRecord, Revoked};
use crate::id::{DeviceId, SessionId};
use crate::vector::VectorEntry;

#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    epoch: u32,
    #[n(1)]
    author: Text<DeviceId>,
    #[n(2)]
    made_ms: i64,
    #[cbor(n(3), with = "minicbor::bytes")]
    key_id: [u8; 16],
    #[n(4)]
    active: Vec<StoredEntry>,
    #[n(5)]
    revoked: Vec<StoredRevoked>,
    #[cbor(n(6), with = "minicbor::bytes")]
    recovery: Option<[u8; 32]>,
    #[cbor(n(7), with = "minicbor::bytes")]
    confirmed: Option<[u8; 32]>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredRevoked {
    #[n(0)]
    device: Text<DeviceId>,
    #[n(1)]
    name: String,
    #[n(2)]
    epoch: u32,
    #[n(3)]
    accepted: Vec<StoredSave>,
}

/// One accepted save.
#[derive(Encode, Decode)]
#[cbor(array)]
struct StoredSave {
    #[n(0)]
    session: Text<SessionId>,
    #[n(1)]
    seq: u64,
    #[n(2)]
    rand: String,
}

pub(crate) fn encode_epoch(record: &EpochRecord) -> Vec<u8> {
    encode(&Stored {
        epoch: record.epoch,
        author: Text(record.author.clone()),
        made_ms: record.made_ms,
        key_id: record.key_id,
        active: record.active.iter().map(|(device, entry)| store_entry(device, entry)).collect(),
        revoked: record.revoked.iter().map(store_revoked).collect(),
        recovery: record.recovery,
        confirmed: record.confirmed,
    })
}

pub(crate) fn decode_epoch(bytes: &[u8]) -> Result<EpochRecord, FormatError> {
    let stored: Stored = decode(bytes)?;
    let mut active = Devices::default();
    for entry in stored.active {
        let (device, entry) = load_entry(entry)?;
        active.add(device, entry).map_err(|_| twice())?;
    }
    let revoked: Result<_, _> = stored.revoked.into_iter().map(load_revoked).collect();
    Ok(EpochRecord {
        epoch: stored.epoch,
        author: stored.author.0,
        made_ms: stored.made_ms,
        key_id: stored.key_id,
        active,
        revoked: revoked?,
        recovery: stored.recovery,
        confirmed: stored.confirmed,
    })
}

fn store_revoked((device, revoked): (&DeviceId, &Revoked)) -> StoredRevoked {
    let saves = revoked.accepted.0.iter();
    let saves = saves.flat_map(|(session, saves)| saves.iter().map(move |save| (session, save)));
    let accepted = saves.map(|(session, save)| StoredSave {
        session: Text(session.clone()),
        seq: save.seq,
        rand: save.rand.clone(),
    });
    StoredRevoked {
        device: Text(device.clone()),
        name: revoked.name.clone(),
        epoch: revoked.epoch,
        accepted: accepted.collect(),
    }
}

fn load_revoked(stored: StoredRevoked) -> Result<(DeviceId, Revoked), FormatError> {
    let mut accepted = Accepted::default();
    for save in stored.accepted {
        accepted.add(save.session.0, VectorEntry { seq: save.seq, rand: save.rand });
    }
    Ok((stored.device.0, Revoked { name: stored.name, epoch: stored.epoch, accepted }))
}

fn twice() -> FormatError {
    FormatError::Malformed("something is named twice".to_owned())
}
