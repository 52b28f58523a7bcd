//! A session to be read.

use convosync_wire::{MessageRow, NoteReport, SessionNote, ShowReport, Standing, TimelineRow};
use nu_protocol::{Value, record};

use super::Shape;

impl Shape {
    /// The record of `show`.
    pub(crate) fn shown(self, report: &ShowReport) -> Value {
        let row = &report.save.row;
        self.record(record! {
            "session_id" => self.line(&row.session_id),
            "save" => self.line(&report.save.save),
            "head" => self.flag(report.save.head),
            "timestamp" => self.date(row.timestamp),
            "device" => self.line(&row.device),
            "message" => self.text(&row.message),
            "title" => self.maybe(row.title.as_ref()),
            "conversation_title" => self.maybe(report.conversation_title.as_ref()),
            "repository" => self.line(&row.repository),
            "branch" => self.maybe(row.branch.as_ref()),
            "commit" => self.commit(row.commit.as_ref()),
            "conversation_id" => self.maybe(row.conversation_id.as_ref()),
            "assistant" => self.maybe(report.assistant.as_ref()),
            "client_version" => self.maybe(report.client_version.as_ref()),
            "message_count" => self.count(row.message_count),
            "state" => self.line(row.state.as_str()),
            "initial_commit" => self.commit(report.initial_commit.as_ref()),
            "branch_history" => self.texts(&report.branch_history),
            "modified_files" => self.texts(&report.modified_files),
            "timeline" => self.timeline(&report.timeline),
            "here" => report.here.as_ref().map_or_else(|| self.nothing(), |here| self.here(here)),
            "worktree" => self.maybe(report.worktree.as_ref()),
            "session_notes" => self.session_notes(&report.session_notes),
            "messages" => self.list(&report.messages, |message| self.message(message)),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The code that messages were written on.
    pub(super) fn timeline(self, rows: &[TimelineRow]) -> Value {
        self.list(rows, |row| {
            self.record(record! {
                "first" => self.count(row.first),
                "last" => self.count(row.last),
                "branch" => self.maybe(row.branch.as_ref()),
                "commit" => self.commit(row.commit.as_ref()),
                "exact" => self.flag(row.exact),
            })
        })
    }

    /// What was written about a session.
    pub(super) fn session_notes(self, notes: &[SessionNote]) -> Value {
        self.list(notes, |note| {
            self.record(record! {
                "timestamp" => self.date(note.timestamp),
                "device" => self.line(&note.device),
                "text" => self.text(&note.text),
                "save" => self.line(&note.save),
            })
        })
    }

    /// The record of `note`.
    pub(crate) fn noted(self, report: &NoteReport) -> Value {
        self.record(record! {
            "session_id" => self.line(&report.session_id),
            "save" => self.line(&report.save),
            "text" => self.text(&report.text),
            "synced" => self.flag(report.synced),
            "notes" => self.notes(&report.notes),
        })
    }

    fn here(self, here: &Standing) -> Value {
        self.record(record! {
            "branch" => self.maybe(here.branch.as_ref()),
            "commit" => self.commit(here.commit.as_ref()),
            "step" => self.line(here.step.as_str()),
        })
    }

    fn message(self, message: &MessageRow) -> Value {
        self.record(record! {
            "number" => message.number.map_or_else(|| self.nothing(), |number| self.count(number)),
            "role" => self.line(&message.role),
            "text" => self.text(&message.text),
            "time" => message.time.map_or_else(|| self.nothing(), |time| self.date(time)),
            "branch" => self.maybe(message.branch.as_ref()),
            "commit" => self.commit(message.commit.as_ref()),
            "exact" => self.flag(message.exact),
            "tools" => self.texts(&message.tools),
        })
    }
}

#[cfg(test)]
mod tests {
    use nu_protocol::Span;

    use super::*;
    use crate::value::sample;

    #[test]
    fn a_conversation_can_not_write_to_the_terminal() {
        let mut report = sample::shown();
        report.messages[0].text = "look\x1b]0;owned\x07\n\u{202e}back\rover".to_owned();
        report.messages[0].tools = vec!["Bash: \x1b[2J".to_owned()];
        report.conversation_title = Some("title\u{9b}2J".to_owned());
        let shape = Shape::at(Span::test_data());
        let shown = shape.shown(&report).to_expanded_string(" ", &nu_protocol::Config::default());
        assert!(!shown.contains(['\x1b', '\x07', '\r', '\u{202e}', '\u{9b}']), "{shown:?}");
    }
}
