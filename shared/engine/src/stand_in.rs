//! What a save refers to is in the store before the save is, and does not go while it follows.

use std::collections::BTreeSet;

use convosync_core::{ObjectName, PartBody, SessionId, seal_part, stand_in_name, stand_ins_of};

use crate::engine::Engine;
use crate::knob;
use crate::member::Member;
use crate::ports::Store;
use crate::settings::Retention;
use crate::shelf::Shelf;
use crate::trouble::{Refusal, Trouble};

/// How long what was found unmarked can be relied on: half of the least grace time that any device
/// may be set to.
const RELIED_ON_MS: i64 = Retention::LEAST_GRACE as i64 * 24 * 60 * 60 * 1000 / 2;

impl Engine<'_> {
    /// Makes sure that everything a unit refers to is in the store and not marked for deletion,
    /// then does `put`; again if that took so long that it may have been marked and deleted
    /// meanwhile. Gives the bytes that went before the unit.
    pub(crate) fn with_needed(
        &self,
        member: &Member,
        store: &dyn Store,
        session: &SessionId,
        needed: &BTreeSet<ObjectName>,
        put: impl Fn() -> Result<(), Trouble>,
    ) -> Result<u64, Trouble> {
        let mut bytes = 0;
        loop {
            let begun = self.ports.clock.now_ms();
            bytes += self.send_needed(member, store, session, needed)?;
            put()?;
            let took = self.ports.clock.now_ms().saturating_sub(begun);
            if needed.is_empty() || (0..RELIED_ON_MS).contains(&took) {
                return Ok(bytes);
            }
        }
    }

    /// What is damaged on this disk is never sent: its name could not be used again. What is
    /// marked, or was and is gone, is put under a new name: whoever collects may still be about
    /// to delete the old one.
    fn send_needed(
        &self,
        member: &Member,
        store: &dyn Store,
        session: &SessionId,
        needed: &BTreeSet<ObjectName>,
    ) -> Result<u64, Trouble> {
        if needed.is_empty() || !knob::proves_at_send() {
            return Ok(0);
        }
        let marks = self.marks(member, store)?;
        let mut there = BTreeSet::new();
        for prefix in [ObjectName::units_of(session), ObjectName::parts_of(session)] {
            there.extend(store.list(&prefix)?.into_iter().map(|listed| listed.name));
        }
        let shelf = Shelf::new(self, member, Some(store));
        let mut bytes = 0;
        for name in needed {
            let stays = there.contains(name) && !marks.may_go(name);
            if stays {
                continue;
            }
            self.step("Uploading the conversation")?;
            if there.contains(name) || marks.has(name) {
                let prefix = stand_ins_of(&member.profile.account, session, name);
                let stands = |name: &ObjectName| {
                    name.to_string().starts_with(&prefix) && !marks.may_go(name)
                };
                if !there.iter().any(stands) {
                    bytes += self.put_stand_in(member, store, session, name, &shelf)?;
                }
            } else {
                let sealed = shelf.whole(name)?;
                store.put_new(name, &sealed)?;
                bytes += sealed.as_bytes().len() as u64;
            }
        }
        Ok(bytes)
    }

    /// Puts the segments of a container into a part of their own.
    fn put_stand_in(
        &self,
        member: &Member,
        store: &dyn Store,
        session: &SessionId,
        container: &ObjectName,
        shelf: &Shelf<'_>,
    ) -> Result<u64, Trouble> {
        let body = PartBody { segments: shelf.packed(container)? };
        let (profile, hash) = (&member.profile, member.devices.hash());
        let random = &mut self.random();
        let name = stand_in_name(&profile.account, session, container, random);
        let sealed = seal_part(profile, hash, &name, &body, random)
            .map_err(|error| Refusal::new("convosync::save::too-big", error.to_string()))?;
        store.put_new(&name, &sealed)?;
        Ok(sealed.as_bytes().len() as u64)
    }
}
