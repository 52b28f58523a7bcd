//! As many kills as the fast lane has no time for: 25 for each command at random moments, and one
//! at every call of git.

#![expect(clippy::print_stdout, reason = "a failing test shows the kills that led to it")]

#[path = "crash/audit.rs"]
mod audit;
#[path = "crash/git_calls.rs"]
mod git_calls;
#[path = "crash/kill.rs"]
mod kill;
#[path = "crash/moments.rs"]
mod moments;
#[path = "crash/scene.rs"]
mod scene;
