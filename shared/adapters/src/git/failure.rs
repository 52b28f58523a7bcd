//! What git's words mean. They are English: the environment sees to that.

use std::path::Path;

use convosync_engine::ports::GitError;

use super::url;

/// Whether a call talks to a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Local,
    Remote,
}

/// Bytes of git's words that are shown at most.
const MOST_SHOWN: usize = 8 << 10;

/// Words of git, curl and OpenSSH when the user would have to log in, or to trust a host.
const CREDENTIALS: &[&str] = &[
    "could not read Username",
    "could not read Password",
    "terminal prompts disabled",
    "Authentication failed",
    "Invalid username or",
    "Permission denied (",
    "Permission denied, please try again",
    "Too many authentication failures",
    "Host key verification failed",
    "HTTP Basic: Access denied",
    "requested URL returned error: 401",
    "requested URL returned error: 403",
];

/// Words of git, curl and OpenSSH when the remote does not answer.
const UNREACHABLE: &[&str] = &[
    "Could not resolve",
    "Temporary failure in name resolution",
    "Name or service not known",
    "unable to look up",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Connection closed",
    "Operation timed out",
    "Network is unreachable",
    "No route to host",
    "Failed to connect",
    "Couldn't connect",
    "unable to connect",
    "kex_exchange_identification",
    "hung up unexpectedly",
    "early EOF",
    "requested URL returned error: 5",
    "does not appear to be a git repository",
    "Could not read from remote repository",
    "unable to access",
];

/// Words of the system and of git when there is no room.
const FULL: &[&str] = &["No space left on device", "Disk quota exceeded", "Out of diskspace"];

/// Whether the disk that this is on has no room for its user.
fn is_full(dir: &Path) -> bool {
    rustix::fs::statvfs(dir).is_ok_and(|disk| disk.f_bavail == 0)
}

/// Names the failure of a call that ended with another exit code than 0.
pub(super) fn classify(what: &str, stderr: &str, reach: Reach, dir: &Path) -> GitError {
    let said = |words: &[&str]| words.iter().any(|word| stderr.contains(word));
    if said(&["fatal: not a git repository"]) {
        return GitError::NotARepository(dir.display().to_string());
    }
    if said(&["must be run in a work tree"]) {
        return GitError::NoWorkTree(dir.display().to_string());
    }
    if let Some(place) = not_trusted(stderr) {
        return GitError::NotTrusted(place);
    }
    if let Some(path) = lock(stderr) {
        return GitError::Locked { path };
    }
    let output = fit_to_show(stderr);
    // Of a ref's file git tells only that it could not write it.
    if said(FULL) || reach == Reach::Local && said(&["couldn't write '"]) && is_full(dir) {
        return GitError::Full(output);
    }
    if reach == Reach::Local && is_read_only(stderr) {
        return GitError::ReadOnly(output);
    }
    if said(&["gpg failed to sign the data", "failed to write commit object"]) {
        return GitError::Unsigned(output);
    }
    if stderr.contains("fatal: transport '") && stderr.contains("' not allowed") {
        return GitError::Transport(output);
    }
    if said(&["clean filter 'lfs' failed", "smudge filter lfs failed"]) {
        return GitError::NoLfs(output);
    }
    // A forge says this of a repository that is not there or not this user's: its words are best.
    if reach == Reach::Remote && !stderr.contains("Repository not found") {
        if said(CREDENTIALS) {
            return GitError::Credentials(output);
        }
        if said(UNREACHABLE) || is_missing_path(stderr) {
            return GitError::Unreachable(output);
        }
    }
    GitError::Failed { what: what.to_owned(), output }
}

/// The lock file, or the ref, that was in the way: `Unable to create '/r/.git/index.lock': File exists.`
fn lock(stderr: &str) -> Option<String> {
    if let Some((_, rest)) = stderr.split_once("cannot lock ref '")
        && let Some((name, rest)) = rest.split_once("': is at ")
        && rest.contains(" but expected ")
    {
        return Some(name.to_owned()); // another git moved it meanwhile
    }
    let (_, rest) = stderr.split_once("Unable to create '")?;
    let (path, rest) = rest.split_once("': ")?;
    (path.ends_with(".lock") && rest.starts_with("File exists")).then(|| path.to_owned())
}

/// The place that git reads nothing of, since it is another user's:
/// `fatal: detected dubious ownership in repository at '/r'`.
fn not_trusted(stderr: &str) -> Option<String> {
    let (_, rest) = stderr.split_once("fatal: detected dubious ownership in repository at '")?;
    rest.split_once('\'').map(|(place, _)| fit_to_show(place))
}

/// Whether git itself says so: a hook may speak of a permission that has nothing to do with it.
fn is_read_only(stderr: &str) -> bool {
    const SUBJECTS: &[&str] = &[
        "fatal: Unable to create '",
        "error: insufficient permission for adding an object",
        "error: could not lock config file",
        "fatal: could not open '",
        "error: cannot lock ref '",
        "fatal: cannot lock ref '",
    ];
    stderr.lines().any(|line| {
        let why = ["Permission denied", "Read-only file system", "insufficient permission"];
        SUBJECTS.iter().any(|subject| line.starts_with(subject))
            && why.iter().any(|why| line.contains(why))
    })
}

/// `fatal: repository '/gone' does not exist`.
fn is_missing_path(stderr: &str) -> bool {
    stderr.lines().any(|line| line.contains("repository '") && line.ends_with("does not exist"))
}

/// Git's words without its hints and progress, without credentials in URLs, and without anything
/// that a terminal would obey: part of it comes from the remote.
pub(crate) fn fit_to_show(text: &str) -> String {
    let mut shown = String::new();
    for line in text.lines() {
        // A progress line overwrites itself: only its last state was meant to stay.
        let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
        let line = line.trim_end();
        if line.starts_with("hint:") || is_progress(line) {
            continue;
        }
        shown.push_str(&url::without_credentials(&printable(line)));
        shown.push('\n');
        if shown.len() > MOST_SHOWN {
            shown.truncate(shown.floor_char_boundary(MOST_SHOWN));
            shown.push('…');
            break;
        }
    }
    shown.trim().to_owned()
}

fn is_progress(line: &str) -> bool {
    const TASKS: &[&str] = &[
        "Enumerating objects:",
        "Counting objects:",
        "Compressing objects:",
        "Writing objects:",
        "Receiving objects:",
        "Resolving deltas:",
        "Unpacking objects:",
        "Updating files:",
        "Delta compression using",
        "Cloning into '",
        "Total ",
    ];
    let line = line.strip_prefix("remote: ").unwrap_or(line);
    TASKS.iter().any(|task| line.starts_with(task))
}

/// The text without escape sequences and control characters.
pub(super) fn printable(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // CSI sequences end with a letter; of others only the escape itself goes.
            if chars.as_str().starts_with('[') {
                chars.by_ref().skip(1).find(|c| c.is_ascii_alphabetic() || *c == '~');
            }
        } else if c == '\t' || c == '\n' || !c.is_control() {
            kept.push(c);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(stderr: &str) -> GitError {
        classify("fetch", stderr, Reach::Remote, Path::new("/r"))
    }

    #[test]
    fn credentials_and_silence_are_told_apart() {
        for words in [
            "fatal: could not read Username for 'https://host': terminal prompts disabled",
            "git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            "Host key verification failed.\nfatal: Could not read from remote repository.",
            "fatal: unable to access 'https://host/': The requested URL returned error: 403",
        ] {
            assert!(matches!(remote(words), GitError::Credentials(_)), "{words}");
        }
        for words in [
            "ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.",
            "fatal: unable to access 'https://host/': Could not resolve host: host",
            "fatal: unable to access 'https://host/': The requested URL returned error: 503",
            "fatal: repository '/gone' does not exist",
        ] {
            assert!(matches!(remote(words), GitError::Unreachable(_)), "{words}");
        }
        let absent =
            remote("ERROR: Repository not found.\nfatal: Could not read from remote repository.");
        assert!(matches!(absent, GitError::Failed { .. }), "{absent:?}");
    }

    #[test]
    fn a_lock_is_named() {
        let words = "fatal: Unable to create '/r/.git/index.lock': File exists.\n\nAnother git";
        let GitError::Locked { path } = classify("add", words, Reach::Local, Path::new("/r"))
        else {
            panic!("not a lock");
        };
        assert_eq!(path, "/r/.git/index.lock");
    }

    #[test]
    fn a_ref_that_another_git_moved_is_as_good_as_locked() {
        let words = "fatal: cannot lock ref 'HEAD': is at 1234 but expected 5678\n";
        let named = classify("commit", words, Reach::Local, Path::new("/r"));
        assert!(matches!(&named, GitError::Locked { path } if path == "HEAD"), "{named:?}");
        let words = "error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists";
        let named = classify("switch", words, Reach::Local, Path::new("/r"));
        assert!(matches!(named, GitError::Failed { .. }), "{named:?}");
    }

    #[test]
    fn what_git_may_not_write_or_read_is_named() {
        let local = |stderr: &str| classify("add", stderr, Reach::Local, Path::new("/r"));
        for words in [
            "fatal: Unable to create '/r/.git/index.lock': Permission denied",
            "fatal: Unable to create '/r/.git/index.lock': Read-only file system",
            "error: insufficient permission for adding an object to repository database .git/objects",
        ] {
            assert!(matches!(local(words), GitError::ReadOnly(_)), "{words}");
        }
        let hook = local("./lint: Permission denied\nfatal: lint failed");
        assert!(matches!(hook, GitError::Failed { .. }), "{hook:?}");
        let words = "fatal: detected dubious ownership in repository at '/r'\nTo add an exception";
        assert!(matches!(local(words), GitError::NotTrusted(place) if place == "/r"));
        let words = "fatal: this operation must be run in a work tree";
        assert!(matches!(local(words), GitError::NoWorkTree(place) if place == "/r"));
    }

    #[test]
    fn a_full_disk_is_named() {
        let words = "error: file write error: No space left on device\nfatal: unable to write";
        let named = classify("add", words, Reach::Local, Path::new("/r"));
        assert!(matches!(named, GitError::Full(_)), "{named:?}");
    }

    #[test]
    fn what_is_shown_holds_no_secret_no_escape_and_no_progress() {
        let words = "Writing objects:  10% (1/9)\rWriting objects: 100% (9/9), done.\n\
             remote: \u{1b}[31mno\u{1b}[0m\u{7}\r\n\
             fatal: can't use 'https://me:tok3n@host/p'\nhint: try again\n";
        assert_eq!(fit_to_show(words), "remote: no\nfatal: can't use 'https://host/p'");
    }

    #[test]
    fn what_is_shown_is_bounded() {
        assert!(fit_to_show(&"ü\n".repeat(100_000)).len() < 9_000);
        assert!(fit_to_show(&"ü".repeat(100_000)).len() < 9_000);
    }
}
