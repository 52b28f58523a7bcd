//! Two helpers at once, for each two of the commands that write: the first stands still before one
//! of its changes, with all its locks, while the second runs; then it goes on. Whatever each of them
//! says: nothing is lost, and the device goes on.
//!
//! Some pairs; all of them, at three moments of the first, with `CONVOSYNC_EVERY_CHANGE`.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use convosync_tests::tree::Moment;
use convosync_tests::{Fault, World, told};

use crate::audit::audit_at;
use crate::plays::Play;
use crate::scene::{ID, work};

/// Long enough for the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the second has at most before the first goes on.
const HEAD_START: Duration = Duration::from_secs(20);
/// Between two looks at a process.
const PAUSE: Duration = Duration::from_millis(5);
/// How many looks in a row find one idle that waits for a lock. It asks for it every few milliseconds.
const IDLE: usize = 40;

const ANSWERS: [&str; 6] =
    ["--on-dirty", "stash", "--on-diverged", "merge", "--on-conflict", "merge"];

/// The commands that write, each with something to do on the laptop.
fn commands(world: &World) -> Vec<Vec<String>> {
    let place = format!("file://{}", world.path().join("place").display());
    let commands: [&[&str]; 8] = [
        &["save", "mine"],
        &["save", "mine", "--stash"],
        &["sync", "--retry"],
        &[&["resume"], &ANSWERS[..]].concat(),
        &["undo"],
        &["gc"],
        &["store", "move", &place],
        &["key", "rotate"],
    ];
    commands.map(|words| words.iter().map(|&word| word.to_owned()).collect()).to_vec()
}

/// The laptop has brought a session back and gone on; the desktop has gone on too; something waits
/// to be sent, and something was deleted.
fn scene() -> Play {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    laptop.ok(&["resume"]);
    work(&desktop, 1);
    desktop.ok(&["save", "step 1"]);
    laptop.talk("22222222-2222-4333-8444-555555555555", 1);
    let gone = laptop.json(&["save", "--new", "gone", "--no-push"]);
    laptop.ok(&["delete", gone["session_id"].as_str().expect("an id"), "--yes"]);
    laptop.write("README.md", "changed here\n");
    laptop.write("notes.txt", "notes\n");
    laptop.talk(ID, 1);
    let away = world.path().join("away");
    fs::rename(world.store(), &away).expect("the store is away");
    laptop.ok(&["save", "waits", "--no-push"]);
    fs::rename(&away, world.store()).expect("the store is back");
    laptop.write("notes.txt", "more notes\n");
    laptop.talk(ID, 1);
    Play::of(world, [laptop, desktop], &[], |_, _| {})
}

/// A helper that runs, or stands still; it does not outlive the test.
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(piped.spawn().expect("the helper starts")))
    }

    fn id(&self) -> u32 {
        self.0.as_ref().map(Child::id).expect("it is taken at its end alone")
    }

    /// Waits until it stands still before its change.
    #[track_caller]
    pub(crate) fn wait_until_it_stands_still(&self) {
        until(PATIENCE, || matches!(self.state(), Some('T' | 'Z')));
        assert_eq!(self.state(), Some('T'), "it does not stand still before this change");
    }

    /// Waits until it has ended, or waits for another.
    fn wait_until_it_gets_no_further(&self) {
        let mut idle = 0;
        until(HEAD_START, || {
            idle = if self.is_idle() { idle + 1 } else { 0 };
            idle == IDLE || self.state() == Some('Z')
        });
    }

    pub(crate) fn go_on(&self) {
        let signalled = Command::new("kill").args(["-CONT", &self.id().to_string()]).status();
        assert!(signalled.expect("there is a kill").success());
    }

    pub(crate) fn end(mut self) -> Output {
        let child = self.0.take().expect("it is taken here alone");
        child.wait_with_output().expect("it ends")
    }

    fn state(&self) -> Option<char> {
        state(Path::new(&format!("/proc/{}", self.id())))
    }

    /// Whether all its threads sleep, and no program that it started runs.
    fn is_idle(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.id())).into_iter().flatten();
        let mut threads = threads.flatten().map(|thread| thread.path());
        threads.all(|thread| {
            let children = fs::read_to_string(thread.join("children")).unwrap_or_default();
            state(&thread) == Some('S') && children.trim().is_empty()
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The state of a process or of one of its threads (proc_pid_stat(5)).
fn state(folder: &Path) -> Option<char> {
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

fn until(patience: Duration, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() && start.elapsed() < patience {
        std::thread::sleep(PAUSE);
    }
}

/// Lets the second run while the first stands still before its change `at`.
fn both(play: &Play, first: &[&str], at: usize, second: &[&str]) -> [Output; 2] {
    let (one, two) = ([first, &["--json"]].concat(), [second, &["--json"]].concat());
    let first = Running::start(play.device.faulty(&one, Fault::Stops, at));
    first.wait_until_it_stands_still();
    let second = Running::start(play.device.command(&two));
    second.wait_until_it_gets_no_further();
    first.go_on();
    [first, second].map(Running::end)
}

/// Each did its work, or said why not.
#[track_caller]
fn was_answered(output: &Output, what: &str) {
    println!(
        "   {:?} {}",
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    match output.status.code() {
        Some(0 | 3) => {}
        Some(1) => {
            let failure = String::from_utf8_lossy(&output.stderr);
            assert!(failure.contains("\"code\":\"convosync::"), "{what}\n{}", told(output));
            assert!(!failure.contains("convosync::internal"), "{what}\n{}", told(output));
        }
        _ => panic!("{what}\n{}", told(output)),
    }
}

/// The device goes on, and all that was there is there.
#[track_caller]
fn all_is_well(play: &Play, what: &str) {
    let Play { world, device, other, .. } = play;
    assert!(!device.work_tree.join(".git/index.lock").exists(), "{what}: a lock stays");
    let conversation = fs::read_to_string(device.transcript(ID)).unwrap_or_default();
    assert!(conversation.lines().all(|line| line.starts_with('{')), "{what}: {conversation}");
    if !play.every_word_is_here() && device.json(&["undo", "--list"])[0]["state"] == "undone" {
        // What was said since the resume is kept by the undo that took it back.
        device.ok(&["undo", "--redo"]);
        assert!(play.every_word_is_here(), "{what}: the undo has not kept it");
    }
    let resume = [&["resume"], &ANSWERS[..]].concat();
    device.ok(&resume);
    device.talk(ID, 1);
    device.ok(&["save", "after both"]);
    assert_eq!(device.json(&["sync", "--retry"])["queued"], 0, "{what}");
    other.ok(&["sync"]);
    other.ok(&resume);
    let moved = world.path().join("place");
    let place = if device.json(&["status"])["store"] == format!("file://{}", moved.display()) {
        moved
    } else {
        world.store()
    };
    let saves = audit_at(&place, device);
    for message in ["step 0", "step 1", "waits", "after both"] {
        assert!(saves.has_message(message), "{what}: `{message}` is lost");
    }
    play.nothing_is_lost_at(&place, what);
}

fn pairs(which: impl Fn(usize, usize) -> bool, moments: &[usize]) {
    let play = scene();
    let moment = Moment::of(&[play.world.path()]);
    let commands = commands(&play.world);
    for (row, first) in commands.iter().enumerate() {
        if !(0..commands.len()).any(|column| which(row, column)) {
            continue;
        }
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        moment.restore();
        let changes = play.device.changes(&first, Fault::Stops).len();
        for (column, second) in commands.iter().enumerate().filter(|it| which(row, it.0)) {
            let second: Vec<&str> = second.iter().map(String::as_str).collect();
            for quarter in moments {
                let at = 1 + (changes - 1) * quarter / 4;
                let what = format!("{first:?} before change {at} of {changes}, {second:?}");
                println!("{row} {column} {what}");
                moment.restore();
                for output in both(&play, &first, at, &second) {
                    was_answered(&output, &what);
                }
                all_is_well(&play, &what);
            }
        }
    }
}

fn every() -> bool {
    std::env::var_os("CONVOSYNC_EVERY_CHANGE").is_some()
}

/// Each command first and second at least once; all in the long run.
fn some(part: usize) {
    if every() {
        return pairs(|row, _| row % 4 == part, &[1, 2, 3]);
    }
    pairs(|row, column| row % 4 == part && (column == (row * 3 + 1) % 8), &[2]);
}

#[test]
fn a_rotation_that_stands_still_while_the_store_is_moved_is_taken_along() {
    pairs(|row, column| (row, column) == (7, 6), &[1, 3]);
    pairs(|row, column| (row, column) == (6, 7), &[2]);
}

#[test]
fn a_save_or_an_undo_that_stands_still_harms_no_other_command() {
    some(0);
}

#[test]
fn a_stash_save_or_a_collection_that_stands_still_harms_no_other_command() {
    some(1);
}

#[test]
fn a_sync_or_a_move_of_the_store_that_stands_still_harms_no_other_command() {
    some(2);
}

#[test]
fn a_resume_or_a_rotation_that_stands_still_harms_no_other_command() {
    some(3);
}
