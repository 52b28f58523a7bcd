//! Kills exactly at each call of git: git never runs, or goes on when its helper is dead.

use std::fs;
use std::process::{Command, Output};

use convosync_tests::{Device, KillingGit, Then, World, told};

use crate::audit::audit;
use crate::scene::{
    ID, everywhere, has_one_head, is_saved, last_prompt, status, store_has_all, uncommitted, work,
};

/// Kills a command at each of its calls of git: `prepare` makes work, `check` looks
/// at what the same command did the second time.
fn at_each_call(
    device: &Device,
    args: &[&str],
    prepare: impl FnMut(usize),
    check: impl FnMut(usize),
) {
    at_every_call(device, args, 1, prepare, check);
}

/// The same at every so-manyth call.
fn at_every_call(
    device: &Device,
    args: &[&str],
    stride: usize,
    mut prepare: impl FnMut(usize),
    mut check: impl FnMut(usize),
) {
    let mut step = 1;
    for number in (1..).step_by(stride) {
        let mut killed = false;
        for then in [Then::Nothing, Then::Orphan] {
            step += 1;
            prepare(step);
            let mut command = KillingGit::at(device, number, then).command(device, args);
            let output = command.output().expect("the helper runs");
            killed |= output.status.code().is_none();
            println!("step {step}: {then:?} call {number}: {}", output.status);
            assert!(output.status.code().is_none() || output.status.success(), "{}", told(&output));
            let again: Output = device.run(args);
            assert!(again.status.success(), "{then:?} call {number}\n{}", told(&again));
            check(step);
        }
        if !killed {
            assert!(number > 4, "a save and a resume call git more often than {number} times");
            break;
        }
    }
}

#[test]
fn a_save_that_was_killed_at_any_call_of_git_succeeds_the_next_time() {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 1);
    desktop.ok(&["save", "step"]);
    let mut steps = 1;
    at_each_call(
        &desktop,
        &["save", "step"],
        |step| work(&desktop, step),
        |step| {
            is_saved(&desktop, step);
            steps = step;
        },
    );
    laptop.ok(&["resume"]);
    for step in 1..=steps {
        assert_eq!(laptop.read(&format!("src/{step}.rs")), format!("step {step}\n"));
    }
    store_has_all(&world, &laptop, &[]);
}

#[test]
fn a_resume_that_was_killed_at_any_call_of_git_succeeds_the_next_time() {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 1);
    desktop.ok(&["save", "step 1"]);
    laptop.ok(&["resume"]);
    let mut prompts = Vec::new();
    at_each_call(
        &laptop,
        &["resume", "--on-dirty", "stash"],
        |step| {
            work(&desktop, step);
            desktop.ok(&["save", &format!("step {step}")]);
            laptop.write("README.md", &format!("changed {step}\n"));
            laptop.write("notes.txt", &format!("notes {step}\n"));
            laptop.talk(ID, 1);
            prompts.push(last_prompt(&laptop));
        },
        |step| {
            assert_eq!(laptop.head(), desktop.head(), "step {step}");
            assert_eq!(laptop.git(&["status", "--porcelain"]), "", "step {step}");
            has_one_head(&laptop);
        },
    );
    let (readme, notes) = (everywhere(&laptop, "README.md"), everywhere(&laptop, "notes.txt"));
    let saves = audit(&world, &laptop);
    for (step, prompt) in (2..).zip(prompts) {
        assert!(readme.contains(&format!("changed {step}")), "step {step}: {readme:?}");
        assert!(notes.contains(&format!("notes {step}")), "step {step}: {notes:?}");
        assert!(saves.holds(&prompt), "`{prompt}` is in no save");
    }
}

#[test]
fn a_git_that_outlives_its_helper_is_waited_for_with_its_lock() {
    let (world, desktop, laptop) = World::pair();
    for (step, command) in ["add", "commit"].into_iter().enumerate() {
        work(&desktop, step);
        let lock = desktop.work_tree.join(".git/index.lock");
        let script = format!(
            "case \" $* \" in *\" {command} \"*)\n\
             : > '{lock}'; kill -9 $PPID; sleep 1; rm '{lock}';;\n\
             esac\n",
            lock = lock.display(),
        );
        let wrapper = KillingGit::scripted(&desktop, &script);
        let output = wrapper.command(&desktop, &["save", "step"]).output().expect("it runs");
        assert_eq!(output.status.code(), None, "{}", told(&output));
        assert!(lock.exists(), "the orphan is at work");
        desktop.ok(&["save", "step"]);
        is_saved(&desktop, step);
    }
    laptop.ok(&["resume"]);
    store_has_all(&world, &laptop, &[]);
}

#[test]
fn the_lock_of_a_helper_that_died_with_it_is_known_and_removed() {
    let (_world, desktop, _laptop) = World::pair();
    work(&desktop, 1);
    let mut dead = std::process::Command::new("true").spawn().expect("it runs");
    dead.wait().expect("it ends");
    let git = desktop.work_tree.join(".git");
    let left = git.join(format!("convosync-index-{}-0.new", dead.id()));
    fs::copy(git.join("index"), &left).expect("copied");
    fs::hard_link(&left, git.join("index.lock")).expect("linked");
    desktop.ok(&["save", "step"]);
    is_saved(&desktop, 1);
    assert!(!left.exists());
}

#[test]
fn a_lock_that_stays_is_named_and_never_removed() {
    let (_world, desktop, _laptop) = World::pair();
    work(&desktop, 1);
    let lock = desktop.work_tree.join(".git/index.lock");
    fs::write(&lock, "somebody's").expect("written");
    let (code, failure) = desktop.fails(&["save", "step"]);
    assert_eq!((code, &failure["code"]), (1, &"convosync::git::locked".into()), "{failure}");
    let message = failure["message"].as_str().expect("a message");
    assert!(message.contains(lock.to_str().expect("plain")), "{message}");
    assert_eq!(fs::read_to_string(&lock).expect("it is there"), "somebody's");
    fs::remove_file(&lock).expect("the user's own decision");
    desktop.ok(&["save", "step"]);
    is_saved(&desktop, 1);
}

#[test]
fn a_clone_that_was_killed_is_made_the_next_time() {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 1);
    desktop.ok(&["save", "step"]);
    let session = desktop.json(&["list"])[0]["session_id"].clone();
    let session = session.as_str().expect("an id");
    for (number, then) in (1..=8).flat_map(|n| [(n, Then::Nothing), (n, Then::Orphan)]) {
        let folder = format!("{}/clone-{number}-{then:?}", laptop.home.display());
        let elsewhere = |command: &mut Command| {
            command.current_dir(&laptop.home).output().expect("the helper runs")
        };
        let args = ["resume", session, "--clone", &folder];
        let output = elsewhere(&mut KillingGit::at(&laptop, number, then).command(&laptop, &args));
        println!("{then:?} call {number}: {}", output.status);
        let again = elsewhere(&mut laptop.command(&args));
        assert!(again.status.success(), "{then:?} call {number}\n{}", told(&again));
        let head = laptop.git_in(folder.as_ref(), &["rev-parse", "HEAD"]);
        assert_eq!(head, desktop.head(), "{then:?} call {number}");
        let status = laptop.git_in(folder.as_ref(), &["status", "--porcelain"]);
        assert_eq!(status, "", "{then:?} call {number}");
    }
    drop(world);
}

#[test]
fn a_save_of_uncommitted_work_that_was_killed_at_any_call_of_git_touches_nothing() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    let mut before = String::new();
    let stride = if env!("CARGO_CRATE_NAME") == "crash" { 3 } else { 1 };
    at_every_call(
        &desktop,
        &["save", "step", "--stash"],
        stride,
        |step| uncommitted(&desktop, step),
        |_| {
            before = status(&desktop);
            let left = fs::read_dir(desktop.work_tree.join(".git")).expect("a folder").flatten();
            let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
            let ours = |name: &&std::ffi::OsString| name.to_string_lossy().starts_with("convosync");
            assert_eq!(left.iter().find(ours), None, "nothing of ours stays");
        },
    );
    assert_eq!(desktop.git(&["for-each-ref", "refs/convosync"]), "");
    laptop.ok(&["resume"]);
    assert_eq!(status(&laptop), before);
}

#[test]
fn a_resume_of_uncommitted_work_that_was_killed_at_any_call_of_git_goes_on() {
    let (_world, desktop, laptop) = World::pair();
    desktop.talk(ID, 1);
    uncommitted(&desktop, 1);
    desktop.ok(&["save", "step 1", "--stash"]);
    laptop.ok(&["resume"]);
    // Work that is put aside and work that is laid take many calls: all of them in the slow lane.
    let stride = if env!("CARGO_CRATE_NAME") == "crash" { 7 } else { 1 };
    at_every_call(
        &laptop,
        &["resume"],
        stride,
        |step| {
            uncommitted(&desktop, step);
            fs::remove_file(desktop.work_tree.join(format!("new/{}.txt", step - 1)))
                .expect("it is there");
            desktop.ok(&["save", &format!("step {step}"), "--stash"]);
        },
        |step| {
            assert_eq!(status(&laptop), status(&desktop), "step {step}");
            assert_eq!(laptop.read(&format!("new/{step}.txt")), format!("untracked {step}\n"));
        },
    );
}
