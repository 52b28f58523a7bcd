//! Variables of the environment that may travel.

use std::fmt;
use std::str::FromStr;

use super::protected::is_protected;
use crate::id::IdError;
use crate::secret::{
    REDACTED, SecretKind, may_hold_a_secret, names_a_secret, suspects, without_secrets,
};

/// The name of a variable: letters, digits and `_`, no digit first, at most 128 bytes. So it is
/// one word in every shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvName(String);

impl EnvName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EnvName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if starts && text.len() <= 128 && text.chars().all(of_name) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError { what: "name of a variable", text: text.to_owned() })
        }
    }
}

/// The value of a variable, with its type where the shell has types.
#[derive(Clone, PartialEq)]
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

/// No value holds what is not equal to itself: [`EnvValue::may_travel`] refuses it.
impl Eq for EnvValue {}

impl fmt::Debug for EnvValue {
    /// What the environment holds is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvValue(redacted)")
    }
}

/// Why a variable did not travel, or was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// It was not set where the save was made.
    NotSet,
    /// Programs act on it, or it belongs to the machine.
    Protected,
    /// Its name or its value looks like a secret.
    Secret,
    /// It holds characters that act on a terminal.
    Control,
    /// It is too big or too deep.
    TooBig,
    /// Its value has no form that travels, such as a closure.
    NoForm,
    /// The settings of the device that resumes do not name it.
    NotAllowed,
    /// Its secret was cut out where it was saved: what is left is no value of it.
    Redacted,
}

impl Withheld {
    /// Every reason, in the order of their stored numbers: never reorder.
    pub(crate) const ALL: [Self; 8] = [
        Self::NotSet,
        Self::Protected,
        Self::Secret,
        Self::Control,
        Self::TooBig,
        Self::NoForm,
        Self::NotAllowed,
        Self::Redacted,
    ];
}

/// Biggest value, in bytes of its texts.
const BIGGEST: usize = 16 * 1024;
/// Values inside of values.
const DEEPEST: usize = 8;
/// Items in all.
const MOST_ITEMS: usize = 1000;

impl EnvValue {
    /// Whether a variable may leave this device, and whether it may be set on another one. Both
    /// sides ask: a save may come from a device that asked nothing.
    ///
    /// # Errors
    ///
    /// Why it may not.
    pub fn may_travel(&self, name: &EnvName) -> Result<(), Withheld> {
        if is_protected(name.as_str()) {
            return Err(Withheld::Protected);
        }
        if names_a_secret(name.as_str()) {
            return Err(Withheld::Secret);
        }
        let mut room = Room { bytes: BIGGEST, items: MOST_ITEMS };
        room.take(self, DEEPEST)
    }

    /// The value with [`REDACTED`] in place of each secret, to show what has to be filled in.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let cut = |text: &str| without_secrets(text).unwrap_or_else(|| REDACTED.to_owned());
        match self {
            Self::Text(text) => Self::Text(cut(text)),
            Self::List(values) => Self::List(values.iter().map(Self::without_secrets).collect()),
            Self::Record(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), value));
                Self::Record(fields.map(|(name, value)| (name, value.without_secrets())).collect())
            }
            other => other.clone(),
        }
    }

    /// Whether a secret was cut out of it.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        match self {
            Self::Text(text) => text.contains(REDACTED),
            Self::List(values) => values.iter().any(Self::is_redacted),
            Self::Record(fields) => fields.iter().any(|(_, value)| value.is_redacted()),
            _ => false,
        }
    }

    /// What its secrets look like, each kind once.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretKind> {
        let mut kinds = match self {
            Self::Text(text) => suspects(text).into_iter().map(|suspect| suspect.kind).collect(),
            Self::List(values) => values.iter().flat_map(Self::secrets).collect(),
            Self::Record(fields) => fields.iter().flat_map(|(_, value)| value.secrets()).collect(),
            _ => Vec::new(),
        };
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// The value as the text that programs get; none if only a shell with types can hold it.
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
}

/// What is left of the room that one value may take.
struct Room {
    bytes: usize,
    items: usize,
}

impl Room {
    fn take(&mut self, value: &EnvValue, depth: usize) -> Result<(), Withheld> {
        self.items = self.items.checked_sub(1).ok_or(Withheld::TooBig)?;
        let depth = depth.checked_sub(1).ok_or(Withheld::TooBig)?;
        match value {
            EnvValue::Float(number) if !number.is_finite() => Err(Withheld::NoForm),
            EnvValue::Text(text) => self.take_text(text),
            EnvValue::List(values) => values.iter().try_for_each(|value| self.take(value, depth)),
            EnvValue::Record(fields) => fields.iter().try_for_each(|(name, value)| {
                self.take_text(name)?;
                if names_a_secret(name) {
                    return Err(Withheld::Secret);
                }
                self.take(value, depth)
            }),
            _ => Ok(()),
        }
    }

    fn take_text(&mut self, text: &str) -> Result<(), Withheld> {
        self.bytes = self.bytes.checked_sub(text.len()).ok_or(Withheld::TooBig)?;
        if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(Withheld::Control);
        }
        if may_hold_a_secret(text) { Err(Withheld::Secret) } else { Ok(()) }
    }
}
