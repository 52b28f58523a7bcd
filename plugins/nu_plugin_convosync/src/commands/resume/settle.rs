//! Ask, let the user decide, ask again.

use convosync_wire::{Answer, Reply, ResumeArgs, Verb};
use nu_protocol::LabeledError;

use crate::failure::failure;
use crate::front::Front;

/// A resume has six questions; each may come back once after the world has changed meanwhile.
const ROUNDS: usize = 8;

/// Resumes; what has to be decided is asked where somebody can answer.
///
/// # Errors
///
/// `convosync::decision::…` where nobody can, `convosync::cancelled` if the user called it off.
/// Nothing was changed then.
pub(super) fn settle(front: &Front<'_>, mut args: ResumeArgs) -> Result<Reply, LabeledError> {
    for _ in 0..ROUNDS {
        let decision = match front.ask(Verb::Resume(args.clone()))? {
            Answer::Reply(reply) => return Ok(*reply),
            Answer::Failure(failure) => return Err(front.place_failure(&failure)),
            Answer::NeedsDecision(decision) => decision,
            Answer::Progress(_) => return Err(front.unexpected()),
        };
        let choice = front.decide(&decision)?;
        args.answers.record(decision.question, choice).map_err(|_| front.unexpected())?;
    }
    Err(front.place_failure(&failure(
        "convosync::resume::undecided",
        "things keep changing while questions are answered",
        "nothing was changed; close what writes to this work tree and try again",
    )))
}
