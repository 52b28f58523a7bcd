//! Who this device is: its account and its keys.

use zeroize::Zeroizing;

use crate::id::{AccountId, DeviceId, DeviceKind, StoreId};

/// 32 secret bytes: wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(pub Zeroizing<[u8; 32]>);

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretBytes(redacted)")
    }
}

/// Fills a buffer with random bytes fit for keys. The caller brings it: the core has none.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

impl SecretBytes {
    /// 32 fresh bytes.
    #[must_use]
    pub fn random(random: Random<'_>) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random(&mut *bytes);
        Self(bytes)
    }
}

/// `N` fresh bytes that are no secret.
pub(crate) fn fresh<const N: usize>(random: Random<'_>) -> [u8; N] {
    let mut bytes = [0; N];
    random(&mut bytes);
    bytes
}

/// The account as this device knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// Its store.
    pub store: StoreId,
    /// The epoch of the master key, from 1.
    pub epoch: u32,
    /// The master key of that epoch.
    pub master: SecretBytes,
}

impl Account {
    /// Makes an account and its store's id, in epoch 1.
    #[must_use]
    pub fn new(random: Random<'_>) -> Self {
        Self {
            id: AccountId::from_random(&fresh(random)),
            store: StoreId::from_random(&fresh(random)),
            epoch: 1,
            master: SecretBytes::random(random),
        }
    }
}

/// This device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: DeviceKind,
    /// Ed25519 secret key: signs units and the device's entry.
    pub signing: SecretBytes,
    /// X25519 secret key: later account keys are sealed to it.
    pub exchange: SecretBytes,
    /// When it joined, milliseconds since 1970.
    pub joined_ms: i64,
}

impl Device {
    /// Makes a device with an id and keys of its own.
    #[must_use]
    pub fn new(name: String, kind: DeviceKind, joined_ms: i64, random: Random<'_>) -> Self {
        Self {
            id: DeviceId::from_random(&fresh(random)),
            name,
            kind,
            signing: SecretBytes::random(random),
            exchange: SecretBytes::random(random),
            joined_ms,
        }
    }
}

/// Everything in this device's key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The account.
    pub account: Account,
    /// This device.
    pub device: Device,
    /// Where the account's objects are.
    pub store_url: String,
    /// Whether that is only on this machine, because nothing else was set up yet.
    pub local_only: bool,
}
