//! A store is tried before it is used, and moved without losing anything: with faults at every
//! call, and deaths before every step.

mod world;

use std::collections::BTreeMap;

use convosync_core::ObjectName;
use convosync_engine::Outcome;
use convosync_engine::ports::{Store, StoreError};
use convosync_engine::testing::{Call, Fault, MemoryStore, Refusal};
use convosync_wire::{MoveArgs, Reply, SyncArgs, Verb};

use world::{NEW, OLD, World, init, join};

fn move_to(url: &str) -> Verb {
    Verb::StoreMove(MoveArgs { to: url.to_owned(), lost: false })
}

/// What has to be in the new place: everything but addresses and leftovers of probes.
fn of_account(store: &MemoryStore) -> BTreeMap<ObjectName, Vec<u8>> {
    let mut all = store.contents();
    all.retain(|name, _| !matches!(name, ObjectName::Moved { .. } | ObjectName::Probe { .. }));
    all
}

#[track_caller]
fn nothing_is_lost(world: &World) {
    let (old, new) = (of_account(world.old.inner()), of_account(world.new.inner()));
    for (name, bytes) in old {
        assert_eq!(new.get(&name), Some(&bytes), "{name}");
    }
}

#[test]
fn a_store_that_fails_a_step_of_the_probe_is_refused_and_left_empty() {
    for (call, nth, code) in [
        (Call::Put, 0, "convosync::store::probe-write"),
        (Call::Get, 1, "convosync::store::probe-read"),
        (Call::List, 0, "convosync::store::probe-list"),
        (Call::Delete, 0, "convosync::store::probe-delete"),
    ] {
        let world = World::new();
        let device = world.device("desk", 1);
        let number = nth_call(call, nth);
        world.old.fail_at(number, Fault::Before(Refusal::Denied));
        let failure = device.fails(&init(OLD));
        assert_eq!((failure.code.as_str(), failure.argument.as_deref()), (code, Some("--store")));
        assert!(!device.is_set_up());
        let left = world.old.inner().contents();
        let only_probe = left.keys().all(|name| matches!(name, ObjectName::Probe { .. }));
        assert!(only_probe && (call == Call::Delete || left.is_empty()), "{code}: {left:?}");
        // The next one works, and sweeps up.
        device.ok(&init(OLD));
        assert!(world.old.list(ObjectName::PROBES).expect("memory").is_empty());
    }
}

/// The number of the n-th call of a kind in an `init` where nothing fails.
fn nth_call(call: Call, nth: usize) -> usize {
    let world = World::new();
    world.device("desk", 1).ok(&init(OLD));
    let calls = world.old.calls();
    let mut of_kind = calls.iter().enumerate().filter(|(_, (kind, _))| *kind == call);
    of_kind.nth(nth).expect("there are as many").0
}

#[test]
fn a_full_store_is_refused_before_there_are_keys() {
    let world = World::new();
    let device = world.device("desk", 1);
    world.old.fail_next(Call::Put, Fault::Before(Refusal::Full));
    assert_eq!(device.fails(&init(OLD)).code, "convosync::store::probe-write");
    assert!(!device.is_set_up());
}

#[test]
fn a_moved_store_holds_everything_and_is_followed() {
    let world = World::new();
    let (desk, lap) = world.pair();
    let Reply::StoreMoved(report) = desk.ok(&move_to(NEW)) else { panic!("a move") };
    assert!(report.changed && report.copied > 0, "{report:?}");
    nothing_is_lost(&world);
    // Offline meanwhile: what it saved goes to the new place.
    world.old.set_offline(true);
    world.new.set_offline(true);
    lap.save("offline");
    world.old.set_offline(false);
    world.new.set_offline(false);
    let Reply::Synced(synced) = lap.ok(&Verb::Sync(SyncArgs::default())) else { panic!("a sync") };
    assert!(!synced.sent.is_empty() && synced.queued == 0, "{synced:?}");
    assert!(synced.notes.iter().any(|note| note.code == "convosync::store::followed"));
    assert_eq!(
        (desk.profile().store_url, lap.profile().store_url),
        (NEW.to_owned(), NEW.to_owned())
    );
    let units = world.new.list(ObjectName::UNITS).expect("memory").len();
    assert!(units > world.old.list(ObjectName::UNITS).expect("memory").len());
    // And back again, with the address of the first move still known to nobody.
    lap.ok(&move_to(OLD));
    desk.save("back");
    assert_eq!(
        (desk.profile().store_url, lap.profile().store_url),
        (OLD.to_owned(), OLD.to_owned())
    );
}

/// Else what it does next, a revocation perhaps, would be done where nobody looks.
#[test]
fn a_store_that_was_moved_under_a_new_key_is_followed_by_the_next_command() {
    let world = World::new();
    let (desk, lap) = world.pair();
    desk.ok(&Verb::KeyRotate);
    desk.ok(&move_to(NEW));
    let units = |place: &dyn Store| place.list(ObjectName::UNITS).expect("memory").len();
    let before = units(&world.old);
    lap.save("from where the store was");
    assert_eq!(lap.profile().store_url, NEW);
    assert_eq!(units(&world.old), before, "nothing is written where the store was");
    assert!(units(&world.new) > before);
    assert_eq!(lap.profile().account.epoch, desk.profile().account.epoch);
    nothing_is_lost(&world);
}

/// Of whom nobody had heard when this device was here last.
#[test]
fn a_store_that_a_newcomer_moved_under_its_own_key_is_followed_by_the_next_command() {
    let world = World::new();
    let (desk, lap, words) = world.pair_with_words();
    desk.ok(&Verb::KeyRotate);
    let tab = world.device("tab", 3);
    tab.ok(&join(&words));
    tab.ok(&Verb::KeyRotate);
    tab.ok(&move_to(NEW));
    let before = world.old.list(ObjectName::KEYS).expect("memory").len();
    lap.ok(&Verb::KeyRotate);
    assert_eq!(lap.profile().store_url, NEW);
    assert_eq!(world.old.list(ObjectName::KEYS).expect("memory").len(), before);
    tab.ok(&Verb::Sync(SyncArgs::default()));
    assert_eq!(tab.profile().account.epoch, lap.profile().account.epoch);
}

#[test]
fn what_came_in_while_the_store_was_moved_is_taken_along_by_who_saved_it() {
    let world = World::new();
    let (desk, lap) = world.pair();
    desk.ok(&move_to(NEW));
    // As if it had been written between the last look and the address.
    let address = world.old.list(ObjectName::MOVED).expect("memory").remove(0).name;
    let hidden = world.old.get(&address).expect("memory");
    world.old.inner().delete(&address).expect("memory");
    lap.save("in between");
    world.old.put_new(&address, &hidden).expect("memory");
    lap.ok(&Verb::Sync(SyncArgs::default()));
    nothing_is_lost(&world);
}

#[test]
fn a_move_that_dies_before_any_step_is_finished_by_the_same_command() {
    for death in 0.. {
        let world = World::new();
        let (desk, lap) = world.pair();
        let finished = desk.run(&move_to(NEW), Some(death)).is_some();
        lap.save("meanwhile");
        desk.ok(&move_to(NEW));
        assert_eq!(desk.profile().store_url, NEW);
        lap.ok(&Verb::Sync(SyncArgs::default()));
        assert_eq!(lap.profile().store_url, NEW);
        nothing_is_lost(&world);
        if finished {
            assert!(death > 20, "it has more steps than that");
            break;
        }
    }
}

#[test]
fn a_move_bears_a_fault_of_either_place_at_every_call() {
    for fault in [Fault::Before(Refusal::Unreachable), Fault::LostAnswer, Fault::Damaged] {
        for at in 0..60 {
            let world = World::new();
            let (desk, lap) = world.pair();
            let (old, new) = (world.old.calls().len(), world.new.calls().len());
            world.old.fail_at(old + at, fault);
            world.new.fail_at(new + at, fault);
            // Each fault strikes once, and what failed is done again.
            let sync = Verb::Sync(SyncArgs::default());
            for (device, verb) in [(&desk, move_to(NEW)), (&lap, sync)] {
                let done = |_| {
                    let replied = matches!(device.run(&verb, None), Some(Outcome::Reply(_)));
                    replied && device.profile().store_url == NEW
                };
                assert!((0..4).any(done), "{fault:?} at {at}");
            }
            nothing_is_lost(&world);
        }
    }
}

#[test]
fn another_accounts_store_is_no_place_to_move_to() {
    let world = World::new();
    let (desk, _lap) = world.pair();
    world.device("stranger", 9).ok(&init(NEW));
    let before = (world.old.inner().contents(), world.new.inner().contents());
    let failure = desk.fails(&move_to(NEW));
    assert_eq!(failure.code, "convosync::object::foreign");
    assert_eq!((world.old.inner().contents(), world.new.inner().contents()), before);
    assert_eq!(desk.profile().store_url, OLD);
}

#[test]
fn an_object_with_other_bytes_in_the_new_place_stops_the_move() {
    let world = World::new();
    let (desk, _lap) = world.pair();
    let name = world.old.list(ObjectName::UNITS).expect("memory").remove(0).name;
    world.new.inner().overwrite(&name, b"something else".to_vec());
    assert_eq!(desk.fails(&move_to(NEW)).code, "convosync::store::differs");
    assert_eq!(desk.profile().store_url, OLD);
    assert!(world.old.list(ObjectName::MOVED).expect("memory").is_empty());
    let record = world.new.get(&ObjectName::StoreRecord);
    assert!(matches!(record, Err(StoreError::Missing(_))), "it is no store yet");
}

#[test]
fn an_address_that_nobody_of_the_account_signed_leads_nowhere() {
    let world = World::new();
    let (desk, lap) = world.pair();
    let stranger = world.device("stranger", 9);
    stranger.ok(&init("memory:strange"));
    let forged = "v1/moved/abcdefgh-22223333".parse().expect("a name");
    world.old.inner().overwrite(&forged, b"\x89CVSYNC\n forged".to_vec());
    desk.save("goes on");
    assert_eq!(
        (desk.profile().store_url, lap.profile().store_url),
        (OLD.to_owned(), OLD.to_owned())
    );
}
