//! What `zellij action list-panes --all --json` says of a pane.

use std::fmt;

use serde_json::Value;

/// One pane, as Zellij sees it.
#[derive(Clone, PartialEq)]
pub struct Pane(Value);

impl Pane {
    pub(super) fn all(json: &str) -> Vec<Self> {
        let panes: Value = serde_json::from_str(json).unwrap_or_default();
        panes.as_array().into_iter().flatten().cloned().map(Self).collect()
    }

    /// Any of its fields.
    #[must_use]
    pub fn field(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// As `--pane-id` takes it: `terminal_3`, `plugin_1`.
    #[must_use]
    pub fn id(&self) -> String {
        let kind = if self.is_plugin() { "plugin" } else { "terminal" };
        format!("{kind}_{}", self.0["id"])
    }

    /// Whether a plugin draws it.
    #[must_use]
    pub fn is_plugin(&self) -> bool {
        self.0["is_plugin"] == true
    }

    /// Whether it is a terminal that shows something.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        !self.is_plugin() && self.0["is_suppressed"] != true
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        self.text("title")
    }

    /// The name of its tab.
    #[must_use]
    pub fn tab(&self) -> &str {
        self.text("tab_name")
    }

    /// The directory of its program; empty for a plugin, and for a command that waits to be run.
    #[must_use]
    pub fn directory(&self) -> &str {
        self.text("pane_cwd")
    }

    /// The program that runs in it.
    #[must_use]
    pub fn command(&self) -> &str {
        self.text("pane_command")
    }

    /// Column, row, columns and rows, with its frame.
    #[must_use]
    pub fn place(&self) -> [u64; 4] {
        ["pane_x", "pane_y", "pane_columns", "pane_rows"]
            .map(|name| self.0[name].as_u64().unwrap_or_default())
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }
}

impl fmt::Debug for Pane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} in `{}` at {:?}: `{}` in {}, runs {}",
            self.id(),
            self.tab(),
            self.place(),
            self.title(),
            self.directory(),
            self.command()
        )
    }
}
