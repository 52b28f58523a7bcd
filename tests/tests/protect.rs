//! A passphrase on a device's key: what opens it, what stays shut, and what a death in between leaves.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use convosync_core::{KeyLock, Passphrase, Profile};
use convosync_tests::tree::fingerprint;
use convosync_tests::{Device, World, told};

const ID: &str = "11111111-2222-4333-8444-555555555555";
/// Deaths, from the start of the command to a third after its usual end.
const TURNS: u32 = 16;
const LOCKED: &str = "convosync::key-file::locked";
const WRONG: &str = "convosync::key-file::wrong-passphrase";

fn secret_file(device: &Device, name: &str, text: &str) -> String {
    let path = device.home.join(name);
    fs::write(&path, format!("{text}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    path.to_str().expect("UTF-8").to_owned()
}

fn key_file(device: &Device) -> PathBuf {
    device.data().join("keys/profile")
}

#[track_caller]
fn refused(device: &Device, args: &[&str], code: &str) {
    let (exit, failure) = device.fails(args);
    assert_eq!((exit, &failure["code"]), (1, &code.into()), "{args:?} {failure}");
}

/// A device whose key has a passphrase, and the file that holds it.
fn protected(world: &World) -> (Device, String) {
    let device = world.first_device("desktop", "app");
    device.talk(ID, 1);
    device.ok(&["save", "Before"]);
    let new = secret_file(&device, "one", "correct horse");
    let report = device.json(&["key", "protect", "--passphrase", "--new-passphrase-file", &new]);
    assert_eq!(report["passphrase"], true, "{report}");
    (device, new)
}

#[test]
fn off_a_terminal_a_locked_key_stops_every_verb_and_changes_nothing() {
    let world = World::new();
    let (device, file) = protected(&world);
    let evidence = || (fingerprint(&device.data(), &[]), device.head());
    let before = evidence();
    device.write("new.txt", "not committed");
    for args in [
        &["save", "Locked"][..],
        &["list"],
        &["status"],
        &["sync"],
        &["resume", "--latest"],
        &["device", "list"],
        &["key", "rotate"],
        &["key", "protect", "--none"],
    ] {
        refused(&device, args, LOCKED);
    }
    let wrong = secret_file(&device, "wrong", "battery staple");
    refused(&device, &["save", "Locked", "--passphrase-file", &wrong], WRONG);
    assert_eq!(evidence(), before);
    for args in [&["status"][..], &["device", "list"], &["list"], &["save", "Open"]] {
        device.json(&[args, &["--passphrase-file", &file]].concat());
    }
}

#[test]
fn the_variable_names_the_file_for_every_call_and_a_change_of_the_key_keeps_the_passphrase() {
    let world = World::new();
    let (mut device, file) = protected(&world);
    device.more.insert("CONVOSYNC_PASSPHRASE_FILE".into(), file);
    device.ok(&["key", "rotate"]);
    device.ok(&["device", "rename", "desk"]);
    let bytes = fs::read(key_file(&device)).expect("a key file");
    assert!(KeyLock::of(&bytes).expect("whole").is_some());
    let mode = fs::metadata(key_file(&device)).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    device.ok(&["key", "protect", "--none"]);
    device.more.clear();
    assert_eq!(device.json(&["list"]).as_array().expect("rows").len(), 1);
}

#[test]
fn with_require_unlock_an_open_key_neither_saves_nor_resumes() {
    let world = World::new();
    let device = world.first_device("desktop", "app");
    device.talk(ID, 1);
    device.ok(&["config", "set", "require_unlock", "true"]);
    let unprotected = "convosync::key-file::unprotected";
    refused(&device, &["save", "Open"], unprotected);
    refused(&device, &["resume", "--latest"], unprotected);
    device.json(&["list"]);
    let new = secret_file(&device, "one", "correct horse");
    device.ok(&["key", "protect", "--passphrase", "--new-passphrase-file", &new]);
    refused(&device, &["save", "Locked"], LOCKED);
    device.ok(&["save", "Unlocked", "--passphrase-file", &new]);
}

#[test]
fn a_short_passphrase_and_a_file_for_others_are_refused() {
    let world = World::new();
    let device = world.first_device("desktop", "app");
    let before = fs::read(key_file(&device)).expect("a key file");
    let protect = ["key", "protect", "--passphrase", "--new-passphrase-file"];
    let short = secret_file(&device, "short", "seven77");
    refused(&device, &[&protect[..], &[&short]].concat(), "convosync::key-file::short-passphrase");
    let open = secret_file(&device, "open", "correct horse");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).expect("it is ours");
    refused(&device, &[&protect[..], &[&open]].concat(), "convosync::key-file::passphrase-file");
    let missing = "convosync::key-file::no-passphrase";
    refused(&device, &["key", "protect", "--passphrase"], missing);
    assert_eq!(fs::read(key_file(&device)).expect("a key file"), before);
}

#[test]
fn killed_at_any_moment_the_key_file_is_the_old_one_or_the_new_one() {
    let world = World::new();
    let device = world.first_device("desktop", "app");
    let plain = fs::read(key_file(&device)).expect("a key file");
    let profile = Profile::decode(&plain).expect("whole");
    let passphrase = secret_file(&device, "one", "correct horse");
    let args = ["key", "protect", "--passphrase", "--new-passphrase-file", &passphrase];
    let start = Instant::now();
    device.ok(&args);
    let took = start.elapsed();
    let (mut old, mut new) = (0, 0);
    for turn in 0..=TURNS {
        fs::write(key_file(&device), &plain).expect("put back");
        let mut child = device.command(&args).spawn().expect("the helper starts");
        if turn < TURNS {
            sleep(took * turn / (TURNS * 3 / 4));
            // One that has ended is as good.
            let _ = child.kill();
        }
        child.wait().expect("it ends");
        let bytes = fs::read(key_file(&device)).expect("a key file");
        match KeyLock::of(&bytes).expect("whole") {
            None => {
                assert!(bytes == plain, "the old one, byte for byte");
                old += 1;
            }
            Some(lock) => {
                let key = lock.key(&Passphrase::on_line("correct horse"));
                assert!(Profile::decode_locked(&bytes, &key) == Ok(profile.clone()));
                new += 1;
            }
        }
    }
    assert!(old > 0 && new > 0, "{old} times the old one, {new} times the new one");
    fs::write(key_file(&device), &plain).expect("put back");
    let folder = || fs::read_dir(device.data().join("keys")).expect("a folder");
    // What is a day old nobody is writing any more.
    for entry in folder() {
        let file = fs::File::open(entry.expect("readable").path()).expect("a file");
        file.set_modified(SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60))
            .expect("older");
    }
    let ended = device.run(&args);
    assert!(ended.status.success(), "{}", told(&ended));
    let left: Vec<_> = folder().map(|entry| entry.expect("readable").file_name()).collect();
    assert_eq!(left, ["profile"], "what a death left is cleared away");
}
