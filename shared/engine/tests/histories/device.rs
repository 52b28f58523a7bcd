//! A device: the real engine over ports in memory, and what its user does without it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use convosync_core::{
    ClaudeCode, ConversationId, DeviceId, DeviceKind, Profile, Roots, canonicalise,
};
use convosync_engine::ports::Vault;
use convosync_engine::testing::{
    Call, Event, Fault, FaultyStore, MemoryAssistant, MemoryGit, MemoryIndex, MemoryJournal,
    MemoryLocks, MemoryRemote, MemoryScratch, MemoryStore, MemoryVault, NoPanes, NoShells, Stepped,
    Steps, TestClock, TestEntropy, TestStores,
};
use convosync_engine::{Cancel, Engine, Host, Outcome, Ports, SaveMode, Settings};
use convosync_wire::{PROTOCOL, Request, Verb};

use super::lies::{Keys, Liar, Lie, Loose, Role};

/// A place that every device reaches. What came in last is the same for everyone.
pub(crate) type Place = FaultyStore<MemoryStore>;

/// A place as one device sees it.
type Link = FaultyStore<Place>;

/// The URLs of the places where the store of everyone may be; it begins in the first.
pub(crate) const PLACES: [&str; 3] = ["memory:first", "memory:second", "memory:third"];

/// What is the same for all of a history.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setting {
    /// Whether sessions leave by their age.
    pub(crate) sessions_leave: bool,
    /// What the ports tell wrong.
    pub(crate) lie: Option<Lie>,
}

pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) trees: Vec<PathBuf>,
    links: Vec<Link>,
    pub(crate) outbox: MemoryStore,
    pub(crate) cache: MemoryStore,
    pub(crate) index: MemoryIndex,
    journal: MemoryJournal,
    pub(crate) git: MemoryGit,
    pub(crate) assistant: MemoryAssistant,
    vault: MemoryVault,
    locks: Loose,
    scratch: MemoryScratch,
    pub(crate) clock: TestClock,
    entropy: TestEntropy,
    stores: TestStores,
    steps: Steps,
    home: PathBuf,
    lie: Option<Lie>,
    keys: Keys,
    pub(crate) settings: Settings,
}

impl Device {
    pub(crate) fn new(
        name: &str,
        places: &[Place],
        remotes: &[MemoryRemote],
        clock: TestClock,
        seed: u64,
        setting: Setting,
    ) -> Self {
        let (steps, keys, lie) = (Steps::default(), Keys::default(), setting.lie);
        let links: Vec<Link> = places.iter().cloned().map(FaultyStore::new).collect();
        let stores = TestStores::default();
        for (url, link) in PLACES.into_iter().zip(&links) {
            let told = Liar::new(link.clone(), Role::Place, lie, &keys);
            stores.insert(url, Stepped::new(told, steps));
        }
        let scratch = MemoryScratch::default();
        let git = MemoryGit::new(&scratch);
        let home = PathBuf::from(format!("/home/{name}"));
        let tree = |(number, remote)| {
            let root = home.join(format!("tree{number}"));
            git.add_clone(remote, &root);
            root
        };
        let mut settings = Settings::default();
        settings.save_mode = Some(SaveMode::Commit);
        if !setting.sessions_leave {
            settings.retention.days = 0;
        }
        Self {
            name: name.to_owned(),
            trees: remotes.iter().enumerate().map(tree).collect(),
            links,
            outbox: MemoryStore::default(),
            cache: MemoryStore::default(),
            index: MemoryIndex::default(),
            journal: MemoryJournal::default(),
            git,
            assistant: MemoryAssistant::default(),
            vault: MemoryVault::default(),
            locks: Loose { locks: MemoryLocks::default(), lie },
            scratch,
            clock,
            entropy: TestEntropy::new(seed),
            stores,
            steps,
            home,
            lie,
            keys,
            settings,
        }
    }

    /// One call of the engine by a process of its own; `None`: the process died.
    pub(crate) fn run(
        &self,
        tree: usize,
        verb: &Verb,
        death: Option<u64>,
        events: Vec<(u64, Event)>,
    ) -> Option<Outcome> {
        if self.lie == Some(Lie::GraceIsOver) && matches!(verb, Verb::Gc(_)) {
            for _ in 0..16 {
                self.process(tree, verb, None, Vec::new());
                self.clock.jump(24 * 3_600_000);
            }
        }
        self.process(tree, verb, death, events)
    }

    fn process(
        &self,
        tree: usize,
        verb: &Verb,
        death: Option<u64>,
        events: Vec<(u64, Event)>,
    ) -> Option<Outcome> {
        let steps = self.steps;
        let assistant = self.assistant.stepped(steps);
        *self.keys.lock().expect("nobody panics with it") =
            self.profile().map(|profile| profile.account);
        let own = |store: &MemoryStore, role| Liar::new(store.clone(), role, self.lie, &self.keys);
        let ports = Ports {
            stores: &self.stores,
            vault: &self.vault.stepped(steps),
            index: &self.index.open(steps),
            journal: &self.journal.stepped(steps),
            outbox: &Stepped::new(own(&self.outbox, Role::Outbox), steps),
            cache: &Stepped::new(own(&self.cache, Role::Cache), steps),
            locks: &self.locks,
            scratch: &self.scratch,
            clock: &self.clock,
            entropy: &self.entropy,
            git: &self.git.stepped(steps),
            assistants: &[&assistant],
            shells: &NoShells,
            panes: &NoPanes,
            host: Host {
                name: self.name.clone(),
                kind: DeviceKind::Laptop,
                home: Some(self.home.clone()),
                carried: None,
            },
            settings: self.settings.clone(),
            cancel: Cancel::new(),
        };
        let request = Request {
            protocol: PROTOCOL,
            version: String::new(),
            directory: self.trees[tree].display().to_string(),
            env: BTreeMap::new(),
            shell: None,
            passphrase: None,
            verb: verb.clone(),
        };
        steps.live(death, events, || Engine::new(&ports, &|_| {}).run(&request))
    }

    /// Its keys, if it has any: of the account, or of its own before it joins.
    pub(crate) fn profile(&self) -> Option<Profile> {
        self.vault.load().expect("the vault is in memory")
    }

    /// The device, if it is one of the account, or was.
    pub(crate) fn id(&self) -> Option<DeviceId> {
        let profile = self.profile().filter(|profile| !profile.local_only);
        profile.map(|profile| profile.device.id)
    }

    /// Whether the places answer it.
    pub(crate) fn set_offline(&self, offline: bool) {
        self.links.iter().for_each(|link| link.set_offline(offline));
    }

    /// Lets a call fail, wherever it goes.
    pub(crate) fn fail_next(&self, call: Call, fault: Fault) {
        self.links.iter().for_each(|link| link.fail_next(call, fault));
    }

    /// Lets no further call fail.
    pub(crate) fn calm(&self) {
        self.links.iter().for_each(FaultyStore::calm);
    }

    /// Lets arrive what others do not see yet.
    pub(crate) fn settle(&self) {
        self.links.iter().for_each(FaultyStore::settle);
    }

    /// The conversation that a save made here would take, with its transcript.
    pub(crate) fn conversation(&self, tree: usize) -> Option<(ConversationId, Vec<u8>)> {
        let root = &self.trees[tree];
        let id = self.assistant.in_directory(root).into_iter().next()?;
        let bytes = self.assistant.read(&id, root, "transcript.jsonl")?;
        Some((id, bytes))
    }

    /// What a transcript here is on every device.
    pub(crate) fn canonical(&self, tree: usize, bytes: &[u8]) -> Vec<u8> {
        let root = self.trees[tree].display().to_string();
        let roots = Roots { repo: vec![root], home: Some(self.home.display().to_string()) };
        let mut out = Vec::new();
        let len = bytes.len() as u64;
        canonicalise(&ClaudeCode, &roots, &mut &bytes[..], len, &mut out).expect("in memory");
        out
    }

    pub(crate) fn root(&self, tree: usize) -> &Path {
        &self.trees[tree]
    }
}
