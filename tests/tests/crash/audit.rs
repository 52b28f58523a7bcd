//! Opens everything that a store holds, and proves it: without the engine, from keys and formats.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use convosync_adapters::FolderStore;
use convosync_core::{
    Card, Devices, FileState, Manifest, ObjectName, PartBody, Profile, SegmentRef, heads,
    open_device_entry, open_part, open_unit, rebuild,
};
use convosync_engine::ports::Store;
use convosync_tests::{Device, World};

/// A save with its files in canonical form.
pub(crate) struct Saved {
    pub(crate) card: Card,
    /// Every file of every conversation, by `<conversation>/<path>`.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// All saves of a store.
pub(crate) struct Audit {
    pub(crate) saves: Vec<Saved>,
}

type Segments = BTreeMap<[u8; 16], Vec<u8>>;

/// Opens the store of a world with the keys of one of its devices.
///
/// # Panics
///
/// If anything in it does not open, is not whole, refers to what is not there, or if a device
/// used a count twice.
#[track_caller]
pub(crate) fn audit(world: &World, device: &Device) -> Audit {
    audit_at(&world.store(), device)
}

/// As [`audit`], of the folder store at this place.
#[track_caller]
pub(crate) fn audit_at(place: &Path, device: &Device) -> Audit {
    let key_file = fs::read(device.data().join("keys/profile")).expect("the device has keys");
    let profile = Profile::decode(&key_file).expect("the key file is whole");
    let store = FolderStore::new(place.to_owned());
    let devices = devices(&store, &profile);
    let (mut units, mut containers) = (Vec::new(), BTreeMap::<ObjectName, Segments>::new());
    for listed in store.list("v1/").expect("the store can be listed") {
        let name = listed.name;
        let sealed = store.get(&name).expect("what is listed can be read");
        let account = &profile.account;
        match name {
            ObjectName::Unit { .. } => {
                let (card, body) = open_unit(account, &devices, &name, &sealed)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                containers.insert(name.clone(), by_id(body.segments));
                units.push((name, card, body.manifest));
            }
            ObjectName::Part { .. } => {
                let PartBody { segments } = open_part(account, &devices, &name, &sealed)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                containers.insert(name, by_id(segments));
            }
            _ => {}
        }
    }
    let saves = units
        .into_iter()
        .map(|(name, card, manifest)| Saved { card, files: files(&name, &manifest, &containers) })
        .collect();
    let audit = Audit { saves };
    audit.is_sound();
    audit
}

fn devices(store: &FolderStore, profile: &Profile) -> Devices {
    let mut devices = Devices::of(&profile.device);
    for listed in store.list(ObjectName::DEVICES).expect("the store can be listed") {
        let sealed = store.get(&listed.name).expect("what is listed can be read");
        let (id, entry) = open_device_entry(&profile.account, &listed.name, &sealed)
            .expect("every device entry opens");
        devices.add(id, entry).expect("no device changes its key");
    }
    devices
}

fn by_id(segments: Vec<convosync_core::Packed>) -> Segments {
    segments.into_iter().map(|packed| (packed.id, packed.bytes)).collect()
}

fn files(
    unit: &ObjectName,
    manifest: &Manifest,
    containers: &BTreeMap<ObjectName, Segments>,
) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for conversation in &manifest.conversations {
        for (path, state) in &conversation.files {
            let name = format!("{}/{path}", conversation.id);
            files.insert(name, rebuilt(unit, state, containers));
        }
    }
    if let Some(bundle) = manifest.code.as_ref().and_then(|code| code.bundle.as_ref()) {
        files.insert("bundle".to_owned(), rebuilt(unit, bundle, containers));
    }
    files
}

fn rebuilt(
    unit: &ObjectName,
    state: &FileState,
    containers: &BTreeMap<ObjectName, Segments>,
) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let mut fetch = |segment: &SegmentRef| -> Result<Vec<u8>, String> {
        let container = segment.container.as_ref().unwrap_or(unit);
        let found = containers.get(container).and_then(|segments| segments.get(&segment.id));
        found.cloned().ok_or_else(|| format!("{unit}: {container} lacks a segment"))
    };
    rebuild(state, &mut fetch, &mut out).unwrap_or_else(|error| panic!("{unit}: {error:?}"));
    out.rewind().expect("memory");
    let mut bytes = Vec::new();
    out.take(state.len).read_to_end(&mut bytes).expect("memory");
    bytes
}

impl Audit {
    #[track_caller]
    fn is_sound(&self) {
        let names: BTreeSet<_> = self.saves.iter().map(|saved| &saved.card.save).collect();
        let mut counts = BTreeSet::new();
        for Saved { card, .. } in &self.saves {
            card.check().unwrap_or_else(|error| panic!("{}: {error}", card.save));
            let count = (card.device().clone(), card.save.seq());
            assert!(counts.insert(count), "{} uses a count again", card.save);
            for parent in &card.parents {
                assert!(names.contains(parent), "{} lacks its parent {parent}", card.save);
            }
        }
    }

    /// The only head of the only session.
    #[track_caller]
    pub(crate) fn head(&self) -> &Saved {
        let live: Vec<_> = self.saves.iter().filter(|saved| !saved.card.parked).collect();
        let sessions: BTreeSet<_> = live.iter().map(|saved| &saved.card.session).collect();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        let heads = heads(live.iter().map(|saved| (&saved.card.save, &saved.card.vector)));
        let [head] = heads[..] else { panic!("{heads:?}") };
        live.into_iter().find(|saved| saved.card.save == *head).expect("a head is a save")
    }

    /// Whether a save has this message.
    pub(crate) fn has_message(&self, message: &str) -> bool {
        self.saves.iter().any(|saved| saved.card.message == message)
    }

    /// Whether a file of some save holds this text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let text = text.as_bytes();
        let within = |bytes: &Vec<u8>| bytes.windows(text.len()).any(|window| window == text);
        self.saves.iter().any(|saved| saved.files.values().any(within))
    }
}

impl Saved {
    /// The transcript of a conversation, in canonical form.
    pub(crate) fn transcript(&self, conversation: &str) -> String {
        let bytes = &self.files[&format!("{conversation}/transcript.jsonl")];
        String::from_utf8(bytes.clone()).expect("the test's own lines are UTF-8")
    }
}
