//! Whether a process that wrote its id down is still the one that has it.

use std::fs::{self, File};
use std::io::Read;

use rustix::process::{Pid, test_kill_process};

/// What is known of a process id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Process {
    /// Nothing runs under it.
    Gone,
    /// Something runs under it.
    Running {
        /// When it started, in the kernel's clock ticks (field 22 of `/proc/<pid>/stat`), where
        /// the system tells.
        started: Option<String>,
    },
}

/// Looks at processes. Another one may have taken an old id: compare the start.
pub trait Processes: Send + Sync {
    /// What runs under `pid` now.
    fn look(&self, pid: u32) -> Process;

    /// A variable of the environment that `pid` was started with; none where the system does not
    /// tell (only Linux does, and only of processes of the same user).
    fn variable(&self, pid: u32, name: &str) -> Option<String>;
}

/// The processes of this system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemProcesses;

impl Processes for SystemProcesses {
    fn look(&self, pid: u32) -> Process {
        if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
            return parse_stat(&stat);
        }
        // Without our own entry there is no /proc here (macOS): only existence can be asked.
        if fs::metadata("/proc/self/stat").is_ok() {
            return Process::Gone;
        }
        match i32::try_from(pid).ok().and_then(Pid::from_raw).map(test_kill_process) {
            Some(Ok(()) | Err(rustix::io::Errno::PERM)) => Process::Running { started: None },
            _ => Process::Gone,
        }
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let mut environment = Vec::new();
        let file = File::open(format!("/proc/{pid}/environ")).ok()?;
        file.take(LARGEST_ENVIRONMENT).read_to_end(&mut environment).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        let value = variables.find_map(|variable| {
            variable.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
        })?;
        String::from_utf8(value.to_vec()).ok()
    }
}

/// Linux gives a program no more than that (a quarter of the usual stack limit).
const LARGEST_ENVIRONMENT: u64 = 2 << 20;

/// Reads a line of proc(5) `stat`. The name in brackets may hold anything, brackets too.
fn parse_stat(stat: &str) -> Process {
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields = rest.split_whitespace();
    match fields.next() {
        // Z is a zombie, X is dead: the program has ended.
        None | Some("Z" | "X") => Process::Gone,
        Some(_) => Process::Running { started: fields.nth(18).map(str::to_owned) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_field_22_whatever_the_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 424242 9 10";
        assert_eq!(parse_stat(stat), Process::Running { started: Some("424242".into()) });
    }

    #[test]
    fn a_zombie_is_gone() {
        assert_eq!(parse_stat("7 (x) Z 1 7"), Process::Gone);
        assert_eq!(parse_stat(""), Process::Gone);
    }

    #[test]
    fn this_process_runs_and_an_impossible_one_does_not() {
        assert!(matches!(SystemProcesses.look(std::process::id()), Process::Running { .. }));
        assert_eq!(SystemProcesses.look(u32::MAX), Process::Gone);
        assert_eq!(SystemProcesses.look(0), Process::Gone);
    }
}
