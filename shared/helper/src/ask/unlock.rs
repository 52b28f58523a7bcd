//! The passphrase of this device's key, typed unseen.

use convosync_wire::{Failure, Request, Secret, unlock};

use crate::console::Console;
use crate::outcome::Outcome;
use crate::unlock::is_wanted;

/// The code of the failure when the person stopped instead of typing.
pub(crate) const NOT_TYPED: &str = "convosync::key-file::cancelled";

/// Calls again with what is typed until the key opens, a few times at most.
pub(crate) fn until_unlocked(
    request: &mut Request,
    mut outcome: Outcome,
    run: &dyn Fn(&Request) -> Outcome,
    console: &mut dyn Console,
) -> Outcome {
    for _ in 0..unlock::TRIES {
        if !is_wanted(&outcome) {
            break;
        }
        let again = request.passphrase.is_some();
        let prompt = if again { unlock::WRONG_PROMPT } else { unlock::PROMPT };
        let Some(typed) = typed(prompt, console) else {
            return Outcome::Failure(not_typed());
        };
        request.passphrase = Some(typed);
        outcome = run(request);
    }
    outcome
}

/// A new passphrase, typed twice.
///
/// # Errors
///
/// If the two differ, or the person stopped.
pub(crate) fn new_passphrase(console: &mut dyn Console) -> Result<Secret, Failure> {
    let first = typed(unlock::NEW_PROMPT, console).ok_or_else(not_typed)?;
    let second = typed(unlock::AGAIN_PROMPT, console).ok_or_else(not_typed)?;
    if first == second { Ok(first) } else { Err(unlock::differ()) }
}

/// A line without its end; an empty one counts as "stop".
fn typed(prompt: &str, console: &mut dyn Console) -> Option<Secret> {
    let line = console.ask_hidden(prompt, &|_| None)?;
    let line = line.0.trim_end_matches(['\r', '\n']);
    (!line.is_empty()).then(|| Secret(line.to_owned()))
}

fn not_typed() -> Failure {
    Failure {
        code: NOT_TYPED.to_owned(),
        message: "no passphrase was typed".to_owned(),
        help: Some("nothing was changed".to_owned()),
        argument: None,
    }
}
