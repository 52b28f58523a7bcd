//! A few devices of one account, a store that may move, one remote a repository: what happens.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use convosync_core::{ConversationId, ObjectName, Profile};
use convosync_engine::Outcome;
use convosync_engine::testing::{Event, Fault, FaultyStore, MemoryRemote, MemoryStore, TestClock};
use convosync_wire::{
    Answers, Decision, DeleteArgs, ExportArgs, GcArgs, InitArgs, JoinArgs, ListArgs, MoveArgs,
    Reply, ResumeArgs, RevokeArgs, SaveArgs, SaveReport, Secret, SessionsArgs, SyncArgs, Verb,
};

use super::act::{Act, DEVICES, Keep, NEWCOMER, Step, TREES, Weather, Which};
use super::device::{Device, PLACES, Place, Setting};
use super::dice::Dice;
use super::ledger::{Acked, Ledger, Revoked, line, marks};
use super::lies::Lie;

const AGENT: &str = "subagents/agent-a.jsonl";
const TRANSCRIPT: &str = "transcript.jsonl";
/// Two keys were made for one epoch, and a device can't tell which is honest.
pub(crate) const DISPUTED: &str = "convosync::key::disputed";

pub(crate) struct World {
    pub(crate) devices: Vec<Device>,
    pub(crate) places: Vec<Place>,
    pub(crate) remotes: Vec<MemoryRemote>,
    pub(crate) clock: TestClock,
    setting: Setting,
    words: RefCell<String>,
    ledger: RefCell<Ledger>,
}

impl World {
    /// Devices whose clocks go wrong by minutes and days, all of one account.
    pub(crate) fn new(setting: Setting) -> Rc<Self> {
        let place = |_| FaultyStore::new(MemoryStore::default());
        let places: Vec<_> = PLACES.iter().map(place).collect();
        let clock = TestClock::at(1_800_000_000_000);
        let remote = |number| MemoryRemote::new(&format!("origin/{number}"), "README", "first");
        let remotes: Vec<_> = (0..TREES).map(remote).collect();
        let names = ["desktop", "laptop", "server", "tablet"].into_iter();
        let skews = [0, -5 * 60_000, 3 * 24 * 3_600_000, 20 * 60_000].into_iter();
        let devices = names.zip(skews).zip(1..).take(DEVICES).map(|((name, skew), seed)| {
            // Who collects sees the marks; the others do not.
            let hidden = setting.lie == Some(Lie::MarksAreHidden) && seed == 1;
            let setting = if hidden { Setting { lie: None, ..setting } } else { setting };
            Device::new(name, &places, &remotes, clock.skewed(skew), seed, setting)
        });
        let devices: Vec<_> = devices.collect();
        let words = RefCell::new(found(&devices[0]));
        let ledger = RefCell::default();
        let world = Self { devices, places, remotes, clock, setting, words, ledger };
        for number in 1..NEWCOMER {
            let joined = world.join(number, PLACES[0], &Weather::default(), Vec::new());
            assert!(matches!(joined, Some(Outcome::Reply(_))), "{joined:?}");
        }
        Rc::new(world)
    }

    /// Makes a device one of the account, by the recovery words.
    pub(crate) fn join(
        &self,
        device: usize,
        store: &str,
        weather: &Weather,
        events: Vec<(u64, Event)>,
    ) -> Option<Outcome> {
        let words = Secret(self.words.borrow().clone());
        let join = JoinArgs { store: Some(store.to_owned()), device: None, kind: None, words };
        self.devices[device].run(0, &Verb::DeviceJoin(join), weather.death, events)
    }

    /// New words for the account, from a device that knows which of its keys is the honest one.
    pub(crate) fn new_words(&self) {
        let export = Verb::KeyExport(ExportArgs { yes: true, ..ExportArgs::default() });
        let outcome = self.devices[self.trusted()].run(0, &export, None, Vec::new());
        match outcome {
            Some(Outcome::Reply(reply)) => match *reply {
                Reply::Key(report) => {
                    *self.words.borrow_mut() = report.recovery_words.expect("they are shown once");
                }
                other => self.wrong(format!("an export answered {other:?}")),
            },
            other => self.wrong(format!("new words can't be had: {other:?}")),
        }
    }

    /// A device that is of the account from the beginning to the end: who revoked another, if one did.
    fn trusted(&self) -> usize {
        self.ledger().revoked.as_ref().map_or(0, |revoked| revoked.by)
    }

    /// With which code a device can do no more, if that is so.
    pub(crate) fn shut_out(&self, device: usize) -> Option<String> {
        match self.devices[device].run(0, &Verb::Sync(SyncArgs::default()), None, vec![]) {
            Some(Outcome::Failure(failure)) => Some(failure.code),
            _ => None,
        }
    }

    /// Whether a device is known to be revoked. One that made a key while it was revoked can't tell
    /// which of the two is honest, and asks.
    pub(crate) fn is_revoked(&self, device: usize) -> bool {
        let is_out = |code: &str| code == "convosync::device::revoked" || code == DISPUTED;
        self.ledger().has_revoked(device) && self.shut_out(device).is_some_and(|code| is_out(&code))
    }

    /// Whether it is told of an object that the revoked device sealed under a key of its own making.
    pub(crate) fn is_of_a_rival(&self, text: &str) -> bool {
        let victim = self.ledger().revoked.as_ref().map(|revoked| revoked.device);
        let id = victim.and_then(|victim| self.devices[victim].id());
        id.is_some_and(|id| text.contains(&format!("-{id}-"))) && text.contains("another key")
    }

    /// The devices that are of the account, one at least.
    pub(crate) fn members(&self) -> Vec<usize> {
        let of_account = |number: &usize| self.devices[*number].id().is_some();
        (0..DEVICES).filter(of_account).filter(|number| !self.is_revoked(*number)).collect()
    }

    /// The keys of the account, as a member has them.
    pub(crate) fn profile(&self) -> Profile {
        self.devices[self.trusted()].profile().expect("it is of the account from the beginning")
    }

    /// What the place holds that a member uses.
    pub(crate) fn store(&self) -> BTreeMap<ObjectName, Vec<u8>> {
        self.place_of(&self.profile().store_url).inner().contents()
    }

    fn place_of(&self, url: &str) -> &Place {
        let number = PLACES.iter().position(|place| *place == url).expect("one of them");
        &self.places[number]
    }

    /// Lets no further call fail.
    fn calm(&self, device: &Device) {
        device.calm();
        self.places.iter().for_each(FaultyStore::calm);
    }

    pub(crate) fn ledger(&self) -> RefMut<'_, Ledger> {
        self.ledger.borrow_mut()
    }

    pub(crate) fn wrong(&self, what: impl Into<String>) {
        self.ledger().wrong.push(what.into());
    }

    /// Lets a step happen.
    pub(crate) fn take(self: &Rc<Self>, step: &Step) {
        let (device, tree) = (&self.devices[step.device], step.tree);
        match &step.act {
            Act::Talk { lines, noise } => self.talk(device, tree, *lines, *noise),
            Act::Rewind { lines, instead } => {
                self.take_back(device, tree, *lines);
                self.talk(device, tree, *instead, 0);
            }
            Act::Cut { lines } => self.take_back(device, tree, *lines),
            Act::Beside => self.beside(device, tree),
            Act::Begin => self.begin(device, tree),
            Act::Edit { file } => self.edit(step.device, tree, &format!("file{file}")),
            Act::Branch { other } => {
                let branch = if *other { "side" } else { "main" };
                device.git.switch_to(device.root(tree), branch);
            }
            Act::EndMerge { resolve: true } => device.git.end_merge(device.root(tree), true),
            Act::EndMerge { resolve: false } => self.abort_merge(step.device, tree),
            Act::Open(open) => {
                if let Some((id, _)) = device.conversation(tree) {
                    device.assistant.set_live(&id, *open);
                }
            }
            Act::Store { answers } => device.set_offline(!answers),
            Act::Remote { answers } => device.git.set_offline(!answers),
            Act::Clock { minutes } => device.clock.jump(minutes * 60_000),
            Act::Wait { minutes } => self.clock.pass(minutes * 60_000),
            Act::Forget => device.index.lose(),
            Act::Save { .. } => self.save(step),
            Act::Resume { which, answers } => self.resume(step, *which, *answers),
            Act::Gc => self.collect(step),
            Act::Rotate => drop(self.work(step, &Verb::KeyRotate)),
            Act::Join => self.let_in(step),
            Act::Revoke { device } => self.revoke(step, *device),
            Act::Move { place } => {
                let to = PLACES[*place].to_owned();
                self.work(step, &Verb::StoreMove(MoveArgs { to, lost: false }));
            }
            Act::Keep { session, how } => self.keep(step, *session, *how),
            Act::Sync => drop(self.work(step, &Verb::Sync(SyncArgs::default()))),
            Act::List => drop(self.work(step, &Verb::List(ListArgs::default()))),
            Act::Status => drop(self.work(step, &Verb::Status)),
            Act::Log => {
                let sessions = self.ledger().sessions(step.tree);
                if let Some(session) = sessions.first() {
                    self.work(step, &Verb::Log { session: session.to_string() });
                }
            }
        }
        self.names_keep_their_bytes();
    }

    fn talk(&self, device: &Device, tree: usize, lines: u64, noise: usize) {
        let mut ledger = self.ledger();
        let (id, mut bytes) = device.conversation(tree).unwrap_or_else(|| {
            let id = format!("talk-{}", ledger.mark().trim_matches(|c: char| !c.is_numeric()));
            (id.parse().expect("an id"), Vec::new())
        });
        for _ in 0..lines {
            let mark = ledger.mark();
            bytes.extend(line(&mark, noise).into_bytes());
            ledger.typed.insert(mark);
        }
        write(device, tree, &id, TRANSCRIPT, bytes);
    }

    /// The last lines go, but for the first of all.
    fn take_back(&self, device: &Device, tree: usize, lines: u64) {
        let Some((id, bytes)) = device.conversation(tree) else { return };
        let all: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let kept = all.len().saturating_sub(usize::try_from(lines).unwrap_or(0)).max(1);
        let (kept, gone) = all.split_at(kept.min(all.len()));
        let mut ledger = self.ledger();
        for mark in gone.iter().flat_map(|line| marks(line)) {
            ledger.typed.remove(&mark);
        }
        write(device, tree, &id, TRANSCRIPT, kept.concat());
    }

    fn beside(&self, device: &Device, tree: usize) {
        let Some((id, _)) = device.conversation(tree) else { return };
        let mut ledger = self.ledger();
        let mark = ledger.mark();
        let mut bytes = device.assistant.read(&id, device.root(tree), AGENT).unwrap_or_default();
        bytes.extend(line(&mark, 0).into_bytes());
        ledger.typed.insert(mark);
        write(device, tree, &id, AGENT, bytes);
    }

    fn begin(&self, device: &Device, tree: usize) {
        let mut ledger = self.ledger();
        let mark = ledger.mark();
        let id = format!("talk-{}", mark.trim_matches(|c: char| !c.is_numeric()));
        let bytes = line(&mark, 0).into_bytes();
        ledger.typed.insert(mark);
        write(device, tree, &id.parse().expect("an id"), TRANSCRIPT, bytes);
    }

    fn edit(&self, number: usize, tree: usize, path: &str) {
        let device = &self.devices[number];
        let root = device.root(tree);
        let before = device.git.read(root, path);
        let text = format!("canary {}", self.ledger().mark());
        device.git.write(root, path, &text);
        let mut ledger = self.ledger();
        let edited = ledger.edited.entry((number, tree)).or_default();
        edited.insert((path.to_owned(), text));
        if let Some(before) = before
            && !device.git.everywhere(root, path).contains(&before)
        {
            // The user's own decision.
            edited.remove(&(path.to_owned(), before));
        }
    }

    /// Takes back a merge, and with it what was edited since, as `git reset --hard` does.
    fn abort_merge(&self, number: usize, tree: usize) {
        let (git, root) = (&self.devices[number].git, self.devices[number].root(tree));
        git.end_merge(root, false);
        if let Some(edited) = self.ledger().edited.get_mut(&(number, tree)) {
            edited.retain(|(path, text)| git.everywhere(root, path).contains(text));
        }
    }

    /// Runs the engine in this weather.
    fn work(self: &Rc<Self>, step: &Step, verb: &Verb) -> Option<Outcome> {
        self.work_once(step, verb, &step.weather, true)
    }

    fn work_once(
        self: &Rc<Self>,
        step: &Step,
        verb: &Verb,
        weather: &Weather,
        first: bool,
    ) -> Option<Outcome> {
        let device = &self.devices[step.device];
        self.faults(device, weather);
        let events = if first { self.events(weather) } else { Vec::new() };
        let outcome = device.run(step.tree, verb, weather.death, events);
        self.calm(device);
        outcome
    }

    fn faults(&self, device: &Device, weather: &Weather) {
        for (call, fault) in &weather.faults {
            match fault {
                // What came in last is the same for everyone.
                Fault::Stale(_) => self.places.iter().for_each(|it| it.fail_next(*call, *fault)),
                _ => device.fail_next(*call, *fault),
            }
        }
    }

    fn events(self: &Rc<Self>, weather: &Weather) -> Vec<(u64, Event)> {
        let event = |(at, step): &(u64, Step)| {
            let (world, step) = (Rc::clone(self), step.clone());
            (*at, Box::new(move || world.take(&step)) as Event)
        };
        weather.meanwhile.iter().map(event).collect()
    }

    /// The newcomer joins where a device of the account has the store, as it knows.
    fn let_in(self: &Rc<Self>, step: &Step) {
        let device = &self.devices[step.device];
        self.faults(device, &step.weather);
        let url = self.profile().store_url;
        self.join(step.device, &url, &step.weather, self.events(&step.weather));
        self.calm(device);
    }

    fn revoke(self: &Rc<Self>, step: &Step, victim: usize) {
        let Some(id) = self.devices[victim].id() else { return };
        if victim == step.device || self.ledger().revoked.is_some() {
            return;
        }
        // What a list lacks, what comes in meanwhile, or what lies in a place that the store has just
        // left is not accepted for certain.
        let certain = step.weather.faults.is_empty() && step.weather.meanwhile.is_empty();
        let urls = self.devices.iter().filter(|device| device.id().is_some());
        let urls: BTreeSet<_> = urls.filter_map(Device::profile).map(|it| it.store_url).collect();
        let there = urls.first().filter(|_| certain && urls.len() == 1);
        let there = there.map(|url| self.place_of(url).inner().contents()).unwrap_or_default();
        let saves = there.into_keys().filter_map(|name| match name {
            ObjectName::Unit { session, save } if *save.device() == id => Some((session, save)),
            _ => None,
        });
        let saves = saves.collect();
        self.ledger().revoked = Some(Revoked { device: victim, by: step.device, saves });
        let device = self.devices[victim].name.clone();
        self.work(step, &Verb::DeviceRevoke(RevokeArgs { device, yes: true }));
    }

    fn save(self: &Rc<Self>, step: &Step) {
        let Act::Save { no_push, new, cut, into } = step.act else { return };
        let device = &self.devices[step.device];
        let sessions = self.ledger().sessions(step.tree);
        let session = into.and_then(|seed| Dice::new(seed).pick(&sessions).cloned());
        let message = format!("canary {}", self.ledger().mark());
        let verb = Verb::Save(SaveArgs {
            message: Some(message),
            no_push,
            accept_shrink: cut,
            new: new && session.is_none(),
            session: session.map(|session| session.to_string()),
            ..SaveArgs::default()
        });
        let before = device.conversation(step.tree);
        match self.work(step, &verb) {
            Some(Outcome::Reply(reply)) => match *reply {
                Reply::Saved(report) => self.acked(step, &report, before),
                other => self.wrong(format!("a save answered {other:?}")),
            },
            Some(Outcome::Decision(decision)) => {
                self.wrong(format!("a save asked {decision:?}"));
            }
            Some(Outcome::Failure(_)) | None => {}
        }
    }

    fn acked(&self, step: &Step, report: &SaveReport, before: Option<(ConversationId, Vec<u8>)>) {
        let device = &self.devices[step.device];
        let fuller = report.notes.iter().any(|note| note.code == "convosync::conversation::shrunk");
        let transcript = before.filter(|_| !fuller);
        let transcript = transcript.map(|(id, bytes)| (id, device.canonical(step.tree, &bytes)));
        self.ledger().acked.push(Acked {
            device: step.device,
            tree: step.tree,
            session: report.session_id.parse().expect("an id"),
            save: report.save.parse().expect("an id"),
            transcript,
        });
    }

    fn resume(self: &Rc<Self>, step: &Step, which: Which, answers: u64) {
        let mut args = ResumeArgs::default();
        match which {
            Which::Newest => {}
            Which::Session(seed) => {
                let sessions = self.ledger().sessions(step.tree);
                args.session = Dice::new(seed).pick(&sessions).map(ToString::to_string);
            }
            Which::Save(seed) => {
                let units: Vec<_> = self.store().into_keys().collect();
                let units: Vec<_> =
                    units.iter().filter(|name| matches!(name, ObjectName::Unit { .. })).collect();
                let Some(ObjectName::Unit { session, save }) = Dice::new(seed).pick(&units) else {
                    return;
                };
                args.session = Some(session.to_string());
                args.at = Some(save.to_string());
            }
        }
        let mut dice = Dice::new(answers);
        let mut answer = |decision: &Decision, answers: &mut Answers| {
            let choice = dice.pick(&decision.choices);
            choice.is_some_and(|choice| answers.record(decision.question, choice).is_ok())
        };
        self.resume_with(step, args, &mut answer);
    }

    /// Resumes, and answers what is asked.
    pub(crate) fn resume_with(
        self: &Rc<Self>,
        step: &Step,
        mut args: ResumeArgs,
        answer: &mut dyn FnMut(&Decision, &mut Answers) -> bool,
    ) -> Option<Outcome> {
        for asked in 0..8 {
            let verb = Verb::Resume(args.clone());
            let outcome = self.work_once(step, &verb, &step.weather, asked == 0);
            match outcome {
                Some(Outcome::Decision(decision)) if answer(&decision, &mut args.answers) => {}
                other => return other,
            }
        }
        self.wrong(format!("a resume asks without end: {args:?}"));
        None
    }

    fn collect(self: &Rc<Self>, step: &Step) {
        let outcome = self.work(step, &Verb::Gc(GcArgs::default()));
        self.names_keep_their_bytes();
        let mut ledger = self.ledger();
        let every = ledger.every_session();
        match outcome {
            Some(Outcome::Reply(reply)) => match *reply {
                Reply::Collected(report) => {
                    let leaving = report.leaving.into_iter();
                    let leaving = leaving.map(|row| row.session_id.parse().expect("an id"));
                    ledger.may_be_deleted(leaving, Vec::new());
                }
                other => ledger.wrong.push(format!("a gc answered {other:?}")),
            },
            // Whatever it decided before it ended is decided.
            _ if self.setting.sessions_leave => ledger.may_be_deleted(every, Vec::new()),
            _ => {}
        }
    }

    fn keep(self: &Rc<Self>, step: &Step, seed: u64, how: Keep) {
        let sessions = self.ledger().every_session();
        let Some(session) = Dice::new(seed).pick(&sessions) else { return };
        let sessions = vec![session.to_string()];
        let args = SessionsArgs { sessions: sessions.clone() };
        let verb = match how {
            Keep::Pin => Verb::Pin(args),
            Keep::Unpin => Verb::Unpin(args),
            Keep::Undelete => Verb::Undelete(args),
            Keep::Delete => Verb::Delete(DeleteArgs { sessions, yes: true }),
        };
        self.work(step, &verb);
        if let Keep::Delete = how {
            self.names_keep_their_bytes();
            // A save that is not sent yet is known to its device, and meant too.
            let queued = self.devices[step.device].outbox.contents().into_keys();
            self.ledger().may_be_deleted([session.clone()], queued.collect());
        }
    }

    /// A name never gets other bytes, in no place.
    pub(crate) fn names_keep_their_bytes(&self) {
        let mut ledger = self.ledger();
        for (name, bytes) in self.places.iter().flat_map(|place| place.inner().contents()) {
            match ledger.ever.get(&name) {
                None => drop(ledger.ever.insert(name, bytes)),
                Some(first) if *first == bytes => {}
                Some(_) => ledger.wrong.push(format!("{name} has other bytes than before")),
            }
        }
    }
}

fn write(device: &Device, tree: usize, id: &ConversationId, path: &str, bytes: Vec<u8>) {
    let root: &Path = device.root(tree);
    device.assistant.write(id, root, path.parse().expect("a path"), bytes);
}

/// Makes an account, and gives its recovery words.
fn found(first: &Device) -> String {
    let init = InitArgs { store: Some(PLACES[0].to_owned()), yes: true, ..InitArgs::default() };
    match first.run(0, &Verb::Init(init), None, Vec::new()) {
        Some(Outcome::Reply(reply)) => match *reply {
            Reply::Initialised(report) => report.recovery_words.expect("they are shown once"),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}
