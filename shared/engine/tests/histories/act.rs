//! What happens in a history, as data: it can be printed, made again from a seed, and cut down.

use convosync_engine::testing::{Call, Fault, Refusal};

use super::device::PLACES;
use super::dice::Dice;

/// Devices; all but the last are of the account from the beginning.
pub(crate) const DEVICES: usize = 4;
/// The one that may join later. Until then its sessions stay on it.
pub(crate) const NEWCOMER: usize = DEVICES - 1;
/// Work trees of each, of one repository each.
pub(crate) const TREES: usize = 2;

/// One thing that happens on one device.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) device: usize,
    pub(crate) tree: usize,
    pub(crate) act: Act,
    pub(crate) weather: Weather,
}

/// What a device or its user does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// The conversation of the work tree goes on; `noise`: with so many bytes that do not pack.
    Talk {
        lines: u64,
        noise: usize,
    },
    /// Its last lines are taken back, and others come in their place.
    Rewind {
        lines: u64,
        instead: u64,
    },
    /// It is cut, as the client's own sweep does.
    Cut {
        lines: u64,
    },
    /// A file beside the transcript is written.
    Beside,
    /// Another conversation begins in the work tree.
    Begin,
    /// A file of the work tree is changed.
    Edit {
        file: u64,
    },
    /// The user goes to another branch.
    Branch {
        other: bool,
    },
    /// The user ends a merge that was begun, or takes it back.
    EndMerge {
        resolve: bool,
    },
    /// A client opens the conversation, or closes it.
    Open(bool),
    Save {
        no_push: bool,
        new: bool,
        /// A transcript that lost messages is saved as it is.
        cut: bool,
        into: Option<u64>,
    },
    Resume {
        which: Which,
        answers: u64,
    },
    Gc,
    /// The account gets a new key.
    Rotate,
    /// The device becomes one of the account.
    Join,
    /// Another device is revoked. There is one in a history: who is left has to be one of many.
    Revoke {
        device: usize,
    },
    /// The store moves to a place, by its number.
    Move {
        place: usize,
    },
    /// A session is kept for ever, or no longer; deleted, or brought back: by its number.
    Keep {
        session: u64,
        how: Keep,
    },
    Sync,
    List,
    Log,
    Status,
    /// The index is lost.
    Forget,
    /// The store answers this device, or not.
    Store {
        answers: bool,
    },
    /// The git remote does.
    Remote {
        answers: bool,
    },
    /// The device's clock is set forward, or back.
    Clock {
        minutes: i64,
    },
    /// Time passes for everyone.
    Wait {
        minutes: i64,
    },
}

/// What is decided about a session.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    Pin,
    Unpin,
    Delete,
    Undelete,
}

/// Which session or save.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// This repository's newest session.
    Newest,
    /// One that was saved, by its number.
    Session(u64),
    /// A save that lies in the store.
    Save(u64),
}

/// What goes wrong meanwhile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    /// The device dies before this step of its work.
    pub(crate) death: Option<u64>,
    /// Faults of the store, as this device sees it.
    pub(crate) faults: Vec<(Call, Fault)>,
    /// Something happens elsewhere before this step.
    pub(crate) meanwhile: Vec<(u64, Step)>,
}

/// A history from a seed. It begins with a session that most devices have, so that they meet.
pub(crate) fn history(seed: u64) -> Vec<Step> {
    let mut dice = Dice::new(seed);
    // In some there is much to be collected.
    let tidy = dice.chance(35);
    let calm = |device, act| Step { device, tree: 0, act, weather: Weather::default() };
    let mut steps = vec![
        calm(0, Act::Talk { lines: 3, noise: noise(&mut dice) }),
        calm(0, Act::Save { no_push: false, new: false, cut: false, into: None }),
    ];
    for device in 1..NEWCOMER {
        if dice.chance(80) {
            steps.push(calm(device, Act::Resume { which: Which::Newest, answers: dice.next() }));
        }
    }
    for _ in 0..8 + dice.below(18) {
        let next = step(&mut dice, tidy, true);
        let (device, tree) = (next.device, next.tree);
        let saves = matches!(next.act, Act::Talk { .. } | Act::Edit { .. }) && dice.chance(50);
        steps.push(next);
        if saves {
            let act = Act::Save { no_push: dice.chance(15), new: false, cut: false, into: None };
            steps.push(Step { device, tree, act, weather: weather(&mut dice, tidy, device) });
        }
    }
    for act in great(&mut dice) {
        happen_somewhere(&mut dice, &mut steps, tidy, act);
    }
    addresses_arrive(&mut steps);
    steps
}

/// Of several moves none has an address that others see late: devices that never see each other's,
/// in a folder that is carried, stay in two places, as ARCHITECTURE.md says.
fn addresses_arrive(steps: &mut [Step]) {
    let is_move = |step: &Step| matches!(step.act, Act::Move { .. });
    let within = |step: &Step| step.weather.meanwhile.iter().filter(|(_, it)| is_move(it)).count();
    let moves: usize = steps.iter().map(|step| usize::from(is_move(step)) + within(step)).sum();
    if moves > 1 {
        for step in steps.iter_mut().filter(|step| is_move(step)) {
            step.weather.faults.retain(|(_, fault)| !matches!(fault, Fault::Late(_)));
        }
    }
}

/// What happens to an account once in a while: a device comes, one goes, the store moves.
fn great(dice: &mut Dice) -> Vec<Act> {
    let mut acts = Vec::new();
    if dice.chance(35) {
        acts.push(Act::Join);
    }
    if dice.chance(15) {
        acts.push(Act::Revoke { device: dice.below(DEVICES as u64) as usize });
    }
    while dice.chance(30) {
        acts.push(Act::Move { place: dice.below(PLACES.len() as u64) as usize });
    }
    acts
}

/// Lets it happen between two steps, or while a device is at work.
fn happen_somewhere(dice: &mut Dice, steps: &mut Vec<Step>, tidy: bool, act: Act) {
    let device = match act {
        Act::Join => NEWCOMER,
        _ => dice.below(NEWCOMER as u64) as usize,
    };
    let at = dice.below(steps.len() as u64) as usize;
    let outer = &mut steps[at];
    if works(&outer.act) && outer.device != device && dice.chance(40) {
        let step = Step { device, tree: 0, act, weather: Weather::default() };
        outer.weather.meanwhile.push((dice.below(30), step));
    } else {
        let weather = weather(dice, tidy, device);
        steps.insert(at, Step { device, tree: 0, act, weather });
    }
}

/// One step; `outer`: not one that happens within another.
fn step(dice: &mut Dice, tidy: bool, outer: bool) -> Step {
    let newcomer = dice.chance(12);
    let device = if newcomer { NEWCOMER } else { dice.below(NEWCOMER as u64) as usize };
    // Most of the work is on one repository: devices have to meet.
    let tree = usize::from(dice.chance(12)) % TREES;
    let act = if tidy && dice.chance(30) { tidying(dice) } else { act(dice) };
    let stormy = outer && works(&act);
    let weather = if stormy { weather(dice, tidy, device) } else { Weather::default() };
    Step { device, tree, act, weather }
}

fn tidying(dice: &mut Dice) -> Act {
    match dice.below(10) {
        0..5 => Act::Gc,
        5..9 => Act::Wait { minutes: 12_000 },
        _ => {
            let all = [Keep::Pin, Keep::Unpin, Keep::Delete, Keep::Undelete];
            Act::Keep { session: dice.next(), how: all[dice.below(4) as usize] }
        }
    }
}

fn act(dice: &mut Dice) -> Act {
    match dice.below(100) {
        0..18 => Act::Talk { lines: 1 + dice.below(3), noise: noise(dice) },
        18..22 => Act::Rewind { lines: 1 + dice.below(3), instead: dice.below(3) },
        22..24 => Act::Cut { lines: 1 + dice.below(4) },
        24..26 => Act::Beside,
        26..27 => Act::Begin,
        27..33 => Act::Edit { file: dice.below(3) },
        33..35 => Act::Branch { other: dice.chance(60) },
        35..37 => match dice.chance(50) {
            true => Act::Open(dice.chance(50)),
            false => Act::EndMerge { resolve: dice.chance(70) },
        },
        37..59 => Act::Save {
            no_push: dice.chance(15),
            new: dice.chance(4),
            cut: dice.chance(10),
            into: dice.chance(5).then(|| dice.next()),
        },
        59..76 => Act::Resume { which: which(dice), answers: dice.next() },
        76..83 => Act::Sync,
        83..86 => Act::List,
        86 => Act::Log,
        87 => Act::Status,
        88..91 => Act::Forget,
        91..95 => Act::Store { answers: dice.chance(60) },
        95..97 => Act::Remote { answers: dice.chance(60) },
        97 => Act::Rotate,
        _ => Act::Wait { minutes: [1, 30, 1500, 12_000][dice.below(4) as usize] },
    }
}

fn noise(dice: &mut Dice) -> usize {
    if dice.chance(25) { 200 + dice.below(3000) as usize } else { 0 }
}

fn which(dice: &mut Dice) -> Which {
    match dice.below(10) {
        0..6 => Which::Newest,
        6..9 => Which::Session(dice.next()),
        _ => Which::Save(dice.next()),
    }
}

/// Whether the engine is at work.
fn works(act: &Act) -> bool {
    matches!(
        act,
        Act::Save { .. }
            | Act::Resume { .. }
            | Act::Gc
            | Act::Rotate
            | Act::Join
            | Act::Revoke { .. }
            | Act::Move { .. }
            | Act::Keep { .. }
            | Act::Sync
            | Act::List
            | Act::Log
            | Act::Status
    )
}

fn weather(dice: &mut Dice, tidy: bool, device: usize) -> Weather {
    let death = dice.chance(20).then(|| dice.below(50));
    let faults = if dice.chance(20) { 1 + dice.below(3) } else { 0 };
    let faults = (0..faults).map(|_| fault(dice)).collect();
    let mut meanwhile = Vec::new();
    while dice.chance(20) {
        let elsewhere = step(dice, tidy, false);
        // Of the same device it is another process; what its user types at that moment would be in
        // none of the two saves for certain.
        let process = works(&elsewhere.act) && !matches!(elsewhere.act, Act::Resume { .. });
        if elsewhere.device != device || process {
            meanwhile.push((dice.below(30), elsewhere));
        }
    }
    Weather { death, faults, meanwhile }
}

fn fault(dice: &mut Dice) -> (Call, Fault) {
    let calls = [Call::Put, Call::Get, Call::List, Call::Delete];
    let call = calls[dice.below(4) as usize];
    let refusals = [Refusal::Unreachable, Refusal::Denied, Refusal::Full];
    let fault = match (dice.below(3), call) {
        (0, _) => Fault::LostAnswer,
        (1, Call::List) => Fault::Stale(1 + dice.below(4) as usize),
        (1, Call::Get) if dice.chance(50) => Fault::Short(dice.below(600) as usize),
        (1, Call::Get) => Fault::Damaged,
        (1, Call::Put) => Fault::Late(1 + dice.below(40) as usize),
        _ => Fault::Before(refusals[dice.below(3) as usize]),
    };
    (call, fault)
}
