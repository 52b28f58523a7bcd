//! One choice of a question that the user is asked.

use convosync_wire::Choice;

/// A choice by its stable name, with the flag that makes it and the words that the user reads.
pub(crate) fn choice(
    value: &str,
    flag: &str,
    label: &str,
    help: &str,
    recommended: bool,
) -> Choice {
    Choice {
        value: value.to_owned(),
        flag: flag.to_owned(),
        label: label.to_owned(),
        help: help.to_owned(),
        recommended,
    }
}

/// The choice that changes nothing.
pub(crate) fn cancel(flag: &str, recommended: bool) -> Choice {
    choice(Choice::CANCEL, flag, "Cancel", "changes nothing", recommended)
}
