//! The engine over the real adapters, dying before any one of its writes to keys, index, outbox,
//! cache and store: where a moment is too short for a kill by the clock.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use convosync_adapters::{
    ClaudeCodeFiles, FileLocks, FolderJournal, FolderStore, GitCli, KeyFile, Paths, ScratchDir,
    SqliteIndex, StoreOpener, SystemClock, SystemEntropy, SystemProcesses, UserShells, ZellijPanes,
};
use convosync_core::{DeviceKind, ObjectName, Passphrase, Profile, SaveId, Sealed, SessionId};
use convosync_engine::ports::{
    Caps, Index, IndexChange, Journal, LaterCards, Listed, LocalError, Protection, QueueRow, Store,
    StoreError, StoredCard, Stores, Table, Vault, starts_one_by_one,
};
use convosync_engine::{Cancel, Engine, Host, Outcome, Ports, Settings};
use convosync_tests::{Device, World};
use convosync_wire::{
    AccountReport, Answers, InitArgs, JoinArgs, OnConflict, PROTOCOL, Reply, Request, ResumeArgs,
    SaveArgs, SaveMode, Secret, Verb,
};

use crate::audit::audit;
use crate::scene::{ID, has_one_head, work};

/// Writes until death. The dead do nothing any more, not even tidy up.
#[derive(Debug, Clone)]
struct Life(Arc<AtomicI64>);

impl Life {
    fn of(writes: i64) -> Self {
        Self(Arc::new(AtomicI64::new(writes)))
    }

    fn has_ended(&self) -> bool {
        self.0.load(Ordering::SeqCst) < 0
    }

    /// Takes one write from it; false: it has ended.
    fn write(&self) -> bool {
        self.0.fetch_sub(1, Ordering::SeqCst) > 0
    }

    fn store(&self) -> Result<(), StoreError> {
        self.write().then_some(()).ok_or_else(|| StoreError::Unreachable("dead".to_owned()))
    }

    fn local(&self) -> Result<(), LocalError> {
        let dead = || LocalError::Io { what: "dead".to_owned(), reason: "dead".to_owned() };
        self.write().then_some(()).ok_or_else(dead)
    }
}

struct Mortal<T> {
    inner: T,
    life: Life,
}

impl<S: Store> Store for Mortal<S> {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        self.life.store().and_then(|()| self.inner.put_new(name, object))
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(name, object)| self.put_new(name, object))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        self.inner.get(name)
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.inner.get_range(name, range)
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.inner.list(prefix)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.life.store().and_then(|()| self.inner.delete(name))
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

impl Journal for Mortal<FolderJournal> {
    fn put(&self, name: &str, note: &Sealed) -> Result<(), LocalError> {
        self.life.local().and_then(|()| self.inner.put(name, note))
    }

    fn get(&self, name: &str) -> Result<Option<Sealed>, LocalError> {
        self.inner.get(name)
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, LocalError> {
        self.inner.names(prefix)
    }

    fn remove(&self, name: &str) -> Result<(), LocalError> {
        self.life.local().and_then(|()| self.inner.remove(name))
    }
}

impl Stores for Mortal<StoreOpener> {
    fn normalise(&self, url: &str) -> Result<String, StoreError> {
        self.inner.normalise(url)
    }

    fn open(&self, url: &str, create: bool) -> Result<Box<dyn Store>, StoreError> {
        self.inner.open(url, create)?;
        let folder = url.strip_prefix("file://").expect("the tests have folder stores");
        let inner = FolderStore::new(PathBuf::from(folder));
        Ok(Box::new(Mortal { inner, life: self.life.clone() }))
    }

    fn embedded_url(&self) -> String {
        self.inner.embedded_url()
    }
}

impl Vault for Mortal<KeyFile> {
    fn load(&self) -> Result<Option<Profile>, LocalError> {
        self.inner.load()
    }

    fn store(&self, profile: &Profile) -> Result<(), LocalError> {
        self.life.local().and_then(|()| self.inner.store(profile))
    }

    fn protection(&self) -> Result<Option<Protection>, LocalError> {
        self.inner.protection()
    }

    fn protect(&self, new: Option<&Passphrase>, remember: bool) -> Result<(), LocalError> {
        self.life.local().and_then(|()| self.inner.protect(new, remember))
    }

    fn write_secret(&self, path: &std::path::Path, text: &str) -> Result<(), LocalError> {
        self.life.local().and_then(|()| self.inner.write_secret(path, text))
    }

    fn pending(&self) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, LocalError> {
        self.inner.pending()
    }

    fn set_pending(&self, secrets: Option<&[u8]>) -> Result<(), LocalError> {
        self.life.local().and_then(|()| self.inner.set_pending(secrets))
    }
}

impl Index for Mortal<SqliteIndex> {
    fn apply(&self, changes: &[IndexChange]) -> Result<(), LocalError> {
        self.life.local().and_then(|()| self.inner.apply(changes))
    }

    fn cards(&self) -> Result<Vec<StoredCard>, LocalError> {
        self.inner.cards()
    }

    fn cards_after(&self, mark: u64) -> Result<LaterCards, LocalError> {
        self.inner.cards_after(mark)
    }

    fn card(&self, session: &SessionId, save: &SaveId) -> Result<Option<StoredCard>, LocalError> {
        self.inner.card(session, save)
    }

    fn queue(&self) -> Result<Vec<QueueRow>, LocalError> {
        self.inner.queue()
    }

    fn get(&self, table: Table, key: &str) -> Result<Option<Sealed>, LocalError> {
        self.inner.get(table, key)
    }

    fn all(&self, table: Table) -> Result<Vec<(String, Sealed)>, LocalError> {
        self.inner.all(table)
    }

    fn is_new(&self) -> bool {
        self.inner.is_new()
    }
}

/// One call of the engine on a device; its answer counts only if it lived to give it.
fn run(device: &Device, verb: &Verb, life: &Life) -> Option<Outcome> {
    let env = device.env();
    let paths = Paths::from_env(&env).expect("the device has a home");
    let mortal = |folder: PathBuf| {
        fs::create_dir_all(&folder).expect("a folder");
        Mortal { inner: FolderStore::new(folder), life: life.clone() }
    };
    let claude = ClaudeCodeFiles::new(device.home.join(".claude"), Box::new(SystemProcesses));
    let cancel = Cancel::new();
    let opener = StoreOpener::new(paths.home.clone(), paths.embedded_store());
    let index = SqliteIndex::open(paths.index()).expect("the index opens");
    let mut settings = Settings::default();
    settings.save_mode = Some(SaveMode::Commit);
    let ports = Ports {
        stores: &Mortal { inner: opener, life: life.clone() },
        vault: &Mortal { inner: KeyFile::new(paths.profile()), life: life.clone() },
        index: &Mortal { inner: index, life: life.clone() },
        journal: &Mortal { inner: FolderJournal::new(paths.undo()), life: life.clone() },
        outbox: &mortal(paths.outbox()),
        cache: &mortal(paths.cache()),
        locks: &FileLocks::new(paths.locks()),
        scratch: &ScratchDir::open(paths.scratch()).expect("a folder"),
        clock: &SystemClock,
        entropy: &SystemEntropy,
        git: &GitCli::find(&env, cancel.clone()).expect("git is installed"),
        assistants: &[&claude],
        shells: &UserShells::new(paths.recorded()),
        panes: &ZellijPanes::new(paths.scratch(), cancel.clone()),
        host: Host {
            name: device.name.clone(),
            kind: DeviceKind::Desktop,
            home: Some(device.home.clone()),
            carried: None,
        },
        settings,
        cancel,
    };
    let request = Request {
        protocol: PROTOCOL,
        version: String::new(),
        directory: device.work_tree.to_str().expect("plain").to_owned(),
        env,
        shell: None,
        passphrase: None,
        verb: verb.clone(),
    };
    let outcome = Engine::new(&ports, &|_| {}).run(&request);
    (!life.has_ended()).then_some(outcome)
}

/// Runs a verb that nothing stops.
#[track_caller]
fn alive(device: &Device, verb: &Verb) -> Reply {
    match run(device, verb, &Life::of(i64::MAX)) {
        Some(Outcome::Reply(reply)) => *reply,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn account(device: &Device, verb: &Verb) -> AccountReport {
    match alive(device, verb) {
        Reply::Initialised(report) | Reply::Joined(report) => report,
        other => panic!("{other:?}"),
    }
}

/// Lets a verb die before its first write, its second, and so on until it lives to its end; each
/// time in a new scene, in which the verb then has to succeed.
fn at_each_write(mut scene: impl FnMut() -> Scene, check: impl Fn(&Scene, Reply)) {
    for writes in 0.. {
        let scene = scene();
        let died = run(&scene.device, &scene.verb, &Life::of(writes)).is_none();
        println!("after {writes} writes: {}", if died { "dead" } else { "done" });
        if !died {
            assert!(writes > 1, "it writes more than {writes} times");
            break;
        }
        let reply = alive(&scene.device, &scene.verb);
        check(&scene, reply);
    }
}

struct Scene {
    world: World,
    device: Device,
    verb: Verb,
}

fn init(world: &World, file: bool) -> Verb {
    let path = world.words().to_str().expect("plain").to_owned();
    Verb::Init(InitArgs {
        store: Some(world.store_url()),
        recovery_file: file.then_some(path),
        yes: true,
        ..InitArgs::default()
    })
}

fn join(world: &World, words: &str) -> Verb {
    Verb::DeviceJoin(JoinArgs {
        store: Some(world.store_url()),
        device: None,
        kind: None,
        words: Secret(words.to_owned()),
    })
}

fn save(message: &str) -> Verb {
    Verb::Save(SaveArgs { message: Some(message.to_owned()), ..SaveArgs::default() })
}

/// Another device joins with these words and finds only the devices that there are.
#[track_caller]
fn words_open(world: &World, words: &str, devices: usize) {
    let second = world.visitor("second");
    account(&second, &join(world, words));
    match alive(&second, &Verb::DeviceList) {
        Reply::Devices(rows) => assert_eq!(rows.rows.len(), devices + 1, "{rows:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_init_that_dies_never_leaves_an_account_whose_words_nobody_has() {
    let scene = || {
        let world = World::new();
        Scene { device: world.visitor("first"), verb: init(&world, false), world }
    };
    at_each_write(scene, |scene, reply| {
        let Reply::Initialised(report) = reply else { panic!("{reply:?}") };
        let words = report.recovery_words.expect("nobody has seen them yet");
        words_open(&scene.world, &words, 1);
    });
    let scene = || {
        let world = World::new();
        Scene { device: world.visitor("first"), verb: init(&world, true), world }
    };
    at_each_write(scene, |scene, _| {
        let words = fs::read_to_string(scene.world.words()).expect("they were written");
        words_open(&scene.world, &words, 1);
    });
}

#[test]
fn a_join_that_dies_ends_as_one_device() {
    let scene = || {
        let world = World::new();
        account(&world.visitor("first"), &init(&world, true));
        let words = fs::read_to_string(world.words()).expect("they were written");
        Scene { device: world.visitor("guest"), verb: join(&world, &words), world }
    };
    at_each_write(scene, |scene, _| {
        let words = fs::read_to_string(scene.world.words()).expect("they were written");
        words_open(&scene.world, &words, 2);
    });
}

#[test]
fn a_first_save_that_dies_leaves_a_store_that_opens() {
    let scene = || {
        let world = World::new();
        let device = world.bare_device("desktop", "app");
        work(&device, 1);
        Scene { world, device, verb: save("step 1") }
    };
    at_each_write(scene, |scene, reply| {
        let Reply::Saved(report) = reply else { panic!("{reply:?}") };
        assert!(report.synced && report.local_only, "{report:?}");
        has_one_head(&scene.device);
        goes_on(&scene.device, 2);
    });
}

/// A device that saved on its own.
fn local() -> (World, Device) {
    let world = World::new();
    let desktop = world.bare_device("desktop", "app");
    for step in 1..=2 {
        work(&desktop, step);
        alive(&desktop, &save(&format!("step {step}")));
    }
    (world, desktop)
}

/// The next save goes on with the only session.
#[track_caller]
fn goes_on(device: &Device, step: usize) {
    work(device, step);
    match alive(device, &save(&format!("step {step}"))) {
        Reply::Saved(report) => assert!(report.synced && !report.new_session, "{report:?}"),
        other => panic!("{other:?}"),
    }
    has_one_head(device);
}

#[track_caller]
fn store_has(world: &World, device: &Device, steps: usize) {
    let audit = audit(world, device);
    for step in 1..=steps {
        assert!(audit.has_message(&format!("step {step}")), "step {step} is lost");
    }
    assert_eq!(audit.head().transcript(ID).lines().count(), 5 * steps);
}

#[test]
fn a_join_that_dies_takes_along_what_was_saved_before() {
    let scene = || {
        let (world, device) = local();
        account(&world.visitor("first"), &init(&world, true));
        let words = fs::read_to_string(world.words()).expect("they were written");
        Scene { device, verb: join(&world, &words), world }
    };
    at_each_write(scene, |scene, _| {
        goes_on(&scene.device, 3);
        store_has(&scene.world, &scene.device, 3);
    });
}

#[test]
fn an_init_that_dies_moves_what_was_saved_before() {
    let scene = || {
        let (world, device) = local();
        Scene { device, verb: init(&world, true), world }
    };
    at_each_write(scene, |scene, _| {
        goes_on(&scene.device, 3);
        store_has(&scene.world, &scene.device, 3);
        let words = fs::read_to_string(scene.world.words()).expect("they were written");
        words_open(&scene.world, &words, 1);
    });
}

#[test]
fn a_save_that_dies_before_any_write_is_whole_the_next_time() {
    let scene = || {
        let world = World::new();
        let device = world.first_device("desktop", "app");
        work(&device, 1);
        alive(&device, &save("step 1"));
        work(&device, 2);
        Scene { world, device, verb: save("step 2") }
    };
    at_each_write(scene, |scene, _| {
        goes_on(&scene.device, 3);
        store_has(&scene.world, &scene.device, 3);
    });
}

#[test]
fn a_resume_that_dies_before_any_write_is_whole_the_next_time() {
    let resume = || {
        let answers = Answers::default();
        Verb::Resume(ResumeArgs { answers, ..ResumeArgs::default() })
    };
    let scene = || {
        let (world, desktop, laptop) = World::pair();
        work(&desktop, 1);
        alive(&desktop, &save("step 1"));
        alive(&laptop, &resume());
        work(&desktop, 2);
        alive(&desktop, &save("step 2"));
        // The laptop's conversation has gone on too: it is put aside.
        laptop.talk(ID, 1);
        Scene { world, device: laptop, verb: resume() }
    };
    at_each_write(scene, |scene, _| {
        let saves = audit(&scene.world, &scene.device);
        assert!(saves.saves.iter().any(|saved| saved.card.parked), "the laptop's turn is lost");
        assert_eq!(saves.head().card.message, "step 2");
        goes_on(&scene.device, 3);
        audit(&scene.world, &scene.device).head();
    });
}

#[test]
fn a_merge_that_dies_before_any_write_is_whole_the_next_time() {
    let resume = |on_conflict| {
        let answers = Answers { on_conflict, ..Answers::default() };
        Verb::Resume(ResumeArgs { answers, ..ResumeArgs::default() })
    };
    let scene = || {
        let (world, desktop, laptop) = World::pair();
        work(&desktop, 1);
        alive(&desktop, &save("step 1"));
        alive(&laptop, &resume(None));
        desktop.talk(ID, 1);
        desktop.write("desktop.txt", "desktop\n");
        laptop.talk(ID, 2);
        laptop.write("laptop.txt", "laptop\n");
        alive(&desktop, &save("step 2"));
        alive(&laptop, &save("step 3"));
        Scene { world, device: laptop, verb: resume(Some(OnConflict::Merge)) }
    };
    at_each_write(scene, |scene, _| {
        let saves = audit(&scene.world, &scene.device);
        let transcript = saves.head().transcript(ID);
        for words in ["on desktop", "on laptop"] {
            assert!(transcript.contains(words), "{words}");
        }
        for (name, text) in [("desktop.txt", "desktop\n"), ("laptop.txt", "laptop\n")] {
            assert_eq!(scene.device.read(name), text);
        }
        goes_on(&scene.device, 4);
    });
}
