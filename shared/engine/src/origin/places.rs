//! Many origins as one store: each session in its repository's, the account in all.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use convosync_core::{ObjectName, Sealed, SessionId};

use super::consent::{SHARED, WAITS};
use crate::ports::{Caps, Listed, Store, StoreError, starts_one_by_one};

/// An origin that is used.
pub(super) struct Place {
    pub(super) repository: String,
    pub(super) store: Box<dyn Store>,
}

/// The origins that answered.
pub(super) struct Origins {
    pub(super) places: Vec<Place>,
    /// The repository of each session that this device knows.
    pub(super) sessions: BTreeMap<SessionId, String>,
}

/// The session that an object is about.
fn session_of(name: &ObjectName) -> Option<&SessionId> {
    match name {
        ObjectName::Pin { session, .. } | ObjectName::Tombstone { session, .. } => Some(session),
        name => name.session(),
    }
}

impl Origins {
    /// Gives every origin the account's keys and devices that another one has.
    pub(super) fn equalise(&self) -> Result<(), StoreError> {
        if self.places.len() < 2 {
            return Ok(());
        }
        for prefix in SHARED {
            let mut has = Vec::new();
            for place in &self.places {
                let listed = place.store.list(prefix)?.into_iter().map(|listed| listed.name);
                has.push(listed.collect::<BTreeSet<_>>());
            }
            let all: BTreeSet<_> = has.iter().flatten().cloned().collect();
            for (place, has) in self.places.iter().zip(&has) {
                for name in all.difference(has) {
                    place.store.put_new(name, &self.get(name)?)?;
                }
            }
        }
        Ok(())
    }

    /// The origin of a session's repository.
    fn home(&self, session: &SessionId) -> Option<&Place> {
        let holds = |place: &&Place| {
            let units = place.store.list(&ObjectName::units_of(session));
            units.is_ok_and(|units| !units.is_empty())
        };
        match self.sessions.get(session) {
            Some(repository) => self.places.iter().find(|p| p.repository == *repository),
            // Another device saved it: it goes on where it is.
            None => self.places.iter().find(holds),
        }
    }

    /// Where an object may be: at home, or anywhere.
    fn places_of(&self, name: &ObjectName) -> Vec<&dyn Store> {
        let home = session_of(name).and_then(|session| self.home(session));
        match home {
            Some(home) => vec![home.store.as_ref()],
            None => self.places.iter().map(|place| place.store.as_ref()).collect(),
        }
    }

    /// The first place that has it.
    fn first<T>(
        &self,
        name: &ObjectName,
        get: impl Fn(&dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for store in self.places_of(name) {
            match get(store) {
                Err(StoreError::Missing(_)) => {}
                other => return other,
            }
        }
        Err(StoreError::Missing(name.clone()))
    }

    /// Where an object goes.
    fn targets(&self, name: &ObjectName) -> Result<Vec<&dyn Store>, StoreError> {
        let Some(session) = session_of(name) else { return Ok(self.places_of(name)) };
        match self.home(session) {
            Some(home) => Ok(vec![home.store.as_ref()]),
            None => Err(self.homeless(session)),
        }
    }

    fn homeless(&self, session: &SessionId) -> StoreError {
        let repository = self.sessions.get(session).map_or("its repository", String::as_str);
        StoreError::NoPlace(format!(
            "the origin of {repository} may not hold sealed sessions, or can't be used now: {WAITS}"
        ))
    }
}

impl Store for Origins {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        self.targets(name)?.into_iter().try_for_each(|store| store.put_new(name, object))
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        let same = |a: &(ObjectName, Sealed), b: &(ObjectName, Sealed)| {
            session_of(&a.0) == session_of(&b.0)
        };
        for run in objects.chunk_by(same) {
            for store in self.targets(&run[0].0)? {
                store.put_batch(run)?;
            }
        }
        Ok(())
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        self.first(name, |store| store.get(name))
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.first(name, |store| store.get_range(name, range.clone()))
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut found = BTreeMap::new();
        for place in &self.places {
            for listed in place.store.list(prefix)? {
                found.insert(listed.name, listed.size);
            }
        }
        Ok(found.into_iter().map(|(name, size)| Listed { name, size }).collect())
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.places_of(name).into_iter().try_for_each(|store| store.delete(name))
    }

    fn caps(&self) -> Caps {
        Caps { put_if_absent: true, ranges: false }
    }

    fn describe(&self) -> String {
        super::URL.to_owned()
    }
}
