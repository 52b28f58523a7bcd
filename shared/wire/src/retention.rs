//! Keeping, deleting and collecting sessions.

use serde::{Deserialize, Serialize};

use crate::report::Note;

/// `convosync pin`, `unpin`, `undelete`: the sessions, each by id or a unique prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionsArgs {
    /// Which.
    pub sessions: Vec<String>,
}

/// `convosync delete`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeleteArgs {
    /// Which, each by id or a unique prefix.
    pub sessions: Vec<String>,
    /// Do not ask.
    pub yes: bool,
}

/// `convosync gc`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GcArgs {
    /// Tell what would be done.
    pub dry_run: bool,
}

/// A session that was pinned, deleted, or is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSession {
    /// The session.
    pub session_id: String,
    /// When something was saved in it last, milliseconds since 1970.
    pub timestamp: i64,
    /// What the user wrote.
    pub message: String,
    /// Its repository.
    pub repository: String,
    /// Whether anything was changed: false when it was so already.
    pub changed: bool,
    /// Bytes that it takes in the store, where that was asked.
    pub size: Option<u64>,
    /// Why it is past a limit, in words.
    pub why: Option<String>,
}

/// What `pin`, `unpin`, `delete` or `undelete` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptReport {
    /// The verb.
    pub verb: String,
    /// The sessions, in the order in which they were named.
    pub sessions: Vec<KeptSession>,
    /// Decisions that wait on this device.
    pub queued: u64,
    /// Days that a deleted session can be brought back for.
    pub grace_days: u64,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// Some objects of the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// How many.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What `gc` did; with `--dry-run`, what it would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GcReport {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Sessions that are past a limit and leave.
    pub leaving: Vec<KeptSession>,
    /// What nothing needs any more and is marked from now on.
    pub marked: Amount,
    /// What was marked before and waits for the end of the grace time.
    pub waiting: Amount,
    /// What was deleted.
    pub deleted: Amount,
    /// What is in the store after that.
    pub store: Amount,
    /// Days between mark and deletion.
    pub grace_days: u64,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// What retention has to say in a status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetentionState {
    /// Bytes that the user wants to use at most; none: no limit.
    pub quota: Option<u64>,
    /// Sessions past a limit, which a `gc` would let go.
    pub leaving: Vec<KeptSession>,
    /// The sessions that take most room, the biggest first, where the quota is used up.
    pub biggest: Vec<KeptSession>,
    /// Sessions that are deleted and can still be brought back.
    pub deleted: u64,
}

impl RetentionState {
    /// Percent of the quota from which on it is warned of.
    pub const WARNS_AT: u64 = 80;

    /// How much of the quota these bytes are, in percent.
    #[must_use]
    pub fn percent(&self, bytes: u64) -> Option<u64> {
        let quota = self.quota.filter(|quota| *quota > 0)?;
        u64::try_from(u128::from(bytes) * 100 / u128::from(quota)).ok()
    }
}
