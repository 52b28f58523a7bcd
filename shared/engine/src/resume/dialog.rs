//! What the user is asked before a session comes back, with every choice and its flag. Pure.

use convosync_core::{Card, Code};
use convosync_wire::{Decision, Question};

use super::plan::{Present, mergeable};
use crate::choice::{cancel, choice};
use crate::count::{counted, uncommitted};
use crate::ports::{Change, ChangeKind, Facts, HeadState, Live, Relation};
use crate::word::word;

/// There are changes that no commit holds.
pub(super) fn dirty(facts: &Facts, card: &Card) -> Decision {
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

/// The session is on another branch.
pub(super) fn other_branch(facts: &Facts, code: &Code) -> Decision {
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
            cancel("", false),
        ],
    }
}

/// The branch here and the session have both moved on, or the branch alone has.
pub(super) fn diverged(present: &Present<'_>, relation: Relation) -> Decision {
    if let Relation::Ahead(ours) = relation {
        return ahead(&present.code.branch, ours);
    }
    let (ours, theirs) = match relation {
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
    if !present.conflicts.is_empty() {
        details.push(String::new());
        details.push("A merge would conflict in:".to_owned());
        details.extend(present.conflicts.iter().map(|path| format!("  • {path}")));
    }
    let mut choices = Vec::new();
    if relation != Relation::Unrelated {
        let (label, help) = match relation {
            _ if mergeable(present, relation) => {
                ("Pull & Merge", "merges the session's commit into your branch")
            }
            _ => ("Pull & Merge", "begins the merge; you resolve what conflicts, then it goes on"),
        };
        let goes_through = mergeable(present, relation);
        choices.push(choice("merge", "--on-diverged merge", label, help, goes_through));
    }
    let cancels = !mergeable(present, relation);
    choices.push(choice(
        "discard",
        "--on-diverged discard",
        "Force Pull",
        "keeps your commits under refs/convosync/park and takes the session's",
        false,
    ));
    choices.push(cancel("--on-diverged cancel", cancels));
    Decision {
        question: Question::Diverged,
        title: "Branch Divergence Detected".to_owned(),
        details,
        choices,
    }
}

/// Nothing is to be merged: the save is older than what is here.
fn ahead(branch: &str, ours: u64) -> Decision {
    let more = counted(ours, "commit");
    Decision {
        question: Question::Diverged,
        title: "Your Branch Is Ahead".to_owned(),
        details: vec![format!("Your branch {branch} has the session's commit, and {more} more.")],
        choices: vec![
            choice("merge", "--on-diverged merge", "Keep Mine", "the code stays as it is", true),
            choice(
                "discard",
                "--on-diverged discard",
                "Go Back",
                "keeps your commits under refs/convosync/park and takes the session's",
                false,
            ),
            cancel("--on-diverged cancel", false),
        ],
    }
}

fn commits(n: u64) -> String {
    match n {
        1 => "1 commit ahead".to_owned(),
        n => format!("{n} commits ahead"),
    }
}

/// The session's commit can't be had.
pub(super) fn missing(code: &Code) -> Decision {
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
                "Conversation Only",
                "brings the conversation back; the code stays as it is and is out of step",
                false,
            ),
        ],
    }
}

/// Several clones of the session's repository are known here, the likeliest first.
pub(super) fn which_clone(clones: &[Facts], card: &Card) -> Decision {
    let place = |facts: &Facts| facts.repository.root.display().to_string();
    let on = |facts: &Facts| {
        let branch = facts.head.branch().unwrap_or("no branch").to_owned();
        match facts.changes.len() {
            0 => format!("on {branch}"),
            changes => format!("on {branch}, {}", uncommitted(changes as u64)),
        }
    };
    let mut choices: Vec<_> = (0..)
        .zip(clones)
        .map(|(number, facts)| {
            let place = place(facts);
            let flag = format!("--into {}", word(&place));
            choice(&place, &flag, &place, &on(facts), number == 0)
        })
        .collect();
    choices.push(cancel("", false));
    Decision {
        question: Question::Clone,
        title: "Several Clones On This Machine".to_owned(),
        details: vec![
            format!("{} is here more than once.", card.repository),
            "Which clone shall the session come back to?".to_owned(),
        ],
        choices,
    }
}

/// A running assistant holds the conversation.
pub(super) fn open_elsewhere(holder: &Live) -> Decision {
    Decision {
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
                "Code Only",
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
}

/// Two devices went on from the same save.
pub(super) fn two_heads(
    heads: &[&Card],
    has_mine: bool,
    age: &dyn Fn(&Card) -> String,
) -> Decision {
    let mut details = vec![match heads.len() {
        2 => "Two devices went on from the same save:".to_owned(),
        several => format!("{several} saves go on from the same one:"),
    }];
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
    details.push("Nothing is dropped: each stays in `convosync log`.".to_owned());
    let mut choices = vec![
        choice(
            "merge",
            "--on-conflict merge",
            "Merge",
            "joins code and conversation; the conversation goes on from its newest message",
            true,
        ),
        choice(
            "use-remote",
            "--on-conflict use-remote",
            "Use Remote",
            "goes on with the newest save of the other device",
            false,
        ),
    ];
    if has_mine {
        choices.push(choice(
            "keep-local",
            "--on-conflict keep-local",
            "Keep Local",
            "goes on with what this device saved",
            false,
        ));
    }
    choices.push(cancel("--on-conflict cancel", false));
    Decision {
        question: Question::Conflict,
        title: "Session Has Two Heads".to_owned(),
        details,
        choices,
    }
}

/// The code of several heads conflicts.
pub(super) fn merge_conflict(paths: &[String]) -> Decision {
    let mut details = vec!["Cannot resume session due to conflicts in:".to_owned()];
    details.extend(paths.iter().map(|path| format!("  • {path}")));
    details.push(String::new());
    details.push("Resolve conflicts first, then resume.".to_owned());
    Decision {
        question: Question::MergeConflict,
        title: "Merge Conflict Detected".to_owned(),
        details,
        choices: vec![
            choice(
                "open-files",
                "--on-merge-conflict open-files",
                "Open Files",
                "begins the merge here, so that you can resolve it; the conversation waits",
                true,
            ),
            cancel("--on-merge-conflict cancel", false),
        ],
    }
}
