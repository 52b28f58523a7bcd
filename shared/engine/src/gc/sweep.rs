//! Deleting what was found dead again.

use std::collections::BTreeMap;

use convosync_core::{ObjectName, SessionId};
use convosync_wire::Amount;

use super::{Snapshot, add};
use crate::engine::Engine;
use crate::ports::Store;
use crate::trouble::Trouble;

/// How long what was seen holds: a machine that slept in between has to look again.
const HOLDS_MS: i64 = 60 * 60 * 1000;

/// What may be deleted, by session, with sizes.
pub(super) type Ripe = BTreeMap<SessionId, Vec<(ObjectName, u64)>>;

impl Engine<'_> {
    /// Deletes objects that were marked long ago and are dead in this snapshot. Of a session about
    /// which something was decided meanwhile nothing is deleted.
    pub(super) fn sweep(
        &self,
        store: &dyn Store,
        snapshot: &Snapshot,
        ripe: Ripe,
    ) -> Result<Amount, Trouble> {
        let mut deleted = Amount::default();
        for (session, objects) in ripe {
            if self.is_decided_anew(store, snapshot, &session)? {
                continue;
            }
            for (name, size) in in_order(objects) {
                self.step("Removing what is not needed any more")?;
                let since = self.ports.clock.now_ms().saturating_sub(snapshot.taken_ms);
                if !(0..HOLDS_MS).contains(&since) {
                    return Ok(deleted);
                }
                store.delete(&name)?;
                self.forget(&name)?;
                add(&mut deleted, size);
            }
        }
        Ok(deleted)
    }

    /// Whether there is a pin or a tombstone of a session that the snapshot does not know.
    fn is_decided_anew(
        &self,
        store: &dyn Store,
        snapshot: &Snapshot,
        session: &SessionId,
    ) -> Result<bool, Trouble> {
        for place in [store, self.ports.outbox] {
            for prefix in [ObjectName::PINS, ObjectName::TOMBSTONES] {
                let listed = place.list(&format!("{prefix}{session}/"))?;
                if listed.iter().any(|listed| !snapshot.history.decisions.knows(&listed.name)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Units first, the newest of them first: a part without its unit is only litter, and a head that
/// is gone tells who brings the session back at the same time.
fn in_order(objects: Vec<(ObjectName, u64)>) -> impl Iterator<Item = (ObjectName, u64)> {
    let is_unit = |(name, _): &(ObjectName, u64)| matches!(name, ObjectName::Unit { .. });
    let (mut units, parts): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_unit);
    units.reverse();
    units.into_iter().chain(parts)
}
