//! A store whose objects are damaged, swapped, foreign or gone: it is told, nothing here changes,
//! and what is whole still works.

use std::fs;
use std::path::{Path, PathBuf};

use convosync_tests::damage::{Damage, damages};
use convosync_tests::tree::{self, Moment};
use convosync_tests::{Device, World, told};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// Three saves of one session by the desktop; the laptop has seen none of them.
struct Line {
    world: World,
    desktop: Device,
    laptop: Device,
    session: String,
    saves: Vec<String>,
    moment: Moment,
}

impl Line {
    fn new() -> Self {
        let (world, desktop, laptop) = World::pair();
        let mut saves = Vec::new();
        let mut session = String::new();
        for n in 1..=3 {
            desktop.talk(ID, 2);
            desktop.write("auth.js", &format!("login {n}\n"));
            let saved = desktop.json(&["save", &format!("Step {n}")]);
            saves.push(text(&saved["save"]));
            session = text(&saved["session_id"]);
        }
        let moment = Moment::of(&[&world.store(), &desktop.home, &laptop.home]);
        Self { world, desktop, laptop, session, saves, moment }
    }

    fn unit(&self, number: usize) -> PathBuf {
        self.world.store().join("v1/s").join(&self.session).join(&self.saves[number - 1])
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).map(drop).expect("a copy");
}

fn swap(a: &Path, b: &Path) {
    let between = a.with_extension("between");
    fs::rename(a, &between).expect("it is there");
    fs::rename(b, a).expect("it is there");
    fs::rename(between, b).expect("it is there");
}

/// What list, log and sync say beside their rows, as one text.
fn beside(device: &Device, args: &[&str]) -> (Value, String) {
    let output = device.run(&[args, &["--json"]].concat());
    assert!(output.status.success(), "{args:?} {}", told(&output));
    let rows = serde_json::from_slice(&output.stdout).expect("JSON");
    (rows, String::from_utf8(output.stderr).expect("UTF-8"))
}

/// Resumes, which has to fail and to change nothing; gives what was said.
#[track_caller]
fn stopped(what: &str, device: &Device, args: &[&str]) -> Value {
    let before = device.evidence();
    let (code, failure) = device.fails(args);
    assert_eq!(code, 1, "{what}: {failure}");
    assert_eq!(device.evidence(), before, "{what}: something changed");
    let stable = failure["code"].as_str().is_some_and(|code| code.starts_with("convosync::"));
    assert!(stable, "{what}: {failure}");
    failure
}

/// Runs the `convosync …` command that a failure's help names.
#[track_caller]
fn follow(what: &str, device: &Device, failure: &Value) -> Value {
    let help = failure["help"].as_str().unwrap_or_else(|| panic!("{what}: {failure}"));
    let command = help.split('`').find(|part| part.starts_with("convosync resume"));
    let command = command.unwrap_or_else(|| panic!("{what}: no command in {help}"));
    let args: Vec<_> = command.split(' ').skip(1).collect();
    device.json(&args)
}

#[test]
fn a_spoilt_newest_save_is_told_and_the_one_before_it_comes_back() {
    let line = Line::new();
    for damage in damages(&line.unit(3)) {
        line.moment.restore();
        damage.spoil(&line.unit(3));
        newest_is_spoilt(&damage, &line);
    }
}

fn newest_is_spoilt(damage: &Damage, line: &Line) {
    let (what, laptop) = (damage.what.as_str(), &line.laptop);
    let (rows, notes) = beside(laptop, &["list"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{what}: {rows}");
    // What is not listed at all can't be missed by a device that has never seen it.
    if damage.hides() {
        assert_eq!(rows[0]["message"], "Step 2", "{what}");
        let resumed = laptop.json(&["resume"]);
        assert_eq!(resumed["save"], line.saves[1].as_str(), "{what}");
        return;
    }
    // A card that can't be read is told; behind one that can, the body is looked at by a resume.
    let told = notes.contains("convosync::object::unreadable") && notes.contains(&line.saves[2]);
    assert!(told || rows[0]["message"] == "Step 3", "{what}: {rows} {notes}");
    let synced = laptop.json(&["sync"])["notes"].to_string();
    assert!(synced.contains(&line.saves[2]) || notes.is_empty(), "{what}: {synced}");
    let (log, _) = beside(laptop, &["log", &line.session]);
    assert!(log.to_string().contains(&line.saves[0]), "{what}: {log}");
    assert!(log.to_string().contains(&line.saves[1]), "{what}: {log}");

    let failure = stopped(what, laptop, &["resume"]);
    assert_eq!(failure["code"], "convosync::save::damaged", "{what}: {failure}");
    assert!(failure["message"].as_str().is_some_and(|m| m.contains(&line.saves[2])), "{failure}");
    let resumed = follow(what, laptop, &failure);
    assert_eq!(resumed["save"], line.saves[1].as_str(), "{what}: {resumed}");
    assert_eq!(laptop.read("auth.js"), "login 2\n", "{what}");
    assert_eq!(resumed["message_count"], 12, "{what}: {resumed}");
}

#[test]
fn a_spoilt_first_save_leaves_none_whole_and_says_what_to_do() {
    let line = Line::new();
    for damage in damages(&line.unit(1)).into_iter().step_by(3) {
        line.moment.restore();
        damage.spoil(&line.unit(1));
        let what = damage.what.as_str();
        let failure = stopped(what, &line.laptop, &["resume"]);
        let code = failure["code"].as_str().unwrap_or_default();
        assert!(
            ["convosync::save::damaged", "convosync::save::arriving"].contains(&code),
            "{what}: {failure}"
        );
        let help = failure["help"].as_str().unwrap_or_default();
        assert!(help.contains("convosync save --new"), "{what}: {failure}");
        // The device that made them has its own copy, and what it saves anew is whole.
        line.desktop.json(&["resume"]);
        let saved = line.desktop.json(&["save", "--new", "Saved anew"]);
        let session = text(&saved["session_id"]);
        let resumed = line.laptop.json(&["resume", &session]);
        assert_eq!(resumed["message_count"], 18, "{what}: {resumed}");
    }
}

#[test]
fn a_save_in_the_place_of_another_is_refused() {
    let line = Line::new();
    let other = line.desktop.json(&["save", "--new", "Another session"]);
    let other =
        line.world.store().join("v1/s").join(text(&other["session_id"])).join(text(&other["save"]));
    let moment = Moment::of(&[&line.world.store(), &line.desktop.home, &line.laptop.home]);
    let session = line.unit(3).parent().expect("a folder").to_owned();
    let (stem, _) = line.saves[2].rsplit_once('-').expect("a save id");
    let invented = session.join(format!("{}-aaaaaaaa", stem.replacen("00000003", "00000007", 1)));
    let (third, second) = (line.unit(3), line.unit(2));
    let others = (other.clone(), other);
    // What is done to the third save, and which one is the newest that is whole then.
    let cases = [
        (Damage::new("swapped with the save before", move |file| swap(file, &second)), 0),
        (Damage::new("swapped with another session's", move |file| swap(file, &others.0)), 1),
        (Damage::new("copied under a newer name", move |file| copy(file, &invented)), 2),
        (Damage::new("another session's in its place", move |file| copy(&others.1, file)), 1),
    ];
    for (damage, whole) in cases {
        moment.restore();
        damage.spoil(&third);
        let what = damage.what.as_str();
        let (_, notes) = beside(&line.laptop, &["list"]);
        assert!(notes.contains("does not belong here"), "{what}: {notes}");
        let failure = stopped(what, &line.laptop, &["resume", &line.session]);
        assert_eq!(failure["code"], "convosync::save::damaged", "{what}: {failure}");
        let resumed = follow(what, &line.laptop, &failure);
        assert_eq!(resumed["save"], line.saves[whole].as_str(), "{what}: {resumed}");
    }
}

#[test]
fn objects_of_another_account_are_refused_wherever_they_lie() {
    let line = Line::new();
    let (theirs, stranger, _) = World::pair();
    stranger.talk(ID, 2);
    let saved = stranger.json(&["save", "Not yours"]);
    let unit =
        theirs.store().join("v1/s").join(text(&saved["session_id"])).join(text(&saved["save"]));
    let entry = theirs.objects_of("v1/dev").remove(0);
    let session = line.world.store().join("v1/s").join(text(&saved["session_id"]));
    fs::create_dir_all(&session).expect("a folder");
    fs::copy(&unit, session.join(unit.file_name().expect("a name"))).expect("a copy");
    fs::copy(&entry, line.world.store().join("v1/dev").join(entry.file_name().expect("a name")))
        .expect("a copy");
    let (rows, notes) = beside(&line.laptop, &["list", "--all"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(rows[0]["message"], "Step 3");
    assert!(notes.contains("a device entry can't be read"), "{notes}");
    assert!(notes.contains(&text(&saved["save"])), "{notes}");
    let (devices, _) = beside(&line.laptop, &["device", "list"]);
    assert_eq!(devices.as_array().map(Vec::len), Some(2), "{devices}");
    let failure = stopped("foreign", &line.laptop, &["resume", &text(&saved["session_id"])]);
    assert_eq!(failure["code"], "convosync::save::damaged", "{failure}");
    assert_eq!(line.laptop.json(&["resume"])["save"], line.saves[2].as_str());
}

#[test]
fn a_spoilt_part_of_a_big_conversation_is_told_and_nothing_is_placed() {
    let (world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    let small = desktop.json(&["save", "Still small"]);
    desktop.talk_noise(ID, 6 << 20);
    let big = desktop.json(&["save", "Grown big"]);
    let parts = world.objects_of("v1/o");
    assert!(!parts.is_empty(), "a conversation of 6 MiB has a part");
    let moment = Moment::of(&[&world.store(), &laptop.home]);
    for damage in damages(&parts[0]).into_iter().step_by(2) {
        moment.restore();
        damage.spoil(&parts[0]);
        let what = damage.what.as_str();
        let (rows, _) = beside(&laptop, &["list"]);
        assert_eq!(rows[0]["message"], "Grown big", "{what}");
        let failure = stopped(what, &laptop, &["resume"]);
        let help = failure["help"].as_str().unwrap_or_default();
        assert!(help.contains(small["save"].as_str().expect("a save")), "{what}: {failure}");
        let resumed = follow(what, &laptop, &failure);
        assert_eq!(resumed["save"], small["save"], "{what}");
        assert_eq!(resumed["message_count"], 3, "{what}");
    }
    moment.restore();
    let resumed = laptop.json(&["resume"]);
    assert_eq!(resumed["save"], big["save"]);
    assert!(fs::metadata(laptop.transcript(ID)).expect("placed").len() > 6 << 20);
}

#[test]
fn a_spoilt_device_entry_hides_that_device_alone() {
    let line = Line::new();
    // A third device, so that one of two unknown ones can be spoilt.
    let tablet = line.world.next_device("tablet", "app");
    tablet.talk("22222222-2222-4333-8444-555555555555", 2);
    tablet.json(&["save", "On the tablet"]);
    let fresh = line.world.bare_device("fresh", "app");
    let moment = Moment::of(&[&line.world.store(), &fresh.home]);
    let me = text(&line.desktop.json(&["device", "list"])[0]["device_id"]);
    let of_desktop = |path: &PathBuf| path.to_string_lossy().contains(&me);
    let entry = line.world.objects_of("v1/dev").into_iter().find(of_desktop).expect("an entry");
    for damage in damages(&entry).into_iter().step_by(3) {
        moment.restore();
        damage.spoil(&entry);
        let what = damage.what.as_str();
        let joined = line.world.join(&fresh);
        assert!(joined.status.success(), "{what}: {}", told(&joined));
        let (rows, notes) = beside(&fresh, &["list"]);
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{what}: {rows}");
        assert_eq!(rows[0]["message"], "On the tablet", "{what}");
        assert!(notes.contains("not known here"), "{what}: {notes}");
        let failure = stopped(what, &fresh, &["resume", &line.session]);
        let code = failure["code"].as_str().unwrap_or_default();
        assert!(code.starts_with("convosync::save::"), "{what}: {failure}");
        // Who knew the device before goes on trusting it.
        assert_eq!(beside(&line.desktop, &["list"]).0.as_array().map(Vec::len), Some(2), "{what}");
    }
}

#[test]
fn a_spoilt_recovery_key_is_not_taken_for_wrong_words() {
    let world = World::new();
    let _desktop = world.first_device("desktop", "app");
    let fresh = world.bare_device("fresh", "app");
    let key = world.objects_of("v1/keys").remove(0);
    let moment = Moment::of(&[&world.store()]);
    for damage in damages(&key) {
        moment.restore();
        damage.spoil(&key);
        let what = damage.what.as_str();
        let joined = world.join(&fresh);
        assert_eq!(joined.status.code(), Some(1), "{what}: {}", told(&joined));
        let said = String::from_utf8_lossy(&joined.stderr).into_owned();
        assert!(!said.contains("these words do not open"), "{what}: {said}");
        assert!(!fresh.data().join("keys/profile").exists(), "{what}");
        assert_eq!(world.objects_of("v1/dev").len(), 1, "{what}: an entry was written");
    }
    moment.restore();
    assert!(world.join(&fresh).status.success());
}

#[test]
fn a_store_whose_record_is_spoilt_or_foreign_is_read_by_nobody_and_never_written() {
    let line = Line::new();
    let (theirs, ..) = World::pair();
    let record = line.world.store().join("v1/store.json");
    let laptop = &line.laptop;
    laptop.json(&["list"]);
    let moment = Moment::of(&[&line.world.store(), &laptop.home]);
    let mut cases = damages(&record);
    let foreign = theirs.store().join("v1/store.json");
    cases.push(Damage::new("foreign", move |file| {
        copy(&foreign, file);
    }));
    for damage in cases {
        moment.restore();
        damage.spoil(&record);
        record_is_spoilt(&damage.what, &line, laptop);
    }
}

fn record_is_spoilt(what: &str, line: &Line, laptop: &Device) {
    let store = tree::fingerprint(&line.world.store(), &[]);
    let (rows, notes) = beside(laptop, &["list"]);
    assert_eq!(rows[0]["message"], "Step 3", "{what}: what is known here is still shown");
    // Something added after a JSON document may leave it the same document.
    if notes.is_empty() {
        return;
    }
    assert!(notes.contains("\"code\":\"convosync::"), "{what}: {notes}");
    laptop.talk("33333333-2222-4333-8444-555555555555", 1);
    let saved = laptop.json(&["save", "--new", "Safe here"]);
    assert_eq!(saved["synced"], false, "{what}: {saved}");
    assert_eq!(saved["queued"], 1, "{what}: {saved}");
    assert!(saved["notes"][0]["code"].as_str().is_some_and(|c| c.starts_with("convosync::")));
    let failure = stopped(what, laptop, &["sync"]);
    assert!(failure["help"].is_string(), "{what}: {failure}");
    assert_eq!(tree::fingerprint(&line.world.store(), &[]), store, "{what}: the store was written");
}

#[test]
fn a_store_that_went_back_to_an_older_copy_is_noticed_and_made_good() {
    let (world, desktop, laptop) = World::pair();
    desktop.talk(ID, 2);
    let first = desktop.json(&["save", "First"]);
    let old = Moment::of(&[&world.store()]);
    desktop.talk(ID, 2);
    let second = desktop.json(&["save", "Second"]);
    laptop.json(&["list"]);
    old.restore();
    let (_, notes) = beside(&laptop, &["list"]);
    assert!(notes.contains("convosync::store::went-back"), "{notes}");
    let failure = stopped("gone", &laptop, &["resume"]);
    assert_eq!(failure["code"], "convosync::save::arriving", "{failure}");
    assert_eq!(follow("gone", &laptop, &failure)["save"], first["save"]);
    // The device that saved it goes on from it, and the session is whole again.
    desktop.talk(ID, 2);
    desktop.json(&["save", "Third"]);
    let resumed = laptop.json(&["resume"]);
    assert_eq!(resumed["message_count"], 18, "{resumed}");
    let (log, _) = beside(&laptop, &["log", &text(&first["session_id"])]);
    assert!(log.to_string().contains(second["save"].as_str().expect("a save")), "{log}");
}

#[test]
fn a_damaged_copy_in_this_devices_cache_is_healed_from_the_store() {
    let line = Line::new();
    let cache = line.desktop.data().join("cache");
    let cached = tree::files(&cache);
    assert!(!cached.is_empty(), "a device keeps what it goes on from");
    let moment = Moment::of(&[&line.world.store(), &line.desktop.home, &line.laptop.home]);
    for copy in &cached {
        for damage in damages(copy).into_iter().step_by(5) {
            moment.restore();
            let whole = fs::read(copy).expect("it was there");
            damage.spoil(copy);
            let what = damage.what.as_str();
            // Of the devices it is the index that is asked, as long as there is one.
            if copy.to_string_lossy().contains("v1/dev") {
                fs::remove_dir_all(line.desktop.home.join(".local/state")).expect("it was there");
            }
            line.desktop.json(&["resume"]);
            line.desktop.talk(ID, 1);
            line.desktop.json(&["save", "On top"]);
            assert_eq!(line.laptop.json(&["resume"])["message_count"], 21, "{what}");
            let now = fs::read(copy).ok();
            assert!(
                now.is_none_or(|now| now == whole),
                "{what}: {} is still damaged",
                copy.display()
            );
        }
    }
}

#[test]
fn a_damaged_copy_in_the_outbox_is_named_and_holds_up_nothing() {
    let line = Line::new();
    let away = line.world.path().join("away");
    fs::rename(line.world.store(), &away).expect("the store goes away");
    line.desktop.talk(ID, 1);
    let lost = line.desktop.json(&["save", "Lost on this disk"]);
    assert_eq!(lost["queued"], 1, "{lost}");
    let frozen = tree::files(&line.desktop.data().join("outbox")).remove(0);
    let moment = Moment::of(&[&line.desktop.home, &line.laptop.home, &away]);
    for damage in damages(&frozen).into_iter().take(14).step_by(3) {
        moment.restore();
        damage.spoil(&frozen);
        let what = damage.what.as_str();
        let _ = fs::remove_dir_all(line.world.store());
        tree::copy(&away, &line.world.store());
        let synced = line.desktop.json(&["sync"]);
        assert_eq!(synced["queued"], 1, "{what}: {synced}");
        let note = synced["notes"].to_string();
        assert!(note.contains("convosync::object::") && note.contains("Save again"), "{note}");
        line.desktop.talk(ID, 1);
        let saved = line.desktop.json(&["save", "Whole by itself"]);
        let resumed = line.laptop.json(&["resume"]);
        assert_eq!(resumed["save"], saved["save"], "{what}: {resumed}");
        assert_eq!(resumed["message_count"], 24, "{what}: {resumed}");
        assert!(frozen.exists(), "{what}: what can't be read is never removed");
    }
}
