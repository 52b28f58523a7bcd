//! What a whole process costs, with the processes that it starts.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::cost::ms;

/// A process that ran and succeeded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running {
    /// From its start to its end.
    pub(crate) ms: f64,
    /// Calls of `read` and its like, by it and by what it started and waited for (`syscr` of proc(5)).
    pub(crate) reads: f64,
}

/// Runs a command that has to succeed.
pub(crate) fn run(mut command: Command) -> Running {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = Instant::now();
    let child = command.spawn().expect("it starts");
    let pid = Pid::from_child(&child);
    // It stays to be looked at until it is waited for once more.
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("it is ours");
    let ms = ms(began.elapsed());
    let reads = counted(pid, "io", "syscr:");
    let output = child.wait_with_output().expect("it ended");
    assert!(output.status.success(), "{command:?}\n{}", convosync_tests::told(&output));
    Running { ms, reads }
}

/// The number after `field` in a file of proc(5).
fn counted(pid: Pid, file: &str, field: &str) -> f64 {
    let path = format!("/proc/{}/{file}", pid.as_raw_nonzero());
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.trim().parse().ok()).unwrap_or(f64::NAN)
}
