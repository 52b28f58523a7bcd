//! What a report tells besides, by codes.

use serde_json::Value;

/// Text and help of what a report notes under a code; what is not there is empty.
///
/// # Panics
///
/// If it notes no such thing.
#[track_caller]
#[must_use]
pub fn note<'r>(report: &'r Value, code: &str) -> (&'r str, &'r str) {
    let found = listed(&report["notes"], code);
    let found = found.unwrap_or_else(|| panic!("{code} is not noted in {report}"));
    let field = |name: &str| found[name].as_str().unwrap_or_default();
    (field("text"), field("help"))
}

/// Whether a report notes something under a code.
///
/// # Panics
///
/// If it has no list of notes.
#[track_caller]
#[must_use]
pub fn is_noted(report: &Value, code: &str) -> bool {
    listed(&report["notes"], code).is_some()
}

/// What a list of notes, or of what was put aside, has under a code.
///
/// # Panics
///
/// If it is no list.
#[track_caller]
#[must_use]
pub fn listed<'l>(list: &'l Value, code: &str) -> Option<&'l Value> {
    list.as_array().expect("a list").iter().find(|note| note["code"] == code)
}
