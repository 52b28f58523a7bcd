//! How many processes and requests it takes, and what a broken copy costs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use convosync_core::{CARD_RANGE, ObjectName};
use convosync_engine::ports::StoreError;

use crate::lab::Lab;
use crate::store_contract::{part, sealed, unit};
use crate::units;

/// A lab whose gits write down what they are asked.
fn counted() -> Lab {
    let mut lab = Lab::new();
    let bin = lab.path("bin");
    fs::create_dir(&bin).unwrap();
    let path = std::env::var("PATH").unwrap();
    let log = lab.path("calls");
    let script =
        format!("#!/bin/sh\necho \"$@\" >> '{}'\nPATH='{path}' exec git \"$@\"\n", log.display());
    fs::write(bin.join("git"), script).unwrap();
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    lab.env.insert("PATH".to_owned(), format!("{}:{path}", bin.display()));
    lab
}

/// The git commands that `work` runs, by name.
fn calls<T>(lab: &Lab, work: impl FnOnce() -> T) -> Vec<String> {
    let log = lab.path("calls");
    let _ = fs::remove_file(&log);
    work();
    let text = fs::read_to_string(&log).unwrap_or_default();
    let name = |line: &str| {
        let mut words = line.split(' ').skip_while(|word| *word == "-c" || word.contains('='));
        words.next().unwrap_or_default().to_owned()
    };
    text.lines().map(name).collect()
}

#[test]
fn few_processes_do_it() {
    let lab = counted();
    let profile = units::profile();
    let made = calls(&lab, || lab.init().unwrap());
    let want = ["init", "init", "fast-import", "push", "ls-remote", "push"];
    assert_eq!(made, want, "init");

    let (name, object) = units::unit(&profile, 1, 100_000);
    let put = calls(&lab, || lab.open("desktop").put_new(&name, &object).unwrap());
    assert_eq!(put, ["for-each-ref", "fast-import", "push"], "the first put of a session");
    let (next, object) = units::unit(&profile, 1, 200_000);
    assert_eq!(next, name);
    let second = unit("aaaaaaaa", 1, 1);
    lab.open("desktop").put_new(&second, &object).unwrap();
    let put = calls(&lab, || {
        lab.open("desktop").put_new(&unit("aaaaaaaa", 2, 2), &object).unwrap();
    });
    assert_eq!(put, ["for-each-ref", "cat-file", "fast-import", "push"], "a further put");

    let laptop = lab.open("laptop");
    lab.open("laptop").list("").unwrap();
    let list = calls(&lab, || {
        for prefix in [ObjectName::DEVICES, ObjectName::KEYS, ObjectName::UNITS] {
            laptop.list(prefix).unwrap();
        }
    });
    assert_eq!(list, ["fetch", "for-each-ref", "cat-file"], "a command asks once");
    let cards = calls(&lab, || {
        let card = laptop.get_range(&name, 0..CARD_RANGE).unwrap();
        assert!(card.len() < 4096);
    });
    assert_eq!(cards, ["cat-file"], "a card is here after a list");
    let got = calls(&lab, || laptop.get(&name).unwrap());
    assert_eq!(got, ["cat-file", "fetch", "cat-file"], "a unit is fetched when it is wanted");
    let again = calls(&lab, || laptop.get(&name).unwrap());
    assert_eq!(again, ["cat-file"]);
}

#[test]
fn a_put_over_the_web_takes_two_requests() {
    let (lab, server) = crate::lab::served();
    let profile = units::profile();
    let desktop = lab.open("desktop");
    for (number, bytes) in [(1, 10_000), (2, 3_000_000)] {
        let (name, object) = units::unit(&profile, number, bytes);
        let before = server.requests();
        desktop.put_new(&name, &object).unwrap();
        assert_eq!(server.requests() - before, 2, "{bytes} bytes");
    }
    let laptop = lab.open("laptop");
    let before = server.requests();
    laptop.list("").unwrap();
    assert_eq!(server.requests() - before, 3, "capabilities, refs, cards");
    let before = server.requests();
    lab.open("laptop").list("").unwrap();
    assert_eq!(server.requests() - before, 2, "nothing is new");
}

#[test]
fn objects_of_two_sessions_go_in_one_push_each() {
    let lab = counted();
    let store = lab.init().unwrap();
    let name = |session: &str, seq| (unit(session, 1, seq), sealed(b"x"));
    let batch = [
        (part("aaaaaaaa", 1), sealed(b"part")),
        name("aaaaaaaa", 1),
        name("aaaaaaaa", 2),
        name("bbbbbbbb", 3),
    ];
    let made = calls(&lab, || store.put_batch(&batch).unwrap());
    assert_eq!(made.iter().filter(|name| *name == "push").count(), 2, "{made:?}");
    assert_eq!(lab.refs().len(), 2);
}

#[test]
fn an_object_that_no_forge_takes_whole_goes_in_pieces() {
    let lab = Lab::new();
    let store = lab.init().unwrap();
    let mut bytes = vec![0; (32 << 20) + 5];
    units::noise(9)(&mut bytes);
    let name = part("aaaaaaaa", 1);
    store.put_new(&name, &sealed(&bytes)).unwrap();
    store.put_new(&name, &sealed(&bytes)).unwrap();
    let other = store.put_new(&name, &sealed(&bytes[1..]));
    assert!(matches!(other, Err(StoreError::Exists(_))), "{other:?}");
    bytes[7] ^= 1;
    let other = store.put_new(&name, &sealed(&bytes));
    assert!(matches!(other, Err(StoreError::Exists(_))), "{other:?}");
    bytes[7] ^= 1;
    let laptop = lab.open("laptop");
    assert_eq!(laptop.list("").unwrap()[0].size, bytes.len() as u64);
    assert!(laptop.get(&name).unwrap().as_bytes() == bytes);
    let sizes =
        lab.git(&lab.remote(), &["ls-tree", "-r", "-l", "refs/convosync/s/session-aaaaaaaa"]);
    let sizes: Vec<_> = sizes.lines().filter_map(|line| line.split_whitespace().nth(3)).collect();
    assert_eq!(sizes, ["33554432", "5"]);
    store.delete(&name).unwrap();
    assert!(lab.refs().is_empty());
}

/// Cuts every object of a folder in half, as a power cut may.
fn damage(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            damage(&path);
        } else if path.components().any(|part| part.as_os_str() == "objects") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let half = entry.metadata().unwrap().len() / 2;
            fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(half).unwrap();
        }
    }
}

#[test]
fn a_broken_copy_is_made_again() {
    let lab = Lab::new();
    let store = lab.init().unwrap();
    store.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"one")).unwrap();
    store.put_new(&unit("bbbbbbbb", 1, 1), &sealed(b"two")).unwrap();
    damage(&lab.copies("desktop"));
    assert_eq!(lab.open("desktop").list("").unwrap().len(), 2);
    damage(&lab.copies("desktop"));
    lab.open("desktop").put_new(&unit("aaaaaaaa", 2, 2), &sealed(b"three")).unwrap();
    damage(&lab.copies("desktop"));
    let desktop = lab.open("desktop");
    assert_eq!(desktop.get(&unit("aaaaaaaa", 1, 1)).unwrap().as_bytes(), b"one");
    desktop.delete(&unit("bbbbbbbb", 1, 1)).unwrap();
    fs::remove_dir_all(lab.copies("desktop")).unwrap();
    assert_eq!(lab.open("desktop").list("").unwrap().len(), 2);
}

#[test]
fn what_others_left_among_the_refs_is_not_listed_and_stays() {
    let lab = Lab::new();
    let store = lab.init().unwrap();
    let name = unit("aaaaaaaa", 1, 1);
    store.put_new(&name, &sealed(b"one")).unwrap();
    let tip = "refs/convosync/s/session-aaaaaaaa";
    let stream = format!(
        "commit {tip}\ncommitter X <x@x> 1 +0000\ndata 0\nfrom {tip}^0\n\
         M 100644 inline u/readme\ndata 1\nx\nM 100644 inline c/../x\ndata 1\nx\n\
         M 120000 inline u/00000009-dddddddd-9-22223333.1\ndata 1\nx\n\n"
    );
    let stream = stream.replace("M 100644 inline c/../x\ndata 1\nx\n", "");
    lab.feed(&lab.remote(), &["fast-import", "--quiet"], stream.as_bytes());
    lab.git(&lab.remote(), &["update-ref", "refs/convosync/s/nobody", tip]);
    let laptop = lab.open("laptop");
    assert_eq!(laptop.list("").unwrap().len(), 1);
    laptop.put_new(&unit("aaaaaaaa", 2, 2), &sealed(b"two")).unwrap();
    assert_eq!(lab.open("tablet").list("").unwrap().len(), 2);
    let files = lab.git(&lab.remote(), &["ls-tree", "-r", "--name-only", tip]);
    assert!(files.contains("u/readme"), "{files}");
    for listed in laptop.list("").unwrap() {
        laptop.delete(&listed.name).unwrap();
    }
    assert!(laptop.list("").unwrap().is_empty());
    let files = lab.git(&lab.remote(), &["ls-tree", "-r", "--name-only", tip]);
    assert!(files.contains("u/readme"), "a newer version may need it: {files}");
}
