//! Deleting what was found dead again.

use convosync_core::ObjectName;
use convosync_wire::Amount;

use super::{Snapshot, add};
use crate::engine::Engine;
use crate::ports::Store;
use crate::trouble::Trouble;

/// How long what was seen holds: a machine that slept in between has to look again.
const HOLDS_MS: i64 = 60 * 60 * 1000;

impl Engine<'_> {
    /// Deletes objects that were marked long ago and are dead in this snapshot, units first, the
    /// newest of them first: a part without its unit is only litter.
    pub(super) fn sweep(
        &self,
        store: &dyn Store,
        snapshot: &Snapshot,
        ripe: &[(ObjectName, u64)],
    ) -> Result<Amount, Trouble> {
        let mut deleted = Amount::default();
        let (mut units, parts): (Vec<_>, Vec<_>) =
            ripe.iter().partition(|(name, _)| matches!(name, ObjectName::Unit { .. }));
        units.reverse();
        for (name, size) in units.into_iter().chain(parts) {
            self.step("Removing what is not needed any more")?;
            let since = self.ports.clock.now_ms().saturating_sub(snapshot.taken_ms);
            if !(0..HOLDS_MS).contains(&since) {
                break;
            }
            store.delete(name)?;
            self.forget(name)?;
            add(&mut deleted, *size);
        }
        Ok(deleted)
    }
}
