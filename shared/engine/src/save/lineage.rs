//! Which save a new one goes on from, where the work tree is bound to none of the session.

use std::cmp::Reverse;
use std::path::Path;

use convosync_core::{Missing, SaveId, SessionId, Side, copy_from, missing};

use crate::capture::{TRANSCRIPT, transcript_of};
use crate::engine::Engine;
use crate::freeze::conversation_of;
use crate::history::{History, Seen};
use crate::member::Member;
use crate::ports::{Assistant, Found};
use crate::shelf::Shelf;
use crate::trouble::Trouble;

/// What a new save goes on from.
pub(super) enum GoesOn {
    /// One save, with the heads that hold the same.
    From(SaveId),
    /// Every head.
    FromAll,
    /// None of what the session has: that stays beside it, and is asked about.
    Beside,
}

impl Engine<'_> {
    /// The newest head of which all that was said is here; else what this device saved last in the
    /// session, so that heads of others stay beside the new save and are asked about; else none of them.
    /// Without a conversation nothing that was said is replaced, and the newest head is gone on from.
    pub(super) fn gone_on_from(
        &self,
        member: &Member,
        history: &History,
        session: &SessionId,
        main: Option<&(&dyn Assistant, Found)>,
        root: &Path,
    ) -> Result<GoesOn, Trouble> {
        let from = |seen: &Seen| GoesOn::From(seen.card.save.clone());
        let mut heads = history.heads(session);
        heads.sort_by_key(|seen| Reverse(seen.card.timestamp_ms));
        let Some((assistant, found)) = main else {
            return Ok(heads.first().map_or(GoesOn::FromAll, |head| from(head)));
        };
        for head in &heads {
            if self.is_all_here(member, head, *assistant, found, root)? {
                return Ok(from(head));
            }
        }
        let mine = history.last_of(session, &member.profile.device.id);
        let apart = if heads.is_empty() { GoesOn::FromAll } else { GoesOn::Beside };
        Ok(mine.map_or(apart, from))
    }

    /// Whether the conversation here has every message of the one that a save holds. Of one that can't
    /// be had now, no.
    fn is_all_here(
        &self,
        member: &Member,
        seen: &Seen,
        assistant: &dyn Assistant,
        found: &Found,
        root: &Path,
    ) -> Result<bool, Trouble> {
        let mut shelf = Shelf::near(self, member);
        let Ok(open) = shelf.save(&seen.card.session, &seen.card.save) else { return Ok(false) };
        // Other conversations stay in the session, beside this one.
        let Some(talk) = conversation_of(&open.manifest, &found.id) else { return Ok(true) };
        let Some(state) = transcript_of(talk) else { return Ok(true) };
        let files = self.files_of(assistant, found)?;
        let Some(source) = files.iter().find(|file| file.logical.as_str() == TRANSCRIPT) else {
            return Ok(false);
        };
        let roots = self.roots(member, &found.id, root)?;
        let mut now = self.canonical(assistant, source, &roots)?;
        let Ok(mut before) = self.rebuilt(&mut shelf, &open.name, state) else { return Ok(false) };
        let mut saved = Side { file: &mut before, len: state.len };
        let mut here = Side { file: &mut now.file, len: now.len };
        // Of one that was archived the beginning need not be here.
        let mut rest = self.ports.scratch.file()?;
        let begins = talk.archived.as_ref().map_or(0, |archived| archived.bytes);
        let Ok(len) = copy_from(&mut saved, begins.min(state.len), &mut rest) else {
            return Ok(false);
        };
        let mut saved = Side { file: &mut rest, len };
        let lacks = missing(assistant.rules(), &mut saved, &mut here);
        Ok(lacks.is_ok_and(|lacks| lacks != Missing::Messages))
    }
}
