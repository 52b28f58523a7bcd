//! Writing down what a resume is about to change.

use convosync_core::{
    Oid, SaveId, SessionId, UndoKind, UndoRecord, UndoStage, WorkTreeState, rand_letters,
};

use super::journal::Entry;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Facts, Repository};
use crate::trouble::{Refusal, Trouble};

/// What a resume is about to do.
pub(crate) struct Intent<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) session: &'a SessionId,
    pub(crate) save: &'a SaveId,
    pub(crate) message: &'a str,
    /// Whether the save was asked for by its id.
    pub(crate) pinned: bool,
    /// Whether the work tree was cloned for it.
    pub(crate) cloned: bool,
    /// What is done to the code; none: nothing.
    pub(crate) code: Option<CodeIntent<'a>>,
}

/// What is about to be done to the code.
pub(crate) struct CodeIntent<'a> {
    /// The session's branch, and where it is here.
    pub(crate) branch: (&'a str, Option<Oid>),
    /// What is checked out.
    pub(crate) commit: &'a Oid,
    /// Whether changes are put aside or committed first.
    pub(crate) puts_aside: bool,
}

/// Names what one resume puts aside: the session that took its place, and letters of its own.
#[derive(Debug, Clone)]
pub(crate) struct AsideNames {
    session: SessionId,
    letters: String,
}

impl AsideNames {
    /// The ref's last part for the changes, a detached HEAD's commit, a branch's commits.
    pub(crate) fn changes(&self) -> String {
        format!("{}-{}", self.session, self.letters)
    }

    pub(crate) fn head(&self) -> String {
        format!("{}-{}-head", self.session, self.letters)
    }

    pub(crate) fn branch(&self) -> String {
        format!("{}-{}-branch", self.session, self.letters)
    }

    /// Two stashes of the same changes in one second would be one, were it not for the letters.
    pub(crate) fn stash(&self) -> String {
        format!("before resuming {} ({})", self.session, self.letters)
    }

    fn refs(&self) -> impl Iterator<Item = String> {
        let names = [self.changes(), self.head(), self.branch()];
        names.into_iter().map(|name| format!("refs/convosync/park/{name}"))
    }
}

impl Engine<'_> {
    /// Writes down where everything stands before a resume changes it. One of the same session
    /// that was stopped before is gone on with, unless the work tree was changed since.
    pub(crate) fn note_resume(
        &self,
        member: &Member,
        intent: &Intent<'_>,
    ) -> Result<(Entry, AsideNames), Trouble> {
        let repo = &intent.facts.repository;
        let letters = rand_letters(&self.letters());
        let aside = AsideNames { session: intent.session.clone(), letters };
        let entries = self.undo_entries(member, &repo.root)?;
        if entries.iter().any(Entry::is_cut_short) {
            return Err(cut_short().into());
        }
        let goes_on = entries.last().filter(|last| {
            last.is_open()
                && last.record.session == *intent.session
                && !intent.code.as_ref().is_some_and(|code| code.puts_aside)
        });
        let entry = match goes_on {
            Some(last) => self.note_more(last.clone(), intent, &aside)?,
            None => {
                self.prune_undo(member, repo)?;
                self.note_anew(member, intent, &aside)?
            }
        };
        self.write_undo(member, &repo.root, &entry)?;
        Ok((entry, aside))
    }

    fn note_anew(
        &self,
        member: &Member,
        intent: &Intent<'_>,
        aside: &AsideNames,
    ) -> Result<Entry, Trouble> {
        let root = &intent.facts.repository.root;
        let record = UndoRecord {
            kind: UndoKind::Resume,
            stage: UndoStage::Begun,
            made_ms: self.ports.clock.now_ms(),
            session: intent.session.clone(),
            save: intent.save.clone(),
            message: intent.message.lines().next().unwrap_or_default().to_owned(),
            pinned: intent.pinned,
            cloned: intent.cloned,
            of: None,
            code: self.stand_before(intent, aside)?,
            binding: self.bound_bytes(member, root)?,
            conversations: Vec::new(),
            pieces: 0,
        };
        Ok(Entry { number: self.next_undo(member, root)?, record })
    }

    /// What a resume that goes on changes besides.
    fn note_more(
        &self,
        mut entry: Entry,
        intent: &Intent<'_>,
        aside: &AsideNames,
    ) -> Result<Entry, Trouble> {
        entry.record.stage = UndoStage::Begun;
        entry.record.save = intent.save.clone();
        match (&mut entry.record.code, &intent.code) {
            (Some(known), Some(code)) => {
                for (name, commit) in refs_of(intent, code, aside) {
                    if !known.refs.iter().any(|(known, _)| *known == name) {
                        known.refs.push((name, commit));
                    }
                }
                known.stashes.push((aside.stash(), None));
            }
            (None, _) => entry.record.code = self.stand_before(intent, aside)?,
            (Some(_), None) => {}
        }
        Ok(entry)
    }

    fn stand_before(
        &self,
        intent: &Intent<'_>,
        aside: &AsideNames,
    ) -> Result<Option<WorkTreeState>, Trouble> {
        let Some(code) = &intent.code else { return Ok(None) };
        let refs = refs_of(intent, code, aside);
        let (excludes, theirs) = (self.excludes(), Some(code.commit));
        let state = self.ports.git.stand(intent.facts, &aside.letters, &excludes, &[], theirs)?;
        Ok(Some(WorkTreeState { refs, stashes: vec![(aside.stash(), None)], ..state }))
    }

    /// The resume failed: if it was before anything was changed, there is nothing to take back.
    pub(crate) fn note_untouched(
        &self,
        member: &Member,
        before: &Facts,
        entry: &Entry,
        aside: &AsideNames,
    ) -> Result<(), Trouble> {
        // What an earlier resume wrote down, which this one went on with, stays.
        let is_own = entry.record.code.as_ref().is_some_and(|code| code.id == aside.letters);
        let now = self.facts(&before.repository.root)?;
        // What was fetched on the way changes how far the branch is behind.
        let same = (&now.head, &now.commit, &now.changes, now.operation)
            == (&before.head, &before.commit, &before.changes, before.operation);
        if is_own && same {
            self.forget_undo(member, &before.repository, entry)?;
        }
        Ok(())
    }

    /// The resume ended. One that changed nothing is forgotten: there is nothing to take back.
    pub(crate) fn note_resumed(
        &self,
        member: &Member,
        repo: &Repository,
        mut entry: Entry,
    ) -> Result<(), Trouble> {
        let bound = self.bound_bytes(member, &repo.root)?;
        let record = &entry.record;
        let code = record.code.is_none() && record.conversations.is_empty();
        if code && self.same_binding(member, record.binding.as_deref(), bound.as_deref()) {
            return self.drop_undo(member, repo, &entry);
        }
        entry.record.stage = UndoStage::Done;
        self.write_undo(member, &repo.root, &entry)
    }

    /// The resume stops until the user has resolved what conflicts.
    pub(crate) fn note_waits(
        &self,
        member: &Member,
        repo: &Repository,
        mut entry: Entry,
    ) -> Result<(), Trouble> {
        entry.record.stage = UndoStage::Waits;
        self.write_undo(member, &repo.root, &entry)
    }

    /// The resume of a work tree that waits for conflicts to be resolved.
    pub(crate) fn waiting_resume(
        &self,
        member: &Member,
        repo: &Repository,
    ) -> Result<Option<Entry>, Trouble> {
        let last = self.undo_entries(member, &repo.root)?.pop();
        Ok(last.filter(|last| last.record.stage == UndoStage::Waits))
    }
}

/// The refs that a resume may change, as they are before.
fn refs_of(
    intent: &Intent<'_>,
    code: &CodeIntent<'_>,
    aside: &AsideNames,
) -> Vec<(String, Option<Oid>)> {
    let facts = intent.facts;
    let here = facts.head.branch();
    let mut refs = Vec::new();
    refs.extend(here.map(|here| (format!("refs/heads/{here}"), facts.commit.clone())));
    let (branch, tip) = &code.branch;
    if here != Some(branch) {
        refs.push((format!("refs/heads/{branch}"), tip.clone()));
    }
    refs.extend(aside.refs().map(|name| (name, None)));
    refs
}

fn cut_short() -> Refusal {
    Refusal::new("convosync::undo::unfinished", "an undo was stopped half-way in this work tree")
        .help("run `convosync undo`: it goes on where it stopped")
}
