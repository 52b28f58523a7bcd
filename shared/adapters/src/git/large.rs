//! Changed files that git hosts do not like.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use convosync_engine::ports::{ChangeKind, GitError, LARGE_FILE, LargeFile};

use super::status::{Entry, shown};
use super::{GitCli, lfs};

/// The large ones among what a commit would take. A process only where there is one.
pub(super) fn files(
    git: &GitCli,
    root: &Path,
    entries: &[Entry],
) -> Result<Vec<LargeFile>, GitError> {
    let large: Vec<(&[u8], u64)> = entries
        .iter()
        .filter(|entry| matches!(entry.kind, ChangeKind::New | ChangeKind::Modified))
        .filter_map(|entry| Some((entry.path.as_slice(), size(root, &entry.path)?)))
        .filter(|(_, bytes)| *bytes > LARGE_FILE)
        .collect();
    if large.is_empty() {
        return Ok(Vec::new());
    }
    let elsewhere = lfs::named(git, root, None, large.iter().map(|(path, _)| *path))?;
    let own = large.into_iter().filter(|(path, _)| !elsewhere.iter().any(|lfs| lfs == path));
    Ok(own.map(|(path, bytes)| LargeFile { path: shown(path), bytes }).collect())
}

/// A link is as large as its target's name.
fn size(root: &Path, path: &[u8]) -> Option<u64> {
    let found = root.join(OsStr::from_bytes(path)).symlink_metadata().ok()?;
    found.is_file().then_some(found.len())
}
