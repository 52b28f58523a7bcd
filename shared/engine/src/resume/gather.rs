//! Getting the code of a save here: from its remote, or out of the save.

use convosync_core::{Code, FileState, ObjectName, Oid};
use convosync_wire::Note;

use super::Ready;
use super::code::refuse_unfinished;
use crate::engine::Engine;
use crate::ports::{GitError, Underway};
use crate::save::remote_of;
use crate::shelf::Shelf;
use crate::trouble::{Refusal, Trouble};

/// A commit that is wanted here.
pub(super) struct Arriving<'e> {
    is_here: bool,
    fetch: Option<Fetching<'e>>,
}

/// A branch on its way here.
struct Fetching<'e> {
    /// What the user was told of it.
    told: String,
    fetch: Result<Box<dyn Underway<()> + 'e>, GitError>,
}

impl Arriving<'_> {
    /// Whether git is fetching.
    pub(super) fn is_on_its_way(&self) -> bool {
        self.fetch.is_some()
    }
}

impl Engine<'_> {
    /// As [`Self::start_gather`] for the save's own commit. What is to be joined is gathered head by
    /// head.
    pub(super) fn start_code(&self, ready: &Ready) -> Result<Option<Arriving<'_>>, Trouble> {
        let Some(code) = ready.open.manifest.wanted_code().filter(|_| !ready.unites) else {
            return Ok(None);
        };
        refuse_unfinished(&ready.facts)?;
        self.start_gather(ready, code).map(Some)
    }

    /// Looks whether the commit is here, and starts to fetch its branch where that is to be done.
    fn start_gather(&self, ready: &Ready, code: &Code) -> Result<Arriving<'_>, Trouble> {
        let (git, repo) = (self.ports.git, &ready.facts.repository);
        let is_here = git.has_commit(repo, &code.commit)?;
        let remote = remote_of(&ready.facts, code);
        let Some(remote) = remote.filter(|_| ready.pull.unwrap_or(!is_here)) else {
            return Ok(Arriving { is_here, fetch: None });
        };
        let told = format!("Pulling latest changes from {remote}");
        self.step(&told)?;
        let fetch = git.start_fetch(repo, remote, &code.branch);
        Ok(Arriving { is_here, fetch: Some(Fetching { told, fetch }) })
    }

    /// Gets the commit here, from its remote or out of the save. Says whether it is here, and
    /// whether it was fetched.
    pub(super) fn gather(
        &self,
        shelf: &mut Shelf<'_>,
        ready: &mut Ready,
        unit: &ObjectName,
        code: &Code,
        arriving: Option<Arriving<'_>>,
    ) -> Result<(bool, bool), Trouble> {
        let git = self.ports.git;
        let repo = ready.facts.repository.clone();
        let Arriving { is_here, fetch } = match arriving {
            Some(arriving) => arriving,
            None => self.start_gather(ready, code)?,
        };
        let fetched = fetch.map_or(Ok(false), |fetch| self.fetched(ready, fetch))?;
        if is_here {
            return Ok((true, fetched));
        }
        if fetched && git.has_commit(&repo, &code.commit)? {
            return Ok((true, true));
        }
        if let Some(bundle) = &code.bundle {
            let name = match unit {
                ObjectName::Unit { save, .. } => save.to_string(),
                _ => code.commit.to_string(),
            };
            self.unpack(shelf, ready, unit, code, (&code.commit, bundle), &name)?;
            return Ok((true, fetched));
        }
        // The branch was perhaps merged and deleted, or rewritten.
        let remote = remote_of(&ready.facts, code).filter(|_| fetched);
        let Some(remote) = remote else { return Ok((false, fetched)) };
        git.fetch_commit(&repo, remote, &code.commit)?;
        if git.has_commit(&repo, &code.commit)? {
            return Ok((true, true));
        }
        // Old servers give branches only.
        git.fetch_all(&repo, remote)?;
        Ok((git.has_commit(&repo, &code.commit)?, true))
    }

    /// Waits for the session's branch. A remote that does not answer is told, not an error: the save
    /// may carry the commit.
    fn fetched(&self, ready: &mut Ready, fetching: Fetching<'_>) -> Result<bool, Trouble> {
        self.tell(&fetching.told);
        match fetching.fetch.and_then(Underway::finish) {
            Ok(()) => Ok(true),
            // Without room nothing else would work: to ask about a missing commit would mislead.
            Err(error @ (GitError::Cancelled | GitError::Full(_))) => Err(error.into()),
            Err(error) => {
                let failure = crate::trouble::git_failure(&error);
                ready.notes.push(Note {
                    code: failure.code,
                    text: failure.message,
                    help: failure.help,
                });
                Ok(false)
            }
        }
    }

    /// Takes in commits that travel with the save, and keeps the last one under a name. They may
    /// build on any branch of the remote.
    pub(super) fn unpack(
        &self,
        shelf: &mut Shelf<'_>,
        ready: &Ready,
        unit: &ObjectName,
        code: &Code,
        (commit, bundle): (&Oid, &FileState),
        name: &str,
    ) -> Result<(), Trouble> {
        self.step("Unpacking the commits that travel with the session")?;
        let git = self.ports.git;
        let file = self.rebuilt(shelf, unit, bundle)?;
        let repo = &ready.facts.repository;
        let unpack = || git.unbundle(repo, file.path(), commit, name);
        let unpacked = match (unpack(), remote_of(&ready.facts, code)) {
            (Err(GitError::Failed { .. }), Some(remote)) => {
                self.step(&format!("Fetching every branch of {remote}"))?;
                git.fetch_all(repo, remote).and_then(|()| unpack())
            }
            (unpacked, _) => unpacked,
        };
        unpacked.map_err(|error| match error {
            GitError::Failed { output, .. } => Trouble::Refused(
                Refusal::new(
                    "convosync::resume::bundle",
                    format!(
                        "the commits that travel with the session can't be unpacked:\n{output}"
                    ),
                )
                .help("get the commits that they build on into this clone, then resume again"),
            ),
            other => other.into(),
        })
    }
}
