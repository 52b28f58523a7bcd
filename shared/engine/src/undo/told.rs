//! What an undo tells. Pure.

use std::path::Path;

use convosync_core::{ConversationId, FileBefore, Oid, UndoKind, UndoRecord, WorkTreeState};
use convosync_wire::Note;

use super::journal::Entry;
use crate::age::ago;
use crate::count::uncommitted;
use crate::ports::{Facts, Live, Repository};
use crate::trouble::Refusal;

/// What would be done, in the user's words.
pub(super) fn steps(facts: &Facts, record: &UndoRecord, now_ms: i64) -> Vec<String> {
    let when = ago(now_ms.saturating_sub(record.made_ms));
    let what = match record.kind {
        UndoKind::Resume => "take back the resume of",
        UndoKind::Undo => "bring back the resume of",
    };
    let mut steps = vec![format!("{what} {} (\"{}\", {when})", record.session, record.message)];
    if let Some(code) = &record.code {
        steps.push(keeps(facts));
        steps.push(goes_to(code));
        steps.extend(code.stashes.iter().filter_map(stash_step));
    }
    for before in &record.conversations {
        let gone = before.files.iter().all(|file| file.before == FileBefore::Absent);
        let id = &before.id;
        steps.push(match gone {
            true => format!("remove the conversation {id}, which was not here before"),
            false => format!("bring the conversation {id} back to what it was"),
        });
    }
    steps
}

fn keeps(facts: &Facts) -> String {
    match facts.changes.len() {
        0 => "keep where the branch is now".to_owned(),
        some => format!("keep {}, and where the branch is now", uncommitted(some as u64)),
    }
}

fn goes_to(code: &WorkTreeState) -> String {
    let commit = code.commit.as_ref().map(Oid::short);
    let with = if code.work.is_some() { ", with the changes that were not committed" } else { "" };
    match (&code.branch, commit) {
        (Some(branch), Some(commit)) => format!("go back to {branch} at {commit}{with}"),
        (Some(branch), None) => format!("go back to {branch} without a commit{with}"),
        (None, commit) => format!("go back to {}{with}", commit.unwrap_or("no commit")),
    }
}

fn stash_step((message, then): &(String, Option<Oid>)) -> Option<String> {
    then.is_none().then(|| format!("remove \"{message}\" from `git stash`, if it is still there"))
}

/// What is kept of what was here, and how it comes back.
pub(super) fn kept(before: &Facts, new: &Entry) -> Vec<Note> {
    let record = &new.record;
    let back = match record.kind {
        UndoKind::Undo => "convosync undo --redo",
        UndoKind::Resume => "convosync undo",
    };
    let mut kept = Vec::new();
    if let Some(code) = record.code.as_ref().filter(|code| code.work.is_some()) {
        let changes = match before.changes.len() {
            0 => String::new(),
            some => format!(", with {}", uncommitted(some as u64)),
        };
        kept.push(Note {
            code: "convosync::undo::kept".to_owned(),
            text: format!("what was here is kept under {}{changes}", reference(code)),
            help: None,
        });
    }
    let talks = record.conversations.iter();
    let there =
        talks.filter(|talk| talk.files.iter().any(|file| file.before != FileBefore::Absent));
    kept.extend(there.map(|talk| Note {
        code: "convosync::undo::kept-conversation".to_owned(),
        text: format!("the conversation {} as it was here is kept on this device", talk.id),
        help: None,
    }));
    // One command brings all of it back.
    if let Some(last) = kept.last_mut() {
        last.help = Some(back.to_owned());
    }
    kept
}

/// What was kept when an undo went on.
pub(super) fn kept_again(code: &WorkTreeState) -> Note {
    Note {
        code: "convosync::undo::kept-again".to_owned(),
        text: format!("the files as they were when it went on are under {}", reference(code)),
        help: Some(format!("git show --stat {}", reference(code))),
    }
}

fn reference(code: &WorkTreeState) -> String {
    format!("refs/convosync/undo/{}", code.id)
}

/// What an undo does not take back.
pub(super) fn notes(record: &UndoRecord, repo: &Repository) -> Vec<Note> {
    let clone = record.cloned && record.kind == UndoKind::Resume;
    let clone = clone.then(|| Note {
        code: "convosync::undo::clone".to_owned(),
        text: format!("the clone that was made for it stays: {}", repo.root.display()),
        help: None,
    });
    clone.into_iter().collect()
}

pub(super) fn open(id: &ConversationId, live: &Live) -> Refusal {
    let pane = live.pane.as_ref().map(|pane| format!(" in pane {pane}")).unwrap_or_default();
    Refusal::new(
        "convosync::undo::open",
        format!("process {}{pane} has the conversation {id} open", live.pid),
    )
    .help("close it, then run `convosync undo` again; nothing was changed")
}

pub(super) fn held(branch: &str, place: &Path) -> Refusal {
    Refusal::new(
        "convosync::undo::branch-elsewhere",
        format!("{branch} is checked out in another work tree: {}", place.display()),
    )
    .help("switch that one to another branch first; if it is gone: `git worktree prune`")
}
