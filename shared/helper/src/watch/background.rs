//! Starts a watch that belongs to no terminal and to no Zellij session.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use convosync_adapters::Paths;

use super::machine::is_watched;
use crate::shell;
use crate::surroundings::Env;
use crate::unlock;

/// Until the new process has said that it watches. Where it takes longer it goes on by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// What it says then.
pub(crate) const READY: &str = "watching";

/// Starts the process, which leads a session of its own: nobody ends it with theirs. Of two at once
/// one goes on. It unlocks the keys as whoever has this environment.
///
/// # Errors
///
/// If it can't be started, or ends at once and nobody watches.
pub(crate) fn start(directory: &str, env: &Env, paths: &Paths) -> io::Result<()> {
    let passphrase_file = env.get(unlock::VARIABLE).map(|path| (unlock::VARIABLE, path));
    let mut watcher = Command::new(std::env::current_exe()?)
        .args(["-C", directory, "watch", "--background"])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .env_remove(shell::HANDOVER)
        .envs(passphrase_file)
        .spawn()?;
    let Some(out) = watcher.stdout.take() else { return Ok(()) };
    let (told, ready) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(out).read_line(&mut line);
        let _ = told.send(line.trim_end() == READY);
    });
    // One that said nothing and has ended may have found another.
    match ready.recv_timeout(PATIENCE) {
        Ok(false) if !is_watched(paths) => Err(io::Error::other("it ended at once")),
        _ => Ok(()),
    }
}
