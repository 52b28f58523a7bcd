//! What lies in the store and the outboxes, opened without the engine, from keys and formats.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek};

use convosync_core::{
    Card, Devices, FileState, Manifest, ObjectName, PartBody, Profile, SegmentRef,
    open_device_entry, open_part, open_unit, rebuild,
};
use convosync_core::{SaveId, Sealed, SessionId};

type Objects = BTreeMap<ObjectName, Vec<u8>>;
type Segments = BTreeMap<[u8; 16], Vec<u8>>;

/// A save with its files in canonical form.
pub(crate) struct Saved {
    pub(crate) card: Card,
    /// Every file of every conversation, by `<conversation>/<path>`.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// Every save of some objects, or what is wrong with them.
pub(crate) struct Contents {
    pub(crate) saves: BTreeMap<(SessionId, SaveId), Saved>,
    pub(crate) wrong: Vec<String>,
}

/// Opens all that lies in `objects`; what they refer to may also be in `near`.
pub(crate) fn contents(profile: &Profile, objects: &Objects, near: &Objects) -> Contents {
    let mut wrong = Vec::new();
    let mut devices = Devices::of(&profile.device);
    for (name, bytes) in near.iter().chain(objects) {
        if !matches!(name, ObjectName::Device { .. }) {
            continue;
        }
        match open_device_entry(&profile.account, name, &Sealed::received(bytes.clone())) {
            Ok((id, entry)) => {
                if devices.add(id, entry).is_err() {
                    wrong.push(format!("{name} has another key than before"));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    let mut containers = BTreeMap::new();
    let mut units = Vec::new();
    for (name, bytes) in near.iter().chain(objects) {
        let wanted = objects.contains_key(name);
        let sealed = Sealed::received(bytes.clone());
        let opened = match name {
            ObjectName::Unit { .. } => {
                open_unit(&profile.account, &devices, name, &sealed).map(|(card, body)| {
                    if wanted && !containers.contains_key(name) {
                        units.push((name.clone(), card, body.manifest));
                    }
                    body.segments
                })
            }
            ObjectName::Part { .. } => open_part(&profile.account, &devices, name, &sealed)
                .map(|PartBody { segments }| segments),
            _ => continue,
        };
        match opened {
            Ok(segments) => {
                let by_id = segments.into_iter().map(|packed| (packed.id, packed.bytes));
                containers.insert(name.clone(), by_id.collect::<Segments>());
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    let mut saves = BTreeMap::new();
    for (name, card, manifest) in units {
        if let Err(error) = card.check() {
            wrong.push(format!("{name}: {error}"));
        }
        let files = files(&name, &manifest, &containers, &mut wrong);
        saves.insert((card.session.clone(), card.save.clone()), Saved { card, files });
    }
    Contents { saves, wrong }
}

fn files(
    unit: &ObjectName,
    manifest: &Manifest,
    containers: &BTreeMap<ObjectName, Segments>,
    wrong: &mut Vec<String>,
) -> BTreeMap<String, Vec<u8>> {
    let mut states = BTreeMap::new();
    for conversation in &manifest.conversations {
        for (path, state) in &conversation.files {
            states.insert(format!("{}/{path}", conversation.id), state);
        }
    }
    if let Some(bundle) = manifest.code.as_ref().and_then(|code| code.bundle.as_ref()) {
        states.insert("bundle".to_owned(), bundle);
    }
    let mut files = BTreeMap::new();
    for (path, state) in states {
        match rebuilt(unit, state, containers) {
            Ok(bytes) => drop(files.insert(path, bytes)),
            Err(error) => wrong.push(format!("{unit}: {path} can't be rebuilt: {error}")),
        }
    }
    files
}

fn rebuilt(
    unit: &ObjectName,
    state: &FileState,
    containers: &BTreeMap<ObjectName, Segments>,
) -> Result<Vec<u8>, String> {
    let mut out = Cursor::new(Vec::new());
    let mut fetch = |segment: &SegmentRef| -> Result<Vec<u8>, String> {
        let container = segment.container.as_ref().unwrap_or(unit);
        let found = containers.get(container).and_then(|segments| segments.get(&segment.id));
        found.cloned().ok_or_else(|| format!("{container} lacks a segment"))
    };
    rebuild(state, &mut fetch, &mut out).map_err(|error| format!("{error:?}"))?;
    out.rewind().expect("memory");
    let mut bytes = Vec::new();
    out.take(state.len).read_to_end(&mut bytes).expect("memory");
    Ok(bytes)
}

impl Contents {
    /// What must hold of all saves of an account together: no count is used twice, every parent
    /// is there.
    pub(crate) fn check_together(&mut self) {
        let names: BTreeSet<_> = self.saves.keys().map(|(_, save)| save).collect();
        let mut counts = BTreeSet::new();
        for Saved { card, .. } in self.saves.values() {
            if !counts.insert((card.device(), card.save.seq())) {
                self.wrong.push(format!("{} uses a count again", card.save));
            }
            for parent in card.parents.iter().filter(|parent| !names.contains(parent)) {
                self.wrong.push(format!("{} lacks its parent {parent}", card.save));
            }
        }
    }
}
