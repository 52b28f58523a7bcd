//! How much a device fetches, and that many sessions are no trouble.

use std::fs;
use std::path::Path;
use std::time::Instant;

use convosync_core::{CARD_RANGE, ObjectName, card_prefix};
use convosync_engine::ports::Store;

use crate::lab::Lab;
use crate::units::{profile, unit};

/// The bytes of all files below a folder.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let size = |entry: fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => bytes_below(&entry.path()),
        false => entry.metadata().unwrap().len(),
    };
    entries.map(size).sum()
}

/// Puts the first save of so many sessions straight into the repository, in one go.
fn fill(lab: &Lab, sessions: u32, bytes: usize) {
    let profile = profile();
    let mut stream = Vec::new();
    for number in 0..sessions {
        let (name, sealed) = unit(&profile, number, bytes);
        let ObjectName::Unit { session, save } = name else { panic!("a unit") };
        let card = card_prefix(&sealed).unwrap();
        let whole = sealed.as_bytes();
        stream.extend(format!("commit refs/convosync/s/{session}\n").as_bytes());
        stream.extend(b"committer ConvoSync <convosync@localhost> 0 +0000\ndata 0\n");
        for (path, bytes) in
            [(format!("c/{save}"), card.as_bytes()), (format!("u/{save}.{}", whole.len()), whole)]
        {
            stream.extend(format!("M 100644 inline {path}\ndata {}\n", bytes.len()).as_bytes());
            stream.extend(bytes);
            stream.push(b'\n');
        }
        stream.push(b'\n');
    }
    lab.feed(&lab.remote(), &["fast-import", "--quiet", "--depth=0"], &stream);
}

fn read_all_cards(store: &dyn Store, sessions: u32) {
    let listed = store.list(ObjectName::UNITS).unwrap();
    assert_eq!(listed.len(), sessions as usize);
    for listed in listed.iter().rev() {
        let card = store.get_range(&listed.name, 0..CARD_RANGE).unwrap();
        assert!(convosync_core::card_prefix_len(&card).unwrap() <= card.len());
    }
}

fn a_list_fetches_cards_only(lab: &Lab, bytes: usize) -> Box<dyn Store> {
    fill(lab, 100, bytes);
    let laptop = lab.open("laptop");
    read_all_cards(&*laptop, 100);
    let fetched = bytes_below(&lab.copies("laptop"));
    assert!(fetched < 1_000_000, "{fetched} bytes for the list of 100 sessions");
    laptop
}

#[test]
fn a_list_of_a_hundred_sessions_fetches_cards_only_and_a_get_one_unit() {
    let (lab, server) = crate::http::served();
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
    let (lab, _server) = crate::http::served();
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
    let (lab, server) = crate::http::served();
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
    let (lab, _server) = crate::http::served();
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
    let (lab, server) = crate::http::served();
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

#[test]
#[ignore = "slow: 300 MB of conversations"]
fn a_list_of_300_megabytes_of_conversations_fetches_less_than_one() {
    let (lab, _server) = crate::http::served();
    a_list_fetches_cards_only(&lab, 3_000_000);
}

#[test]
#[ignore = "slow: 2,000 sessions"]
fn two_thousand_sessions_are_listed_and_saved_to() {
    let (lab, _server) = crate::http::served();
    fill(&lab, 2_000, 1_000);
    let started = Instant::now();
    read_all_cards(&*lab.open("laptop"), 2_000);
    eprintln!("the first list of 2,000 sessions: {:?}", started.elapsed());
    let started = Instant::now();
    let laptop = lab.open("laptop");
    read_all_cards(&*laptop, 2_000);
    eprintln!("the next one: {:?}", started.elapsed());
    let (name, sealed) = unit(&profile(), 5_000, 1_000);
    let started = Instant::now();
    laptop.put_new(&name, &sealed).unwrap();
    eprintln!("a put: {:?}", started.elapsed());
    read_all_cards(&*lab.open("desktop"), 2_001);
}
