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
