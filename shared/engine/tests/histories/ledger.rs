//! What the users were promised, and what was seen to be wrong.

use std::collections::{BTreeMap, BTreeSet};

use convosync_core::{ConversationId, ObjectName, SaveId, SessionId};

/// A save that was reported as done.
#[derive(Debug, Clone)]
pub(crate) struct Acked {
    pub(crate) device: usize,
    pub(crate) tree: usize,
    pub(crate) session: SessionId,
    pub(crate) save: SaveId,
    /// The conversation and its transcript in canonical form, unless the save said that it kept a
    /// fuller one.
    pub(crate) transcript: Option<(ConversationId, Vec<u8>)>,
}

/// What a deletion may be about.
#[derive(Debug, Clone)]
pub(crate) struct Deleted {
    /// So many saves had been reported by then.
    reported: usize,
    /// Those that were there, whether they had been reported or not.
    there: BTreeSet<SaveId>,
}

impl Deleted {
    /// Whether it is about the save that was reported as the one of this number.
    pub(crate) fn is_about(&self, number: usize, save: &SaveId) -> bool {
        number < self.reported || self.there.contains(save)
    }
}

/// A device that is revoked, or may be.
#[derive(Debug, Clone)]
pub(crate) struct Revoked {
    pub(crate) device: usize,
    /// Who revoked it.
    pub(crate) by: usize,
    /// Its saves that were there before for certain.
    pub(crate) saves: BTreeSet<(SessionId, SaveId)>,
}

#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) acked: Vec<Acked>,
    /// Lines that users wrote and did not take back, by their marks.
    pub(crate) typed: BTreeSet<String>,
    /// What users wrote into files of a work tree and did not write over: path, text.
    pub(crate) edited: BTreeMap<(usize, usize), BTreeSet<(String, String)>>,
    /// Every object that was ever seen in the store.
    pub(crate) ever: BTreeMap<ObjectName, Vec<u8>>,
    /// Sessions that were deleted, or may have been.
    pub(crate) deleted: BTreeMap<SessionId, Deleted>,
    pub(crate) revoked: Option<Revoked>,
    pub(crate) wrong: Vec<String>,
    marks: u64,
}

impl Ledger {
    /// A text that is nowhere else.
    pub(crate) fn mark(&mut self) -> String {
        self.marks += 1;
        format!("mark-{}.", self.marks)
    }

    /// Notes that these sessions are deleted now, or may be, with what the store had and what was
    /// queued.
    pub(crate) fn may_be_deleted(
        &mut self,
        sessions: impl IntoIterator<Item = SessionId>,
        queued: Vec<ObjectName>,
    ) {
        for session in sessions {
            let units = self.ever.keys().chain(&queued).filter_map(|name| match name {
                ObjectName::Unit { session: of, save } if *of == session => Some(save.clone()),
                _ => None,
            });
            let deleted = Deleted { reported: self.acked.len(), there: units.collect() };
            self.deleted.insert(session, deleted);
        }
    }

    /// Whether this device is the one that is revoked, or may be.
    pub(crate) fn has_revoked(&self, device: usize) -> bool {
        self.revoked.as_ref().is_some_and(|revoked| revoked.device == device)
    }

    /// Every session.
    pub(crate) fn every_session(&self) -> Vec<SessionId> {
        let all: BTreeSet<_> = self.acked.iter().map(|acked| acked.session.clone()).collect();
        all.into_iter().collect()
    }

    /// The sessions of a repository.
    pub(crate) fn sessions(&self, tree: usize) -> Vec<SessionId> {
        let here = self.acked.iter().filter(|acked| acked.tree == tree);
        let all: BTreeSet<_> = here.map(|acked| acked.session.clone()).collect();
        all.into_iter().collect()
    }
}

/// A line of a transcript that a user wrote. What is in it must never be readable in a store.
pub(crate) fn line(mark: &str, noise: usize) -> String {
    let seed = mark.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
    let mut dice = super::dice::Dice::new(seed);
    let noise: String = (0..noise / 16).map(|_| format!("{:016x}", dice.next())).collect();
    format!(
        "{{\"type\":\"user\",\"uuid\":\"{mark}\",\"message\":{{\"role\":\"user\",\
         \"content\":\"canary {mark} {noise}\"}}}}\n"
    )
}

/// The marks in a file.
pub(crate) fn marks(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(bytes);
    let marked = text.split("\"uuid\":\"").skip(1);
    marked.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}
