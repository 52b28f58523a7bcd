//! `kill -9` of the helper at any moment of each command that changes something.

use std::fs;
use std::path::Path;
use std::time::Duration;

use convosync_adapters::FolderStore;
use convosync_core::ObjectName;
use convosync_engine::ports::Store;
use convosync_tests::{Device, World};
use serde_json::Value;

use crate::audit::{audit, audit_at};
use crate::moments::Moments;
use crate::scene::{
    End, ID, everywhere, has_one_head, is_saved, kill_after, last_prompt, status, store_has_all,
    time_of, uncommitted, work,
};

/// Kills for each command: a few in the fast lane, where `changes` kills before each change, more in
/// the slow one.
fn kills() -> u32 {
    if env!("CARGO_CRATE_NAME") == "crash" { 6 } else { 25 }
}

/// Kills a command at random moments; `prepare` makes work for it, and the same command then has to
/// succeed, which `check` looks at. Both are told the step, from 1. Gives the last one.
fn killed_at_random_moments(
    device: &Device,
    args: impl Fn(usize) -> Vec<String>,
    prepare: impl FnMut(usize),
    mut check: impl FnMut(usize, &Value),
) -> usize {
    stopped_at_random_moments(device, args, prepare, |step, args| check(step, &device.json(args)))
}

/// As [`killed_at_random_moments`], where `after` does what the user would do then.
///
/// The first step is not killed: it tells how long the command takes.
fn stopped_at_random_moments(
    device: &Device,
    args: impl Fn(usize) -> Vec<String>,
    mut prepare: impl FnMut(usize),
    mut after: impl FnMut(usize, &[&str]),
) -> usize {
    let (mut moments, kills) = (Moments::new(), kills());
    let (mut span, mut killed) = (Duration::ZERO, 0);
    for kill in 0..=kills {
        let step = 1 + kill as usize;
        prepare(step);
        let args = args(step);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        if kill == 0 {
            span = time_of(device, &args);
            continue;
        }
        let delay = moments.within(span, kill - 1, kills);
        let end = kill_after(device.command(&args), delay);
        match end {
            End::Killed => killed += 1,
            // The machine was busier before.
            End::Done => span = span.mul_f64(0.8),
        }
        println!("seed {}, kill {kill} after {delay:?}: {end:?}", moments.seed);
        after(step, &args);
    }
    assert!(killed >= kills / 4, "only {killed} of {kills} kills hit: the span was {span:?}");
    1 + kills as usize
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|&word| word.to_owned()).collect()
}

fn messages(steps: usize) -> Vec<String> {
    (0..=steps).map(|step| format!("step {step}")).collect()
}

/// The desktop has saved, and the laptop has brought it back.
fn begun(world: World) -> (World, Device, Device) {
    let (world, desktop, laptop) = world.with_pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    laptop.ok(&["resume"]);
    (world, desktop, laptop)
}

/// The laptop gets all that the desktop has, and every save is in the log.
#[track_caller]
fn arrives(desktop: &Device, laptop: &Device, steps: usize) {
    laptop.ok(&["resume", "--on-dirty", "stash"]);
    assert_eq!(laptop.head(), desktop.head());
    let text = |device: &Device| fs::read_to_string(device.transcript(ID)).expect("a transcript");
    let here = text(laptop);
    for line in text(desktop).lines().filter(|line| line.contains("\"Prompt ")) {
        assert!(here.contains(line), "`{line}` did not arrive");
    }
    let rows = laptop.json(&["list", "--all"]);
    let session = rows[0]["session_id"].as_str().expect("an id");
    let log = laptop.json(&["log", session]).to_string();
    for message in messages(steps) {
        assert!(log.contains(&format!("\"{message}\"")), "`{message}` is not in the log");
    }
}

fn saves(world: World) -> (World, Device, Device, usize) {
    let (world, desktop, laptop) = begun(world);
    let transcript = || fs::read(desktop.transcript(ID)).expect("a transcript");
    let before = std::cell::RefCell::new(Vec::new());
    let steps = killed_at_random_moments(
        &desktop,
        |step| words(&["save", &format!("step {step}")]),
        |step| {
            work(&desktop, step);
            before.replace(transcript());
        },
        |step, saved| {
            assert_eq!(saved["synced"], true, "{saved}");
            assert_eq!(saved["new_session"], false, "{saved}");
            is_saved(&desktop, step);
            assert!(transcript() == *before.borrow(), "the transcript is the client's alone");
        },
    );
    (world, desktop, laptop, steps)
}

#[test]
fn a_save_that_was_killed_at_any_moment_succeeds_the_next_time() {
    let (world, desktop, laptop, steps) = saves(World::new());
    store_has_all(&world, &desktop, &messages(steps));
    arrives(&desktop, &laptop, steps);
    store_has_all(&world, &laptop, &messages(steps));
}

#[test]
fn a_save_into_a_git_store_that_was_killed_at_any_moment_succeeds_the_next_time() {
    let (_world, desktop, laptop, steps) = saves(World::with_git_store());
    arrives(&desktop, &laptop, steps);
}

#[test]
fn a_sync_that_was_killed_at_any_moment_succeeds_the_next_time() {
    let (world, desktop, laptop) = begun(World::new());
    let away = world.path().join("away");
    let steps = killed_at_random_moments(
        &desktop,
        |_| words(&["sync"]),
        |step| {
            work(&desktop, step);
            fs::rename(world.store(), &away).expect("the store is away");
            let saved = desktop.json(&["save", &format!("step {step}")]);
            assert_eq!(saved["synced"], false, "{saved}");
            fs::rename(&away, world.store()).expect("the store is back");
        },
        |step, synced| {
            assert_eq!(synced["queued"], 0, "{synced}");
            is_saved(&desktop, step);
        },
    );
    store_has_all(&world, &desktop, &messages(steps));
    arrives(&desktop, &laptop, steps);
}

fn resumes(world: World) -> (World, Device, Device, usize, Vec<String>) {
    let (world, desktop, laptop) = begun(world);
    let mut prompts = Vec::new();
    let steps = killed_at_random_moments(
        &laptop,
        |_| words(&["resume", "--on-dirty", "stash"]),
        |step| {
            work(&desktop, step);
            desktop.ok(&["save", &format!("step {step}")]);
            // The laptop has work of its own that the resume has to put aside.
            laptop.write("README.md", &format!("changed {step}\n"));
            laptop.write("notes.txt", &format!("notes {step}\n"));
            laptop.talk(ID, 1);
            prompts.push(last_prompt(&laptop));
        },
        |step, resumed| {
            assert_eq!(resumed["in_step"], true, "{resumed}");
            assert_eq!(laptop.head(), desktop.head(), "step {step}");
            assert_eq!(laptop.git(&["status", "--porcelain"]), "", "step {step}");
            has_one_head(&laptop);
        },
    );
    let (readme, notes) = (everywhere(&laptop, "README.md"), everywhere(&laptop, "notes.txt"));
    for step in 1..=steps {
        assert!(readme.contains(&format!("changed {step}")), "step {step}: {readme:?}");
        assert!(notes.contains(&format!("notes {step}")), "step {step}: {notes:?}");
    }
    (world, desktop, laptop, steps, prompts)
}

#[test]
fn a_resume_that_was_killed_at_any_moment_succeeds_the_next_time() {
    let (world, desktop, laptop, steps, prompts) = resumes(World::new());
    let saves = audit(&world, &laptop);
    for prompt in prompts {
        assert!(saves.holds(&prompt), "`{prompt}` is in no save");
    }
    store_has_all(&world, &desktop, &messages(steps));
}

#[test]
fn a_resume_from_a_git_store_that_was_killed_at_any_moment_succeeds_the_next_time() {
    let (_world, desktop, laptop, steps, _) = resumes(World::with_git_store());
    arrives(&desktop, &laptop, steps);
}

#[test]
fn an_undo_that_was_killed_at_any_moment_goes_on() {
    let (_world, desktop, laptop) = begun(World::new());
    laptop.write("README.md", "changed\n");
    laptop.write("notes.txt", "notes\n");
    let before = laptop.picture();
    stopped_at_random_moments(
        &laptop,
        |_| words(&["undo"]),
        |step| {
            work(&desktop, step);
            desktop.ok(&["save", &format!("step {step}")]);
            laptop.ok(&["resume", "--on-dirty", "stash"]);
            laptop.write("auth.js", &format!("worked on since {step}\n"));
            laptop.talk(ID, 1);
        },
        |step, args| {
            if laptop.json(&["undo", "--list"])[0]["state"] == "resumed" {
                laptop.ok(args);
            }
            assert_eq!(laptop.picture(), before, "step {step}");
        },
    );
}

#[test]
fn a_save_of_uncommitted_work_that_was_killed_at_any_moment_touches_nothing_here() {
    let (world, desktop, laptop) = begun(World::new());
    let here = || {
        let index = fs::read(desktop.work_tree.join(".git/index")).expect("an index");
        (index, status(&desktop), desktop.evidence())
    };
    let before = std::cell::RefCell::new(None);
    let steps = killed_at_random_moments(
        &desktop,
        |step| words(&["save", &format!("step {step}"), "--stash"]),
        |step| {
            uncommitted(&desktop, step);
            desktop.talk(ID, 1);
            before.replace(Some(here()));
        },
        |_, saved| {
            assert_eq!(saved["synced"], true, "{saved}");
            assert_eq!(Some(here()), *before.borrow());
        },
    );
    store_has_all(&world, &desktop, &messages(steps));
    arrives(&desktop, &laptop, steps);
    assert_eq!(status(&laptop), status(&desktop));
}

#[test]
fn a_resume_of_uncommitted_work_that_was_killed_at_any_moment_succeeds_the_next_time() {
    let (_world, desktop, laptop) = begun(World::new());
    killed_at_random_moments(
        &laptop,
        |_| words(&["resume"]),
        |step| {
            uncommitted(&desktop, step);
            let _ = fs::remove_file(desktop.work_tree.join(format!("new/{}.txt", step - 1)));
            desktop.ok(&["save", &format!("step {step}"), "--stash"]);
        },
        |step, resumed| {
            assert_eq!(resumed["uncommitted"], 3, "{resumed}");
            assert_eq!(status(&laptop), status(&desktop), "step {step}");
            assert_eq!(laptop.read(&format!("new/{step}.txt")), format!("untracked {step}\n"));
        },
    );
}

#[test]
fn a_collection_that_was_killed_at_any_moment_takes_nothing_that_is_needed() {
    let (world, desktop, laptop) = begun(World::new());
    let mut marked = 0;
    let steps = killed_at_random_moments(
        &desktop,
        |_| words(&["gc"]),
        |step| {
            work(&desktop, step);
            desktop.ok(&["save", &format!("step {step}")]);
            // What the laptop begins and deletes is what there is to collect.
            laptop.talk(&format!("22222222-2222-4333-8444-{step:012}"), 1);
            let saved = laptop.json(&["save", "--new", &format!("gone {step}"), "--no-push"]);
            let session = saved["session_id"].as_str().expect("an id");
            laptop.ok(&["delete", session, "--yes"]);
        },
        |_, collected| {
            marked += collected["waiting"]["objects"].as_u64().expect("a count");
            marked += collected["marked"]["objects"].as_u64().expect("a count");
            assert_eq!(collected["deleted"]["objects"], 0, "{collected}");
            has_one_head(&desktop);
        },
    );
    assert!(marked > 0, "there was something to collect");
    let saves = audit(&world, &desktop);
    for message in messages(steps) {
        assert!(saves.has_message(&message), "`{message}` is not in the store");
    }
}

#[test]
fn a_rotation_that_was_killed_at_any_moment_leaves_a_key_that_opens_everything() {
    let (world, desktop, laptop) = begun(World::new());
    let steps = killed_at_random_moments(
        &desktop,
        |_| words(&["key", "rotate"]),
        |step| {
            work(&desktop, step);
            desktop.ok(&["save", &format!("step {step}")]);
        },
        |step, _| is_saved(&desktop, step),
    );
    arrives(&desktop, &laptop, steps);
    store_has_all(&world, &desktop, &messages(steps));
    store_has_all(&world, &laptop, &messages(steps));
}

/// What was in the old place is in the new one, to the last byte, but for what leads there.
#[track_caller]
pub(crate) fn has_all_of(new: &Path, old: &Path) {
    let (new, old) = (FolderStore::new(new.to_owned()), FolderStore::new(old.to_owned()));
    for listed in old.list("v1/").expect("the old place can be listed") {
        let name = listed.name;
        if matches!(name, ObjectName::Moved { .. } | ObjectName::Probe { .. }) {
            continue;
        }
        let there = new.get(&name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(there == old.get(&name).expect("what is listed can be read"), "{name} differs");
    }
}

#[test]
fn a_move_of_the_store_that_was_killed_at_any_moment_is_finished_the_next_time() {
    let (world, desktop, laptop) = begun(World::new());
    let place = |step: usize| match step {
        0 => world.store(),
        step => world.path().join(format!("place-{step}")),
    };
    let url = |step| format!("file://{}", place(step).display());
    let steps = killed_at_random_moments(
        &desktop,
        |step| vec!["store".to_owned(), "move".to_owned(), url(step)],
        |step| {
            work(&desktop, step);
            desktop.ok(&["save", &format!("step {step}")]);
            // The other device writes into the old place until it hears of the new one.
            laptop.talk(&format!("22222222-2222-4333-8444-{step:012}"), 1);
            laptop.ok(&["save", "--new", &format!("aside {step}"), "--no-push"]);
        },
        |step, _| {
            has_all_of(&place(step), &place(step - 1));
            laptop.ok(&["sync"]);
            assert_eq!(laptop.json(&["status"])["store"], url(step));
        },
    );
    let saves = audit_at(&place(steps), &desktop);
    for message in (0..=steps).map(|step| format!("step {step}")) {
        assert!(saves.has_message(&message), "`{message}` is not in the store");
    }
    for message in (1..=steps).map(|step| format!("aside {step}")) {
        assert!(saves.has_message(&message), "`{message}` is not in the store");
    }
    let here = laptop.json(&["list", "--all"]);
    assert_eq!(here, desktop.json(&["list", "--all"]));
}
