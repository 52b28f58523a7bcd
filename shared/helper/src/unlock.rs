//! The passphrase of this device's key, where nobody types it: from a file that the user names.
//!
//! A file and not a variable or an argument: those are seen by other processes, and end up in
//! histories and logs. It may be a pipe, as `<(pass show convosync)` is.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use convosync_wire::{Failure, Request, Secret, unlock};
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::surroundings::Env;

/// Names the file for every call, of a plugin too.
pub(crate) const VARIABLE: &str = "CONVOSYNC_PASSPHRASE_FILE";

/// A longer line is no passphrase.
const LONGEST: u64 = 4096;

/// The file that the environment names, from the caller's directory on.
pub(crate) fn file(env: &Env, directory: &str) -> Option<PathBuf> {
    let named = env.get(VARIABLE).filter(|path| !path.is_empty())?;
    Some(Path::new(directory).join(named))
}

/// Whether a passphrase, or another one, is wanted.
pub(crate) fn is_wanted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failure(failure) if unlock::is_wanted(failure))
}

/// The first line of a file that nobody else can read.
///
/// # Errors
///
/// What to tell if it can't be read, is empty, or is open to others.
pub(crate) fn first_line(path: &Path) -> Result<Secret, Failure> {
    let failed = |reason: String| refused(path, &reason);
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let facts = file.metadata().map_err(|error| failed(error.to_string()))?;
    if facts.is_file() && facts.permissions().mode() & 0o077 != 0 {
        return Err(failed("other users can read it: run `chmod 600` on it".to_owned()));
    }
    let line = read_line(file).map_err(|error| failed(error.to_string()))?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(failed("its first line is empty".to_owned()));
    }
    Ok(Secret(line.to_owned()))
}

fn read_line(file: File) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(LONGEST as usize));
    BufReader::new(file.take(LONGEST)).read_line(&mut line)?;
    Ok(line)
}

fn refused(path: &Path, reason: &str) -> Failure {
    Failure {
        code: "convosync::key-file::passphrase-file".to_owned(),
        message: format!("{} gives no passphrase: {reason}", path.display()),
        help: Some("its first line is the passphrase; nothing was changed".to_owned()),
        argument: Some("--passphrase-file".to_owned()),
    }
}

/// Runs a request, and once more with what the file holds if the key is locked.
pub(crate) fn with_file(
    request: &mut Request,
    file: Option<&Path>,
    run: impl Fn(&Request) -> Outcome,
) -> Outcome {
    let outcome = run(request);
    let Some(file) = file.filter(|_| request.passphrase.is_none() && is_wanted(&outcome)) else {
        return outcome;
    };
    match first_line(file) {
        Err(failure) => Outcome::Failure(failure),
        Ok(passphrase) => {
            request.passphrase = Some(passphrase);
            run(request)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn written(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("passphrase");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
        (folder, path)
    }

    #[test]
    fn the_first_line_is_the_passphrase() {
        let (_folder, path) = written("correct horse \r\nsecond\n", 0o600);
        assert_eq!(first_line(&path).expect("readable").0, "correct horse ");
    }

    #[test]
    fn a_file_that_is_missing_empty_or_open_to_others_is_refused_by_name() {
        for (text, mode) in [("", 0o600), ("\nsecret\n", 0o600), ("secret\n", 0o644)] {
            let (_folder, path) = written(text, mode);
            let failure = first_line(&path).expect_err("refused");
            assert_eq!(failure.code, "convosync::key-file::passphrase-file");
            assert!(!failure.message.contains("secret"), "{}", failure.message);
        }
        assert!(first_line(Path::new("/nowhere/at/all")).is_err());
    }

    #[test]
    fn the_variable_names_a_file_from_the_callers_directory() {
        let env = |path: &str| Env::from([(VARIABLE.to_owned(), path.to_owned())]);
        assert_eq!(file(&env("p"), "/w"), Some("/w/p".into()));
        assert_eq!(file(&env("/p"), "/w"), Some("/p".into()));
        assert_eq!(file(&env(""), "/w"), None);
        assert_eq!(file(&Env::new(), "/w"), None);
    }

    #[test]
    fn the_file_is_read_only_if_the_key_is_locked() {
        let (_folder, path) = written("correct horse\n", 0o600);
        let locked = |request: &Request| {
            let code = if request.passphrase.is_none() { unlock::LOCKED } else { "other" };
            Outcome::Failure(Failure { code: code.to_owned(), ..unlock::differ() })
        };
        let mut request = crate::caller::request(convosync_wire::Verb::Status, "/", &Env::new());
        let open = |_: &Request| Outcome::Failure(unlock::differ());
        with_file(&mut request, Some(Path::new("/nowhere")), open);
        assert_eq!(request.passphrase, None);
        let outcome = with_file(&mut request, Some(&path), locked);
        assert!(matches!(outcome, Outcome::Failure(failure) if failure.code == "other"));
        assert_eq!(request.passphrase, Some(Secret("correct horse".to_owned())));
    }
}
