//! The code of a save in a work tree of its own, to be read beside what the user works on.

use std::path::{Component, Path, PathBuf};

use convosync_core::{Code, Oid, SessionId};
use convosync_wire::{Note, Request};

use super::Ready;
use super::work::submodules_left;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Facts, Store};
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::{Refusal, Trouble};
use crate::word::word;

/// Where a save's code was laid out.
pub(crate) struct Apart {
    pub(crate) directory: String,
    pub(crate) notes: Vec<Note>,
}

/// What of the uncommitted changes is in the new work tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LaidWork {
    /// There are none.
    None,
    All,
    /// They could not be laid out; a part of them may be there.
    Failed,
}

impl Engine<'_> {
    /// Lays the code of a save out in a new directory: a work tree of the clone here, on no branch,
    /// with the uncommitted changes that travel with the save. Branches, index and files that are
    /// there stay as they are; commits that are not here yet are fetched.
    pub(crate) fn lay_apart(
        &self,
        member: &Member,
        store: Option<&dyn Store>,
        request: &Request,
        open: OpenSave,
        directory: &str,
    ) -> Result<Apart, Trouble> {
        let Some(code) = open.manifest.wanted_code().cloned() else {
            return Err(no_code(&open.card.session).into());
        };
        let facts = self.clone_to_read_in(member, request, &open)?;
        let (root, unit) = (facts.repository.root.clone(), open.name.clone());
        let place = plain(&Path::new(&request.directory).join(directory));
        if place.starts_with(&root) {
            return Err(inside(&place).into());
        }
        let mut ready = only_read(open, facts);
        let mut shelf = Shelf::new(self, member, store);
        let (at_hand, _) = self.gather(&mut shelf, &mut ready, &unit, &code, None)?;
        if !at_hand {
            return Err(not_at_hand(&code).into());
        }
        self.gather_work(&mut shelf, &ready, &unit, &code)?;
        self.step("Laying the code out")?;
        self.ports.git.lay_apart(&ready.facts.repository, &code.commit, &place)?;
        let laid = self.facts(&place)?;
        let mut notes = ready.notes;
        let laid_work = self.lay_work(&laid, &code, &mut notes);
        let directory = laid.repository.root.display().to_string();
        notes.push(laid_apart(&directory, &code.commit, &root, laid_work));
        Ok(Apart { directory, notes })
    }

    /// Lays the work on top of its commit, if there is some. That it can't be is told: the commit
    /// is there.
    fn lay_work(&self, laid: &Facts, code: &Code, notes: &mut Vec<Note>) -> LaidWork {
        let Some(work) = code.work_here() else { return LaidWork::None };
        match self.ports.git.restore_work(&laid.repository, &self.excludes(), &work.commit) {
            Ok(left) => {
                notes.extend(submodules_left(&left));
                LaidWork::All
            }
            Err(error) => {
                let failure = crate::trouble::git_failure(&error);
                let text = format!(
                    "the uncommitted changes of the session are not there: {}",
                    failure.message
                );
                notes.push(Note { code: failure.code, text, help: failure.help });
                LaidWork::Failed
            }
        }
    }
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

fn inside(place: &Path) -> Refusal {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let text = format!("{} is inside of the work tree here", place.display());
    Refusal::new("convosync::show::inside", text)
        .help(format!("name a folder outside of it, e.g. {}", word(&format!("../{name}"))))
        .argument("--worktree")
}

/// What a save needs to be brought here, of which nothing is asked.
fn only_read(open: OpenSave, facts: Facts) -> Ready {
    Ready {
        open,
        is_head: false,
        joins: Vec::new(),
        unites: false,
        by_hand: None,
        fetched: false,
        pull: None,
        facts,
        session_notes: Vec::new(),
        notes: Vec::new(),
    }
}

fn laid_apart(directory: &str, commit: &Oid, root: &Path, work: LaidWork) -> Note {
    let with = if work == LaidWork::All { ", with the uncommitted changes" } else { "" };
    // Git does not throw changes away unasked.
    let force = if work == LaidWork::None { "" } else { "--force " };
    Note {
        code: "convosync::show::worktree".to_owned(),
        text: format!("its code is at {}{with} in {directory}", commit.short()),
        help: Some(format!(
            "git -C {} worktree remove {force}{}",
            word(&root.display().to_string()),
            word(directory)
        )),
    }
}

fn no_code(session: &SessionId) -> Refusal {
    Refusal::new("convosync::show::no-code", "this save holds no code to lay out")
        .help(format!("`convosync log {session}` shows the others: `--at SAVE` takes one"))
        .argument("--worktree")
}

fn not_at_hand(code: &Code) -> Refusal {
    Refusal::new(
        "convosync::show::commit-missing",
        format!("commit {} is neither here nor on the git remote", code.commit.short()),
    )
    .help("push it from the device that has it, or read the conversation without `--worktree`")
    .argument("--worktree")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_without_its_turns() {
        for (path, want) in [("/a/b/../c", "/a/c"), ("/a/./b", "/a/b"), ("/../a", "/a")] {
            assert_eq!(plain(Path::new(path)), Path::new(want), "{path}");
        }
    }

    #[test]
    fn changes_that_could_not_be_laid_out_are_not_told_to_be_there_and_may_be_thrown_away() {
        let commit: Oid = "a".repeat(40).parse().expect("an object's name");
        for (work, are_told, is_forced) in [
            (LaidWork::None, false, false),
            (LaidWork::All, true, true),
            (LaidWork::Failed, false, true),
        ] {
            let note = laid_apart("/b", &commit, Path::new("/a"), work);
            assert_eq!(note.text.contains("uncommitted changes"), are_told, "{work:?}: {note:?}");
            let help = note.help.expect("how it is taken away");
            assert_eq!(help.contains(" --force "), is_forced, "{work:?}: {help}");
        }
    }
}
