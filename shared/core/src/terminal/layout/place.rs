//! Where panes are: in folders that other devices have elsewhere.

use std::fmt;
use std::str::FromStr;

use crate::id::IdError;

/// The folder of a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What the path counts from.
    pub base: Base,
    /// The path below it.
    pub path: FolderPath,
}

/// What a path counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The top of the work tree.
    Repository,
    /// The user's home directory.
    Home,
    /// The root of the file system.
    Root,
}

impl Place {
    /// The place of an absolute directory: in the work tree if it is inside of it, else in the home
    /// directory, else as it is. None if its path can't be told.
    #[must_use]
    pub fn of(directory: &str, work_tree: &str, home: Option<&str>) -> Option<Self> {
        let bases = [(Base::Repository, Some(work_tree)), (Base::Home, home)];
        for (base, top) in bases {
            if let Some(below) = top.and_then(|top| below(directory, top)) {
                return Some(Self { base, path: below.parse().ok()? });
            }
        }
        let path = directory.strip_prefix('/')?.parse().ok()?;
        Some(Self { base: Base::Root, path })
    }
}

/// The part of a path below a folder.
fn below<'p>(path: &'p str, top: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(top.trim_end_matches('/'))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// A path of folders below another one: `/`-separated, without `.`, `..`, empty components and
/// control characters, at most 4096 bytes. Empty: that one itself. It can be joined to a folder and
/// stays inside as far as names go; links are for whoever follows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderPath(String);

impl FolderPath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FolderPath {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let component = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.len() <= 255
                && !part.contains(char::is_control)
        };
        if text.is_empty() || (text.len() <= 4096 && text.split('/').all(component)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError { what: "folder of a pane", text: text.to_owned() })
        }
    }
}
