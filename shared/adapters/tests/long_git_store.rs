//! The git store with as much as years of work leave.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "as in the functions of tests")]
#![allow(dead_code, reason = "the fast tests use the rest of what is shared with them")]

#[path = "git_store/filled.rs"]
mod filled;
#[path = "git_store/http.rs"]
mod http;
#[path = "git_store/lab.rs"]
mod lab;
#[path = "git_store/units.rs"]
mod units;

use std::time::Instant;

use filled::{a_list_fetches_cards_only, fill, read_all_cards};
use units::{profile, unit};

#[test]
fn a_list_of_300_megabytes_of_conversations_fetches_less_than_one() {
    let (lab, _server) = crate::lab::served();
    a_list_fetches_cards_only(&lab, 3_000_000);
}

#[test]
fn two_thousand_sessions_are_listed_and_saved_to() {
    let (lab, _server) = crate::lab::served();
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
