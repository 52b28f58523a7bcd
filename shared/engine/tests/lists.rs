//! A list that goes by the overview of cards shows what one that opens every card does.

#[path = "histories/device.rs"]
#[allow(dead_code, reason = "the histories use more of it")]
mod device;
#[path = "histories/dice.rs"]
#[allow(dead_code, reason = "the histories use more of it")]
mod dice;
#[path = "histories/lies.rs"]
#[allow(dead_code, reason = "the histories use more of it")]
mod lies;

use convosync_core::ObjectName;
use convosync_engine::Outcome;
use convosync_engine::ports::Store as _;
use convosync_engine::testing::{FaultyStore, Knobs, MemoryRemote, MemoryStore, TestClock};
use convosync_wire::{
    DeleteArgs, InitArgs, JoinArgs, ListArgs, Reply, ResumeArgs, RevokeArgs, Rows, SaveArgs,
    Secret, SessionRow, SessionsArgs, Since, Verb,
};
use device::{Device, PLACES, Setting};
use dice::Dice;

const KNOBS: Knobs = Knobs { few: 2, ..Knobs::PLAIN };

/// Two devices of one account.
struct World {
    everyone: FaultyStore<MemoryStore>,
    clock: TestClock,
    devices: [Device; 2],
}

fn reply(device: &Device, tree: usize, verb: &Verb) -> Option<Reply> {
    match device.run(tree, verb, None, Vec::new()) {
        Some(Outcome::Reply(reply)) => Some(*reply),
        _ => None,
    }
}

impl World {
    fn new() -> Self {
        let everyone = FaultyStore::new(MemoryStore::default());
        let clock = TestClock::at(1_800_000_000_000);
        let remotes: Vec<_> = (0..2)
            .map(|number| MemoryRemote::new(&format!("origin/{number}"), "README", "first"))
            .collect();
        let places = std::slice::from_ref(&everyone);
        let setting = Setting::default();
        let device =
            |name, seed| Device::new(name, places, &remotes, clock.skewed(0), seed, setting);
        let devices = [device("desktop", 1), device("laptop", 2)];
        let init = InitArgs { store: Some(PLACES[0].to_owned()), yes: true, ..InitArgs::default() };
        let Some(Reply::Initialised(report)) = reply(&devices[0], 0, &Verb::Init(init)) else {
            panic!("a new account")
        };
        let words = Secret(report.recovery_words.expect("a new account"));
        let (store, device, kind) = (Some(PLACES[0].to_owned()), None, None);
        let join = Verb::DeviceJoin(JoinArgs { store, device, kind, words });
        reply(&devices[1], 0, &join).expect("it joins");
        Self { everyone, clock, devices }
    }

    /// Something that changes what a list shows.
    fn happens(&self, dice: &mut Dice) {
        self.clock.pass(60_000);
        let device = &self.devices[usize::from(dice.chance(50))];
        let tree = usize::from(dice.chance(30));
        let sessions: Vec<String> =
            list(device, &ListArgs { all: true, offline: true, ..ListArgs::default() }, true)
                .rows
                .into_iter()
                .map(|row| row.session_id)
                .collect();
        let session = dice.pick(&sessions).cloned();
        let one = || SessionsArgs { sessions: session.iter().cloned().collect() };
        match dice.below(12) {
            0..=5 => {
                device.git.write(device.root(tree), "file", &dice.next().to_string());
                let message = Some(format!("step {}", dice.below(1000)));
                let new = dice.chance(60);
                let save = SaveArgs { message, new, ..SaveArgs::default() };
                let _ = reply(device, tree, &Verb::Save(save));
            }
            6 => {
                let resume = ResumeArgs { session, ..ResumeArgs::default() };
                let _ = reply(device, tree, &Verb::Resume(resume));
            }
            7 => drop(reply(device, tree, &Verb::Pin(one()))),
            8 => {
                let delete = DeleteArgs { sessions: one().sessions, ..DeleteArgs::default() };
                let _ = reply(device, tree, &Verb::Delete(DeleteArgs { yes: true, ..delete }));
            }
            9 => drop(reply(device, tree, &Verb::Undelete(one()))),
            10 => device.set_offline(dice.chance(60)),
            // A store that was put back from an older copy.
            _ => {
                let units: Vec<_> = self.everyone.inner().contents().into_keys().collect();
                let units: Vec<_> = units
                    .into_iter()
                    .filter(|name| matches!(name, ObjectName::Unit { .. }))
                    .collect();
                if let Some(unit) = dice.pick(&units) {
                    self.everyone.inner().delete(unit).expect("it is in memory");
                }
            }
        }
    }
}

#[track_caller]
fn list(device: &Device, args: &ListArgs, glances: bool) -> Rows<SessionRow> {
    Knobs { glances, ..KNOBS }.turn();
    let listed = reply(device, 0, &Verb::List(args.clone()));
    KNOBS.turn();
    match listed {
        Some(Reply::Sessions(rows)) => rows,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn shows_the_same(device: &Device, dice: &mut Dice) {
    let word = |dice: &mut Dice, of: &[&str]| dice.pick(of).map(|word| (*word).to_owned());
    let args = ListArgs {
        all: dice.chance(60),
        limit: dice.chance(20).then_some(3),
        branch: if dice.chance(20) { word(dice, &["main", "other"]) } else { None },
        device: if dice.chance(20) { word(dice, &["desktop", "LAPTOP"]) } else { None },
        repo: if dice.chance(30) { word(dice, &[".", "1", "origin"]) } else { None },
        here: dice.chance(20),
        since: if dice.chance(20) { Some(Since::Ago(5 * 60_000)) } else { None },
        offline: dice.chance(40),
        deleted: dice.chance(10),
        news: false,
    };
    let (glanced, opened) = (list(device, &args, true), list(device, &args, false));
    assert_eq!(glanced.rows, opened.rows, "{args:?}");
    let codes =
        |rows: &Rows<SessionRow>| rows.notes.iter().map(|n| n.code.clone()).collect::<Vec<_>>();
    assert_eq!(codes(&glanced), codes(&opened), "{args:?}");
}

#[test]
fn a_glance_shows_what_opening_every_card_does() {
    KNOBS.turn();
    for seed in 0..3 {
        let (world, mut dice) = (World::new(), Dice::new(seed));
        for _ in 0..50 {
            world.happens(&mut dice);
            shows_the_same(&world.devices[usize::from(dice.chance(50))], &mut dice);
        }
        world.devices.iter().for_each(|device| device.set_offline(false));
        let revoke = RevokeArgs { device: "laptop".to_owned(), yes: true };
        reply(&world.devices[0], 0, &Verb::DeviceRevoke(revoke)).expect("it is revoked");
        for _ in 0..5 {
            shows_the_same(&world.devices[0], &mut dice);
        }
    }
}
