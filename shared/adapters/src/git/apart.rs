//! A work tree beside the user's own, to be read.

use std::io;
use std::path::{Path, PathBuf};

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::GitCli;

/// Lays a commit out in a directory outside of the work tree here; see the port.
pub(super) fn lay_apart(
    git: &GitCli,
    repo: &Repository,
    commit: &Oid,
    directory: &Path,
) -> Result<(), GitError> {
    let place = resolved(directory).map_err(|error| refusal(error.to_string()))?;
    if place.starts_with(&repo.root) {
        // There the next `git add --all` would take it for a part of the user's work.
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        return Err(refusal(format!(
            "{} is inside of the work tree; name a folder outside of it, e.g. ../{name}",
            directory.display()
        )));
    }
    let call = git.write(&repo.root, "worktree").args(["add", "--detach"]);
    call.arg(&place).arg(commit.as_str()).ok().map(drop)
}

/// The path with its links followed, as far as it is there.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(resolved(parent)?.join(name)),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no directory")),
    }
}

fn refusal(output: String) -> GitError {
    GitError::Failed { what: "worktree add".to_owned(), output }
}
