//! Verbs whose questions are answered by choosing.

use convosync_wire::{Choice, Decision, Reply, Verb};
use nu_protocol::LabeledError;

use crate::front::Front;

/// Asks for a verb, and the user where the helper wants a decision and somebody is there.
///
/// # Errors
///
/// As [`Front::settle`].
pub(crate) fn decided(front: &Front<'_>, verb: Verb) -> Result<Reply, LabeledError> {
    front.settle(verb, recorded)
}

/// Takes a choice down in the arguments that are for it.
pub(crate) fn recorded(
    verb: &mut Verb,
    decision: &Decision,
    choice: &Choice,
) -> Result<bool, LabeledError> {
    Ok(verb.record(decision.question, choice).is_ok())
}
