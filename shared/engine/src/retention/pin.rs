//! `pin` and `unpin`.

use convosync_core::{ObjectName, Pin, Salts, SessionId, Turn, seal_pin};
use convosync_wire::{KeptReport, KeptSession, Note, SessionsArgs};

use crate::engine::Engine;
use crate::history::{Depth, History};
use crate::look::View;
use crate::member::Member;
use crate::send::SEND_WAIT;
use crate::trouble::{Refusal, Trouble};

impl Engine<'_> {
    /// Keeps sessions for ever, or no longer. All of them are found before the first is changed.
    pub(crate) fn pin(&self, args: &SessionsArgs, pinned: bool) -> Result<KeptReport, Trouble> {
        let view = self.need_view(Depth::Heads)?;
        let sessions = named(&view.history, &args.sessions)?;
        let mut rows = Vec::new();
        for session in sessions {
            if view.history.is_deleted(&session) {
                return Err(deleted(&session).into());
            }
            let changed = view.history.decisions.is_pinned(&session) != pinned;
            if changed {
                self.decide_pin(&view, &session, pinned)?;
            }
            rows.push(KeptSession { changed, ..row(&view.history, &session) });
        }
        self.kept(&view, if pinned { "pin" } else { "unpin" }, rows)
    }

    /// Decides that a session is pinned, or not.
    pub(super) fn decide_pin(
        &self,
        view: &View,
        session: &SessionId,
        pinned: bool,
    ) -> Result<(), Trouble> {
        let member = &view.member;
        let turn = self.turn(member, view.history.decisions.pin_turns(session))?;
        let name = ObjectName::Pin { session: session.clone(), turn };
        let pin = Pin { pinned, made_ms: self.ports.clock.now_ms() };
        let hash = member.devices.hash();
        let sealed = seal_pin(&member.profile, hash, &name, &pin, Salts::Fresh(&mut self.random()))
            .map_err(|error| Refusal::new(error.code(), error.to_string()))?;
        self.decide(&name, &sealed)
    }

    /// The turn after these.
    pub(super) fn turn<'t>(
        &self,
        member: &Member,
        before: impl Iterator<Item = &'t Turn>,
    ) -> Result<Turn, Refusal> {
        Turn::after(before, member.profile.device.id.clone(), &self.letters()).map_err(|_| {
            Refusal::new("convosync::retention::turns", "nothing more can be decided about it")
                .help("no honest device decides that often: it was not made by ConvoSync")
        })
    }

    /// Sends what was decided, and tells it. What could not be sent waits, and holds here already.
    pub(super) fn kept(
        &self,
        view: &View,
        verb: &str,
        sessions: Vec<KeptSession>,
    ) -> Result<KeptReport, Trouble> {
        let mut notes = view.history.notes.clone();
        if let Some(store) = &view.store
            && !self.waiting_decisions()?.is_empty()
        {
            let sent = self
                .to_send(&view.member, store.as_ref(), SEND_WAIT)
                .and_then(|_lock| self.send_decisions(&view.member, store.as_ref()));
            notes.extend(sent.err().map(decision_not_sent));
        }
        Ok(KeptReport {
            verb: verb.to_owned(),
            sessions,
            queued: self.waiting_decisions()?.len() as u64,
            grace_days: self.grace().into(),
            notes,
        })
    }
}

/// That a decision holds here and could not be sent.
pub(crate) fn decision_not_sent(trouble: Trouble) -> Note {
    let failure = trouble.failure();
    Note {
        code: failure.code,
        text: format!("other devices do not know of it yet: {}", failure.message),
        help: Some("it is sent with the next save, or now: `convosync sync`".to_owned()),
    }
}

/// The sessions that the user named, each once.
pub(super) fn named(history: &History, texts: &[String]) -> Result<Vec<SessionId>, Refusal> {
    let mut sessions: Vec<SessionId> = Vec::new();
    for text in texts {
        let session = history.resolve(text)?;
        if !sessions.contains(&session) {
            sessions.push(session);
        }
    }
    match sessions.is_empty() {
        false => Ok(sessions),
        true => Err(Refusal::new("convosync::session::which", "which session?")
            .help("name one or more: `convosync list` shows them")
            .argument("session")),
    }
}

/// What is told of a session.
pub(crate) fn row(history: &History, session: &SessionId) -> KeptSession {
    let saves = history.sessions.get(session);
    let last = saves.and_then(|saves| {
        let open = saves.values().filter(|seen| !seen.card.parked);
        open.max_by_key(|seen| (seen.card.timestamp_ms, &seen.card.save))
            .or_else(|| saves.values().next_back())
    });
    KeptSession {
        session_id: session.to_string(),
        timestamp: last.map_or(0, |seen| seen.card.timestamp_ms),
        message: last.map(|seen| seen.card.message.clone()).unwrap_or_default(),
        repository: last.map(|seen| seen.card.repository.clone()).unwrap_or_default(),
        changed: false,
        size: None,
        why: None,
    }
}

/// That a session is deleted, and how to bring it back.
pub(crate) fn deleted(session: &SessionId) -> Refusal {
    Refusal::new("convosync::session::deleted", format!("{session} is deleted"))
        .help(format!("`convosync undelete {session}` brings it back"))
        .argument("session")
}
