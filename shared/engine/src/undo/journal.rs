//! What can be taken back, as this device keeps it: sealed, by work tree, numbered in order.

use std::path::Path;

use convosync_core::{
    Sealed, UndoKind, UndoRecord, UndoStage, local_digest, open_value, seal_value,
};

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::Repository;
use crate::retention::limits::days_ms;
use crate::settings::Retention;
use crate::trouble::Trouble;

const LABEL: &str = "undo";

/// Resumes of one work tree that can be taken back.
const MOST: usize = 10;

/// A record with its number.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) record: UndoRecord,
}

impl Entry {
    /// It was begun, and neither ended nor taken back.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.record.stage, UndoStage::Begun | UndoStage::Waits)
    }

    /// A resume that can be taken back.
    pub(crate) fn is_undoable(&self) -> bool {
        self.record.kind == UndoKind::Resume && self.record.stage != UndoStage::TakenBack
    }

    /// An undo, or a redo, that was stopped half-way.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.record.of.is_some() && self.record.stage == UndoStage::Begun
    }
}

/// The names of one work tree's notes.
struct Names(String);

impl Names {
    fn of(member: &Member, root: &Path) -> Self {
        Self(local_digest(&member.profile.account, LABEL, root.as_os_str().as_encoded_bytes()))
    }

    fn record(&self, number: u64) -> String {
        format!("{}-{number:08}", self.0)
    }

    fn piece(&self, number: u64, piece: u32) -> String {
        format!("{}-{number:08}-{piece}", self.0)
    }

    /// The number, and whether it is the record itself.
    fn read(&self, name: &str) -> Option<(u64, bool)> {
        let rest = name.strip_prefix(&self.0)?.strip_prefix('-')?;
        match rest.split_once('-') {
            Some((number, _)) => Some((number.parse().ok()?, false)),
            None => Some((rest.parse().ok()?, true)),
        }
    }
}

impl Engine<'_> {
    /// The records of a work tree, the oldest first. One that can't be read is none: it was
    /// written by a newer version, or for another account.
    pub(crate) fn undo_entries(&self, member: &Member, root: &Path) -> Result<Vec<Entry>, Trouble> {
        let names = Names::of(member, root);
        let mut entries = Vec::new();
        for name in self.ports.journal.names(&names.0)? {
            let Some((number, true)) = names.read(&name) else { continue };
            let Some(sealed) = self.ports.journal.get(&name)? else { continue };
            let plain = open_value(&member.profile.account, &label(&name), &sealed).ok();
            let record = plain.and_then(|plain| UndoRecord::from_bytes(&plain));
            entries.extend(record.map(|record| Entry { number, record }));
        }
        Ok(entries)
    }

    /// Writes a record down, durably.
    pub(crate) fn write_undo(
        &self,
        member: &Member,
        root: &Path,
        entry: &Entry,
    ) -> Result<(), Trouble> {
        let name = Names::of(member, root).record(entry.number);
        self.put_note(member, &name, &entry.record.to_bytes())
    }

    /// Keeps a piece of a file with a record.
    pub(crate) fn keep_piece(
        &self,
        member: &Member,
        root: &Path,
        number: u64,
        piece: u32,
        bytes: &[u8],
    ) -> Result<(), Trouble> {
        self.put_note(member, &Names::of(member, root).piece(number, piece), bytes)
    }

    /// A piece of a file that was kept.
    pub(crate) fn kept_piece(
        &self,
        member: &Member,
        root: &Path,
        number: u64,
        piece: u32,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let name = Names::of(member, root).piece(number, piece);
        let sealed = self.ports.journal.get(&name)?;
        let open = |sealed: Sealed| {
            open_value(&member.profile.account, &label(&name), &sealed).ok().map(|b| b.to_vec())
        };
        Ok(sealed.and_then(open))
    }

    fn put_note(&self, member: &Member, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let account = &member.profile.account;
        let sealed = seal_value(account, &label(name), bytes, &mut self.random());
        Ok(self.ports.journal.put(name, &sealed)?)
    }

    /// The number that the next record gets. Pieces that a stopped command left count too.
    pub(crate) fn next_undo(&self, member: &Member, root: &Path) -> Result<u64, Trouble> {
        let names = Names::of(member, root);
        let taken = self.ports.journal.names(&names.0)?;
        let numbers = taken.iter().filter_map(|name| names.read(name)).map(|(number, _)| number);
        Ok(numbers.max().map_or(1, |last| last + 1))
    }

    /// Removes a record with its pieces, and what git keeps for it unless that is the user's own
    /// work.
    pub(crate) fn drop_undo(
        &self,
        member: &Member,
        repo: &Repository,
        entry: &Entry,
    ) -> Result<(), Trouble> {
        let mut entry = entry.clone();
        if let (UndoKind::Undo, Some(code)) = (entry.record.kind, &mut entry.record.code) {
            code.work = None; // stays where `git log` finds it
        }
        self.forget_undo(member, repo, &entry)
    }

    /// Removes a record with its pieces and all that git keeps for it.
    pub(crate) fn forget_undo(
        &self,
        member: &Member,
        repo: &Repository,
        entry: &Entry,
    ) -> Result<(), Trouble> {
        let names = Names::of(member, &repo.root);
        if let Some(code) = &entry.record.code {
            self.ports.git.forget_stand(repo, code)?;
        }
        let record = names.record(entry.number);
        // The record first: without it nobody asks for the pieces.
        self.ports.journal.remove(&record)?;
        for name in self.ports.journal.names(&format!("{record}-"))? {
            self.ports.journal.remove(&name)?;
        }
        Ok(())
    }

    /// Removes what is too old to be taken back, and pieces that belong to no record.
    pub(crate) fn prune_undo(&self, member: &Member, repo: &Repository) -> Result<(), Trouble> {
        let entries = self.undo_entries(member, &repo.root)?;
        let now = self.ports.clock.now_ms();
        let old = days_ms(Retention::PARKED_DAYS);
        for (at, entry) in entries.iter().enumerate() {
            let resumes_after = entries[at + 1..].iter().filter(|e| e.is_undoable()).count();
            let is_old = now.saturating_sub(entry.record.made_ms) > old;
            // What an undo keeps is the user's work: it stays as long as work that a save keeps.
            let goes = match entry.record.kind {
                UndoKind::Resume => resumes_after >= MOST || is_old,
                UndoKind::Undo => is_old,
            };
            if goes && !entry.is_open() {
                self.drop_undo(member, repo, entry)?;
            }
        }
        let names = Names::of(member, &repo.root);
        for name in self.ports.journal.names(&names.0)? {
            let Some((number, false)) = names.read(&name) else { continue };
            if !entries.iter().any(|entry| entry.number == number) {
                self.ports.journal.remove(&name)?;
            }
        }
        Ok(())
    }
}

/// A note opens under its own name only.
fn label(name: &str) -> String {
    format!("{LABEL} {name}")
}
