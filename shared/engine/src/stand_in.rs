//! What a save refers to is in the store before the save is, and does not go while it follows.

use std::collections::BTreeSet;

use convosync_core::{
    ObjectName, PartBody, Salts, SessionId, seal_part, stand_in_name, stand_ins_of,
};

use crate::engine::Engine;
use crate::gc::Marks;
use crate::knob;
use crate::member::Member;
use crate::ports::{Store, Table};
use crate::settings::Retention;
use crate::shelf::Shelf;
use crate::trouble::{Refusal, Trouble};

/// How long what was found unmarked can be relied on: half of the least grace time that any device
/// may be set to.
const RELIED_ON_MS: i64 = Retention::LEAST_GRACE as i64 * 24 * 60 * 60 * 1000 / 2;

/// The label of when a stand-in was put.
const STANDS: &str = "stands";

/// What a sender builds on: what is in the store, and what of it may go.
pub(crate) struct Ground {
    pub(crate) marks: Marks,
    pub(crate) there: BTreeSet<ObjectName>,
}

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
            if !needed.is_empty() && knob::proves_at_send() {
                let ground = self.ground(member, store, session)?;
                bytes += self.send_needed(member, store, session, needed, &ground)?;
            }
            put()?;
            let took = self.ports.clock.now_ms().saturating_sub(begun);
            if needed.is_empty() || (0..RELIED_ON_MS).contains(&took) {
                return Ok(bytes);
            }
        }
    }

    /// What is in the store of a session.
    fn ground(
        &self,
        member: &Member,
        store: &dyn Store,
        session: &SessionId,
    ) -> Result<Ground, Trouble> {
        let marks = self.marks(member, store)?;
        let mut there = BTreeSet::new();
        for prefix in [ObjectName::units_of(session), ObjectName::parts_of(session)] {
            there.extend(store.list(&prefix)?.into_iter().map(|listed| listed.name));
        }
        Ok(Ground { marks, there })
    }

    /// What is damaged on this disk is never sent: its name could not be used again. What is
    /// marked, or was and is gone, is put under a new name: whoever collects may still be about
    /// to delete the old one. Gives the bytes that went.
    pub(crate) fn send_needed(
        &self,
        member: &Member,
        store: &dyn Store,
        session: &SessionId,
        needed: &BTreeSet<ObjectName>,
        ground: &Ground,
    ) -> Result<u64, Trouble> {
        let Ground { marks, there } = ground;
        let shelf = Shelf::new(self, member, Some(store));
        let mut bytes = 0;
        let queued = self.ports.outbox.list(&ObjectName::parts_of(session))?;
        let here = queued.iter().filter(|listed| needed.contains(&listed.name));
        let all = here.map(|listed| listed.size).sum();
        for name in needed {
            let stays = there.contains(name) && !marks.may_go(name);
            if stays || self.stands(member, session, name, ground)? {
                continue;
            }
            self.bytes_of("Uploading the conversation", bytes, all)?;
            if there.contains(name) || marks.has(name) {
                bytes += self.put_stand_in(member, store, session, name, &shelf)?;
            } else {
                let sealed = shelf.whole(name)?;
                store.put_new(name, &sealed)?;
                bytes += sealed.as_bytes().len() as u64;
            }
        }
        Ok(bytes)
    }

    /// Whether something in the store stands in for a container and stays. When anything may be
    /// marked, what this device put a short while ago does: who marked it since has to wait longer
    /// than that.
    fn stands(
        &self,
        member: &Member,
        session: &SessionId,
        container: &ObjectName,
        ground: &Ground,
    ) -> Result<bool, Trouble> {
        let Ground { marks, there } = ground;
        let prefix = stand_ins_of(&member.profile.account, session, container);
        let unmarked =
            there.iter().filter(|name| name.to_string().starts_with(&prefix) && !marks.has(name));
        for name in unmarked {
            if !marks.doubt || self.was_put_lately(member, name)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn was_put_lately(&self, member: &Member, stand_in: &ObjectName) -> Result<bool, Trouble> {
        let of = stand_in.to_string();
        let put = self.remembered(member, Table::Misc, STANDS, of.as_bytes())?;
        let put = put.and_then(|text| text.parse::<i64>().ok());
        let now = self.ports.clock.now_ms();
        Ok(put.is_some_and(|put| (0..RELIED_ON_MS).contains(&now.saturating_sub(put))))
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
        // From before it is there: who collects can't have seen it earlier.
        let begun = self.ports.clock.now_ms().to_string();
        let sealed = seal_part(profile, hash, &name, &body, Salts::Fresh(random))
            .map_err(|error| Refusal::new("convosync::save::too-big", error.to_string()))?;
        store.put_new(&name, &sealed)?;
        let of = name.to_string();
        let change = self.remember(member, Table::Misc, STANDS, of.as_bytes(), &begun);
        self.ports.index.apply(&[change])?;
        Ok(sealed.as_bytes().len() as u64)
    }
}
