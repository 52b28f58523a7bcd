//! The index is lost: deleted, replaced by garbage, cut in half. It is only an index.

use std::fs;
use std::path::PathBuf;

use convosync_tests::{Device, World};

use crate::audit::audit;
use crate::scene::{ID, has_one_head, work};

/// What happens to the database.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Deleted,
    Garbage,
    Halved,
}

impl Loss {
    fn happens_to(self, device: &Device) {
        let index = device.index();
        match self {
            Self::Deleted => {
                for file in family(device) {
                    fs::remove_file(file).expect("it was there");
                }
            }
            Self::Garbage => fs::write(&index, [0xa5; 20_000]).expect("written"),
            Self::Halved => {
                let file = fs::File::options().write(true).open(&index).expect("there");
                let len = file.metadata().expect("facts").len();
                file.set_len(len / 2).expect("cut");
            }
        }
    }
}

/// The database with its log.
fn family(device: &Device) -> Vec<PathBuf> {
    let index = device.index();
    let entries = fs::read_dir(index.parent().expect("a folder")).expect("there");
    let name = index.file_name().and_then(|name| name.to_str()).expect("plain").to_owned();
    let ours = move |path: &PathBuf| {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        file.starts_with(&name)
    };
    entries.flatten().map(|entry| entry.path()).filter(ours).collect()
}

/// Saves a step, which has to go on with the session.
#[track_caller]
fn goes_on(device: &Device, step: usize, synced: bool) {
    work(device, step);
    let saved = device.json(&["save", &format!("step {step}")]);
    assert_eq!(saved["new_session"], false, "{saved}");
    assert_eq!(saved["synced"], synced, "{saved}");
}

#[track_caller]
fn store_has(world: &World, device: &Device, steps: usize) {
    has_one_head(device);
    let audit = audit(world, device);
    for step in 1..=steps {
        assert!(audit.has_message(&format!("step {step}")), "step {step} is lost");
    }
    audit.head();
}

/// Takes two devices through every state that an index can be lost in.
fn survives(loss: Loss) {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 1);
    desktop.ok(&["save", "step 1"]);

    // Saves wait.
    let away = world.path().join("away");
    fs::rename(world.store(), &away).expect("moved");
    goes_on(&desktop, 2, false);
    goes_on(&desktop, 3, false);
    loss.happens_to(&desktop);
    goes_on(&desktop, 4, false);
    loss.happens_to(&desktop);
    fs::rename(&away, world.store()).expect("moved back");
    let synced = desktop.json(&["sync"]);
    assert_eq!(synced["sent"].as_array().map(Vec::len), Some(3), "{synced}");
    store_has(&world, &desktop, 4);

    // All is sent.
    loss.happens_to(&desktop);
    goes_on(&desktop, 5, true);
    store_has(&world, &desktop, 5);

    // Resumed and not saved yet.
    laptop.ok(&["resume"]);
    loss.happens_to(&laptop);
    goes_on(&laptop, 6, true);
    store_has(&world, &laptop, 6);

    // Resumed after saves of its own, with a conversation put aside.
    desktop.talk(ID, 1);
    let resumed = desktop.json(&["resume"]);
    assert_eq!(resumed["parked"].as_array().map(Vec::len), Some(1), "{resumed}");
    loss.happens_to(&desktop);
    goes_on(&desktop, 7, true);
    store_has(&world, &desktop, 7);
    laptop.ok(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());
}

#[test]
fn an_index_that_was_deleted_loses_nothing() {
    survives(Loss::Deleted);
}

#[test]
fn an_index_that_became_garbage_loses_nothing() {
    survives(Loss::Garbage);
}

#[test]
fn an_index_that_was_cut_in_half_loses_nothing() {
    survives(Loss::Halved);
}

#[test]
fn a_work_tree_goes_on_with_its_newest_session_when_the_index_is_lost() {
    let world = World::new();
    let desktop = world.first_device("desktop", "app");
    let mut sessions = Vec::new();
    for step in 1..=6 {
        work(&desktop, step);
        let saved = desktop.json(&["save", &format!("step {step}"), "--new"]);
        sessions.push(saved["session_id"].clone());
    }
    Loss::Deleted.happens_to(&desktop);
    work(&desktop, 7);
    let saved = desktop.json(&["save", "step 7"]);
    assert_eq!(Some(&saved["session_id"]), sessions.last(), "{saved}");
}

#[test]
fn an_index_of_a_newer_version_is_told_and_left_alone_and_without_it_nothing_is_lost() {
    let (world, desktop, _laptop) = World::pair();
    work(&desktop, 1);
    desktop.ok(&["save", "step 1"]);
    // The version of a database, 4 bytes (https://www.sqlite.org/fileformat2.html, section 1.3).
    let mut bytes = fs::read(desktop.index()).expect("there");
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    fs::write(desktop.index(), &bytes).expect("written");
    work(&desktop, 2);
    let failure = desktop.refuses(&["save", "step 2"], "convosync::local::newer");
    assert!(failure["help"].to_string().contains("update ConvoSync"), "{failure}");
    assert!(fs::read(desktop.index()).expect("there") == bytes, "it was written to");
    Loss::Deleted.happens_to(&desktop);
    goes_on(&desktop, 2, true);
    store_has(&world, &desktop, 2);
}
