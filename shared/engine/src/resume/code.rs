//! The code half of a resume.

use std::path::Path;

use convosync_core::{Code, Oid, Work};
use convosync_wire::{Answers, Note, OnDirty, OnDiverged};

use super::Ready;
use super::gather::Arriving;
use super::plan::{self, CodeStep, Present};
use super::work::{Changes, lifted, submodules_left};
use crate::count::uncommitted;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Branch, Facts, GitError, Operation, Relation};
use crate::save::{conflicted, in_progress, listed, remote_of};
use crate::shelf::Shelf;
use crate::trouble::{Refusal, Trouble};
use crate::undo::{AsideNames, CodeIntent};
use crate::word::word;

/// What will be done to the code.
#[derive(Default)]
pub(super) struct CodePlan {
    /// How the commit gets here, where that was only foreseen.
    first: Option<String>,
    steps: Vec<CodeStep>,
    branch: Option<String>,
    commit: Option<Oid>,
    /// Where the branch is here before anything is done.
    tip: Option<Oid>,
    fetched: bool,
    /// The work that travels with the save.
    work: Vec<Work>,
    /// The piece of it that is here already.
    there: Option<Oid>,
}

/// What was done to the code.
pub(super) struct Done {
    pub(super) previous_branch: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) commit: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) switched: bool,
    pub(super) fetched: bool,
    /// Commits of the remote's branch beyond the session's.
    pub(super) pulled: u64,
    pub(super) in_step: bool,
    /// The code has the session's commit, and more of this device's own.
    pub(super) ahead: bool,
    /// Changes that no commit holds and that are back.
    pub(super) uncommitted: u64,
    pub(super) parked: Vec<Note>,
    pub(super) notes: Vec<Note>,
}

impl CodePlan {
    /// What is about to change, if anything: `begins`, a merge that the user has to end.
    pub(super) fn intent(&self, begins: bool) -> Option<CodeIntent<'_>> {
        let (branch, commit) = (self.branch.as_deref()?, self.commit.as_ref()?);
        (begins || !self.steps.is_empty()).then(|| CodeIntent {
            branch: (branch, self.tip.clone()),
            commit,
            puts_aside: self
                .steps
                .iter()
                .any(|s| matches!(s, CodeStep::Park | CodeStep::Commit | CodeStep::Lift(_))),
        })
    }

    fn of(code: Code, steps: Vec<CodeStep>, there: Option<Oid>) -> Self {
        let Code { branch, commit, work, .. } = code;
        let (branch, commit) = (Some(branch), Some(commit));
        Self { steps, branch, commit, work, there, ..Self::default() }
    }

    /// The steps in the user's words.
    pub(super) fn told(&self) -> Vec<String> {
        let branch = self.branch.as_deref().unwrap_or("the branch");
        let commit = self.commit.as_ref().map_or("the commit", Oid::short);
        let steps = self.steps.iter();
        let steps = steps.map(|step| match step {
            CodeStep::Park => "put your uncommitted changes aside (git stash)".to_owned(),
            CodeStep::Commit => "commit your changes on the present branch".to_owned(),
            CodeStep::KeepHead(oid) => {
                format!("keep {} under refs/convosync/park", oid.short())
            }
            CodeStep::Switch => format!("switch to branch {branch}"),
            CodeStep::FastForward => format!("move {branch} forward to {commit}"),
            CodeStep::Replace => {
                format!("keep your commits under refs/convosync/park and set {branch} to {commit}")
            }
            CodeStep::Merge => format!("merge {commit} into {branch}"),
            CodeStep::Pull(tip, count) => {
                format!("go on to {}, {count} commits further on the remote", tip.short())
            }
            CodeStep::Lift(_) => {
                "put the uncommitted changes aside that the last save here holds".to_owned()
            }
            CodeStep::Restore(work) => {
                let mut all = self.work.iter();
                let changes = all.find(|one| one.commit == *work).map_or(0, |work| work.changes);
                format!("bring back {}", uncommitted(changes))
            }
        });
        self.first.iter().cloned().chain(steps).collect()
    }
}

impl Engine<'_> {
    /// Plans the code half. Fetches what the plan needs to know; branches and files stay.
    pub(super) fn plan_code(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        ready: &mut Ready,
        arriving: Option<Arriving<'_>>,
        answers: &Answers,
    ) -> Result<CodePlan, Trouble> {
        let Some(code) = ready.open.manifest.wanted_code().cloned() else {
            return Ok(CodePlan::default());
        };
        refuse_unfinished(&ready.facts)?;
        let unit = ready.open.name.clone();
        let (at_hand, fetched) = self.gather(shelf, ready, &unit, &code, arriving)?;
        let fetched = fetched || ready.fetched;
        self.gather_work(shelf, ready, &unit, &code)?;
        let (tip, mut present) =
            self.present(member, shelf, &ready.facts, &code, at_hand, answers)?;
        let by_hand = match ready.by_hand {
            Some(_) => None,
            None => self.by_hand(&present, answers)?,
        };
        present.merges_by_hand = by_hand.is_some();
        present.begins = ready.by_hand.is_some() || by_hand.is_some();
        if ready.pull == Some(true) && at_hand && !present.begins {
            present.pull = self.further(&present, tip.as_ref(), answers, &mut ready.notes)?;
        }
        let steps = plan::code_steps(&present, &ready.open.card, answers)?;
        let there = present.there();
        if !steps.is_empty() || present.begins {
            self.refuse_overwriting(&ready.facts, &code.commit)?;
        }
        if let Some(CodeStep::Pull(tip, _)) = steps.last() {
            self.refuse_overwriting(&ready.facts, tip)?;
        }
        for work in steps.iter().filter_map(CodeStep::restored) {
            self.refuse_overwriting(&ready.facts, work)?;
        }
        ready.by_hand = ready.by_hand.take().or(by_hand);
        Ok(CodePlan { fetched, tip, ..CodePlan::of(code, steps, there) })
    }

    /// Plans the code half and fetches nothing: what only a fetch could tell is assumed to be well.
    pub(super) fn foresee_code(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        ready: &mut Ready,
        answers: &Answers,
    ) -> Result<CodePlan, Trouble> {
        let Some(code) = ready.open.manifest.wanted_code().cloned() else {
            return Ok(CodePlan::default());
        };
        refuse_unfinished(&ready.facts)?;
        let at_hand = self.ports.git.has_commit(&ready.facts.repository, &code.commit)?;
        let (tip, mut present) =
            self.present(member, shelf, &ready.facts, &code, at_hand, answers)?;
        let by_hand = self.by_hand(&present, answers)?;
        present.merges_by_hand = by_hand.is_some();
        present.begins = by_hand.is_some();
        let mut first = None;
        if !at_hand && (code.bundle.is_some() || ready.pull != Some(false)) {
            present.relation = tip.is_some().then_some(Relation::Behind(0));
            present.commit_at_hand = true;
            first = Some(match code.bundle {
                Some(_) => "unpack the commits that travel with the session".to_owned(),
                None => format!("fetch {} from the git remote", code.branch),
            });
        }
        if ready.pull == Some(true) && at_hand {
            // As far as the last fetch tells.
            present.pull = self.further(&present, tip.as_ref(), answers, &mut ready.notes)?;
            first = Some(format!("fetch {} from the git remote", code.branch));
        }
        let steps = plan::code_steps(&present, &ready.open.card, answers)?;
        let there = present.there();
        if at_hand && !steps.is_empty() {
            self.refuse_overwriting(&ready.facts, &code.commit)?;
        }
        ready.notes.extend((!at_hand && first.is_some()).then(not_fetched));
        ready.by_hand = by_hand;
        Ok(CodePlan { first, tip, ..CodePlan::of(code, steps, there) })
    }

    /// What is true of the target, and where the session's branch is here.
    fn present<'p>(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        facts: &'p Facts,
        code: &'p Code,
        commit_at_hand: bool,
        answers: &Answers,
    ) -> Result<(Option<Oid>, Present<'p>), Trouble> {
        let git = self.ports.git;
        let repo = &facts.repository;
        let relation = |tip: &Option<Oid>| match tip {
            Some(tip) if *tip == code.commit => Ok(Some(Relation::Same)),
            Some(tip) if commit_at_hand => git.relation(repo, tip, &code.commit).map(Some),
            _ => Ok(None),
        };
        let here = self.tip_of(facts, code, answers)?;
        let mut tip = here.clone();
        let mut stands = relation(&tip)?;
        let commits = answers.on_dirty == Some(OnDirty::Commit) && !facts.changes.is_empty();
        let moves = !matches!(stands, Some(Relation::Same | Relation::Ahead(_)));
        if commits && moves && commit_at_hand && is_on(facts, code) {
            tip = Some(git.foresee_commit(repo, &self.excludes())?);
            stands = relation(&tip)?;
        }
        let changes = self.changes_here(member, shelf, facts, code)?;
        let commits = commits && matches!(changes, Changes::Own | Changes::Saved(_));
        let lays = code.work_here().is_some() && is_on(facts, code);
        if commits && lays && stands == Some(Relation::Same) {
            // The work is on top of the session's commit, and ours would come between.
            stands = Some(Relation::Ahead(1));
        }
        let conflicts = match (&tip, stands) {
            (Some(tip), Some(Relation::Diverged { .. })) => {
                git.merge_conflicts(repo, tip, &code.commit)?
            }
            _ => Vec::new(),
        };
        let (begins, merges_by_hand, pull) = (false, false, None);
        let relation = stands;
        let present = Present {
            facts,
            code,
            commit_at_hand,
            relation,
            conflicts,
            begins,
            pull,
            merges_by_hand,
            changes,
        };
        Ok((here, present))
    }

    /// The tip of the remote's branch, if the branch here can simply go on to it from where the
    /// session leaves it. That it can't is told, not an error.
    fn further(
        &self,
        present: &Present<'_>,
        branch: Option<&Oid>,
        answers: &Answers,
        notes: &mut Vec<Note>,
    ) -> Result<Option<(Oid, u64)>, Trouble> {
        let (git, repo, code) = (self.ports.git, &present.facts.repository, present.code);
        let discards = answers.on_diverged == Some(OnDiverged::Discard);
        let from = match present.relation {
            _ if !is_on(present.facts, code) && answers.switch_branch == Some(false) => None,
            Some(Relation::Diverged { .. } | Relation::Unrelated) if !discards => None,
            Some(Relation::Ahead(_)) if !discards => branch.cloned(),
            _ => Some(code.commit.clone()),
        };
        let remote = remote_of(present.facts, code);
        let tip = remote.map(|remote| git.remote_branch(repo, remote, &code.branch)).transpose()?;
        let (Some(from), Some(tip)) = (from, tip.flatten()) else { return Ok(None) };
        match git.relation(repo, &from, &tip)? {
            Relation::Behind(count) => Ok(Some((tip, count))),
            Relation::Same | Relation::Ahead(_) => Ok(None),
            Relation::Diverged { .. } | Relation::Unrelated => {
                notes.push(not_pulled(&code.branch));
                Ok(None)
            }
        }
    }

    /// The commit that the session's branch is at here.
    pub(super) fn tip_of(
        &self,
        facts: &Facts,
        code: &Code,
        answers: &Answers,
    ) -> Result<Option<Oid>, Trouble> {
        if is_on(facts, code) {
            return Ok(facts.commit.clone());
        }
        let branch = match self.ports.git.branch(&facts.repository, &code.branch) {
            // It need not be made.
            Err(GitError::NoPlace { .. }) if answers.switch_branch == Some(false) => None,
            branch => branch?,
        };
        match branch {
            Some(Branch { elsewhere: Some(place), .. }) if answers.switch_branch != Some(false) => {
                Err(held(&code.branch, &place).into())
            }
            other => Ok(other.map(|branch| branch.tip)),
        }
    }

    /// Files that are not put aside with the rest: git would overwrite ignored ones without a word,
    /// and stop at those that a save keeps back.
    fn refuse_overwriting(&self, facts: &Facts, commit: &Oid) -> Result<(), Trouble> {
        let in_the_way = self.ports.git.in_the_way(&facts.repository, commit)?;
        let ours: Vec<_> = in_the_way
            .into_iter()
            .filter(|path| !facts.changes.iter().any(|change| change.path == *path))
            .collect();
        if ours.is_empty() {
            return Ok(());
        }
        Err(Refusal::new(
            "convosync::resume::in-the-way",
            format!(
                "the session's commit has other contents for files that are not tracked here:\n{}",
                listed(&ours)
            ),
        )
        .help("move them away, then resume again; nothing was changed")
        .into())
    }

    pub(super) fn apply_code(
        &self,
        ready: &Ready,
        plan: &CodePlan,
        aside: &AsideNames,
    ) -> Result<Done, Trouble> {
        let repo = &ready.facts.repository;
        let previous = ready.facts.head.branch().map(str::to_owned);
        let mut parked: Vec<Note> = Vec::new();
        if let (Some(branch), Some(commit)) = (&plan.branch, &plan.commit) {
            for step in &plan.steps {
                match self.code_step(ready, step, branch, commit, aside) {
                    Ok(note) => parked.extend(note),
                    Err(trouble) => return Err(trouble.after(parked)),
                }
            }
        }
        let facts = match plan.steps.is_empty() {
            true => ready.facts.clone(),
            false => self.facts(&repo.root)?,
        };
        let branch = facts.head.branch().map(str::to_owned);
        let pulled = match plan.steps.last() {
            Some(CodeStep::Pull(_, count)) => *count,
            _ => 0,
        };
        let mut notes = left_alone(ready, plan, &facts);
        notes.extend(not_whole(plan, &facts));
        let laid = plan.steps.iter().find_map(CodeStep::restored).or(plan.there.as_ref());
        let (back, kept): (Vec<_>, Vec<_>) =
            plan.work.iter().partition(|work| Some(&work.commit) == laid);
        for (number, work) in (1..).zip(&kept) {
            match self.keep_work(repo, &format!("{}-work{number}", aside.changes()), work) {
                Ok(note) => notes.push(note),
                Err(trouble) => return Err(trouble.after(parked)),
            }
        }
        let in_step = plan.commit.is_none()
            || (plan.commit == facts.commit && branch == plan.branch && kept.is_empty());
        let ahead = !in_step && pulled == 0 && kept.is_empty() && self.is_ahead(plan, &facts)?;
        notes.extend(merged(plan, branch.as_deref()));
        Ok(Done {
            ahead,
            uncommitted: back.iter().map(|work| work.changes).sum(),
            switched: previous != branch,
            previous_branch: previous,
            branch,
            commit: facts.commit.as_ref().map(ToString::to_string),
            subject: facts.subject.clone(),
            fetched: plan.fetched,
            pulled,
            in_step,
            parked,
            notes,
        })
    }

    /// Whether what is here goes on from the session's commit, on its branch.
    fn is_ahead(&self, plan: &CodePlan, facts: &Facts) -> Result<bool, Trouble> {
        let on_it = facts.head.branch() == plan.branch.as_deref();
        let (Some(here), Some(saved)) = (&facts.commit, &plan.commit) else { return Ok(false) };
        if !on_it || !self.ports.git.has_commit(&facts.repository, saved)? {
            return Ok(false);
        }
        let relation = self.ports.git.relation(&facts.repository, here, saved)?;
        Ok(matches!(relation, Relation::Ahead(_)))
    }

    fn code_step(
        &self,
        ready: &Ready,
        step: &CodeStep,
        branch: &str,
        commit: &Oid,
        aside: &AsideNames,
    ) -> Result<Option<Note>, Trouble> {
        let (git, repo) = (self.ports.git, &ready.facts.repository);
        match step {
            CodeStep::Park => {
                self.step("Putting your changes aside")?;
                let (id, message) = (aside.changes(), aside.stash());
                Ok(git.park(repo, &id, &message, &self.excludes())?.map(|parked| Note {
                    code: "convosync::resume::parked".to_owned(),
                    text: format!(
                        "your uncommitted changes are in `git stash` ({})",
                        parked.commit.short()
                    ),
                    help: Some(parked.restore),
                }))
            }
            CodeStep::Commit => {
                let message =
                    format!("Work before resuming {} [ConvoSync]", ready.open.card.session);
                let made = git.commit_all(repo, &message, &self.excludes())?;
                Ok(made.made.then(|| Note {
                    code: "convosync::resume::committed".to_owned(),
                    text: format!("your changes were committed ({})", made.commit.short()),
                    help: Some(format!("git show {}", made.commit.short())),
                }))
            }
            CodeStep::KeepHead(oid) => {
                let reference = git.keep(repo, &aside.head(), oid)?;
                Ok(Some(kept(oid, &reference, "the commit that HEAD was at", "is")))
            }
            CodeStep::Switch => {
                self.step(&format!("Switching to branch {branch}"))?;
                git.switch(repo, branch, commit)?;
                Ok(None)
            }
            CodeStep::FastForward => {
                git.fast_forward(repo, commit)?;
                Ok(None)
            }
            CodeStep::Replace => {
                let Some(Branch { tip, .. }) = git.branch(repo, branch)? else { return Ok(None) };
                let reference = git.keep(repo, &aside.branch(), &tip)?;
                git.reset(repo, commit)?;
                Ok(Some(kept(&tip, &reference, "your own commits", "are")))
            }
            CodeStep::Merge => {
                git.merge(repo, commit)?;
                Ok(None)
            }
            CodeStep::Pull(tip, _) => {
                git.fast_forward(repo, tip)?;
                Ok(None)
            }
            CodeStep::Lift(work) => {
                self.step("Putting your changes aside")?;
                let kept = git.lift_work(repo, &self.excludes(), work, &aside.changes())?;
                Ok(kept.map(|reference| lifted(work, &reference)))
            }
            CodeStep::Restore(work) => {
                self.step("Bringing back uncommitted changes")?;
                let left = git.restore_work(repo, &self.excludes(), work)?;
                Ok(submodules_left(&left))
            }
        }
    }
}

/// What was merged without conflicts.
fn merged(plan: &CodePlan, branch: Option<&str>) -> Option<Note> {
    let commit = plan.commit.as_ref().filter(|_| plan.steps.contains(&CodeStep::Merge))?;
    Some(Note {
        code: "convosync::resume::code-merged".to_owned(),
        text: format!("merged {} into {}", commit.short(), branch.unwrap_or("HEAD")),
        help: None,
    })
}

fn kept(oid: &Oid, reference: &str, what: &str, are: &str) -> Note {
    Note {
        code: "convosync::resume::kept".to_owned(),
        text: format!("{what} ({}) {are} kept under {reference}", oid.short()),
        help: Some(format!("git switch -c kept-{} {reference}", oid.short())),
    }
}

pub(super) fn is_on(facts: &Facts, code: &Code) -> bool {
    facts.head.branch() == Some(code.branch.as_str())
}

fn held(branch: &str, place: &Path) -> Refusal {
    let place = place.display();
    Refusal::new(
        "convosync::resume::branch-elsewhere",
        format!("{branch} is checked out in another work tree: {place}"),
    )
    .help("resume there, or use `--stay-on-branch`; if it is gone: `git worktree prune`")
}

fn not_pulled(branch: &str) -> Note {
    Note {
        code: "convosync::resume::not-pulled".to_owned(),
        text: format!(
            "{branch} has gone another way on the remote, so it stays where the session has it"
        ),
        help: Some(format!("git pull, or `git merge` the remote's {}", word(branch))),
    }
}

fn not_fetched() -> Note {
    Note {
        code: "convosync::resume::not-fetched".to_owned(),
        text: "the session's commit is not here yet; whether your branch has moved on too is only known once it is".to_owned(),
        help: None,
    }
}

/// Changes that a resume did not have to touch are still there: that is worth a word.
fn left_alone(ready: &Ready, plan: &CodePlan, facts: &Facts) -> Vec<Note> {
    let manifest = &ready.open.manifest;
    let known = !plan.steps.is_empty() || plan.there.is_some();
    if known || facts.changes.is_empty() || manifest.wanted_code().is_none() {
        return Vec::new();
    }
    vec![Note {
        code: "convosync::resume::dirty".to_owned(),
        text: format!("left as it was here: {}", uncommitted(facts.changes.len() as u64)),
        help: None,
    }]
}

/// What git checked out without its contents: submodules stay where they were, and big files are
/// pointers where git LFS is not set up.
fn not_whole(plan: &CodePlan, facts: &Facts) -> Vec<Note> {
    if plan.steps.is_empty() {
        return Vec::new();
    }
    let apart = facts.changes.iter().filter(|change| change.submodule);
    let apart: Vec<_> = apart.map(|change| change.path.clone()).collect();
    let submodules = (!apart.is_empty()).then(|| Note {
        code: "convosync::resume::submodules".to_owned(),
        text: format!("these submodules are not at the session's commits:\n{}", listed(&apart)),
        help: Some("git submodule update --init\n# before the next save, which would save them as they are".to_owned()),
    });
    let lfs = facts.lacks_lfs.then(|| Note {
        code: "convosync::git::lfs-missing".to_owned(),
        text: "git LFS is not installed here: files that belong to it are pointers".to_owned(),
        help: Some("install git-lfs, then `git lfs install` and `git lfs pull`".to_owned()),
    });
    submodules.into_iter().chain(lfs).collect()
}

/// What was begun and not ended is the user's to end; a merge that waits for its conflicts to be
/// resolved names them.
pub(super) fn refuse_unfinished(facts: &Facts) -> Result<(), Refusal> {
    let conflicted = conflicted(facts);
    let help = match (facts.operation, &conflicted) {
        (None, None) => return Ok(()),
        (Some(Operation::Merge), Some(_)) => {
            "resolve conflicts first, then resume: `git add` the files, `git merge --continue`, and the same command again; `git merge --abort` takes the merge back"
        }
        (Some(operation), _) => return Err(in_progress(operation)),
        (None, Some(_)) => "resolve conflicts first, then resume",
    };
    let files = conflicted.unwrap_or_default();
    let text = format!("cannot resume session due to conflicts in:\n{files}");
    Err(Refusal::new("convosync::resume::conflicts", text).help(help))
}
