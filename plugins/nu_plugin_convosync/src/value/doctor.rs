//! What `doctor` found, and what a code means.

use convosync_wire::{Check, ExplainReport};
use nu_protocol::{Type, Value, record};

use super::Shape;

/// The type of `convosync doctor`.
pub(crate) fn check_type() -> Type {
    let columns = ["area", "state", "text", "help", "code"];
    Type::Table(columns.map(|name| (name.to_owned(), Type::String)).to_vec().into())
}

impl Shape {
    /// The table of `doctor`.
    pub(crate) fn checks(self, checks: &[Check]) -> Value {
        self.list(checks, |check| {
            self.record(record! {
                "area" => self.line(&check.area),
                "state" => self.line(check.state.as_str()),
                "text" => self.text(&check.text),
                "help" => self.maybe(check.help.as_ref()),
                "code" => self.line(&check.code),
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
