//! A device's entry as stored.

use minicbor::{Decode, Encode};

use super::card::{kind_number, kind_of};
use super::text::Text;
use super::{FormatError, decode, encode};
use crate::devices::DeviceEntry;
use crate::id::DeviceId;

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct Stored {
    #[n(0)]
    device: Text<DeviceId>,
    #[n(1)]
    name: String,
    #[n(2)]
    kind: u8,
    #[cbor(n(3), with = "minicbor::bytes")]
    verifying: [u8; 32],
    #[cbor(n(4), with = "minicbor::bytes")]
    exchange: [u8; 32],
    #[n(5)]
    joined_ms: i64,
    /// Absent until the device is renamed.
    #[n(6)]
    revision: Option<u32>,
}

pub(crate) fn encode_entry(device: &DeviceId, entry: &DeviceEntry) -> Vec<u8> {
    encode(&store_entry(device, entry))
}

pub(crate) fn decode_entry(bytes: &[u8]) -> Result<(DeviceId, DeviceEntry), FormatError> {
    load_entry(decode(bytes)?)
}

pub(super) fn store_entry(device: &DeviceId, entry: &DeviceEntry) -> Stored {
    Stored {
        device: Text(device.clone()),
        name: entry.name.clone(),
        kind: kind_number(entry.kind),
        verifying: entry.verifying,
        exchange: entry.exchange,
        joined_ms: entry.joined_ms,
        revision: Some(entry.revision).filter(|revision| *revision > 0),
    }
}

pub(super) fn load_entry(stored: Stored) -> Result<(DeviceId, DeviceEntry), FormatError> {
    let entry = DeviceEntry {
        name: stored.name,
        kind: kind_of(stored.kind)?,
        verifying: stored.verifying,
        exchange: stored.exchange,
        joined_ms: stored.joined_ms,
        revision: stored.revision.unwrap_or(0),
    };
    Ok((stored.device.0, entry))
}
