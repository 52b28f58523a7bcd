//! What this device's own heads refer to stays in the store.

use std::collections::BTreeSet;
use std::time::Duration;

use convosync_core::{ObjectName, SaveId, SessionId};
use convosync_wire::Note;

use super::live::unit;
use crate::engine::Engine;
use crate::history::History;
use crate::member::Member;
use crate::ports::{Store, StoreError};
use crate::stand_in::Ground;
use crate::trouble::Trouble;

impl Engine<'_> {
    /// Puts again what heads of this device refer to and what went, or is about to, and heads that
    /// went themselves. In a folder that is carried from machine to machine another device may have
    /// collected for days before it saw them, a store may have been copied before a save arrived in
    /// it, or been restored from an older copy; a head and what it refers to stay in the cache until
    /// a later save of this device.
    ///
    /// Called with the `send` lock held.
    pub(crate) fn uphold(&self, member: &Member, store: &dyn Store) -> Result<Vec<Note>, Trouble> {
        let heads = own_heads(&self.known(member)?, member);
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        let marks = self.marks(member, store)?;
        let mut there = BTreeSet::new();
        for prefix in [ObjectName::UNITS, ObjectName::PARTS] {
            there.extend(store.list(prefix)?.into_iter().map(|listed| listed.name));
        }
        let ground = Ground { marks, there };
        let mut notes = Vec::new();
        for (session, save) in heads {
            let needed = self.links(member, store, &session, &save);
            let sent = needed
                .and_then(|needed| self.send_needed(member, store, &session, &needed, &ground))
                .and_then(|_| self.put_again(store, &session, &save, &ground));
            match sent {
                Ok(()) => {}
                Err(
                    trouble @ (Trouble::Object { .. } | Trouble::Store(StoreError::Missing(_))),
                ) => {
                    notes.push(lacking(&session, &save, trouble));
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(notes)
    }

    /// Puts a head again that the store has no more.
    fn put_again(
        &self,
        store: &dyn Store,
        session: &SessionId,
        save: &SaveId,
        ground: &Ground,
    ) -> Result<(), Trouble> {
        let name = unit(session, save);
        if ground.there.contains(&name) {
            return Ok(());
        }
        let whole = self.ports.cache.get(&name)?;
        Ok(store.put_new(&name, &whole)?)
    }

    /// The same after a save, once a day: it looks at all that is in the store. What goes wrong is
    /// no matter of the save.
    pub(crate) fn uphold_by_the_way(&self, member: &Member, store: &dyn Store) -> Vec<Note> {
        let Ok(_lock) = self.to_send(member, store, Duration::ZERO) else { return Vec::new() };
        if !self.is_time(member, "upheld").unwrap_or(false) {
            return Vec::new();
        }
        self.uphold(member, store).unwrap_or_default()
    }
}

/// The heads that this device made and the store has, of sessions that are not deleted.
fn own_heads(history: &History, member: &Member) -> Vec<(SessionId, SaveId)> {
    let me = &member.profile.device.id;
    let sessions = history.sessions.keys().filter(|session| !history.is_deleted(session));
    sessions
        .flat_map(|session| history.every_head(session))
        .filter(|seen| seen.card.device() == me && !seen.queued)
        .map(|seen| (seen.card.session.clone(), seen.card.save.clone()))
        .collect()
}

fn lacking(session: &SessionId, save: &SaveId, trouble: Trouble) -> Note {
    Note {
        code: "convosync::save::lacking".to_owned(),
        text: format!("{save} of {session} can't be resumed whole: {}", trouble.failure().message),
        help: Some(format!(
            "save again where its work tree is; `convosync log {session}` shows older saves"
        )),
    }
}
