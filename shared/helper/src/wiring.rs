//! Builds the ports from the caller's environment and runs the engine. Nothing is opened before
//! a verb runs.

use convosync_wire::{Failure, Request};

use crate::interrupt::Interrupt;
use crate::outcome::Outcome;

/// Runs a request.
pub(crate) fn run(request: &Request, _progress: &dyn Fn(&str), interrupt: &Interrupt) -> Outcome {
    let _ = interrupt.cancel();
    Outcome::Failure(Failure {
        code: "convosync::cli::verb".into(),
        message: format!("`{}` is not part of this build", request.verb.name()),
        help: None,
        argument: None,
    })
}
