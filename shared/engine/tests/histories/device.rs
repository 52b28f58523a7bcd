//! A device: the real engine over ports in memory, and what its user does without it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use convosync_core::{ClaudeCode, ConversationId, DeviceKind, Profile, Roots, canonicalise};
use convosync_engine::ports::Vault;
use convosync_engine::testing::{
    Event, FaultyStore, MemoryAssistant, MemoryGit, MemoryIndex, MemoryLocks, MemoryRemote,
    MemoryScratch, MemoryStore, MemoryVault, NoShells, Stepped, Steps, TestClock, TestEntropy,
    TestStores,
};
use convosync_engine::{Cancel, Engine, Host, Outcome, Ports, Settings};
use convosync_wire::{PROTOCOL, Request, Verb};

/// The store of everyone. Faults of the outer one are what one device sees; the inner one knows
/// what came in last, for everyone.
pub(crate) type Link = FaultyStore<FaultyStore<MemoryStore>>;

/// The URL of the store of everyone.
pub(crate) const STORE: &str = "memory:everyone";

pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) trees: Vec<PathBuf>,
    pub(crate) link: Link,
    pub(crate) outbox: MemoryStore,
    pub(crate) cache: MemoryStore,
    pub(crate) index: MemoryIndex,
    pub(crate) git: MemoryGit,
    pub(crate) assistant: MemoryAssistant,
    vault: MemoryVault,
    locks: MemoryLocks,
    scratch: MemoryScratch,
    pub(crate) clock: TestClock,
    entropy: TestEntropy,
    stores: TestStores,
    steps: Steps,
    home: PathBuf,
    pub(crate) settings: Settings,
}

impl Device {
    pub(crate) fn new(
        name: &str,
        everyone: &FaultyStore<MemoryStore>,
        remotes: &[MemoryRemote],
        clock: TestClock,
        seed: u64,
        sessions_leave: bool,
    ) -> Self {
        let (link, steps) = (FaultyStore::new(everyone.clone()), Steps::default());
        let stores = TestStores::default();
        stores.insert(STORE, Stepped::new(link.clone(), steps));
        let scratch = MemoryScratch::default();
        let git = MemoryGit::new(&scratch);
        let home = PathBuf::from(format!("/home/{name}"));
        let tree = |(number, remote)| {
            let root = home.join(format!("tree{number}"));
            git.add_clone(remote, &root);
            root
        };
        let mut settings = Settings::default();
        if !sessions_leave {
            settings.retention.days = 0;
        }
        Self {
            name: name.to_owned(),
            trees: remotes.iter().enumerate().map(tree).collect(),
            link,
            outbox: MemoryStore::default(),
            cache: MemoryStore::default(),
            index: MemoryIndex::default(),
            git,
            assistant: MemoryAssistant::default(),
            vault: MemoryVault::default(),
            locks: MemoryLocks::default(),
            scratch,
            clock,
            entropy: TestEntropy::new(seed),
            stores,
            steps,
            home,
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
        let steps = self.steps;
        let assistant = self.assistant.stepped(steps);
        let ports = Ports {
            stores: &self.stores,
            vault: &self.vault.stepped(steps),
            index: &self.index.open(steps),
            outbox: &Stepped::new(self.outbox.clone(), steps),
            cache: &Stepped::new(self.cache.clone(), steps),
            locks: &self.locks,
            scratch: &self.scratch,
            clock: &self.clock,
            entropy: &self.entropy,
            git: &self.git.stepped(steps),
            assistants: &[&assistant],
            shells: &NoShells,
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

    pub(crate) fn profile(&self) -> Profile {
        let profile = self.vault.load().expect("the vault is in memory");
        profile.expect("the device is one of the account")
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
