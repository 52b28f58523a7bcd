//! Ends what Zellij leaves behind, known by a variable that nothing else has.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long what was asked to end may take.
const GRACE: Duration = Duration::from_secs(5);

/// Ends every process that has this variable with this value, also one that does not want to.
///
/// Where there is no `/proc`, nothing is found, and Zellij's own `kill-session` has to do.
pub(super) fn end_all_with(name: &str, value: &str) {
    let wanted = format!("{name}={value}");
    let end = Instant::now() + GRACE;
    loop {
        let left: Vec<u32> = all().into_iter().filter(|pid| has(*pid, &wanted)).collect();
        if left.is_empty() {
            return;
        }
        if Instant::now() > end {
            return left.into_iter().for_each(kill);
        }
        for pid in left {
            signal(pid, "-TERM");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The server of a session: `zellij --server SOCKET`, where the socket has the session's name.
pub(super) fn server_of(sockets: &str, session: &str) -> Option<u32> {
    let is_server = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split('\0').skip_while(|word| *word != "--server").skip(1);
        words.next().is_some_and(|socket| {
            socket.starts_with(sockets) && socket.ends_with(&format!("/{session}"))
        })
    };
    all().into_iter().find(is_server)
}

/// Kills a process.
pub(super) fn kill(pid: u32) {
    signal(pid, "-KILL");
}

fn signal(pid: u32, signal: &str) {
    // It may have ended in between.
    let _ = Command::new("kill").args([signal, &pid.to_string()]).output();
}

fn all() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|pid| *pid != std::process::id()).collect()
}

fn has(pid: u32, wanted: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
}
