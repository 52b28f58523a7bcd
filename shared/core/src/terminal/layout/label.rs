//! Names of tabs and panes.

use std::fmt;

use super::super::history::{acts, turns};

/// The longest name, in characters: a title bar shows less.
const LONGEST: usize = 128;

/// A name that is what it looks like: on one line, without characters that act on a terminal or
/// turn text around.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(String);

impl Label {
    /// What can be shown of a text, cut to 128 characters; none if nothing is left.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let shown = |c: &char| !acts(*c) && !turns(*c) && !matches!(c, '\n' | '\t');
        let text: String = text.chars().filter(shown).take(LONGEST).collect();
        (!text.trim().is_empty()).then(|| Self(text.trim().to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
