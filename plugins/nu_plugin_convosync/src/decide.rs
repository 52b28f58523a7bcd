//! Verbs that put one question to the user.

use convosync_wire::{Answer, Choice, Reply, Verb};
use nu_protocol::LabeledError;

use crate::ask::Dialog;
use crate::failure::{cancelled, unanswered};
use crate::front::Front;

/// A question is put once more when the answer was overtaken.
const MOST_ROUNDS: usize = 3;

/// Asks for a verb, and the user where the helper wants a decision and somebody is there.
pub(crate) fn decided(front: &Front<'_>, mut verb: Verb) -> Result<Reply, LabeledError> {
    for _ in 0..MOST_ROUNDS {
        let decision = match front.ask(verb.clone())? {
            Answer::Reply(reply) => return Ok(*reply),
            Answer::Failure(failure) => return Err(front.place_failure(&failure)),
            Answer::Progress(_) => return Err(front.unexpected()),
            Answer::NeedsDecision(decision) => decision,
        };
        let Some(dialog) = Dialog::open(front.engine(), front.head()) else {
            return Err(unanswered(&decision, front.head()));
        };
        match dialog.decide(&decision)? {
            Some(choice) if choice.value != Choice::CANCEL => {
                verb.record(decision.question, choice).map_err(|_| front.unexpected())?;
            }
            _ => return Err(cancelled(front.head())),
        }
    }
    Err(front.unexpected())
}
