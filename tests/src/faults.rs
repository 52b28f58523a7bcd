//! Faults that a debug build of the helper has on purpose: before one of its changes it dies, stops,
//! or has no room left; its clock goes wrong.

use std::fs;
use std::process::Command;

use crate::Device;
use crate::device::{text, told};

/// What happens before a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9`.
    Dies,
    /// It stands still, with its locks, until it is told to go on.
    Stops,
    /// There is no room left from then on.
    IsFull,
}

impl Fault {
    fn word(self) -> &'static str {
        match self {
            Self::Dies => "die",
            Self::Stops => "stop",
            Self::IsFull => "full",
        }
    }
}

impl Device {
    /// The helper, with a fault before its change `at`, counted from 1; 0: none.
    #[must_use]
    pub fn faulty(&self, args: &[&str], fault: Fault, at: usize) -> Command {
        let mut command = self.command(args);
        let log = text(&self.home.join("changes"));
        command.env("CONVOSYNC_TEST_FAULT", format!("{} {at} {log}", fault.word()));
        command
    }

    /// Runs the helper undisturbed, and gives the changes before which this fault can happen.
    ///
    /// # Panics
    ///
    /// If it fails, or tells of none: then it is no debug build.
    #[track_caller]
    #[must_use]
    pub fn changes(&self, args: &[&str], fault: Fault) -> Vec<String> {
        let output = self.faulty(args, fault, 0).output().expect("the helper runs");
        assert!(output.status.success(), "{args:?}\n{}", told(&output));
        let log = self.home.join("changes");
        let told = fs::read_to_string(&log).expect("a debug build writes its changes down");
        fs::remove_file(log).expect("it was there");
        told.lines().map(str::to_owned).collect()
    }

    /// Sets the clock of all that this device runs from now on wrong by so many days.
    pub fn set_clock_wrong(&mut self, days: i64) {
        let seconds = (days * 24 * 60 * 60).to_string();
        self.more.insert("CONVOSYNC_TEST_CLOCK".to_owned(), seconds);
    }
}
