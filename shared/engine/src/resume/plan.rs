//! Deciding a resume: what has to be done, and what the user has to say first. Pure.

use convosync_core::{Card, Code, Oid};
use convosync_wire::{
    Answers, Choice, Decision, OnConflict, OnDirty, OnDiverged, OnLive, OnMissing, Question,
    ResumeArgs,
};

use super::dialog;
use super::work::Changes;
use crate::ports::{Facts, HeadState, Live, Relation};
use crate::save::listed;
use crate::trouble::{Refusal, Trouble};

/// What is true of the target before anything is touched.
#[derive(Debug)]
pub(super) struct Present<'a> {
    pub(super) facts: &'a Facts,
    pub(super) code: &'a Code,
    /// Whether the session's commit is here, or is in the save.
    pub(super) commit_at_hand: bool,
    /// How the session's branch here, if there is one, stands to the session's commit; the
    /// changes here count as committed if the user wants that.
    pub(super) relation: Option<Relation>,
    /// Paths that a merge would leave in conflict.
    pub(super) conflicts: Vec<String>,
    /// Whether a merge is begun on top, which takes a clean work tree.
    pub(super) begins: bool,
    /// The tip of the remote's branch and how many commits it is ahead of where the branch here
    /// will be, if the user wants them and they only add.
    pub(super) pull: Option<(Oid, u64)>,
    /// Whether that is the merge of the session's commit into the branch here.
    pub(super) merges_by_hand: bool,
    /// What the uncommitted changes here are.
    pub(super) changes: Changes,
}

impl Present<'_> {
    /// The session's work, if it is here already.
    pub(super) fn there(&self) -> Option<Oid> {
        let work = self.code.work_here().filter(|_| self.changes == Changes::Back);
        work.map(|work| work.commit.clone())
    }
}

/// What is done to the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CodeStep {
    /// Put the uncommitted changes aside.
    Park,
    /// Commit the uncommitted changes on the present branch.
    Commit,
    /// Keep the commit of a detached HEAD under a ref.
    KeepHead(Oid),
    /// Switch to the session's branch, making it at the commit if it is not here.
    Switch,
    /// Move the branch forward to the commit.
    FastForward,
    /// Keep the branch's own commits under a ref and set it to the commit.
    Replace,
    /// Merge the commit into the branch.
    Merge,
    /// Go on to the tip of the remote's branch, so many commits further.
    Pull(Oid, u64),
    /// Take the uncommitted changes off the work tree: a save holds them, as this commit.
    Lift(Oid),
    /// Bring the session's uncommitted work back, which is this commit.
    Restore(Oid),
}

impl CodeStep {
    /// The work that it brings back.
    pub(super) fn restored(&self) -> Option<&Oid> {
        match self {
            Self::Restore(work) => Some(work),
            _ => None,
        }
    }
}

/// Plans the code half of a resume.
///
/// # Errors
///
/// [`Trouble::Decide`] with the first question that is open, or a refusal after a `cancel`.
pub(super) fn code_steps(
    present: &Present<'_>,
    card: &Card,
    answers: &Answers,
) -> Result<Vec<CodeStep>, Trouble> {
    let (facts, code) = (present.facts, present.code);
    if !present.commit_at_hand {
        return match answers.on_missing {
            Some(OnMissing::ConversationOnly) => Ok(Vec::new()),
            Some(OnMissing::Cancel) => Err(Trouble::Cancelled),
            None => Err(dialog::missing(code).into()),
        };
    }
    let here = facts.head.branch();
    let on_branch = here == Some(code.branch.as_str());
    if !on_branch {
        match answers.switch_branch {
            Some(true) => {}
            Some(false) => return Ok(Vec::new()),
            None => return Err(dialog::other_branch(facts, code).into()),
        }
    }
    let mut moves = branch_steps(present, on_branch, answers)?;
    moves.extend(present.pull.clone().map(|(tip, count)| CodeStep::Pull(tip, count)));
    let switches = !on_branch;
    let stands = moves.is_empty() && !switches && !present.begins;
    let back = work_back(present, &moves);
    let mut steps = Vec::new();
    match (&present.changes, &back) {
        (Changes::None, _) => {}
        // Nothing has to move, and what is there is no other work.
        (_, None) | (Changes::Back, _) if stands => return Ok(Vec::new()),
        (Changes::Begun, Some(_)) if stands => {}
        _ => steps.push(aside(present, card, answers)?),
    }
    if stands {
        steps.extend(back);
        return Ok(steps);
    }
    if let (HeadState::Detached, Some(commit)) = (&facts.head, &facts.commit) {
        steps.push(CodeStep::KeepHead(commit.clone()));
    }
    if switches {
        steps.push(CodeStep::Switch);
    }
    steps.extend(moves);
    steps.extend(back);
    Ok(steps)
}

/// Brings the session's work back, if what it is on top of is checked out in the end.
fn work_back(present: &Present<'_>, moves: &[CodeStep]) -> Option<CodeStep> {
    let comes_to_it = match moves {
        [] => matches!(present.relation, Some(Relation::Same) | None),
        // What is merged or goes further is another commit.
        moves => !moves.iter().any(|step| matches!(step, CodeStep::Merge | CodeStep::Pull(..))),
    };
    let work = present.code.work_here().filter(|_| comes_to_it && !present.begins)?;
    Some(CodeStep::Restore(work.commit.clone()))
}

/// What becomes of the uncommitted changes. Those that a save holds are put aside unasked.
fn aside(present: &Present<'_>, card: &Card, answers: &Answers) -> Result<CodeStep, Trouble> {
    let facts = present.facts;
    let held = match &present.changes {
        Changes::Saved(work) => Some(work),
        Changes::Back | Changes::Begun => present.code.work_here().map(|work| &work.commit),
        Changes::None | Changes::Own => None,
    };
    if let (Some(work), None | Some(OnDirty::Stash)) = (held, answers.on_dirty) {
        return Ok(CodeStep::Lift(work.clone()));
    }
    let refused = |code, message, help: &str| Refusal::new(code, message).help(help);
    match answers.on_dirty {
        Some(OnDirty::Stash) if facts.commit.is_none() => Err(refused(
            "convosync::resume::dirty-unborn",
            "the changes can't be put aside: the branch has no commit yet",
            "use `--on-dirty commit`, or move the files away",
        )
        .into()),
        Some(OnDirty::Stash) => Ok(CodeStep::Park),
        Some(OnDirty::Commit) if facts.head == HeadState::Detached => Err(refused(
            "convosync::resume::dirty-detached",
            "the changes can't be committed: HEAD is on no branch",
            "use `--on-dirty stash`",
        )
        .into()),
        Some(OnDirty::Commit) => Ok(CodeStep::Commit),
        Some(OnDirty::Cancel) => Err(Trouble::Cancelled),
        None => Err(dialog::dirty(facts, card).into()),
    }
}

/// What brings the session's branch to its commit.
fn branch_steps(
    present: &Present<'_>,
    on_branch: bool,
    answers: &Answers,
) -> Result<Vec<CodeStep>, Trouble> {
    let relation = match present.relation {
        Some(relation) => relation,
        // A branch without a commit takes any.
        None if on_branch => return Ok(vec![CodeStep::FastForward]),
        None => return Ok(Vec::new()),
    };
    match relation {
        Relation::Same => Ok(Vec::new()),
        Relation::Behind(_) => Ok(vec![CodeStep::FastForward]),
        Relation::Ahead(_) => match answers.on_diverged {
            // The branch has the session's commit already: to merge it changes nothing.
            Some(OnDiverged::Merge) => Ok(Vec::new()),
            Some(OnDiverged::Discard) => Ok(vec![CodeStep::Replace]),
            Some(OnDiverged::Cancel) => Err(Trouble::Cancelled),
            None => Err(dialog::diverged(present, relation).into()),
        },
        Relation::Diverged { .. } | Relation::Unrelated => match answers.on_diverged {
            Some(OnDiverged::Merge) if mergeable(present, relation) => Ok(vec![CodeStep::Merge]),
            Some(OnDiverged::Merge) if relation == Relation::Unrelated => Err(unrelated().into()),
            // It is begun on top, and the user ends it.
            Some(OnDiverged::Merge) if present.merges_by_hand => Ok(Vec::new()),
            Some(OnDiverged::Merge) => Err(conflicts(&present.conflicts).into()),
            Some(OnDiverged::Discard) => Ok(vec![CodeStep::Replace]),
            Some(OnDiverged::Cancel) => Err(Trouble::Cancelled),
            None => Err(dialog::diverged(present, relation).into()),
        },
    }
}

/// Takes the recommended answer to a question, to plan on. False: there is none but to cancel.
pub(super) fn assume(args: &mut ResumeArgs, decision: &Decision) -> bool {
    let recommended = decision.choices.iter().find(|choice| choice.recommended);
    let taken = recommended.filter(|choice| choice.value != Choice::CANCEL);
    taken.is_some_and(|choice| args.record(decision.question, choice).is_ok())
}

/// What `--force` answers, the first that is offered. It loses nothing: changes go into a stash,
/// commits under a ref. Which of two heads to go on with, and how to merge what conflicts, is not
/// for it to say.
const FORCED: &[(Question, &str)] = &[
    (Question::Dirty, "stash"),
    (Question::Dirty, "commit"),
    (Question::Branch, "switch"),
    (Question::Diverged, "merge"),
    (Question::Diverged, "discard"),
    (Question::Live, "code-only"),
    (Question::CommitMissing, "conversation-only"),
];

/// Takes the answer of `--force`. False: it has none to this question.
pub(super) fn force(args: &mut ResumeArgs, decision: &Decision) -> bool {
    // A merge that is not recommended is one that the user would have to end.
    let fits = |choice: &Choice| choice.value != "merge" || choice.recommended;
    let offered =
        |value: &str| decision.choices.iter().find(|choice| choice.value == value && fits(choice));
    let mut answers = FORCED.iter().filter(|(question, _)| *question == decision.question);
    let choice = answers.find_map(|(_, value)| offered(value));
    choice.is_some_and(|choice| args.record(decision.question, choice).is_ok())
}

/// Whether git can merge without the user.
pub(super) fn mergeable(present: &Present<'_>, relation: Relation) -> bool {
    relation != Relation::Unrelated && present.conflicts.is_empty()
}

fn unrelated() -> Refusal {
    Refusal::new(
        "convosync::resume::unrelated",
        "your branch and the session have no commit in common, so they can't be merged",
    )
    .help("use `--on-diverged discard`, which keeps your commits aside; nothing was changed")
}

fn conflicts(paths: &[String]) -> Refusal {
    Refusal::new(
        "convosync::resume::conflicts",
        format!("cannot resume session due to conflicts in:\n{}", listed(paths)),
    )
    .help("merge by hand and resolve them first, then resume; nothing was changed")
}

/// What to do about a conversation that a running assistant holds.
pub(super) fn live(holder: &Live, answers: &Answers) -> Result<OnLive, Trouble> {
    match answers.on_live {
        Some(OnLive::Cancel) => Err(Trouble::Cancelled),
        Some(answer) => Ok(answer),
        None => Err(dialog::open_elsewhere(holder).into()),
    }
}

/// Two devices went on from the same save.
pub(super) fn conflict(
    heads: &[&Card],
    mine: Option<&Card>,
    answers: &Answers,
    age: &dyn Fn(&Card) -> String,
) -> Result<OnConflict, Trouble> {
    match answers.on_conflict {
        Some(OnConflict::Cancel) => return Err(Trouble::Cancelled),
        Some(OnConflict::KeepLocal) if mine.is_none() => {
            return Err(Refusal::new(
                "convosync::resume::no-local-head",
                "none of the heads was saved on this device",
            )
            .help("use `--on-conflict use-remote` for the newest, or `--at SAVE` for a certain one")
            .argument("--on-conflict")
            .into());
        }
        Some(answer) => return Ok(answer),
        None => {}
    }
    Err(dialog::two_heads(heads, mine.is_some(), age).into())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use convosync_core::{CodeState, DeviceKind, SaveId, Vector};

    use super::*;
    use crate::ports::{Change, ChangeKind, Repository};

    const COMMIT: &str = "1111111111111111111111111111111111111111";

    fn facts(head: HeadState, dirty: bool) -> Facts {
        let path = PathBuf::from("/w");
        let change =
            Change { submodule: false, path: "auth.js".to_owned(), kind: ChangeKind::Modified };
        Facts {
            repository: Repository { root: path.clone(), git_dir: path.clone(), common_dir: path },
            head,
            commit: Some("2222222222222222222222222222222222222222".parse().unwrap()),
            subject: None,
            upstream: None,
            ahead: 0,
            behind: 0,
            changes: if dirty { vec![change] } else { Vec::new() },
            kept_back: Vec::new(),
            large: Vec::new(),
            operation: None,
            default_branch: None,
            remotes: Vec::new(),
            pushes_to: None,
            has_jj: false,
            lacks_lfs: false,
        }
    }

    fn code() -> Code {
        Code {
            remotes: Vec::new(),
            clone_url: None,
            root_commit: None,
            branch: "feature/oauth".to_owned(),
            commit: COMMIT.parse().unwrap(),
            subject: String::new(),
            bundle: None,
            bundle_needs: Vec::new(),
            excluded: Vec::new(),
            modified: Vec::new(),
            work: Vec::new(),
        }
    }

    fn card() -> Card {
        let save: SaveId = "00000001-aaaaaaaa-1-aaaaaaaa".parse().unwrap();
        Card {
            session: "session-aaaaaaaa".parse().unwrap(),
            parents: Vec::new(),
            vector: Vector::after([], &save),
            save,
            timestamp_ms: 0,
            device_name: "desktop".to_owned(),
            device_kind: DeviceKind::Desktop,
            message: "m".to_owned(),
            branch: Some("feature/oauth".to_owned()),
            commit: Some(COMMIT.parse().unwrap()),
            code: CodeState::Pushed,
            repository: "r".to_owned(),
            working_directory: "/w".to_owned(),
            folder: None,
            conversation: None,
            message_count: 0,
            size: 0,
            content: [0; 16],
            quiet: false,
            parked: false,
            note: false,
            title: None,
            terminal: true,
            uncommitted: 0,
        }
    }

    struct Case {
        head: HeadState,
        dirty: bool,
        relation: Option<Relation>,
        at_hand: bool,
        conflicts: Vec<String>,
    }

    fn on_branch(dirty: bool, relation: Relation) -> Case {
        let head = HeadState::Branch("feature/oauth".to_owned());
        Case { head, dirty, relation: Some(relation), at_hand: true, conflicts: Vec::new() }
    }

    fn elsewhere(dirty: bool) -> Case {
        let head = HeadState::Branch("main".to_owned());
        Case { head, dirty, relation: None, at_hand: true, conflicts: Vec::new() }
    }

    fn steps(case: Case, answers: &Answers) -> Result<Vec<CodeStep>, Trouble> {
        let (facts, code) = (facts(case.head, case.dirty), code());
        let present = Present {
            facts: &facts,
            code: &code,
            commit_at_hand: case.at_hand,
            relation: case.relation,
            conflicts: case.conflicts,
            begins: false,
            pull: None,
            merges_by_hand: false,
            changes: if case.dirty { Changes::Own } else { Changes::None },
        };
        code_steps(&present, &card(), answers)
    }

    #[track_caller]
    fn asked(case: Case, answers: &Answers, want: Question) -> Decision {
        match steps(case, answers) {
            Err(Trouble::Decide(decision)) if decision.question == want => *decision,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_branch_that_is_behind_moves_forward_without_a_question() {
        let none = Answers::default();
        let case = on_branch(false, Relation::Behind(3));
        assert_eq!(steps(case, &none).unwrap(), [CodeStep::FastForward]);
        assert_eq!(steps(on_branch(true, Relation::Same), &none).unwrap(), []);
    }

    #[test]
    fn a_branch_without_a_commit_takes_the_sessions() {
        let head = HeadState::Unborn("feature/oauth".to_owned());
        let case = |dirty| Case { head: head.clone(), dirty, ..elsewhere(false) };
        assert_eq!(steps(case(false), &Answers::default()).unwrap(), [CodeStep::FastForward]);
        asked(case(true), &Answers::default(), Question::Dirty);
    }

    #[test]
    fn changes_are_only_asked_about_when_something_would_move() {
        let none = Answers::default();
        asked(on_branch(true, Relation::Behind(1)), &none, Question::Dirty);
        let stash = Answers { on_dirty: Some(OnDirty::Stash), ..Answers::default() };
        let done = steps(on_branch(true, Relation::Behind(1)), &stash).unwrap();
        assert_eq!(done, [CodeStep::Park, CodeStep::FastForward]);
    }

    #[test]
    fn to_stay_on_another_branch_touches_nothing() {
        asked(elsewhere(true), &Answers::default(), Question::Branch);
        let stay = Answers { switch_branch: Some(false), ..Answers::default() };
        assert_eq!(steps(elsewhere(true), &stay).unwrap(), []);
        let switch = Answers { switch_branch: Some(true), ..Answers::default() };
        assert_eq!(steps(elsewhere(false), &switch).unwrap(), [CodeStep::Switch]);
        asked(elsewhere(true), &switch, Question::Dirty);
    }

    #[test]
    fn a_commit_of_the_changes_makes_a_branch_that_is_behind_diverge() {
        let commit = Answers { on_dirty: Some(OnDirty::Commit), ..Answers::default() };
        // As it stands once the changes are committed.
        let diverged = || on_branch(true, Relation::Diverged { ours: 1, theirs: 1 });
        asked(diverged(), &commit, Question::Diverged);
        let both = Answers { on_diverged: Some(OnDiverged::Merge), ..commit };
        let done = steps(diverged(), &both).unwrap();
        assert_eq!(done, [CodeStep::Commit, CodeStep::Merge]);
    }

    #[test]
    fn a_merge_that_would_conflict_is_not_recommended_and_not_done_unasked() {
        let diverged = Relation::Diverged { ours: 1, theirs: 2 };
        let conflicting =
            || Case { conflicts: vec!["auth.js".to_owned()], ..on_branch(false, diverged) };
        let decision = asked(conflicting(), &Answers::default(), Question::Diverged);
        let recommended = decision.choices.iter().find(|choice| choice.recommended);
        assert_eq!(recommended.map(|choice| choice.value.as_str()), Some("cancel"));
        assert!(decision.details.iter().any(|line| line.contains("auth.js")), "{decision:?}");
        let merge = Answers { on_diverged: Some(OnDiverged::Merge), ..Answers::default() };
        let refused = steps(conflicting(), &merge).unwrap_err();
        assert_eq!(refused.code(), "convosync::resume::conflicts");
    }

    #[test]
    fn what_has_no_commit_in_common_is_not_merged() {
        let case = || on_branch(false, Relation::Unrelated);
        let decision = asked(case(), &Answers::default(), Question::Diverged);
        assert!(decision.choices.iter().all(|choice| choice.value != "merge"), "{decision:?}");
        let merge = Answers { on_diverged: Some(OnDiverged::Merge), ..Answers::default() };
        let refused = steps(case(), &merge).unwrap_err();
        assert_eq!(refused.code(), "convosync::resume::unrelated");
    }

    #[test]
    fn own_commits_are_replaced_only_when_asked() {
        let ahead = || on_branch(false, Relation::Ahead(2));
        asked(ahead(), &Answers::default(), Question::Diverged);
        let with = |answer| Answers { on_diverged: Some(answer), ..Answers::default() };
        assert_eq!(steps(ahead(), &with(OnDiverged::Merge)).unwrap(), []);
        assert_eq!(steps(ahead(), &with(OnDiverged::Discard)).unwrap(), [CodeStep::Replace]);
        let cancelled = steps(ahead(), &with(OnDiverged::Cancel)).unwrap_err();
        assert!(matches!(cancelled, Trouble::Cancelled), "{cancelled:?}");
    }

    #[test]
    fn a_commit_that_is_nowhere_is_asked_about_first() {
        let missing = || Case { at_hand: false, ..elsewhere(true) };
        asked(missing(), &Answers::default(), Question::CommitMissing);
        let alone = Answers { on_missing: Some(OnMissing::ConversationOnly), ..Answers::default() };
        assert_eq!(steps(missing(), &alone).unwrap(), []);
    }

    #[test]
    fn force_puts_aside_and_never_chooses_between_heads() {
        let mut args = ResumeArgs { force: true, ..ResumeArgs::default() };
        let forced = |args: &mut ResumeArgs, case: Case| {
            let decision = match steps(case, &args.answers) {
                Err(Trouble::Decide(decision)) => decision,
                other => panic!("{other:?}"),
            };
            assert!(force(args, &decision), "{decision:?}");
        };
        let diverged = Relation::Diverged { ours: 1, theirs: 2 };
        forced(&mut args, elsewhere(true));
        forced(&mut args, elsewhere(true));
        forced(&mut args, Case { conflicts: vec!["a".to_owned()], ..on_branch(false, diverged) });
        forced(&mut args, Case { at_hand: false, ..elsewhere(false) });
        let want = Answers {
            on_dirty: Some(OnDirty::Stash),
            switch_branch: Some(true),
            on_diverged: Some(OnDiverged::Discard),
            on_missing: Some(OnMissing::ConversationOnly),
            ..Answers::default()
        };
        assert_eq!(args.answers, want);
        let (one, other) = (card(), card());
        let age = |_: &Card| "now".to_owned();
        let heads = conflict(&[&one, &other], Some(&one), &Answers::default(), &age);
        let Err(Trouble::Decide(decision)) = heads else { panic!("{heads:?}") };
        assert!(!force(&mut args, &decision));
    }

    #[test]
    fn a_detached_head_is_kept() {
        let case = Case { head: HeadState::Detached, ..elsewhere(false) };
        let switch = Answers { switch_branch: Some(true), ..Answers::default() };
        let done = steps(case, &switch).unwrap();
        assert!(matches!(done.as_slice(), [CodeStep::KeepHead(_), CodeStep::Switch]), "{done:?}");
    }
}
