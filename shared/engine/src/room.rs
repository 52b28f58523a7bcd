//! How much of what was sent stays in this device's cache.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use convosync_core::{DeviceId, ObjectName, SaveId, SessionId};

use crate::engine::Engine;
use crate::knob;
use crate::member::Member;
use crate::ports::Listed;
use crate::trouble::Trouble;

impl Engine<'_> {
    /// Drops the chains of the oldest sessions from a cache that grew too big, once a day. The store
    /// has them: the next save of such a session reads them there, or starts the file anew.
    ///
    /// With the `send` lock held; not while anything is being saved or brought back here.
    pub(crate) fn make_room(&self, member: &Member) -> Result<(), Trouble> {
        let Ok(_lock) = self.ports.locks.acquire("freeze", Duration::ZERO) else { return Ok(()) };
        if !self.is_time(member, "made-room")? {
            return Ok(());
        }
        let mut kept = self.ports.cache.list(ObjectName::UNITS)?;
        kept.extend(self.ports.cache.list(ObjectName::PARTS)?);
        let total: u64 = kept.iter().map(|listed| listed.size).sum();
        if total <= knob::cached() {
            return Ok(());
        }
        let (needed, ages) = (self.needed_sessions(member)?, self.ages(member)?);
        for name in leaving(member, kept, total - knob::cached(), &needed, &ages) {
            self.ports.cache.delete(&name)?;
        }
        Ok(())
    }

    /// The sessions that a work tree is on, or that have something to send.
    fn needed_sessions(&self, member: &Member) -> Result<BTreeSet<SessionId>, Trouble> {
        let queued = self.ports.index.queue()?.into_iter().map(|row| row.session);
        let frozen = self.ports.outbox.list("v1/")?;
        let frozen = frozen.iter().filter_map(|listed| listed.name.session().cloned());
        let bound = self.bindings(member)?.into_iter().map(|binding| binding.session);
        Ok(queued.chain(frozen).chain(bound).collect())
    }

    /// When each session was last saved.
    fn ages(&self, member: &Member) -> Result<BTreeMap<SessionId, i64>, Trouble> {
        let mut ages = BTreeMap::new();
        for card in self.known_cards(member)? {
            let newest = ages.entry(card.session).or_insert(card.timestamp_ms);
            *newest = card.timestamp_ms.max(*newest);
        }
        Ok(ages)
    }
}

/// This device's newest save of those in the cache, which stays there: if the index is lost, its
/// count is read from it, and a count must never be used twice.
pub(crate) fn newest_own(kept: &[Listed], me: &DeviceId) -> Option<SaveId> {
    let own = kept.iter().filter_map(|listed| match &listed.name {
        ObjectName::Unit { save, .. } if save.device() == me => Some(save.clone()),
        _ => None,
    });
    own.max_by_key(SaveId::seq)
}

/// What leaves to make room for so many bytes, whole sessions, the oldest first.
fn leaving(
    member: &Member,
    kept: Vec<Listed>,
    mut too_much: u64,
    needed: &BTreeSet<SessionId>,
    ages: &BTreeMap<SessionId, i64>,
) -> Vec<ObjectName> {
    let newest = newest_own(&kept, &member.profile.device.id);
    let mut sessions: BTreeMap<(i64, SessionId), Vec<Listed>> = BTreeMap::new();
    for listed in kept {
        let counts =
            matches!(&listed.name, ObjectName::Unit { save, .. } if Some(save) == newest.as_ref());
        if let Some(session) = listed.name.session().cloned()
            && !counts
            && !needed.contains(&session)
        {
            let age = ages.get(&session).copied().unwrap_or(i64::MIN);
            sessions.entry((age, session)).or_default().push(listed);
        }
    }
    let mut leaving = Vec::new();
    for listed in sessions.into_values() {
        if too_much == 0 {
            break;
        }
        too_much = too_much.saturating_sub(listed.iter().map(|listed| listed.size).sum());
        leaving.extend(listed.into_iter().map(|listed| listed.name));
    }
    leaving
}
