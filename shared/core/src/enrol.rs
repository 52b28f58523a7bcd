//! Joining an account with six words that the new device shows and the old one reads.
//!
//! The store is the mailbox, and it may lie: it can neither read along, nor answer by itself, nor
//! have another device let in. Both sides turn the words into a key K; what the new device asks is
//! sealed under K, and the answer goes to the new device's own key with K as pre-shared key. An
//! enrolment is good for fifteen minutes, by the clock of each side, and for one answer.

mod words;

pub use words::{JoinWords, JoinWordsError};

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::devices::DeviceEntry;
use crate::id::{AccountId, DeviceId, StoreId, rand_letters};
use crate::name::ObjectName;
use crate::profile::{Account, Device, Random, SecretBytes, fresh};
use crate::seal::{
    AnswerFor, OpenError, SealError, Sealed, length_prefixed, open_answer, open_ask, seal_answer,
    seal_ask,
};
use crate::store_record::StoreRecord;

/// How long the words are good for, in milliseconds.
pub const ENROL_MS: i64 = 15 * 60 * 1000;

/// RFC 9106, section 4, second recommended option: 64 MiB, three passes, four lanes. They are part
/// of the protocol's version: nothing that a store says can make them weaker or dearer.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// What a device asks that wants to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The device.
    pub device: DeviceId,
    /// What it tells of itself.
    pub entry: DeviceEntry,
    /// When it asked, milliseconds since 1970 by its clock.
    pub made_ms: i64,
}

impl Ask {
    /// Whether it is too old, or from a future that no clock is wrong by.
    #[must_use]
    pub fn is_stale(&self, now_ms: i64) -> bool {
        now_ms.abs_diff(self.made_ms) > ENROL_MS.unsigned_abs()
    }
}

/// The new device between asking and being answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// 8 letters that tell it from others.
    pub id: String,
    /// The device as it will be.
    pub device: Device,
    /// The store's URL.
    pub store_url: String,
    /// When it asked, milliseconds since 1970 by its own clock.
    pub made_ms: i64,
    pub(crate) key: SecretBytes,
    pub(crate) asked: [u8; 32],
}

/// What came of looking for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// The account.
    Joined(Box<Account>),
    /// Nothing that counts. So many answers were not by somebody who knows the words.
    Waiting {
        /// Answers that were refused.
        refused: usize,
    },
    /// The words are no longer good.
    Expired,
}

impl Enrolment {
    /// Asks to join: what to keep, and what to put into the store.
    #[must_use]
    pub fn begin(
        record: &StoreRecord,
        (words, device): (&JoinWords, Device),
        store_url: String,
        made_ms: i64,
        random: Random<'_>,
    ) -> (Self, ObjectName, Sealed) {
        let id = rand_letters(&fresh(random));
        let key = enrol_key(words, &record.store, &record.account, &id);
        let name = ObjectName::EnrolAsk { id: id.clone(), rand: rand_letters(&fresh(random)) };
        let ask = Ask { device: device.id.clone(), entry: DeviceEntry::of(&device), made_ms };
        let sealed = seal_ask(record, &key, &name, &ask, random);
        let asked = *blake3::hash(sealed.as_bytes()).as_bytes();
        (Self { id, device, store_url, made_ms, key, asked }, name, sealed)
    }

    /// Looks for the answer among what the store shows.
    #[must_use]
    pub fn look(
        &self,
        record: &StoreRecord,
        answers: &[(ObjectName, Sealed)],
        now_ms: i64,
    ) -> Answered {
        if now_ms.saturating_sub(self.made_ms) > ENROL_MS {
            return Answered::Expired;
        }
        let exchange = &self.device.exchange;
        let open = |(name, sealed): &(ObjectName, Sealed)| match name {
            ObjectName::EnrolAnswer { id, .. } if *id == self.id => {
                open_answer(record, (&self.key, &self.asked), exchange, name, sealed).ok()
            }
            _ => None,
        };
        match answers.iter().find_map(open) {
            Some(account) => Answered::Joined(Box::new(account)),
            None => Answered::Waiting { refused: answers.len() },
        }
    }

    /// When the words stop to work, milliseconds since 1970.
    #[must_use]
    pub fn expires_ms(&self) -> i64 {
        self.made_ms.saturating_add(ENROL_MS)
    }
}

/// An ask that was opened with the words that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What the new device asks.
    pub ask: Ask,
    id: String,
    key: SecretBytes,
    asked: [u8; 32],
}

impl Approval {
    /// Reads an ask with the words. One that other words belong to is [`OpenError::WrongKey`].
    ///
    /// # Errors
    ///
    /// [`OpenError`] if it is not exactly what somebody with these words sealed under this name.
    pub fn read(
        record: &StoreRecord,
        words: &JoinWords,
        name: &ObjectName,
        sealed: &Sealed,
    ) -> Result<Self, OpenError> {
        let ObjectName::EnrolAsk { id, .. } = name else { return Err(OpenError::Foreign) };
        let key = enrol_key(words, &record.store, &record.account, id);
        let ask = open_ask(record, &key, name, sealed)?;
        let asked = *blake3::hash(sealed.as_bytes()).as_bytes();
        Ok(Self { ask, id: id.clone(), key, asked })
    }

    /// Answers: seals the account to the device that asked.
    ///
    /// # Errors
    ///
    /// [`SealError::Receiver`] if its key is none.
    pub fn answer(
        &self,
        account: &Account,
        random: Random<'_>,
    ) -> Result<(ObjectName, Sealed), SealError> {
        let rand = rand_letters(&fresh(random));
        let name = ObjectName::EnrolAnswer { id: self.id.clone(), rand };
        let to =
            AnswerFor { key: &self.key, asked: &self.asked, exchange: &self.ask.entry.exchange };
        let sealed = seal_answer(account, &to, &name, random)?;
        Ok((name, sealed))
    }

    /// The enrolment's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// K = Argon2id(words, enrolment).
fn enrol_key(words: &JoinWords, store: &StoreId, account: &AccountId, id: &str) -> SecretBytes {
    let salt = length_prefixed(&[
        b"convosync enrolment v1",
        store.as_str().as_bytes(),
        account.as_str().as_bytes(),
        id.as_bytes(),
    ]);
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).expect("within Argon2's bounds");
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(words.text().as_bytes(), &salt, &mut *key)
        .expect("password, salt and output have lengths that Argon2 takes");
    SecretBytes(key)
}

#[cfg(test)]
mod tests;
