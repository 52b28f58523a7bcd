//! What this device keeps for itself.

use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use convosync_core::{KeyFileError, Passphrase, Profile, SaveId, Sealed, SessionId};
use zeroize::Zeroizing;

/// Why this device's own files could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// A file could not be read or written.
    #[error("{what}: {reason}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// A file that was to be new is there already; it was left as it is.
    #[error("{0} is there already")]
    Exists(String),
    /// The disk is full.
    #[error("no room left on the disk: {0}")]
    Full(String),
    /// A file of ours is damaged.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// Which.
        what: String,
        /// How.
        reason: String,
    },
    /// A file with secrets can be read by others.
    #[error("{path} can be read by other users (mode {mode:o})")]
    Exposed {
        /// Which.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// A file of ours has a format that only a newer ConvoSync knows; it was left as it is.
    #[error("{what} was written by a newer convosync")]
    Newer {
        /// Which.
        what: String,
    },
    /// This device's keys need a passphrase, and there is none or another one.
    #[error("{0}")]
    Locked(KeyFileError),
    /// The system remembers no keys here.
    #[error("the system's keyring can't be used: {0}")]
    NoKeyring(String),
    /// Another ConvoSync holds the lock.
    #[error("another convosync is at work ({name})")]
    Busy {
        /// The lock's name.
        name: String,
    },
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
}

/// Gives random bytes fit for keys.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// What protects this device's keys, besides the file's mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protection {
    /// Nothing.
    #[default]
    None,
    /// A passphrase.
    Passphrase {
        /// The system may remember the opened keys until logout.
        remembered: bool,
    },
}

/// Keeps this device's keys, in a file that only the user can read.
pub trait Vault {
    /// The profile of this device, if it has one.
    ///
    /// # Errors
    ///
    /// [`LocalError::Exposed`], [`LocalError::Damaged`], [`LocalError::Locked`]: never taken for
    /// "none".
    fn load(&self) -> Result<Option<Profile>, LocalError>;

    /// Replaces the profile: the old one or the new one is there after a crash, never neither.
    ///
    /// # Errors
    ///
    /// If it could not be written; the old one stays.
    fn store(&self, profile: &Profile) -> Result<(), LocalError>;

    /// What protects the keys; needs no passphrase. None: there are no keys.
    ///
    /// # Errors
    ///
    /// As [`Vault::load`], as far as it can be told without opening them.
    fn protection(&self) -> Result<Option<Protection>, LocalError>;

    /// Protects the keys with another passphrase, or with none. The old file or the new one is there
    /// after a crash. `remember`: the system may remember the opened keys until logout.
    ///
    /// # Errors
    ///
    /// [`LocalError::Locked`] if the keys can't be opened, [`LocalError::NoKeyring`] if the system
    /// remembers nothing; nothing was changed then.
    fn protect(&self, new: Option<&Passphrase>, remember: bool) -> Result<(), LocalError>;

    /// Writes text to a new file with mode 0600. A private file that holds the same text, or the
    /// beginning of it, is finished: it was begun before a crash.
    ///
    /// # Errors
    ///
    /// [`LocalError::Exists`] if another file is there, or if it can't be written.
    fn write_secret(&self, path: &Path, text: &str) -> Result<(), LocalError>;

    /// What was kept by [`Vault::set_pending`].
    ///
    /// # Errors
    ///
    /// If it can't be read.
    fn pending(&self) -> Result<Option<Zeroizing<Vec<u8>>>, LocalError>;

    /// Keeps the secrets of a device that waits to join in a private file, or removes them.
    ///
    /// # Errors
    ///
    /// If the file can't be written or removed.
    fn set_pending(&self, secrets: Option<&[u8]>) -> Result<(), LocalError>;
}

/// A card that this device has seen.
#[derive(Debug, Clone)]
pub struct StoredCard {
    /// Its session.
    pub session: SessionId,
    /// Its save.
    pub save: SaveId,
    /// The first bytes of the unit up to the end of the card, sealed as in the store.
    pub card: Sealed,
    /// Bytes of the whole unit.
    pub size: u64,
}

/// Cards that were put after others.
#[derive(Debug, Clone, Default)]
pub struct LaterCards {
    /// In the order in which they were put.
    pub cards: Vec<StoredCard>,
    /// What to ask with for those that are put after these.
    pub mark: u64,
    /// How many cards there are in all.
    pub total: u64,
    /// The save whose card is at the mark that was asked with, if one is.
    pub at_mark: Option<(SessionId, SaveId)>,
}

/// A save that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    /// Its session.
    pub session: SessionId,
    /// Its save.
    pub save: SaveId,
    /// When it was frozen, milliseconds since 1970.
    pub created_ms: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// Code of the last failure.
    pub error: Option<String>,
    /// When it is to be tried again, milliseconds since 1970; 0: at once.
    pub retry_ms: i64,
}

/// Sealed values by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Key: keyed digest of a work tree's path. Value: its session, tip and conversation.
    WorkTrees,
    /// Key: a conversation id's keyed digest. Value: its session and the roots it had here.
    Conversations,
    /// Key: a device entry's object name. Value: the entry as in the store.
    Devices,
    /// Key: keyed digest of a work tree's path. Value: a save that was begun.
    Intents,
    /// Key: keyed digest of a repository's path. Value: what is slow to ask git for.
    Repositories,
    /// Key: a name. Value: anything else (this device's count of saves).
    Misc,
    /// Key: the object name of a pin, a tombstone or a mark. Value: the object as in the store.
    Retention,
}

/// One change of the index.
#[derive(Debug, Clone)]
pub enum Change {
    /// A card was seen or made.
    PutCard(StoredCard),
    /// A card is gone from the store.
    DropCard(SessionId, SaveId),
    /// A save waits to be sent.
    Enqueue(QueueRow),
    /// A try to send it failed.
    Attempted {
        /// Which.
        save: SaveId,
        /// With which code.
        error: String,
        /// When it is to be tried again; see [`QueueRow::retry_ms`].
        retry_ms: i64,
    },
    /// It was sent, or superseded.
    Dequeue(SaveId),
    /// A value is set.
    Put(Table, String, Sealed),
    /// A value is set if it is still what it was, byte for byte. If another process has set it since, it
    /// stays; that is no error.
    Replace {
        /// Where.
        table: Table,
        /// Under which key.
        key: String,
        /// What it was; none: there was none.
        was: Option<Sealed>,
        /// What it is to be.
        value: Sealed,
    },
    /// A value is removed.
    Remove(Table, String),
}

/// An index over what else is kept in files: losing it loses speed, never a save.
pub trait Index {
    /// Applies all changes or none.
    ///
    /// # Errors
    ///
    /// If they could not be written; nothing has changed then.
    fn apply(&self, changes: &[Change]) -> Result<(), LocalError>;

    /// All cards.
    ///
    /// # Errors
    ///
    /// If the index can't be read.
    fn cards(&self) -> Result<Vec<StoredCard>, LocalError>;

    /// The cards that were put after those of an earlier answer, by its mark; 0: all of them. A
    /// card that is put again counts as put later. A mark may be given anew once the card at it
    /// was dropped: the other fields tell.
    ///
    /// # Errors
    ///
    /// If the index can't be read.
    fn cards_after(&self, mark: u64) -> Result<LaterCards, LocalError>;

    /// The card of one save.
    ///
    /// # Errors
    ///
    /// If the index can't be read.
    fn card(&self, session: &SessionId, save: &SaveId) -> Result<Option<StoredCard>, LocalError>;

    /// The queue, in the order in which it was filled.
    ///
    /// # Errors
    ///
    /// If the index can't be read.
    fn queue(&self) -> Result<Vec<QueueRow>, LocalError>;

    /// A value.
    ///
    /// # Errors
    ///
    /// If the index can't be read.
    fn get(&self, table: Table, key: &str) -> Result<Option<Sealed>, LocalError>;

    /// All values of a table by key.
    ///
    /// # Errors
    ///
    /// If the index can't be read.
    fn all(&self, table: Table) -> Result<Vec<(String, Sealed)>, LocalError>;

    /// Whether the index was made anew because there was none or it could not be read (the
    /// unreadable one is kept beside it). The engine then fills it from the outbox, the cache
    /// and the store, in one [`Index::apply`]: an index stays new until the first one, so a crash
    /// before it leaves nothing half filled.
    fn is_new(&self) -> bool;
}

/// Keeps sealed notes in files of this device: what an undo needs. Unlike the index, nothing else
/// has it.
pub trait Journal {
    /// Writes a note, in place of the one of that name: durable, and after a crash the old one or
    /// the new one is there. `name`: letters, digits and `-`.
    ///
    /// # Errors
    ///
    /// If it could not be written; the old one stays.
    fn put(&self, name: &str, note: &Sealed) -> Result<(), LocalError>;

    /// A note.
    ///
    /// # Errors
    ///
    /// If it is there and can't be read.
    fn get(&self, name: &str) -> Result<Option<Sealed>, LocalError>;

    /// The names that begin so, sorted.
    ///
    /// # Errors
    ///
    /// If they can't be listed.
    fn names(&self, prefix: &str) -> Result<Vec<String>, LocalError>;

    /// Removes a note. That it is not there is no error.
    ///
    /// # Errors
    ///
    /// If it could not be removed.
    fn remove(&self, name: &str) -> Result<(), LocalError>;
}

/// A lock that is held until dropped; the system frees it when the process dies.
pub trait Guard {}

/// Locks between processes of this device.
pub trait Locks {
    /// Takes a lock, waiting at most `wait`. `name`: letters, digits and `-`.
    ///
    /// # Errors
    ///
    /// [`LocalError::Busy`] if it is still held then.
    fn acquire(&self, name: &str, wait: Duration) -> Result<Box<dyn Guard>, LocalError>;
}

/// A private file that is gone when dropped.
pub trait ScratchFile: Read + Write + Seek {
    /// Where it is, for handing it to git. What another program renames over it is what is read
    /// after the next seek.
    fn path(&self) -> &Path;
}

/// Makes private files (0600 in a 0700 folder) on the disk of the user's data.
pub trait Scratch {
    /// A new empty file.
    ///
    /// # Errors
    ///
    /// If it can't be made.
    fn file(&self) -> Result<Box<dyn ScratchFile>, LocalError>;
}
