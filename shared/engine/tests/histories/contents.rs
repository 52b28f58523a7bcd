//! What lies in the store and the outboxes, opened without the engine, from keys and formats.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek};

use convosync_core::{
    Account, Card, DeviceId, Devices, EpochRecord, Epochs, FileState, Manifest, ObjectName,
    PartBody, Profile, SaveId, Sealed, SegmentRef, SessionId, key_id, open_device_entry,
    open_epoch, open_part, open_unit, rebuild, sealed_epoch, stand_ins_of,
};

type Objects = BTreeMap<ObjectName, Vec<u8>>;
type Segments = BTreeMap<[u8; 16], Vec<u8>>;

/// A save with its files in canonical form.
pub(crate) struct Saved {
    pub(crate) card: Card,
    /// Every file of every conversation, by `<conversation>/<path>`.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Why not all of them can be rebuilt, if that is so.
    pub(crate) broken: Option<String>,
    /// Every object that it refers to.
    pub(crate) containers: BTreeSet<ObjectName>,
    /// Whether it counts: not if its device was revoked before.
    pub(crate) accepted: bool,
}

impl Saved {
    /// Whether it can be a head.
    pub(crate) fn counts(&self) -> bool {
        !self.card.parked && self.accepted
    }
}

/// Every save of some objects, or what is wrong with them.
pub(crate) struct Contents {
    pub(crate) saves: BTreeMap<(SessionId, SaveId), Saved>,
    /// Who is of the account.
    pub(crate) epochs: Epochs,
    /// Objects that are sealed under a key which the account never had.
    pub(crate) rivals: BTreeSet<ObjectName>,
    pub(crate) wrong: Vec<String>,
}

/// Opens all of these objects.
pub(crate) fn contents(profile: &Profile, objects: &Objects) -> Contents {
    let mut wrong = Vec::new();
    let mut epochs = Epochs::default();
    let devices = devices(profile, objects, &mut epochs, &mut wrong);
    follow(profile, objects, &devices, &mut epochs, &mut wrong);
    let (account, mut found) = (&profile.account, Containers::new());
    let (mut units, mut rivals) = (Vec::new(), BTreeSet::new());
    for (name, bytes) in objects {
        let sealed = Sealed::received(bytes.clone());
        let opened = match name {
            ObjectName::Unit { .. } => {
                open_unit(account, &devices, name, &sealed).map(|(card, body)| {
                    units.push((name.clone(), card, body.manifest));
                    body.segments
                })
            }
            ObjectName::Part { .. } => {
                open_part(account, &devices, name, &sealed).map(|PartBody { segments }| segments)
            }
            _ => continue,
        };
        match opened {
            Ok(segments) => {
                let by_id = segments.into_iter().map(|packed| (packed.id, packed.bytes));
                found.insert(name.clone(), by_id.collect::<Segments>());
            }
            Err(error) => {
                if error.to_string().contains("another key") {
                    rivals.insert(name.clone());
                }
                wrong.push(format!("{name}: {error}"));
            }
        }
    }
    let mut saves = BTreeMap::new();
    for (name, card, manifest) in units {
        if let Err(error) = card.check() {
            wrong.push(format!("{name}: {error}"));
        }
        let within = Found { account, session: &card.session, objects: &found };
        let (files, broken) = files(&name, &manifest, &within);
        let containers = manifest.containers();
        let id = (card.session.clone(), card.save.clone());
        let accepted = epochs.accepts(&id.0, &id.1);
        saves.insert(id, Saved { card, files, broken, containers, accepted });
    }
    Contents { saves, epochs, rivals, wrong }
}

/// Takes in the records of all epochs.
fn follow(
    profile: &Profile,
    objects: &Objects,
    devices: &Devices,
    epochs: &mut Epochs,
    wrong: &mut Vec<String>,
) {
    let mut records: BTreeMap<u32, Vec<EpochRecord>> = BTreeMap::new();
    for (name, bytes) in objects {
        let ObjectName::Epoch { epoch, .. } = name else { continue };
        match open_epoch(&profile.account, devices, name, &Sealed::received(bytes.clone())) {
            // One of a key that the account never had is of a device that was revoked meanwhile.
            Ok(record) if !has_key(&profile.account, &record) => {}
            Ok(record) => records.entry(*epoch).or_default().push(record),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    for (epoch, records) in records {
        epochs.take(epoch, records);
    }
}

fn has_key(account: &Account, record: &EpochRecord) -> bool {
    account.keys().any(|key| key_id(&account.only(&key)) == record.key_id)
}

fn devices(
    profile: &Profile,
    objects: &Objects,
    epochs: &mut Epochs,
    wrong: &mut Vec<String>,
) -> Devices {
    let mut devices = Devices::of(&profile.device);
    let entries = objects.iter().filter(|(name, _)| matches!(name, ObjectName::Device { .. }));
    for (name, bytes) in entries {
        let sealed = Sealed::received(bytes.clone());
        match open_device_entry(&profile.account, name, &sealed) {
            Ok((id, entry)) => {
                epochs.enter(&id, sealed_epoch(&sealed).expect("it was opened"));
                if devices.add(id, entry).is_err() {
                    wrong.push(format!("{name} has another key than before"));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    devices
}

type Containers = BTreeMap<ObjectName, Segments>;

/// The containers of a session.
struct Found<'a> {
    account: &'a Account,
    session: &'a SessionId,
    objects: &'a Containers,
}

impl Found<'_> {
    /// A segment in its container, or in one that stands in for it.
    fn segment(&self, container: &ObjectName, id: &[u8; 16]) -> Option<Vec<u8>> {
        let within = |name: &ObjectName| self.objects.get(name)?.get(id).cloned();
        within(container).or_else(|| {
            let start = stand_ins_of(self.account, self.session, container);
            let mut names = self.objects.keys();
            names.find(|name| name.to_string().starts_with(&start)).and_then(within)
        })
    }
}

fn files(
    unit: &ObjectName,
    manifest: &Manifest,
    containers: &Found<'_>,
) -> (BTreeMap<String, Vec<u8>>, Option<String>) {
    let mut states = BTreeMap::new();
    for conversation in &manifest.conversations {
        for (path, state) in &conversation.files {
            states.insert(format!("{}/{path}", conversation.id), state);
        }
    }
    if let Some(bundle) = manifest.code.as_ref().and_then(|code| code.bundle.as_ref()) {
        states.insert("bundle".to_owned(), bundle);
    }
    let (mut files, mut broken) = (BTreeMap::new(), None);
    for (path, state) in states {
        match rebuilt(unit, state, containers) {
            Ok(bytes) => drop(files.insert(path, bytes)),
            Err(error) => broken = Some(format!("{unit}: {path} can't be rebuilt: {error}")),
        }
    }
    (files, broken)
}

fn rebuilt(
    unit: &ObjectName,
    state: &FileState,
    containers: &Found<'_>,
) -> Result<Vec<u8>, String> {
    let mut out = Cursor::new(Vec::new());
    let mut fetch = |segment: &SegmentRef| -> Result<Vec<u8>, String> {
        let container = segment.container.as_ref().unwrap_or(unit);
        let found = containers.segment(container, &segment.id);
        found.ok_or_else(|| format!("{container} lacks a segment"))
    };
    rebuild(state, &mut fetch, &mut out).map_err(|error| format!("{error:?}"))?;
    out.rewind().expect("memory");
    let mut bytes = Vec::new();
    out.take(state.len).read_to_end(&mut bytes).expect("memory");
    Ok(bytes)
}

impl Contents {
    /// That no count is used twice, and every parent is there. What `alone` saved before it joined
    /// may have been collected on it before.
    pub(crate) fn check_together(&mut self, alone: Option<&DeviceId>) {
        let names: BTreeSet<_> = self.saves.keys().map(|(_, save)| save).collect();
        let mut counts = BTreeSet::new();
        for Saved { card, .. } in self.saves.values() {
            if !counts.insert((card.device(), card.save.seq())) {
                self.wrong.push(format!("{} uses a count again", card.save));
            }
            for parent in card.parents.iter().filter(|parent| !names.contains(parent)) {
                if Some(parent.device()) == alone {
                    continue;
                }
                self.wrong.push(format!("{} lacks its parent {parent}", card.save));
            }
        }
    }

    /// Whether a save is one of its session's heads or last three, or was put aside: then it is
    /// kept as a save, and not just for the segments that others refer to.
    pub(crate) fn is_kept(&self, session: &SessionId, save: &SaveId) -> bool {
        let of_session = self.saves.iter().filter(|((of, _), _)| of == session);
        let live = of_session.filter(|(_, saved)| saved.counts());
        let last: Vec<_> = live.map(|((_, id), _)| id).rev().take(3).collect();
        let parked = |saved: &Saved| saved.card.parked;
        self.saves.get(&(session.clone(), save.clone())).is_some_and(parked)
            || last.contains(&save)
            || !self.goes_on_from(session, save)
    }

    /// The objects of a session that its kept saves are and refer to, of those that are there.
    pub(crate) fn needed(
        &self,
        profile: &Profile,
        session: &SessionId,
        there: &BTreeSet<ObjectName>,
    ) -> BTreeSet<ObjectName> {
        let mut needed = BTreeSet::new();
        for ((_, save), saved) in self.saves.iter().filter(|((of, _), _)| of == session) {
            if !self.is_kept(session, save) {
                continue;
            }
            needed.insert(ObjectName::Unit { session: session.clone(), save: save.clone() });
            for name in &saved.containers {
                let start = stand_ins_of(&profile.account, session, name);
                let stands = |other: &&ObjectName| other.to_string().starts_with(&start);
                needed.extend(there.iter().filter(stands).cloned());
                needed.insert(name.clone());
            }
        }
        needed
    }

    /// Whether a save goes on from this one, and is not it.
    pub(crate) fn goes_on_from(&self, session: &SessionId, save: &SaveId) -> bool {
        let later = |saved: &Saved| {
            saved.counts() && saved.card.save != *save && saved.card.vector.covers(save)
        };
        self.saves.iter().any(|((of, _), saved)| of == session && later(saved))
    }
}
