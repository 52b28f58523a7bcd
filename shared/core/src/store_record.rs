//! `v1/store.json`: which store this is, and whose.

use serde_json::{Value, json};

use crate::epoch::EpochRecord;
use crate::format::encode_epoch;
use crate::id::{AccountId, StoreId};
use crate::profile::Account;
use crate::seal::{OpenError, Purpose, Sealed, derive};

/// The one object that is not sealed. Nothing in it is secret, and nothing in it is trusted beyond
/// telling people what is wrong: every object is bound to store and account by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreRecord {
    /// Format of the store, [`StoreRecord::FORMAT`].
    pub format: u32,
    /// The store.
    pub store: StoreId,
    /// The account.
    pub account: AccountId,
    /// The epoch of the account's key when the record was written.
    pub epoch: u32,
    /// 32 hex digits that only this key of the account gives.
    pub key_check: String,
}

impl StoreRecord {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;

    /// The record of an account's store.
    #[must_use]
    pub fn new(account: &Account) -> Self {
        Self {
            format: Self::FORMAT,
            store: account.store.clone(),
            account: account.id.clone(),
            epoch: account.epoch,
            key_check: key_check(account),
        }
    }

    /// The object.
    #[must_use]
    pub fn encode(&self) -> Sealed {
        let record = json!({
            "format": self.format,
            "store": self.store.as_str(),
            "account": self.account.as_str(),
            "epoch": self.epoch,
            "key_check": self.key_check,
        });
        Sealed::made(format!("{record}\n").into_bytes())
    }

    /// Reads the object. Fields that are not known are passed over.
    ///
    /// # Errors
    ///
    /// [`OpenError::NotOurs`], [`OpenError::NewerFormat`], [`OpenError::Damaged`].
    pub fn decode(bytes: &[u8]) -> Result<Self, OpenError> {
        let record: Value = serde_json::from_slice(bytes).map_err(|_| OpenError::NotOurs)?;
        match number(&record, "format") {
            Some(Self::FORMAT) => {}
            Some(format) if format > Self::FORMAT => return Err(OpenError::NewerFormat),
            Some(_) => return Err(OpenError::Damaged),
            None => return Err(OpenError::NotOurs),
        }
        fields(&record).ok_or(OpenError::Damaged)
    }

    /// Checks that the store is this account's, and that this device has its key: the one of the
    /// epoch in which the record was written, which never changes.
    ///
    /// # Errors
    ///
    /// [`OpenError::Foreign`] if it is another store or account, [`OpenError::Epoch`] if the key is
    /// of another epoch, [`OpenError::WrongKey`] if it is another key.
    pub fn matches(&self, account: &Account) -> Result<(), OpenError> {
        if self.store != account.store || self.account != account.id {
            return Err(OpenError::Foreign);
        }
        let mut of_epoch = account.of_epoch(self.epoch).peekable();
        if of_epoch.peek().is_none() {
            return Err(OpenError::Epoch { object: self.epoch, ours: account.epoch });
        }
        let proven = of_epoch.any(|account| self.key_check == key_check(&account));
        if proven { Ok(()) } else { Err(OpenError::WrongKey) }
    }
}

/// 32 hex digits that only the account's present key gives.
#[must_use]
pub fn key_check(account: &Account) -> String {
    data_encoding::HEXLOWER.encode(&key_id(account))
}

/// 16 bytes that only the account's present key gives: what an epoch record names the key by.
#[must_use]
pub fn key_id(account: &Account) -> [u8; 16] {
    *derive(account, Purpose::Check).0.first_chunk().expect("32 bytes hold 16")
}

/// What proves that an epoch's record was made by somebody who has the epoch's key, which is the
/// account's present one: a keyed BLAKE3 over all else in it. Who was left out knows the key's id
/// from the record, and not the key.
#[must_use]
pub fn confirm(account: &Account, record: &EpochRecord) -> [u8; 32] {
    let bare = EpochRecord { confirmed: None, ..record.clone() };
    *blake3::keyed_hash(&derive(account, Purpose::Record).0, &encode_epoch(&bare)).as_bytes()
}

fn number(record: &Value, field: &str) -> Option<u32> {
    record.get(field)?.as_u64()?.try_into().ok()
}

fn fields(record: &Value) -> Option<StoreRecord> {
    let text = |field: &str| record.get(field)?.as_str();
    Some(StoreRecord {
        format: StoreRecord::FORMAT,
        store: text("store")?.parse().ok()?,
        account: text("account")?.parse().ok()?,
        epoch: number(record, "epoch").filter(|epoch| *epoch > 0)?,
        key_check: text("key_check")?.to_owned(),
    })
}
