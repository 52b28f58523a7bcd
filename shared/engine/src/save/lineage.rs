//! Which save a new one goes on from, where the work tree is bound to none of the session.

use std::cmp::Reverse;
use std::path::Path;

use convosync_core::{Missing, SaveId, SessionId, Side, missing};

use crate::capture::{TRANSCRIPT, transcript_of};
use crate::engine::Engine;
use crate::freeze::conversation_of;
use crate::history::{History, Seen};
use crate::member::Member;
use crate::ports::{Assistant, Found};
use crate::shelf::Shelf;
use crate::trouble::Trouble;

impl Engine<'_> {
    /// The newest head of which all that was said is here; else what this device saved last in the
    /// session, so that heads of others stay beside the new save and are asked about. `None`: there is
    /// neither, and it goes on from every head.
    pub(super) fn gone_on_from(
        &self,
        member: &Member,
        history: &History,
        session: &SessionId,
        main: Option<&(&dyn Assistant, Found)>,
        root: &Path,
    ) -> Result<Option<SaveId>, Trouble> {
        let Some((assistant, found)) = main else { return Ok(None) };
        let mut heads = history.heads(session);
        heads.sort_by_key(|seen| Reverse(seen.card.timestamp_ms));
        for head in heads {
            if self.is_all_here(member, head, *assistant, found, root)? {
                return Ok(Some(head.card.save.clone()));
            }
        }
        Ok(history.last_of(session, &member.profile.device.id).map(|seen| seen.card.save.clone()))
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
        if seen.card.conversation.as_ref() != Some(&found.id) {
            // Its conversation stays in the session, beside this one.
            return Ok(true);
        }
        let mut shelf = Shelf::near(self, member);
        let Ok(open) = shelf.save(&seen.card.session, &seen.card.save) else { return Ok(false) };
        // Of one that was archived the beginning need not be here.
        let talk = conversation_of(&open.manifest, &found.id);
        let talk = talk.filter(|talk| talk.archived.is_none());
        let Some(state) = talk.and_then(transcript_of) else { return Ok(true) };
        let files = self.files_of(assistant, found)?;
        let Some(source) = files.iter().find(|file| file.logical.as_str() == TRANSCRIPT) else {
            return Ok(false);
        };
        let roots = self.roots(member, &found.id, root)?;
        let mut now = self.canonical(assistant, source, &roots)?;
        let Ok(mut before) = self.rebuilt(&mut shelf, &open.name, state) else { return Ok(false) };
        let mut saved = Side { file: &mut before, len: state.len };
        let mut here = Side { file: &mut now.file, len: now.len };
        let lacks = missing(assistant.rules(), &mut saved, &mut here);
        Ok(lacks.is_ok_and(|lacks| lacks != Missing::Messages))
    }
}
