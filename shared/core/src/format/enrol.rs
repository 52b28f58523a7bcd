//! A device that wants to join, as stored: what it asks, and what it keeps until it is answered.

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::device::{Stored as StoredEntry, load_entry, store_entry};
use super::profile::{StoredDevice, load_device, secret, store_device, write};
use super::{FormatError, KeyFileError, decode, encode};
use crate::enrol::{Ask, Enrolment};
use crate::id::is_rand;
use crate::profile::SecretBytes;

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredAsk {
    #[n(0)]
    entry: StoredEntry,
    #[n(1)]
    made_ms: i64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredEnrolment {
    #[n(0)]
    id: String,
    #[n(1)]
    device: StoredDevice,
    #[n(2)]
    store_url: String,
    #[n(3)]
    made_ms: i64,
    #[cbor(n(4), with = "secret")]
    key: SecretBytes,
    #[cbor(n(5), with = "minicbor::bytes")]
    asked: [u8; 32],
}

pub(crate) fn encode_ask(ask: &Ask) -> Vec<u8> {
    encode(&StoredAsk { entry: store_entry(&ask.device, &ask.entry), made_ms: ask.made_ms })
}

pub(crate) fn decode_ask(bytes: &[u8]) -> Result<Ask, FormatError> {
    let stored: StoredAsk = decode(bytes)?;
    let (device, entry) = load_entry(stored.entry)?;
    Ok(Ask { device, entry, made_ms: stored.made_ms })
}

impl Enrolment {
    /// What the new device keeps in a private file until it is answered.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let texts = self.store_url.len() + self.device.name.len();
        let mut out = Zeroizing::new(Vec::with_capacity(512 + texts));
        let stored = StoredEnrolment {
            id: self.id.clone(),
            device: store_device(&self.device),
            store_url: self.store_url.clone(),
            made_ms: self.made_ms,
            key: self.key.clone(),
            asked: self.asked,
        };
        write(&stored, &mut out);
        out
    }

    /// Reads it back.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Damaged`] if it is not what was kept.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyFileError> {
        let stored: StoredEnrolment = decode(bytes).map_err(|_| KeyFileError::Damaged)?;
        if !is_rand(&stored.id) {
            return Err(KeyFileError::Damaged);
        }
        Ok(Self {
            id: stored.id,
            device: load_device(stored.device).map_err(|_| KeyFileError::Damaged)?,
            store_url: stored.store_url,
            made_ms: stored.made_ms,
            key: stored.key,
            asked: stored.asked,
        })
    }
}
