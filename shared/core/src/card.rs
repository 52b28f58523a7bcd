//! The card of a save: what `list` needs, sealed apart from the body.

use crate::id::{ConversationId, DeviceId, DeviceKind, Oid, SaveId, SessionId};
use crate::vector::Vector;

/// Where the commit of a save can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeState {
    /// There is no code in the save.
    None,
    /// Proven to be on the git remote when the save was frozen or sent.
    Pushed,
    /// Not proven to be on the remote, and not in the unit yet.
    Unproven,
    /// The unit carries what the remote lacks as a sealed git bundle.
    Carried,
}

/// What `list` shows of a save, and what heads are computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The session.
    pub session: SessionId,
    /// The save.
    pub save: SaveId,
    /// The saves it was made on top of.
    pub parents: Vec<SaveId>,
    /// Its whole ancestry, itself included.
    pub vector: Vector,
    /// When it was made, in milliseconds since 1970 by the device's own clock.
    pub timestamp_ms: i64,
    /// The name of the device at that time.
    pub device_name: String,
    /// The kind of the device at that time.
    pub device_kind: DeviceKind,
    /// What the user wrote.
    pub message: String,
    /// The branch, if there was one.
    pub branch: Option<String>,
    /// The commit, if there was one.
    pub commit: Option<Oid>,
    /// Where the commit can be had.
    pub code: CodeState,
    /// The repository's normalised remote URL, or its folder name where it has no remote.
    pub repository: String,
    /// Where the user was, absolute, on the saving device.
    pub working_directory: String,
    /// How far below the top of its work tree that is, with `/`; none: not known, or no code.
    pub folder: Option<String>,
    /// The main conversation.
    pub conversation: Option<ConversationId>,
    /// Messages in the main conversation (one prompt, or all lines of one answer).
    pub message_count: u64,
    /// Canonical bytes of all conversations.
    pub size: u64,
    /// Digest of what the save holds (commit, conversations, terminal): equal heads show as one.
    pub content: [u8; 16],
    /// Watchers on other devices do not announce it.
    pub quiet: bool,
    /// Beside the session's line: the target's own work, put aside by a resume, or a note. Never a
    /// head.
    pub parked: bool,
    /// What somebody wrote about the session: `message` is all of it. It is parked too, so that
    /// older versions take it for no head, and stays as long as the session.
    pub note: bool,
    /// What the user calls the session; a later save takes it over.
    pub title: Option<String>,
    /// Whether the save holds where the user was. True of saves that are older than the question.
    pub terminal: bool,
    /// Changes that no commit holds and that travel with the save.
    pub uncommitted: u64,
}

impl Card {
    /// The device that made the save.
    #[must_use]
    pub fn device(&self) -> &DeviceId {
        self.save.device()
    }
}

/// Why a card contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// The save's generation is not one more than the greatest of its parents'.
    #[error("the save's generation does not follow from its parents")]
    Generation,
    /// The vector does not name the save itself as its device's newest.
    #[error("the save's vector does not hold the save itself")]
    Vector,
}

impl Card {
    /// Checks what must hold of every card: the generation is `max(parents) + 1` (1 without
    /// parents), and the vector's entry for the saving device is this save.
    ///
    /// # Errors
    ///
    /// [`CardError`] says what does not hold.
    pub fn check(&self) -> Result<(), CardError> {
        let newest = self.parents.iter().map(SaveId::generation).max().unwrap_or(0);
        if newest.checked_add(1) != Some(self.save.generation()) {
            return Err(CardError::Generation);
        }
        let own = self.vector.0.get(self.device());
        match own {
            Some(entry) if entry.seq == self.save.seq() && entry.rand == self.save.rand() => Ok(()),
            _ => Err(CardError::Vector),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(save: &str, parents: &[&str]) -> Card {
        let save: SaveId = save.parse().expect("a save id");
        let parents = parents.iter().map(|parent| parent.parse().expect("a save id"));
        Card {
            session: "session-abcdefgh".parse().expect("a session id"),
            vector: Vector::after([], &save),
            save,
            parents: parents.collect(),
            timestamp_ms: 0,
            device_name: String::new(),
            device_kind: DeviceKind::Desktop,
            message: String::new(),
            branch: None,
            commit: None,
            code: CodeState::None,
            repository: String::new(),
            working_directory: String::new(),
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

    #[test]
    fn a_generation_is_one_more_than_the_greatest_parents() {
        let (first, second) = ("00000001-aaaaaaaa-1-aaaaaaaa", "00000002-bbbbbbbb-1-aaaaaaaa");
        assert_eq!(card(first, &[]).check(), Ok(()));
        assert_eq!(card(second, &[first]).check(), Ok(()));
        assert_eq!(card("00000003-cccccccc-1-cccccccc", &[first, second]).check(), Ok(()));
        let wrong = Err(CardError::Generation);
        assert_eq!(card(second, &[]).check(), wrong);
        assert_eq!(card(first, &[first]).check(), wrong);
        assert_eq!(card("00000003-cccccccc-1-cccccccc", &[first]).check(), wrong);
        let last = "99999999-cccccccc-1-cccccccc";
        assert_eq!(card(last, &[last]).check(), wrong);
    }

    #[test]
    fn a_vector_holds_the_save_itself_and_nothing_later_of_its_device() {
        let mut card = card("00000001-aaaaaaaa-5-aaaaaaaa", &[]);
        let wrong = Err(CardError::Vector);
        for (seq, rand) in [(4, "aaaaaaaa"), (6, "aaaaaaaa"), (5, "bbbbbbbb")] {
            let entry = crate::vector::VectorEntry { seq, rand: rand.to_owned() };
            card.vector.0.insert(card.device().clone(), entry);
            assert_eq!(card.check(), wrong);
        }
        card.vector = Vector::default();
        assert_eq!(card.check(), wrong);
    }
}
