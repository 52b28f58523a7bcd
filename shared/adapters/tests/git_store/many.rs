//! How much a device fetches.

use std::fs;

use convosync_core::ObjectName;

use crate::filled::{a_list_fetches_cards_only, bytes_below, fill, read_all_cards};
use crate::lab::Lab;
use crate::units::{profile, unit};

#[test]
fn a_list_of_a_hundred_sessions_fetches_cards_only_and_a_get_one_unit() {
    let (lab, server) = crate::lab::served();
    let laptop = a_list_fetches_cards_only(&lab, 300_000);
    let requests = server.requests();
    let before = bytes_below(&lab.copies("laptop"));
    let (name, sealed) = unit(&profile(), 42, 300_000);
    assert!(laptop.get(&name).unwrap() == sealed);
    let fetched = bytes_below(&lab.copies("laptop")) - before;
    assert!((300_000..330_000).contains(&fetched), "{fetched} bytes for one unit");
    assert_eq!(server.requests() - requests, 2, "one for what it can, one for the unit");
    // Again, and nothing is asked.
    let requests = server.requests();
    assert!(laptop.get(&name).unwrap() == sealed);
    assert_eq!(server.requests(), requests);
}

#[test]
fn who_has_cards_only_saves_and_deletes_without_fetching_the_rest() {
    let (lab, _server) = crate::lab::served();
    let profile = profile();
    let (name, object) = unit(&profile, 1, 300_000);
    lab.open("desktop").put_new(&name, &object).unwrap();
    let laptop = lab.open("laptop");
    assert_eq!(laptop.list("").unwrap().len(), 1);
    let next = next_of(&name, 2);
    laptop.put_new(&next, &unit(&profile, 2, 5_000).1).unwrap();
    laptop.put_new(&next_of(&name, 3), &unit(&profile, 3, 5_000).1).unwrap();
    laptop.delete(&next).unwrap();
    assert_eq!(lab.open("laptop").list("").unwrap().len(), 2);
    let had = bytes_below(&lab.copies("laptop"));
    assert!(had < 100_000, "{had} bytes");
    assert!(lab.open("tablet").get(&name).unwrap() == object, "it lost what it did not have");
    assert!(laptop.get(&name).unwrap() == object);
}

/// A later save of the same session.
fn next_of(name: &ObjectName, seq: u64) -> ObjectName {
    let session = name.session().unwrap();
    format!("v1/s/{session}/{seq:08}-dddddddd-{seq}-22223333").parse().unwrap()
}

#[test]
fn a_save_sends_itself_and_nothing_of_the_saves_before() {
    let (lab, server) = crate::lab::served();
    let profile = profile();
    let desktop = lab.open("desktop");
    let (name, object) = unit(&profile, 1, 300_000);
    desktop.put_new(&name, &object).unwrap();
    desktop.put_new(&unit(&profile, 2, 300_000).0, &object).unwrap();
    for seq in 2..5 {
        let before = server.received();
        desktop.put_new(&next_of(&name, seq), &unit(&profile, 3, 5_000).1).unwrap();
        let sent = server.received() - before;
        assert!(sent < 20_000, "{sent} bytes");
    }
    let before = server.received();
    lab.open("desktop").delete(&next_of(&name, 3)).unwrap();
    assert!(server.received() - before < 10_000);
}

#[test]
fn housekeeping_loses_nothing() {
    let (lab, _server) = crate::lab::served();
    let profile = profile();
    let (name, object) = unit(&profile, 1, 300_000);
    lab.open("desktop").put_new(&name, &object).unwrap();
    let laptop = lab.open("laptop");
    laptop.list("").unwrap();
    let copy = fs::read_dir(lab.copies("laptop")).unwrap().map(|entry| entry.unwrap().path());
    let copy = { copy }.find(|path| path.is_dir()).unwrap();
    // What makes a copy look untidy, without waiting for a thousand saves.
    fs::create_dir_all(copy.join("objects/17")).unwrap();
    for number in 0..30 {
        fs::write(copy.join(format!("objects/17/{number:038}")), "").unwrap();
    }
    for seq in 2..5 {
        laptop.put_new(&next_of(&name, seq), &unit(&profile, 2, 9_000).1).unwrap();
    }
    let packs = fs::read_dir(copy.join("objects/pack")).unwrap().count();
    assert!(packs > 0 && !copy.join("gc.pid").exists());
    assert_eq!(lab.open("laptop").list("").unwrap().len(), 4);
    laptop.put_new(&next_of(&name, 6), &unit(&profile, 2, 9_000).1).unwrap();
    assert!(lab.open("laptop").get(&name).unwrap() == object);
    assert_eq!(lab.open("tablet").list("").unwrap().len(), 5);
}

#[test]
fn an_old_server_that_gives_out_refs_only_gives_the_whole_ref() {
    let (lab, server) = crate::lab::served();
    server.speak_the_old_protocol();
    fill(&lab, 3, 30_000);
    let laptop = lab.open("laptop");
    read_all_cards(&*laptop, 3);
    assert!(bytes_below(&lab.copies("laptop")) < 60_000);
    for number in 0..3 {
        let (name, sealed) = unit(&profile(), number, 30_000);
        assert!(laptop.get(&name).unwrap() == sealed);
        laptop.put_new(&next_of(&name, 9), &unit(&profile(), 9, 5_000).1).unwrap();
    }
    assert_eq!(lab.open("tablet").list("").unwrap().len(), 6);
}

#[test]
fn a_server_that_gives_no_parts_gives_the_whole() {
    let lab = Lab::new();
    lab.git(lab.folder.path(), &["init", "-q", "--bare", "store.git"]);
    fill(&lab, 3, 30_000);
    let laptop = lab.open("laptop");
    read_all_cards(&*laptop, 3);
    for number in 0..3 {
        let (name, sealed) = unit(&profile(), number, 30_000);
        assert!(laptop.get(&name).unwrap() == sealed);
    }
}
