//! Histories of which one moment matters: written by hand, since dice hardly ever meet it.

use std::collections::BTreeSet;
use std::rc::Rc;

use convosync_core::{ObjectName, SessionId, heads};
use convosync_engine::Outcome;
use convosync_engine::ports::Store;
use convosync_wire::{DeleteArgs, Failure, OnConflict, ResumeArgs, SessionsArgs, Verb};

use super::act::{Act, Keep, NEWCOMER, Step, Weather, Which};
use super::contents::contents;
use super::device::Setting;
use super::ledger::line;
use super::world::World;
use super::{IS_FAST, KNOBS, SAVE, calmly, claims, happens};

/// A line that does not fit into a unit.
const BIG: Act = Act::Talk { lines: 1, noise: 4000 };
const CUT: Act = Act::Save { no_push: false, new: false, cut: true, into: None };
const DAY: i64 = 24 * 60;

/// Why the first save is needed by nobody but a device that goes on from it.
#[derive(Debug, Clone, Copy)]
enum Needless {
    /// Its session is deleted.
    Deleted,
    /// Later saves have nothing of it.
    MovedOn,
}

/// The desktop has saved something big, and the laptop goes on from there.
fn begun() -> Vec<Step> {
    vec![
        calmly(0, BIG),
        calmly(0, SAVE),
        calmly(1, Act::Resume { which: Which::Newest, answers: 0 }),
        calmly(1, Act::Talk { lines: 1, noise: 0 }),
    ]
}

/// What the desktop does so that nothing needs its first save.
fn made_needless(how: Needless) -> Vec<Step> {
    let rounds = match how {
        Needless::Deleted => {
            return vec![calmly(0, Act::Keep { session: 0, how: Keep::Delete })];
        }
        Needless::MovedOn => 4,
    };
    let round = || [Act::Rewind { lines: 99, instead: 0 }, BIG, CUT];
    (0..rounds).flat_map(|_| round()).map(|act| calmly(0, act)).collect()
}

/// The desktop collects every day.
fn days(days: i64) -> Vec<Step> {
    let day = |_| [calmly(0, Act::Wait { minutes: DAY }), calmly(0, Act::Gc)];
    (0..days).flat_map(day).collect()
}

fn with_meanwhile(act: Act, at: u64, elsewhere: Vec<Step>) -> Step {
    let meanwhile = elsewhere.into_iter().map(|step| (at, step)).collect();
    Step { weather: Weather { meanwhile, ..Weather::default() }, ..calmly(1, act) }
}

/// While the laptop saves, what it relies on becomes needless and is collected, twice.
fn collected_under_a_save(how: Needless, at: u64) -> Vec<Step> {
    let mut elsewhere = made_needless(how);
    elsewhere.extend([calmly(0, Act::Gc), calmly(0, Act::Gc)]);
    let mut steps = begun();
    steps.push(with_meanwhile(SAVE, at, elsewhere));
    steps
}

/// The laptop saves without the store, what it relies on is marked, and goes while it sends.
fn collected_under_a_sync(how: Needless, waited: i64, at: u64) -> Vec<Step> {
    let mut steps = begun();
    steps.extend([calmly(1, Act::Store { answers: false }), calmly(1, SAVE)]);
    steps.extend(made_needless(how));
    steps.push(calmly(0, Act::Gc));
    steps.extend(days(waited));
    steps.push(calmly(0, Act::Wait { minutes: DAY }));
    steps.push(calmly(1, Act::Store { answers: true }));
    steps.push(with_meanwhile(Act::Sync, at, vec![calmly(0, Act::Gc), calmly(0, Act::Gc)]));
    steps
}

/// While the laptop saves, another process of it saves in another work tree.
fn two_saves_at_once(at: u64) -> Vec<Step> {
    let elsewhere = |act| Step { tree: 1, ..calmly(1, act) };
    let mut steps = begun();
    steps.push(elsewhere(Act::Talk { lines: 1, noise: 0 }));
    steps.push(with_meanwhile(SAVE, at, vec![elsewhere(SAVE)]));
    steps
}

/// Moments of a save, and of a sync, until its unit is put.
const SAVED: u64 = 34;
const SYNCED: u64 = 40;

/// Every moment in the slow lane, one of three in the fast one.
fn moments(end: u64) -> impl Iterator<Item = u64> {
    (0..end).step_by(if IS_FAST { 3 } else { 1 })
}

/// Every way in which something happens under a save.
pub(crate) fn schedules() -> impl Iterator<Item = (String, Vec<Step>)> {
    let twice = |at| (format!("two saves, {at}"), two_saves_at_once(at));
    let both = [Needless::Deleted, Needless::MovedOn].into_iter();
    both.flat_map(|how| {
        let save = move |at| (format!("save, {how:?}, {at}"), collected_under_a_save(how, at));
        let sync = move |waited| {
            let named = move |at| format!("sync, {how:?}, {waited} days, {at}");
            moments(SYNCED).map(move |at| (named(at), collected_under_a_sync(how, waited, at)))
        };
        moments(SAVED).map(save).chain(sync(6))
    })
    .chain(moments(SAVED).map(twice))
}

#[test]
fn what_happens_under_a_save_loses_nothing_of_it() {
    for (name, steps) in schedules() {
        assert_eq!(happens(&steps, 0, KNOBS), [""; 0], "{name}");
    }
}

/// Lets steps happen in a world where nothing leaves by its age.
fn lived(steps: &[Step]) -> Rc<World> {
    KNOBS.turn();
    let world = World::new(Setting::default());
    live(&world, steps);
    world
}

fn live(world: &Rc<World>, steps: &[Step]) {
    steps.iter().for_each(|step| world.take(step));
}

/// Units and parts.
fn objects(world: &World) -> BTreeSet<ObjectName> {
    let all = world.store().into_keys();
    all.filter(|name| name.session().is_some())
        .filter(|name| matches!(name, ObjectName::Unit { .. } | ObjectName::Part { .. }))
        .collect()
}

fn of_session(objects: &BTreeSet<ObjectName>, session: &SessionId) -> BTreeSet<ObjectName> {
    objects.iter().filter(|name| name.session() == Some(session)).cloned().collect()
}

/// The session of the last save.
fn last_session(world: &World) -> SessionId {
    world.ledger().acked.last().expect("something was saved").session.clone()
}

#[test]
fn after_the_grace_time_all_that_is_needless_goes_and_nothing_else() {
    let moved_on = || [vec![calmly(0, BIG), calmly(0, SAVE)], made_needless(Needless::MovedOn)];
    let world = lived(&moved_on().concat());
    let worked_on = last_session(&world);
    let in_other_tree = moved_on().concat().into_iter().map(|step| Step { tree: 1, ..step });
    live(&world, &in_other_tree.collect::<Vec<_>>());
    let pinned = last_session(&world);
    live(&world, &[calmly(0, Act::Begin), calmly(0, BIG), calmly(0, SAVE)]);
    let deleted = last_session(&world);
    let pin = Verb::Pin(SessionsArgs { sessions: vec![pinned.to_string()] });
    let delete = Verb::Delete(DeleteArgs { sessions: vec![deleted.to_string()], yes: true });
    for verb in [pin, delete] {
        world.devices[0].run(0, &verb, None, Vec::new()).expect("it lives");
    }
    let before = objects(&world);
    live(&world, &[calmly(0, Act::Gc)]);
    live(&world, &days(6));
    assert_eq!(objects(&world), before, "nothing goes before its time");
    live(&world, &days(8));
    let after = objects(&world);
    let profile = world.profile();
    let saved = contents(&profile, &world.store());
    let needed = saved.needed(&profile, &worked_on, &after);
    assert_eq!(of_session(&after, &worked_on), needed);
    assert!(needed.len() < of_session(&before, &worked_on).len());
    assert_eq!(of_session(&after, &pinned), of_session(&before, &pinned));
    assert!(of_session(&after, &deleted).is_empty());
    assert_eq!(world.ledger().wrong, [""; 0]);
}

#[test]
fn a_clock_that_is_set_back_lets_nothing_go_early_and_all_go_in_the_end() {
    let mut steps = begun();
    steps.extend(made_needless(Needless::MovedOn));
    steps.extend([calmly(0, Act::Gc), calmly(0, Act::Clock { minutes: -30 * DAY })]);
    let world = lived(&steps);
    let before = objects(&world);
    live(&world, &[calmly(0, Act::Gc)]);
    live(&world, &days(6));
    assert_eq!(objects(&world), before);
    live(&world, &days(8));
    assert!(objects(&world).len() < before.len());
    claims::check(&world, 0);
    assert_eq!(world.ledger().wrong, [""; 0]);
}

/// A collector whose clock is set forward between mark and deletion.
#[test]
fn a_clock_that_is_set_forward_takes_nothing_from_a_save_on_its_way() {
    for at in 0..40 {
        let mut elsewhere = made_needless(Needless::MovedOn);
        let jump = Act::Clock { minutes: 30 * DAY };
        elsewhere.extend([Act::Gc, jump, Act::Gc].map(|act| calmly(0, act)));
        let mut steps = begun();
        steps.push(with_meanwhile(SAVE, at, elsewhere));
        assert_eq!(happens(&steps, 1, KNOBS), [""; 0], "before step {at}");
    }
}

/// The heads of the only session, as they are and as they show.
fn heads_of(world: &World) -> (usize, usize) {
    let saved = contents(&world.profile(), &world.store());
    let live = || saved.saves.values().filter(|saved| !saved.card.parked);
    let named = heads(live().map(|saved| (&saved.card.save, &saved.card.vector)));
    let content: BTreeSet<_> = live()
        .filter(|saved| named.contains(&&saved.card.save))
        .map(|saved| saved.card.content)
        .collect();
    (named.len(), content.len())
}

/// Two devices save the same, a third something else.
#[test]
fn heads_of_equal_content_are_joined_with_the_one_that_differs() {
    for answer in [OnConflict::Merge, OnConflict::UseRemote, OnConflict::KeepLocal] {
        let mut steps = begun();
        steps.pop();
        steps.push(calmly(2, Act::Resume { which: Which::Newest, answers: 0 }));
        let world = lived(&steps);
        let mark = world.ledger().mark();
        for device in &world.devices[1..3] {
            let (id, mut bytes) = device.conversation(0).expect("it was resumed");
            bytes.extend(line(&mark, 0).into_bytes());
            let path = "transcript.jsonl".parse().expect("a path");
            device.assistant.write(&id, device.root(0), path, bytes);
        }
        world.ledger().typed.insert(mark);
        live(&world, &[calmly(0, Act::Talk { lines: 1, noise: 0 })]);
        let online = |answers| (0..3).map(move |device| calmly(device, Act::Store { answers }));
        live(&world, &online(false).collect::<Vec<_>>());
        live(&world, &[calmly(0, SAVE), calmly(1, SAVE), calmly(2, SAVE)]);
        live(&world, &online(true).collect::<Vec<_>>());
        live(&world, &[calmly(0, Act::Sync), calmly(1, Act::Sync), calmly(2, Act::Sync)]);
        assert_eq!(heads_of(&world), (3, 2), "as they are, and as they show");
        let mut args = ResumeArgs::default();
        args.answers.on_conflict = Some(answer);
        world.resume_with(&calmly(0, Act::Sync), args, &mut claims::willing);
        live(&world, &[calmly(0, Act::Sync)]);
        assert_eq!(heads_of(&world), (1, 1), "{answer:?}");
        claims::check(&world, 0);
        assert_eq!(world.ledger().wrong, [""; 0], "{answer:?}");
    }
}

/// While one device moves the store, another one moves it elsewhere.
#[test]
fn a_store_that_is_moved_twice_at_once_is_in_one_place_in_the_end() {
    for at in moments(60) {
        for place in [1, 2] {
            let elsewhere = vec![calmly(0, Act::Move { place })];
            let mut steps = begun();
            steps.push(with_meanwhile(Act::Move { place: 2 }, at, elsewhere));
            steps.push(calmly(2, SAVE));
            assert_eq!(happens(&steps, 1, KNOBS), [""; 0], "to {place} before step {at}");
        }
    }
}

/// While one device saves, another one moves the store, there and back.
#[test]
fn a_save_on_its_way_is_found_wherever_the_store_goes() {
    for at in moments(SAVED) {
        for back in [false, true] {
            let mut elsewhere = vec![calmly(0, Act::Move { place: 1 })];
            elsewhere.extend(back.then(|| calmly(0, Act::Move { place: 0 })));
            let mut steps = begun();
            steps.push(with_meanwhile(SAVE, at, elsewhere));
            assert_eq!(happens(&steps, 1, KNOBS), [""; 0], "back: {back}, before step {at}");
        }
    }
}

/// While one device saves, another one revokes it, rotates the key, or lets a fourth one in.
#[test]
fn a_save_on_its_way_bears_all_that_becomes_of_the_account() {
    for at in moments(SAVED) {
        for act in [Act::Revoke { device: 1 }, Act::Rotate, Act::Join] {
            let device = if matches!(act, Act::Join) { NEWCOMER } else { 0 };
            let elsewhere = vec![Step { device, ..calmly(0, act.clone()) }];
            let mut steps = begun();
            steps.push(with_meanwhile(SAVE, at, elsewhere));
            assert_eq!(happens(&steps, 1, KNOBS), [""; 0], "{act:?} before step {at}");
        }
    }
}

/// The desktop has saved something big, and has gone on from it until nothing needs it.
fn moved_on() -> Rc<World> {
    let small = Act::Talk { lines: 1, noise: 0 };
    let first = [small, BIG, SAVE].map(|act| calmly(0, act)).to_vec();
    lived(&[first, made_needless(Needless::MovedOn)].concat())
}

/// The first save is wanted on another device: what that says.
fn wanted(world: &Rc<World>) -> Failure {
    let old = world.ledger().acked[0].clone();
    let args = ResumeArgs {
        session: Some(old.session.to_string()),
        at: Some(old.save.to_string()),
        ..ResumeArgs::default()
    };
    let outcome = world.resume_with(&calmly(1, Act::Status), args, &mut claims::willing);
    let Some(Outcome::Failure(failure)) = outcome else { panic!("{outcome:?}") };
    failure
}

#[test]
fn a_save_that_was_collected_is_not_said_to_arrive() {
    let world = moved_on();
    live(&world, &days(15));
    let failure = wanted(&world);
    assert_eq!(failure.code, "convosync::save::collected", "{failure:?}");
    assert!(failure.message.ends_with("it was collected: no newer save needs it"), "{failure:?}");
    let newest = world.ledger().acked.last().expect("there are more").save.to_string();
    assert!(failure.help.is_some_and(|help| help.contains(&newest)), "it names the newest one");
}

#[test]
fn a_save_that_lacks_a_part_arrives_only_while_a_collection_would_leave_it() {
    let lacking = |world: &Rc<World>| {
        let parts = objects(world).into_iter().filter(|it| matches!(it, ObjectName::Part { .. }));
        parts.for_each(|part| world.places[0].inner().delete(&part).expect("in memory"));
    };
    let old = moved_on();
    lacking(&old);
    let failure = wanted(&old);
    assert_eq!(failure.code, "convosync::save::collected", "{failure:?}");
    assert!(failure.message.ends_with("it was collected, or lost"), "{failure:?}");
    let pinned = moved_on();
    let pin = Verb::Pin(SessionsArgs { sessions: vec![last_session(&pinned).to_string()] });
    pinned.devices[0].run(0, &pin, None, Vec::new()).expect("it lives");
    lacking(&pinned);
    assert_eq!(wanted(&pinned).code, "convosync::save::arriving");
}

/// A device has joined; another one makes a new key, and at this call a further process of that one
/// learns of it.
fn key_made_while_another_process_learns(at: u64, joins: &Step) -> Rc<World> {
    let rotates = with_meanwhile(Act::Rotate, at, vec![calmly(1, Act::List)]);
    lived(&[joins.clone(), Step { device: 1, ..rotates }])
}

fn syncs(world: &World, device: usize) -> Option<Outcome> {
    world.devices[device].run(0, &Verb::Sync(Default::default()), None, Vec::new())
}

#[test]
fn a_new_key_leaves_out_nobody_of_whom_another_process_has_just_learned() {
    for at in 0..8 {
        let world = key_made_while_another_process_learns(at, &calmly(NEWCOMER, Act::Join));
        let synced = syncs(&world, NEWCOMER);
        assert!(matches!(synced, Some(Outcome::Reply(_))), "at {at}: {synced:?}");
    }
}

/// It knows the record of the first key that it was not given, and of the second nothing.
#[test]
fn who_was_left_out_of_two_keys_joins_again() {
    let world = lived(&[calmly(NEWCOMER, Act::Join)]);
    // Nobody sees yet that it is there.
    let me = world.devices[NEWCOMER].profile().expect("it joined").device.id;
    let is_mine =
        |name: &&ObjectName| matches!(name, ObjectName::Device { device, .. } if *device == me);
    let there = world.store();
    let entry = there.keys().find(is_mine).expect("it said that it is there");
    world.places[0].inner().delete(entry).expect("in memory");
    live(&world, &[calmly(1, Act::Rotate)]);
    let synced = syncs(&world, NEWCOMER);
    let left_out = |failure: &Failure| failure.code == "convosync::device::left-out";
    assert!(matches!(&synced, Some(Outcome::Failure(failure)) if left_out(failure)), "{synced:?}");
    live(&world, &[calmly(1, Act::Rotate), calmly(NEWCOMER, Act::Join)]);
    let synced = syncs(&world, NEWCOMER);
    assert!(matches!(synced, Some(Outcome::Reply(_))), "{synced:?}");
}
