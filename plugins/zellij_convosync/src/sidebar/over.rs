//! What lies over the list: a question, a line to type, a text to read.

use convosync_wire::{Choice, Decision, Verb};

use super::pages;
use crate::line::Role;
use crate::talk::Place;

/// What lies over the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Over {
    /// A line that is typed.
    Prompt(Prompt),
    /// A question of the helper.
    Dialog(Box<Dialog>),
    /// A text that is read.
    Reading(Reading),
}

/// A line that is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    pub(crate) what: What,
    pub(crate) text: String,
}

/// What a typed line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// What was done, to be saved from where the user was who came to say it.
    Message(Place),
    /// Which sessions to show.
    Filter,
}

/// A question of the helper, and the call that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dialog {
    pub(crate) decision: Decision,
    verb: Verb,
    place: Place,
    /// The choice that the user is on.
    pub(crate) at: usize,
    /// Questions before this one.
    pub(crate) rounds: usize,
}

impl Dialog {
    /// At least one choice has to be there.
    pub(crate) fn of(decision: Decision, verb: Verb, place: Place, rounds: usize) -> Self {
        let find = |is: fn(&Choice) -> bool| decision.choices.iter().position(is);
        // Where nothing is recommended, Enter alone changes nothing.
        let at = find(|choice| choice.recommended);
        let at = at.or_else(|| find(|choice| choice.value == Choice::CANCEL)).unwrap_or(0);
        Self { decision, verb, place, at, rounds }
    }

    pub(crate) fn step(&mut self, by: isize) {
        let last = self.decision.choices.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }

    /// Goes to the choice with this number, if there is one.
    pub(crate) fn at_digit(&mut self, digit: char) -> bool {
        let number = digit.to_digit(10).and_then(|digit| (digit as usize).checked_sub(1));
        let Some(number) = number.filter(|number| *number < self.decision.choices.len()) else {
            return false;
        };
        self.at = number;
        true
    }

    /// The call with what was chosen, and where it acts. None: to change nothing was chosen, which is not calling.
    ///
    /// # Errors
    ///
    /// If the helper asked something that its own verb does not ask.
    pub(crate) fn chosen(mut self) -> Option<Result<(Verb, Place), String>> {
        let choice = self.decision.choices.get(self.at)?;
        if choice.value == Choice::CANCEL {
            return None;
        }
        let taken = self.verb.record(self.decision.question, choice);
        Some(taken.map(|()| (self.verb, self.place)))
    }
}

/// Why a text is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Which keys there are.
    Help,
    /// What was done.
    Report,
    /// What did not work, and was asked for here.
    Failure,
    /// What is wrong for all sidebars.
    Trouble,
    /// The session with this id.
    Details(String),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Paragraph {
    /// Lines to be folded.
    Text(Role, String),
    /// A key or a sign, and what it is for.
    Pair(String, String),
}

/// A text that is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) kind: Kind,
    pub(crate) title: String,
    /// What it says; foreign text is made harmless when it is folded.
    pub(crate) body: Vec<Paragraph>,
    /// Folded lines above the first that is shown.
    pub(crate) top: usize,
}

impl Reading {
    pub(crate) fn new(kind: Kind, title: &str) -> Self {
        Self { kind, title: title.to_owned(), body: Vec::new(), top: 0 }
    }

    pub(crate) fn with(mut self, role: Role, text: impl Into<String>) -> Self {
        self.body.push(Paragraph::Text(role, text.into()));
        self
    }

    /// With a key or a sign, and what it is for.
    pub(crate) fn pair(mut self, sign: &str, means: &str) -> Self {
        self.body.push(Paragraph::Pair(sign.to_owned(), means.to_owned()));
        self
    }

    /// With a name and a value, if there is one.
    pub(crate) fn field(self, name: &str, value: Option<&str>) -> Self {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.with(Role::Plain, format!("{name}: {value}")),
            None => self,
        }
    }

    /// Scrolls, as far as there is something to see.
    pub(crate) fn scroll(&mut self, by: isize, (width, height): (usize, usize)) {
        let most = pages::most_top(self, width, height);
        self.top = self.top.saturating_add_signed(by).min(most);
    }
}
