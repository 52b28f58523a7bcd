//! Sixteen writers at once, over a server that honours conditional puts and over one that does not.

use std::sync::Barrier;
use std::thread;

use convosync_core::{ObjectName, Sealed};
use convosync_engine::ports::StoreError;
use convosync_tests::Server;

use crate::store_contract::{part, unit};

const WRITERS: u64 = 16;

/// Runs one thread a writer, all of them at the same moment.
fn at_once<T: Send>(act: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let (act, start) = (&act, &Barrier::new(WRITERS as usize));
    thread::scope(|scope| {
        let writer = |number| {
            scope.spawn(move || {
                start.wait();
                act(number)
            })
        };
        let all: Vec<_> = (1..=WRITERS).map(writer).collect();
        all.into_iter().map(|writer| writer.join().expect("it did not panic")).collect()
    })
}

fn bytes(writer: u64, size: usize) -> Vec<u8> {
    (0..size).map(|at| (at as u64).wrapping_mul(31).wrapping_add(writer * 7) as u8).collect()
}

/// Each writer saves as devices do, parts and then the unit, several times.
fn nothing_is_lost(server: &Server) {
    let saves = |writer: u64| {
        (0..3u64).map(move |round| {
            let seq = writer * 100 + round;
            let big = bytes(seq, 300_000);
            (part("aaaaaaaa", u128::from(seq)), unit("aaaaaaaa", round as u32 + 1, seq), big)
        })
    };
    at_once(|writer| {
        let store = server.open("race");
        for (part, unit, big) in saves(writer) {
            let object = Sealed::received(big.clone());
            let small = Sealed::received(big[..5000].to_vec());
            store.put_batch(&[(part, object), (unit, small)]).expect("its own names are free");
        }
    });
    let store = server.open("race");
    let listed = store.list(ObjectName::UNITS).expect("it lists");
    assert_eq!(listed.len(), 48, "units");
    assert!(listed.is_sorted());
    assert_eq!(store.list(ObjectName::PARTS).expect("it lists").len(), 48, "parts");
    for (part, unit, big) in (1..=WRITERS).flat_map(saves) {
        assert!(store.get(&part).expect("a part").as_bytes() == big, "{part} is corrupted");
        assert!(
            store.get(&unit).expect("a unit").as_bytes() == &big[..5000],
            "{unit} is corrupted"
        );
    }
}

/// All want one name: what is there in the end is what one of them put, whole.
fn one_name_holds_one_writers_object(server: &Server) -> usize {
    let mut winners = 0;
    for round in 1..=3 {
        let name = unit("bbbbbbbb", round, u64::from(round));
        let won = at_once(|writer| {
            let object = Sealed::received(bytes(writer, 100_000));
            match server.open("one").put_new(&name, &object) {
                Ok(()) => true,
                Err(StoreError::Exists(_)) => false,
                Err(other) => panic!("a lost race is `Exists`, not {other:?}"),
            }
        });
        let there = server.open("one").get(&name).expect("one of them is there");
        let whose = (1..=WRITERS).find(|writer| there.as_bytes() == bytes(*writer, 100_000));
        let whose = whose.expect("it is a mixture");
        assert!(won[whose as usize - 1], "{whose} was told that it lost");
        winners += won.iter().filter(|won| **won).count();
    }
    winners
}

/// Two accounts that are made at one moment: at most one believes that the store is its own.
fn one_record_stays(server: &Server) {
    let name = ObjectName::StoreRecord;
    at_once(|writer| {
        let object = Sealed::received(bytes(writer, 200));
        let _ = server.open("record").put_new(&name, &object);
    });
    let store = server.open("record");
    let there = store.get(&name).expect("there is one");
    assert!((1..=WRITERS).any(|writer| there.as_bytes() == bytes(writer, 200)), "a mixture");
    let late = Sealed::received(bytes(99, 200));
    assert!(matches!(store.put_new(&name, &late), Err(StoreError::Exists(_))));
    assert_eq!(store.get(&name).expect("it is there"), there);
}

#[test]
fn nothing_is_lost_or_mixed_on_seaweed() {
    let server = Server::seaweed();
    nothing_is_lost(&server);
    assert_eq!(one_name_holds_one_writers_object(&server), 3, "one winner a round");
    one_record_stays(&server);
}

#[test]
fn nothing_is_lost_or_mixed_on_a_server_that_ignores_conditions() {
    let server = Server::rclone();
    nothing_is_lost(&server);
    assert!(one_name_holds_one_writers_object(&server) >= 3);
    one_record_stays(&server);
}
