//! Where an object can be had: the outbox, the cache, the store; and the way from one to the next.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use convosync_core::{
    Card, Manifest, ObjectName, OpenError, Packed, PartBody, SaveId, Sealed, SegmentRef, SessionId,
    UnitBody, open_part, open_unit, stand_ins_of,
};

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Store, StoreError};
use crate::trouble::Trouble;

/// A save that was opened; its segments are read through the [`Shelf`].
pub(crate) struct OpenSave {
    pub(crate) card: Card,
    pub(crate) manifest: Manifest,
    pub(crate) name: ObjectName,
}

/// Packed bytes that are kept besides those of the save itself. Files of a conversation share
/// their containers, so that most are wanted many times in a row.
const KEPT: usize = 16 << 20;

/// Reads objects of one session, each opened once unless they are big.
pub(crate) struct Shelf<'e> {
    engine: &'e Engine<'e>,
    member: &'e Member,
    store: Far<'e>,
    opened: BTreeMap<ObjectName, Segments>,
}

/// The store of a shelf.
enum Far<'e> {
    /// It does not answer.
    Away,
    /// It is open.
    Open(&'e dyn Store),
    /// It is opened once something is nowhere else.
    Later(OnceCell<Option<Box<dyn Store>>>),
}

/// Packed segments by their ids.
type Segments = BTreeMap<[u8; 16], Vec<u8>>;

impl<'e> Shelf<'e> {
    /// `store`: none when it does not answer; then what this device keeps has to do.
    pub(crate) fn new(
        engine: &'e Engine<'e>,
        member: &'e Member,
        store: Option<&'e dyn Store>,
    ) -> Self {
        let store = store.map_or(Far::Away, Far::Open);
        Self { engine, member, store, opened: BTreeMap::new() }
    }

    /// One whose store is asked for nothing that this device has: who saves does not wait for it.
    pub(crate) fn near(engine: &'e Engine<'e>, member: &'e Member) -> Self {
        Self { engine, member, store: Far::Later(OnceCell::new()), opened: BTreeMap::new() }
    }

    /// The sealed bytes of an object, from the nearest place that has them.
    pub(crate) fn sealed(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        let mut failed = None;
        for place in self.places() {
            match place.get(name) {
                Ok(sealed) => return Ok(sealed),
                Err(StoreError::Missing(_)) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        Err(failed.unwrap_or_else(|| self.nowhere(name)))
    }

    /// The sealed bytes of an object of a session, proven to be whole.
    pub(crate) fn whole(&self, name: &ObjectName) -> Result<Sealed, Trouble> {
        let (account, devices) = (&self.member.profile.account, &self.member.devices);
        let (sealed, ()) = self.open(name, |sealed| match name {
            ObjectName::Unit { .. } => open_unit(account, devices, name, sealed).map(drop),
            _ => open_part(account, devices, name, sealed).map(drop),
        })?;
        Ok(sealed)
    }

    fn places(&self) -> impl Iterator<Item = &dyn Store> {
        let ports = self.engine.ports;
        [ports.outbox, ports.cache].into_iter().chain(iter::once_with(|| self.far()).flatten())
    }

    fn far(&self) -> Option<&dyn Store> {
        match &self.store {
            Far::Away => None,
            Far::Open(store) => Some(*store),
            Far::Later(opened) => {
                let open = || self.engine.open_store(&self.member.profile).ok();
                opened.get_or_init(open).as_deref()
            }
        }
    }

    fn nowhere(&self, name: &ObjectName) -> StoreError {
        match self.far() {
            Some(_) => StoreError::Missing(name.clone()),
            None => StoreError::Unreachable(format!("`{name}` is only in the store")),
        }
    }

    /// Opens a save. A copy of ours that is damaged is passed over for the store's.
    pub(crate) fn save(&mut self, session: &SessionId, save: &SaveId) -> Result<OpenSave, Trouble> {
        let name = ObjectName::Unit { session: session.clone(), save: save.clone() };
        let member = self.member;
        let (_, (card, body)): (_, (Card, UnitBody)) = self.open(&name, |sealed| {
            open_unit(&member.profile.account, &member.devices, &name, sealed)
        })?;
        let UnitBody { manifest, segments } = body;
        self.opened.insert(name.clone(), by_id(segments));
        Ok(OpenSave { card, manifest, name })
    }

    /// Takes in what a save that has no unit yet will hold, under the name of one.
    pub(crate) fn adopt(&mut self, unit: &ObjectName, segments: &[Packed]) {
        self.opened.insert(unit.clone(), by_id(segments.to_vec()));
    }

    /// The packed bytes of a segment of a save in `unit`.
    pub(crate) fn segment(
        &mut self,
        unit: &ObjectName,
        segment: &SegmentRef,
    ) -> Result<Vec<u8>, Trouble> {
        let container = segment.container.as_ref().unwrap_or(unit);
        if !self.opened.contains_key(container) {
            let segments = self.container(container)?;
            self.make_room(size(&segments), unit);
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
        open.manifest.containers().iter().all(|name| self.container(name).is_ok())
    }

    /// What a save refers to and can't be had: the copies that this device has are damaged, and the
    /// store has no better one. What it has no copy of is the store's to keep, which is only asked
    /// if something is known to be `gone`.
    pub(crate) fn lost(&self, manifest: &Manifest, gone: bool) -> BTreeSet<ObjectName> {
        let ports = self.engine.ports;
        let near = |name: &ObjectName| {
            let absent = |place: &dyn Store| matches!(place.get(name), Err(StoreError::Missing(_)));
            !absent(ports.outbox) || !absent(ports.cache)
        };
        let lost = |name: &ObjectName| match (near(name), gone) {
            (true, _) => self.whole(name).is_err(),
            (false, true) => matches!(
                self.container(name),
                Err(Trouble::Object { .. } | Trouble::Store(StoreError::Missing(_)))
            ),
            (false, false) => false,
        };
        manifest.containers().into_iter().filter(lost).collect()
    }

    /// Lets go of what was opened if it would become too much with `more` bytes.
    fn make_room(&mut self, more: usize, unit: &ObjectName) {
        let others = self.opened.iter().filter(|(name, _)| *name != unit);
        let held: usize = others.map(|(_, segments)| size(segments)).sum();
        if held + more > KEPT {
            self.opened.retain(|name, _| name == unit);
        }
    }

    /// All segments of a container, or of what stands in for it.
    pub(crate) fn packed(&self, name: &ObjectName) -> Result<Vec<Packed>, Trouble> {
        let segments = self.container(name)?;
        Ok(segments.into_iter().map(|(id, bytes)| Packed { id, bytes }).collect())
    }

    /// What stands in for a container that is gone.
    pub(crate) fn stand_in(&self, name: &ObjectName) -> Option<(ObjectName, Sealed)> {
        let mut names = self.stand_ins(name).unwrap_or_default().into_iter();
        names.find_map(|name| self.whole(&name).ok().map(|sealed| (name, sealed)))
    }

    /// The names of what stands in for a container, wherever it can be had.
    fn stand_ins(&self, name: &ObjectName) -> Result<BTreeSet<ObjectName>, StoreError> {
        let mut names = BTreeSet::new();
        if let Some(session) = name.session() {
            let prefix = stand_ins_of(&self.member.profile.account, session, name);
            for place in self.places() {
                names.extend(place.list(&prefix)?.into_iter().map(|listed| listed.name));
            }
        }
        Ok(names)
    }

    fn container(&self, name: &ObjectName) -> Result<Segments, Trouble> {
        let trouble = match self.contents(name) {
            Err(trouble @ (Trouble::Store(_) | Trouble::Object { .. })) => trouble,
            found => return found,
        };
        // The same segments may lie under another name.
        for stand_in in self.stand_ins(name).unwrap_or_default() {
            if let Ok(segments) = self.contents(&stand_in) {
                return Ok(segments);
            }
        }
        Err(trouble)
    }

    fn contents(&self, name: &ObjectName) -> Result<Segments, Trouble> {
        let (account, devices) = (&self.member.profile.account, &self.member.devices);
        let (_, segments) = self.open(name, |sealed| match name {
            ObjectName::Unit { .. } => {
                open_unit(account, devices, name, sealed).map(|(_, body)| body.segments)
            }
            _ => open_part(account, devices, name, sealed).map(|body: PartBody| body.segments),
        })?;
        Ok(by_id(segments))
    }

    /// The nearest copy that opens, and what it holds. A damaged copy in the cache is replaced.
    fn open<T>(
        &self,
        name: &ObjectName,
        open: impl Fn(&Sealed) -> Result<T, OpenError>,
    ) -> Result<(Sealed, T), Trouble> {
        let mut failed: Option<Trouble> = None;
        for place in self.places() {
            let trouble = match place.get(name) {
                Ok(sealed) => match open(&sealed) {
                    Ok(opened) => {
                        if failed.is_some() && self.engine.ports.cache.get(name).is_ok() {
                            self.engine.keep(name, &sealed)?;
                        }
                        return Ok((sealed, opened));
                    }
                    Err(error) => Trouble::Object { name: name.clone(), error },
                },
                Err(StoreError::Missing(_)) => continue,
                Err(error) => error.into(),
            };
            failed.get_or_insert(trouble);
        }
        Err(failed.unwrap_or_else(|| self.nowhere(name).into()))
    }
}

fn by_id(segments: Vec<Packed>) -> Segments {
    segments.into_iter().map(|packed| (packed.id, packed.bytes)).collect()
}

fn size(segments: &Segments) -> usize {
    segments.values().map(Vec::len).sum()
}
