//! What travels of a terminal: chosen variables with their types, and commands that were run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The value of a variable, with its type.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "kebab-case")]
pub enum EnvValue {
    /// Nothing.
    Nothing,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number; finite.
    Float(f64),
    /// Nanoseconds.
    Duration(i64),
    /// Bytes.
    Size(i64),
    /// A moment.
    Date {
        /// Nanoseconds since 1970.
        nanos: i64,
        /// Seconds east of UTC.
        offset: i32,
    },
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<EnvValue>),
    /// Named values in order.
    Record(Vec<(String, EnvValue)>),
}

/// JSON holds no number that is not equal to itself.
impl Eq for EnvValue {}

impl fmt::Debug for EnvValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvValue(redacted)")
    }
}

impl EnvValue {
    /// The value as programs and shells without types have it; none if they can't hold it.
    #[must_use]
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Int(number) => Some(number.to_string()),
            Self::Float(number) => Some(number.to_string()),
            Self::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The value as JSON has it: durations in nanoseconds, sizes in bytes, moments in nanoseconds
    /// since 1970.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Nothing => serde_json::Value::Null,
            Self::Bool(flag) => (*flag).into(),
            Self::Int(number) | Self::Duration(number) | Self::Size(number) => (*number).into(),
            Self::Date { nanos, .. } => (*nanos).into(),
            Self::Float(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Record(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
            }
        }
    }
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: EnvValue,
}

/// The caller's variables, for a save that takes some along. Which ones is up to the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallerEnv {
    /// Those whose value has a form.
    pub variables: Vec<Variable>,
    /// Those whose value has none, such as a closure.
    pub formless: Vec<String>,
}

/// Why a variable stayed behind, or was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyMissing {
    /// It was not set where the save was made.
    NotSet,
    /// Programs act on it, or it belongs to the machine.
    Protected,
    /// Its name or its value looks like a secret.
    Secret,
    /// It holds characters that act on a terminal.
    Control,
    /// It is too big.
    TooBig,
    /// Its value has no form here.
    NoForm,
    /// `env.names` of this device does not name it.
    NotAllowed,
    /// Its secret was cut out where it was saved.
    Redacted,
}

impl WhyMissing {
    /// The reason as scripts have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSet => "not-set",
            Self::Protected => "protected",
            Self::Secret => "secret",
            Self::Control => "control",
            Self::TooBig => "too-big",
            Self::NoForm => "no-form",
            Self::NotAllowed => "not-allowed",
            Self::Redacted => "redacted",
        }
    }

    /// The reason in words, as it follows a name: `TOKEN: it may be a secret`.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::NotSet => "it was not set",
            Self::Protected => "it belongs to the machine, or programs act on it",
            Self::Secret => "it may be a secret",
            Self::Control => "it holds characters that act on a terminal",
            Self::TooBig => "it is too big",
            Self::NoForm => "its value has no form here",
            Self::NotAllowed => "`env.names` of this device does not name it",
            Self::Redacted => "its secret was cut out where it was saved",
        }
    }
}

/// A variable that stayed behind, or was not set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingVariable {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: WhyMissing,
}

/// What became of the panes of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanesReport {
    /// What was done.
    pub way: PanesWay,
    /// Tabs that this is about.
    #[serde(default)]
    pub tabs: u64,
    /// Panes in them.
    #[serde(default)]
    pub panes: u64,
    /// The command that opens them, where they were not.
    #[serde(default)]
    pub open_with: Option<String>,
}

impl PanesReport {
    /// A report of no tabs.
    #[must_use]
    pub fn of(way: PanesWay) -> Self {
        Self { way, tabs: 0, panes: 0, open_with: None }
    }
}

/// What was done about panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PanesWay {
    /// They are in new tabs.
    NewTabs,
    /// They are in a terminal session of their own.
    Session,
    /// They are in the caller's tab.
    Here,
    /// A tab had the session already, and is in front now.
    Focused,
    /// Nothing: the caller is in no terminal session.
    Later,
    /// They come with the program that [`ResumeReport::run`](crate::ResumeReport::run) names.
    Starts,
}

impl PanesWay {
    /// The way as scripts have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewTabs => "new-tabs",
            Self::Session => "session",
            Self::Here => "here",
            Self::Focused => "focused",
            Self::Later => "later",
            Self::Starts => "starts",
        }
    }
}

/// A command that was run in the work tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRow {
    /// As it was typed.
    pub command: String,
    /// When, milliseconds since 1970, if the shell keeps that.
    pub timestamp: Option<i64>,
    /// Its exit code, if the shell keeps that.
    pub exit_code: Option<i64>,
    /// Where, relative to the work tree (empty: its top), if the shell keeps that.
    pub directory: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_type_on_the_way() {
        let text = |text: &str| EnvValue::Text(text.to_owned());
        for value in [
            EnvValue::Nothing,
            EnvValue::Bool(true),
            EnvValue::Int(5),
            EnvValue::Float(5.0),
            EnvValue::Duration(5),
            EnvValue::Size(5),
            EnvValue::Date { nanos: 5, offset: -3600 },
            text("5"),
            EnvValue::List(vec![text("a"), EnvValue::Int(1)]),
            EnvValue::Record(vec![
                ("b".to_owned(), text("x")),
                ("a".to_owned(), EnvValue::Nothing),
            ]),
        ] {
            let line = serde_json::to_string(&value).expect("it has a form");
            assert!(
                serde_json::from_str::<EnvValue>(&line).expect("it is read") == value,
                "{line}"
            );
        }
    }

    #[test]
    fn what_a_value_is_stays_out_of_logs() {
        let value = EnvValue::Text("hunter2".to_owned());
        let shown = format!("{:?}", Variable { name: "APP".to_owned(), value });
        assert!(shown.contains("APP") && !shown.contains("hunter2"), "{shown}");
    }
}
