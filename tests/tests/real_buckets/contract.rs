//! The contract of stores over each server: one server a test, one prefix a clause.

use convosync_core::{ObjectName, Sealed};
use convosync_tests::Server;

use crate::store_contract::{Open, store_contract, unit};

/// A clause: its name and itself.
type Clause = (&'static str, fn(&Open<'_>));

/// Holds the server to every clause but those that it is known not to keep.
fn keeps(server: &Server, but: &[&str]) {
    let clauses: Vec<Clause> = store_contract!(@all);
    assert!(but.iter().all(|name| clauses.iter().any(|(other, _)| other == name)), "{but:?}");
    for (name, clause) in clauses {
        if !but.contains(&name) {
            eprintln!("{name}");
            clause(&|| server.open(&format!("contract/{name}")));
        }
    }
}

/// The promise that a server needs conditional puts for. Names are unique, so nobody relies on it.
const ONE_WINNER: &str = "sixteen_writers_of_one_name_have_one_winner";

#[test]
fn seaweed_keeps_it_all() {
    let server = Server::seaweed();
    keeps(&server, &[]);
    assert!(learnt(&server), "it honours conditional puts, and that was learnt");
}

#[test]
fn a_server_that_ignores_conditions_keeps_all_that_needs_none() {
    let server = Server::rclone();
    keeps(&server, &[ONE_WINNER]);
    assert!(!learnt(&server), "it ignores conditional puts, and that was learnt");
}

#[test]
fn googles_protocol_is_spoken() {
    keeps(&Server::rclone_as_google(), &[ONE_WINNER]);
}

#[test]
fn azurite_keeps_it_all() {
    let server = Server::azurite();
    keeps(&server, &[]);
    assert!(learnt(&server), "it honours conditional puts, and that was learnt");
}

/// What a store knows of its server after its first put.
fn learnt(server: &Server) -> bool {
    let name = unit("aaaaaaaa", 1, 1);
    let object = Sealed::received(b"object".to_vec());
    let store = server.open("learnt");
    store.put_new(&name, &object).expect("it takes an object");
    assert_eq!(store.get(&name).expect("it is there"), object);
    let later = server.open("learnt").caps().put_if_absent;
    assert_eq!(store.caps().put_if_absent, later, "who comes later knows it too");
    later
}

#[test]
fn what_is_no_object_of_ours_is_left_out_of_lists() {
    let server = Server::rclone();
    let store = server.open("mine");
    let name: ObjectName = unit("aaaaaaaa", 1, 1);
    store.put_new(&name, &Sealed::received(b"object".to_vec())).expect("it takes an object");
    // Another prefix that starts with the same letters, and a file that somebody put beside.
    let other = server.open("mine-too");
    other.put_new(&unit("aaaaaaaa", 2, 2), &Sealed::received(Vec::new())).expect("it takes it");
    server.plant("mine/v1/s/session-aaaaaaaa/notes.txt", b"hello");
    server.plant("mine/v1/s/session-aaaaaaaa/a b%2f", b"hello");
    let listed = store.list("").expect("it lists");
    assert_eq!(listed.into_iter().map(|listed| listed.name).collect::<Vec<_>>(), [name]);
}
