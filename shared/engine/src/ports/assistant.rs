//! A coding assistant that keeps conversations on this device.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use convosync_core::ReadSeek;
use convosync_core::{ConversationId, FilePath, Rules};

use super::local::ScratchFile;

/// Why an assistant's files could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssistantError {
    /// There is no such conversation here.
    #[error("no conversation `{0}` on this device")]
    NotFound(String),
    /// The text is the start of several ids.
    #[error("`{text}` is the start of {count} conversation ids")]
    Ambiguous {
        /// The text.
        text: String,
        /// Of how many.
        count: usize,
    },
    /// A file could not be read or written.
    #[error("{what}: {reason}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// The disk is full.
    #[error("no room left on the disk: {0}")]
    Full(String),
    /// A save names a file or an id that this assistant has no place for. Nothing was placed.
    #[error("`{name}` has no place here: {reason}")]
    Refused {
        /// The file or id.
        name: String,
        /// Why not.
        reason: String,
    },
}

/// Where the user is.
#[derive(Debug, Clone)]
pub struct Here<'a> {
    /// The top of the work tree, symlinks resolved.
    pub work_tree: &'a Path,
    /// The user's directory, inside the work tree, symlinks resolved.
    pub directory: &'a Path,
    /// The caller's environment.
    pub env: &'a BTreeMap<String, String>,
}

/// A process that has a conversation open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Its id.
    pub pid: u32,
    /// Its terminal pane as the assistant records it, e.g. tmux's `t1:@0.%0`.
    pub pane: Option<String>,
    /// Whether this call was made from inside it.
    pub is_caller: bool,
}

/// A conversation that is open in a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InPane {
    /// Its id.
    pub id: ConversationId,
    /// The terminal session, as it was called when the assistant started.
    pub session: String,
    /// The pane's number among that session's terminals.
    pub pane: u32,
}

/// A conversation of this work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: ConversationId,
    /// Its title or first prompt, on one line and shortened.
    pub title: Option<String>,
    /// When its transcript was last written, milliseconds since 1970.
    pub modified_ms: i64,
    /// Who has it open.
    pub live: Option<Live>,
    /// The directory it is held in, absolute.
    pub directory: PathBuf,
}

/// A file of a conversation on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// What it is.
    pub logical: FilePath,
    /// Where it is.
    pub path: PathBuf,
    /// Bytes to take: of a file of lines, whole lines only.
    pub len: u64,
    /// Whether it consists of lines that the rules apply to.
    pub lines: bool,
    /// Bytes after those: a torn last line, which is not taken.
    pub torn: u64,
}

/// What lies among a conversation's files and does not travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it is.
    pub path: PathBuf,
    /// Why it stays, in the user's words.
    pub reason: &'static str,
}

/// Where a conversation goes.
#[derive(Debug, Clone)]
pub struct Placement<'a> {
    /// Under which id.
    pub id: &'a ConversationId,
    /// For which directory, absolute, symlinks resolved, existing.
    pub directory: &'a Path,
    /// When it counts as last changed, milliseconds since 1970: the client goes on with the newest
    /// one. None: now.
    pub modified_ms: Option<i64>,
}

/// Where it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The transcript.
    pub transcript: PathBuf,
}

/// A coding assistant.
pub trait Assistant {
    /// Its stable name, e.g. `claude-code`.
    fn name(&self) -> &'static str;

    /// The rules of its files.
    fn rules(&self) -> &dyn Rules;

    /// The conversations of this work tree, the current one first: the one that the call comes
    /// from inside of; else those that are open here; else by last change, newest first.
    ///
    /// # Errors
    ///
    /// If its folders are there and can't be read.
    fn conversations(&self, here: &Here<'_>) -> Result<Vec<Found>, AssistantError>;

    /// The conversation that `text` (an id or a unique prefix) names, wherever on this device.
    ///
    /// # Errors
    ///
    /// [`AssistantError::NotFound`], [`AssistantError::Ambiguous`].
    fn pick(&self, here: &Here<'_>, text: &str) -> Result<Found, AssistantError>;

    /// The files of a conversation, `transcript.jsonl` first; empty when it is not on this device.
    ///
    /// # Errors
    ///
    /// If they are there and can't be read.
    fn files(&self, id: &ConversationId) -> Result<Vec<SourceFile>, AssistantError>;

    /// The files of a conversation as they lie for one directory (a conversation may lie under
    /// several); empty when there are none.
    ///
    /// # Errors
    ///
    /// If they are there and can't be read.
    fn files_at(
        &self,
        id: &ConversationId,
        directory: &Path,
    ) -> Result<Vec<SourceFile>, AssistantError>;

    /// What lies among the files that [`Assistant::files`] gives and does not travel, other than
    /// locks and caches: links, names that can't travel, what the rules do not know.
    ///
    /// # Errors
    ///
    /// If they are there and can't be read.
    fn left_out(&self, id: &ConversationId) -> Result<Vec<LeftOut>, AssistantError>;

    /// Opens one of its files. Only [`SourceFile::len`] bytes of it count.
    ///
    /// # Errors
    ///
    /// If it can't be opened.
    fn open(&self, file: &SourceFile) -> Result<Box<dyn ReadSeek>, AssistantError>;

    /// Who has the conversation open.
    ///
    /// # Errors
    ///
    /// If that can't be found out.
    fn live(
        &self,
        id: &ConversationId,
        env: &BTreeMap<String, String>,
    ) -> Result<Option<Live>, AssistantError>;

    /// The conversations that are open in panes of Zellij, as the environment of the assistant's
    /// processes says; those of which nobody can tell are not among them.
    ///
    /// # Errors
    ///
    /// If that can't be found out.
    fn in_panes(&self) -> Result<Vec<InPane>, AssistantError>;

    /// Checks that every file of a conversation has a place here, under this id.
    ///
    /// # Errors
    ///
    /// [`AssistantError::Refused`] names the first that has none.
    fn accepts(&self, id: &ConversationId, files: &[FilePath]) -> Result<(), AssistantError>;

    /// Puts files in place, the transcript last, each whole or not at all: mode 0600, the
    /// times that are asked for, durable. Files that are not named stay.
    ///
    /// # Errors
    ///
    /// [`AssistantError::Refused`] before anything is placed; or if one could not be placed: those
    /// placed before it stay and are harmless.
    fn place(
        &self,
        to: &Placement<'_>,
        files: Vec<(FilePath, Box<dyn ScratchFile>)>,
    ) -> Result<Placed, AssistantError>;

    /// Removes files of a conversation as they lie for one directory, the transcript first. What is
    /// not there is no error.
    ///
    /// # Errors
    ///
    /// If one could not be removed; those before it are gone.
    fn remove(
        &self,
        id: &ConversationId,
        directory: &Path,
        files: &[FilePath],
    ) -> Result<(), AssistantError>;

    /// The command that goes on with a conversation.
    fn open_command(&self, id: &ConversationId) -> String;
}
