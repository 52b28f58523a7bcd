//! A collection, and what others do meanwhile; a store that hides, damages, or is behind.

use std::rc::Rc;

use convosync_core::{Devices, Mark, ObjectName, open_mark};
use convosync_engine::Outcome;
use convosync_engine::ports::Store;
use convosync_engine::testing::Event;
use convosync_wire::{GcArgs, Reply, ResumeArgs, SyncArgs, Verb};

use crate::world::{World, delete, done, gc, ids, list, notes, of, refused, save, talk};

const GC: Verb = Verb::Gc(GcArgs { dry_run: false });

/// Two saves of a conversation, the second of which refers to the first.
fn two_saves(world: &World) -> String {
    talk(&world.desktop, "first question");
    let session = save(&world.desktop, "step 1", true).session_id;
    talk(&world.desktop, "second question");
    save(&world.desktop, "step 2", false);
    session
}

#[test]
fn a_save_that_comes_in_between_is_never_marked() {
    for step in 0.. {
        let world = Rc::new(World::new());
        let session = save(&world.desktop, "step 1", true).session_id;
        (2..=5).for_each(|step| drop(save(&world.desktop, &format!("step {step}"), false)));
        done(&world.laptop, &Verb::Resume(ResumeArgs::default()));
        let (other, before) = (Rc::clone(&world), world.units(&session));
        let event: Event = Box::new(move || drop(save(&other.laptop, "meanwhile", false)));
        world.desktop.run(0, &GC, None, vec![(step, event)]);
        if world.units(&session) == before {
            break;
        }
        let profile = world.desktop.profile().expect("it is of the account");
        let devices = Devices::of(&profile.device);
        let marked = world.names("v1/g/").into_iter().flat_map(|name| {
            let mark = world.everyone.inner().get(&name).expect("in memory");
            let mark: Mark = open_mark(&profile.account, &devices, &name, &mark).expect("ours");
            mark.names
        });
        let newest = world.names(&format!("v1/s/{session}/")).pop();
        assert!(!marked.map(Some).any(|name| name == newest), "after {step} steps");
    }
}

#[test]
fn who_brings_a_session_back_while_it_goes_is_told_the_truth() {
    let mut lost = 0;
    for step in 0.. {
        let world = Rc::new(World::new());
        let session = save(&world.desktop, "first", true).session_id;
        list(&world.laptop, false);
        delete(&world.desktop, &session);
        gc(&world.desktop);
        world.pass(8);
        let back = Rc::new(std::cell::RefCell::new(None));
        let (other, told, id) = (Rc::clone(&world), Rc::clone(&back), session.clone());
        let event: Event = Box::new(move || {
            let outcome = other.laptop.run(0, &Verb::Undelete(of(&id)), None, Vec::new());
            *told.borrow_mut() = outcome;
        });
        world.desktop.run(0, &GC, None, vec![(step, event)]);
        let is_there = world.units(&session) == 1;
        match back.take() {
            None => break,
            Some(Outcome::Failure(_)) => assert!(!is_there, "after {step} steps"),
            Some(Outcome::Reply(reply)) => {
                let Reply::Kept(report) = *reply else { panic!() };
                let codes: Vec<_> = report.notes.iter().map(|note| note.code.as_str()).collect();
                let warned = codes == ["convosync::session::late"];
                assert!(warned, "after {step} steps: {codes:?}");
                lost += u32::from(!is_there);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(lost <= 4, "between the last look and the first deletion: {lost}");
}

#[test]
fn a_head_whose_past_was_collected_before_it_arrived_gets_it_again() {
    let world = World::new();
    let session = two_saves(&world);
    let units = world.names(&format!("v1/s/{session}/"));
    world.everyone.inner().delete(&units[0]).expect("in memory");
    let open = Verb::Resume(ResumeArgs { session: Some(session), ..ResumeArgs::default() });
    assert_ne!(refused(&world.laptop, &open), "", "what it refers to is gone");
    done(&world.desktop, &Verb::Sync(SyncArgs::default()));
    done(&world.laptop, &open);
    let parts = world.names("v1/o/").len();
    done(&world.desktop, &Verb::Sync(SyncArgs::default()));
    assert_eq!(world.names("v1/o/").len(), parts, "once");
}

#[test]
fn garbage_among_the_marks_makes_nobody_upload_anything_again() {
    let world = World::new();
    two_saves(&world);
    let garbage: ObjectName = "v1/g/abcdefgh-22223333".parse().expect("a name");
    world.everyone.inner().overwrite(&garbage, b"garbage".to_vec());
    let head = world.names("v1/s/");
    let whole = world.everyone.inner().get(&head[0]).expect("in memory");
    let other: ObjectName = "v1/g/abcdefgh-22224444".parse().expect("a name");
    world.everyone.inner().overwrite(&other, whole.as_bytes().to_vec());
    for step in 3..6 {
        talk(&world.desktop, &format!("question {step}"));
        save(&world.desktop, &format!("step {step}"), false);
    }
    assert_eq!(world.names("v1/o/"), []);
    gc(&world.desktop);
    assert!(world.names("v1/g/").contains(&garbage), "what can't be read is never deleted");
}

#[test]
fn a_pin_that_came_damaged_is_asked_for_again() {
    let world = World::new();
    let session = save(&world.desktop, "first", true).session_id;
    list(&world.laptop, false);
    done(&world.desktop, &Verb::Pin(of(&session)));
    let pin = world.names("v1/pin/").pop().expect("it was pinned");
    let whole = world.everyone.inner().contents().remove(&pin).expect("it is there");
    let mut damaged = whole.clone();
    *damaged.last_mut().expect("bytes") ^= 1;
    world.everyone.inner().overwrite(&pin, damaged);
    for _ in 0..2 {
        assert_eq!(notes(&world.laptop), ["convosync::object::unreadable"]);
    }
    world.everyone.inner().overwrite(&pin, whole);
    let rows = list(&world.laptop, false);
    assert!(rows[0].pinned, "{rows:?}");
    assert_eq!(ids(rows), [session]);
}

#[test]
fn a_store_that_hides_a_save_is_told_of_unless_a_collection_may_have_removed_it() {
    let world = World::new();
    let session = save(&world.desktop, "step 1", true).session_id;
    save(&world.desktop, "step 2", false);
    let units = world.names(&format!("v1/s/{session}/"));
    world.everyone.inner().delete(&units[0]).expect("in memory");
    assert_eq!(notes(&world.desktop), ["convosync::store::went-back"]);
}

#[test]
fn a_save_that_the_store_lost_is_put_again_by_the_device_that_made_it() {
    let world = World::new();
    let session = save(&world.desktop, "step 1", true).session_id;
    let unit = world.names(&format!("v1/s/{session}/")).pop().expect("it was sent");
    let whole = world.everyone.inner().get(&unit).expect("in memory");
    world.everyone.inner().delete(&unit).expect("in memory");
    done(&world.desktop, &Verb::Sync(SyncArgs::default()));
    assert_eq!(world.everyone.inner().get(&unit).expect("it is there again"), whole);
    assert_eq!(notes(&world.desktop), [""; 0]);
}
