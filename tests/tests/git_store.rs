//! The main job with a git repository as the store.

use std::fs;

use convosync_tests::World;

const ID: &str = "11111111-2222-4333-8444-555555555555";

#[test]
fn a_session_goes_to_another_device_and_comes_back_through_a_git_repository() {
    let (world, desktop, laptop) = World::with_git_store().with_pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    desktop.talk(ID, 5);
    let saved = desktop.json(&["save", "Implemented OAuth login"]);
    assert_eq!(saved["synced"], true, "{saved}");

    let rows = laptop.json(&["list"]);
    assert_eq!(rows[0]["message"], "Implemented OAuth login", "{rows}");
    assert_eq!(rows[0]["state"], "synced", "{rows}");
    let resumed = laptop.json(&["resume", "--switch-branch"]);
    assert_eq!(resumed["in_step"], true, "{resumed}");
    assert_eq!(laptop.head(), desktop.head());
    assert_eq!(laptop.read("auth.js"), "login\n");
    assert!(laptop.transcript(ID).is_file());

    laptop.talk(ID, 2);
    laptop.write("auth.js", "login\ngoogle\n");
    let saved = laptop.json(&["save", "Added the Google provider"]);
    assert_eq!(saved["session_id"], rows[0]["session_id"], "{saved}");
    let resumed = desktop.json(&["resume"]);
    assert_eq!(resumed["message_count"], 21, "{resumed}");
    assert_eq!(desktop.head(), laptop.head());

    let session = rows[0]["session_id"].as_str().expect("an id");
    let refs = desktop.git_in(&world.store(), &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(refs, format!("refs/convosync/meta\nrefs/convosync/s/{session}"));
    for device in [&desktop, &laptop] {
        let own = device.git(&["for-each-ref", "refs/convosync"]);
        assert_eq!(own, "", "the store has no business in the user's repository");
    }
    let status = desktop.json(&["status"]);
    assert!(status.to_string().contains(&world.store_url()), "{status}");
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
