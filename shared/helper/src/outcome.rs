//! One call of the engine, as the front ends here see it.

use std::panic::AssertUnwindSafe;

pub(crate) use convosync_engine::Outcome;
use convosync_wire::{Progress, Request};

use crate::crash;

/// Runs a request and tells how it goes on.
pub(crate) type Run<'a> = dyn Fn(&Request, &dyn Fn(&Progress)) -> Outcome + 'a;

/// Runs a request; a fault of our own is a failure like others, so each front end shows it.
pub(crate) fn run_caught(
    run: &Run<'_>,
    request: &Request,
    progress: &dyn Fn(&Progress),
) -> Outcome {
    crash::caught(AssertUnwindSafe(|| run(request, progress))).unwrap_or_else(Outcome::Failure)
}
