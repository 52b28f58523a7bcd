//! A key file behind a passphrase.
//!
//! ```text
//! 8    magic "CONVOKEY"
//! 1    version, 2
//! 1    1 if the key may be remembered until logout, else 0
//! 4    Argon2id: memory in KiB, big-endian
//! 4    passes
//! 4    lanes
//! 16   salt
//! ...  a key file of version 1, as a ciphertext of `seal::stream`; all bytes before are its context
//! 16   first bytes of the BLAKE3 of all before
//! ```
//!
//! The ciphertext's key is Argon2id(passphrase, salt), version 0x13. It is derived once and kept while a
//! command runs, so that every change of the profile is sealed under it with a fresh salt of the
//! stream. The checksum tells damage from a wrong passphrase.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::format::{KeyFileError, checked_key_file, close_key_file, open_key_file};
use crate::profile::{Profile, Random, SecretBytes, fresh};
use crate::seal::{open_stream, seal_stream};

/// RFC 9106, section 4, second recommended choice: 64 MiB, 3 passes, 4 lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// More than this in a file is not ours: it would only take memory and time.
const MOST_MEMORY_KIB: u32 = 1 << 20;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

pub(crate) const VERSION: u8 = 2;
const SALT: usize = 16;
/// What follows magic and version.
const FACTS: usize = 1 + 3 * 4 + SALT;

/// What a person types to open the key file. Wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Characters that a new passphrase has at least.
    pub const SHORTEST: usize = 8;

    /// The passphrase on a line, without the line's end.
    #[must_use]
    pub fn on_line(line: &str) -> Self {
        Self(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// Whether it may become the passphrase of a key file.
    #[must_use]
    pub fn is_long_enough(&self) -> bool {
        self.0.chars().count() >= Self::SHORTEST
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(redacted)")
    }
}

/// How a key file is locked: all that is needed beside the passphrase to make its key. No secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLock {
    remembered: bool,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; SALT],
}

impl KeyLock {
    /// A lock that no other file has.
    #[must_use]
    pub fn new(remembered: bool, random: Random<'_>) -> Self {
        let salt = fresh(random);
        Self { remembered, memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt }
    }

    /// The lock of a key file; None if it has none.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] if it is no key file, damaged, or asks for more than is ever written.
    pub fn of(file: &[u8]) -> Result<Option<Self>, KeyFileError> {
        let (version, rest) = open_key_file(file)?;
        if version != VERSION {
            return Ok(None);
        }
        checked_key_file(file)?;
        let facts = rest.first_chunk::<FACTS>().ok_or(KeyFileError::Damaged)?;
        Self::read(facts).map(Some).ok_or(KeyFileError::Content)
    }

    fn read(facts: &[u8; FACTS]) -> Option<Self> {
        let number = |at: usize| facts[at..at + 4].try_into().map(u32::from_be_bytes).ok();
        let (memory_kib, passes, lanes) = (number(1)?, number(5)?, number(9)?);
        let bounded = memory_kib <= MOST_MEMORY_KIB
            && (1..=MOST_PASSES).contains(&passes)
            && (1..=MOST_LANES).contains(&lanes)
            && memory_kib >= 8 * lanes;
        let salt = facts[13..].try_into().ok()?;
        let lock = Self { remembered: facts[0] == 1, memory_kib, passes, lanes, salt };
        (bounded && facts[0] <= 1).then_some(lock)
    }

    /// Whether the key may be remembered until logout.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.remembered
    }

    /// A name of its own for the key that opens it. Not secret.
    #[must_use]
    pub fn name(&self) -> String {
        data_encoding::HEXLOWER.encode(&blake3::hash(&self.head()).as_bytes()[..16])
    }

    /// Makes the key of a passphrase: slow, and of 64 MiB, on purpose.
    #[must_use]
    pub fn key(&self, passphrase: &Passphrase) -> SecretBytes {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .expect("bounds were checked when it was read");
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.0.as_bytes(), &self.salt, &mut *key)
            .expect("a line is far shorter than Argon2's limit, salt and output have its lengths");
        SecretBytes(key)
    }

    /// The beginning of the file, up to the ciphertext.
    fn head(&self) -> Vec<u8> {
        let mut head = [&crate::format::KEY_FILE_MAGIC[..], &[VERSION]].concat();
        head.push(u8::from(self.remembered));
        for number in [self.memory_kib, self.passes, self.lanes] {
            head.extend_from_slice(&number.to_be_bytes());
        }
        head.extend_from_slice(&self.salt);
        head
    }
}

impl Profile {
    /// The content of a key file that is opened with `key`, which is the key of this lock.
    #[must_use]
    pub fn encode_locked(&self, lock: &KeyLock, key: &SecretBytes, random: Random<'_>) -> Vec<u8> {
        let mut out = lock.head();
        let sealed = seal_stream(key, &out, &self.encode(), random);
        out.extend_from_slice(&sealed);
        close_key_file(&mut out);
        out
    }

    /// Reads the content of a locked key file.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::WrongPassphrase`] if the key is not the file's; else what is wrong with it.
    pub fn decode_locked(file: &[u8], key: &SecretBytes) -> Result<Self, KeyFileError> {
        let lock = KeyLock::of(file)?.ok_or(KeyFileError::NotOurs)?;
        let head = lock.head();
        let sealed = checked_key_file(file)?.get(head.len()..).ok_or(KeyFileError::Damaged)?;
        let plain = open_stream(key, &head, sealed).ok_or(KeyFileError::WrongPassphrase)?;
        Self::decode(&plain)
    }
}

#[cfg(test)]
mod tests;
