//! The terminal of a save: where the user was, what was run there, and chosen variables.

mod env;
mod history;
mod protected;
mod secret;
#[cfg(test)]
mod tests;

pub use env::{EnvName, EnvValue, Withheld};
pub use history::{HeldBack, MOST_COMMANDS, Ran, harmless_command, history_of};
pub use secret::may_hold_a_secret;

/// The terminal of a save.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terminal {
    /// Where the user was, relative to the work tree (empty: its top).
    pub directory: String,
    /// The shell's name, e.g. `nu`.
    pub shell: Option<String>,
    /// What was run in the work tree, oldest first, at most [`MOST_COMMANDS`].
    pub history: Vec<Ran>,
    /// The variables that travel, by name.
    pub env: Vec<(EnvName, EnvValue)>,
    /// The variables that were asked for and stayed behind, by name.
    pub missing: Vec<(EnvName, Withheld)>,
}
