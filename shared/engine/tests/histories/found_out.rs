//! The histories can fail: an engine that lacks one of its rules is found out by them.

use convosync_engine::testing::Knobs;

use super::act::history;
use super::directed::schedules;
use super::lies::Lie;
use super::{IS_FAST, KNOBS, first_wrong, happens, happens_with};

/// What finds an engine out.
#[derive(Debug)]
enum By {
    /// One of so many histories that dice made.
    Dice(u64),
    /// One of the moments at which something happens under a save.
    Moments,
}

/// Which engine is found out by what. The numbers are some times what it took.
const TABLE: [(Lie, By); 11] = [
    (Lie::UnitIsLost, By::Dice(20)),
    (Lie::PartIsLost, By::Dice(20)),
    (Lie::QueueForgetsFirst, By::Dice(40)),
    (Lie::MarksAreHidden, By::Moments),
    (Lie::ParkedAreHidden, By::Dice(40)),
    (Lie::OneHeadIsSeen, By::Dice(20)),
    (Lie::OneMoreIsDeleted, By::Dice(60)),
    (Lie::GraceIsOver, By::Moments),
    (Lie::LeftPlaceIsEmpty, By::Dice(400)),
    (Lie::CountIsForgotten, By::Dice(40)),
    (Lie::LocksHoldNobody, By::Moments),
];

fn finds(by: &By, lie: Lie) -> bool {
    let is_wrong = |steps: &[_], seed| !happens_with(steps, seed, KNOBS, Some(lie)).is_empty();
    match by {
        By::Dice(seeds) => first_wrong(0..*seeds, |seed| is_wrong(&history(seed), seed)).is_some(),
        By::Moments => schedules().any(|(_, steps)| is_wrong(&steps, 0)),
    }
}

#[test]
fn an_engine_that_lacks_a_rule_is_found_out() {
    // The fast lane has time for those that are found at once.
    let is_quick = |by: &By| matches!(by, By::Dice(seeds) if *seeds <= 100);
    for (lie, by) in TABLE.into_iter().filter(|(_, by)| !IS_FAST || is_quick(by)) {
        assert!(finds(&by, lie), "{lie:?} is not found by {by:?}");
    }
}

#[test]
fn an_engine_that_sends_without_proof_is_found_out() {
    let broken = Knobs { proves_at_send: false, ..KNOBS };
    let wrong_in = |seed| !happens(&history(seed), seed, broken).is_empty();
    assert!(first_wrong(0..1000, wrong_in).is_some());
}
