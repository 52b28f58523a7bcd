//! Trying a store out before anything depends on it.

use std::fmt;

use convosync_core::{ObjectName, Sealed, rand_letters};

use crate::engine::Engine;
use crate::ports::{Store, StoreError};
use crate::trouble::{Refusal, Trouble};

/// Bytes of the object that is put and removed again.
const SIZE: usize = 512;

/// Tries before a store is believed to lose what it was given: another device that sweeps up
/// leftovers may take this object for one.
const TRIES: usize = 3;

/// What a store has to be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Write,
    Read,
    List,
    Delete,
}

impl Step {
    fn code(self) -> &'static str {
        match self {
            Self::Write => "convosync::store::probe-write",
            Self::Read => "convosync::store::probe-read",
            Self::List => "convosync::store::probe-list",
            Self::Delete => "convosync::store::probe-delete",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "write an object",
            Self::Read => "read back what was written",
            Self::List => "list its objects",
            Self::Delete => "delete an object",
        })
    }
}

/// Which step failed, and how.
#[derive(Debug)]
struct Failed {
    step: Step,
    error: StoreError,
}

impl Step {
    fn failed(self) -> impl FnOnce(StoreError) -> Failed {
        move |error| Failed { step: self, error }
    }
}

impl Engine<'_> {
    /// Writes, reads, lists and deletes an object that says nothing. Whatever comes of it, no
    /// object of the probe is left, but for that of one which is killed: the next one sweeps it.
    ///
    /// # Errors
    ///
    /// A refusal that names the step and `argument`; that the store does not answer is told as
    /// everywhere.
    pub(crate) fn probe(&self, store: &dyn Store, argument: &'static str) -> Result<(), Trouble> {
        self.step("Trying the store out")?;
        let left = store.list(ObjectName::PROBES);
        let told = |failed| refused(store, failed, argument);
        let left = left.map_err(Step::List.failed()).map_err(told)?;
        for tries in (0..TRIES).rev() {
            match self.try_out(store) {
                Err(Failed { error: StoreError::Missing(_), .. }) if tries > 0 => {}
                Err(failed) => return Err(told(failed)),
                Ok(()) => break,
            }
        }
        for listed in left {
            // What can't be swept now is swept by another probe.
            let _: Result<(), StoreError> = store.delete(&listed.name);
        }
        Ok(())
    }

    fn try_out(&self, store: &dyn Store) -> Result<(), Failed> {
        let name = ObjectName::Probe { rand: rand_letters(&self.letters()) };
        let mut bytes = vec![0; SIZE];
        self.ports.entropy.fill(&mut bytes);
        let object = Sealed::received(bytes);
        let seen = match store.put_new(&name, &object) {
            Ok(()) => look(store, &name, &object),
            Err(error) => Err(Step::Write.failed()(error)),
        };
        // A put whose answer was lost may have had its effect.
        let gone = store.delete(&name).map_err(Step::Delete.failed());
        seen?;
        gone?;
        match store.get(&name) {
            Err(StoreError::Missing(_)) => Ok(()),
            Err(error) => Err(Step::Read.failed()(error)),
            Ok(_) => Err(Step::Delete.failed()(StoreError::Denied(
                "what was deleted is still there".to_owned(),
            ))),
        }
    }
}

fn look(store: &dyn Store, name: &ObjectName, object: &Sealed) -> Result<(), Failed> {
    if store.get(name).map_err(Step::Read.failed())? != *object {
        let other = StoreError::Denied("other bytes came back".to_owned());
        return Err(Step::Read.failed()(other));
    }
    let listed = store.list(ObjectName::PROBES).map_err(Step::List.failed())?;
    let there = listed.iter().any(|listed| listed.name == *name);
    let missing = || StoreError::Missing(name.clone());
    there.then_some(()).ok_or_else(missing).map_err(Step::List.failed())
}

fn refused(store: &dyn Store, failed: Failed, argument: &'static str) -> Trouble {
    let Failed { step, error } = failed;
    let error = match error {
        error @ StoreError::Unreachable(_) => return error.into(),
        StoreError::Missing(_) => "what was written just now is not there".to_owned(),
        StoreError::Denied(why) | StoreError::Full(why) => why,
        error => error.to_string(),
    };
    let place = store.describe();
    Refusal::new(step.code(), format!("{place} can't be a store: it does not {step}: {error}"))
        .help(advice(&place))
        .argument(argument)
        .into()
}

/// What helps, by the kind of place.
fn advice(place: &str) -> &'static str {
    if place.starts_with("git+") {
        "nothing was changed; a store needs a repository that takes refs outside of branches and tags: use a private one of its own, on a server that does, or a folder"
    } else if place.starts_with('/') {
        "nothing was changed; see that the folder is yours, that the disk has room and is not mounted read-only"
    } else {
        "nothing was changed; see that the credentials may read, write, list and delete there"
    }
}
