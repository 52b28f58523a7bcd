//! Pins and deletions of before a join, sealed anew under the account.

use std::collections::BTreeSet;

use convosync_core::{
    Devices, ObjectName, Profile, Salts, Sealed, open_pin, open_tombstone, seal_pin, seal_tombstone,
};

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Store, StoreError};
use crate::trouble::{Refusal, Trouble};

impl Engine<'_> {
    /// Puts what was decided before into the account's store, under the same names. One that is
    /// there was put by a join that was stopped; one that can't be read stays behind.
    pub(crate) fn seal_decisions_anew(
        &self,
        old: &Member,
        profile: &Profile,
        from: &dyn Store,
        to: &dyn Store,
    ) -> Result<(), Trouble> {
        let mut names = BTreeSet::new();
        for place in [from, self.ports.outbox] {
            for prefix in [ObjectName::PINS, ObjectName::TOMBSTONES] {
                names.extend(place.list(prefix)?.into_iter().map(|listed| listed.name));
            }
        }
        for name in names {
            let sealed = from.get(&name).or_else(|_| self.ports.outbox.get(&name))?;
            let Some(anew) = self.decision_anew(old, profile, &name, &sealed)? else { continue };
            match to.put_new(&name, &anew) {
                Ok(()) | Err(StoreError::Exists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn decision_anew(
        &self,
        old: &Member,
        profile: &Profile,
        name: &ObjectName,
        sealed: &Sealed,
    ) -> Result<Option<Sealed>, Trouble> {
        let (account, devices) = (&old.profile.account, &old.devices);
        let hash = Devices::of(&profile.device).hash();
        let anew = match name {
            ObjectName::Pin { .. } => match open_pin(account, devices, name, sealed) {
                Ok(pin) => seal_pin(profile, hash, name, &pin, Salts::OfContent),
                Err(_) => return Ok(None),
            },
            _ => match open_tombstone(account, devices, name, sealed) {
                Ok(stone) => seal_tombstone(profile, hash, name, &stone, Salts::OfContent),
                Err(_) => return Ok(None),
            },
        };
        Ok(Some(anew.map_err(|error| Refusal::new(error.code(), error.to_string()))?))
    }
}
