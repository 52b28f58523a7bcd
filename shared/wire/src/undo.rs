//! Taking back a resume.

use serde::{Deserialize, Serialize};

use crate::report::Note;

/// `convosync undo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UndoArgs {
    /// Tell what would be done.
    pub dry_run: bool,
    /// Tell what can be taken back in this work tree.
    pub list: bool,
    /// Bring back what the last undo took back.
    pub redo: bool,
}

/// How a resume of a work tree stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UndoState {
    /// It can be taken back.
    Resumed,
    /// It waits for conflicts to be resolved; it can be taken back.
    Waits,
    /// It was stopped half-way; it can be taken back.
    Unfinished,
    /// It was taken back; the last of these can be brought back.
    Undone,
}

impl UndoState {
    /// The state in lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resumed => "resumed",
            Self::Waits => "waits",
            Self::Unfinished => "unfinished",
            Self::Undone => "undone",
        }
    }
}

/// A resume of this work tree, for a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRow {
    /// When it was, milliseconds since 1970.
    pub timestamp: i64,
    /// The session that was brought back.
    pub session_id: String,
    /// The save of it.
    pub save: String,
    /// What that save says.
    pub message: String,
    /// The branch that the work tree was on before; none: on no branch, or the code was not touched.
    pub branch: Option<String>,
    /// The commit it was at before.
    pub commit: Option<String>,
    /// How it stands.
    pub state: UndoState,
    /// The work tree.
    pub work_tree: String,
    /// Of one that waits: files that are still unmerged, relative to the work tree.
    pub conflicts: Vec<String>,
}

/// What `undo` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoReport {
    /// The session that had been brought back.
    pub session_id: String,
    /// The save of it.
    pub save: String,
    /// What that save says.
    pub message: String,
    /// When that was, milliseconds since 1970.
    pub timestamp: i64,
    /// What an undo had taken back was brought back.
    pub redone: bool,
    /// The branch before.
    pub previous_branch: Option<String>,
    /// The branch now.
    pub branch: Option<String>,
    /// The commit now.
    pub commit: Option<String>,
    /// Its subject.
    pub commit_subject: Option<String>,
    /// The work tree that was changed back; none: its code had not been touched.
    pub work_tree: Option<String>,
    /// Paths that differ from the commit now, as they did then.
    pub uncommitted: Vec<String>,
    /// Conversations that are as they were before.
    pub conversations: Vec<String>,
    /// What is kept of what was here until now, and how to get it back.
    pub kept: Vec<Note>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// A resume that waits for conflicts of the code to be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingResume {
    /// The session.
    pub session_id: String,
    /// What its save says.
    pub message: String,
    /// Since when, milliseconds since 1970.
    pub timestamp: i64,
    /// Files that are still unmerged, relative to the work tree.
    pub conflicts: Vec<String>,
}
