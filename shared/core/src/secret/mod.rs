//! What looks like a secret. It is named by its kind and place, and never shown.
//!
//! Two questions, two answers. Of a command or a variable: wrong in doubt, since what stays behind
//! is told and can be set by hand ([`suspects`]). Of a long text that travels anyway: only what has
//! the whole shape of one, since who is told of a hundred that are none reads of none
//! ([`look_through`]).

mod chance;
mod formats;
mod patch;
mod stream;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

pub use patch::{SeenInFile, look_through_patch};
pub use stream::{MOST_SUSPECTS, Seen, look_through};
pub use text::{REDACTED, Suspect, may_hold_a_secret, suspects, without_secrets};

pub(crate) use text::names_a_secret;

/// What kind of secret something looks like, in words that follow "looks like".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretKind(&'static str);

impl SecretKind {
    /// A private key in PEM, with or without its end.
    pub const PRIVATE_KEY: Self = Self("a private key");
    /// `scheme://user:password@host`.
    pub const LOGIN: Self = Self("a password in a URL");
    /// What is given to a name that speaks of a secret.
    pub const NAMED: Self = Self("a value that is named like a secret");
    /// A word that only chance makes.
    pub const RANDOM: Self = Self("a random key");
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
