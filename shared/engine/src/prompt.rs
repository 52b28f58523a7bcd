//! What a prompt shows of the work trees of this device.

use std::path::PathBuf;

use crate::engine::Engine;
use crate::trouble::Trouble;

/// A work tree that has a session. Nothing in it has to be kept secret: prompts read it from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkTree {
    /// The work tree.
    pub root: PathBuf,
    /// Its session, `session-…`.
    pub session: String,
    /// When its newest save was made, milliseconds since 1970, if that is known.
    pub saved_ms: Option<i64>,
    /// Saves of the session that wait on this device.
    pub waiting: u64,
}

impl Engine<'_> {
    /// Every work tree of this device that has a session, deeper ones before those that they lie in.
    ///
    /// # Errors
    ///
    /// If the keys or the index can't be read.
    pub fn work_trees(&self) -> Result<Vec<WorkTree>, Trouble> {
        let Some(member) = self.member()? else { return Ok(Vec::new()) };
        let queue = self.ports.index.queue()?;
        let mut trees = Vec::new();
        for binding in self.bindings(&member)?.into_iter().filter(|binding| binding.continues) {
            let card = self.known_card(&member, &binding.session, &binding.tip)?;
            let waiting = queue.iter().filter(|row| row.session == binding.session).count();
            trees.push(WorkTree {
                root: binding.root,
                session: binding.session.to_string(),
                saved_ms: card.map(|card| card.timestamp_ms),
                waiting: waiting as u64,
            });
        }
        trees.sort_by(|one, other| other.root.cmp(&one.root));
        Ok(trees)
    }
}
