//! The branch that a save commits on: the present one, or the one that `--branch` names.

use std::path::PathBuf;

use convosync_core::Oid;
use convosync_wire::{Note, SaveArgs};

use super::Scene;
use super::naming::push_remote;
use super::plan::listed;
use crate::engine::Engine;
use crate::ports::{Branch, Facts, GitError, HeadState, Relation, Repository};
use crate::trouble::{Refusal, Trouble};

/// What brings the work tree onto the branch of the save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Onto {
    /// It is on it.
    Here,
    /// The branch is made at HEAD.
    New {
        /// The branch.
        name: String,
        /// HEAD; none where there is no commit yet.
        at: Option<Oid>,
    },
    /// The branch is there, or on the remote: the changes here are carried over to it.
    Other {
        /// The branch.
        name: String,
        /// Where it is.
        tip: Oid,
        /// HEAD, which nothing else keeps.
        keep: Option<Oid>,
    },
}

impl Onto {
    /// The branch that the work tree will be on, as long as that is another one.
    pub(crate) fn other(&self) -> Option<&str> {
        match self {
            Self::Here => None,
            Self::New { name, .. } | Self::Other { name, .. } => Some(name),
        }
    }

    /// What will be done, in the user's words.
    pub(super) fn told(&self) -> Option<String> {
        match self {
            Self::Here => None,
            Self::New { name, at: Some(at) } => {
                Some(format!("make branch {name} at {} and switch to it", at.short()))
            }
            Self::New { name, at: None } => Some(format!("call the new branch {name}")),
            Self::Other { name, tip, .. } => {
                Some(format!("switch to branch {name} (at {}) with your changes", tip.short()))
            }
        }
    }

    /// That the work tree is on another branch by now, for a save that stops there.
    pub(super) fn arrived(&self) -> Option<Note> {
        self.other().map(|name| Note {
            code: "convosync::save::switched".to_owned(),
            text: format!("the work tree is on {name} now, with the changes as they were"),
            help: None,
        })
    }
}

impl Engine<'_> {
    /// Looks what `--branch` comes down to; refuses what could not be done. Changes nothing.
    pub(super) fn onto(&self, facts: &Facts, args: &SaveArgs) -> Result<Onto, Trouble> {
        let Some(name) = args.branch.as_deref() else { return Ok(Onto::Here) };
        let repo = &facts.repository;
        // Whoever is on a branch may name it in any case, whatever it is called.
        if facts.head.branch() == Some(name) {
            return Ok(Onto::Here);
        }
        let there = match self.ports.git.branch(repo, name) {
            Err(GitError::BadName { .. }) => return Err(bad_name(name).into()),
            there => there?,
        };
        let tip = match there {
            Some(Branch { elsewhere: Some(place), .. }) => return Err(held(name, place).into()),
            Some(Branch { tip, elsewhere: None }) => Some(tip),
            None => self.namesake(facts, name)?,
        };
        let Some(tip) = tip else {
            return Ok(Onto::New { name: name.to_owned(), at: facts.commit.clone() });
        };
        let stopped = match facts.commit.as_ref() == Some(&tip) {
            true => Vec::new(),
            false => self.ports.git.not_carried(repo, &tip)?,
        };
        if !stopped.is_empty() {
            return Err(not_carried(facts, name, &listed(&stopped)).into());
        }
        let keep = self.only_here(facts, &tip)?;
        Ok(Onto::Other { name: name.to_owned(), tip, keep })
    }

    /// The remote's branch of that name, unless HEAD has all of it already.
    fn namesake(&self, facts: &Facts, name: &str) -> Result<Option<Oid>, Trouble> {
        let Some(remote) = push_remote(facts) else { return Ok(None) };
        let (git, repo) = (self.ports.git, &facts.repository);
        let Some(tip) = git.remote_branch(repo, &remote, name)? else { return Ok(None) };
        let Some(head) = &facts.commit else { return Ok(Some(tip)) };
        let relation = git.relation(repo, head, &tip)?;
        Ok((!matches!(relation, Relation::Same | Relation::Ahead(_))).then_some(tip))
    }

    /// The commit of a detached HEAD that the branch lacks.
    fn only_here(&self, facts: &Facts, tip: &Oid) -> Result<Option<Oid>, Trouble> {
        let (HeadState::Detached, Some(head)) = (&facts.head, &facts.commit) else {
            return Ok(None);
        };
        let relation = self.ports.git.relation(&facts.repository, head, tip)?;
        let has = matches!(relation, Relation::Same | Relation::Behind(_));
        Ok((!has).then(|| head.clone()))
    }

    /// Brings the work tree onto the branch, and the scene with it.
    pub(super) fn step_onto(
        &self,
        scene: &mut Scene<'_>,
        onto: &Onto,
    ) -> Result<Option<Note>, Trouble> {
        let Some(name) = onto.other() else { return Ok(None) };
        self.step(&format!("Switching to {name}"))?;
        let repo = scene.facts.repository.clone();
        let note = self.switch_onto(&repo, &scene.facts, onto)?;
        scene.facts = self.facts(&repo.root)?;
        Ok(note)
    }

    fn switch_onto(
        &self,
        repo: &Repository,
        facts: &Facts,
        onto: &Onto,
    ) -> Result<Option<Note>, Trouble> {
        let git = self.ports.git;
        let (name, tip, keep) = match onto {
            Onto::Here => return Ok(None),
            Onto::New { name, at: None } => {
                return Ok(git.name_unborn(repo, name).map(|()| None)?);
            }
            Onto::New { name, at: Some(at) } => (name, at, None),
            Onto::Other { name, tip, keep } => (name, tip, keep.as_ref()),
        };
        let note = keep.map(|commit| self.keep_head(repo, commit)).transpose()?;
        match git.switch(repo, name, tip) {
            Ok(()) => Ok(note),
            // Git looks at more than was foreseen, and has changed nothing.
            Err(GitError::Failed { output, .. }) => Err(not_carried(facts, name, &output).into()),
            Err(error) => Err(error.into()),
        }
    }

    fn keep_head(&self, repo: &Repository, commit: &Oid) -> Result<Note, Trouble> {
        let id = format!("head-{}", convosync_core::rand_letters(&self.letters()));
        let reference = self.ports.git.keep(repo, &id, commit)?;
        Ok(Note {
            code: "convosync::save::head-kept".to_owned(),
            text: format!("{} was on no branch; it is kept as {reference}", commit.short()),
            help: Some(format!("git switch -c NAME {reference}")),
        })
    }
}

fn bad_name(name: &str) -> Refusal {
    Refusal::new(
        "convosync::save::branch-name",
        format!("git takes no branch that is called `{}`", name.escape_debug()),
    )
    .help("no spaces, no `..`, none of ~ ^ : ? * [ \\, no `-` at its start: `git check-ref-format` has the rules")
    .argument("--branch")
}

fn held(name: &str, place: PathBuf) -> Refusal {
    Refusal::new(
        "convosync::git::branch-elsewhere",
        format!("{name} is checked out in another work tree: {}", place.display()),
    )
    .help("save there, or choose another name; if that work tree is gone: `git worktree prune`")
    .argument("--branch")
}

fn not_carried(facts: &Facts, name: &str, what: &str) -> Refusal {
    let here = facts.head.branch().unwrap_or("this commit");
    Refusal::new(
        "convosync::save::branch-conflict",
        format!("your changes can't be carried over to {name}:\n{what}"),
    )
    .help(format!(
        "nothing was changed; save on {here} first, or take another name: `convosync save -b NEW-NAME`"
    ))
    .argument("--branch")
}
