//! Wire reports as Nushell values.
//!
//! Columns have the names that DESIGN gives them everywhere: the helper's JSON has the same.
//! Every text is cleaned: it may come from another device, and tables print what is in them.

mod doctor;
mod keys;
mod reports;
mod retention;
pub(crate) mod sample;
mod sessions;
mod show;
mod store;
mod undo;

use chrono::{Local, TimeZone};
use convosync_wire::{Decision, Note};
use nu_protocol::{Record, Span, Value, record};

use convosync_wire::harmless;

pub(crate) use doctor::check_type;
pub(crate) use sessions::{log_type, session_type};

/// Makes values that belong to one place in the user's line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    span: Span,
}

impl Shape {
    /// Values that come from `span`.
    pub(crate) fn at(span: Span) -> Self {
        Self { span }
    }

    /// A text of one line.
    pub(crate) fn line(self, text: &str) -> Value {
        Value::string(harmless::line(text), self.span)
    }

    /// Milliseconds since 1970 as a date in the user's time zone; a time that no calendar has is
    /// nothing.
    pub(crate) fn date(self, milliseconds: i64) -> Value {
        match Local.timestamp_millis_opt(milliseconds).single() {
            Some(date) => Value::date(date.fixed_offset(), self.span),
            None => self.nothing(),
        }
    }

    fn text(self, text: &str) -> Value {
        Value::string(harmless::text(text), self.span)
    }

    fn maybe(self, text: Option<&String>) -> Value {
        text.map_or_else(|| self.nothing(), |text| self.text(text))
    }

    /// The first 7 digits of a commit id, as git shows them.
    fn commit(self, oid: Option<&String>) -> Value {
        let short = oid.map(|oid| oid.chars().take(7).collect::<String>());
        self.maybe(short.as_ref())
    }

    fn count(self, count: u64) -> Value {
        Value::int(i64::try_from(count).unwrap_or(i64::MAX), self.span)
    }

    fn size(self, bytes: u64) -> Value {
        Value::filesize(i64::try_from(bytes).unwrap_or(i64::MAX), self.span)
    }

    fn flag(self, flag: bool) -> Value {
        Value::bool(flag, self.span)
    }

    fn nothing(self) -> Value {
        Value::nothing(self.span)
    }

    fn record(self, record: Record) -> Value {
        Value::record(record, self.span)
    }

    fn list<T>(self, items: &[T], shape: impl FnMut(&T) -> Value) -> Value {
        Value::list(items.iter().map(shape).collect(), self.span)
    }

    fn texts(self, texts: &[String]) -> Value {
        self.list(texts, |text| self.text(text))
    }

    /// In a table inside of a table Nushell gives the first columns all the room that they want: so
    /// there are two, the short one first, and what to do is the end of the text.
    fn notes(self, notes: &[Note]) -> Value {
        self.list(notes, |note| {
            self.record(record! {
                "code" => self.line(&note.code),
                "text" => self.text_and_help(&note.text, note.help.as_deref()),
            })
        })
    }

    fn text_and_help(self, text: &str, help: Option<&str>) -> Value {
        match help {
            Some(help) => self.text(&format!("{text}\n{help}")),
            None => self.text(text),
        }
    }

    /// A question with the options that answer it.
    fn decision(self, decision: &Decision) -> Value {
        let flags = decision.choices.iter().map(|choice| &choice.flag);
        let flags: Vec<String> = flags.filter(|flag| !flag.is_empty()).cloned().collect();
        let text: Vec<&str> =
            std::iter::once(&decision.title).chain(&decision.details).map(String::as_str).collect();
        self.record(record! {
            "question" => self.line(decision.question.as_str()),
            "choices" => self.texts(&flags),
            "text" => self.text(&text.join("\n")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convosync_wire::{Choice, Question};

    const SHAPE: Shape = Shape { span: Span::test_data() };

    #[test]
    fn numbers_and_times_beyond_what_nushell_can_hold_do_not_panic() {
        assert_eq!(SHAPE.count(u64::MAX), Value::test_int(i64::MAX));
        assert_eq!(SHAPE.size(u64::MAX), Value::test_filesize(i64::MAX));
        assert_eq!(SHAPE.date(i64::MAX), Value::test_nothing());
        assert_eq!(SHAPE.date(i64::MIN), Value::test_nothing());
    }

    #[test]
    fn a_note_is_two_columns_and_a_question_names_the_options_that_answer_it() {
        let note = Note { code: "a::b".into(), text: "it stays".into(), help: Some("do x".into()) };
        let want = Value::test_list(vec![Value::test_record(record! {
            "code" => Value::test_string("a::b"), "text" => Value::test_string("it stays\ndo x"),
        })]);
        assert_eq!(SHAPE.notes(&[note]), want);
        let choice = |flag: &str| Choice {
            value: "v".into(),
            flag: flag.into(),
            label: "l".into(),
            help: "h".into(),
            recommended: false,
        };
        let decision = Decision {
            question: Question::Dirty,
            title: "Changes".into(),
            details: vec!["one".into()],
            choices: vec![choice("--on-dirty stash"), choice("")],
        };
        let want = Value::test_record(record! {
            "question" => Value::test_string("dirty"),
            "choices" => Value::test_list(vec![Value::test_string("--on-dirty stash")]),
            "text" => Value::test_string("Changes\none"),
        });
        assert_eq!(SHAPE.decision(&decision), want);
    }

    #[test]
    fn a_short_commit_is_cut_between_letters() {
        assert_eq!(SHAPE.commit(Some(&"ééééééééé".to_owned())), Value::test_string("ééééééé"));
        assert_eq!(SHAPE.commit(None), Value::test_nothing());
    }
}
