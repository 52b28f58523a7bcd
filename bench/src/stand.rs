//! The engine over the real adapters, in this process, with its traffic counted.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convosync_adapters::{
    ClaudeCodeFiles, FileLocks, FolderJournal, FolderStore, GitCli, KeyFile, Paths, ScratchDir,
    SqliteIndex, StoreOpener, SystemClock, SystemEntropy, SystemProcesses, UserShells, ZellijPanes,
};
use convosync_core::{DeviceKind, ObjectName, Sealed};
use convosync_engine::ports::{Caps, Listed, Store, StoreError, Stores, starts_one_by_one};
use convosync_engine::{Cancel, Engine, Host, Outcome, Ports, SaveMode, Settings};
use convosync_tests::{Device, World};
use convosync_wire::{Answers, PROTOCOL, Reply, Request, ResumeArgs, SaveArgs, Verb};

use crate::cost::{Cost, cost, ms, peak_mib};
use crate::git_clock::{GitClock, GitWork};

/// What a run asked the store for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    /// Bytes that were put, names of devices and keys not counted.
    pub(crate) up: u64,
    pub(crate) down: u64,
}

/// One run of the engine.
pub(crate) struct Run {
    pub(crate) reply: Reply,
    pub(crate) cost: Cost,
    pub(crate) git: GitWork,
    pub(crate) traffic: Traffic,
}

impl Run {
    /// By the clock, without the time that git took.
    pub(crate) fn wall_without_git(&self) -> Duration {
        self.cost.wall.saturating_sub(self.git.time)
    }
}

/// Runs a verb on a device, which has to succeed.
pub(crate) fn run(world: &World, device: &Device, verb: Verb) -> Run {
    let clock = GitClock::in_folder(world.path());
    let traffic = Arc::new(Mutex::new(Traffic::default()));
    let mut env = device.env();
    let path = clock.before(&env["PATH"]);
    env.insert("PATH".to_owned(), path);
    let paths = Paths::from_env(&env).expect("the device has a home");
    let own = |folder: PathBuf| {
        fs::create_dir_all(&folder).expect("a folder");
        FolderStore::new(folder)
    };
    let claude = ClaudeCodeFiles::new(device.home.join(".claude"), Box::new(SystemProcesses));
    let cancel = Cancel::new();
    let opener = StoreOpener::new(paths.home.clone(), paths.embedded_store());
    let host = Host {
        name: device.name.clone(),
        kind: DeviceKind::Desktop,
        home: Some(device.home.clone()),
        carried: None,
    };
    let request = Request {
        protocol: PROTOCOL,
        version: String::new(),
        directory: device.work_tree.to_str().expect("plain").to_owned(),
        env: env.clone(),
        shell: None,
        passphrase: None,
        verb,
    };
    clock.taken();
    let (outcome, cost) = cost(|| {
        let ports = Ports {
            stores: &Counted { inner: opener, traffic: traffic.clone() },
            vault: &KeyFile::new(paths.profile()),
            index: &SqliteIndex::open(paths.index()).expect("the index opens"),
            journal: &FolderJournal::new(paths.undo()),
            outbox: &own(paths.outbox()),
            cache: &own(paths.cache()),
            locks: &FileLocks::new(paths.locks()),
            scratch: &ScratchDir::open(paths.scratch()).expect("a folder"),
            clock: &SystemClock,
            entropy: &SystemEntropy,
            git: &GitCli::find(&env, cancel.clone()).expect("git is installed"),
            assistants: &[&claude],
            shells: &UserShells::new(paths.recorded()),
            panes: &ZellijPanes::new(paths.scratch(), cancel.clone()),
            settings: settings(),
            host,
            cancel,
        };
        Engine::new(&ports, &|_| {}).run(&request)
    });
    let traffic = *traffic.lock().unwrap_or_else(PoisonError::into_inner);
    match outcome {
        Outcome::Reply(reply) => Run { reply: *reply, cost, git: clock.taken(), traffic },
        other => panic!("{other:?}"),
    }
}

/// A save of one conversation.
pub(crate) fn save(id: &str) -> Verb {
    Verb::Save(SaveArgs {
        message: Some("measured".to_owned()),
        conversation: Some(id.to_owned()),
        ..SaveArgs::default()
    })
}

/// A resume of the newest session here.
pub(crate) fn resume() -> Verb {
    let answers = Answers { switch_branch: Some(true), ..Answers::default() };
    Verb::Resume(ResumeArgs { answers, ..ResumeArgs::default() })
}

/// Puts a conversation where Claude Code would.
pub(crate) fn talk(device: &Device, id: &str, bytes: &[u8]) {
    let path = device.transcript(id);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a transcript");
}

/// The same as [`run`] in a process of its own: milliseconds and the most memory in MiB.
pub(crate) fn alone(world: &World, device: &Device, verb: &str, id: &str) -> (f64, f64) {
    let program = std::env::current_exe().expect("this program is somewhere");
    let text = |path: &std::path::Path| path.to_str().expect("plain").to_owned();
    let mut command = Command::new(program);
    command.args(["--child", verb, id, &text(world.path())]);
    command.args([&device.name, &text(&device.home), &text(&device.work_tree)]);
    let output = command.output().expect("this program runs");
    assert!(output.status.success(), "{}", convosync_tests::told(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    let mut figures = said.split_whitespace().map(|figure| figure.parse().expect("a number"));
    (figures.next().expect("a time"), figures.next().expect("a size"))
}

/// `--child VERB ID WORLD NAME HOME TREE`.
pub(crate) fn child(task: &[String]) -> ExitCode {
    let [verb, id, world, name, home, tree] = task else { return ExitCode::FAILURE };
    let (home, work_tree) = (home.into(), tree.into());
    let device = Device { name: name.clone(), home, work_tree, more: Default::default() };
    let world = World::at(world.into());
    let verb = if verb == "save" { save(id) } else { resume() };
    let run = run(&world, &device, verb);
    println!("{} {}", ms(run.wall_without_git()), peak_mib());
    ExitCode::SUCCESS
}

struct Counted<T> {
    inner: T,
    traffic: Arc<Mutex<Traffic>>,
}

impl<T> Counted<T> {
    fn request(&self, up: u64, down: u64) {
        let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.requests += 1;
        traffic.up += up;
        traffic.down += down;
    }
}

impl Store for Counted<Box<dyn Store>> {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        let counts = matches!(name, ObjectName::Unit { .. } | ObjectName::Part { .. });
        self.request(if counts { object.as_bytes().len() as u64 } else { 0 }, 0);
        self.inner.put_new(name, object)
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(name, object)| self.put_new(name, object))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        let got = self.inner.get(name);
        self.request(0, got.as_ref().map_or(0, |sealed| sealed.as_bytes().len() as u64));
        got
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let got = self.inner.get_range(name, range);
        self.request(0, got.as_ref().map_or(0, |bytes| bytes.len() as u64));
        got
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let listed = self.inner.list(prefix);
        // As a line of text each, which is what stores send.
        let bytes = |row: &Listed| row.name.to_string().len() as u64 + 1;
        self.request(0, listed.as_ref().map_or(0, |rows| rows.iter().map(bytes).sum()));
        listed
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.request(0, 0);
        self.inner.delete(name)
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

impl Stores for Counted<StoreOpener> {
    fn normalise(&self, url: &str) -> Result<String, StoreError> {
        self.inner.normalise(url)
    }

    fn open(&self, url: &str, create: bool) -> Result<Box<dyn Store>, StoreError> {
        let inner = self.inner.open(url, create)?;
        Ok(Box::new(Counted { inner, traffic: self.traffic.clone() }))
    }

    fn embedded_url(&self) -> String {
        self.inner.embedded_url()
    }
}

/// Nobody is there to be asked on the default branch.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.save_mode = Some(SaveMode::Commit);
    settings
}
