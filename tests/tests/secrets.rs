//! What only the account may read is readable nowhere else: not in the store, not in this device's
//! own files, not in what git is called with, not in anything that is printed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use convosync_core::Profile;
use convosync_tests::tree::{self, files};
use convosync_tests::{Device, World, leaks, told};

const ID: &str = "11111111-2222-4333-8444-555555555555";

const TALK: &str = "canaryTalkOfThePlatypus";
const TITLE: &str = "canaryTitleOfTheOkapi";
const MESSAGE: &str = "canaryMessageOfTheTapir";
const BRANCH: &str = "canary-branch-of-the-ibex";
const PATH: &str = "canary-path-of-the-gecko";
const FILE: &str = "canary-file-of-the-stoat";
const DEVICE: &str = "canary-device-of-the-quoll";
const REMOTE: &str = "canary-remote-of-the-dingo";
const VALUE: &str = "canaryValueOfTheHoopoe";
const CANARIES: [&str; 9] = [TALK, TITLE, MESSAGE, BRANCH, PATH, FILE, DEVICE, REMOTE, VALUE];

/// How long a program may take until it waits for input.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device whose every name is a canary, a second one, and a git that tells what it is asked.
struct Scene {
    world: World,
    desktop: Device,
    laptop: Device,
    log: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let desktop = world.first_device(DEVICE, &format!("{PATH}/app"));
        let laptop = world.next_device("laptop", &format!("code/{PATH}"));
        let origin = world.path().join(format!("{REMOTE}.git"));
        symlink(world.origin(), &origin).expect("a link");
        let origin = origin.to_str().expect("UTF-8").to_owned();
        for device in [&desktop, &laptop] {
            device.git(&["remote", "set-url", "origin", &origin]);
        }
        desktop.git(&["switch", "-q", "-c", BRANCH]);
        let log = world.path().join("git.log");
        let scene = Self { world, desktop, laptop, log };
        scene.wrap_git();
        scene
    }

    /// A `git` that writes its arguments and environment down before it is git.
    fn wrap_git(&self) {
        let git = which("git");
        let script = format!(
            "#!/bin/sh\n{{ printf '%s\\n' \"$@\"; env; }} >> '{}'\nexec '{}' \"$@\"\n",
            self.log.display(),
            git.display()
        );
        let wrapper = self.wrappers().join("git");
        fs::create_dir_all(self.wrappers()).expect("a folder");
        fs::write(&wrapper, script).expect("a script");
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).expect("ours");
    }

    fn wrappers(&self) -> PathBuf {
        self.world.path().join("bin")
    }

    /// Runs the helper with everything on that could make it talk.
    fn run(&self, device: &Device, args: &[&str]) -> Output {
        let path = format!("{}:{}", self.wrappers().display(), device.env()["PATH"]);
        let mut command = device.command(args);
        command.env("PATH", path).env("CANARY", VALUE);
        command.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
        command.output().expect("the helper runs")
    }

    fn ok(&self, device: &Device, args: &[&str]) {
        let output = self.run(device, args);
        assert!(output.status.success(), "{args:?} {}", told(&output));
    }

    /// The conversation, with a title.
    fn talk(&self, device: &Device) {
        device.talk(ID, 2);
        let path = device.transcript(ID);
        let lines = fs::read_to_string(&path).expect("a transcript");
        let title =
            format!(r#"{{"type":"custom-title","customTitle":"{TITLE}","sessionId":"{ID}"}}"#);
        fs::write(path, format!("{}{title}\n", lines.replace("Answer", TALK))).expect("written");
    }

    /// Every file that may hold sealed bytes only.
    fn sealed(&self) -> Vec<PathBuf> {
        let mut all = files(&self.world.store());
        for device in [&self.desktop, &self.laptop] {
            for place in [
                device.data().join("outbox"),
                device.data().join("cache"),
                device.data().join("store"),
                device.home.join(".local/state/convosync"),
            ] {
                all.extend(files(&place));
            }
        }
        all
    }
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var("PATH").expect("there is a PATH");
    let places = path.split(':').map(|folder| Path::new(folder).join(program));
    places.into_iter().find(|file| file.is_file()).expect("it is installed")
}

#[test]
fn nothing_of_a_session_is_readable_outside_the_account() {
    let scene = Scene::new();
    let (desktop, laptop) = (&scene.desktop, &scene.laptop);
    // Too big to travel inside its unit.
    desktop.talk_noise(ID, 6 << 20);
    scene.talk(desktop);
    desktop.write(FILE, TALK);
    scene.ok(desktop, &["save", MESSAGE, "--no-push"]);
    scene.ok(laptop, &["list"]);
    scene.ok(laptop, &["resume", "--switch-branch"]);
    laptop.talk(ID, 1);
    scene.ok(laptop, &["save", MESSAGE]);
    scene.ok(desktop, &["resume"]);
    // And what waits on this device.
    let away = scene.world.path().join("away");
    fs::rename(scene.world.store(), &away).expect("the store goes away");
    desktop.talk(ID, 1);
    scene.ok(desktop, &["save", MESSAGE]);
    fs::rename(&away, scene.world.store()).expect("and comes back");

    let sealed = scene.sealed();
    let kinds = ["store/v1/o", "store/v1/s", "outbox/v1/s", "cache/v1/o", "index.sqlite"];
    for kind in kinds {
        let there = sealed.iter().any(|file| file.to_string_lossy().contains(kind));
        assert!(there, "there is no {kind} to look into");
    }
    // What a prompt reads names the work trees of this device, which lie beside it, and no more.
    let (prompts, sealed): (Vec<_>, Vec<_>) =
        sealed.into_iter().partition(|file| file.ends_with("prompts.jsonl"));
    let said: Vec<_> =
        CANARIES.into_iter().filter(|canary| ![DEVICE, PATH].contains(canary)).collect();
    assert_eq!(leaks::readable(&prompts, &said), Vec::<String>::new());
    assert_eq!(leaks::readable(&sealed, &CANARIES), Vec::<String>::new());
    assert_eq!(leaks::compressed(&sealed), Vec::<String>::new());
    for device in [desktop, laptop] {
        let scratch = files(&device.home.join(".local/state/convosync/scratch"));
        assert_eq!(scratch, Vec::<PathBuf>::new(), "nothing stays there");
    }
}

#[test]
fn only_the_user_can_open_what_convosync_writes() {
    let scene = Scene::new();
    scene.talk(&scene.desktop);
    scene.ok(&scene.desktop, &["save", MESSAGE]);
    scene.ok(&scene.laptop, &["resume", "--switch-branch"]);
    let mut open = Vec::new();
    for device in [&scene.desktop, &scene.laptop] {
        let own = [device.data(), device.home.join(".local/state/convosync")];
        for folder in own.iter().chain([&scene.world.store()]) {
            modes(folder, &mut open);
        }
    }
    modes(&scene.world.words(), &mut open);
    modes(&scene.laptop.transcript(ID), &mut open);
    assert_eq!(open, Vec::<String>::new());
}

/// What others may read or write, at and below a path.
fn modes(path: &Path, open: &mut Vec<String>) {
    let facts = fs::symlink_metadata(path).expect("it is there");
    let mode = facts.permissions().mode() & 0o7777;
    let wanted = if facts.is_dir() { 0o700 } else { 0o600 };
    if mode != wanted {
        open.push(format!("{mode:o} {}", path.display()));
    }
    if facts.is_dir() {
        for entry in fs::read_dir(path).expect("it is ours").flatten() {
            modes(&entry.path(), open);
        }
    }
}

#[test]
fn git_is_told_no_secret() {
    let scene = Scene::new();
    let (desktop, laptop) = (&scene.desktop, &scene.laptop);
    scene.talk(desktop);
    desktop.write(FILE, "x");
    scene.ok(desktop, &["save", MESSAGE, "--no-push"]);
    scene.ok(laptop, &["resume", "--switch-branch"]);
    scene.ok(desktop, &["sync"]);
    let asked = fs::read_to_string(&scene.log).expect("git was called");
    assert!(asked.contains("GIT_TERMINAL_PROMPT=0"), "the wrapper was not used");
    let keys = key_texts(&scene);
    let secrets: Vec<&str> =
        [TALK, TITLE, MESSAGE].into_iter().chain(keys.iter().map(|k| &**k)).collect();
    let told: Vec<_> = secrets.iter().filter(|secret| asked.contains(**secret)).collect();
    assert_eq!(told, Vec::<&&str>::new());
}

/// The account's secrets in every spelling that could slip into text.
fn key_texts(scene: &Scene) -> Vec<String> {
    let words = fs::read_to_string(scene.world.words()).expect("the words");
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut texts: Vec<String> = words.windows(3).map(|three| three.join(" ")).collect();
    for device in [&scene.desktop, &scene.laptop] {
        let profile = fs::read(device.data().join("keys/profile")).expect("a key file");
        let profile = Profile::decode(&profile).expect("whole");
        for secret in [&profile.account.master, &profile.device.signing, &profile.device.exchange] {
            let hex: String = secret.0.iter().map(|byte| format!("{byte:02x}")).collect();
            let numbers: Vec<String> = secret.0.iter().map(ToString::to_string).collect();
            texts.extend([hex.to_uppercase(), hex, numbers.join(", ")]);
        }
    }
    texts
}

#[test]
fn no_output_and_no_error_tells_a_secret() {
    let scene = Scene::new();
    let (desktop, laptop) = (&scene.desktop, &scene.laptop);
    scene.talk(desktop);
    desktop.write(FILE, "x");
    let mut said = String::new();
    let mut hear = |output: Output| {
        said += &String::from_utf8_lossy(&output.stdout);
        said += &String::from_utf8_lossy(&output.stderr);
    };
    hear(scene.run(desktop, &["save", MESSAGE, "--dry-run"]));
    hear(scene.run(desktop, &["save", MESSAGE]));
    for json in [&["--json"][..], &[]] {
        for verb in [&["list"][..], &["status"], &["sync"], &["device", "list"], &["init"]] {
            hear(scene.run(desktop, &[verb, json].concat()));
        }
        hear(scene.run(laptop, &[&["resume", "--dry-run"], json].concat()));
    }
    let unit = scene.world.objects_of("v1/s").remove(0);
    let mut bytes = fs::read(&unit).expect("it is there");
    *bytes.last_mut().expect("it is not empty") ^= 1;
    fs::write(&unit, bytes).expect("damaged");
    hear(scene.run(laptop, &["resume", "--switch-branch"]));
    let words = fs::read_to_string(scene.world.words()).expect("the words");
    let wrong: Vec<&str> = words.split_whitespace().rev().collect();
    let stranger = scene.world.bare_device("stranger", "app");
    let store = scene.world.store_url();
    let join = ["device", "join", "--recovery", "--store", &store];
    hear(stranger.with_input(&join, &wrong.join(" ")));
    hear(stranger.with_input(&join, &words.replacen(' ', " platypus ", 1)));
    let key = desktop.data().join("keys/profile");
    let whole = fs::read(&key).expect("a key file");
    fs::write(&key, &whole[..whole.len() - 9]).expect("cut");
    hear(scene.run(desktop, &["list"]));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("ours");
    hear(scene.run(desktop, &["list"]));
    fs::write(&key, &whole).expect("mended");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("ours");

    let mut secrets = key_texts(&scene);
    let backwards: Vec<String> = wrong.windows(3).map(|three| three.join(" ")).collect();
    secrets.extend(backwards);
    secrets.extend([TALK, VALUE, "platypus"].map(str::to_owned));
    let told: Vec<_> = secrets.iter().filter(|secret| said.contains(&***secret)).collect();
    assert_eq!(told, Vec::<&String>::new(), "{said}");
}

#[test]
fn the_recovery_words_are_in_their_file_alone() {
    let scene = Scene::new();
    scene.talk(&scene.desktop);
    scene.ok(&scene.desktop, &["save", MESSAGE]);
    let words = fs::read_to_string(scene.world.words()).expect("the words");
    let words: Vec<&str> = words.split_whitespace().collect();
    assert_eq!(words.len(), 24);
    let pairs: BTreeSet<String> = words.windows(2).map(|two| two.join(" ")).collect();
    let pairs: Vec<&str> = pairs.iter().map(String::as_str).collect();
    let mut all = files(scene.world.path());
    all.retain(|file| *file != scene.world.words());
    assert_eq!(leaks::readable(&all, &pairs), Vec::<String>::new());
}

#[test]
fn a_recovery_file_that_is_there_is_left_alone_and_no_account_is_made() {
    let world = World::new();
    let device = world.bare_device("desktop", "app");
    let (store, path) = (world.store_url(), world.words());
    fs::write(&path, "my shopping list").expect("a file");
    let path = path.to_str().expect("UTF-8");
    let init = ["init", "--store", &store, "--recovery-file", path, "--yes"];
    let (code, failure) = device.fails(&init);
    assert_eq!((code, &failure["code"]), (1, &"convosync::local::exists".into()), "{failure}");
    assert_eq!(fs::read_to_string(path).expect("still there"), "my shopping list");
    assert_eq!(world.objects(), Vec::<PathBuf>::new());
    assert!(!device.data().join("keys/profile").exists());
    fs::remove_file(path).expect("it was there");
    device.ok(&init);
}

#[test]
fn files_that_may_hold_secrets_stay_behind() {
    let (world, desktop, laptop) = World::pair();
    let secret = [".env", ".env.local", "credentials.json", "deploy/server.pem", "id_ed25519"];
    for path in secret {
        desktop.write(path, &format!("{TALK} of {path}"));
    }
    desktop.write(".env.example", "KEY=\n");
    desktop.talk(ID, 1);
    let saved = desktop.json(&["save", "Configured", "--no-push"]);
    let notes = saved["notes"].to_string();
    for path in secret {
        assert!(notes.contains(path), "{path} is not named: {notes}");
        assert_eq!(desktop.read(path), format!("{TALK} of {path}"));
    }
    assert_eq!(desktop.git(&["ls-files"]), ".env.example\nREADME.md");
    laptop.json(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());
    let there = tree::fingerprint(&laptop.work_tree, &[".git"]);
    for path in secret {
        assert!(!there.contains_key(Path::new(path)), "{path} travelled");
    }
    let objects = laptop.git(&["cat-file", "--batch-all-objects", "--batch-check"]);
    for line in objects.lines().filter(|line| line.contains(" blob ")) {
        let blob = line.split(' ').next().expect("an id");
        assert!(!laptop.git(&["cat-file", "blob", blob]).contains(TALK), "{line}");
    }
    assert_eq!(leaks::readable(&world.objects(), &[TALK]), Vec::<String>::new());
}

/// A program that waits for input, and may leave as much of its memory behind as it wants to.
fn waiting(world: &World, program: &Command) -> Child {
    let path = Path::new(program.get_program());
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -c unlimited; exec "$0" "$@""#]).arg(path);
    command.args(program.get_args());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(world.path()).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let id = child.id();
    let about = |what: &str| fs::read_to_string(format!("/proc/{id}/{what}")).unwrap_or_default();
    let name = path.file_name().expect("a name").to_string_lossy();
    // It is what was asked for, and sleeps: it reads its input, long after its first lines.
    let end = Instant::now() + PATIENCE;
    while !(about("comm").trim() == name && about("stat").contains(") S ")) {
        assert_eq!(child.try_wait().expect("ours"), None, "it ended by itself");
        if Instant::now() > end {
            child.kill().expect("ours");
            panic!("`{name}` never waits: {}", about("stat"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// Kills a program as a fault would; whether it left its memory behind, in the world's own folder.
fn leaves_its_memory(world: &World, program: &Command) -> bool {
    let mut child = waiting(world, program);
    let killed = Command::new("kill").args(["-ABRT", &child.id().to_string()]).status();
    assert!(killed.expect("there is a kill").success());
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.signal(), Some(6));
    ended.core_dumped()
}

/// Whether what a program runs with can be read by another program of this user, as its memory can;
/// ask proc(5), `PTRACE_MODE_READ`.
fn is_open(world: &World, program: &Command) -> bool {
    let mut child = waiting(world, program);
    let read = fs::read(format!("/proc/{}/environ", child.id()));
    child.kill().expect("ours");
    child.wait().expect("it ends");
    read.is_ok()
}

/// Whether what a program leaves behind comes into its own folder: elsewhere a test would leave it on
/// the machine (core(5)).
fn memory_comes_here() -> bool {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    !pattern.trim().is_empty() && !pattern.starts_with('|') && !pattern.contains('/')
}

#[test]
fn a_helper_that_crashes_leaves_no_memory_behind() {
    let world = World::new();
    let device = world.bare_device("desktop", "app");
    if !memory_comes_here() || !leaves_its_memory(&world, &Command::new("cat")) {
        println!("skipped: no program leaves its memory here");
        return;
    }
    assert!(!leaves_its_memory(&world, &device.command(&["rpc"])), "keys would be on disk");
}

#[test]
fn what_is_in_a_helpers_memory_is_for_no_other_program() {
    let world = World::new();
    let device = world.bare_device("desktop", "app");
    if fs::metadata("/proc/self").expect("it is us").uid() == 0 {
        println!("skipped: root reads everything");
        return;
    }
    assert!(is_open(&world, &Command::new("cat")));
    assert!(!is_open(&world, &device.command(&["rpc"])), "keys could be read");
}
