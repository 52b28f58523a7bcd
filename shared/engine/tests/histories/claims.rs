//! What must hold when everything works again, whatever happened before.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use convosync_core::{ObjectName, SessionId, heads};
use convosync_engine::Outcome;
use convosync_engine::ports::Store;
use convosync_wire::{
    Answers, Decision, ListArgs, Note, OnConflict, Question, Reply, ResumeArgs, SessionRow,
    SyncArgs, Verb,
};

use super::act::{Act, DEVICES, Step, TREES, Weather};
use super::contents::{Contents, contents};
use super::dice::Dice;
use super::ledger::{Acked, marks};
use super::world::World;

/// Lets everything work again, and looks.
pub(crate) fn check(world: &Rc<World>, seed: u64) {
    everything_works(world);
    everyone_sends(world);
    everyone_lists_the_same(world);
    let mut dice = Dice::new(seed);
    let saved = opened(world);
    heads_are_bounded(world, &saved);
    one_device_settles_all(world, &saved, dice.below(DEVICES as u64) as usize);
    everyone_sends(world);
    everyone_lists_the_same(world);
    let saved = opened(world);
    one_head_each(world, &saved);
    nothing_is_lost(world, &saved);
    nothing_is_readable(world);
    an_old_save_comes_back(world, &mut dice);
}

fn everything_works(world: &World) {
    world.everyone.calm();
    for device in &world.devices {
        device.link.calm();
        device.link.set_offline(false);
        device.git.set_offline(false);
        for root in &device.trees {
            device.git.end_merge(root, true);
            for id in device.assistant.in_directory(root) {
                device.assistant.set_live(&id, false);
            }
        }
    }
}

fn call(world: &World, device: usize, verb: &Verb) -> Option<Reply> {
    match world.devices[device].run(0, verb, None, Vec::new()) {
        Some(Outcome::Reply(reply)) => Some(*reply),
        other => {
            world.wrong(format!("all works, and {} of {device} gave {other:?}", verb.name()));
            None
        }
    }
}

/// The queue of each device empties.
fn everyone_sends(world: &World) {
    for number in 0..DEVICES {
        if let Some(Reply::Synced(report)) = call(world, number, &Verb::Sync(SyncArgs::default()))
            && report.queued > 0
        {
            world.wrong(format!("device {number} can't send its queue: {report:?}"));
        }
        let waiting = world.devices[number].outbox.list(ObjectName::UNITS).expect("in memory");
        if !waiting.is_empty() {
            world.wrong(format!("device {number} keeps {waiting:?}"));
        }
    }
}

fn everyone_lists_the_same(world: &World) {
    let list = Verb::List(ListArgs { all: true, ..ListArgs::default() });
    let mut lists: Vec<Vec<SessionRow>> = Vec::new();
    for number in 0..DEVICES {
        if let Some(Reply::Sessions(rows)) = call(world, number, &list) {
            // That a session has two heads is told, and shown in the rows too.
            let told = |note: &&Note| note.code != "convosync::session::conflict";
            for note in rows.notes.iter().filter(told) {
                world.wrong(format!("the list of device {number} says {note:?}"));
            }
            lists.push(rows.rows);
        }
    }
    if let Some((first, others)) = lists.split_first()
        && others.iter().any(|other| other != first)
    {
        world.wrong(format!("the lists differ: {lists:#?}"));
    }
}

/// What the store holds.
fn opened(world: &World) -> Contents {
    let objects = world.everyone.inner().contents();
    let mut saved = contents(&world.devices[0].profile(), &objects, &BTreeMap::new());
    saved.check_together();
    saved.wrong.iter().for_each(|wrong| world.wrong(wrong.clone()));
    saved
}

/// The heads of each session; those of equal content are one.
fn heads_of(saved: &Contents) -> BTreeMap<&SessionId, usize> {
    let live = || saved.saves.iter().filter(|(_, saved)| !saved.card.parked);
    let sessions: BTreeSet<_> = live().map(|((session, _), _)| session).collect();
    let count = |session: &SessionId| {
        let of_session = live().filter(|((of, _), _)| of == session);
        let named = heads(of_session.map(|(_, saved)| (&saved.card.save, &saved.card.vector)));
        let cards = named.iter().map(|save| &saved.saves[&(session.clone(), (*save).clone())].card);
        cards.map(|card| card.content).collect::<BTreeSet<_>>().len()
    };
    sessions.into_iter().map(|session| (session, count(session))).collect()
}

fn heads_are_bounded(world: &World, saved: &Contents) {
    for (session, heads) in heads_of(saved) {
        if heads > DEVICES {
            world.wrong(format!("{session} has {heads} heads"));
        }
    }
}

fn one_head_each(world: &World, saved: &Contents) {
    for (session, heads) in heads_of(saved) {
        if heads != 1 {
            world.wrong(format!("{session} was settled and has {heads} heads"));
        }
    }
}

fn quiet(device: usize, tree: usize) -> Step {
    Step { device, tree, act: Act::Status, weather: Weather::default() }
}

/// Goes on with whatever is recommended, and where that is to give up with what is not.
fn willing(decision: &Decision, answers: &mut Answers) -> bool {
    if decision.question == Question::MergeConflict {
        // Nobody is there to resolve it.
        answers.on_conflict = Some(OnConflict::UseRemote);
        return true;
    }
    let goes_on = |choice: &&convosync_wire::Choice| choice.value != "cancel";
    let mut choices: Vec<_> = decision.choices.iter().filter(goes_on).collect();
    choices.sort_by_key(|choice| !choice.recommended);
    // `Keep mine` of a branch that is ahead leaves nothing to do, and is fine too.
    let first = choices.first();
    decision.question != Question::Live
        && first.is_some_and(|choice| answers.record(decision.question, choice).is_ok())
}

/// One device resumes each session: that joins its heads.
fn one_device_settles_all(world: &Rc<World>, saved: &Contents, device: usize) {
    for session in heads_of(saved).keys() {
        let card = saved.saves.iter().find(|((of, _), saved)| of == *session && !saved.card.parked);
        let repository = card.map(|(_, saved)| saved.card.repository.clone());
        let tree = (0..TREES).find(|tree| repository == Some(format!("origin/{tree}")));
        let Some(tree) = tree else {
            world.wrong(format!("{session} is of {repository:?}"));
            continue;
        };
        let args = ResumeArgs { session: Some(session.to_string()), ..ResumeArgs::default() };
        let outcome = resumed(world, device, tree, &args);
        if !matches!(outcome, Some(Outcome::Reply(_))) {
            world.wrong(format!("device {device} can't resume {session}: {outcome:?}"));
        }
    }
}

/// Resumes, and merges by hand what it is told to.
fn resumed(world: &Rc<World>, device: usize, tree: usize, args: &ResumeArgs) -> Option<Outcome> {
    let mut outcome = None;
    for _ in 0..4 {
        outcome = world.resume_with(&quiet(device, tree), args.clone(), &mut willing);
        match &outcome {
            Some(Outcome::Failure(failure)) if failure.code == "convosync::resume::conflicts" => {
                world.devices[device].git.end_merge(world.devices[device].root(tree), true);
            }
            _ => break,
        }
    }
    outcome
}

fn nothing_is_lost(world: &World, saved: &Contents) {
    let (acked, typed, edited) = {
        let ledger = world.ledger();
        (ledger.acked.clone(), ledger.typed.clone(), ledger.edited.clone())
    };
    for acked in &acked {
        let Acked { session, save, .. } = acked;
        match saved.saves.get(&(session.clone(), save.clone())) {
            None => world.wrong(format!("{save} of {session} is lost")),
            Some(found) => {
                let Some((id, bytes)) = &acked.transcript else { continue };
                if found.files.get(&format!("{id}/transcript.jsonl")) != Some(bytes) {
                    world.wrong(format!("{save} of {session} holds another transcript"));
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    for file in saved.saves.values().flat_map(|saved| saved.files.values()) {
        found.extend(marks(file));
    }
    for file in world.devices.iter().flat_map(|device| device.assistant.everything()) {
        found.extend(marks(&file));
    }
    for lost in typed.difference(&found) {
        world.wrong(format!("the line {lost} is nowhere"));
    }
    for ((device, tree), texts) in edited {
        for (path, text) in texts {
            let git = &world.devices[device].git;
            let here = git.everywhere(world.devices[device].root(tree), &path);
            if !here.contains(&text) && !world.remotes[tree].everywhere(&path).contains(&text) {
                world.wrong(format!("{path} of device {device} with `{text}` is nowhere"));
            }
        }
    }
}

/// Nothing of what users wrote can be read where only sealed bytes may be.
fn nothing_is_readable(world: &World) {
    let mut places = vec![world.everyone.inner().contents()];
    for device in &world.devices {
        places.push(device.outbox.contents());
        places.push(device.cache.contents());
        for sealed in device.index.contents() {
            if is_readable(sealed.as_bytes()) {
                world.wrong(format!("the index of {} can be read", device.name));
            }
        }
    }
    for (name, bytes) in places.into_iter().flatten() {
        if is_readable(&bytes) {
            world.wrong(format!("{name} can be read"));
        }
    }
}

fn is_readable(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| window == b"canary" || window == b"mark-1")
}

/// Any save that was reported can be brought back on any device, to the last byte.
fn an_old_save_comes_back(world: &Rc<World>, dice: &mut Dice) {
    let acked = world.ledger().acked.clone();
    let Some(acked) = dice.pick(&acked) else { return };
    let device = dice.below(DEVICES as u64) as usize;
    let args = ResumeArgs {
        session: Some(acked.session.to_string()),
        at: Some(acked.save.to_string()),
        ..ResumeArgs::default()
    };
    let outcome = resumed(world, device, acked.tree, &args);
    if !matches!(outcome, Some(Outcome::Reply(_))) {
        world.wrong(format!("{} can't be brought back: {outcome:?}", acked.save));
        return;
    }
    let Some((id, saved)) = &acked.transcript else { return };
    let device = &world.devices[device];
    let here = device.assistant.read(id, device.root(acked.tree), "transcript.jsonl");
    let here = here.map(|bytes| device.canonical(acked.tree, &bytes)).unwrap_or_default();
    // A line that says where the conversation is now may follow.
    if !here.starts_with(saved) {
        world.wrong(format!("{} came back with another transcript", acked.save));
    }
}
