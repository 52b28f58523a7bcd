//! What a device that was revoked still writes decides nothing but what keeps.

use convosync_core::{
    Card, DeletedBy, Manifest, Mark, ObjectName, Pin, Profile, Salts, SaveId, SessionId, Tombstone,
    Turn, UnitBody, Vector, VectorEntry, open_card, seal_mark, seal_pin, seal_tombstone, seal_unit,
};
use convosync_engine::ports::Store;
use convosync_wire::{ResumeArgs, RevokeArgs, Verb};

use crate::world::{World, delete, done, gc, ids, list, of, save};

/// The laptop, which the desktop revoked, with the key it had before.
fn revoked(world: &World) -> Profile {
    let had = world.laptop.profile().expect("it is of the account");
    let args = RevokeArgs { device: "laptop".to_owned(), yes: true };
    done(&world.desktop, &Verb::DeviceRevoke(args));
    had
}

fn devices(profile: &Profile) -> convosync_core::Devices {
    convosync_core::Devices::of(&profile.device)
}

/// The days of the desktop alone.
fn pass(world: &World, days: i64) {
    for _ in 0..days {
        world.clock.pass(crate::world::DAY);
        list(&world.desktop, false);
    }
}

/// Writes a save of the laptop that says to go on from all there is.
fn forge(world: &World, laptop: &Profile, session: &str, count: u64) -> ObjectName {
    let session: SessionId = session.parse().expect("an id");
    let desktop = world.desktop.profile().expect("it is of the account");
    let known = devices(&desktop);
    let all = world.everyone.inner().contents();
    let (name, bytes) = all
        .iter()
        .rfind(|(name, _)| {
            matches!(name, ObjectName::Unit { session: of, save }
                if *of == session && *save.device() == desktop.device.id)
        })
        .expect("the desktop saved something");
    let len = convosync_core::card_prefix_len(bytes).expect("a unit");
    let sealed = convosync_core::Sealed::received(bytes[..len].to_vec());
    let real = open_card(&desktop.account, &known, name, &sealed).expect("a card");
    let before: SaveId = "90000000-aaaaaaaa-1-bbbbbbbb".parse().expect("an id");
    let me = laptop.device.id.clone();
    let save = SaveId::new(90_000_001, me, count, &[7; 8]).expect("an id");
    let mut vector = Vector::after([&real.vector], &save);
    let far = VectorEntry { seq: 90_000, rand: "zzzzzzzz".to_owned() };
    vector.0.insert(desktop.device.id.clone(), far);
    let card = Card { save, parents: vec![before], vector, parked: false, ..real };
    let manifest = Manifest::default();
    let body = UnitBody { manifest, segments: Vec::new() };
    let (name, unit) = seal_unit(
        laptop,
        devices(laptop).hash(),
        &card,
        &body,
        Salts::Fresh(&mut |bytes| bytes.fill(3)),
    )
    .expect("it is the laptop's");
    world.everyone.inner().put_new(&name, &unit).expect("in memory");
    name
}

#[test]
fn saves_of_a_revoked_device_push_out_none_and_stay() {
    let world = World::new();
    let session = save(&world.desktop, "step 1", true).session_id;
    (2..=4).for_each(|step| drop(save(&world.desktop, &format!("step {step}"), false)));
    let laptop = revoked(&world);
    let forged: Vec<_> =
        (0..5).map(|count| forge(&world, &laptop, &session, 900 + count)).collect();
    let real = world.units(&session) - forged.len();
    gc(&world.desktop);
    pass(&world, 16);
    gc(&world.desktop);
    assert_eq!(world.units(&session), forged.len() + 3, "of {real} real ones the last three stay");
    let there = world.names(&format!("v1/s/{session}/"));
    assert!(forged.iter().all(|name| there.contains(name)), "what it saved is never deleted");
    assert_eq!(list(&world.desktop, false)[0].message, "step 4");
    done(&world.desktop, &Verb::Resume(ResumeArgs::default()));
}

#[test]
fn saves_of_a_revoked_device_bring_nothing_back_and_cover_nothing_that_others_save_later() {
    let world = World::new();
    let session = save(&world.desktop, "first", true).session_id;
    let laptop = revoked(&world);
    forge(&world, &laptop, &session, 900);
    delete(&world.desktop, &session);
    forge(&world, &laptop, &session, 901);
    assert_eq!(ids(list(&world.desktop, false)), [""; 0]);
    let stone = world.names("v1/t/").pop().expect("it was deleted");
    let profile = world.desktop.profile().expect("it is of the account");
    let sealed = world.everyone.inner().get(&stone).expect("in memory");
    let stone =
        convosync_core::open_tombstone(&profile.account, &devices(&profile), &stone, &sealed);
    let covers = stone.expect("the desktop's").covers;
    let later = SaveId::new(9, profile.device.id, 50, &[1; 8]).expect("an id");
    assert!(!covers.covers(&later), "{covers:?}");
}

#[test]
fn a_deletion_that_was_taken_back_stays_so_when_who_took_it_back_is_revoked() {
    let world = World::new();
    let session = save(&world.desktop, "first", true).session_id;
    delete(&world.desktop, &session);
    gc(&world.desktop);
    world.pass(6);
    done(&world.laptop, &Verb::Undelete(of(&session)));
    pass(&world, 4);
    revoked(&world);
    assert_eq!(ids(list(&world.desktop, false)), [session.as_str()]);
    gc(&world.desktop);
    assert_eq!(world.units(&session), 1);
    done(&world.desktop, &Verb::Resume(ResumeArgs::default()));
}

#[test]
fn a_revoked_device_can_not_unpin_delete_or_mark() {
    let world = World::new();
    let session = save(&world.desktop, "step 1", true).session_id;
    (2..=5).for_each(|step| drop(save(&world.desktop, &format!("step {step}"), false)));
    done(&world.desktop, &Verb::Pin(of(&session)));
    let laptop = revoked(&world);
    let (id, hash) = (session.parse::<SessionId>().expect("an id"), devices(&laptop).hash());
    let first = Turn::after([], laptop.device.id.clone(), &[1; 8]).expect("a turn");
    let turn = Turn::after([&first], laptop.device.id.clone(), &[2; 8]).expect("a turn");
    let random = &mut |bytes: &mut [u8]| bytes.fill(5);
    let store = world.everyone.inner();
    let pin_name = ObjectName::Pin { session: id.clone(), turn: turn.clone() };
    let pin = Pin { pinned: false, made_ms: 0 };
    let pin = seal_pin(&laptop, hash, &pin_name, &pin, Salts::Fresh(random)).expect("the laptop's");
    store.put_new(&pin_name, &pin).expect("in memory");
    let stone_name = ObjectName::Tombstone { session: id, turn };
    let mut covers = Vector::default();
    let far = VectorEntry { seq: 900, rand: "zzzzzzzz".to_owned() };
    covers.0.insert(world.desktop.profile().expect("it is of the account").device.id, far);
    let (by, made_ms) = (DeletedBy::User, 0);
    let stone = Tombstone { deleted: true, covers, by, made_ms, grace_days: 0 };
    let stone = seal_tombstone(&laptop, hash, &stone_name, &stone, Salts::Fresh(random))
        .expect("the laptop's");
    store.put_new(&stone_name, &stone).expect("in memory");
    let names = world.names(&format!("v1/s/{session}/"));
    let mark = Mark { names: names.clone(), made_ms: 0, grace_days: 0 };
    let (mark_name, mark) = seal_mark(&laptop, hash, &mark, random).expect("the laptop's");
    store.put_new(&mark_name, &mark).expect("in memory");
    let rows = list(&world.desktop, false);
    assert!(rows.len() == 1 && rows[0].pinned, "{rows:?}");
    let report = gc(&world.desktop);
    assert_eq!((report.marked.objects, report.waiting.objects), (0, 0), "{report:?}");
    pass(&world, 10);
    done(&world.desktop, &Verb::Unpin(of(&session)));
    let report = gc(&world.desktop);
    assert_eq!(report.deleted.objects, 0, "its mark has no age: {report:?}");
    assert_eq!(world.names(&format!("v1/s/{session}/")), names);
}
