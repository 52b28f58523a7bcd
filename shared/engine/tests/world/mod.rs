//! Devices with the real engine over ports in memory, and two places that all of them reach.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use convosync_core::{DeviceKind, Profile};
use convosync_engine::ports::Vault;
use convosync_engine::testing::{
    FaultyStore, MemoryAssistant, MemoryGit, MemoryIndex, MemoryJournal, MemoryLocks, MemoryPanes,
    MemoryRemote, MemoryScratch, MemoryStore, MemoryVault, NoShells, Stepped, Steps, TestClock,
    TestEntropy, TestStores,
};
use convosync_engine::{Cancel, Engine, Host, Outcome, Ports, SaveMode, Settings};
use convosync_wire::{
    ApproveArgs, EnrolArgs, Failure, InitArgs, JoinArgs, ListArgs, PROTOCOL, Reply, Request,
    SaveArgs, Secret, Verb,
};

pub(crate) const OLD: &str = "memory:old";
pub(crate) const NEW: &str = "memory:new";

pub(crate) type Link = FaultyStore<MemoryStore>;

/// A device with one work tree.
pub(crate) struct Device {
    name: String,
    pub(crate) tree: PathBuf,
    pub(crate) assistant: MemoryAssistant,
    pub(crate) panes: MemoryPanes,
    pub(crate) env: BTreeMap<String, String>,
    outbox: MemoryStore,
    cache: MemoryStore,
    index: MemoryIndex,
    journal: MemoryJournal,
    pub(crate) git: MemoryGit,
    vault: MemoryVault,
    locks: MemoryLocks,
    scratch: MemoryScratch,
    entropy: TestEntropy,
    stores: TestStores,
    steps: Steps,
}

/// Two places that every device reaches.
pub(crate) struct World {
    pub(crate) old: Link,
    pub(crate) new: Link,
    remote: MemoryRemote,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            old: FaultyStore::new(MemoryStore::default()),
            new: FaultyStore::new(MemoryStore::default()),
            remote: MemoryRemote::new("example.org/app", "code.txt", "start"),
        }
    }

    pub(crate) fn device(&self, name: &str, seed: u64) -> Device {
        let steps = Steps::default();
        let stores = TestStores::default();
        stores.insert(OLD, Stepped::new(self.old.clone(), steps));
        stores.insert(NEW, Stepped::new(self.new.clone(), steps));
        let scratch = MemoryScratch::default();
        let git = MemoryGit::new(&scratch);
        let tree = PathBuf::from(format!("/home/{name}/app"));
        git.add_clone(&self.remote, &tree);
        Device {
            name: name.to_owned(),
            tree,
            assistant: MemoryAssistant::default(),
            panes: MemoryPanes::default(),
            env: BTreeMap::new(),
            outbox: MemoryStore::default(),
            cache: MemoryStore::default(),
            index: MemoryIndex::default(),
            journal: MemoryJournal::default(),
            git,
            vault: MemoryVault::default(),
            locks: MemoryLocks::default(),
            scratch,
            entropy: TestEntropy::new(seed),
            stores,
            steps,
        }
    }

    /// Two devices of one account on the old place, with a save each.
    pub(crate) fn pair(&self) -> (Device, Device) {
        let (desk, lap, _) = self.pair_with_words();
        (desk, lap)
    }

    /// The same, and the recovery words.
    pub(crate) fn pair_with_words(&self) -> (Device, Device, Secret) {
        let (desk, lap) = (self.device("desk", 1), self.device("lap", 2));
        let Reply::Initialised(made) = desk.ok(&init(OLD)) else { panic!("an init") };
        let words = Secret(made.recovery_words.expect("a new account shows its words"));
        lap.ok(&join(&words));
        for device in [&desk, &lap] {
            device.save("first");
        }
        (desk, lap, words)
    }
}

impl Device {
    /// One call of the engine by a process of its own; `None`: it died before that step.
    pub(crate) fn run(&self, verb: &Verb, death: Option<u64>) -> Option<Outcome> {
        let steps = self.steps;
        let assistant = self.assistant.stepped(steps);
        let ports = Ports {
            stores: &self.stores,
            vault: &self.vault.stepped(steps),
            index: &self.index.open(steps),
            journal: &self.journal.stepped(steps),
            outbox: &Stepped::new(self.outbox.clone(), steps),
            cache: &Stepped::new(self.cache.clone(), steps),
            locks: &self.locks,
            scratch: &self.scratch,
            clock: &TestClock::at(1_700_000_000_000),
            entropy: &self.entropy,
            git: &self.git.stepped(steps),
            assistants: &[&assistant],
            shells: &NoShells,
            panes: &self.panes,
            host: Host {
                name: self.name.clone(),
                kind: DeviceKind::Laptop,
                home: Some(PathBuf::from(format!("/home/{}", self.name))),
                carried: None,
            },
            settings: settings(),
            cancel: Cancel::new(),
        };
        let request = Request {
            protocol: PROTOCOL,
            version: String::new(),
            directory: self.tree.display().to_string(),
            env: self.env.clone(),
            shell: None,
            passphrase: None,
            verb: verb.clone(),
        };
        steps.live(death, Vec::new(), || Engine::new(&ports, &|_| {}).run(&request))
    }

    #[track_caller]
    pub(crate) fn ok(&self, verb: &Verb) -> Reply {
        match self.run(verb, None) {
            Some(Outcome::Reply(reply)) => *reply,
            other => panic!("{}: {other:?}", verb.name()),
        }
    }

    #[track_caller]
    pub(crate) fn fails(&self, verb: &Verb) -> Failure {
        match self.run(verb, None) {
            Some(Outcome::Failure(failure)) => failure,
            other => panic!("{}: {other:?}", verb.name()),
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        let profile = self.vault.stepped(self.steps).load().expect("memory");
        profile.expect("it is set up")
    }

    pub(crate) fn is_set_up(&self) -> bool {
        self.vault.stepped(self.steps).load().expect("memory").is_some()
    }

    /// Writes a file of the work tree, as the user does.
    pub(crate) fn write(&self, path: &str, text: &str) {
        self.git.write(&self.tree, path, text);
    }

    /// A file of the work tree.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        self.git.read(&self.tree, path)
    }

    /// The contents of a file wherever the user can get at them.
    pub(crate) fn everywhere(&self, path: &str) -> std::collections::BTreeSet<String> {
        self.git.everywhere(&self.tree, path)
    }

    #[track_caller]
    pub(crate) fn save(&self, message: &str) {
        self.git.write(&self.tree, "code.txt", &format!("{message} on {}", self.name));
        let args = SaveArgs { message: Some(message.to_owned()), ..SaveArgs::default() };
        self.ok(&Verb::Save(args));
    }
}

pub(crate) fn init(url: &str) -> Verb {
    Verb::Init(InitArgs { store: Some(url.to_owned()), ..InitArgs::default() })
}

pub(crate) fn join(words: &Secret) -> Verb {
    let store = Some(OLD.to_owned());
    Verb::DeviceJoin(JoinArgs { store, device: None, kind: None, words: words.clone() })
}

pub(crate) fn enrol() -> Verb {
    Verb::DeviceEnrol(EnrolArgs { store: Some(OLD.to_owned()), device: None, kind: None })
}

pub(crate) fn approve(words: &Secret) -> Verb {
    Verb::DeviceApprove(ApproveArgs { words: words.clone(), yes: true })
}

pub(crate) fn ask(device: &Device) -> Secret {
    let Reply::Enrolling(report) = device.ok(&enrol()) else { panic!("six words") };
    report.words
}

/// Joins with six words, approved on another device.
#[track_caller]
pub(crate) fn approved_by(trusted: &Device, device: &Device) {
    let words = ask(device);
    trusted.ok(&approve(&words));
    let joined = device.ok(&Verb::DeviceEnrolled);
    assert!(matches!(joined, Reply::Joined(_)), "{joined:?}");
}

#[track_caller]
pub(crate) fn messages(device: &Device) -> Vec<String> {
    let listed = device.ok(&Verb::List(ListArgs { all: true, ..ListArgs::default() }));
    let Reply::Sessions(rows) = listed else { panic!("a list") };
    let mut messages: Vec<_> = rows.rows.into_iter().map(|row| row.message).collect();
    messages.sort();
    messages
}

/// Nobody is there to be asked on the default branch.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.save_mode = Some(SaveMode::Commit);
    settings
}
