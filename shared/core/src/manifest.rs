//! The body of a unit: everything that a resume needs.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::context::Span;
use crate::id::{ConversationId, IdError, Oid};
use crate::name::ObjectName;
use crate::terminal::{Layout, Terminal};

/// The whole of a save but its card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Git facts, if code was saved.
    pub code: Option<Code>,
    /// The conversations; the main one first.
    pub conversations: Vec<Conversation>,
    /// The terminal, if it was saved.
    pub terminal: Option<Terminal>,
    /// What the user left out of this save.
    pub left_out: LeftOut,
}

/// What the user left out of a save. What the session has of it from before stays named in the
/// manifest, so that it is kept and the next save goes on from it; a resume passes it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// The code.
    pub code: bool,
    /// The conversations.
    pub conversation: bool,
}

impl Manifest {
    /// Every file that is kept in segments: the bundles, then those of the conversations, then the
    /// texts of panes.
    pub fn files(&self) -> impl Iterator<Item = &FileState> {
        let bundles = self
            .code
            .iter()
            .flat_map(|code| code.bundle.iter().chain(code.work.iter().map(|work| &work.bundle)));
        let files = self.conversations.iter().flat_map(|c| c.files.iter().map(|(_, file)| file));
        let layout = self.terminal.iter().filter_map(|terminal| terminal.layout.as_ref());
        let texts = layout.flat_map(Layout::panes).filter_map(|pane| pane.text.as_ref());
        bundles.chain(files).chain(texts)
    }

    /// The same, to be changed.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut FileState> {
        let bundles = self.code.iter_mut().flat_map(|code| {
            let work = code.work.iter_mut().map(|work| &mut work.bundle);
            code.bundle.iter_mut().chain(work)
        });
        let conversations = self.conversations.iter_mut();
        let layout = self.terminal.iter_mut().filter_map(|terminal| terminal.layout.as_mut());
        let texts = layout.flat_map(Layout::panes_mut).filter_map(|pane| pane.text.as_mut());
        let files = conversations.flat_map(|c| c.files.iter_mut().map(|(_, file)| file));
        bundles.chain(files).chain(texts)
    }

    /// The code that a resume brings back.
    #[must_use]
    pub fn wanted_code(&self) -> Option<&Code> {
        self.code.as_ref().filter(|_| !self.left_out.code)
    }

    /// The conversations that a resume brings back, the main one first.
    #[must_use]
    pub fn wanted_conversations(&self) -> &[Conversation] {
        if self.left_out.conversation { &[] } else { &self.conversations }
    }

    /// Every object that the save needs besides itself.
    #[must_use]
    pub fn containers(&self) -> BTreeSet<ObjectName> {
        let segments = self.files().flat_map(|file| &file.segments);
        segments.filter_map(|segment| segment.container.clone()).collect()
    }
}

/// The code of a save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Normalised URLs of the repository's remotes, the one pushed to first.
    pub remotes: Vec<String>,
    /// The URL of the first remote as git takes it, without credentials: for a clone elsewhere.
    pub clone_url: Option<String>,
    /// The root commit: with the URL it tells whether a clone is of the same repository.
    pub root_commit: Option<Oid>,
    /// The branch.
    pub branch: String,
    /// The commit.
    pub commit: Oid,
    /// The commit's subject line.
    pub subject: String,
    /// A git bundle of what the remote lacked, if it travels with the save.
    pub bundle: Option<FileState>,
    /// Commits that the bundle needs on the other side.
    pub bundle_needs: Vec<Oid>,
    /// Files that stayed behind because an exclude pattern names them.
    pub excluded: Vec<String>,
    /// Files that the save committed, at most [`Code::MOST_MODIFIED`]; unknown of older saves.
    pub modified: Vec<String>,
    /// Uncommitted work that travels along; several pieces only where saves were joined.
    pub work: Vec<Work>,
}

impl Code {
    /// Names of committed files that a save tells.
    pub const MOST_MODIFIED: usize = 200;

    /// The work that is on top of the save's own commit, if there is any.
    #[must_use]
    pub fn work_here(&self) -> Option<&Work> {
        self.work.iter().find(|work| work.base == self.commit)
    }
}

/// Uncommitted work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// A commit on no branch that has all of it. Equal work on top of the same commit is the same
    /// commit on every device. Its tree is what lies in the work tree, its first parent `base`, its
    /// second parent has the index's tree; that one's second parent, if it has one, the names that
    /// were added without contents.
    pub commit: Oid,
    /// The commit that it is on top of.
    pub base: Oid,
    /// Paths that differ from that.
    pub changes: u64,
    /// A git bundle of it, which needs `base` alone.
    pub bundle: FileState,
}

/// One conversation of a save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The assistant's adapter, e.g. `claude-code`.
    pub assistant: String,
    /// The assistant's own id.
    pub id: ConversationId,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Messages in it.
    pub message_count: u64,
    /// The client's version that wrote last, if known.
    pub client_version: Option<String>,
    /// The directory it was held in, relative to the work tree (empty: its top).
    pub directory: String,
    /// Its files by logical path, sorted.
    pub files: Vec<(FilePath, FileState)>,
    /// The git context of its messages, in order; unknown of older saves.
    pub spans: Vec<Span>,
    /// Where a restored transcript begins, if the user archived what stands before.
    pub archived: Option<Archived>,
}

/// The beginning of a transcript that stays in the store: the save has all of it, and a resume
/// restores what follows. It says where to begin, never what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived {
    /// Canonical bytes that are not restored, whole lines.
    pub bytes: u64,
    /// Messages in them.
    pub messages: u64,
}

/// A file of a conversation by what it is, not by where it lies: `transcript.jsonl`,
/// `subagents/agent-1.jsonl`, `tool-results/x.txt`, `file-history/…`, `tasks/1.json`, `plans/…`.
///
/// Relative, `/`-separated, without `.`, `..`, empty or hidden components and control characters,
/// at most 512 bytes: it can be joined to a folder and stays inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

impl FilePath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FilePath {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let component = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.len() <= 255
                && !part.contains(|c: char| c.is_control() || matches!(c, '\\' | ':'))
        };
        if text.len() <= 512 && text.split('/').all(component) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError { what: "file of a conversation", text: text.to_owned() })
        }
    }
}

/// The state of one file at a save: enough to prove a rebuilt copy, and the chain to rebuild it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileState {
    /// Canonical bytes.
    pub len: u64,
    /// BLAKE3 of each MiB of canonical bytes, the last one shorter.
    pub blocks: Vec<[u8; 32]>,
    /// From the last snapshot on, in order.
    pub segments: Vec<SegmentRef>,
}

/// One step of a file's chain: keep `at` bytes, then append `len` new ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRef {
    /// First 16 bytes of the keyed BLAKE3 of the packed bytes.
    pub id: [u8; 16],
    /// The object it was put into: a unit of the session or a part. `None`: the unit that this
    /// manifest is in.
    pub container: Option<ObjectName>,
    /// Canonical bytes kept of what was there before; the new ones follow.
    pub at: u64,
    /// New canonical bytes, at most 8 MiB.
    pub len: u32,
    /// Bytes before `at` that serve as raw dictionary.
    pub back: u32,
    /// Bytes after `at` of the file before this step that serve as dictionary too (they stand
    /// before the `back` bytes, so that the nearest ones come last).
    pub ahead: u32,
    /// Packed bytes.
    pub packed: u32,
    /// Messages in the file at the save that made this segment.
    pub messages: u64,
    /// Whether the chain starts anew here.
    pub snapshot: bool,
}

/// Digest of what a save holds: two saves with the same one hold the same commit, uncommitted work,
/// conversations and directory. How the bytes are packed, whether the commit travels along, and what
/// else is known of the terminal is left out.
#[must_use]
pub fn content_digest(manifest: &Manifest) -> [u8; 16] {
    let mut hash = blake3::Hasher::new_derive_key("convosync v1 content of a save");
    let mut put = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    let code = manifest.code.as_ref();
    put(code.map_or("", |code| code.branch.as_str()).as_bytes());
    put(code.map_or("", |code| code.commit.as_str()).as_bytes());
    put(manifest.terminal.as_ref().map_or("", |terminal| &terminal.directory).as_bytes());
    for conversation in &manifest.conversations {
        put(conversation.id.as_str().as_bytes());
        for (path, file) in &conversation.files {
            put(path.as_str().as_bytes());
            put(&file.len.to_le_bytes());
            put(file.blocks.as_flattened());
        }
    }
    if manifest.left_out != LeftOut::default() {
        put(&[u8::from(manifest.left_out.code), u8::from(manifest.left_out.conversation)]);
    }
    // Last, and only if there is any: saves without keep the digest that they always had.
    for work in code.iter().flat_map(|code| &code.work) {
        put(b"uncommitted work");
        put(work.commit.as_str().as_bytes());
    }
    let mut digest = [0; 16];
    hash.finalize_xof().fill(&mut digest);
    digest
}
