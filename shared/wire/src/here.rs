//! What can be told at once of the place where the user is.

use serde::{Deserialize, Serialize};

use crate::report::Note;

/// What git and this device say of a directory; no store and no remote is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HereReport {
    /// Whether this device is set up.
    pub set_up: bool,
    /// This device's name, if it is set up.
    pub device: Option<String>,
    /// The repository; none where there is no work tree.
    pub repository: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Files with changes that no commit holds.
    pub uncommitted: u64,
    /// Commits that the remote-tracking branch lacks.
    pub ahead: u64,
    /// Commits that the branch lacks.
    pub behind: u64,
    /// The session that the next save goes on with.
    pub session: Option<String>,
    /// Whether a resume waits for conflicts to be resolved.
    pub waits: bool,
    /// Saves that wait on this device to be sent, of all repositories.
    pub queued: u64,
    /// What else to know.
    pub notes: Vec<Note>,
}
