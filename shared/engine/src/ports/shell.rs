//! The user's shells.

use std::collections::BTreeMap;
use std::path::Path;

use convosync_core::Ran;

/// Why a shell's history could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct ShellError {
    /// What was tried, with the path.
    pub what: String,
    /// What the system said.
    pub reason: String,
}

/// Whose history is asked for.
#[derive(Debug, Clone, Copy)]
pub struct HistoryOf<'a> {
    /// The shell's name, e.g. `nu`.
    pub shell: Option<&'a str>,
    /// The caller's environment.
    pub env: &'a BTreeMap<String, String>,
    /// The work tree.
    pub work_tree: &'a Path,
    /// Commands of which nobody knows where they were run are wanted too.
    pub everywhere: bool,
    /// The newest so many.
    pub most: usize,
}

/// Reads what the user's shells remember. Never writes to it.
pub trait Shells {
    /// The commands that were run in a work tree, oldest first. A shell that is not known, or keeps
    /// no history, has none.
    ///
    /// # Errors
    ///
    /// If a history is there and can't be read.
    fn history(&self, of: &HistoryOf<'_>) -> Result<Vec<Ran>, ShellError>;
}
