//! What a device writes down before a resume changes anything, so that it can be taken back.

use crate::format;
use crate::id::{ConversationId, Oid, SaveId, SessionId};
use crate::manifest::FilePath;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoKind {
    /// A session was brought back.
    Resume,
    /// A resume was taken back.
    Undo,
}

/// How far it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoStage {
    /// It was begun, and has not ended yet.
    Begun,
    /// It waits for the user to resolve conflicts of the code.
    Waits,
    /// It ended.
    Done,
    /// It was taken back.
    TakenBack,
}

/// Where a work tree stood. The objects are in its repository, its index in a file beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkTreeState {
    /// Names the ref that keeps the objects, and the file.
    pub id: String,
    /// The branch that HEAD was on; none: on no branch.
    pub branch: Option<String>,
    /// The commit that was checked out; none: the branch had none yet.
    pub commit: Option<Oid>,
    /// A commit of the files as they lay, if they differed from that one or more had to be kept.
    pub work: Option<Oid>,
    /// Refs by their full names; none: it was not there.
    pub refs: Vec<(String, Option<Oid>)>,
    /// Entries of `git stash` by their messages; none: it was not there.
    pub stashes: Vec<(String, Option<Oid>)>,
}

/// What a file of a conversation held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileBefore {
    /// There was none.
    Absent,
    /// The beginning of what was put in its place, and a few bytes more.
    Beginning {
        /// Bytes of the beginning.
        len: u64,
        /// The BLAKE3 of all of it.
        hash: [u8; 32],
        /// What followed the beginning.
        rest: Vec<u8>,
    },
    /// Bytes that are kept, sealed, on this device.
    Kept {
        /// Bytes.
        len: u64,
        /// Their BLAKE3.
        hash: [u8; 32],
        /// The number of the first piece.
        first: u32,
        /// How many pieces.
        pieces: u32,
    },
}

/// A file of a conversation that is put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedFile {
    /// Which.
    pub path: FilePath,
    /// What it held.
    pub before: FileBefore,
}

/// A conversation whose files are put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationBefore {
    /// The assistant's name.
    pub assistant: String,
    /// Which.
    pub id: ConversationId,
    /// The directory that it is held in, absolute.
    pub directory: String,
    /// When it was last written, milliseconds since 1970; none: it was not there.
    pub modified_ms: Option<i64>,
    /// Its files.
    pub files: Vec<PlacedFile>,
}

/// One resume, or one undo, of a work tree: what was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoRecord {
    /// What was done.
    pub kind: UndoKind,
    /// How far it got.
    pub stage: UndoStage,
    /// When it was begun, milliseconds since 1970.
    pub made_ms: i64,
    /// The session.
    pub session: SessionId,
    /// The save that was brought back.
    pub save: SaveId,
    /// What that save says.
    pub message: String,
    /// Whether it was asked for by its id.
    pub pinned: bool,
    /// Whether the work tree was cloned for it.
    pub cloned: bool,
    /// Of an undo: the number of what it takes back.
    pub of: Option<u64>,
    /// The work tree; none: nothing of its code was touched.
    pub code: Option<WorkTreeState>,
    /// What the work tree was working on, as this device keeps it.
    pub binding: Option<Vec<u8>>,
    /// The conversations that were put in place.
    pub conversations: Vec<ConversationBefore>,
    /// How many pieces are kept with it.
    pub pieces: u32,
}

impl UndoRecord {
    /// The record as stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        format::encode_undo(self)
    }

    /// Reads a record. None: it is damaged, or a newer version wrote what can't be passed over.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        format::decode_undo(bytes).ok()
    }
}
