//! A resume that waits for conflicts to be resolved: going on with it, and taking it back.

use std::path::Path;

use convosync_core::UndoRecord;
use convosync_wire::{OnConflict, OnDiverged, Reply, Request, ResumeArgs};

use super::merge::HOW_TO_GO_ON;
use crate::account::LOCK_WAIT;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Facts, Operation};
use crate::save::{conflicted, in_progress};
use crate::trouble::{Refusal, Trouble};
use crate::undo::Entry;

impl Engine<'_> {
    /// With `--continue`: ends the merge that was begun, and says how the resume goes on. Without:
    /// the arguments as they are.
    pub(super) fn gone_on(
        &self,
        member: &Member,
        request: &Request,
        args: &ResumeArgs,
    ) -> Result<ResumeArgs, Trouble> {
        if !args.go_on {
            return Ok(args.clone());
        }
        let (facts, waiting) = self.waiting_here(member, request)?;
        if let Some(files) = conflicted(&facts) {
            return Err(unresolved(&files).into());
        }
        match facts.operation {
            Some(Operation::Merge) => {
                self.step("Ending the merge")?;
                self.ports.git.end_merge(&facts.repository)?;
            }
            Some(operation) => return Err(in_progress(operation).into()),
            // The user has ended it.
            None => {}
        }
        Ok(args_of(args, &waiting.record))
    }

    /// `resume --abort`: everything is as before the resume that waits.
    pub(crate) fn abort_resume(&self, request: &Request) -> Result<Reply, Trouble> {
        let _lock = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        let member = self.need_member()?;
        let (facts, waiting) = self.waiting_here(&member, request)?;
        self.take_back(&member, request, &facts, &waiting).map(Reply::Undone)
    }

    fn waiting_here(&self, member: &Member, request: &Request) -> Result<(Facts, Entry), Trouble> {
        let facts = self.facts(Path::new(&request.directory))?;
        let waiting = self.waiting_resume(member, &facts.repository)?;
        Ok((facts, waiting.ok_or_else(none_waits)?))
    }

    /// Nothing is begun on top of a merge that a resume began: it is ended first, or taken back.
    pub(super) fn refuse_waiting(&self, member: &Member, facts: &Facts) -> Result<(), Trouble> {
        if facts.operation != Some(Operation::Merge) {
            return Ok(());
        }
        match self.waiting_resume(member, &facts.repository)? {
            Some(waiting) => Err(waits(&waiting.record, conflicted(facts)).into()),
            None => Ok(()),
        }
    }
}

/// The answers that it was begun with; others that are given count.
fn args_of(args: &ResumeArgs, record: &UndoRecord) -> ResumeArgs {
    let mut args = ResumeArgs {
        session: Some(record.session.to_string()),
        at: record.pinned.then(|| record.save.to_string()),
        ..args.clone()
    };
    args.answers.on_conflict.get_or_insert(OnConflict::Merge);
    args.answers.on_diverged.get_or_insert(OnDiverged::Merge);
    args.answers.switch_branch.get_or_insert(true);
    args
}

fn none_waits() -> Refusal {
    Refusal::new("convosync::resume::none-waits", "no resume waits in this work tree")
        .help("`convosync resume` begins one; `convosync undo` takes the last one back")
}

fn unresolved(files: &str) -> Refusal {
    Refusal::new("convosync::resume::unresolved", format!("files are still unmerged:\n{files}"))
        .help("edit and `git add` them, then `convosync resume --continue`\nor take everything back: `convosync resume --abort`")
}

fn waits(record: &UndoRecord, files: Option<String>) -> Refusal {
    let text = match files {
        Some(files) => format!("the resume of {} waits: conflicts in:\n{files}", record.session),
        None => format!("the resume of {} waits; its conflicts are resolved", record.session),
    };
    Refusal::new("convosync::resume::waits", text).help(HOW_TO_GO_ON)
}
