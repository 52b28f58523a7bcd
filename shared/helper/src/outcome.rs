//! One call of the engine, as the front ends here see it.

use std::panic::AssertUnwindSafe;

use convosync_wire::{Decision, Failure, Reply, Request};

use crate::crash;

/// What a call comes to.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(test), expect(dead_code, reason = "no verb is wired yet"))]
pub(crate) enum Outcome {
    /// Done.
    Reply(Box<Reply>),
    /// Nothing was changed; the user has to choose.
    Decision(Decision),
    /// It did not work.
    Failure(Failure),
}

/// Runs a request and tells how it goes on.
pub(crate) type Run<'a> = dyn Fn(&Request, &dyn Fn(&str)) -> Outcome + 'a;

/// Runs a request; a fault of our own is a failure like others, so each front end shows it.
pub(crate) fn run_caught(run: &Run<'_>, request: &Request, progress: &dyn Fn(&str)) -> Outcome {
    crash::caught(AssertUnwindSafe(|| run(request, progress))).unwrap_or_else(Outcome::Failure)
}
