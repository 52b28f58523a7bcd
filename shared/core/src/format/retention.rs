//! Pins, tombstones and marks as stored.

use minicbor::{Decode, Encode};

use super::card::{Known, load_vector, store_vector};
use super::text::{Text, texts, values};
use super::{FormatError, decode, encode};
use crate::name::ObjectName;
use crate::retention::{DeletedBy, Mark, Pin, Tombstone};

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredPin {
    #[n(0)]
    pinned: bool,
    #[n(1)]
    made_ms: i64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredTombstone {
    #[n(0)]
    deleted: bool,
    #[n(1)]
    covers: Vec<Known>,
    #[n(2)]
    by: u8,
    #[n(3)]
    made_ms: i64,
    #[n(4)]
    grace_days: Option<u32>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredMark {
    #[n(0)]
    names: Vec<Text<ObjectName>>,
    #[n(1)]
    made_ms: i64,
    #[n(2)]
    grace_days: Option<u32>,
}

/// A number that came later: not there if it is 0, as before it came.
fn later(number: u32) -> Option<u32> {
    Some(number).filter(|number| *number > 0)
}

pub(crate) fn encode_pin(pin: &Pin) -> Vec<u8> {
    encode(&StoredPin { pinned: pin.pinned, made_ms: pin.made_ms })
}

pub(crate) fn decode_pin(bytes: &[u8]) -> Result<Pin, FormatError> {
    let stored: StoredPin = decode(bytes)?;
    Ok(Pin { pinned: stored.pinned, made_ms: stored.made_ms })
}

pub(crate) fn encode_tombstone(tombstone: &Tombstone) -> Vec<u8> {
    encode(&StoredTombstone {
        deleted: tombstone.deleted,
        covers: store_vector(&tombstone.covers),
        by: match tombstone.by {
            DeletedBy::User => 0,
            DeletedBy::Retention => 1,
        },
        made_ms: tombstone.made_ms,
        grace_days: later(tombstone.grace_days),
    })
}

pub(crate) fn decode_tombstone(bytes: &[u8]) -> Result<Tombstone, FormatError> {
    let stored: StoredTombstone = decode(bytes)?;
    Ok(Tombstone {
        deleted: stored.deleted,
        covers: load_vector(stored.covers)?,
        by: match stored.by {
            0 => DeletedBy::User,
            1 => DeletedBy::Retention,
            _ => return Err(FormatError::Newer("reason of a deletion")),
        },
        made_ms: stored.made_ms,
        grace_days: stored.grace_days.unwrap_or(0),
    })
}

pub(crate) fn encode_mark(mark: &Mark) -> Vec<u8> {
    encode(&StoredMark {
        names: texts(&mark.names),
        made_ms: mark.made_ms,
        grace_days: later(mark.grace_days),
    })
}

/// Reads a mark. Only units and parts can be marked.
pub(crate) fn decode_mark(bytes: &[u8]) -> Result<Mark, FormatError> {
    let stored: StoredMark = decode(bytes)?;
    let names = values(stored.names);
    if names.iter().any(|name| name.session().is_none()) {
        return Err(FormatError::Malformed("a mark on what is never collected".to_owned()));
    }
    Ok(Mark { names, made_ms: stored.made_ms, grace_days: stored.grace_days.unwrap_or(0) })
}
