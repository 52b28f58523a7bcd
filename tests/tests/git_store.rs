//! The main job with a git repository as the store.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use convosync_tests::{World, handed_over};

const ID: &str = "11111111-2222-4333-8444-555555555555";

#[test]
fn a_session_goes_to_another_device_and_comes_back_through_a_git_repository() {
    let (world, desktop, laptop) = World::with_git_store().with_pair();
    desktop.talk(ID, 5);
    let session = handed_over(&world, ID, &desktop, &laptop);

    let refs = desktop.git_in(&world.store(), &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(refs, format!("refs/convosync/meta\nrefs/convosync/s/{session}"));
    for device in [&desktop, &laptop] {
        let own = device.git(&["for-each-ref", "refs/convosync"]);
        assert_eq!(own, "", "the store has no business in the user's repository");
    }
}

#[test]
fn what_is_saved_while_the_repository_is_away_is_sent_when_it_is_back() {
    let (world, desktop, laptop) = World::with_git_store().with_pair();
    desktop.talk(ID, 3);
    desktop.json(&["save", "before"]);
    let away = world.path().join("away.git");
    fs::rename(world.store(), &away).expect("the repository goes away");
    desktop.talk(ID, 3);
    desktop.write("work.txt", "offline\n");
    let saved = desktop.json(&["save", "offline"]);
    assert_eq!(saved["synced"], false, "{saved}");
    fs::rename(&away, world.store()).expect("and comes back");
    desktop.ok(&["sync"]);
    let rows = laptop.json(&["list"]);
    assert_eq!(rows[0]["message"], "offline", "{rows}");
}

#[test]
fn a_save_is_safe_here_before_a_slow_store_is_asked_for_anything() {
    let (world, mut desktop, _laptop) = World::with_git_store().with_pair();
    desktop.talk(ID, 3);
    desktop.json(&["save", "--no-code", "before"]);
    // A git that hangs as soon as a server is asked.
    let (bin, asked) = (world.path().join("bin"), world.path().join("asked"));
    fs::create_dir(&bin).expect("a folder");
    let git = bin.join("git");
    let path = std::env::var("PATH").expect("there is a PATH");
    let script = format!(
        "#!/bin/sh\nfor word; do case $word in fetch|push|ls-remote) touch '{}'; exec sleep 600;; \
         esac; done\nPATH='{path}' exec git \"$@\"\n",
        asked.display()
    );
    fs::write(&git, script).expect("a script");
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).expect("a mode");
    desktop.more.insert("PATH".to_owned(), format!("{}:{path}", bin.display()));
    desktop.talk(ID, 3);
    let save = desktop.command(&["save", "--no-code", "slow"]).stdout(Stdio::piped()).spawn();
    let save = save.expect("it starts");
    desktop.more.remove("PATH");
    let waited = Instant::now();
    while !asked.exists() {
        assert!(waited.elapsed() < Duration::from_secs(60), "no server was asked");
        sleep(Duration::from_millis(20));
    }
    let rows = desktop.json(&["list", "--offline"]);
    assert_eq!((&rows[0]["message"], &rows[0]["state"]), (&"slow".into(), &"queued".into()));
    let stopped = Command::new("kill").args(["-INT", &save.id().to_string()]).status();
    assert!(stopped.expect("kill is there").success(), "it runs");
    let ended = save.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && told.contains("Upload stopped"), "{told}");
    let sent = desktop.json(&["sync"]);
    assert_eq!(sent["queued"], 0, "{sent}");
}

#[test]
fn the_origin_itself_can_be_the_store() {
    let world = World::new();
    let desktop = world.bare_device("desktop", "app");
    desktop.write("README.md", "hello\n");
    desktop.git(&["add", "README.md"]);
    desktop.git(&["commit", "-q", "-m", "start"]);
    desktop.git(&["push", "-q", "-u", "origin", "main"]);
    let url = format!("git+file://{}", world.origin().display());
    let words = world.words().display().to_string();
    desktop.ok(&["init", "--store", &url, "--recovery-file", &words, "--yes"]);
    desktop.write("auth.js", "login\n");
    desktop.talk(ID, 2);
    let saved = desktop.json(&["save", "in one place"]);
    assert_eq!(saved["synced"], true, "{saved}");

    let words = fs::read_to_string(world.words()).expect("the words were written");
    let laptop = world.bare_device("laptop", "app");
    assert_eq!(laptop.git(&["for-each-ref", "refs/convosync"]), "", "a clone brings code only");
    let joined = laptop.with_input(&["device", "join", "--recovery", "--store", &url], &words);
    assert!(joined.status.success(), "{}", convosync_tests::told(&joined));
    laptop.ok(&["resume", "--stay-on-branch"]);
    assert_eq!(laptop.read("auth.js"), "login\n");
    assert!(laptop.transcript(ID).is_file());
}
