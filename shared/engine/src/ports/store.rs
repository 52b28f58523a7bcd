//! Where sealed objects are kept.

use std::ops::Range;

use convosync_core::{CARD_RANGE, ObjectName, Sealed};

/// Why a store did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such object.
    #[error("`{0}` is not in the store")]
    Missing(ObjectName),
    /// The name is taken by other bytes, which were left as they are.
    #[error("`{0}` is in the store already, with other contents")]
    Exists(ObjectName),
    /// The store can't be reached now; trying again later may help.
    #[error("the store does not answer: {0}")]
    Unreachable(String),
    /// The store refuses: credentials or permissions.
    #[error("the store refuses: {0}")]
    Denied(String),
    /// The store has no room.
    #[error("the store is full: {0}")]
    Full(String),
    /// There is no place for it now, and what to do about that.
    #[error("{0}")]
    NoPlace(String),
    /// The object is bigger than any that ConvoSync makes, and is not taken into memory.
    #[error("`{name}` is too big to be an object ({size} bytes)")]
    TooBig {
        /// Its name.
        name: ObjectName,
        /// Its bytes.
        size: u64,
    },
    /// The URL names no store that can be opened.
    #[error("`{url}` is no store: {reason}")]
    BadUrl {
        /// The URL, without credentials.
        url: String,
        /// Why not.
        reason: String,
    },
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its name.
    pub name: ObjectName,
    /// Its bytes.
    pub size: u64,
}

/// What a store can do. Only speed depends on it, never correctness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// A put of a taken name fails instead of replacing.
    pub put_if_absent: bool,
    /// A range is fetched without the rest.
    pub ranges: bool,
}

/// Holds sealed objects under immutable names. Sees no plaintext: it can't be handed any.
pub trait Store: Send + Sync {
    /// Puts an object, all of it or none of it, durably when it returns.
    ///
    /// The same bytes under the same name again are no error: a retry whose first answer was lost.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if the name holds other bytes; they stay.
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError>;

    /// Puts objects in this order; those before a failure stay. Parts that follow each other may
    /// go at once, so after a failure some behind it can be there too; what comes after them is
    /// only put when all of them are there.
    ///
    /// # Errors
    ///
    /// As [`Store::put_new`].
    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError>;

    /// The whole object.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if there is none.
    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError>;

    /// A range of an object, cut at its end.
    ///
    /// A range that starts a unit and wants no more than [`CARD_RANGE`] bytes may
    /// be cut at the end of the card already: a store that keeps cards apart has no more at hand.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if there is none.
    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError>;

    /// The first [`CARD_RANGE`] bytes of each of these units, in this order: what
    /// [`Store::get_range`] gives, many at a time where each answer is waited for.
    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>>;

    /// All objects whose names start with `prefix`, which may end anywhere in a name, sorted as
    /// [`ObjectName`] is ordered: the units of a session by generation, then device and count. What is no object name of
    /// ours (temporary files, conflict copies of a file synchroniser) is left out.
    ///
    /// # Errors
    ///
    /// If the store can't be listed.
    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError>;

    /// Removes an object; that it is not there is no error.
    ///
    /// # Errors
    ///
    /// If it may still be there.
    fn delete(&self, name: &ObjectName) -> Result<(), StoreError>;

    /// What this store can do.
    fn caps(&self) -> Caps;

    /// Where it is, without credentials, for people.
    fn describe(&self) -> String;
}

/// [`Store::get_starts`] for a store that gains nothing by asking for several at a time.
pub fn starts_one_by_one(
    store: &(impl Store + ?Sized),
    names: &[ObjectName],
) -> Vec<Result<Vec<u8>, StoreError>> {
    names.iter().map(|name| store.get_range(name, 0..CARD_RANGE)).collect()
}

/// Opens stores by URL.
pub trait Stores {
    /// The URL in its one spelling: absolute, without a trailing slash.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadUrl`].
    fn normalise(&self, url: &str) -> Result<String, StoreError>;

    /// Opens a store. `create`: its place is made when it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadUrl`], or that it can't be reached.
    fn open(&self, url: &str, create: bool) -> Result<Box<dyn Store>, StoreError>;

    /// The URL of the store on this machine that is used before `init`.
    fn embedded_url(&self) -> String;
}
