//! What `doctor` found, and what a code means.

use convosync_wire::{Check, ExplainReport};
use nu_protocol::{Type, Value, record};

use super::Shape;

/// The type of `convosync doctor`.
pub(crate) fn check_type() -> Type {
    let columns = ["area", "state", "code", "text"];
    Type::Table(columns.map(|name| (name.to_owned(), Type::String)).to_vec().into())
}

impl Shape {
    /// The table of `doctor`. What to do is the end of the text, as in notes.
    pub(crate) fn checks(self, checks: &[Check]) -> Value {
        self.list(checks, |check| {
            self.record(record! {
                "area" => self.line(&check.area),
                "state" => self.line(check.state.as_str()),
                "code" => self.line(&check.code),
                "text" => self.text_and_help(&check.text, check.help.as_deref()),
            })
        })
    }

    /// The record of `explain`.
    pub(crate) fn explained(self, report: &ExplainReport) -> Value {
        self.record(record! {
            "code" => self.line(&report.code),
            "cause" => self.text(&report.cause),
            "help" => self.text(&report.help),
        })
    }
}
