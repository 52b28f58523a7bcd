//! How long what is marked or deleted stays.

use convosync_wire::{ResumeArgs, SyncArgs, Verb};

use crate::world::{DAY, World, delete, done, gc, ids, list, of, save};

#[test]
fn a_clock_that_jumps_ripens_nothing_and_lets_nothing_leave() {
    let world = World::new();
    let gone = save(&world.desktop, "gone", true).session_id;
    let kept = save(&world.desktop, "kept", true).session_id;
    delete(&world.desktop, &gone);
    gc(&world.desktop);
    world.clock.pass(4000 * DAY);
    for _ in 0..3 {
        let report = gc(&world.desktop);
        assert_eq!((report.deleted.objects, report.leaving.len()), (0, 0), "{report:?}");
        assert!(report.notes.iter().any(|note| note.code == "convosync::gc::clock"), "{report:?}");
    }
    world.clock.pass(-4000 * DAY);
    world.pass(2);
    let report = gc(&world.desktop);
    assert_eq!((report.deleted.objects, report.leaving.len()), (0, 0), "{report:?}");
    assert_eq!(world.units(&gone), 1, "three days at most have gone by");
    assert_eq!(ids(list(&world.laptop, false)), [kept]);
    world.pass(7);
    assert!(gc(&world.desktop).deleted.objects > 0);
    assert_eq!(world.units(&gone), 0);
}

#[test]
fn who_was_told_of_a_longer_grace_time_gets_it_from_every_device() {
    let mut world = World::new();
    let session = save(&world.desktop, "first", true).session_id;
    world.laptop.settings.retention.grace = 20;
    delete(&world.laptop, &session);
    gc(&world.desktop);
    world.pass(10);
    assert_eq!(gc(&world.desktop).deleted.objects, 0);
    done(&world.laptop, &Verb::Undelete(of(&session)));
    delete(&world.laptop, &session);
    gc(&world.desktop);
    world.pass(21);
    assert!(gc(&world.desktop).deleted.objects > 0);
}

#[test]
fn a_pin_made_while_its_time_ran_out_elsewhere_keeps_a_session_in_sight() {
    let world = World::new();
    let old = save(&world.desktop, "old", true).session_id;
    world.pass(31);
    world.laptop.set_offline(true);
    done(&world.laptop, &Verb::Pin(of(&old)));
    assert_eq!(gc(&world.desktop).leaving.len(), 1);
    world.laptop.set_offline(false);
    done(&world.laptop, &Verb::Sync(SyncArgs::default()));
    for device in [&world.desktop, &world.laptop] {
        assert_eq!(ids(list(device, false)), [old.as_str()]);
    }
    gc(&world.desktop);
    world.pass(10);
    gc(&world.desktop);
    done(&world.laptop, &Verb::Resume(ResumeArgs::default()));
}
