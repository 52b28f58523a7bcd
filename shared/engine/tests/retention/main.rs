//! Pins, deletions and collections, at the moments that matter.

#[path = "../histories/device.rs"]
#[allow(dead_code, reason = "the histories use more of it")]
mod device;
mod grace;
#[path = "../histories/lies.rs"]
#[allow(dead_code, reason = "the histories use more of it")]
mod lies;
mod revoked;
mod room;
mod together;
mod world;

use convosync_core::ObjectName;
use convosync_engine::Outcome;
use convosync_engine::testing::{Call, Fault, Refusal};
use convosync_wire::{DeleteArgs, GcArgs, Reply, ResumeArgs, SaveArgs, SyncArgs, Verb};
use world::{World, delete, done, gc, ids, list, notes, of, refused, save, talk};

#[test]
fn old_saves_go_in_two_steps_and_the_last_three_stay() {
    let world = World::new();
    let session = save(&world.desktop, "step 1", true).session_id;
    (2..=6).for_each(|step| drop(save(&world.desktop, &format!("step {step}"), false)));
    let first = gc(&world.desktop);
    assert_eq!((first.deleted.objects, world.units(&session)), (0, 6), "{first:?}");
    assert!(first.marked.objects > 0, "{first:?}");
    world.pass(6);
    assert_eq!(gc(&world.desktop).deleted.objects, 0, "not yet");
    world.pass(1);
    // The other device has only now seen the mark: it waits for itself.
    assert_eq!(gc(&world.laptop).deleted.objects, 0);
    assert_eq!(gc(&world.desktop).deleted, first.marked);
    assert!(world.units(&session) >= 3);
    for device in [&world.desktop, &world.laptop] {
        assert_eq!(list(device, false)[0].message, "step 6");
    }
    done(&world.laptop, &Verb::Resume(ResumeArgs::default()));
}

#[test]
fn only_what_is_old_and_not_pinned_leaves_and_it_comes_back_within_the_grace_time() {
    let world = World::new();
    let old = save(&world.desktop, "old", true).session_id;
    let pinned = save(&world.desktop, "pinned", true).session_id;
    done(&world.laptop, &Verb::Pin(of(&pinned)));
    world.pass(31);
    let new = save(&world.desktop, "new", true).session_id;
    let report = gc(&world.desktop);
    let leaving: Vec<_> = report.leaving.iter().map(|row| &row.session_id).collect();
    assert_eq!(leaving, [&old]);
    assert_eq!(ids(list(&world.laptop, false)), [new.clone(), pinned.clone()]);
    assert_eq!(ids(list(&world.laptop, true)), std::slice::from_ref(&old));
    world.pass(6);
    done(&world.laptop, &Verb::Undelete(of(&old)));
    world.pass(30);
    // Deleted again it waits again, though its objects were marked long ago.
    delete(&world.laptop, &old);
    assert_eq!(gc(&world.desktop).deleted.objects, 0);
    assert_eq!(world.units(&old), 1);
    world.pass(8);
    gc(&world.desktop);
    assert_eq!(world.units(&old), 0);
    assert_eq!(refused(&world.desktop, &Verb::Undelete(of(&old))), "convosync::session::not-found");
    assert!(world.units(&pinned) > 0, "pins hold");
    for device in [&world.desktop, &world.laptop] {
        list(device, false);
    }
}

#[test]
fn a_deletion_is_asked_for_and_a_save_that_did_not_know_revives() {
    let world = World::new();
    let session = save(&world.desktop, "first", true).session_id;
    done(&world.laptop, &Verb::Resume(ResumeArgs::default()));
    let ask = Verb::Delete(DeleteArgs { sessions: vec![session.clone()], yes: false });
    assert_eq!(refused(&world.desktop, &ask), "delete");
    assert_eq!(list(&world.desktop, false).len(), 1, "nothing was changed");
    world.laptop.set_offline(true);
    assert!(!save(&world.laptop, "on the train", false).synced);
    delete(&world.desktop, &session);
    assert_eq!(
        refused(
            &world.desktop,
            &Verb::Resume(ResumeArgs { session: Some(session.clone()), ..ResumeArgs::default() })
        ),
        "convosync::session::deleted"
    );
    gc(&world.desktop);
    world.pass(8);
    gc(&world.desktop);
    assert_eq!(world.units(&session), 0, "the desktop knows of nothing else");
    world.laptop.set_offline(false);
    done(&world.laptop, &Verb::Sync(SyncArgs::default()));
    assert_eq!(list(&world.desktop, false)[0].message, "on the train");
    done(
        &world.desktop,
        &Verb::Resume(ResumeArgs { session: Some(session), ..ResumeArgs::default() }),
    );
}

#[test]
fn what_is_saved_after_a_deletion_here_is_another_session() {
    let world = World::new();
    let session = save(&world.desktop, "first", true).session_id;
    delete(&world.desktop, &session);
    let next = save(&world.desktop, "second", false);
    assert!(next.new_session && next.session_id != session);
}

#[test]
fn decisions_hold_offline_and_are_sent_later() {
    let world = World::new();
    let session = save(&world.desktop, "first", true).session_id;
    world.desktop.set_offline(true);
    let Reply::Kept(report) = done(&world.desktop, &Verb::Pin(of(&session))) else { panic!() };
    assert_eq!(report.queued, 1);
    let Reply::Kept(again) = done(&world.desktop, &Verb::Pin(of(&session))) else { panic!() };
    assert!(report.sessions[0].changed && !again.sessions[0].changed);
    world.desktop.set_offline(false);
    done(&world.desktop, &Verb::Sync(SyncArgs::default()));
    assert!(list(&world.laptop, false)[0].pinned);
}

#[test]
fn a_collection_that_dies_or_fails_anywhere_loses_nothing_and_is_done_the_next_time() {
    for step in 0.. {
        let world = World::new();
        let gone = save(&world.desktop, "gone", true).session_id;
        let kept = save(&world.desktop, "kept 1", true).session_id;
        (2..=5).for_each(|step| drop(save(&world.desktop, &format!("kept {step}"), false)));
        delete(&world.desktop, &gone);
        gc(&world.desktop);
        world.pass(8);
        let dying = Verb::Gc(GcArgs { dry_run: false });
        let died = world.desktop.run(0, &dying, Some(step), Vec::new()).is_none();
        let rows = list(&world.laptop, false);
        assert_eq!((rows.len(), rows[0].message.as_str()), (1, "kept 5"), "after {step} steps");
        gc(&world.desktop);
        assert_eq!(world.units(&gone), 0, "after {step} steps");
        assert!(world.units(&kept) >= 3, "after {step} steps");
        list(&world.desktop, false);
        done(&world.laptop, &Verb::Resume(ResumeArgs::default()));
        if !died {
            break;
        }
    }
}

#[test]
fn what_can_not_be_read_keeps_its_session() {
    let world = World::new();
    let session = save(&world.desktop, "first", true).session_id;
    let mut all = world.everyone.inner().contents().into_iter();
    let (name, mut bytes) =
        all.find(|(name, _)| matches!(name, ObjectName::Unit { .. })).expect("there is one save");
    // In its card: what it is cannot be told any more.
    bytes[320] ^= 1;
    delete(&world.desktop, &session);
    world.everyone.inner().overwrite(&name, bytes);
    for _ in 0..3 {
        match world.laptop.run(0, &Verb::Gc(GcArgs { dry_run: false }), None, Vec::new()) {
            Some(Outcome::Reply(_)) => {}
            other => panic!("{other:?}"),
        }
        world.pass(10);
    }
    assert_eq!(world.units(&session), 1);
}

#[test]
fn retention_goes_by_itself_only_when_asked_to() {
    let mut world = World::new();
    let old = save(&world.desktop, "old", true).session_id;
    world.pass(40);
    save(&world.desktop, "new", true);
    assert_eq!(list(&world.desktop, false).len(), 2, "nothing by itself");
    world.desktop.settings.retention.auto = true;
    let report = save(&world.desktop, "newer", false);
    assert!(report.notes.iter().any(|note| note.code == "convosync::gc::left"), "{report:?}");
    assert_eq!(list(&world.laptop, true)[0].session_id, old);
}

#[test]
fn settings_hold_back_what_they_say() {
    let mut world = World::new();
    world.desktop.settings.sync_branches = vec!["release/*".to_owned()];
    let verb = Verb::Save(SaveArgs { message: Some("no".to_owned()), ..SaveArgs::default() });
    assert_eq!(refused(&world.desktop, &verb), "convosync::save::branch-not-synced");
    world.desktop.settings = convosync_engine::Settings::default();
    world.desktop.settings.save_mode = Some(convosync_engine::SaveMode::Commit);
    world.desktop.settings.offline = true;
    let report = save(&world.desktop, "offline", true);
    assert!(!report.synced && report.pushed.is_none(), "{report:?}");
    let told = report.notes.iter().any(|note| note.text.starts_with("`offline` is set"));
    assert!(told, "nobody waited in vain: {report:?}");
    assert_eq!(world.units(&report.session_id), 0);
    done(&world.desktop, &Verb::Sync(SyncArgs::default()));
    assert_eq!(list(&world.laptop, false)[0].message, "offline");
    assert!(world.remote.everywhere("file").contains("offline"), "sync pushes what waited");
}

#[test]
fn what_is_big_waits_for_a_sync_on_a_metered_connection_and_what_is_small_does_not() {
    let mut world = World::new();
    world.desktop.settings.metered = true;
    let small = save(&world.desktop, "small", true);
    assert!(small.synced, "{small:?}");
    // Hex digits of a hash: they pack to half.
    let noise: String =
        (0..80_000u32).map(|n| blake3::hash(&n.to_le_bytes()).to_string()).collect();
    talk(&world.desktop, &noise);
    let big = save(&world.desktop, "big", true);
    assert!(!big.synced, "{big:?}");
    assert!(big.notes.iter().any(|note| note.code == "convosync::config::metered"), "{big:?}");
    assert_eq!(notes(&world.desktop), ["convosync::config::metered"], "a look sends nothing big");
    assert_eq!(world.units(&big.session_id), 0);
    done(&world.desktop, &Verb::Sync(SyncArgs::default()));
    assert_eq!(list(&world.laptop, false)[0].message, "big");
}

#[test]
fn a_list_that_is_behind_removes_nothing_that_is_needed() {
    let world = World::new();
    let session = save(&world.desktop, "step 1", true).session_id;
    (2..=5).for_each(|step| drop(save(&world.desktop, &format!("step {step}"), false)));
    gc(&world.laptop);
    world.pass(8);
    save(&world.desktop, "step 6", false);
    for _ in 0..8 {
        world.laptop.fail_next(Call::List, Fault::Stale(2));
    }
    gc(&world.laptop);
    world.laptop.fail_next(Call::Delete, Fault::Before(Refusal::Unreachable));
    assert!(world.units(&session) >= 3);
    world.laptop.calm();
    assert_eq!(list(&world.laptop, false)[0].message, "step 6");
    done(&world.laptop, &Verb::Resume(ResumeArgs::default()));
}
