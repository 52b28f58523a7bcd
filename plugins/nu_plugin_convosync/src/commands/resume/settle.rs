//! Ask, let the user decide, ask again.

use convosync_wire::{Reply, ResumeArgs, Verb};
use nu_protocol::LabeledError;

use crate::decide::recorded;
use crate::failure::failure;
use crate::front::Front;

/// A resume has seven questions, and one may come back after the world has changed meanwhile.
const ROUNDS: usize = 8;

/// Resumes; what has to be decided is asked where somebody can answer.
///
/// # Errors
///
/// `convosync::decision::…` where nobody can, `convosync::cancelled` if the user called it off.
/// Nothing was changed then.
pub(super) fn settle(front: &Front<'_>, args: ResumeArgs) -> Result<Reply, LabeledError> {
    let undecided = || {
        front.place_failure(&failure(
            "convosync::resume::undecided",
            "things keep changing while questions are answered",
            "nothing was changed; close what writes to this work tree and try again",
        ))
    };
    front.settle_within(ROUNDS, Verb::Resume(args), recorded)?.ok_or_else(undecided)
}
