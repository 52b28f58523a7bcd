//! A command in the middle of a world, the fault that meets it, and what has to hold then.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use convosync_tests::tree::Moment;
use convosync_tests::{Device, Fault, World, told};

use crate::audit::audit_at;
use crate::scene::{ID, everywhere};

/// A command that has something to do, on a device whose user has something to lose.
pub(crate) struct Play {
    pub(crate) world: World,
    /// Where it runs.
    pub(crate) device: Device,
    pub(crate) other: Device,
    pub(crate) args: Vec<String>,
    /// The device before it: repository, work tree, stash, conversations.
    pub(crate) before: Vec<String>,
    /// What has to hold after it went through; told what happened to it before.
    pub(crate) whole: fn(&Play, &str),
    belongings: Belongings,
}

/// What the user of a device has.
struct Belongings {
    /// Files of the work tree with their contents.
    files: Vec<(String, String)>,
    prompts: Vec<String>,
}

impl Play {
    /// The play of this command in the world as it is now.
    pub(crate) fn of(
        world: World,
        [device, other]: [Device; 2],
        args: &[&str],
        whole: fn(&Self, &str),
    ) -> Self {
        let belongings = Belongings::of(&device);
        let before = device.picture();
        let args = args.iter().map(|&word| word.to_owned()).collect();
        Self { world, device, other, args, before, whole, belongings }
    }

    pub(crate) fn args(&self) -> Vec<&str> {
        self.args.iter().map(String::as_str).collect()
    }

    /// Work that is in files, the stash, or a commit: whatever stopped, it is never nowhere.
    #[track_caller]
    fn work_is_somewhere(&self, what: &str) {
        for (path, text) in &self.belongings.files {
            let found = everywhere(&self.device, path);
            assert!(found.contains(text), "{what}: `{path}` with {text:?} is lost: {found:?}");
        }
    }

    /// Whether all that was said is in the conversation here.
    pub(crate) fn every_word_is_here(&self) -> bool {
        let here = fs::read_to_string(self.device.transcript(ID)).unwrap_or_default();
        self.belongings.prompts.iter().all(|prompt| here.contains(prompt))
    }

    /// All that the user had is here or in the store.
    #[track_caller]
    pub(crate) fn nothing_is_lost(&self, what: &str) {
        self.nothing_is_lost_at(&self.world.store(), what);
    }

    /// The same, where the store is there by now.
    #[track_caller]
    pub(crate) fn nothing_is_lost_at(&self, store: &Path, what: &str) {
        self.work_is_somewhere(what);
        let here = fs::read_to_string(self.device.transcript(ID)).unwrap_or_default();
        let missing: Vec<_> =
            self.belongings.prompts.iter().filter(|prompt| !here.contains(*prompt)).collect();
        if !missing.is_empty() {
            let saves = audit_at(store, &self.device);
            for prompt in missing {
                assert!(saves.holds(prompt), "{what}: `{prompt}` is lost");
            }
        }
    }

    /// Whether all is as it was before the command.
    #[track_caller]
    pub(crate) fn is_as_before(&self, what: &str) {
        for (now, before) in self.device.picture().iter().zip(&self.before) {
            assert_eq!(now, before, "{what}");
        }
    }

    #[track_caller]
    fn goes_through(&self, what: &str) {
        let output = self.device.run(&self.args());
        assert!(output.status.success(), "{what}: the second time\n{}", told(&output));
    }
}

impl Belongings {
    fn of(device: &Device) -> Self {
        let listed = device.git(&["ls-files", "--cached", "--others", "--exclude-standard"]);
        let paths: BTreeSet<&str> = listed.lines().collect();
        let read = |path: &&str| {
            let text = fs::read_to_string(device.work_tree.join(path)).ok()?;
            Some(((*path).to_owned(), text.trim_end().to_owned()))
        };
        let said = fs::read_to_string(device.transcript(ID)).unwrap_or_default();
        let prompt = |line: &str| {
            let at = line.find("\"Prompt ")?;
            Some(line[at..].split_inclusive('"').take(2).collect())
        };
        Self {
            files: paths.iter().filter_map(read).collect(),
            prompts: said.lines().filter_map(prompt).collect(),
        }
    }
}

/// Lets a fault happen before one change after the other, each time in the same world, and the
/// same command go through then. All changes with `CONVOSYNC_EVERY_CHANGE`, else `some` of them.
pub(crate) fn at_each_change(fault: Fault, some: usize, make: impl FnOnce() -> Play) {
    at_each_change_then(fault, some, make, |play, what| {
        play.goes_through(what);
        (play.whole)(play, what);
    });
}

/// The same, where the user does something else `then`.
pub(crate) fn at_each_change_then(
    fault: Fault,
    some: usize,
    make: impl FnOnce() -> Play,
    then: impl Fn(&Play, &str),
) {
    let play = make();
    let moment = Moment::of(&[play.world.path()]);
    let changes = play.device.changes(&play.args(), fault);
    (play.whole)(&play, "undisturbed");
    println!("{} changes", changes.len());
    let chosen = chosen(changes.len(), some);
    let mut failures = Vec::new();
    for &at in &chosen {
        moment.restore();
        let what = format!("{fault:?} before change {}", changes[at - 1]);
        println!("{what}");
        if happens(&play, fault, at, at + 2 < changes.len()) {
            failures.push(at);
        }
        play.work_is_somewhere(&what);
        then(&play, &what);
    }
    // What comes at the end of a command may be left for the next one; what it is for may not.
    println!("{fault:?}: it failed at {failures:?} of {chosen:?}");
    assert_eq!(failures.first(), Some(&1), "{fault:?}: nothing failed at the first change");
    assert!(failures.len() * 2 >= chosen.len(), "{fault:?}: it failed at {failures:?} alone");
}

/// Whether the command failed of the fault; that of one that dies has to, where it is `certainly`
/// before its end.
fn happens(play: &Play, fault: Fault, at: usize, certainly: bool) -> bool {
    let args = [&play.args()[..], &["--json"]].concat();
    let output = play.device.faulty(&args, fault, at).output().expect("the helper runs");
    match fault {
        Fault::Dies => {
            let is_dead = output.status.signal() == Some(9);
            assert!(is_dead || !certainly && output.status.success(), "{}", told(&output));
        }
        _ if output.status.success() => {}
        // It was told in a way that programs understand, and is no fault of our own.
        _ => {
            assert_eq!(output.status.code(), Some(1), "{}", told(&output));
            let failure = String::from_utf8_lossy(&output.stderr);
            assert!(failure.contains("\"code\":\"convosync::"), "{}", told(&output));
            println!("   {}", failure.trim_end());
        }
    }
    !output.status.success()
}

/// Numbers from 1 to `count`: some, evenly, the first and the last among them; or all.
fn chosen(count: usize, some: usize) -> Vec<usize> {
    if std::env::var_os("CONVOSYNC_EVERY_CHANGE").is_some() || count <= some {
        return (1..=count).collect();
    }
    (0..some).map(|part| 1 + part * (count - 1) / (some - 1)).collect()
}
