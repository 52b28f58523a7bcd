//! Sealing: what leaves this device, and what lies in its caches, is opaque and authenticated.
//!
//! # Layout of a sealed object
//!
//! Numbers are big-endian. Stored bytes: never reorder.
//!
//! ```text
//!        8    magic: 89 'C' 'V' 'S' 'Y' 'N' 'C' 0a
//!        1    version, 1
//!        1    kind: 1 unit, 2 part, 3 device entry, 4 recovery key, 5 local value,
//!             6 key for a device, 7 key for the recovery key, 8 epoch record,
//!             9 enrolment, 10 answer to one, 16 pin, 17 tombstone, 18 mark,
//!             24 where the store is now
//!        4    epoch of the account's key
//!       32    BLAKE3 of the context of the first ciphertext
//!       32    key commitment of the first ciphertext
//!       32    BLAKE3 of the first ciphertext
//!        8    length of the first ciphertext
//! addressed kinds (6, 7, 10):
//!       32    encapsulated key (HPKE, see `hpke`)
//! signed kinds (all but 4, 5, 9 and 10):
//!        8    the device that sealed it
//!       32    digest of the device list that it knew
//! units:
//!       32    key commitment of the second ciphertext
//!       32    BLAKE3 of the second ciphertext
//!        8    length of the second ciphertext
//! signed kinds:
//!       64    Ed25519 signature over the context and all bytes before it
//! all:
//!        8    first bytes of the BLAKE3 of all bytes before
//!      ...    first ciphertext: card, part, entry, account key, value or address
//!      ...    second ciphertext: a unit's body
//! ```
//!
//! So the first 302 bytes and the first ciphertext of a unit are enough to show its card and who
//! made it, and bind the body without having it.
//!
//! The signed vector of a save is in its card, which the signature covers.
//!
//! **Context**: length-prefixed (4 bytes each) `convosync object`, version, role (`card`, `body`,
//! `part`, `device`, `recovery`, `value`, `device key`, `recovery exchange`, `epoch`, `enrol ask`,
//! `enrol answer`, `pin`, `tombstone`, `mark`, `moved`), store id, account id, session id (empty if of none),
//! logical name (of a local value: the keyed digest of its label), epoch. It is HKDF info and associated data of each
//! ciphertext and part of what is signed: an object that was renamed, swapped or moved to another
//! session, account or store is refused.
//!
//! **Ciphertext**: see `stream`. Inside, padded (see `pad`): cards to a multiple of 512 bytes, local
//! values and other small things of 64, bodies, parts and marks by Padmé with a floor of 1 KiB.
//!
//! **Commitment**: HKDF-SHA256(key, the ciphertext's salt, length-prefixed
//! `convosync key commitment`, context), compared in constant time before anything is decrypted.
//!
//! **Signature** over length-prefixed `convosync object signature`, context, head.
//!
//! **Keys**: HKDF-SHA256(master key, no salt, length-prefixed `convosync key v1`, purpose, store id,
//! account id, session id (empty if for none), epoch); the purposes are `session` (units, parts),
//! `segment ids`, `objects` (device entries,
//! pins, tombstones, marks, addresses), `local values`, `local digests`, `key check`. The
//! account's key is sealed under HKDF-SHA256(recovery key, no salt, length-prefixed
//! `convosync recovery v1`, store id, account id).
//!
//! **Keys for one receiver**: HPKE with the context of role `hpke info` as info; its secret export
//! is the object's key. The public key of the recovery key is that of the X25519 secret
//! HKDF-SHA256(recovery key, no salt, length-prefixed `convosync recovery exchange v1`, store id,
//! account id), so that a new epoch needs no words.
//!
//! **Epochs**: an object is opened with the key of the epoch in its head. An epoch record is sealed
//! under the key of the epoch before the one that it begins, so whoever was left out can open it, and
//! can make another one: that it was made by somebody who has the new key is proven by a BLAKE3 keyed
//! with HKDF of that key over its stored form without that field. Local values and segment ids stay with
//! the first key of the ring.
//!
//! **Device list**: the digest in signed heads is what the signer knew when it signed. Nobody
//! refuses an object for it: lists differ while devices join and are renamed, and a store that hides
//! an entry hides the saves of that device with it. Who is of the account is said by epoch records,
//! which name every device with its keys and are followed one by one.
//!
//! **Key file behind a passphrase**: one ciphertext alone, whose context is the beginning of the
//! file (magic `CONVOKEY`, version, lock) and whose key is Argon2id's: see [`crate::KeyLock`].
//!
//! **Salts** are random, but for what is sealed again under another key with the name that it had:
//! there salt and nonce prefix are the first 39 bytes of the BLAKE3 output, keyed with
//! HKDF-SHA256(key, no salt, length-prefixed `convosync salt of content`, context), of the padded
//! content. Readers need not know.
//!
//! The checksum proves nothing against an attacker. It tells a bad disk from a wrong key.

mod account;
mod enrol;
mod error;
mod hpke;
mod key;
mod local;
mod moved;
mod object;
mod overview;
mod pad;
mod retention;
mod session;
mod stream;

pub use account::{
    open_device_entry, open_device_key, open_epoch, open_epoch_unsigned, open_recovery,
    recovery_public, seal_device_entry, seal_device_key, seal_epoch, seal_recovery,
    seal_recovery_copy, sealed_epoch,
};
pub use error::{OpenError, SealError};
pub use local::{local_digest, open_value, seal_value};
pub use moved::{open_moved, seal_moved};
pub use overview::{Overview, OverviewRow, Stand, open_overview, seal_overview};
pub use retention::{
    MAX_MARKED, open_mark, open_pin, open_tombstone, seal_mark, seal_pin, seal_tombstone,
    stand_in_name, stand_ins_of,
};
pub use session::{
    SegmentKey, card_prefix, card_prefix_len, open_card, open_card_trusted, open_part, open_unit,
    part_name, seal_part, seal_unit, segment_key,
};
pub use stream::Salts;

pub(crate) use enrol::{AnswerFor, open_answer, open_ask, seal_answer, seal_ask};
pub(crate) use key::{Purpose, derive, length_prefixed};
pub(crate) use stream::{open as open_stream, seal_fresh as seal_stream};

/// How many first bytes of a unit to fetch for its card. Few cards need more; then
/// [`card_prefix_len`] says how many.
pub const CARD_RANGE: u64 = 4096;

/// The most bytes that a card may have before it is sealed.
pub const MAX_CARD: usize = 256 * 1024;

/// Bytes that only the account can read, or that hold nothing secret (the store record).
///
/// Stores, the outbox and the index accept nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes bytes that came out of a store or of a file of sealed bytes. They prove nothing yet.
    #[must_use]
    pub fn received(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Marks bytes as fit to leave the device.
    pub(crate) fn made(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}
