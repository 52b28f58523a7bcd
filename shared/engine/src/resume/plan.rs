//! Deciding a resume: what has to be done, and what the user has to say first. Pure.

use convosync_core::{Card, Code, Oid};
use convosync_wire::{
    Answers, Choice, Decision, OnConflict, OnDirty, OnDiverged, OnLive, OnMissing, Question,
};

use crate::ports::{Change, ChangeKind, Facts, HeadState, Live, Relation};
use crate::trouble::{Refusal, Trouble};
use crate::word::word;

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
            None => Err(missing(code).into()),
        };
    }
    let here = match &facts.head {
        HeadState::Branch(name) | HeadState::Unborn(name) => Some(name.as_str()),
        HeadState::Detached => None,
    };
    let on_branch = here == Some(code.branch.as_str());
    if !on_branch {
        match answers.switch_branch {
            Some(true) => {}
            Some(false) => return Ok(Vec::new()),
            None => return Err(other_branch(facts, code).into()),
        }
    }
    let moves = branch_steps(present, on_branch, answers)?;
    let switches = !on_branch;
    if moves.is_empty() && !switches {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    if !facts.changes.is_empty() {
        steps.push(aside(facts, card, answers)?);
    }
    if let (HeadState::Detached, Some(commit)) = (&facts.head, &facts.commit) {
        steps.push(CodeStep::KeepHead(commit.clone()));
    }
    if switches {
        steps.push(CodeStep::Switch);
    }
    steps.extend(moves);
    Ok(steps)
}

/// What becomes of the uncommitted changes.
fn aside(facts: &Facts, card: &Card, answers: &Answers) -> Result<CodeStep, Trouble> {
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
        None => Err(dirty(facts, card).into()),
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
            None => Err(diverged(present, relation).into()),
        },
        Relation::Diverged { .. } | Relation::Unrelated => match answers.on_diverged {
            Some(OnDiverged::Merge) if mergeable(present, relation) => Ok(vec![CodeStep::Merge]),
            Some(OnDiverged::Merge) => Err(conflicts(&present.conflicts).into()),
            Some(OnDiverged::Discard) => Ok(vec![CodeStep::Replace]),
            Some(OnDiverged::Cancel) => Err(Trouble::Cancelled),
            None => Err(diverged(present, relation).into()),
        },
    }
}

/// Takes the recommended answer to a question, to plan on. False: there is none but to cancel.
pub(super) fn assume(answers: &mut Answers, decision: &Decision) -> bool {
    let Some(choice) = decision.choices.iter().find(|choice| choice.recommended) else {
        return false;
    };
    match (decision.question, choice.value.as_str()) {
        (Question::Dirty, "stash") => answers.on_dirty = Some(OnDirty::Stash),
        (Question::Branch, "switch") => answers.switch_branch = Some(true),
        (Question::Diverged, "merge") => answers.on_diverged = Some(OnDiverged::Merge),
        (Question::Live, "code-only") => answers.on_live = Some(OnLive::CodeOnly),
        (Question::Conflict, "use-remote") => answers.on_conflict = Some(OnConflict::UseRemote),
        _ => return false,
    }
    true
}

fn mergeable(present: &Present<'_>, relation: Relation) -> bool {
    relation != Relation::Unrelated && present.conflicts.is_empty()
}

fn dirty(facts: &Facts, card: &Card) -> Decision {
    let mut details = vec!["You have uncommitted changes in:".to_owned()];
    details.extend(listed(&facts.changes));
    details.push(String::new());
    details.push(format!("The session is on {}.", card.branch.as_deref().unwrap_or("no branch")));
    let stash = choice(
        "stash",
        "--on-dirty stash",
        "Stash & Continue",
        "puts them aside in `git stash`, then resumes",
        true,
    );
    let commit = choice(
        "commit",
        "--on-dirty commit",
        "Commit & Continue",
        "commits them on the present branch, then resumes",
        false,
    );
    // Git stashes onto a commit and commits onto a branch.
    let can_stash = facts.commit.is_some();
    let can_commit = facts.head != HeadState::Detached;
    let mut choices = Vec::new();
    choices.extend(can_stash.then_some(stash));
    choices.extend(can_commit.then_some(commit));
    choices.push(cancel("--on-dirty cancel", !can_stash));
    Decision {
        question: Question::Dirty,
        title: "Uncommitted Changes Detected".to_owned(),
        details,
        choices,
    }
}

/// At most ten, then how many more.
fn listed(changes: &[Change]) -> Vec<String> {
    let mut lines: Vec<_> = changes
        .iter()
        .take(10)
        .map(|change| format!("  • {} ({})", change.path, kind(change.kind)))
        .collect();
    if changes.len() > 10 {
        lines.push(format!("  … and {} more", changes.len() - 10));
    }
    lines
}

fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Modified => "modified",
        ChangeKind::New => "new file",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::Conflicted => "in conflict",
    }
}

fn other_branch(facts: &Facts, code: &Code) -> Decision {
    let here = match &facts.head {
        HeadState::Branch(name) | HeadState::Unborn(name) => name.clone(),
        HeadState::Detached => {
            let at = facts.commit.as_ref().map_or("no commit", |commit| commit.short());
            format!("no branch (detached at {at})")
        }
    };
    Decision {
        question: Question::Branch,
        title: "Branch Mismatch".to_owned(),
        details: vec![format!("Session is on: {}", code.branch), format!("You're on:     {here}")],
        choices: vec![
            choice(
                "switch",
                "--switch-branch",
                &format!("Switch to {}", code.branch),
                "checks out the branch that the session was saved on",
                true,
            ),
            choice(
                "stay",
                "--stay-on-branch",
                &format!("Continue on {here}"),
                "risky: the code stays as it is, the conversation may speak of other code",
                false,
            ),
            choice("cancel", "", "Cancel", "changes nothing", false),
        ],
    }
}

fn diverged(present: &Present<'_>, relation: Relation) -> Decision {
    let (ours, theirs) = match relation {
        Relation::Ahead(ours) => (Some(ours), Some(0)),
        Relation::Diverged { ours, theirs } => (Some(ours), Some(theirs)),
        _ => (None, None),
    };
    let count = |n: Option<u64>| n.map_or_else(|| "no common commit".to_owned(), commits);
    let mut details = vec![
        format!("Your branch {} and the session have diverged.", present.code.branch),
        String::new(),
        format!("Local:   {}", count(ours)),
        format!("Session: {}", count(theirs)),
    ];
    let mut choices = Vec::new();
    if mergeable(present, relation) {
        let (label, help) = match relation {
            Relation::Ahead(_) => ("Keep mine", "the branch has the session's commit already"),
            _ => ("Pull & Merge", "merges the session's commit into your branch"),
        };
        choices.push(choice("merge", "--on-diverged merge", label, help, true));
    } else {
        if !present.conflicts.is_empty() {
            details.push(String::new());
            details.push("A merge would conflict in:".to_owned());
        }
        details.extend(present.conflicts.iter().map(|path| format!("  • {path}")));
    }
    let merge = choices.is_empty();
    choices.push(choice(
        "discard",
        "--on-diverged discard",
        "Force Pull",
        "keeps your commits under refs/convosync/park and takes the session's",
        false,
    ));
    choices.push(cancel("--on-diverged cancel", merge));
    Decision {
        question: Question::Diverged,
        title: "Branch Divergence Detected".to_owned(),
        details,
        choices,
    }
}

fn commits(n: u64) -> String {
    match n {
        1 => "1 commit ahead".to_owned(),
        n => format!("{n} commits ahead"),
    }
}

fn conflicts(paths: &[String]) -> Refusal {
    let files: Vec<_> = paths.iter().map(|path| format!("  • {path}")).collect();
    Refusal::new(
        "convosync::resume::conflicts",
        format!("cannot resume session due to conflicts in:\n{}", files.join("\n")),
    )
    .help("merge by hand and resolve them first, then resume; nothing was changed")
}

fn missing(code: &Code) -> Decision {
    Decision {
        question: Question::CommitMissing,
        title: format!("Commit {} not found in local repository", code.commit.short()),
        details: vec![
            "This could mean:".to_owned(),
            "  1. Session is from a different repository".to_owned(),
            "  2. Commit hasn't been pushed yet, or was rewritten".to_owned(),
            String::new(),
            "Try:".to_owned(),
            "  git fetch origin".to_owned(),
            format!("  git pull origin {}", word(&code.branch)),
        ],
        choices: vec![
            cancel("--on-missing cancel", true),
            choice(
                "conversation-only",
                "--on-missing conversation-only",
                "Conversation only",
                "brings the conversation back; the code stays as it is and is out of step",
                false,
            ),
        ],
    }
}

/// What to do about a conversation that a running assistant holds.
pub(super) fn live(holder: &Live, answers: &Answers) -> Result<OnLive, Trouble> {
    match answers.on_live {
        Some(OnLive::Cancel) => Err(Trouble::Cancelled),
        Some(answer) => Ok(answer),
        None => Err(Decision {
            question: Question::Live,
            title: "Conversation Is Open".to_owned(),
            details: vec![
                format!("Process {} has this conversation open.", holder.pid),
                match &holder.pane {
                    Some(pane) => format!("It runs in pane {pane}."),
                    None => "Close it to let the conversation be replaced.".to_owned(),
                },
            ],
            choices: vec![
                choice(
                    "code-only",
                    "--on-live code-only",
                    "Code only",
                    "brings back the code and leaves the conversation alone",
                    true,
                ),
                choice(
                    "fork",
                    "--on-live fork",
                    "Fork",
                    "brings the conversation back under a new id beside it",
                    false,
                ),
                cancel("--on-live cancel", false),
            ],
        }
        .into()),
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
        Some(OnConflict::Merge) => {
            return Err(Refusal::new(
                "convosync::resume::merge-unsupported",
                "two heads can't be merged yet",
            )
            .help("choose `--on-conflict keep-local` or `--on-conflict use-remote`; the other one stays in `convosync log`")
            .argument("--on-conflict")
            .into());
        }
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
    let mut details = vec!["Two devices went on from the same save:".to_owned()];
    details.extend(heads.iter().map(|card| {
        format!(
            "  • {} - {}: \"{}\" ({} messages)",
            card.device_name,
            age(card),
            card.message,
            card.message_count
        )
    }));
    details.push(String::new());
    details.push("Nothing is dropped: the other one stays in `convosync log`.".to_owned());
    let mut choices = vec![choice(
        "use-remote",
        "--on-conflict use-remote",
        "Use remote",
        "goes on with the newest save of the other device",
        true,
    )];
    if mine.is_some() {
        choices.push(choice(
            "keep-local",
            "--on-conflict keep-local",
            "Keep local",
            "goes on with what this device saved",
            false,
        ));
    }
    choices.push(cancel("--on-conflict cancel", false));
    Err(Decision {
        question: Question::Conflict,
        title: "Session Has Two Heads".to_owned(),
        details,
        choices,
    }
    .into())
}

fn choice(value: &str, flag: &str, label: &str, help: &str, recommended: bool) -> Choice {
    Choice {
        value: value.to_owned(),
        flag: flag.to_owned(),
        label: label.to_owned(),
        help: help.to_owned(),
        recommended,
    }
}

fn cancel(flag: &str, recommended: bool) -> Choice {
    choice("cancel", flag, "Cancel", "changes nothing", recommended)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use convosync_core::{CodeState, DeviceKind, SaveId, Vector};

    use super::*;
    use crate::ports::Repository;

    const COMMIT: &str = "1111111111111111111111111111111111111111";

    fn facts(head: HeadState, dirty: bool) -> Facts {
        let path = PathBuf::from("/w");
        let change = Change { path: "auth.js".to_owned(), kind: ChangeKind::Modified };
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
            operation: None,
            remotes: Vec::new(),
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
            conversation: None,
            message_count: 0,
            size: 0,
            content: [0; 16],
            quiet: false,
            parked: false,
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
    fn a_merge_that_would_conflict_is_not_offered_and_not_done() {
        let diverged = Relation::Diverged { ours: 1, theirs: 2 };
        let conflicting =
            || Case { conflicts: vec!["auth.js".to_owned()], ..on_branch(false, diverged) };
        let decision = asked(conflicting(), &Answers::default(), Question::Diverged);
        assert!(decision.choices.iter().all(|choice| choice.value != "merge"), "{decision:?}");
        assert!(decision.details.iter().any(|line| line.contains("auth.js")), "{decision:?}");
        let merge = Answers { on_diverged: Some(OnDiverged::Merge), ..Answers::default() };
        let refused = steps(conflicting(), &merge).unwrap_err();
        assert_eq!(refused.code(), "convosync::resume::conflicts");
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
    fn a_detached_head_is_kept() {
        let case = Case { head: HeadState::Detached, ..elsewhere(false) };
        let switch = Answers { switch_branch: Some(true), ..Answers::default() };
        let done = steps(case, &switch).unwrap();
        assert!(matches!(done.as_slice(), [CodeStep::KeepHead(_), CodeStep::Switch]), "{done:?}");
    }
}
