//! Whatever happens to the helper, its index, its store or its disk: nothing of the user's is lost,
//! and the same command again succeeds.
//!
//! Each test owns its world. Random moments come from a seed, which `CONVOSYNC_SEED` chooses and
//! a failure tells.

#![expect(clippy::print_stdout, reason = "a failing test shows the kills that led to it")]

#[path = "crash/account.rs"]
mod account;
#[path = "crash/audit.rs"]
mod audit;
#[path = "crash/changes.rs"]
mod changes;
#[path = "crash/clock.rs"]
mod clock;
#[path = "crash/cut_line.rs"]
mod cut_line;
#[path = "crash/dying.rs"]
mod dying;
#[path = "crash/full_disk.rs"]
mod full_disk;
#[path = "crash/git_calls.rs"]
mod git_calls;
#[path = "crash/index.rs"]
mod index;
#[path = "crash/kill.rs"]
mod kill;
#[path = "crash/lost_store.rs"]
mod lost_store;
#[path = "crash/moments.rs"]
mod moments;
#[path = "crash/oddities.rs"]
mod oddities;
#[path = "crash/offline.rs"]
mod offline;
#[path = "crash/older.rs"]
mod older;
#[path = "crash/pairs.rs"]
mod pairs;
#[path = "crash/plays.rs"]
mod plays;
#[path = "crash/scene.rs"]
mod scene;
#[path = "crash/together.rs"]
mod together;
