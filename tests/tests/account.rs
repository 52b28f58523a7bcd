//! Accounts and devices: made once, joined with the words alone, and nothing saved is left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use convosync_tests::tree::{self, Moment, fingerprint};
use convosync_tests::{Device, World, told};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";
const OTHER: &str = "22222222-2222-4333-8444-555555555555";

fn words(world: &World) -> String {
    fs::read_to_string(world.words()).expect("the words were written")
}

fn join_with(device: &Device, store: &str, words: &str) -> Output {
    let name = device.name.as_str();
    let join = ["device", "join", "--recovery", "--store", store, "--device", name, "--json"];
    device.with_input(&join, words)
}

#[track_caller]
fn joined(output: &Output) -> Value {
    assert!(output.status.success(), "{}", told(output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The code of a failure that ended with 1.
#[track_caller]
fn failed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", told(output));
    let failure: Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert!(failure["message"].is_string() && failure["help"].is_string(), "{failure}");
    failure["code"].as_str().expect("a code").to_owned()
}

fn names(device: &Device) -> Vec<String> {
    let rows = device.json(&["device", "list"]);
    let name = |row: &Value| row["name"].as_str().expect("a name").to_owned();
    let mut names: Vec<_> = rows.as_array().expect("rows").iter().map(name).collect();
    names.sort();
    names
}

/// The messages of all saves of a session, oldest first.
fn history(device: &Device, session: &str) -> Vec<String> {
    let rows = device.json(&["log", session]);
    let message = |row: &Value| row["message"].as_str().expect("a message").to_owned();
    rows.as_array().expect("rows").iter().rev().map(message).collect()
}

/// A repository with a first commit, and no account.
fn settler(world: &World, name: &str) -> Device {
    let device = world.bare_device(name, "app");
    device.write("README.md", "hello\n");
    device.git(&["add", "README.md"]);
    device.git(&["commit", "-q", "-m", "start"]);
    device.git(&["push", "-q", "-u", "origin", "main"]);
    device
}

#[test]
fn init_twice_changes_nothing() {
    let world = World::new();
    let device = world.first_device("desktop", "app");
    let (key, store) = (device.data().join("keys"), world.store());
    let before = (fingerprint(&key, &[]), fingerprint(&store, &[]));
    let url = world.store_url();
    for again in [&["init", "--store", &url, "--yes"][..], &["init", "--yes"], &["init"]] {
        let report = device.json(again);
        assert_eq!(report["changed"], false, "{report}");
        assert_eq!(report["recovery_words"], Value::Null, "{report}");
        assert_eq!(report["notes"][0]["code"], "convosync::init::already", "{report}");
    }
    let elsewhere = format!("{url}-elsewhere");
    let report = device.json(&["init", "--store", &elsewhere, "--yes"]);
    assert_eq!(report["changed"], false, "a device does not move by accident: {report}");
    assert!(!world.path().join("store-elsewhere").exists());
    assert_eq!((fingerprint(&key, &[]), fingerprint(&store, &[])), before);
}

#[test]
fn init_on_a_store_that_has_an_account_says_so_and_changes_nothing() {
    let world = World::new();
    let _desktop = world.first_device("desktop", "app");
    let before = fingerprint(&world.store(), &[]);
    let url = world.store_url();
    let path = world.path().join("other-words");
    let path = path.to_str().expect("UTF-8");
    // A new device, and one that has saved on its own.
    let fresh = world.bare_device("fresh", "app");
    let local = world.bare_device("local", "app");
    local.talk(ID, 1);
    local.json(&["save", "Before"]);
    for device in [&fresh, &local] {
        let keys = fingerprint(&device.data().join("keys"), &[]);
        let init = ["init", "--store", &url, "--recovery-file", path, "--yes"];
        let (code, failure) = device.fails(&init);
        assert_eq!((code, &failure["code"]), (1, &"convosync::init::has-account".into()));
        let help = failure["help"].as_str().unwrap_or_default();
        assert!(help.contains("convosync device join --recovery"), "{failure}");
        assert_eq!(fingerprint(&device.data().join("keys"), &[]), keys);
        assert!(!PathBuf::from(path).exists(), "words of an account that was not made");
    }
    assert_eq!(fingerprint(&world.store(), &[]), before);
    assert_eq!(local.json(&["list"])[0]["message"], "Before");
}

#[test]
fn wrong_words_join_nothing_and_say_which_is_wrong() {
    let world = World::new();
    let _desktop = world.first_device("desktop", "app");
    let (other, ..) = World::pair();
    let fresh = world.bare_device("fresh", "app");
    let before = fingerprint(&world.store(), &[]);
    let right = words(&world);
    let list: Vec<&str> = right.split_whitespace().collect();
    let mut one_wrong = list.clone();
    one_wrong[6] = "zzzzzz";
    let mut swapped = list.clone();
    let differs = (1..24).find(|at| list[*at] != list[0]).expect("words differ");
    swapped.swap(0, differs);
    for (given, code) in [
        (String::new(), "convosync::recovery::count"),
        (list[..23].join(" "), "convosync::recovery::count"),
        (format!("{right} abandon"), "convosync::recovery::count"),
        (one_wrong.join(" "), "convosync::recovery::word"),
        (words(&other), "convosync::device::wrong-words"),
    ] {
        let output = join_with(&fresh, &world.store_url(), &given);
        assert_eq!(failed(&output), code, "{}", told(&output));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(code != "convosync::recovery::word" || said.contains("word 7"), "{said}");
    }
    // One in 256 swaps passes the checksum; then the words open nothing.
    let code = failed(&join_with(&fresh, &world.store_url(), &swapped.join(" ")));
    let codes = ["convosync::recovery::checksum", "convosync::device::wrong-words"];
    assert!(codes.contains(&code.as_str()), "{code}");
    assert_eq!(fingerprint(&world.store(), &[]), before);
    assert!(!fresh.data().join("keys/profile").exists());
}

#[test]
fn words_open_the_account_however_they_are_written() {
    let world = World::new();
    let _desktop = world.first_device("desktop", "app");
    let right = words(&world);
    let list: Vec<&str> = right.split_whitespace().collect();
    let numbered = |end: &str| {
        let lines = list.iter().zip(1..).map(|(word, n)| format!("{n:>2}{end} {word}"));
        lines.collect::<Vec<_>>().join("\r\n")
    };
    let ways = [
        right.to_uppercase(),
        format!("\n\n   {}\t\n", list.join("\n")),
        numbered("."),
        numbered(""),
        list.join(", "),
    ];
    let fresh = world.bare_device("fresh", "app");
    let moment = Moment::of(&[&fresh.home, &world.store()]);
    for way in ways {
        moment.restore();
        let report = joined(&join_with(&fresh, &world.store_url(), &way));
        assert_eq!(report["changed"], true, "{way}: {report}");
    }
    assert_eq!(names(&fresh), ["desktop", "fresh"]);
}

#[test]
fn a_store_that_is_not_one_is_said_to_be_none() {
    let world = World::new();
    let _desktop = world.first_device("desktop", "app");
    let fresh = world.bare_device("fresh", "app");
    let empty = world.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    let file = |name: &str| format!("file://{}/{name}", world.path().display());
    for (store, code) in [
        (file("empty"), "convosync::device::no-account"),
        (file("nowhere"), "convosync::store::unreachable"),
        (file("words"), "convosync::store::"),
        ("ftp://example.org/x".to_owned(), "convosync::store::bad-url"),
        ("-oops".to_owned(), "convosync::store::"),
    ] {
        let output = join_with(&fresh, &store, &words(&world));
        if output.status.code() == Some(2) {
            continue; // What looks like an option is refused as one.
        }
        assert!(failed(&output).starts_with(code), "{store}: {}", told(&output));
    }
    assert_eq!(tree::files(&empty), Vec::<PathBuf>::new());
    assert!(!world.path().join("nowhere").exists());
}

#[test]
fn a_device_of_one_account_does_not_slip_into_another() {
    let (world, _desktop, laptop) = World::pair();
    let (other, ..) = World::pair();
    let before = (fingerprint(&other.store(), &[]), fingerprint(&laptop.data().join("keys"), &[]));
    let output = join_with(&laptop, &other.store_url(), &words(&other));
    assert_eq!(failed(&output), "convosync::device::other-account");
    let after = (fingerprint(&other.store(), &[]), fingerprint(&laptop.data().join("keys"), &[]));
    assert_eq!(after, before);
    // Into its own it may join as often as it likes.
    let again = joined(&join_with(&laptop, &world.store_url(), &words(&world)));
    assert_eq!(again["changed"], false, "{again}");
    assert_eq!(names(&laptop), ["desktop", "laptop"]);
}

#[test]
fn two_devices_join_at_once() {
    let world = World::new();
    let desktop = world.first_device("desktop", "app");
    let devices = ["one", "two", "three"].map(|name| world.bare_device(name, "app"));
    std::thread::scope(|scope| {
        let joins = devices.each_ref().map(|device| scope.spawn(|| world.join(device)));
        for join in joins {
            let output = join.join().expect("it does not panic");
            assert!(output.status.success(), "{}", told(&output));
        }
    });
    for device in devices.iter().chain([&desktop]) {
        assert_eq!(names(device), ["desktop", "one", "three", "two"]);
    }
    devices[0].talk(ID, 1);
    devices[0].json(&["save", "From the first"]);
    assert_eq!(devices[1].json(&["list"])[0]["message"], "From the first");
}

/// Two saves of one session, one of them with a part, made before there was an account.
fn saved_alone(device: &Device) -> String {
    device.talk(ID, 2);
    device.keep_big_result(ID);
    device.write("a.js", "1\n");
    let first = device.json(&["save", "First alone"]);
    assert_eq!(first["local_only"], true, "{first}");
    device.talk(ID, 1);
    device.write("a.js", "2\n");
    device.json(&["save", "Second alone"]);
    first["session_id"].as_str().expect("a session").to_owned()
}

/// The device goes on in the session, and another one has all of it.
fn goes_on(world: &World, device: &Device, session: &str) {
    device.talk(ID, 1);
    let third = device.json(&["save", "Third together"]);
    assert_eq!(third["session_id"], session, "the work tree still has its session: {third}");
    assert_eq!((&third["synced"], &third["queued"]), (&true.into(), &0.into()), "{third}");
    let laptop = world.next_device("laptop", "code/app");
    let all = ["First alone", "Second alone", "Third together"];
    assert_eq!(history(&laptop, session), all);
    assert_eq!(history(device, session), all);
    let rows = laptop.json(&["list"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(rows[0]["state"], "synced", "one line, one head: {rows}");
    let resumed = laptop.json(&["resume"]);
    assert_eq!(resumed["message"], "Third together", "{resumed}");
    let big = |device: &Device| {
        let folder = device.transcript(ID).with_extension("").join("tool-results");
        fs::read(folder.join("big.bin")).expect("it came along")
    };
    assert_eq!(big(&laptop), big(device));
    laptop.talk(ID, 1);
    laptop.json(&["save", "Fourth from the laptop"]);
    let back = device.json(&["resume"]);
    assert_eq!(back["message"], "Fourth from the laptop", "{back}");
    assert_eq!(back["parked"], Value::Array(Vec::new()), "{back}");
}

#[test]
fn what_was_saved_alone_is_copied_by_a_later_init() {
    let world = World::new();
    let device = settler(&world, "desktop");
    let session = saved_alone(&device);
    let (url, path) = (world.store_url(), world.words());
    let path = path.to_str().expect("UTF-8");
    let init = ["init", "--store", &url, "--recovery-file", path, "--yes"];
    let report = device.json(&init);
    assert_eq!(report["adopted_saves"], 2, "{report}");
    assert!(!world.objects_of("v1/o").is_empty(), "parts come along");
    goes_on(&world, &device, &session);
}

#[test]
fn what_was_saved_alone_is_sealed_anew_by_a_join() {
    let world = World::new();
    let _first = world.first_device("first", "projects/app");
    let device = world.bare_device("desktop", "app");
    let session = saved_alone(&device);
    let report = joined(&join_with(&device, &world.store_url(), &words(&world)));
    assert_eq!(report["adopted_saves"], 2, "{report}");
    goes_on(&world, &device, &session);
}

#[test]
fn what_was_saved_alone_and_never_sent_is_sealed_anew_too() {
    let world = World::new();
    let _first = world.first_device("first", "projects/app");
    let device = world.bare_device("desktop", "app");
    device.talk(ID, 1);
    device.json(&["save", "Sent"]);
    // The store on this machine can't be written: the next save waits.
    let own = device.data().join("store");
    let record = own.join("v1/store.json");
    let kept = fs::read(&record).expect("a record");
    fs::write(&record, "{}").expect("spoilt");
    device.talk(OTHER, 1);
    let waiting = device.json(&["save", "--new", "Never sent"]);
    assert_eq!(waiting["queued"], 1, "{waiting}");
    fs::write(&record, kept).expect("mended");
    let report = joined(&join_with(&device, &world.store_url(), &words(&world)));
    assert_eq!(report["adopted_saves"], 2, "{report}");
    let rows = device.json(&["list"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "{rows}");
    let laptop = world.next_device("laptop", "code/app");
    assert_eq!(laptop.json(&["list"]), rows);
    let waited = waiting["session_id"].as_str().expect("a session");
    assert_eq!(history(&laptop, waited), ["Never sent"]);
    assert_eq!(device.json(&["sync"])["queued"], 0);
}

#[test]
fn a_join_that_was_stopped_goes_on_wherever_it_was() {
    let world = World::new();
    let _first = world.first_device("first", "projects/app");
    let device = world.bare_device("desktop", "app");
    let session = saved_alone(&device);
    let data = device.data();
    let before = world.path().join("before");
    tree::copy(&device.home, &before);
    let own = |name: &str| before.join(".local/share/convosync").join(name);
    let join = || joined(&join_with(&device, &world.store_url(), &words(&world)));
    join();

    // Stopped before the key was replaced: all of this device is as it was, the store is not.
    tree::copy(&before, &device.home);
    let report = join();
    assert_eq!(report["adopted_saves"], 2, "{report}");

    // Stopped right after: what was sealed under the old key still lies in outbox and cache.
    for place in ["outbox", "cache"] {
        tree::copy(&own(place), &data.join(place));
    }
    for unit in tree::files(&own("store/v1/s")) {
        let below = unit.strip_prefix(own("store")).expect("below").to_owned();
        let queued = data.join("outbox").join(below);
        fs::create_dir_all(queued.parent().expect("a folder")).expect("a folder");
        fs::copy(&unit, queued).expect("a copy");
    }
    join();
    device.json(&["sync"]);
    goes_on(&world, &device, &session);
}

#[test]
fn damaged_saves_stay_behind_and_are_named_by_a_join() {
    let world = World::new();
    let _first = world.first_device("first", "projects/app");
    let device = world.bare_device("desktop", "app");
    device.talk(ID, 1);
    let lost = device.json(&["save", "Damaged later"]);
    device.talk(OTHER, 1);
    device.json(&["save", "--new", "Whole"]);
    for place in ["store", "cache"] {
        for file in tree::files(&device.data().join(place)) {
            if file.ends_with(lost["save"].as_str().expect("a save")) {
                fs::write(file, "damaged").expect("spoilt");
            }
        }
    }
    let report = joined(&join_with(&device, &world.store_url(), &words(&world)));
    assert_eq!(report["adopted_saves"], 1, "{report}");
    assert!(report["notes"].to_string().contains(lost["save"].as_str().expect("a save")));
    assert_eq!(device.json(&["list"])[0]["message"], "Whole");
}

#[test]
fn a_key_file_that_is_exposed_damaged_or_newer_stops_everything_and_stays() {
    let (world, desktop, _laptop) = World::pair();
    desktop.talk(ID, 1);
    desktop.json(&["save", "Before"]);
    let key = desktop.data().join("keys/profile");
    let whole = fs::read(&key).expect("a key file");
    let mut newer = whole.clone();
    newer[8] = 99;
    let mut flipped = whole.clone();
    flipped[40] ^= 1;
    let cases = [
        (whole.clone(), 0o644, "convosync::local::exposed"),
        (whole.clone(), 0o660, "convosync::local::exposed"),
        (flipped, 0o600, "convosync::local::damaged"),
        (whole[..50].to_vec(), 0o600, "convosync::local::damaged"),
        (Vec::new(), 0o600, "convosync::local::damaged"),
        (b"something else".to_vec(), 0o600, "convosync::local::damaged"),
        (newer, 0o600, "convosync::local::newer"),
    ];
    let url = world.store_url();
    for (bytes, mode, want) in cases {
        fs::write(&key, &bytes).expect("written");
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("ours");
        let store = fingerprint(&world.store(), &[]);
        for verb in [
            &["list"][..],
            &["save", "Not now"],
            &["resume"],
            &["status"],
            &["sync"],
            &["init", "--store", &url, "--yes"],
        ] {
            let (code, failure) = desktop.fails(verb);
            assert_eq!((code, &failure["code"]), (1, &want.into()), "{verb:?}: {failure}");
            assert!(failure["help"].is_string(), "{failure}");
        }
        assert_eq!(failed(&join_with(&desktop, &url, &words(&world))), want);
        assert_eq!(fs::read(&key).expect("still there"), bytes, "it was overwritten");
        assert_eq!(fingerprint(&world.store(), &[]), store);
    }
    fs::write(&key, whole).expect("mended");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("ours");
    assert_eq!(desktop.json(&["list"])[0]["message"], "Before");
}

#[test]
fn files_lie_where_the_environment_says() {
    let world = World::new();
    let device = settler(&world, "desktop");
    fs::remove_dir_all(device.home.join(".config")).expect("the settings of all tests");
    let at = |name: &str| device.home.join("elsewhere").join(name);
    let run = |args: &[&str]| {
        let mut command = device.command(args);
        for (variable, name) in [
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CONFIG_HOME", "config"),
            ("CLAUDE_CONFIG_DIR", "claude"),
        ] {
            command.env(variable, at(name));
        }
        let output = command.arg("--json").output().expect("the helper runs");
        assert!(output.status.success(), "{}", told(&output));
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    device.talk(ID, 2);
    let projects = at("claude").join("projects");
    fs::create_dir_all(at("claude")).expect("a folder");
    fs::rename(device.home.join(".claude/projects"), &projects).expect("moved");
    let saved = run(&["save", "Elsewhere"]);
    assert_eq!(saved["conversation_id"], ID, "{saved}");
    for file in ["data/convosync/keys/profile", "state/convosync/index.sqlite"] {
        assert!(at(file).exists(), "{file}");
    }
    fs::remove_dir_all(&projects).expect("ours");
    run(&["resume"]);
    assert_eq!(tree::files(&projects).len(), 1, "the conversation is back there");
    assert!(!device.home.join(".local").exists() && !device.home.join(".config").exists());
    assert_eq!(tree::files(&device.home.join(".claude")), Vec::<PathBuf>::new());
}

#[test]
fn names_and_kinds_of_devices_are_checked_before_anything_is_made() {
    let world = World::new();
    let device = world.bare_device("desktop", "app");
    let url = world.store_url();
    let long = "x".repeat(65);
    for name in ["", " ", " desk", "desk ", "two\nlines", "bell\u{7}", "\u{1b}[31m", &long] {
        let (code, failure) = device.fails(&["init", "--store", &url, "--yes", "--device", name]);
        assert_eq!((code, &failure["code"]), (1, &"convosync::device::name".into()), "{name:?}");
    }
    for name in ["\u{202e}desk", "de\u{200b}sk"] {
        let (code, failure) = device.fails(&["init", "--store", &url, "--yes", "--device", name]);
        assert_eq!((code, &failure["code"]), (1, &"convosync::device::name".into()), "{name:?}");
    }
    let output = device.run(&["init", "--store", &url, "--yes", "--kind", "toaster"]);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{}", told(&output));
    assert_eq!(world.objects(), Vec::<PathBuf>::new());
    assert!(!device.data().join("keys/profile").exists());
    for name in ["Sams Büro-PC", "工作站", &"x".repeat(64)] {
        let world = World::new();
        let device = world.bare_device("desktop", "app");
        let init = ["init", "--store", &world.store_url(), "--yes", "--device", name];
        assert_eq!(device.json(&init)["device"]["name"], name);
    }
}
