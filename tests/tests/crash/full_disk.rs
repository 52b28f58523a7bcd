//! A disk without room: a clear failure, everything as it was, and the same command succeeds once
//! there is room again.
//!
//! The disk is a small tmpfs in a mount namespace of the test's own. Where the system does not
//! allow that, the tests say so and prove nothing.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use convosync_tests::{Device, World, told};

use crate::scene::{ID, has_one_head, is_saved, store_has_all, work};

/// Set in the process inside the namespace.
const INSIDE: &str = "CONVOSYNC_TEST_FULL_DISK";

/// Runs a test of this file in a namespace where it may mount; true: it is that one.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let can = Command::new("unshare").args(["-rm", "true"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("skipped: this system does not let tests mount");
        return false;
    }
    let output = Command::new("unshare")
        .arg("-rm")
        .arg(std::env::current_exe().expect("a test knows where it is"))
        .args(["--exact", &format!("full_disk::{test}"), "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare ran just now");
    assert!(output.status.success(), "{}", told(&output));
    false
}

/// A small disk.
struct Disk {
    place: PathBuf,
}

impl Disk {
    fn mounted_at(place: &Path) -> Self {
        fs::create_dir_all(place).expect("a folder");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs"])
            .arg(place)
            .output()
            .expect("mount runs");
        assert!(mount.status.success(), "{}", told(&mount));
        Self { place: place.to_owned() }
    }

    /// Takes all room but so many pages of 4 KiB.
    fn fill(&self, left: usize) {
        let mut file = fs::File::create(self.place.join(".ballast")).expect("a file");
        let page = [1; 4096];
        let mut pages = 0u64;
        while file.write_all(&page).is_ok() {
            pages += 1;
        }
        file.set_len(pages.saturating_sub(left as u64) * 4096).expect("cut");
    }

    fn only_reads(&self, only: bool) {
        let how = if only { "remount,ro" } else { "remount,rw" };
        let mount = Command::new("mount").args(["-o", how]).arg(&self.place).output();
        let mount = mount.expect("mount runs");
        assert!(mount.status.success(), "{}", told(&mount));
    }

    fn make_room(&self) {
        fs::remove_file(self.place.join(".ballast")).expect("there is one");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.place).output();
    }
}

/// Two devices; the home of the second is a disk of its own, which goes before the world does.
fn with_a_small_laptop() -> (World, Device, Disk, Device) {
    let world = World::new();
    let desktop = world.first_device("desktop", "app");
    let disk = Disk::mounted_at(&world.path().join("laptop"));
    let laptop = world.next_device("laptop", "code/app");
    (world, desktop, disk, laptop)
}

/// Pages that are left: from none at all to enough for nearly everything.
const LEFT: [usize; 12] = [0, 1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 48];

/// Runs a command on a disk with little room; it fails for that reason, or succeeds.
#[track_caller]
fn fails_for_room(device: &Device, args: &[&str], left: usize) -> bool {
    let output = device.run(&[args, &["--json"]].concat());
    let text = told(&output);
    println!("{left} pages left: {text}");
    if output.status.success() {
        return false;
    }
    assert_eq!(output.status.code(), Some(1), "{left} pages left: {text}");
    assert!(text.contains("::full\""), "{left} pages left: {text}");
    true
}

#[test]
fn a_save_on_a_full_disk_changes_nothing_and_succeeds_when_there_is_room() {
    if !is_inside("a_save_on_a_full_disk_changes_nothing_and_succeeds_when_there_is_room") {
        return;
    }
    let world = World::new();
    let disk = Disk::mounted_at(&world.path().join("desktop"));
    let desktop = world.first_device("desktop", "app");
    let mut failed = 0;
    for (step, left) in LEFT.into_iter().enumerate() {
        work(&desktop, step);
        let before = fs::read(desktop.transcript(ID)).expect("the transcript");
        disk.fill(left);
        failed += usize::from(fails_for_room(&desktop, &["save", "step"], left));
        assert_eq!(desktop.read(&format!("src/{step}.rs")), format!("step {step}\n"));
        assert!(fs::read(desktop.transcript(ID)).expect("still there") == before);
        disk.make_room();
        desktop.ok(&["save", "step"]);
        is_saved(&desktop, step);
    }
    assert!(failed >= 4, "only {failed} saves lacked room");
    store_has_all(&world, &desktop, &[]);
}

#[test]
fn a_resume_on_a_full_disk_loses_nothing_and_succeeds_when_there_is_room() {
    if !is_inside("a_resume_on_a_full_disk_loses_nothing_and_succeeds_when_there_is_room") {
        return;
    }
    let (_world, desktop, disk, laptop) = with_a_small_laptop();
    work(&desktop, 0);
    desktop.ok(&["save", "step"]);
    laptop.ok(&["resume"]);
    let mut failed = 0;
    for (step, left) in (1..).zip(LEFT) {
        work(&desktop, step);
        desktop.ok(&["save", "step"]);
        laptop.write("notes.txt", &format!("notes {step}\n"));
        let before = fs::read(laptop.transcript(ID)).expect("the transcript");
        disk.fill(left);
        let resume = ["resume", "--on-dirty", "stash"];
        failed += usize::from(fails_for_room(&laptop, &resume, left));
        let now = fs::read(laptop.transcript(ID)).expect("still there");
        assert!(now.starts_with(&before[..before.len() / 2]), "half a transcript");
        disk.make_room();
        laptop.ok(&resume);
        assert_eq!(laptop.head(), desktop.head());
        let notes = crate::scene::everywhere(&laptop, "notes.txt");
        assert!(notes.contains(&format!("notes {step}")), "{notes:?}");
        has_one_head(&laptop);
    }
    assert!(failed >= 4, "only {failed} resumes lacked room");
}

#[test]
fn a_full_store_leaves_the_save_queued() {
    if !is_inside("a_full_store_leaves_the_save_queued") {
        return;
    }
    let world = World::new();
    let disk = Disk::mounted_at(&world.store());
    let desktop = world.first_device("desktop", "app");
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    for (step, left) in (1..).zip([0, 1, 2]) {
        work(&desktop, step);
        disk.fill(left);
        let saved = desktop.json(&["save", &format!("step {step}")]);
        println!("{left} pages left: {saved}");
        if saved["synced"] == false {
            assert_eq!(saved["notes"][0]["code"], "convosync::store::full", "{saved}");
        }
        disk.make_room();
        desktop.ok(&["sync"]);
        has_one_head(&desktop);
    }
    store_has_all(&world, &desktop, &["step 1".into(), "step 2".into(), "step 3".into()]);
}

#[test]
fn an_undo_and_an_export_on_a_full_disk_lose_nothing_and_succeed_when_there_is_room() {
    if !is_inside(
        "an_undo_and_an_export_on_a_full_disk_lose_nothing_and_succeed_when_there_is_room",
    ) {
        return;
    }
    let (_world, desktop, disk, laptop) = with_a_small_laptop();
    work(&desktop, 0);
    desktop.ok(&["save", "step"]);
    laptop.write("notes.txt", "notes\n");
    let before = laptop.picture();
    let session = desktop.json(&["list"])[0]["session_id"].as_str().expect("an id").to_owned();
    let mut failed = 0;
    for left in LEFT {
        laptop.ok(&["resume", &session, "--on-dirty", "stash"]);
        disk.fill(left);
        let export = ["export", &session, "--format", "jsonl", "--output", "talk.jsonl"];
        if fails_for_room(&laptop, &export, left) {
            failed += 1;
            let rows = fs::read_dir(&laptop.work_tree).expect("a folder").flatten();
            let names: Vec<_> = rows.map(|row| row.file_name()).collect();
            let is_left = |name: &&std::ffi::OsString| name.to_string_lossy().contains("talk");
            assert_eq!(names.iter().find(is_left), None, "half of an export stays");
        }
        let _ = fs::remove_file(laptop.work_tree.join("talk.jsonl"));
        failed += usize::from(fails_for_room(&laptop, &["undo"], left));
        disk.make_room();
        laptop.ok(&export);
        let exported = fs::read(laptop.work_tree.join("talk.jsonl")).expect("it was written");
        fs::remove_file(laptop.work_tree.join("talk.jsonl")).expect("it is there");
        assert_eq!(exported.iter().filter(|byte| **byte == b'\n').count(), 5, "every line");
        if laptop.json(&["undo", "--list"])[0]["state"] != "undone" {
            laptop.ok(&["undo"]);
        }
        for (now, before) in laptop.picture().iter().zip(&before) {
            assert_eq!(now, before, "{left} pages left");
        }
    }
    assert!(failed >= 4, "only {failed} commands lacked room");
}

#[test]
fn a_home_that_can_only_be_read_is_told_and_all_is_as_it_was() {
    if !is_inside("a_home_that_can_only_be_read_is_told_and_all_is_as_it_was") {
        return;
    }
    let (world, desktop, disk, laptop) = with_a_small_laptop();
    work(&desktop, 0);
    let saved = desktop.json(&["save", "step 0"]);
    let session = saved["session_id"].as_str().expect("an id").to_owned();
    laptop.ok(&["resume"]);
    work(&desktop, 1);
    desktop.ok(&["save", "step 1"]);
    laptop.write("notes.txt", "notes\n");
    laptop.talk(ID, 1);
    let place = format!("file://{}", world.path().join("place").display());
    let commands: [&[&str]; 12] = [
        &["save", "mine"],
        &["save", "mine", "--stash"],
        &["sync"],
        &["resume", "--on-dirty", "stash"],
        &["undo"],
        &["gc"],
        &["key", "rotate"],
        &["store", "move", &place],
        &["pin", &session],
        &["export", &session, "--format", "jsonl", "--output", "talk.jsonl"],
        &["list"],
        &["status"],
    ];
    disk.only_reads(true);
    let before = laptop.picture();
    for command in commands {
        let output = laptop.run(&[command, &["--json"]].concat());
        let text = told(&output);
        println!("{command:?}: {text}");
        assert_eq!(output.status.code(), Some(1), "{command:?}: {text}");
        assert!(text.contains("\"code\":\"convosync::"), "{command:?}: {text}");
        let why = ["Read-only file system", "read-only", "can't be written"];
        assert!(why.iter().any(|why| text.contains(why)), "{command:?}: {text}");
        assert_eq!(laptop.picture(), before, "{command:?}");
    }
    disk.only_reads(false);
    assert!(!world.path().join("place").join("v1").exists(), "no store was begun");
    laptop.ok(&["resume", "--on-dirty", "stash"]);
    assert_eq!(laptop.head(), desktop.head());
    laptop.ok(&["undo"]);
    store_has_all(&world, &desktop, &["step 0".into(), "step 1".into()]);
}
