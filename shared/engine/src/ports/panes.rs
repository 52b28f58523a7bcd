//! The program that shows the panes of the user's terminal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use convosync_core::{Area, Label, PaneCommand, Size, Tab};

/// Why panes could not be looked at or opened.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct PanesError {
    /// What was tried.
    pub what: String,
    /// What the program said.
    pub reason: String,
}

/// The caller's environment: it says which pane of which terminal session the call comes from.
pub type PaneEnv = BTreeMap<String, String>;

/// A terminal session: tabs of panes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Screen {
    /// What the terminal session is called.
    pub session: String,
    /// From left to right.
    pub tabs: Vec<ScreenTab>,
    /// Whether the program did not tell all of them: names, stacks and commands may be missing.
    pub partial: bool,
}

/// A tab that is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenTab {
    /// Its number, which no other tab gets while the terminal session lives.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// Whether the user is in it.
    pub focused: bool,
    /// Its columns and rows.
    pub size: Size,
    /// Whether what floats in it is hidden.
    pub hides_floating: bool,
    /// Its panes, without those that belong to the program itself (bars, the sidebar).
    pub panes: Vec<ScreenPane>,
}

/// A pane that is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScreenPane {
    /// Its number among terminals, or among plugins.
    pub id: u32,
    /// Where it is in the tab.
    pub area: Area,
    /// Whether it floats.
    pub floats: bool,
    /// The stack that it is in.
    pub stack: Option<InStack>,
    /// Whether the user is in it, of those that float or do not.
    pub focused: bool,
    /// What the user called it.
    pub name: Option<String>,
    /// Where what runs in it is, absolute.
    pub directory: Option<PathBuf>,
    /// The top of the work tree that this is in, if it is in one.
    pub work_tree: Option<PathBuf>,
    /// What runs in it, or waits to be run, word by word.
    pub command: Option<Vec<String>>,
    /// The URL of the plugin that is in it.
    pub plugin: Option<String>,
}

/// The place of a pane in a stack of its tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InStack {
    /// Which stack.
    pub stack: usize,
    /// Its place from the top.
    pub at: usize,
    /// Whether it is the unfolded one.
    pub unfolded: bool,
}

/// A pane that is to be opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPane {
    /// What it is called.
    pub name: Option<Label>,
    /// Where, absolute; it is there.
    pub directory: PathBuf,
    /// What is in it.
    pub runs: NewRuns,
    /// Whether it has the focus, of those that float or do not.
    pub focused: bool,
    /// The text that is shown above a shell's prompt: printable characters and colours.
    pub text: Option<String>,
}

/// What is in a pane that is to be opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NewRuns {
    /// The user's shell.
    #[default]
    Shell,
    /// A command that is shown and waits for the user.
    Waiting(PaneCommand),
    /// A command that the user wants to be run at once.
    Running(PaneCommand),
    /// A plugin that is part of the program, by its name.
    Plugin(String),
}

/// Shows panes. Of the environment only what the caller has is looked at.
pub trait Panes {
    /// The terminal session that the caller is in one pane of; none outside of one.
    ///
    /// # Errors
    ///
    /// If there is one and it can't be asked.
    fn look(&self, env: &PaneEnv) -> Result<Option<Screen>, PanesError>;

    /// All text of a terminal pane of that session, with its colours, as the program gives it.
    ///
    /// # Errors
    ///
    /// If it can't be asked, or the pane is gone.
    fn text(&self, env: &PaneEnv, pane: u32) -> Result<String, PanesError>;

    /// Opens tabs in the session that the caller is in, and goes to the one that is focused. Gives
    /// their numbers.
    ///
    /// # Errors
    ///
    /// If one can't be opened: those before it are.
    fn open(&self, env: &PaneEnv, tabs: &[Tab<NewPane>]) -> Result<Vec<u64>, PanesError>;

    /// Makes the caller's own tab into this one. A pane of it that has no place there is closed, the
    /// caller's too.
    ///
    /// # Errors
    ///
    /// If that can't be done; the tab is as it was.
    fn replace(&self, env: &PaneEnv, tab: &Tab<NewPane>) -> Result<(), PanesError>;

    /// Goes to a tab of the session that the caller is in.
    ///
    /// # Errors
    ///
    /// If it can't be asked.
    fn focus(&self, env: &PaneEnv, tab: u64) -> Result<(), PanesError>;

    /// Goes from the session that the caller is in to the one of this name; where there is none it is
    /// made, with these tabs. Gives whether it was made.
    ///
    /// # Errors
    ///
    /// If that can't be done.
    fn switch(&self, env: &PaneEnv, name: &str, tabs: &[Tab<NewPane>]) -> Result<bool, PanesError>;

    /// The command that shows the session of this name on a terminal, or makes it with these tabs.
    ///
    /// # Errors
    ///
    /// If the program is not there, or what it needs can't be written.
    fn start(
        &self,
        env: &PaneEnv,
        name: &str,
        tabs: &[Tab<NewPane>],
    ) -> Result<Vec<String>, PanesError>;

    /// Whether a program of this name or path would be found in a pane in this directory.
    fn has_program(&self, env: &PaneEnv, program: &str, directory: &Path) -> bool;
}
