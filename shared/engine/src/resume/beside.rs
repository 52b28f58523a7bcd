//! The conversations of a save beside its main one: a merge or a cut transcript kept them apart.
//!
//! One that is here already is left alone, whatever it holds: nothing is ever replaced.

use std::path::{Path, PathBuf};

use convosync_core::{Conversation, ConversationId};
use convosync_wire::Note;

use super::conversation::{ConversationPlan, Staged, below, ready_to_place, still_below};
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Assistant, Here, Placement};
use crate::shelf::{OpenSave, Shelf};
use crate::trouble::Trouble;
use crate::undo::{Entry, Keeping, Talk};

/// It counts as older than the main one by this: clients and saves go on with the newest.
const OLDER_MS: i64 = 60_000;

/// A conversation that is not here yet.
pub(super) struct Beside<'a> {
    assistant: &'a dyn Assistant,
    conversation: Conversation,
    directory: PathBuf,
    staged: Staged,
}

impl Beside<'_> {
    /// What will be done, in the user's words.
    pub(super) fn told(&self) -> String {
        let Conversation { assistant, id, message_count, .. } = &self.conversation;
        format!("restore the {assistant} conversation {id} ({message_count} messages) beside it")
    }
}

impl Engine<'_> {
    /// Those that will be placed, proven whole; and why others will not.
    pub(super) fn plan_beside(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        open: &OpenSave,
        work_tree: &Path,
    ) -> Result<(Vec<Beside<'_>>, Vec<Note>), Trouble> {
        let (mut planned, mut notes) = (Vec::new(), Vec::new());
        for conversation in open.manifest.wanted_conversations().iter().skip(1) {
            match self.one_beside(member, shelf, open, work_tree, conversation) {
                Ok(beside) => planned.extend(beside),
                // It must not keep the main one from coming back.
                Err(trouble @ (Trouble::Assistant(_) | Trouble::Refused(_))) => {
                    notes.push(not_placed(&conversation.id, trouble));
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok((planned, notes))
    }

    fn one_beside(
        &self,
        member: &Member,
        shelf: &mut Shelf<'_>,
        open: &OpenSave,
        work_tree: &Path,
        conversation: &Conversation,
    ) -> Result<Option<Beside<'_>>, Trouble> {
        let assistant = self.assistant_named(&conversation.assistant)?;
        let id = &conversation.id;
        let paths: Vec<_> = conversation.files.iter().map(|(path, _)| path.clone()).collect();
        assistant.accepts(id, &paths)?;
        if !assistant.files(id)?.is_empty() {
            return Ok(None);
        }
        let directory = below(work_tree, &conversation.directory);
        let roots = self.roots(member, id, work_tree)?;
        let staged = self.staged(shelf, open, assistant, conversation, None, &roots)?;
        let conversation = conversation.clone();
        Ok(Some(Beside { assistant, conversation, directory, staged }))
    }

    /// Places them, before the main one: that is the newest then.
    pub(super) fn apply_beside(
        &self,
        keeping: &Keeping<'_>,
        entry: &mut Entry,
        main: Option<&ConversationPlan<'_>>,
        planned: Vec<Beside<'_>>,
    ) -> Result<Vec<Note>, Trouble> {
        if planned.is_empty() {
            return Ok(Vec::new());
        }
        let work_tree = keeping.root;
        let mut newest = self.ports.clock.now_ms();
        if let Some((assistant, id)) = main.and_then(ConversationPlan::kept) {
            let here = Here { work_tree, directory: work_tree, env: keeping.env };
            let found = assistant.pick(&here, id.as_str());
            newest = found.map_or(newest, |found| newest.min(found.modified_ms));
        }
        let modified_ms = Some(newest.saturating_sub(OLDER_MS));
        let mut notes = Vec::new();
        for Beside { assistant, conversation, directory, staged } in planned {
            let id = &conversation.id;
            let directory = still_below(work_tree, &directory);
            let mut files = ready_to_place(assistant, id, &directory, staged)?;
            // A client may have been started with it meanwhile.
            if assistant.files(id)?.is_empty() {
                let talk = Talk { assistant, id, directory: &directory };
                self.note_coming(keeping, entry, talk, &mut files)?;
                assistant.place(&Placement { id, directory: &directory, modified_ms }, files)?;
                notes.push(placed(&conversation, assistant));
            }
        }
        Ok(notes)
    }
}

fn placed(conversation: &Conversation, assistant: &dyn Assistant) -> Note {
    let Conversation { id, message_count, .. } = conversation;
    Note {
        code: "convosync::resume::conversation-beside".to_owned(),
        text: format!("the conversation {id} ({message_count} messages) was restored beside it"),
        help: Some(assistant.open_command(id)),
    }
}

fn not_placed(id: &ConversationId, trouble: Trouble) -> Note {
    let failure = trouble.failure();
    Note {
        code: failure.code,
        text: format!("the conversation {id} was not restored: {}", failure.message),
        help: failure.help,
    }
}
