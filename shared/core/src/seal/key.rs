//! Keys and the contexts they are bound to.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::id::{AccountId, SessionId, StoreId};
use crate::profile::{Account, SecretBytes};

/// HKDF-SHA256 to 32 bytes.
pub(crate) fn hkdf(key: &SecretBytes, salt: &[u8], info: &[u8]) -> SecretBytes {
    let mut out = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), &*key.0)
        .expand(info, &mut *out)
        .expect("HKDF-SHA256 gives up to 8160 bytes");
    SecretBytes(out)
}

/// One spelling for a list of texts: each after its length in 4 bytes, big-endian.
pub(crate) fn length_prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        let len = u32::try_from(part.len()).expect("names, ids and heads are short");
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// What a key derived from the account's master key is for. Stored data depends on the labels.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// The units and parts of a session.
    Session(&'a SessionId),
    /// Ids of a session's segments.
    SegmentIds(&'a SessionId),
    /// Objects of the account: device entries.
    Objects,
    /// Values on this device.
    Values,
    /// Digests on this device.
    Digests,
    /// The key check of the store record.
    Check,
    /// That the record of the key's epoch was made by somebody who has the key.
    Record,
}

impl Purpose<'_> {
    fn label(self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::SegmentIds(_) => "segment ids",
            Self::Objects => "objects",
            Self::Values => "local values",
            Self::Digests => "local digests",
            Self::Check => "key check",
            Self::Record => "epoch record",
        }
    }
}

/// Derives a key from the account's master key.
pub(crate) fn derive(account: &Account, purpose: Purpose<'_>) -> SecretBytes {
    let session = match purpose {
        Purpose::Session(session) | Purpose::SegmentIds(session) => session.as_str(),
        _ => "",
    };
    let info = length_prefixed(&[
        b"convosync key v1",
        purpose.label().as_bytes(),
        account.store.as_str().as_bytes(),
        account.id.as_str().as_bytes(),
        session.as_bytes(),
        &account.epoch.to_be_bytes(),
    ]);
    hkdf(&account.master, b"", &info)
}

/// Where an object belongs. All of it is known to the store and none of it is secret.
pub(crate) struct Place<'a> {
    pub(crate) store: &'a StoreId,
    pub(crate) account: &'a AccountId,
    pub(crate) epoch: u32,
    pub(crate) session: Option<&'a SessionId>,
    pub(crate) name: &'a str,
}

impl<'a> Place<'a> {
    pub(crate) fn of(account: &'a Account, session: Option<&'a SessionId>, name: &'a str) -> Self {
        Self { store: &account.store, account: &account.id, epoch: account.epoch, session, name }
    }

    /// The canonical context of one ciphertext of the object.
    pub(crate) fn context(&self, role: &str, version: u8) -> Vec<u8> {
        length_prefixed(&[
            b"convosync object",
            &[version],
            role.as_bytes(),
            self.store.as_str().as_bytes(),
            self.account.as_str().as_bytes(),
            self.session.map_or("", SessionId::as_str).as_bytes(),
            self.name.as_bytes(),
            &self.epoch.to_be_bytes(),
        ])
    }
}
