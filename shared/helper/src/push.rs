//! Tells the plugin inside Zellij something of our own accord, through `zellij pipe`.

use std::io::{self, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use convosync_wire::zellij::{MOST_BYTES, Push, pipe};

use crate::surroundings::Env;

/// Names the Zellij session that a program runs in, by Zellij itself.
pub(crate) const SESSION: &str = "ZELLIJ_SESSION_NAME";

/// A plugin that waits for its permissions answers nothing, and Zellij waits with it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a wait looks whether it is over.
const GLANCE: Duration = Duration::from_millis(10);

/// The plugins of one Zellij session. Whether one of ours is among them is not known: the others do
/// not know the pipe's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plugins {
    session: String,
}

impl Plugins {
    /// Those of the session that the environment names.
    pub(crate) fn around(env: &Env) -> Option<Self> {
        env.get(SESSION).filter(|name| !name.is_empty()).cloned().map(Self::of)
    }

    /// Those of this session.
    pub(crate) fn of(session: String) -> Self {
        Self { session }
    }

    /// Hands them one message, and waits two seconds at most until they have it.
    ///
    /// # Errors
    ///
    /// If it is too long, there is no Zellij, no such session, or nobody takes it in time.
    pub(crate) fn tell(&self, push: &Push) -> io::Result<()> {
        let mut line = serde_json::to_vec(push)?;
        if line.len() > MOST_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "too long for a plugin"));
        }
        line.push(b'\n');
        let mut zellij = self.pipe(pipe::PUSH).spawn()?;
        // A pipe that nobody reads takes 64 KiB, so what hangs is ended all the same.
        let mut input = zellij.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let writer = std::thread::spawn(move || input.write_all(&line));
        let ended = waited(&mut zellij);
        let written = writer.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        ended.and(written)
    }

    fn pipe(&self, name: &str) -> Command {
        let mut command = Command::new("zellij");
        command
            .args(["--session", &self.session, "pipe", "--name", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// Waits for the end, and makes one when it takes too long.
fn waited(child: &mut Child) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(_) => return Err(io::ErrorKind::NotFound.into()),
            None => std::thread::sleep(GLANCE),
        }
    }
    child.kill()?;
    child.wait()?;
    Err(io::ErrorKind::TimedOut.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_the_one_that_zellij_names() {
        let env = |name: &str| Env::from([(SESSION.to_owned(), name.to_owned())]);
        assert_eq!(Plugins::around(&env("brisk")), Some(Plugins::of("brisk".to_owned())));
        assert_eq!(Plugins::around(&env("")), None);
        assert_eq!(Plugins::around(&Env::new()), None);
    }

    #[test]
    fn what_would_end_the_plugin_is_not_sent() {
        let progress = "x".repeat(MOST_BYTES).as_str().into();
        let told = Plugins::of("none".to_owned()).tell(&Push::Progress { call: 1, progress });
        assert_eq!(told.expect_err("too long").kind(), io::ErrorKind::InvalidInput);
    }
}
