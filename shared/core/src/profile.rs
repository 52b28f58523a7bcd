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

/// A master key and the epoch that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochKey {
    /// The epoch, from 1.
    pub epoch: u32,
    /// The key.
    pub key: SecretBytes,
}

/// The account as this device knows it: its present key, and the ring of all others.
///
/// New objects are sealed under the present key; an object is opened with the key of the epoch
/// that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// Its store.
    pub store: StoreId,
    /// The present epoch, from 1.
    pub epoch: u32,
    /// The master key of that epoch.
    pub master: SecretBytes,
    /// Every other key: of earlier epochs, and of rotations that were made at the same time as the
    /// one that counts. By epoch, then key; none twice.
    pub others: Vec<EpochKey>,
    /// X25519 public half of the recovery key, to which later keys are sealed. None: the account was
    /// made before there were epochs, and `key export` gives it one.
    pub recovery: Option<[u8; 32]>,
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
            others: Vec::new(),
            recovery: None,
        }
    }

    /// The account with this key as its only one.
    #[must_use]
    pub fn only(&self, key: &EpochKey) -> Self {
        Self { epoch: key.epoch, master: key.key.clone(), others: Vec::new(), ..self.clone() }
    }

    /// Every key of the ring, the present one first.
    pub fn keys(&self) -> impl Iterator<Item = EpochKey> + '_ {
        let present = EpochKey { epoch: self.epoch, key: self.master.clone() };
        std::iter::once(present).chain(self.others.iter().cloned())
    }

    /// The account once for every key of an epoch that the ring has.
    pub(crate) fn of_epoch(&self, epoch: u32) -> impl Iterator<Item = Self> + '_ {
        self.keys().filter(move |key| key.epoch == epoch).map(|key| self.only(&key))
    }

    /// The account with its first key: what stays on this device is sealed under that one, so that
    /// a new epoch changes nothing here.
    pub(crate) fn first(&self) -> Self {
        let order = |key: &EpochKey| (key.epoch, *key.key.0);
        let first = self.keys().min_by_key(order).expect("the present key is one of them");
        self.only(&first)
    }

    /// Adds a key to the ring, unless it is there.
    pub fn learn(&mut self, key: EpochKey) {
        if !self.keys().any(|known| known == key) {
            self.others.push(key);
            self.others.sort_by_key(|key| (key.epoch, *key.key.0));
        }
    }

    /// Makes a key of the ring, or a new one, the present one. The key before stays in the ring.
    pub fn move_to(&mut self, key: EpochKey) {
        let before = EpochKey { epoch: self.epoch, key: self.master.clone() };
        self.others.retain(|other| *other != key);
        (self.epoch, self.master) = (key.epoch, key.key);
        self.learn(before);
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
    /// How often it was renamed.
    pub revision: u32,
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
            revision: 0,
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
