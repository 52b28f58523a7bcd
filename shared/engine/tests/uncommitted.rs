//! Uncommitted work: a device that dies before any step of saving it or bringing it back.

mod world;

use convosync_wire::{Reply, ResumeArgs, SaveArgs, SaveMode, SaveReport, Secret, Verb};

use world::{Device, OLD, World, init, join};

/// Two devices of one account that have the same commit.
fn pair(world: &World) -> (Device, Device) {
    let (desk, lap) = (world.device("desk", 1), world.device("lap", 2));
    let Reply::Initialised(made) = desk.ok(&init(OLD)) else { panic!("an init") };
    lap.ok(&join(&Secret(made.recovery_words.expect("a new account shows its words"))));
    (desk, lap)
}

fn stash(message: &str) -> Verb {
    let (message, mode) = (Some(message.to_owned()), Some(SaveMode::Stash));
    Verb::Save(SaveArgs { message, mode, ..SaveArgs::default() })
}

fn resume(session: &str) -> Verb {
    Verb::Resume(ResumeArgs { session: Some(session.to_owned()), ..ResumeArgs::default() })
}

#[track_caller]
fn saved(device: &Device, verb: &Verb) -> SaveReport {
    match device.ok(verb) {
        Reply::Saved(report) => report,
        other => panic!("{other:?}"),
    }
}

/// Work of two files, told apart by a word.
fn work(device: &Device, word: &str) {
    device.write("code.txt", &format!("{word} code"));
    device.write("new.txt", &format!("{word} new"));
}

fn has(device: &Device, word: &str) -> bool {
    device.read("code.txt") == Some(format!("{word} code"))
        && device.read("new.txt") == Some(format!("{word} new"))
}

#[test]
fn a_save_that_dies_before_any_step_is_made_by_the_same_command_and_changes_nothing() {
    for death in 0.. {
        let world = World::new();
        let (desk, lap) = pair(&world);
        work(&desk, "one");
        let finished = desk.run(&stash("one"), Some(death)).is_some();
        assert!(has(&desk, "one"), "at {death}");
        let report = saved(&desk, &stash("one"));
        assert_eq!((report.uncommitted, report.committed), (2, None), "at {death}");
        lap.ok(&resume(&report.session_id));
        assert!(has(&lap, "one") && has(&desk, "one"), "at {death}");
        if finished {
            break;
        }
    }
}

#[test]
fn a_resume_that_dies_before_any_step_goes_on_without_a_question() {
    for death in 0.. {
        let world = World::new();
        let (desk, lap) = pair(&world);
        work(&desk, "one");
        let session = saved(&desk, &stash("one")).session_id;
        lap.ok(&resume(&session));
        work(&lap, "two");
        lap.write("more.txt", "more");
        saved(&lap, &stash("two"));
        // The desktop still has what it saved: that is put aside, and the newer work laid.
        let finished = desk.run(&resume(&session), Some(death)).is_some();
        let Reply::Resumed(report) = desk.ok(&resume(&session)) else { panic!("a resume") };
        assert_eq!(report.uncommitted, 3, "at {death}");
        assert!(has(&desk, "two"), "at {death}");
        assert!(desk.everywhere("new.txt").contains("one new"), "what was lifted is kept");
        if finished {
            break;
        }
    }
}

#[test]
fn work_that_no_save_holds_is_asked_about() {
    let world = World::new();
    let (desk, lap) = pair(&world);
    work(&desk, "one");
    let session = saved(&desk, &stash("one")).session_id;
    lap.ok(&resume(&session));
    work(&lap, "two");
    saved(&lap, &stash("two"));
    desk.write("new.txt", "since then");
    let outcome = desk.run(&resume(&session), None).expect("nobody dies");
    let convosync_engine::Outcome::Decision(decision) = outcome else { panic!("{outcome:?}") };
    assert_eq!(decision.question, convosync_wire::Question::Dirty);
    assert_eq!(desk.read("new.txt").as_deref(), Some("since then"));
}

#[test]
fn an_automatic_save_is_made_only_where_something_changed() {
    let world = World::new();
    let (desk, lap) = pair(&world);
    let auto = Verb::Save(SaveArgs { auto: true, ..SaveArgs::default() });
    assert!(saved(&desk, &auto).unchanged, "nobody has saved here, and nothing was said");
    work(&desk, "none");
    saved(&desk, &stash("by hand"));
    work(&desk, "one");
    let first = saved(&desk, &auto);
    assert_eq!((first.unchanged, first.uncommitted, first.synced), (false, 2, false));
    let second = saved(&desk, &auto);
    assert_eq!((second.unchanged, &second.save), (true, &first.save));
    desk.ok(&Verb::Sync(convosync_wire::SyncArgs { quiet: true, ..Default::default() }));
    lap.ok(&resume(&first.session_id));
    assert!(has(&lap, "one"));
    work(&desk, "two");
    assert!(!saved(&desk, &auto).unchanged);
}
