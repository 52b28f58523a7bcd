//! Where an object can be had: the outbox, the cache, the store; and the way from one to the next.

use std::collections::{BTreeMap, BTreeSet};

use convosync_core::{
    Card, Manifest, ObjectName, PartBody, SaveId, Sealed, SegmentRef, SessionId, UnitBody,
    open_part, open_unit,
};

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Store, StoreError};
use crate::trouble::Trouble;

/// A save that was opened, and what of its session was opened to read its segments.
pub(crate) struct OpenSave {
    pub(crate) card: Card,
    pub(crate) manifest: Manifest,
    pub(crate) name: ObjectName,
}

/// Reads objects of one session, each opened once.
pub(crate) struct Shelf<'e> {
    engine: &'e Engine<'e>,
    member: &'e Member,
    store: Option<&'e dyn Store>,
    opened: BTreeMap<ObjectName, BTreeMap<[u8; 16], Vec<u8>>>,
}

impl<'e> Shelf<'e> {
    /// `store`: none when it does not answer; then what this device keeps has to do.
    pub(crate) fn new(
        engine: &'e Engine<'e>,
        member: &'e Member,
        store: Option<&'e dyn Store>,
    ) -> Self {
        Self { engine, member, store, opened: BTreeMap::new() }
    }

    /// The sealed bytes of an object, from the nearest place.
    pub(crate) fn sealed(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        let ports = self.engine.ports;
        let near: [&dyn Store; 2] = [ports.outbox, ports.cache];
        for place in near.into_iter().chain(self.store) {
            match place.get(name) {
                Err(StoreError::Missing(_)) => {}
                other => return other,
            }
        }
        match self.store {
            Some(_) => Err(StoreError::Missing(name.clone())),
            None => Err(StoreError::Unreachable(format!("`{name}` is only in the store"))),
        }
    }

    /// Opens a save. A copy of ours that is damaged is passed over for the store's.
    pub(crate) fn save(&mut self, session: &SessionId, save: &SaveId) -> Result<OpenSave, Trouble> {
        let name = ObjectName::Unit { session: session.clone(), save: save.clone() };
        let member = self.member;
        let (card, body): (Card, UnitBody) = self.open(&name, |sealed| {
            open_unit(&member.profile.account, &member.devices, &name, sealed)
        })?;
        let UnitBody { manifest, segments } = body;
        self.opened.insert(name.clone(), by_id(segments));
        Ok(OpenSave { card, manifest, name })
    }

    /// The packed bytes of a segment of a save in `unit`.
    pub(crate) fn segment(
        &mut self,
        unit: &ObjectName,
        segment: &SegmentRef,
    ) -> Result<Vec<u8>, Trouble> {
        let container = segment.container.as_ref().unwrap_or(unit);
        if !self.opened.contains_key(container) {
            // Big parts are not kept once used: memory stays bounded.
            self.opened.retain(|name, _| matches!(name, ObjectName::Unit { .. }) && name == unit);
            let segments = self.container(container)?;
            self.opened.insert(container.clone(), segments);
        }
        self.opened
            .get(container)
            .and_then(|segments| segments.get(&segment.id))
            .cloned()
            .ok_or_else(|| StoreError::Missing(container.clone()).into())
    }

    /// Whether a save and all it refers to can be had and opened.
    pub(crate) fn is_whole(&mut self, session: &SessionId, save: &SaveId) -> bool {
        let Ok(open) = self.save(session, save) else { return false };
        containers(&open.manifest).iter().all(|name| self.container(name).is_ok())
    }

    fn container(&self, name: &ObjectName) -> Result<BTreeMap<[u8; 16], Vec<u8>>, Trouble> {
        let (account, devices) = (&self.member.profile.account, &self.member.devices);
        let segments = match name {
            ObjectName::Unit { .. } => {
                let (_, body) =
                    self.open(name, |sealed| open_unit(account, devices, name, sealed))?;
                body.segments
            }
            _ => {
                let body: PartBody =
                    self.open(name, |sealed| open_part(account, devices, name, sealed))?;
                body.segments
            }
        };
        Ok(by_id(segments))
    }

    fn open<T>(
        &self,
        name: &ObjectName,
        open: impl Fn(&Sealed) -> Result<T, convosync_core::OpenError>,
    ) -> Result<T, Trouble> {
        let ports = self.engine.ports;
        let first = match open(&self.sealed(name)?) {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        // The store's own copy may be whole when ours was damaged on this disk.
        if let Some(store) = self.store
            && let Ok(sealed) = store.get(name)
            && let Ok(opened) = open(&sealed)
        {
            ports.cache.delete(name)?;
            return Ok(opened);
        }
        Err(Trouble::Object { name: name.clone(), error: first })
    }
}

fn by_id(segments: Vec<convosync_core::Packed>) -> BTreeMap<[u8; 16], Vec<u8>> {
    segments.into_iter().map(|packed| (packed.id, packed.bytes)).collect()
}

/// Every object that a save needs besides itself.
pub(crate) fn containers(manifest: &Manifest) -> BTreeSet<ObjectName> {
    let bundle = manifest.code.iter().filter_map(|code| code.bundle.as_ref());
    let files = manifest.conversations.iter().flat_map(|c| c.files.iter().map(|(_, file)| file));
    bundle
        .chain(files)
        .flat_map(|file| file.segments.iter().filter_map(|segment| segment.container.clone()))
        .collect()
}
