//! Folders on a system that is not asked to tell of changes: they are looked at again and again.

use std::io;
use std::path::{Path, PathBuf};

use super::rhythm::Ground;

/// A folder to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Followed {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// With all that lies below it.
    pub(crate) below: bool,
}

/// Folders that nobody tells of.
#[derive(Debug)]
pub(crate) struct Folders;

impl Folders {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn follow(&mut self, _: &[Followed]) -> io::Result<bool> {
        Ok(false)
    }

    pub(crate) fn ground(&self, _: &Path) -> Ground {
        Ground::Asked
    }

    pub(crate) fn take(&mut self) -> bool {
        false
    }
}
