//! The devices of an account, and who may sign for them.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::format::encode_entry;
use crate::id::{DeviceId, DeviceKind};
use crate::profile::Device;

/// What the others know of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEntry {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: DeviceKind,
    /// Ed25519 public key: checks what it signed.
    pub verifying: [u8; 32],
    /// X25519 public key: later account keys are sealed to it.
    pub exchange: [u8; 32],
    /// When it joined, milliseconds since 1970 by its own clock.
    pub joined_ms: i64,
    /// How often it was renamed: of two entries of a device the later one counts.
    pub revision: u32,
}

impl DeviceEntry {
    /// What `device` tells of itself.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        let signing = SigningKey::from_bytes(&device.signing.0);
        let exchange = StaticSecret::from(*device.exchange.0);
        Self {
            name: device.name.clone(),
            kind: device.kind,
            verifying: signing.verifying_key().to_bytes(),
            exchange: PublicKey::from(&exchange).to_bytes(),
            joined_ms: device.joined_ms,
            revision: device.revision,
        }
    }
}

/// A device came with another key than the one it is known by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("device `{0}` has another key than before")]
pub struct KeyChanged(pub DeviceId);

impl KeyChanged {
    /// Stable name for scripts and docs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "convosync::device::key-changed"
    }
}

/// The devices that are known, by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Devices(BTreeMap<DeviceId, DeviceEntry>);

impl Devices {
    /// A list of this one device.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        Self(BTreeMap::from([(device.id.clone(), DeviceEntry::of(device))]))
    }

    /// Takes a device in, or what is new of one (a name, a kind). Of two entries the one of the
    /// greater revision counts, then the one whose stored form is greater: in whatever order they
    /// come, every device shows the same name.
    ///
    /// # Errors
    ///
    /// [`KeyChanged`] if it is known by other keys; the known ones stay.
    pub fn add(&mut self, device: DeviceId, entry: DeviceEntry) -> Result<(), KeyChanged> {
        match self.0.get(&device) {
            Some(known)
                if (known.verifying, known.exchange) != (entry.verifying, entry.exchange) =>
            {
                Err(KeyChanged(device))
            }
            Some(known) if order(&device, known) >= order(&device, &entry) => Ok(()),
            _ => {
                self.0.insert(device, entry);
                Ok(())
            }
        }
    }

    /// Takes a device in from somebody who is believed more than whoever told of it before: if it is
    /// known by other keys, those are forgotten.
    pub fn trust(&mut self, device: DeviceId, entry: DeviceEntry) {
        if self.add(device.clone(), entry.clone()).is_err() {
            self.0.insert(device, entry);
        }
    }

    /// The device with this id.
    #[must_use]
    pub fn get(&self, device: &DeviceId) -> Option<&DeviceEntry> {
        self.0.get(device)
    }

    /// All of them, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = (&DeviceId, &DeviceEntry)> {
        self.0.iter()
    }

    /// Digest of the list: BLAKE3 over the stored forms of all entries, sorted by device, each
    /// after its length in 4 bytes, big-endian.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("convosync device list v1");
        for (device, entry) in &self.0 {
            let entry = encode_entry(device, entry);
            hasher.update(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_be_bytes());
            hasher.update(&entry);
        }
        *hasher.finalize().as_bytes()
    }
}

fn order(device: &DeviceId, entry: &DeviceEntry) -> (u32, Vec<u8>) {
    (entry.revision, encode_entry(device, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, key: u8) -> DeviceEntry {
        DeviceEntry {
            name: name.to_owned(),
            kind: DeviceKind::Laptop,
            verifying: [key; 32],
            exchange: [key; 32],
            joined_ms: 1,
            revision: 0,
        }
    }

    fn id(text: &str) -> DeviceId {
        text.parse().expect("a device id")
    }

    #[test]
    fn a_device_may_change_its_name_but_not_its_key() {
        let mut devices = Devices::default();
        devices.add(id("aaaaaaaa"), entry("old", 1)).expect("new");
        let renamed = DeviceEntry { revision: 1, ..entry("a new name", 1) };
        devices.add(id("aaaaaaaa"), renamed.clone()).expect("same key");
        assert_eq!(devices.add(id("aaaaaaaa"), entry("evil", 2)), Err(KeyChanged(id("aaaaaaaa"))));
        assert_eq!(devices.get(&id("aaaaaaaa")), Some(&renamed));
        devices.add(id("aaaaaaaa"), entry("old", 1)).expect("same key");
        assert_eq!(devices.get(&id("aaaaaaaa")), Some(&renamed), "a name came back");
    }

    #[test]
    fn the_hash_depends_on_the_content_and_not_on_the_order() {
        let (mut left, mut right) = (Devices::default(), Devices::default());
        for device in ["aaaaaaaa", "bbbbbbbb"] {
            left.add(id(device), entry(device, 1)).expect("new");
        }
        for device in ["bbbbbbbb", "aaaaaaaa"] {
            right.add(id(device), entry(device, 1)).expect("new");
        }
        assert_eq!(left.hash(), right.hash());
        let renamed = DeviceEntry { revision: 1, ..entry("renamed", 1) };
        right.add(id("aaaaaaaa"), renamed).expect("same key");
        assert_ne!(left.hash(), right.hash());
    }
}
