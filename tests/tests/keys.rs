//! New keys: who reads what before and after, and what a device that was revoked still can.

use std::fs;
use std::path::PathBuf;

use convosync_adapters::FolderStore;
use convosync_core::{
    Account, EpochKey, EpochRecord, ObjectName, Profile, SecretBytes, key_id, seal_device_entry,
    seal_device_key, seal_epoch,
};
use convosync_engine::ports::Store;
use convosync_tests::tree::fingerprint;
use convosync_tests::{Device, World, told};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn profile(device: &Device) -> Profile {
    let key_file = fs::read(device.data().join("keys/profile")).expect("a key file");
    Profile::decode(&key_file).expect("whole")
}

fn session(device: &Device) -> String {
    let rows = device.json(&["list"]);
    rows[0]["session_id"].as_str().expect("a session").to_owned()
}

fn save(device: &Device, message: &str) -> Value {
    device.talk(ID, 1);
    device.json(&["save", message])
}

fn rows(value: &Value, key: &str) -> Vec<String> {
    let rows = value.as_array().expect("rows").iter();
    rows.map(|row| row[key].as_str().expect("a text").to_owned()).collect()
}

#[track_caller]
fn refused(device: &Device, args: &[&str], code: &str) -> Value {
    let (_, failure) = device.fails(args);
    assert_eq!(failure["code"], code, "{failure}");
    failure
}

/// A world where the laptop was revoked and does not know it yet.
fn revoked() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    save(&desktop, "On the desktop");
    laptop.json(&["resume", &session(&laptop), "--on-dirty", "stash"]);
    save(&laptop, "On the laptop");
    let report = desktop.json(&["device", "revoke", "laptop", "--yes"]);
    assert_eq!((&report["changed"], &report["epoch"]), (&true.into(), &2.into()), "{report}");
    assert_eq!(report["revoked"]["state"], "revoked", "{report}");
    (world, desktop, laptop)
}

#[test]
fn a_rotation_changes_the_key_and_nothing_that_people_see() {
    let (_world, desktop, laptop) = World::pair();
    save(&desktop, "Before");
    let report = desktop.json(&["key", "rotate"]);
    assert_eq!(report["epoch"], 2, "{report}");
    save(&desktop, "After");
    assert_eq!(rows(&laptop.json(&["log", &session(&laptop)]), "message"), ["After", "Before"]);
    assert_eq!(profile(&laptop).account, profile(&desktop).account);
    laptop.json(&["resume", &session(&laptop), "--on-dirty", "stash"]);
    save(&laptop, "On with the new key");
    assert_eq!(desktop.json(&["list"])[0]["message"], "On with the new key");
    assert_eq!(profile(&desktop).account.epoch, 2);
}

#[test]
fn the_words_of_init_open_later_keys_and_those_of_an_export_replace_them() {
    let (world, desktop, _laptop) = World::pair();
    save(&desktop, "Before");
    desktop.json(&["key", "rotate"]);
    let tablet = world.next_device("tablet", "code");
    assert_eq!(profile(&tablet).account, profile(&desktop).account);
    let (code, asked) = desktop.fails(&["key", "export"]);
    assert_eq!((code, &asked["question"]), (3, &"export-key".into()), "{asked}");
    let new = world.path().join("new-words");
    let file = new.to_str().expect("UTF-8");
    desktop.json(&["key", "export", "--recovery-file", file, "--yes"]);
    let phone = world.bare_device("phone", "code");
    let joined = world.join(&phone);
    assert!(!joined.status.success(), "the old words\n{}", told(&joined));
    assert!(told(&joined).contains("old-words") || told(&joined).contains("new key since"));
    fs::copy(&new, world.words()).expect("copied");
    let joined = world.join(&phone);
    assert!(joined.status.success(), "{}", told(&joined));
    assert_eq!(phone.json(&["list"])[0]["message"], "Before");
}

#[test]
fn a_revoked_device_is_told_and_keeps_what_it_did_not_send() {
    let (world, desktop, laptop) = revoked();
    let store = fingerprint(&world.store(), &[]);
    laptop.talk(ID, 1);
    // It learns of it while it delivers: the save is kept here.
    let report = laptop.json(&["save", "Too late"]);
    assert_eq!((&report["synced"], &report["queued"]), (&false.into(), &1.into()), "{report}");
    let notes = report["notes"].to_string();
    assert!(notes.contains("convosync::device::revoked"), "{report}");
    // To try again would be no use.
    assert!(notes.contains("convosync device join") && !notes.contains("retry"), "{report}");
    for verb in [&["list"][..], &["sync"], &["save", "More"], &["status"], &["key", "rotate"]] {
        let failure = refused(&laptop, verb, "convosync::device::revoked");
        assert!(failure["message"].to_string().contains("revoked by desktop"), "{failure}");
    }
    assert_eq!(fingerprint(&world.store(), &[]), store, "it wrote into the store");
    assert_eq!(rows(&desktop.json(&["log", &session(&desktop)]), "message").len(), 2);
    let devices = desktop.json(&["device", "list"]);
    assert_eq!(rows(&devices, "state"), ["active", "revoked"]);
}

#[test]
fn a_device_that_was_away_for_two_keys_and_is_revoked_by_the_second_sends_nothing() {
    let (world, desktop, laptop) = World::pair();
    desktop.json(&["key", "rotate"]);
    desktop.json(&["device", "revoke", "laptop", "--yes"]);
    let store = fingerprint(&world.store(), &[]);
    refused(&laptop, &["list"], "convosync::device::revoked");
    laptop.talk(ID, 1);
    let report = laptop.json(&["save", "Too late"]);
    assert_eq!((&report["synced"], &report["queued"]), (&false.into(), &1.into()), "{report}");
    assert!(report["notes"].to_string().contains("convosync::device::revoked"), "{report}");
    assert_eq!(fingerprint(&world.store(), &[]), store, "it wrote into the store");
}

#[test]
fn what_a_revoked_device_saves_later_is_shown_and_does_not_count() {
    let (world, desktop, laptop) = revoked();
    // It has no news of the store: its copy is from before.
    let late = world.path().join("late");
    let before = profile(&laptop);
    copy(&world.store(), &late);
    for epoch in fs::read_dir(late.join("v1/keys")).expect("listed") {
        let path = epoch.expect("an entry").path();
        if path.ends_with("00000002") {
            fs::remove_dir_all(path).expect("removed");
        }
    }
    let aside = world.path().join("aside");
    fs::rename(world.store(), &aside).expect("moved");
    fs::rename(&late, world.store()).expect("moved");
    save(&laptop, "After it was revoked");
    assert_eq!(profile(&laptop), before);
    // Now the copies meet, as a synchronised folder would have it.
    copy(&world.store(), &aside);
    fs::remove_dir_all(world.store()).expect("removed");
    fs::rename(&aside, world.store()).expect("moved");
    let log = desktop.json(&["log", &session(&desktop)]);
    assert_eq!(log[0]["message"], "After it was revoked");
    assert_eq!((&log[0]["quarantined"], &log[0]["head"]), (&true.into(), &false.into()));
    assert_eq!((&log[1]["quarantined"], &log[1]["head"]), (&false.into(), &true.into()));
    assert_eq!(desktop.json(&["list"])[0]["message"], "On the laptop");
    // It is no head, and yet it is there for who wants it.
    let save = log[0]["save"].as_str().expect("a save");
    let args = ["resume", &session(&desktop), "--at", save, "--on-dirty", "stash"];
    assert_eq!(desktop.json(&args)["message"], "After it was revoked");
}

fn copy(from: &PathBuf, to: &PathBuf) {
    let status = std::process::Command::new("cp")
        .args(["-a", "-n", "-T"])
        .args([from, to])
        .status()
        .expect("cp runs");
    assert!(status.success());
}

#[test]
fn a_revoked_device_joins_again_as_a_new_one() {
    let (world, desktop, laptop) = revoked();
    let old = profile(&laptop).device.id;
    refused(&laptop, &["list"], "convosync::device::revoked");
    let moved = format!("{}-moved", world.store_url());
    desktop.json(&["store", "move", &moved]);
    let words = fs::read_to_string(world.words()).expect("the words were written");
    let join = ["device", "join", "--recovery", "--store", &moved, "--device", "laptop"];
    let joined = laptop.with_input(&join, &words);
    assert!(joined.status.success(), "{}", told(&joined));
    assert!(told(&joined).contains(&moved), "{}", told(&joined));
    assert_ne!(profile(&laptop).device.id, old);
    save(&laptop, "Back again");
    assert_eq!(desktop.json(&["list"])[0]["message"], "Back again");
    assert_eq!(rows(&desktop.json(&["device", "list"]), "state"), ["active", "active", "revoked"]);
}

#[test]
fn an_epoch_that_a_revoked_device_forges_is_not_followed() {
    let (world, desktop, laptop) = revoked();
    let store = FolderStore::new(world.store());
    let thief = profile(&laptop);
    let honest = profile(&desktop);
    forge(&store, &thief, &honest);
    let report = desktop.json(&["list"]);
    assert_eq!(report[0]["message"], "On the laptop");
    assert_eq!(profile(&desktop).account, honest.account, "the forged key was taken");
    let rows = desktop.json(&["device", "list"]);
    assert_eq!(rows[0]["state"], "active", "{rows}");
    save(&desktop, "Still mine");
    assert_eq!(desktop.json(&["list"])[0]["message"], "Still mine");
}

/// A record of the same epoch by the revoked device, with a key of its own for everybody, and a
/// device that it makes up.
fn forge(store: &FolderStore, thief: &Profile, victim: &Profile) {
    let mut count = 7_u8;
    let mut random = |bytes: &mut [u8]| {
        for byte in bytes {
            count = count.wrapping_mul(5).wrapping_add(17);
            *byte = count;
        }
    };
    let mut after = thief.clone();
    after.account.move_to(EpochKey { epoch: 2, key: SecretBytes::random(&mut random) });
    let mut active = convosync_core::Devices::of(&thief.device);
    let entry = convosync_core::DeviceEntry::of(&victim.device);
    active.add(victim.device.id.clone(), entry.clone()).expect("new");
    let record = EpochRecord {
        epoch: 2,
        author: thief.device.id.clone(),
        made_ms: 0,
        key_id: key_id(&after.account),
        active,
        revoked: Default::default(),
        recovery: None,
        confirmed: None,
    };
    let to = (&victim.device.id, &entry);
    let (name, key) = seal_device_key(&after, [0; 32], to, &mut random).expect("sealed");
    store.put_new(&name, &key).expect("put");
    let (name, sealed) = seal_epoch(thief, [0; 32], &record, &mut random);
    store.put_new(&name, &sealed).expect("put");
    let made_up = Profile {
        device: convosync_core::Device {
            id: "zzzzzzzz".parse().expect("an id"),
            ..thief.device.clone()
        },
        ..thief.clone()
    };
    let (name, sealed) = seal_device_entry(&made_up, &mut random);
    store.put_new(&name, &sealed).expect("put");
}

#[test]
fn a_store_that_hides_the_newest_epoch_is_refused_before_anything_is_written() {
    let (world, desktop, laptop) = World::pair();
    save(&desktop, "Before");
    desktop.json(&["key", "rotate"]);
    laptop.json(&["list"]);
    fs::remove_dir_all(world.store().join("v1/keys/00000002")).expect("removed");
    let before = fingerprint(&world.store(), &[]);
    for device in [&desktop, &laptop] {
        for verb in [&["sync"][..], &["key", "rotate"], &["device", "revoke", "laptop", "--yes"]] {
            refused(device, verb, "convosync::store::epoch-went-back");
        }
    }
    desktop.talk(ID, 1);
    let report = desktop.json(&["save", "Kept here"]);
    assert_eq!(report["synced"], false, "{report}");
    assert_eq!(fingerprint(&world.store(), &[]), before);
}

#[test]
fn two_rotations_at_once_end_in_one_key_and_lose_no_save() {
    let (world, desktop, laptop) = World::pair();
    let tablet = world.next_device("tablet", "code");
    save(&desktop, "First");
    laptop.json(&["list"]);
    // The laptop rotates on a copy of the store while the desktop revokes the tablet.
    let other = world.path().join("other");
    copy(&world.store(), &other);
    desktop.json(&["device", "revoke", "tablet", "--yes"]);
    save(&desktop, "Under one key");
    let aside = world.path().join("aside");
    fs::rename(world.store(), &aside).expect("moved");
    fs::rename(&other, world.store()).expect("moved");
    laptop.json(&["key", "rotate"]);
    laptop.json(&["resume", &session(&laptop), "--on-dirty", "stash"]);
    save(&laptop, "Under another key");
    copy(&world.store(), &aside);
    fs::remove_dir_all(world.store()).expect("removed");
    fs::rename(&aside, world.store()).expect("moved");
    for _ in 0..2 {
        for device in [&laptop, &desktop] {
            device.json(&["sync"]);
        }
    }
    let (one, two): (Account, Account) = (profile(&desktop).account, profile(&laptop).account);
    assert_eq!((one.epoch, key_id(&one)), (two.epoch, key_id(&two)));
    for device in [&desktop, &laptop] {
        let mut messages = rows(&device.json(&["log", &session(device)]), "message");
        messages.sort();
        assert_eq!(messages, ["First", "Under another key", "Under one key"]);
    }
    refused(&tablet, &["list"], "convosync::device::revoked");
    assert!(!profile(&tablet).account.keys().any(|key| key.epoch == one.epoch));
}

#[test]
fn the_newest_name_of_a_device_is_shown_everywhere() {
    let (_world, desktop, laptop) = World::pair();
    for name in ["travel", "office", "laptop of the office"] {
        assert_eq!(laptop.json(&["device", "rename", name])["changed"], true);
    }
    assert_eq!(laptop.json(&["device", "rename", "laptop of the office"])["changed"], false);
    let names = rows(&desktop.json(&["device", "list"]), "name");
    assert_eq!(names, ["desktop", "laptop of the office"]);
    refused(&laptop, &["device", "rename", " two\nlines"], "convosync::device::name");
}

#[test]
fn a_device_that_can_not_be_revoked_is_named() {
    let (_world, desktop, _laptop) = World::pair();
    refused(&desktop, &["device", "revoke", "desktop", "--yes"], "convosync::device::this-one");
    refused(&desktop, &["device", "revoke", "toaster", "--yes"], "convosync::device::not-found");
    let (code, asked) = desktop.fails(&["device", "revoke", "laptop"]);
    assert_eq!((code, &asked["question"]), (3, &"revoke".into()), "{asked}");
    assert_eq!(desktop.json(&["device", "list"])[1]["state"], "active");
}

#[test]
fn a_key_without_its_record_is_nothing() {
    let (world, desktop, laptop) = World::pair();
    save(&desktop, "Before");
    desktop.json(&["key", "rotate"]);
    // The record has not arrived yet, or the device died before it.
    let store = FolderStore::new(world.store());
    let listed = store.list(ObjectName::KEYS).expect("listed");
    let record = listed.iter().find(|listed| matches!(listed.name, ObjectName::Epoch { .. }));
    let record = record.expect("a record").name.clone();
    let sealed = store.get(&record).expect("there");
    store.delete(&record).expect("gone");
    laptop.json(&["list"]);
    assert_eq!(profile(&laptop).account.epoch, 1);
    store.put_new(&record, &sealed).expect("back");
    laptop.json(&["list"]);
    assert_eq!(profile(&laptop).account.epoch, 2);
}
