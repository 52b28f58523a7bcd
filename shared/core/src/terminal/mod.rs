//! The terminal of a save: where the user was, what was run there, and chosen variables.

mod env;
mod history;
mod layout;
mod protected;
mod screen;
#[cfg(test)]
mod tests;

pub use env::{EnvName, EnvValue, Withheld};
pub use history::{HeldBack, MOST_COMMANDS, Ran, SecretCommand, harmless_command, history_of};
pub use layout::{
    Area, Base, Direction, Floating, FolderPath, Label, Layout, MOST_PANES, MOST_TABS, NoCommand,
    Pane, PaneCommand, Place, PluginUrl, Runs, Size, Tab, Tile, arranged,
};
pub use screen::{LAST_LINES, harmless_screen};

pub(crate) use layout::DEEPEST;

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
    /// The panes that it was one of, if something told of them.
    pub layout: Option<Layout>,
}
