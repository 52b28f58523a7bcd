//! Uncommitted work that comes back with a save, and what of it is here already.

use std::path::Path;

use convosync_core::{Code, ObjectName, Oid, Work};
use convosync_wire::Note;

use super::Ready;
use crate::count::uncommitted;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Facts, GitError, Repository, WorkHere};
use crate::shelf::Shelf;
use crate::trouble::Trouble;

/// How the uncommitted changes here stand to what is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Changes {
    /// There are none.
    None,
    /// They are those that come back.
    Back,
    /// They are a part of those that come back: a resume was stopped.
    Begun,
    /// The last save of this work tree holds them, or they are a part of what it holds.
    Saved(Oid),
    /// No save holds them.
    Own,
}

impl Engine<'_> {
    /// Takes in the work that travels with a save, as far as what it is on top of is here.
    pub(super) fn gather_work(
        &self,
        shelf: &mut Shelf<'_>,
        ready: &Ready,
        unit: &ObjectName,
        code: &Code,
    ) -> Result<(), Trouble> {
        let (git, repo) = (self.ports.git, &ready.facts.repository);
        for work in &code.work {
            if !git.has_commit(repo, &work.commit)? && git.has_commit(repo, &work.base)? {
                let name = format!("work-{}", work.commit);
                self.unpack(shelf, ready, unit, code, (&work.commit, &work.bundle), &name)?;
            }
        }
        Ok(())
    }

    /// Looks what the changes here are.
    pub(super) fn changes_here(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        facts: &Facts,
        code: &Code,
    ) -> Result<Changes, Trouble> {
        if facts.changes.is_empty() {
            return Ok(Changes::None);
        }
        let back: Vec<Oid> = code.work_here().map(|work| work.commit.clone()).into_iter().collect();
        let saved = self.saved_here(member, shelf, &facts.repository.root)?;
        let known: Vec<Oid> = back.iter().chain(&saved).cloned().collect();
        if known.is_empty() {
            return Ok(Changes::Own);
        }
        match self.ports.git.compare_work(&facts.repository, &self.excludes(), &known) {
            Ok(WorkHere::Clean) => Ok(Changes::None),
            Ok(WorkHere::Same(work)) if back.contains(&work) => Ok(Changes::Back),
            Ok(WorkHere::PartOf(work)) if back.contains(&work) => Ok(Changes::Begun),
            Ok(WorkHere::Same(work) | WorkHere::PartOf(work)) => Ok(Changes::Saved(work)),
            // What can't be taken down is no work that was.
            Ok(WorkHere::Own) | Err(GitError::Failed { .. }) => Ok(Changes::Own),
            Err(error) => Err(error.into()),
        }
    }

    /// The work that the last save of a work tree holds.
    fn saved_here(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        root: &Path,
    ) -> Result<Vec<Oid>, Trouble> {
        let Some(binding) = self.binding(member, root)? else { return Ok(Vec::new()) };
        let card = self.known_card(member, &binding.session, &binding.tip)?;
        if card.is_none_or(|card| card.uncommitted == 0) {
            return Ok(Vec::new());
        }
        // A save that can't be read holds nothing for certain.
        let open = shelf.save(&binding.session, &binding.tip).ok();
        let code = open.and_then(|open| open.manifest.code);
        Ok(code.into_iter().flat_map(|code| code.work).map(|work| work.commit).collect())
    }

    /// Keeps work that is not laid here, and tells how to get at it.
    pub(super) fn keep_work(
        &self,
        repo: &Repository,
        id: &str,
        work: &Work,
    ) -> Result<Note, Trouble> {
        let git = self.ports.git;
        let changes = uncommitted(work.changes);
        if !git.has_commit(repo, &work.commit)? {
            return Ok(Note {
                code: "convosync::resume::work-missing".to_owned(),
                text: format!(
                    "{changes} of the session stay in it: {}, which they are on top of, is not here",
                    work.base.short()
                ),
                help: None,
            });
        }
        let reference = git.keep(repo, id, &work.commit)?;
        Ok(Note {
            code: "convosync::resume::work-kept".to_owned(),
            text: format!(
                "{changes} of the session are on top of {}, and kept under {reference}",
                work.base.short()
            ),
            help: Some(format!("git stash apply --index {}", work.commit)),
        })
    }
}

/// Work that was on the work tree, and is kept.
pub(super) fn lifted(work: &Oid, reference: &str) -> Note {
    Note {
        code: "convosync::resume::lifted".to_owned(),
        text: format!(
            "the uncommitted changes here were those of its last save; they are kept under {reference}"
        ),
        help: Some(format!("git stash apply --index {work}")),
    }
}

/// Submodules that are not at the commit that the work says.
pub(super) fn submodules_left(paths: &[String]) -> Option<Note> {
    (!paths.is_empty()).then(|| Note {
        code: "convosync::resume::submodules".to_owned(),
        text: format!(
            "these submodules could not be brought to the commit that they were at:\n{}",
            crate::save::listed(paths)
        ),
        help: Some("`git fetch` in them, then the same command again".to_owned()),
    })
}
