//! The code of several heads: one commit that has all of theirs.

use convosync_core::{Code, CodeState, Oid};
use convosync_wire::{Answers, Note, OnDiverged, OnMergeConflict, OnMissing};

use super::super::code::{CodePlan, Done, is_on, refuse_unfinished};
use super::super::plan::Present;
use super::super::{Ready, dialog};
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Facts, JoinedCode, Relation, Repository};
use crate::save::listed;
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};
use crate::undo::{AsideNames, Entry};
use crate::word::word;

/// The code that the save of all heads will name.
pub(super) enum CodeOfAll {
    /// No head has any.
    None,
    /// One of the heads has that of the others in it.
    Saved(Box<Code>, CodeState),
    /// A merge, which travels along.
    Made(Box<Code>),
    /// A person has to merge first.
    ByHand(Box<ByHand>),
}

/// A merge that is begun for the user to end.
pub(in super::super) struct ByHand {
    /// What the branch is brought to before it is begun; none: it stays where it is.
    pub(in super::super) from: Option<Code>,
    /// What is merged into it.
    theirs: Oid,
    /// What conflicts.
    paths: Vec<String>,
}

impl Engine<'_> {
    /// Merges the commits of all heads that are on the newest one's branch, without touching
    /// branches and files.
    pub(super) fn code_of_all(
        &self,
        shelf: &mut Shelf<'_>,
        ready: &mut Ready,
        heads: &[OpenSave],
        answers: &Answers,
    ) -> Result<CodeOfAll, Trouble> {
        let with_code = heads.iter().rev();
        let with_code = with_code.filter_map(|head| Some((head, head.manifest.code.as_ref()?)));
        let mut newest_first: Vec<_> = with_code.collect();
        // What a head left out is older than the head.
        newest_first.sort_by_key(|(head, _)| head.manifest.left_out.code);
        let mut newest_first = newest_first.into_iter();
        let Some((head, code)) = newest_first.next() else { return Ok(CodeOfAll::None) };
        let saved = || CodeOfAll::Saved(Box::new(code.clone()), head.card.code);
        let (same, other): (Vec<_>, Vec<_>) =
            newest_first.partition(|(_, other)| other.branch == code.branch);
        ready.notes.extend(other.iter().map(|(_, other)| elsewhere(other)));
        let differ = same.iter().any(|(_, other)| other.commit != code.commit);
        if !differ {
            return Ok(saved());
        }
        refuse_unfinished(&ready.facts)?;
        for (head, code) in [(head, code)].iter().chain(&same) {
            let (at_hand, fetched) = self.gather(shelf, ready, &head.name, code, None)?;
            ready.fetched |= fetched;
            match (at_hand, answers.on_missing) {
                (true, _) => {}
                (false, Some(OnMissing::ConversationOnly)) => return Ok(saved()),
                (false, Some(OnMissing::Cancel)) => return Err(Trouble::Cancelled),
                (false, None) => return Err(dialog::missing(code).into()),
            }
        }
        let others: Vec<_> = same.iter().map(|(_, other)| &other.commit).collect();
        let start = self.start_of_merge(ready, code, &others, answers)?;
        let mut commit = start;
        let message = message(heads);
        let repo = ready.facts.repository.clone();
        for theirs in others {
            match self.ports.git.join(&repo, &commit, theirs, &message)? {
                JoinedCode::Commit(joined) => commit = joined,
                JoinedCode::Unrelated => return Err(unrelated().into()),
                JoinedCode::Conflicts(paths) => {
                    self.may_begin(&ready.facts, code, &paths, answers)?;
                    let from = Code { commit, ..without_bundle(code) };
                    let by_hand = ByHand { from: Some(from), theirs: theirs.clone(), paths };
                    return Ok(CodeOfAll::ByHand(Box::new(by_hand)));
                }
            }
        }
        if commit == code.commit {
            return Ok(saved());
        }
        let here = ready.facts.commit.as_ref() == Some(&commit);
        let subject = ready.facts.subject.clone().filter(|_| here).unwrap_or(message);
        Ok(CodeOfAll::Made(Box::new(Code { commit, subject, ..without_bundle(code) })))
    }

    /// The newest head's commit; or what the branch here is at, if the user has merged some of the
    /// heads into it already.
    fn start_of_merge(
        &self,
        ready: &Ready,
        code: &Code,
        others: &[&Oid],
        answers: &Answers,
    ) -> Result<Oid, Trouble> {
        let repo = &ready.facts.repository;
        let has = |tip: &Oid, commit: &Oid| self.includes(repo, tip, commit);
        let Some(tip) = self.tip_of(&ready.facts, code, answers)? else {
            return Ok(code.commit.clone());
        };
        if !has(&tip, &code.commit)? {
            return Ok(code.commit.clone());
        }
        for other in others {
            if !has(&code.commit, other)? && has(&tip, other)? {
                return Ok(tip);
            }
        }
        Ok(code.commit.clone())
    }

    fn includes(&self, repo: &Repository, tip: &Oid, commit: &Oid) -> Result<bool, Trouble> {
        let relation = self.ports.git.relation(repo, tip, commit)?;
        Ok(matches!(relation, Relation::Same | Relation::Ahead(_)))
    }

    /// Whether the user wants to merge by hand, and can do so here.
    pub(in super::super) fn may_begin(
        &self,
        facts: &Facts,
        code: &Code,
        paths: &[String],
        answers: &Answers,
    ) -> Result<(), Trouble> {
        match answers.on_merge_conflict {
            None => return Err(dialog::merge_conflict(paths).into()),
            Some(OnMergeConflict::Cancel) => return Err(Trouble::Cancelled),
            Some(OnMergeConflict::OpenFiles) => {}
        }
        if !is_on(facts, code) && answers.switch_branch == Some(false) {
            return Err(conflicts(paths)
                .help(format!(
                    "they can only be resolved on {}: use `--switch-branch`",
                    code.branch
                ))
                .into());
        }
        Ok(())
    }

    /// The merge of the session's commit into the branch here, if the user wants it and has to end
    /// it.
    pub(in super::super) fn by_hand(
        &self,
        present: &Present<'_>,
        answers: &Answers,
    ) -> Result<Option<ByHand>, Trouble> {
        let conflicts = &present.conflicts;
        if conflicts.is_empty() || answers.on_diverged != Some(OnDiverged::Merge) {
            return Ok(None);
        }
        self.may_begin(present.facts, present.code, conflicts, answers)?;
        let (theirs, paths) = (present.code.commit.clone(), conflicts.clone());
        Ok(Some(ByHand { from: None, theirs, paths }))
    }

    /// Does the code half up to the merge that the user has to end, and begins that; always an
    /// error that says so.
    pub(in super::super) fn stop_for_merge(
        &self,
        member: &Member,
        ready: &Ready,
        by_hand: &ByHand,
        plan: &CodePlan,
        (entry, aside): (Entry, AsideNames),
    ) -> Trouble {
        let parked = match self.apply_code(ready, plan, &aside) {
            Ok(Done { parked, .. }) => parked,
            Err(trouble) => {
                let forgotten = self.note_untouched(member, &ready.facts, &entry, &aside);
                return forgotten.err().unwrap_or(trouble);
            }
        };
        self.tell("Beginning the merge");
        let repo = &ready.facts.repository;
        // First: who dies in between can still be told how to go on.
        if let Err(trouble) = self.note_waits(member, repo, entry) {
            return trouble.after(parked);
        }
        let message = by_hand.message(ready);
        let begun = self.ports.git.begin_merge(repo, &by_hand.theirs, &message);
        let told = match begun {
            Ok(true) => Refusal::new("convosync::resume::merged-code", "the code was merged")
                .help("`convosync resume --continue` brings the conversation back"),
            Ok(false) => conflicts(&by_hand.paths).help(HOW_TO_GO_ON),
            Err(error) => return Trouble::from(error).after(parked),
        };
        Trouble::from(told).after(parked)
    }
}

/// What the user does about conflicts.
pub(in super::super) const HOW_TO_GO_ON: &str = "resolve conflicts first, then resume: edit and `git add` the files, then `convosync resume --continue`\nor take everything back: `convosync resume --abort`";

impl ByHand {
    /// What the plan tells of it.
    pub(in super::super) fn told(&self) -> Vec<String> {
        let merge = format!("begin to merge {}, which conflicts in:", self.theirs.short());
        let paths = self.paths.iter().map(|path| format!("  {path}"));
        let then = "wait until you have resolved them; then `convosync resume --continue`";
        [merge].into_iter().chain(paths).chain([then.to_owned()]).collect()
    }

    fn message(&self, ready: &Ready) -> String {
        match self.from {
            Some(_) => message(std::slice::from_ref(&ready.open)),
            None => format!("Merge what was saved in {} [ConvoSync]", ready.open.card.session),
        }
    }
}

/// The same on every device.
fn message(heads: &[OpenSave]) -> String {
    let session = heads.last().map(|head| head.card.session.to_string()).unwrap_or_default();
    format!("Merge what two devices saved in {session} [ConvoSync]")
}

fn without_bundle(code: &Code) -> Code {
    Code { bundle: None, bundle_needs: Vec::new(), ..code.clone() }
}

fn conflicts(paths: &[String]) -> Refusal {
    Refusal::new(
        "convosync::resume::conflicts",
        format!("cannot resume session due to conflicts in:\n{}", listed(paths)),
    )
}

fn unrelated() -> Refusal {
    Refusal::new(
        "convosync::resume::unrelated",
        "the commits of the two heads have no commit in common, so they can't be merged",
    )
    .help("choose `--on-conflict keep-local` or `--on-conflict use-remote`; nothing was changed")
}

/// Code on another branch is not merged into this one.
fn elsewhere(code: &Code) -> Note {
    Note {
        code: "convosync::resume::other-branch".to_owned(),
        text: format!(
            "one of the saves is on another branch, {} ({}); it was not merged into this one",
            code.branch,
            code.commit.short()
        ),
        help: Some(format!("git switch {}", word(&code.branch))),
    }
}
