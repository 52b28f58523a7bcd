//! What happens when ConvoSync itself is at fault.
//!
//! A panic message may hold what the user wrote: only the place in our source is told.

use std::io::Write as _;
use std::panic::{self, UnwindSafe};
use std::sync::{Mutex, PoisonError};

use convosync_wire::Failure;

use crate::exit::{Exit, INTERNAL};

/// Where the first panic was.
static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Keeps what is in memory there: keys and conversations go into no core dump, and other programs of
/// the user can't attach. What is started from here is as before.
pub(crate) fn keep_memory() {
    // Where the system has no such thing, its own limits are all there is.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Runs the program; a panic ends it with [`Exit::Internal`] after guards were dropped.
pub(crate) fn guard(program: impl FnOnce() -> Exit + UnwindSafe) -> Exit {
    caught(program).unwrap_or_else(|failure| {
        let help = failure.help.unwrap_or_default();
        // Nothing is left to do if standard error is gone too.
        let _ = writeln!(std::io::stderr(), "error: {}\n   {help}", failure.message);
        Exit::Internal
    })
}

/// Runs something; a panic becomes a failure that a front end can show.
pub(crate) fn caught<T>(job: impl FnOnce() -> T + UnwindSafe) -> Result<T, Failure> {
    panic::set_hook(Box::new(|panic| {
        let place =
            panic.location().map(|place| format!("{}:{}", base(place.file()), place.line()));
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
    panic::catch_unwind(job).map_err(|_| failure())
}

/// The path from our own tree on; of other code only the file's name.
fn base(file: &str) -> &str {
    let ours = ["shared/", "plugins/"].iter().any(|folder| file.starts_with(folder));
    if ours { file } else { file.rsplit('/').next().unwrap_or(file) }
}

fn failure() -> Failure {
    let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).take();
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    Failure {
        code: INTERNAL.into(),
        message: format!("convosync stopped because of a fault of its own{place}"),
        help: Some("what was saved before is safe; please report this place in the source".into()),
        argument: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_tells_its_place_and_none_of_its_data() {
        let failure = caught(|| panic!("my secret")).map(|()| "").expect_err("it panicked");
        assert_eq!(failure.code, "convosync::internal");
        assert!(failure.message.contains("crash.rs:"), "{}", failure.message);
        assert!(!format!("{failure:?}").contains("secret"));
        let _ = panic::take_hook();
    }

    #[test]
    fn places_in_other_code_do_not_tell_this_machines_folders() {
        assert_eq!(base("/home/me/.cargo/registry/src/x/lib.rs"), "lib.rs");
        assert_eq!(base("shared/core/src/id.rs"), "shared/core/src/id.rs");
    }
}
