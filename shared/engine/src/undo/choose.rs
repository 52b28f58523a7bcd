//! Which resume is taken back, or brought back. Pure.

use convosync_core::{UndoKind, UndoStage};
use convosync_wire::{UndoRow, UndoState};

use super::journal::Entry;
use crate::ports::Facts;
use crate::trouble::Refusal;

/// What an undo is about.
#[derive(Debug)]
pub(super) enum Chosen<'e> {
    /// To go back to what was before this one.
    Back(&'e Entry),
    /// To end what was stopped half-way: it goes back to what was before the other one.
    GoOn { cut_short: &'e Entry, to: &'e Entry },
}

/// What there is to take back; `redo`: what was taken back last.
///
/// # Errors
///
/// A refusal that says so if there is nothing.
pub(super) fn chosen(entries: &[Entry], redo: bool) -> Result<Chosen<'_>, Refusal> {
    if let Some(cut_short) = entries.iter().rfind(|entry| entry.is_cut_short())
        && let Some(to) = entries.iter().find(|entry| Some(entry.number) == cut_short.record.of)
    {
        return Ok(Chosen::GoOn { cut_short, to });
    }
    if !redo {
        let last = entries.iter().rfind(|entry| entry.is_undoable());
        return last.map(Chosen::Back).ok_or_else(nothing);
    }
    let last = entries.iter().rfind(|entry| entry.record.stage != UndoStage::TakenBack);
    match last {
        Some(entry) if entry.record.kind == UndoKind::Undo => Ok(Chosen::Back(entry)),
        Some(_) if entries.iter().any(is_standing_undo) => Err(since()),
        _ => Err(nothing_undone()),
    }
}

fn is_standing_undo(entry: &Entry) -> bool {
    entry.record.kind == UndoKind::Undo && entry.record.stage == UndoStage::Done
}

/// The resumes of a work tree, newest first.
pub(super) fn rows(facts: &Facts, entries: &[Entry]) -> Vec<UndoRow> {
    let resumes = entries.iter().rev().filter(|entry| entry.record.kind == UndoKind::Resume);
    resumes.map(|entry| row(facts, entry)).collect()
}

fn row(facts: &Facts, entry: &Entry) -> UndoRow {
    let record = &entry.record;
    let code = record.code.as_ref();
    UndoRow {
        timestamp: record.made_ms,
        session_id: record.session.to_string(),
        save: record.save.to_string(),
        message: record.message.clone(),
        branch: code.and_then(|code| code.branch.clone()),
        commit: code.and_then(|code| code.commit.as_ref()).map(ToString::to_string),
        state: match record.stage {
            UndoStage::Done => UndoState::Resumed,
            UndoStage::Waits => UndoState::Waits,
            UndoStage::Begun => UndoState::Unfinished,
            UndoStage::TakenBack => UndoState::Undone,
        },
        work_tree: facts.repository.root.display().to_string(),
        conflicts: match record.stage {
            UndoStage::Waits => facts.unmerged(),
            _ => Vec::new(),
        },
    }
}

fn nothing() -> Refusal {
    Refusal::new("convosync::undo::nothing", "there is nothing to take back in this work tree")
        .help("only `convosync resume` is taken back, on the device and in the work tree where it ran; `convosync undo --list` shows what can be")
}

fn nothing_undone() -> Refusal {
    Refusal::new("convosync::undo::nothing", "nothing was taken back in this work tree")
        .help("`--redo` brings back what the last `convosync undo` took back")
        .argument("--redo")
}

fn since() -> Refusal {
    Refusal::new(
        "convosync::undo::resumed-since",
        "a session was resumed here since the last undo, so that can't be brought back as it was",
    )
    .help("what it kept is under refs/convosync/undo: `git for-each-ref refs/convosync/undo`; or `convosync undo` first")
    .argument("--redo")
}

#[cfg(test)]
mod tests {
    use convosync_core::UndoRecord;

    use super::*;

    fn entry(number: u64, kind: UndoKind, stage: UndoStage, of: Option<u64>) -> Entry {
        let record = UndoRecord {
            kind,
            stage,
            made_ms: 0,
            session: "session-aaaaaaaa".parse().expect("a session"),
            save: "00000001-aaaaaaaa-1-aaaaaaaa".parse().expect("a save"),
            message: String::new(),
            pinned: false,
            cloned: false,
            of,
            code: None,
            binding: None,
            conversations: Vec::new(),
            pieces: 0,
        };
        Entry { number, record }
    }

    fn resume(number: u64, stage: UndoStage) -> Entry {
        entry(number, UndoKind::Resume, stage, None)
    }

    fn undo(number: u64, stage: UndoStage, of: u64) -> Entry {
        entry(number, UndoKind::Undo, stage, Some(of))
    }

    #[track_caller]
    fn goes_back_to(entries: &[Entry], redo: bool, number: u64) {
        match chosen(entries, redo) {
            Ok(Chosen::Back(entry)) => assert_eq!(entry.number, number),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn is_refused(entries: &[Entry], redo: bool, code: &str) {
        assert_eq!(chosen(entries, redo).unwrap_err().code, code);
    }

    #[test]
    fn each_undo_goes_one_resume_further_back() {
        use UndoStage::{Done, TakenBack};
        is_refused(&[], false, "convosync::undo::nothing");
        goes_back_to(&[resume(1, Done), resume(2, Done)], false, 2);
        let undone = [resume(1, Done), resume(2, TakenBack), undo(3, Done, 2)];
        goes_back_to(&undone, false, 1);
        goes_back_to(&undone, true, 3);
        is_refused(&[resume(1, TakenBack), undo(2, Done, 1)], false, "convosync::undo::nothing");
    }

    #[test]
    fn only_the_last_undo_can_be_brought_back() {
        use UndoStage::{Done, TakenBack};
        is_refused(&[resume(1, Done)], true, "convosync::undo::nothing");
        let since = [resume(1, TakenBack), undo(2, Done, 1), resume(3, Done)];
        is_refused(&since, true, "convosync::undo::resumed-since");
        let twice =
            [resume(1, TakenBack), resume(2, TakenBack), undo(3, Done, 2), undo(4, Done, 1)];
        goes_back_to(&twice, true, 4);
        let one_back = [&twice[..3], &[undo(4, TakenBack, 1), resume(5, TakenBack)]].concat();
        goes_back_to(&one_back, true, 3);
    }

    #[test]
    fn what_was_stopped_half_way_is_ended_first() {
        use UndoStage::{Begun, Done};
        let entries = [resume(1, Done), undo(2, Begun, 1)];
        for redo in [false, true] {
            assert!(matches!(chosen(&entries, redo), Ok(Chosen::GoOn { .. })));
        }
        goes_back_to(&[resume(1, Done), resume(2, Begun)], false, 2);
    }
}
