//! Why a call of git did not do it, in the words of a store.

use convosync_engine::ports::{GitError, StoreError};

/// A failure in here.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The store's answer.
    Store(StoreError),
    /// Our own copy can't be used; it can be made again.
    Mirror(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(error) => error,
            Trouble::Mirror(why) => {
                Self::Unreachable(format!("the copy of it on this device can't be used: {why}"))
            }
        }
    }
}

/// Words of git and of forges when there is no room.
const FULL: &[&str] = &[
    "No space left on device",
    "Disk quota exceeded",
    "quota exceeded",
    "over quota",
    "size limit",
    "exceeds the maximum",
    "exceeded its maximum",
    "file size limit",
];

/// Words of servers of git when they refuse what is asked. What a forge says of a repository that
/// is not there or not this user's is the third.
const DENIED: &[&str] = &[
    "remote rejected",
    "pre-receive hook declined",
    "Repository not found",
    "repository not found",
    "could not be found or you don't have permission",
    "access denied",
    "Access denied",
    "hash algorithm",
    "mismatched algorithms",
    "insufficient permission",
];

/// A failure of a call that talks to the remote.
pub(super) fn remote(error: GitError) -> StoreError {
    match error {
        GitError::Credentials(words) => StoreError::Denied(words),
        // Whether the server hung up before or after git read why is a matter of luck.
        GitError::Unreachable(words) => said(words),
        GitError::Failed { output, .. } => said(output),
        other => StoreError::Unreachable(other.to_string()),
    }
}

/// What the remote's words mean where git's exit says only that it failed.
pub(super) fn said(words: String) -> StoreError {
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if has(FULL) {
        StoreError::Full(words)
    } else if has(DENIED) || words.lines().any(is_not_found) {
        StoreError::Denied(words)
    } else {
        StoreError::Unreachable(words)
    }
}

/// Whether a server gives out only what refs name, and not a blob that is asked for by its id.
pub(super) fn is_only_refs(error: &Trouble) -> bool {
    let words = ["unadvertised object", "not our ref"];
    match error {
        Trouble::Store(StoreError::Unreachable(said) | StoreError::Denied(said)) => {
            words.iter().any(|word| said.contains(word))
        }
        _ => false,
    }
}

/// `fatal: repository 'https://host/path/' not found`: what a web server's 404 becomes.
fn is_not_found(line: &str) -> bool {
    line.contains("repository '") && line.ends_with("not found")
}

/// A failure of a call that only touches our copy.
pub(super) fn local(error: GitError) -> Trouble {
    match error {
        GitError::Failed { output, .. } if output.contains("No space left on device") => {
            Trouble::Store(StoreError::Unreachable(output))
        }
        GitError::Failed { output, .. } => Trouble::Mirror(output),
        GitError::NotARepository(path) => Trouble::Mirror(format!("{path} is no repository")),
        other => Trouble::Store(StoreError::Unreachable(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remotes_words_are_understood() {
        let denied = GitError::Credentials("Permission denied (publickey).".to_owned());
        assert!(matches!(remote(denied), StoreError::Denied(_)));
        for words in ["remote: fatal: No space left on device", "remote: error: repo over quota"] {
            assert!(matches!(said(words.to_owned()), StoreError::Full(_)), "{words}");
        }
        for words in [
            "ERROR: Repository not found.",
            "! [remote rejected] x -> y (pre-receive hook declined)",
        ] {
            assert!(matches!(said(words.to_owned()), StoreError::Denied(_)), "{words}");
        }
        let cancelled = remote(GitError::Cancelled);
        assert!(matches!(cancelled, StoreError::Unreachable(_)), "{cancelled:?}");
    }
}
