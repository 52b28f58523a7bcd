//! Forgetting on this device what is gone from the store.

use std::collections::BTreeSet;
use std::time::Duration;

use convosync_core::{ObjectName, SaveId, SessionId};

use super::live::{LAST, unit};
use crate::engine::Engine;
use crate::history::{History, Seen};
use crate::member::Member;
use crate::ports::{IndexChange, Store};
use crate::room::newest_own;
use crate::trouble::Trouble;

impl Engine<'_> {
    /// Drops the card of a unit that was deleted. Its copy in the cache stays for now: a save that
    /// is on its way may still need it.
    pub(super) fn forget(&self, name: &ObjectName) -> Result<(), Trouble> {
        if let ObjectName::Unit { session, save } = name {
            let gone = IndexChange::DropCard(session.clone(), save.clone());
            self.ports.index.apply(&[gone])?;
        }
        Ok(())
    }

    /// Drops from the cache what it holds of sessions that are gone. Not while anything is being
    /// saved or brought back here, and nothing of a session that has something to send.
    pub(super) fn clear_cache(&self, member: &Member) -> Result<(), Trouble> {
        let Ok(_lock) = self.ports.locks.acquire("freeze", Duration::ZERO) else { return Ok(()) };
        let mut known: BTreeSet<SessionId> =
            self.ports.index.cards()?.into_iter().map(|stored| stored.session).collect();
        known.extend(self.ports.index.queue()?.into_iter().map(|row| row.session));
        known.extend(
            self.ports
                .outbox
                .list(ObjectName::UNITS)?
                .iter()
                .filter_map(|l| l.name.session().cloned()),
        );
        let mut kept = self.ports.cache.list(ObjectName::UNITS)?;
        let newest = newest_own(&kept, &member.profile.device.id);
        kept.extend(self.ports.cache.list(ObjectName::PARTS)?);
        for listed in kept {
            let of_known = listed.name.session().is_none_or(|session| known.contains(session));
            let counts = matches!(&listed.name, ObjectName::Unit { save, .. } if Some(save) == newest.as_ref());
            if !of_known && !counts {
                self.ports.cache.delete(&listed.name)?;
            }
        }
        Ok(())
    }

    /// Of the saves that were in the store and are no longer there: forgets those that a
    /// collection removed, and gives the others, which should be there.
    pub(crate) fn explained(
        &self,
        member: &Member,
        store: &dyn Store,
        history: &mut History,
        gone: Vec<ObjectName>,
        there: &BTreeSet<ObjectName>,
    ) -> Result<Vec<SaveId>, Trouble> {
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        let marks = self.marks(member, store)?;
        let mut lost = Vec::new();
        for name in gone {
            let ObjectName::Unit { session, save } = &name else { continue };
            let deleted = history.decisions.deletion(session);
            let went = marks.has(&name)
                || deleted.is_some_and(|deletion| deletion.covers.covers(save))
                || goes_on(history, &name, there);
            if !went {
                // One that does not count may lie in a place that the store has left.
                lost.extend(member.epochs.accepts(session, save).then(|| save.clone()));
                continue;
            }
            if let Some(saves) = history.sessions.get_mut(session) {
                saves.remove(save);
                if saves.is_empty() {
                    history.sessions.remove(session);
                }
            }
            self.forget(&name)?;
        }
        Ok(lost)
    }
}

/// Whether it went as old saves go: a save that is there goes on from it, and so many newer ones are
/// there as a collection always leaves. A mark does not stay for ever.
fn goes_on(history: &History, name: &ObjectName, there: &BTreeSet<ObjectName>) -> bool {
    let ObjectName::Unit { session, save } = name else { return false };
    let Some(saves) = history.sessions.get(session) else { return false };
    let later = |seen: &Seen| {
        seen.counts()
            && seen.card.save != *save
            && seen.card.vector.covers(save)
            && (seen.queued || there.contains(&unit(session, &seen.card.save)))
    };
    // Those that are there and of which this device does not know yet count too.
    let newer = there.range(name..).filter(|name| {
        let ObjectName::Unit { session: of, save: newer } = name else { return false };
        of == session && newer > save && saves.get(newer).is_none_or(|seen| seen.counts())
    });
    newer.take(LAST).count() == LAST && saves.values().map(Box::as_ref).any(later)
}
