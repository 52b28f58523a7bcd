//! The user's settings.

use serde::{Deserialize, Serialize};

use crate::decision::Choice;
use crate::report::Note;

/// `convosync config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum ConfigArgs {
    /// Every setting.
    #[default]
    Show,
    /// One setting.
    Get {
        /// Its key, e.g. `retention.days`.
        key: String,
    },
    /// Changes one setting.
    Set {
        /// Its key.
        key: String,
        /// Its value as in TOML; a text may stand without quotes, and the items of a list with
        /// commas between.
        value: String,
        /// `--hooks` (true), `--no-hooks` (false): whether the assistant's own settings may be
        /// changed where the setting needs it. None: it is asked.
        #[serde(default)]
        hooks: Option<bool>,
    },
    /// The file's text, for an editor; where there is no file, one that explains every key.
    Text,
    /// Replaces the file if the text is one.
    Replace {
        /// The new text.
        text: String,
    },
}

impl ConfigArgs {
    /// The choice that changes the assistant's settings.
    pub const INSTALL: &'static str = "install";
    /// The choice that leaves them alone.
    pub const LEAVE: &'static str = "leave";

    /// Takes down whether the assistant's own settings may be changed.
    ///
    /// # Errors
    ///
    /// If nothing is set, or there is no such choice; nothing was taken down then.
    pub fn record(&mut self, choice: &Choice) -> Result<(), String> {
        match (self, choice.value.as_str()) {
            (Self::Set { hooks, .. }, Self::INSTALL) => *hooks = Some(true),
            (Self::Set { hooks, .. }, Self::LEAVE) => *hooks = Some(false),
            (_, value) => return Err(format!("`{value}` is no answer of config")),
        }
        Ok(())
    }
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingRow {
    /// Its key, e.g. `retention.days`.
    pub key: String,
    /// Its value.
    pub value: serde_json::Value,
    /// What it is where the file says nothing.
    pub default: serde_json::Value,
    /// Whether the file says it.
    pub set: bool,
    /// What it does, in one sentence.
    pub about: String,
    /// Why it has no effect yet, if it has none.
    pub not_yet: Option<String>,
}

/// What `config` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigReport {
    /// The file.
    pub path: String,
    /// Whether it is there.
    pub exists: bool,
    /// Whether it was changed.
    pub changed: bool,
    /// The settings, or the one that was asked for.
    pub settings: Vec<SettingRow>,
    /// The file's text, where it was asked for.
    pub text: Option<String>,
    /// What else to know.
    pub notes: Vec<Note>,
}
