//! Records of what was taken back, and of what can be.

use convosync_wire::{UndoReport, UndoRow, WaitingResume};
use nu_protocol::{Value, record};

use super::Shape;

impl Shape {
    /// The record of `undo`.
    pub(crate) fn undone(self, report: &UndoReport) -> Value {
        self.record(record! {
            "session_id" => self.line(&report.session_id),
            "save" => self.line(&report.save),
            "timestamp" => self.date(report.timestamp),
            "message" => self.text(&report.message),
            "redone" => self.flag(report.redone),
            "previous_branch" => self.maybe(report.previous_branch.as_ref()),
            "branch" => self.maybe(report.branch.as_ref()),
            "commit" => self.commit(report.commit.as_ref()),
            "commit_subject" => self.maybe(report.commit_subject.as_ref()),
            "work_tree" => self.maybe(report.work_tree.as_ref()),
            "uncommitted" => self.texts(&report.uncommitted),
            "conversations" => self.texts(&report.conversations),
            "kept" => self.notes(&report.kept),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The table of `undo --list`.
    pub(crate) fn undoable(self, rows: &[UndoRow]) -> Value {
        self.list(rows, |row| {
            self.record(record! {
                "session_id" => self.line(&row.session_id),
                "timestamp" => self.date(row.timestamp),
                "state" => self.line(row.state.as_str()),
                "branch" => self.maybe(row.branch.as_ref()),
                "commit" => self.commit(row.commit.as_ref()),
                "message" => self.text(&row.message),
                "conflicts" => self.texts(&row.conflicts),
                "work_tree" => self.line(&row.work_tree),
                "save" => self.line(&row.save),
            })
        })
    }

    /// A resume that waits, in the record of `status`.
    pub(super) fn waits(self, waits: Option<&WaitingResume>) -> Value {
        let Some(waits) = waits else { return self.nothing() };
        self.record(record! {
            "session_id" => self.line(&waits.session_id),
            "message" => self.text(&waits.message),
            "timestamp" => self.date(waits.timestamp),
            "conflicts" => self.texts(&waits.conflicts),
        })
    }
}
