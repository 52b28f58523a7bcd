//! New keys: a device that dies before any step of making one, and what a device that was revoked
//! can make others believe, who were away or are new.

mod world;

use std::cell::Cell;

use convosync_core::{
    DeviceEntry, Devices, EpochKey, EpochRecord, ObjectName, Profile, Revoked, Salts, SaveId,
    Sealed, SecretBytes, Vector, VectorEntry, confirm, key_id, open_unit, seal_device_entry,
    seal_device_key, seal_epoch, seal_recovery_copy, seal_unit,
};
use convosync_engine::Outcome;
use convosync_engine::ports::Store;
use convosync_engine::testing::{FaultyStore, MemoryStore};
use convosync_wire::{ExportArgs, ListArgs, Reply, RevokeArgs, Secret, SyncArgs, Verb};

use world::{Device, World, approved_by, join, messages};

const DISPUTED: &str = "convosync::key::disputed";

fn revoke(device: &str) -> Verb {
    Verb::DeviceRevoke(RevokeArgs { device: device.to_owned(), yes: true })
}

fn export() -> Verb {
    Verb::KeyExport(ExportArgs { recovery_file: None, yes: true })
}

fn sync() -> Verb {
    Verb::Sync(SyncArgs::default())
}

fn names(report: Reply) -> Vec<String> {
    let Reply::Key(mut report) = report else { panic!("a report on keys") };
    report.devices.sort();
    report.devices
}

/// Desk, lap and tab of one account; each of the first two has saved.
fn three(world: &World) -> (Device, Device, Device, Secret) {
    let (desk, lap, words) = world.pair_with_words();
    let tab = world.device("tab", 3);
    tab.ok(&join(&words));
    (desk, lap, tab, words)
}

#[test]
fn a_revocation_that_dies_before_any_step_is_finished_by_the_same_command() {
    for death in 0.. {
        let world = World::new();
        let (desk, lap, tab, _) = three(&world);
        let finished = desk.run(&revoke("lap"), Some(death)).is_some();
        // Others go on meanwhile, whatever there is by then.
        tab.save("meanwhile");
        desk.save("meanwhile");
        assert_eq!(names(desk.ok(&revoke("lap"))), ["desk", "tab"], "at {death}");
        for device in [&tab, &desk] {
            device.ok(&sync());
        }
        assert_eq!(desk.profile().account, tab.profile().account, "at {death}");
        assert_eq!(messages(&desk), messages(&tab), "at {death}");
        assert_eq!(messages(&desk), ["first", "meanwhile", "meanwhile"], "at {death}");
        assert_eq!(lap.fails(&sync()).code, "convosync::device::revoked", "at {death}");
        if finished {
            assert!(death > 15, "it has more steps than that");
            break;
        }
    }
}

#[test]
fn new_keys_and_words_that_die_before_any_step_lock_nobody_out() {
    for verb in [Verb::KeyRotate, export()] {
        for death in 0.. {
            let world = World::new();
            let (desk, lap, words) = world.pair_with_words();
            let finished = desk.run(&verb, Some(death)).is_some();
            lap.save("meanwhile");
            let Reply::Key(report) = desk.ok(&verb) else { panic!("a report on keys") };
            let words = report.recovery_words.map_or(words, Secret);
            for device in [&lap, &desk] {
                device.ok(&sync());
            }
            assert_eq!(desk.profile().account, lap.profile().account, "at {death}");
            let tab = world.device("tab", 3);
            tab.ok(&join(&words));
            assert_eq!(messages(&tab), ["first", "meanwhile"], "at {death}");
            tab.save("by who joined");
            assert_eq!(messages(&lap).len(), 3, "at {death}");
            if finished {
                break;
            }
        }
    }
}

/// A device that was revoked and still writes into the store.
struct Thief<'w> {
    profile: Profile,
    store: &'w FaultyStore<MemoryStore>,
    count: Cell<u8>,
}

impl Thief<'_> {
    fn random(&self) -> impl FnMut(&mut [u8]) + '_ {
        |bytes| {
            for byte in bytes {
                self.count.set(self.count.get().wrapping_mul(5).wrapping_add(17));
                *byte = self.count.get();
            }
        }
    }

    fn put(&self, (name, sealed): (ObjectName, Sealed)) {
        self.store.put_new(&name, &sealed).expect("memory");
    }

    /// Itself as another device, that it makes up.
    fn posing_as(&self, id: &str) -> Profile {
        let id = id.parse().expect("a device id");
        let device = convosync_core::Device { id, joined_ms: 1, ..self.profile.device.clone() };
        Profile { device, ..self.profile.clone() }
    }

    /// The next epoch by this author, for these devices: keys for them and for the words, a record.
    /// `key_of`: the key that the record names, if not the one that was made.
    fn forge(
        &self,
        author: &Profile,
        with: &[&Profile],
        without: &[&Profile],
        key_of: Option<[u8; 16]>,
    ) {
        let mut after = author.clone();
        let epoch = author.account.epoch + 1;
        let key = SecretBytes::random(&mut self.random());
        after.account.move_to(EpochKey { epoch, key });
        let mut active = Devices::of(&author.device);
        for profile in with {
            let entry = DeviceEntry::of(&profile.device);
            active.add(profile.device.id.clone(), entry.clone()).expect("each once");
            let to = (&profile.device.id, &entry);
            self.put(seal_device_key(&after, [0; 32], to, &mut self.random()).expect("a key"));
        }
        let gone = |profile: &&Profile| {
            let name = profile.device.name.clone();
            (profile.device.id.clone(), Revoked { name, epoch, accepted: Default::default() })
        };
        let mut record = EpochRecord {
            epoch,
            author: author.device.id.clone(),
            made_ms: 0,
            key_id: key_of.unwrap_or(key_id(&after.account)),
            active,
            revoked: without.iter().map(gone).collect(),
            recovery: after.account.recovery,
            confirmed: None,
        };
        record.confirmed = Some(confirm(&after.account, &record));
        self.put(seal_recovery_copy(&after, [0; 32], &mut self.random()).expect("a key"));
        self.put(seal_epoch(author, [0; 32], &record, &mut self.random()));
    }
}

/// What a thief makes to be believed. The desk revoked it, the tab was away.
type Forgery = fn(&Thief<'_>, &Profile, &Profile);

const FORGERIES: [(&str, Forgery); 4] = [
    ("without the others", |thief, _, tab| thief.forge(&thief.profile, &[tab], &[], None)),
    ("revoking who revoked it", |thief, desk, tab| {
        thief.forge(&thief.profile, &[tab], &[desk], None);
    }),
    ("with everybody", |thief, desk, tab| thief.forge(&thief.profile, &[desk, tab], &[], None)),
    ("by a device that it made up", |thief, desk, tab| {
        let other = thief.posing_as("22222222");
        thief.put(seal_device_entry(&other, &mut thief.random()));
        thief.forge(&other, &[tab], &[desk], None);
    }),
];

#[test]
fn what_a_revoked_device_forges_is_followed_by_nobody_and_there_is_a_way_in() {
    for (what, forgery) in FORGERIES {
        let world = World::new();
        let (desk, lap, tab, words) = three(&world);
        let (thief, before) = (lap.profile(), tab.profile().account);
        desk.ok(&revoke("lap"));
        let thief = Thief { profile: thief, store: &world.old, count: Cell::new(7) };
        forgery(&thief, &desk.profile(), &tab.profile());
        // Who follows the true one is not misled, and goes on.
        desk.save("still mine");
        assert_eq!(messages(&desk), ["first", "still mine"], "{what}");
        // Who was away keeps its saves and is told what to do.
        tab.save("kept here");
        let failure = tab.fails(&sync());
        assert_eq!(failure.code, DISPUTED, "{what}: {failure:?}");
        assert_eq!(tab.profile().account, before, "{what}");
        // Who is new is not let in by words that the thief may know.
        let phone = world.device("phone", 4);
        let failure = phone.fails(&join(&words));
        assert_eq!(failure.code, DISPUTED, "{what}: {failure:?}");
        assert!(!phone.is_set_up(), "{what}");
        // But by a device that is trusted,
        approved_by(&desk, &phone);
        approved_by(&desk, &tab);
        // and by new words.
        let Reply::Key(report) = desk.ok(&export()) else { panic!("a report on keys") };
        let new = world.device("new", 5);
        new.ok(&join(&Secret(report.recovery_words.expect("new words"))));
        for device in [&tab, &phone, &new, &desk] {
            device.ok(&sync());
            assert_eq!(messages(device), ["first", "kept here", "still mine"], "{what}");
            assert_eq!(
                key_id(&device.profile().account),
                key_id(&desk.profile().account),
                "{what}"
            );
        }
        // It may fool itself, and nobody else.
        let code = lap.fails(&sync()).code;
        assert!(
            [DISPUTED, "convosync::device::revoked"].contains(&code.as_str()),
            "{what}: {code}"
        );
    }
}

#[test]
fn a_record_of_a_key_that_its_author_does_not_have_is_found_out() {
    let world = World::new();
    let (desk, lap, tab, words) = three(&world);
    let thief = Thief { profile: lap.profile(), store: &world.old, count: Cell::new(7) };
    desk.ok(&revoke("lap"));
    let true_key = key_id(&desk.profile().account);
    thief.forge(&thief.profile, &[&tab.profile()], &[], Some(true_key));
    let phone = world.device("phone", 4);
    phone.ok(&join(&words));
    tab.save("on the true key");
    for device in [&desk, &tab, &phone] {
        device.ok(&sync());
        assert_eq!(key_id(&device.profile().account), true_key);
        assert_eq!(messages(device), ["first", "first", "on the true key"]);
    }
}

#[test]
fn a_record_that_a_revoked_device_dates_back_misleads_nobody_new() {
    for revoked in ["desk", "tab"] {
        let world = World::new();
        let (desk, lap, tab, words) = three(&world);
        let thief = Thief { profile: lap.profile(), store: &world.old, count: Cell::new(7) };
        tab.ok(&Verb::KeyRotate);
        desk.ok(&revoke("lap"));
        tab.ok(&sync());
        let (one, two) = (desk.profile(), tab.profile());
        let (with, without) = if revoked == "desk" { (&two, &one) } else { (&one, &two) };
        thief.forge(&thief.profile, &[with], &[without], None);
        let phone = world.device("phone", 4);
        assert_eq!(phone.fails(&join(&words)).code, DISPUTED, "{revoked}");
        approved_by(&desk, &phone);
        phone.save("mine");
        for device in [&desk, &tab, &phone] {
            device.ok(&sync());
            assert_eq!(messages(device), ["first", "first", "mine"], "{revoked}");
        }
    }
}

#[test]
fn another_key_under_a_devices_name_does_not_take_its_place() {
    let world = World::new();
    let (desk, lap, _tab, words) = three(&world);
    let thief = Thief { profile: lap.profile(), store: &world.old, count: Cell::new(7) };
    desk.ok(&revoke("lap"));
    for _ in 0..8 {
        let posing = thief.posing_as(desk.profile().device.id.as_str());
        thief.put(seal_device_entry(&posing, &mut thief.random()));
    }
    let phone = world.device("phone", 4);
    match phone.run(&join(&words), None) {
        Some(Outcome::Reply(_)) => {}
        Some(Outcome::Failure(failure)) => {
            assert_eq!(failure.code, DISPUTED);
            approved_by(&desk, &phone);
        }
        other => panic!("{other:?}"),
    }
    desk.save("signed by the desk");
    assert!(messages(&phone).contains(&"signed by the desk".to_owned()));
}

/// A save by the thief in the session of a unit, that claims to go on from everything.
fn claim_all(thief: &Thief<'_>, owner: &Profile, seq: u64, generation: u32) -> SaveId {
    let units = thief.store.list(ObjectName::UNITS).expect("memory");
    let of_owner = units.into_iter().map(|listed| listed.name).find(
        |name| matches!(name, ObjectName::Unit { save, .. } if *save.device() == owner.device.id),
    );
    let name = of_owner.expect("it has saved");
    let sealed = thief.store.get(&name).expect("memory");
    let mut devices = Devices::of(&owner.device);
    devices
        .add(thief.profile.device.id.clone(), DeviceEntry::of(&thief.profile.device))
        .expect("two");
    let (mut card, body) =
        open_unit(&thief.profile.account, &devices, &name, &sealed).expect("it has the key");
    let save =
        SaveId::new(generation, thief.profile.device.id.clone(), seq, &[9; 8]).expect("an id");
    let mut all = Vector::default();
    let rand = "zzzzzzzz".to_owned();
    all.0.insert(owner.device.id.clone(), VectorEntry { seq: 999, rand });
    card.vector = Vector::after([&all], &save);
    card.save = save.clone();
    let device = owner.device.id.clone();
    card.parents = vec![SaveId::new(generation - 1, device, 999, &[9; 8]).expect("an id")];
    card.message = "mine alone".to_owned();
    thief.put(
        seal_unit(&thief.profile, devices.hash(), &card, &body, Salts::Fresh(&mut thief.random()))
            .expect("small"),
    );
    save
}

#[test]
fn a_save_that_does_not_count_hides_none_that_does_from_who_never_saw_it() {
    // A later count than any that was accepted, and one that lies before.
    for seq in [99, 1] {
        let world = World::new();
        let (desk, lap, tab, _) = three(&world);
        lap.save("second");
        lap.save("third");
        let thief = Thief { profile: lap.profile(), store: &world.old, count: Cell::new(7) };
        desk.ok(&revoke("lap"));
        let save = claim_all(&thief, &desk.profile(), seq, 99);
        tab.ok(&sync());
        let phone = world.device("phone", 4);
        approved_by(&desk, &phone);
        for device in [&tab, &phone, &desk] {
            assert_eq!(messages(device), ["first", "third"], "{seq}");
            let Reply::Sessions(rows) = device.ok(&Verb::List(ListArgs::default())) else {
                panic!()
            };
            let of_desk = rows.rows.iter().find(|row| row.message == "first").expect("listed");
            let log = Verb::Log { session: of_desk.session_id.clone() };
            let Reply::Log(log) = device.ok(&log) else { panic!("a log") };
            let forged = log.rows.iter().find(|row| row.save == save.to_string());
            assert!(forged.is_some_and(|row| row.quarantined && !row.head), "{seq}: {log:?}");
        }
    }
}
