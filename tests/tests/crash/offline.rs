//! A store that is away: saves wait on the device and are sent later, each of them once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use convosync_adapters::FolderStore;
use convosync_engine::ports::Store;
use convosync_tests::{Device, World, told};

use crate::audit::audit;
use crate::moments::Moments;
use crate::scene::{ID, has_one_head, kill_after, store_has_all, work};

const SAVES: usize = 10;

/// A store that is somewhere else for a while.
struct Away<'w> {
    world: &'w World,
    place: PathBuf,
}

impl<'w> Away<'w> {
    fn goes(world: &'w World) -> Self {
        let place = world.path().join("away");
        fs::rename(world.store(), &place).expect("moved");
        Self { world, place }
    }

    fn comes_back(self) {
        fs::rename(&self.place, self.world.store()).expect("moved back");
    }
}

/// Saves ten times while the store does not answer.
#[track_caller]
fn saves_ten_times(device: &Device, first: usize) -> Vec<String> {
    let messages: Vec<_> = (first..first + SAVES).map(|step| format!("step {step}")).collect();
    for (step, message) in (first..).zip(&messages) {
        work(device, step);
        let output = device.run(&["save", message]);
        assert!(output.status.success(), "{}", told(&output));
        let text = String::from_utf8_lossy(&output.stdout);
        for line in [
            "Network timeout while uploading session",
            "Session saved locally.",
            "Will retry when connection restored.",
            "Retry now: convosync sync --retry",
        ] {
            assert!(text.contains(line), "`{line}` is not said:\n{text}");
        }
        let last = text.trim_end().lines().last().unwrap_or_default();
        assert!(last.contains("NOT on other devices yet"), "{text}");
    }
    let rows = device.json(&["list", "--all", "--offline"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(rows[0]["state"], "queued", "{rows}");
    messages
}

/// Every object in a folder store, by name.
fn objects(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let store = FolderStore::new(folder.to_owned());
    let names = store.list("v1/").expect("a store").into_iter().map(|listed| listed.name);
    names
        .map(|name| {
            let bytes = store.get(&name).expect("what is listed can be read");
            (name.to_string(), bytes.as_bytes().to_vec())
        })
        .collect()
}

#[track_caller]
fn log_has(device: &Device, messages: &[String]) {
    let session = device.json(&["list", "--all"])[0]["session_id"].clone();
    let log = device.json(&["log", session.as_str().expect("an id")]);
    let rows = log.as_array().expect("rows");
    for message in messages {
        let times = rows.iter().filter(|row| row["message"] == message.as_str()).count();
        assert_eq!(times, 1, "`{message}`: {log}");
    }
    assert_eq!(rows.iter().filter(|row| row["head"] == true).count(), 1, "{log}");
}

#[test]
fn ten_saves_without_the_store_become_one_line_when_it_is_back() {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);

    let away = Away::goes(&world);
    let first = saves_ten_times(&desktop, 1);
    away.comes_back();
    let synced = desktop.json(&["sync"]);
    assert_eq!(synced["sent"].as_array().map(Vec::len), Some(SAVES), "{synced}");
    assert_eq!(synced["queued"], 0, "{synced}");
    has_one_head(&desktop);
    log_has(&laptop, &first);
    laptop.ok(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());

    // What only looks sends it too.
    let away = Away::goes(&world);
    let second = saves_ten_times(&desktop, 1 + SAVES);
    away.comes_back();
    has_one_head(&desktop);
    log_has(&laptop, &second);
    laptop.ok(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());
    store_has_all(&world, &laptop, &[first, second].concat());
}

#[test]
fn a_sync_that_was_killed_stores_each_save_once_with_the_bytes_that_were_frozen() {
    let (world, desktop, laptop) = World::pair();
    let mut moments = Moments::new();
    let mut span = std::time::Duration::ZERO;
    let mut frozen = BTreeMap::new();
    for round in 0..=5 {
        let away = Away::goes(&world);
        for step in 0..4 {
            work(&desktop, round * 4 + step);
            desktop.ok(&["save", &format!("step {}", round * 4 + step)]);
        }
        away.comes_back();
        frozen.append(&mut objects(&desktop.data().join("outbox")));
        if round == 0 {
            span = crate::scene::time_of(&desktop, &["sync"]);
            continue;
        }
        for kill in 0..3 {
            let delay = moments.within(span, kill, 3);
            let end = kill_after(desktop.command(&["sync"]), delay);
            println!("seed {}, round {round}, kill {kill} after {delay:?}: {end:?}", moments.seed);
        }
        desktop.ok(&["sync"]);
        assert!(objects(&desktop.data().join("outbox")).is_empty(), "all is sent");
    }
    let stored = objects(&world.store());
    for (name, bytes) in &frozen {
        assert!(stored.get(name) == Some(bytes), "{name} is not what was frozen");
    }
    let audit = audit(&world, &desktop);
    assert_eq!(audit.saves.len(), frozen.len(), "a save was stored twice");
    assert_eq!(audit.head().transcript(ID).lines().count(), 6 * 4 * 5);
    laptop.ok(&["resume"]);
}

#[test]
fn a_store_that_is_an_empty_folder_is_no_place_to_send_to() {
    let (world, desktop, _laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    // A share that is not mounted: its folder is there, and nothing is in it.
    let away = Away::goes(&world);
    fs::create_dir(world.store()).expect("an empty folder");
    work(&desktop, 1);
    let saved = desktop.json(&["save", "step 1"]);
    assert_eq!(saved["synced"], false, "{saved}");
    assert_eq!(saved["notes"][0]["code"], "convosync::store::no-record", "{saved}");
    assert_eq!(world.objects().len(), 0, "something was written into it");
    fs::remove_dir(world.store()).expect("still empty");
    away.comes_back();
    has_one_head(&desktop);
    store_has_all(&world, &desktop, &["step 0".to_owned(), "step 1".to_owned()]);
}
