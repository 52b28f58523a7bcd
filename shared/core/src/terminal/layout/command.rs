//! What runs in panes.

use std::fmt;

use super::super::history::harmless_command;
use crate::secret::may_hold_a_secret;

/// Words of a command at most.
const MOST_WORDS: usize = 256;

/// A program and its arguments, as they are shown before somebody runs them: short enough to be
/// looked at, and nothing in them acts on a terminal or turns text around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneCommand {
    program: String,
    arguments: Vec<String>,
}

/// Why a command is none that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCommand {
    /// It may hold a secret.
    Secret,
    /// It is empty, too long, or holds characters that act on a terminal.
    Unfit,
}

impl PaneCommand {
    /// The command of these words.
    ///
    /// # Errors
    ///
    /// [`NoCommand::Unfit`].
    pub fn new(words: Vec<String>) -> Result<Self, NoCommand> {
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.trim().is_empty());
        let program = program.ok_or(NoCommand::Unfit)?;
        let command = Self { program, arguments: words.collect() };
        let fits = command.arguments.len() < MOST_WORDS && harmless_command(&command.to_string());
        if fits { Ok(command) } else { Err(NoCommand::Unfit) }
    }

    /// The command of these words, if it may leave this device.
    ///
    /// # Errors
    ///
    /// [`NoCommand::Secret`] by the rules of a shell's history, [`NoCommand::Unfit`].
    pub fn that_travels(words: Vec<String>) -> Result<Self, NoCommand> {
        let command = Self::new(words)?;
        if may_hold_a_secret(&command.to_string()) { Err(NoCommand::Secret) } else { Ok(command) }
    }

    /// What is started: a name or a path.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// What it is given.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// The program's own name, without its folder and a login shell's dash.
    #[must_use]
    pub fn name(&self) -> &str {
        let name = self.program.rsplit('/').next().unwrap_or_default();
        name.strip_prefix('-').unwrap_or(name)
    }

    /// Whether it is a shell that only waits for what is typed.
    #[must_use]
    pub fn is_waiting_shell(&self) -> bool {
        const SHELLS: &[&str] = &[
            "ash", "bash", "csh", "dash", "elvish", "fish", "ion", "ksh", "mksh", "nu", "oil",
            "osh", "pwsh", "rbash", "sh", "tcsh", "xonsh", "yash", "zsh",
        ];
        const WAITING: &[&str] = &["-l", "-i", "-il", "-li", "--login", "--interactive"];
        let waits = |argument: &String| WAITING.contains(&argument.as_str());
        SHELLS.contains(&self.name()) && self.arguments.iter().all(waits)
    }
}

impl fmt::Display for PaneCommand {
    /// All words, with spaces between: to be read, not to be run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// Plugins of Zellij 0.45 that a user has in a pane.
const BUILT_IN: &[&str] = &[
    "about",
    "configuration",
    "layout-manager",
    "multiple-select",
    "plugin-manager",
    "session-manager",
    "share",
    "strider",
];

/// The place that a plugin is loaded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginUrl(String);

impl PluginUrl {
    /// The URL, if it is printable ASCII of at most 512 bytes.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        (plain && text.len() <= 512).then(|| Self(text.to_owned()))
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a plugin that is part of the program that shows the panes, e.g. `strider`: it is
    /// the same on every machine.
    #[must_use]
    pub fn built_in(&self) -> Option<&str> {
        self.0.strip_prefix("zellij:").filter(|name| BUILT_IN.contains(name))
    }
}
