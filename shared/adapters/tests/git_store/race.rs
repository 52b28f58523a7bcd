//! Many devices at one session, and devices that die.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::Lab;
use crate::store_contract::{part, sealed, unit};

#[test]
fn sixteen_devices_at_one_session_lose_nothing() {
    let lab = Lab::new();
    lab.init().unwrap();
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for device in 0..16_u64 {
            let (lab, start) = (&lab, &start);
            scope.spawn(move || {
                let store = lab.open(&format!("device{device}"));
                start.wait();
                let big = (part("aaaaaaaa", u128::from(device)), sealed(&[1; 10_000]));
                let save = (unit("aaaaaaaa", 1, device + 1), sealed(&device.to_be_bytes()));
                store.put_batch(&[big, save]).unwrap();
            });
        }
    });
    let store = lab.open("laptop");
    assert_eq!(store.list("").unwrap().len(), 32);
    for device in 0..16_u64 {
        let got = store.get(&unit("aaaaaaaa", 1, device + 1)).unwrap();
        assert_eq!(got.as_bytes(), device.to_be_bytes());
    }
    assert_eq!(lab.refs(), ["refs/convosync/s/session-aaaaaaaa"]);
    let history = lab.git(&lab.remote(), &["rev-list", "--count", "--all"]);
    assert_eq!(history, "1", "a tip has no parents");
}

#[test]
fn who_knows_an_old_tip_adds_to_the_new_one() {
    let lab = Lab::new();
    let desktop = lab.init().unwrap();
    let laptop = lab.open("laptop");
    desktop.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"one")).unwrap();
    assert_eq!(laptop.list("").unwrap().len(), 1);
    desktop.put_new(&unit("aaaaaaaa", 2, 2), &sealed(b"two")).unwrap();
    laptop.put_new(&unit("aaaaaaaa", 2, 3), &sealed(b"three")).unwrap();
    desktop.delete(&unit("aaaaaaaa", 1, 1)).unwrap();
    laptop.put_new(&unit("aaaaaaaa", 3, 4), &sealed(b"four")).unwrap();
    let names: Vec<_> =
        lab.open("tablet").list("").unwrap().into_iter().map(|listed| listed.name).collect();
    let want = [(2, 2), (2, 3), (3, 4)].map(|(generation, seq)| unit("aaaaaaaa", generation, seq));
    assert_eq!(names, want);
}

#[test]
fn a_session_that_was_removed_meanwhile_is_made_again() {
    let lab = Lab::new();
    let desktop = lab.init().unwrap();
    let laptop = lab.open("laptop");
    desktop.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"one")).unwrap();
    assert_eq!(laptop.list("").unwrap().len(), 1);
    desktop.delete(&unit("aaaaaaaa", 1, 1)).unwrap();
    assert!(lab.refs().is_empty(), "an empty session has no ref");
    // The laptop still thinks it is there: it has to ask before it says that nothing is to do.
    thread::sleep(Duration::from_millis(3_100));
    laptop.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"one")).unwrap();
    assert_eq!(lab.open("tablet").list("").unwrap().len(), 1);
}

/// Tells a process of this test where it has to write.
const CHILD: &str = "CONVOSYNC_TEST_FOLDER";

fn object(seq: u64) -> Vec<u8> {
    seq.to_be_bytes().repeat(20_000)
}

#[test]
fn a_killed_sender_loses_nothing_and_can_send_again() {
    let test = "race::a_killed_sender_loses_nothing_and_can_send_again";
    if let Some(folder) = std::env::var_os(CHILD).map(PathBuf::from) {
        let store = Lab::at(&folder).open("desktop");
        for seq in 1..1_000 {
            store.put_new(&unit("aaaaaaaa", 1, seq), &sealed(&object(seq))).unwrap();
        }
    }
    let lab = Lab::new();
    let store = lab.init().unwrap();
    for round in 1..=4_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(CHILD, lab.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let enough = usize::try_from(round * 2).unwrap();
        let started = Instant::now();
        while units_at(&lab) < enough {
            assert!(started.elapsed() < Duration::from_secs(120), "the sender does not send");
            thread::sleep(Duration::from_millis(5 + round * 7));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // Its git may still be pushing: what it brings is not lost either.
    let next = u64::try_from(units_at(&lab)).unwrap() + 2;
    for seq in 1..=next {
        store.put_new(&unit("aaaaaaaa", 1, seq), &sealed(&object(seq))).unwrap();
    }
    let reader = lab.open("laptop");
    let listed = reader.list("").unwrap();
    assert!(listed.len() as u64 >= next, "{} of {next}", listed.len());
    for (seq, listed) in (1..).zip(&listed) {
        assert_eq!(listed.name, unit("aaaaaaaa", 1, seq), "a hole before it");
        assert!(reader.get(&listed.name).unwrap().as_bytes() == object(seq));
    }
}

/// How many units the remote has now.
fn units_at(lab: &Lab) -> usize {
    if lab.refs().is_empty() {
        return 0;
    }
    let tree = "refs/convosync/s/session-aaaaaaaa:u";
    lab.git(&lab.remote(), &["ls-tree", tree]).lines().count()
}
