//! The store as its user sees it: where it is, what its provider sees, where it goes.

use serde::{Deserialize, Serialize};

use crate::decision::{Choice, Question};
use crate::report::Note;

/// `convosync store move`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveArgs {
    /// The URL of the new place.
    pub to: String,
    /// The old place is gone for good: the new one is filled from what this device has.
    #[serde(default)]
    pub lost: bool,
}

/// `convosync store allow` and `convosync store forbid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentArgs {
    /// Whether sealed sessions of this repository may go to its own `origin`.
    pub allow: bool,
    /// Whether who can fetch them was said already.
    pub yes: bool,
}

impl ConsentArgs {
    /// Takes down that the origin may have them.
    ///
    /// # Errors
    ///
    /// If that was not asked, or the choice is another; nothing was taken down then.
    pub fn record(&mut self, question: Question, choice: &Choice) -> Result<(), String> {
        if question == Question::Origin && choice.value == Self::ALLOW {
            self.yes = true;
            return Ok(());
        }
        Err(format!("`{}` is no answer of store allow", choice.value))
    }

    /// The choice that lets the origin have them.
    pub const ALLOW: &'static str = "allow";
}

/// What kind of place a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// A folder on this machine only.
    Embedded,
    /// A folder that something else carries to other machines.
    Folder,
    /// A git repository.
    Git,
    /// Each repository's own `origin`.
    Origin,
    /// A bucket of an object store.
    Bucket,
}

impl StoreKind {
    /// The kind as people see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "this machine",
            Self::Folder => "folder",
            Self::Git => "git repository",
            Self::Origin => "each repository's origin",
            Self::Bucket => "bucket",
        }
    }
}

/// What whoever runs the store can see, and nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visible {
    /// Sessions.
    pub sessions: u64,
    /// Saves.
    pub saves: u64,
    /// Devices.
    pub devices: u64,
    /// Sealed bytes.
    pub bytes: u64,
    /// The rest in sentences: sizes, times, who can fetch.
    pub also: Vec<String>,
}

/// An `origin` that may hold sealed sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginRow {
    /// The repository's normalised URL.
    pub repository: String,
    /// Where its sealed sessions go, without credentials.
    pub store: String,
    /// Whether this device may send there.
    pub allowed: bool,
    /// Whether it answers.
    pub reachable: bool,
}

/// Of `store`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreReport {
    /// Its URL without credentials.
    pub store: String,
    /// What kind of place it is.
    pub store_kind: StoreKind,
    /// Whether it is only on this machine.
    pub local_only: bool,
    /// Whether it answered.
    pub reachable: bool,
    /// Saves that wait on this device.
    pub queued: u64,
    /// What its provider sees; none if it did not answer.
    pub visible: Option<Visible>,
    /// The repositories whose origins are used, if it is those.
    pub origins: Vec<OriginRow>,
    /// The command that makes another device one of the account.
    pub join_with: Option<String>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// Of `store move`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveReport {
    /// Whether anything was changed: false when this device uses that store already.
    pub changed: bool,
    /// Whether the old place was given up, and the new one filled from this device.
    #[serde(default)]
    pub lost: bool,
    /// Where the store was, without credentials.
    pub from: String,
    /// Where it is now, without credentials.
    pub store: String,
    /// Objects that the new place holds, each compared with the old one's.
    pub objects: u64,
    /// Of them, those that were copied now; the rest were there.
    pub copied: u64,
    /// Bytes that were copied now.
    pub bytes: u64,
    /// The account's other devices, which follow by themselves.
    pub other_devices: Vec<String>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// Of `store allow` and `store forbid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentReport {
    /// Whether anything was changed.
    pub changed: bool,
    /// The repository, and whether this device may send to its origin.
    pub origin: OriginRow,
    /// What else to know.
    pub notes: Vec<Note>,
}
