//! Two devices of one account, and what is done with them.

use convosync_core::ObjectName;
use convosync_engine::Outcome;
use convosync_engine::testing::{FaultyStore, MemoryRemote, MemoryStore, TestClock};
use convosync_wire::{
    DeleteArgs, GcArgs, GcReport, InitArgs, JoinArgs, ListArgs, Reply, SaveArgs, SaveReport,
    Secret, SessionRow, SessionsArgs, Verb,
};

use crate::device::{Device, PLACES, Setting};

pub(crate) const DAY: i64 = 24 * 60 * 60 * 1000;

/// Two devices of one account, with one clock.
pub(crate) struct World {
    pub(crate) everyone: FaultyStore<MemoryStore>,
    pub(crate) clock: TestClock,
    pub(crate) desktop: Device,
    pub(crate) laptop: Device,
    pub(crate) remote: MemoryRemote,
}

impl World {
    pub(crate) fn new() -> Self {
        let everyone = FaultyStore::new(MemoryStore::default());
        let clock = TestClock::at(1_800_000_000_000);
        let remote = MemoryRemote::new("origin/0", "README", "first");
        let device = |name, seed| {
            let remotes = std::slice::from_ref(&remote);
            let places = std::slice::from_ref(&everyone);
            let setting = Setting { sessions_leave: true, ..Setting::default() };
            let mut device = Device::new(name, places, remotes, clock.skewed(0), seed, setting);
            device.settings = convosync_engine::Settings::default();
            device.settings.save_mode = Some(convosync_engine::SaveMode::Commit);
            device
        };
        let (desktop, laptop) = (device("desktop", 1), device("laptop", 2));
        let init = InitArgs { store: Some(PLACES[0].to_owned()), yes: true, ..InitArgs::default() };
        let Reply::Initialised(report) = done(&desktop, &Verb::Init(init)) else { panic!() };
        let words = Secret(report.recovery_words.expect("a new account"));
        let (store, device, kind) = (Some(PLACES[0].to_owned()), None, None);
        done(&laptop, &Verb::DeviceJoin(JoinArgs { store, device, kind, words }));
        Self { everyone, clock, desktop, laptop, remote }
    }

    /// Days go by; both devices are looked at every day.
    pub(crate) fn pass(&self, days: i64) {
        for _ in 0..days {
            self.clock.pass(DAY);
            for device in [&self.desktop, &self.laptop] {
                device.run(0, &Verb::List(ListArgs::default()), None, Vec::new());
            }
        }
    }

    /// The names in the store that start with this.
    pub(crate) fn names(&self, start: &str) -> Vec<ObjectName> {
        let all = self.everyone.inner().contents().into_keys();
        all.filter(|name| name.to_string().starts_with(start)).collect()
    }

    /// Saves of a session in the store.
    pub(crate) fn units(&self, session: &str) -> usize {
        self.names(&format!("v1/s/{session}/")).len()
    }
}

#[track_caller]
pub(crate) fn done(device: &Device, verb: &Verb) -> Reply {
    match device.run(0, verb, None, Vec::new()) {
        Some(Outcome::Reply(reply)) => *reply,
        other => panic!("{verb:?}: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused(device: &Device, verb: &Verb) -> String {
    match device.run(0, verb, None, Vec::new()) {
        Some(Outcome::Failure(failure)) => failure.code,
        Some(Outcome::Decision(decision)) => decision.question.as_str().to_owned(),
        other => panic!("{verb:?}: {other:?}"),
    }
}

/// Writes something and saves it.
#[track_caller]
pub(crate) fn save(device: &Device, message: &str, new: bool) -> SaveReport {
    device.git.write(device.root(0), "file", message);
    let message = Some(message.to_owned());
    match done(device, &Verb::Save(SaveArgs { message, new, ..SaveArgs::default() })) {
        Reply::Saved(report) => report,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn gc(device: &Device) -> GcReport {
    match done(device, &Verb::Gc(GcArgs { dry_run: false })) {
        Reply::Collected(report) => report,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn list(device: &Device, deleted: bool) -> Vec<SessionRow> {
    match done(device, &Verb::List(ListArgs { deleted, all: true, ..ListArgs::default() })) {
        Reply::Sessions(listed) => {
            assert_eq!(listed.notes, [], "nothing is amiss");
            listed.rows
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn of(session: &str) -> SessionsArgs {
    SessionsArgs { sessions: vec![session.to_owned()] }
}

pub(crate) fn delete(device: &Device, session: &str) {
    let args = DeleteArgs { sessions: vec![session.to_owned()], yes: true };
    done(device, &Verb::Delete(args));
}

pub(crate) fn ids(rows: Vec<SessionRow>) -> Vec<String> {
    rows.into_iter().map(|row| row.session_id).collect()
}

/// Adds a message to the one conversation of a device.
pub(crate) fn talk(device: &Device, message: &str) {
    let (id, mut bytes) = device.conversation(0).unwrap_or_else(|| {
        ("11111111-1111-4111-8111-111111111111".parse().expect("an id"), Vec::new())
    });
    let uuid = message.replace(' ', "-");
    let line = format!(
        "{{\"type\":\"user\",\"uuid\":\"{uuid}\",\"message\":{{\"role\":\"user\",\"content\":\"{message}\"}}}}\n"
    );
    bytes.extend(line.into_bytes());
    let path = "transcript.jsonl".parse().expect("a path");
    device.assistant.write(&id, device.root(0), path, bytes);
}

/// Notes of a list, whatever is amiss.
#[track_caller]
pub(crate) fn notes(device: &Device) -> Vec<String> {
    match done(device, &Verb::List(ListArgs { all: true, ..ListArgs::default() })) {
        Reply::Sessions(listed) => listed.notes.into_iter().map(|note| note.code).collect(),
        other => panic!("{other:?}"),
    }
}
