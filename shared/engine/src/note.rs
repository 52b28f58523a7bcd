//! `convosync note`: a few words about a session, sealed and kept with it.

use convosync_core::{CodeState, Manifest};
use convosync_wire::{NoteArgs, NoteReport, Request};

use crate::account::LOCK_WAIT;
use crate::engine::Engine;
use crate::freeze::{Draft, Packing};
use crate::history::{Depth, newest_of};
use crate::look::View;
use crate::retention::deleted;
use crate::send::{SEND_WAIT, Sending, not_sent};
use crate::trouble::{Refusal, Trouble};

/// Letters of a note.
const LONGEST: usize = 2000;

impl Engine<'_> {
    /// Keeps a note with a session. It is an object beside the session's saves, so it makes no head,
    /// and two devices that write at once never conflict.
    ///
    /// # Errors
    ///
    /// If it is empty or too long, or there is no such session; nothing was written then.
    pub(crate) fn note(&self, request: &Request, args: &NoteArgs) -> Result<NoteReport, Trouble> {
        let text = args.text.trim();
        check(text)?;
        let View { member, store, history } = self.need_view(Depth::Heads)?;
        let session = history.resolve(&args.session)?;
        if history.is_deleted(&session) {
            return Err(deleted(&session).into());
        }
        let heads = history.heads(&session);
        let head = newest_of(&heads).ok_or_else(|| nothing_to_note(&args.session))?;
        let lock = self.ports.locks.acquire("freeze", LOCK_WAIT)?;
        let draft = Draft {
            session: session.clone(),
            parents: Vec::new(),
            message: text.to_owned(),
            code: CodeState::None,
            branch: None,
            commit: None,
            repository: head.card.repository.clone(),
            working_directory: request.directory.clone(),
            quiet: false,
            parked: true,
            note: true,
            title: None,
            manifest: Manifest::default(),
        };
        let packing = Packing::new(self, &member, session.clone());
        let frozen = self.freeze(&member, draft, packing, None)?;
        drop(lock);
        let mut notes = history.notes;
        if let Some(store) = &store {
            match self.flush(&member, store.as_ref(), Sending::by_the_way(SEND_WAIT)) {
                Ok(sent) => notes.extend(sent.notes),
                Err(trouble) => notes.push(not_sent(trouble)),
            }
        }
        let queue = self.ports.index.queue()?;
        Ok(NoteReport {
            session_id: session.to_string(),
            save: frozen.card.save.to_string(),
            text: text.to_owned(),
            synced: queue.iter().all(|row| row.save != frozen.card.save),
            local_only: member.profile.local_only,
            notes,
        })
    }
}

fn check(text: &str) -> Result<(), Refusal> {
    let wrong = |message: String| Refusal::new("convosync::note::text", message).argument("text");
    match text.chars().count() {
        0 => Err(wrong("a note needs a text".to_owned())),
        1..=LONGEST => Ok(()),
        count => Err(wrong(format!("the note has {count} letters, and {LONGEST} is the most"))
            .help("put it into the conversation, or into a file of the repository")),
    }
}

fn nothing_to_note(session: &str) -> Refusal {
    Refusal::new(
        "convosync::session::only-parked",
        format!("{} holds only work that was put aside", session.escape_debug()),
    )
    .argument("session")
}
