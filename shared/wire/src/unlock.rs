//! How front ends deal with a key that a passphrase locks: the call fails, nothing was changed, and
//! it is made again with [`Request::passphrase`](crate::Request::passphrase).

use crate::answer::Failure;

/// The code of the failure that wants a passphrase.
pub const LOCKED: &str = "convosync::key-file::locked";
/// The code of the failure when it was another one.
pub const WRONG: &str = "convosync::key-file::wrong-passphrase";
/// How often somebody at a terminal may try.
pub const TRIES: usize = 3;

/// Asks for the passphrase.
pub const PROMPT: &str = "Passphrase of this device's key (not shown): ";
/// Asks once more after a wrong one.
pub const WRONG_PROMPT: &str = "That is not it. Passphrase of this device's key (not shown): ";
/// Asks for a new one.
pub const NEW_PROMPT: &str = "New passphrase (not shown): ";
/// Asks for it a second time.
pub const AGAIN_PROMPT: &str = "The same once more: ";

/// Whether the call is to be made again with a passphrase, or another one.
#[must_use]
pub fn is_wanted(failure: &Failure) -> bool {
    failure.code == LOCKED || failure.code == WRONG
}

/// What to tell when the second passphrase is not the first.
#[must_use]
pub fn differ() -> Failure {
    Failure {
        code: "convosync::key-file::passphrases-differ".to_owned(),
        message: "the two passphrases are not the same".to_owned(),
        help: Some("nothing was changed; try again".to_owned()),
        argument: None,
    }
}
