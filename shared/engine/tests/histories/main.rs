//! Whatever happens to a few devices of one account, in whatever order: nothing that was saved is
//! lost, all devices come to see the same, heads stay few, names keep their bytes, queues empty.
//!
//! Devices join, are revoked, and move the store meanwhile. The engine is the real one, over ports in memory. A history is made from a seed; one that
//! fails is cut down and printed with it. This tries some, `long_histories` a thousand, and by hand:
//!
//! ```text
//! CONVOSYNC_HISTORIES=100000 cargo test -p convosync-engine --test histories whatever
//! CONVOSYNC_FIRST=5000 ...                                                       from that seed on
//! CONVOSYNC_SEED=42 cargo test -p convosync-engine --test histories whatever     that one alone
//! ```

mod act;
mod claims;
mod contents;
mod device;
mod dice;
mod directed;
mod found_out;
mod ledger;
mod lies;
mod once_wrong;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use act::{Act, Step, Weather, Which, history};
use convosync_engine::testing::Knobs;
use device::Setting;
use lies::Lie;
use world::World;

/// Histories that are tried: a few in the fast lane, more in the slow one.
fn histories() -> u64 {
    number("CONVOSYNC_HISTORIES").unwrap_or(if IS_FAST { 150 } else { 1000 })
}

/// Whether this is the fast lane.
const IS_FAST: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"histories");

/// Small enough for parts to be common.
const KNOBS: Knobs = Knobs { inline: 1500, few: 2, ..Knobs::PLAIN };

/// Lets a history happen; what is wrong after it.
fn happens(steps: &[Step], seed: u64, knobs: Knobs) -> Vec<String> {
    happens_with(steps, seed, knobs, None)
}

/// The same, while the ports tell a lie.
fn happens_with(steps: &[Step], seed: u64, knobs: Knobs, lie: Option<Lie>) -> Vec<String> {
    knobs.turn();
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let world = World::new(Setting { sessions_leave: seed.is_multiple_of(2), lie });
        for step in steps {
            world.take(step);
        }
        claims::check(&world, seed);
        std::mem::take(&mut world.ledger().wrong)
    }));
    lived.unwrap_or_else(|_| vec!["it panics".to_owned()])
}

/// Leaves out steps as long as something is wrong.
fn cut_down(mut steps: Vec<Step>, seed: u64, knobs: Knobs) -> Vec<Step> {
    let mut size = steps.len();
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(steps.len()));
            if happens(&fewer, seed, knobs).is_empty() {
                at += size;
            } else {
                steps = fewer;
            }
        }
        size /= 2;
    }
    steps
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The first of some seeds whose history goes wrong.
fn first_wrong(seeds: std::ops::Range<u64>, wrong_in: impl Fn(u64) -> bool + Sync) -> Option<u64> {
    let (next, wrong) = (AtomicU64::new(seeds.start), AtomicU64::new(u64::MAX));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while wrong.load(Ordering::Relaxed) == u64::MAX {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    if wrong_in(seed) {
                        wrong.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    Some(wrong.into_inner()).filter(|seed| *seed != u64::MAX)
}

#[test]
fn whatever_happens_nothing_is_lost_and_all_devices_see_the_same() {
    let seeds = match number("CONVOSYNC_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("CONVOSYNC_FIRST").unwrap_or(0);
            first..first + histories()
        }
    };
    let wrong_in = |seed| !happens(&history(seed), seed, KNOBS).is_empty();
    let Some(seed) = first_wrong(seeds, wrong_in) else { return };
    let steps = cut_down(history(seed), seed, KNOBS);
    let wrong = happens(&steps, seed, KNOBS);
    panic!("CONVOSYNC_SEED={seed}\n{steps:#?}\n{}", wrong.join("\n"));
}

fn calmly(device: usize, act: Act) -> Step {
    Step { device, tree: 0, act, weather: Weather::default() }
}

const SAVE: Act = Act::Save { no_push: false, new: false, cut: false, into: None };

#[test]
fn what_was_put_aside_does_not_hide_its_devices_last_save() {
    let steps = [
        calmly(1, Act::Talk { lines: 3, noise: 0 }),
        calmly(1, SAVE),
        calmly(1, Act::Rewind { lines: 2, instead: 1 }),
        calmly(1, Act::Resume { which: Which::Newest, answers: 0 }),
    ];
    assert_eq!(happens(&steps, 0, KNOBS), [""; 0]);
}

#[test]
fn a_device_that_dies_while_it_mends_its_index_uses_no_count_again() {
    for death in 0..30 {
        let weather = Weather { death: Some(death), ..Weather::default() };
        let dies = Step { weather, ..calmly(0, SAVE) };
        let steps = [calmly(0, SAVE), calmly(0, Act::Forget), dies, calmly(0, SAVE)];
        assert_eq!(happens(&steps, 0, KNOBS), [""; 0], "before step {death}");
    }
}
