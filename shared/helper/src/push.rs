//! Tells the plugin inside Zellij something of our own accord, through `zellij pipe`.

use std::io::{self, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use convosync_wire::zellij::{MOST_BYTES, Push, pipe};
use convosync_wire::{SessionRow, Verb};
use serde::{Deserialize, Serialize};

use crate::surroundings::Env;

/// Names the Zellij session that a program runs in, by Zellij itself.
pub(crate) const SESSION: &str = "ZELLIJ_SESSION_NAME";

/// What tells Zellij where the sockets of its sessions are, and where it is itself.
const WHERE: [&str; 5] = ["HOME", "PATH", "TMPDIR", "XDG_RUNTIME_DIR", "ZELLIJ_SOCKET_DIR"];

/// A plugin that waits for its permissions answers nothing, and Zellij waits with it. A message
/// takes 0.1 s.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a command may take longer for it, at its end.
const MOMENT: Duration = Duration::from_millis(500);

/// How often a wait looks whether it is over.
const GLANCE: Duration = Duration::from_millis(10);

/// What one message may take of its rows' bytes.
const ROWS: usize = MOST_BYTES - 1024;

/// The plugins of one Zellij session. Whether one of ours is among them is not known: the others do
/// not know the pipe's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plugins {
    session: String,
    /// The variables that lead there.
    env: Env,
}

impl Plugins {
    /// Those of the session that the environment names.
    pub(crate) fn around(env: &Env) -> Option<Self> {
        let session = env.get(SESSION).filter(|name| !name.is_empty())?;
        Some(Self::of(session.clone(), env))
    }

    /// Those of this session, as whoever has this environment finds it.
    pub(crate) fn of(session: String, env: &Env) -> Self {
        let known = |name: &&str| Some(((*name).to_owned(), env.get(*name)?.clone()));
        Self { session, env: WHERE.iter().filter_map(known).collect() }
    }

    /// The session's name.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// Tells them that the work tree or its session is another one after this verb. The user has
    /// their prompt back half a second later at most.
    pub(crate) fn tell_after(verb: &Verb, env: &Env) {
        let changes = matches!(verb, Verb::Save(_) | Verb::Resume(_) | Verb::Undo(_));
        if let Some(plugins) = Self::around(env).filter(|_| changes) {
            // Who did not hear it sees it at the next look.
            let _ = plugins.tell_within(&Push::Changed, MOMENT);
        }
    }

    /// Hands them a message, and waits five seconds at most until they have it. News that are too
    /// long for one message come in several.
    ///
    /// # Errors
    ///
    /// If it is too long, there is no Zellij, no such session, or nobody takes it in time.
    pub(crate) fn tell(&self, push: &Push) -> io::Result<()> {
        self.tell_within(push, PATIENCE)
    }

    fn tell_within(&self, push: &Push, limit: Duration) -> io::Result<()> {
        lines(push)?.into_iter().try_for_each(|line| self.say(line, limit))
    }

    /// The message goes by standard input: everybody on the machine can read arguments.
    fn say(&self, mut line: Vec<u8>, limit: Duration) -> io::Result<()> {
        line.push(b'\n');
        let mut zellij = self.pipe(pipe::PUSH).spawn()?;
        // A pipe that nobody reads takes 64 KiB, so what hangs is ended all the same.
        let mut input = zellij.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let writer = std::thread::spawn(move || input.write_all(&line));
        let ended = waited(&mut zellij, limit);
        let written = writer.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        ended.and(written)
    }

    fn pipe(&self, name: &str) -> Command {
        let mut command = Command::new("zellij");
        command
            .args(["--session", &self.session, "pipe", "--name", name])
            .env_clear()
            .envs(&self.env)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// Waits for the end, and makes one when it takes too long.
fn waited(child: &mut Child, limit: Duration) -> io::Result<()> {
    let until = Instant::now() + limit;
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

/// The message as JSON, in as many pieces as plugins have room for.
fn lines(push: &Push) -> io::Result<Vec<Vec<u8>>> {
    if let Push::News { rows } = push {
        return pages(rows).iter().map(|rows| line(&Push::News { rows: rows.to_vec() })).collect();
    }
    Ok(vec![line(push)?])
}

fn line(push: &Push) -> io::Result<Vec<u8>> {
    let line = serde_json::to_vec(push)?;
    if line.len() > MOST_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too long for a plugin"));
    }
    Ok(line)
}

/// Cuts rows where a message is full.
fn pages(rows: &[SessionRow]) -> Vec<&[SessionRow]> {
    let size = |row: &SessionRow| serde_json::to_vec(row).map_or(0, |line| line.len() + 1);
    let (mut pages, mut rest) = (Vec::new(), rows);
    while !rest.is_empty() {
        let mut room = ROWS;
        let fits = |row: &&SessionRow| {
            let fits = size(row) <= room;
            room = room.saturating_sub(size(row));
            fits
        };
        // One that fits nowhere is refused as a message.
        let count = rest.iter().take_while(fits).count().max(1);
        let (page, after) = rest.split_at(count);
        pages.push(page);
        rest = after;
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use convosync_wire::zellij::Watching;

    #[test]
    fn the_session_is_the_one_that_zellij_names() {
        let env = |name: &str| Env::from([(SESSION.to_owned(), name.to_owned())]);
        let brisk = Plugins::of("brisk".to_owned(), &Env::new());
        assert_eq!(Plugins::around(&env("brisk")), Some(brisk));
        assert_eq!(Plugins::around(&env("")), None);
        assert_eq!(Plugins::around(&Env::new()), None);
    }

    #[test]
    fn what_would_end_the_plugin_is_not_sent() {
        let progress = "x".repeat(MOST_BYTES).as_str().into();
        let none = Plugins::of("none".to_owned(), &Env::new());
        let told = none.tell(&Push::Progress { call: 1, progress });
        assert_eq!(told.expect_err("too long").kind(), io::ErrorKind::InvalidInput);
    }

    /// Plugins behind a `zellij` that does this.
    fn plugins(folder: &Path, script: &str) -> Plugins {
        let program = folder.join("zellij");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let env = [("PATH", path.as_str()), ("SECRET", "not handed on"), ("TMPDIR", "/t")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Plugins::of("my session".to_owned(), &env.into_iter().collect())
    }

    #[test]
    fn a_message_goes_by_standard_input_with_nothing_of_the_environment_but_the_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let script = format!("(echo \"$@\"; cat; echo $TMPDIR$SECRET) > {}", out.display());
        let told = plugins(folder.path(), &script).tell(&Push::Watch(Watching::Well));
        told.expect("it was taken");
        assert_eq!(
            fs::read_to_string(out).expect("it was called"),
            "--session my session pipe --name convosync-push\n\
             {\"push\":\"watch\",\"data\":{\"state\":\"well\"}}\n/t\n"
        );
    }

    #[test]
    fn where_there_is_no_session_or_no_zellij_nobody_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(plugins(folder.path(), "exit 1").tell(&Push::Changed).is_err());
        let path = folder.path().join("x").display().to_string();
        let nowhere = Plugins::of("s".to_owned(), &Env::from([("PATH".to_owned(), path)]));
        assert!(nowhere.tell(&Push::Changed).is_err());
    }

    fn row(message: String) -> SessionRow {
        let text = serde_json::json!({
            "session_id": "session-aaaaaaaa", "timestamp": 1, "device": "d", "device_kind": "laptop",
            "branch": null, "commit": null, "message": message, "message_count": 0, "size": 0,
            "repository": "", "working_directory": "", "conversation_id": null, "state": "synced",
            "pinned": false, "title": null
        });
        serde_json::from_value(text).expect("a row")
    }

    #[test]
    fn many_rows_come_in_pieces_and_none_is_lost() {
        let rows: Vec<_> = (0..900).map(|at| row(format!("{at} {}", "x".repeat(900)))).collect();
        let lines = lines(&Push::News { rows: rows.clone() }).expect("they fit");
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= MOST_BYTES));
        let came =
            lines.iter().flat_map(|line| match serde_json::from_slice(line).expect("JSON") {
                Push::News { rows } => rows,
                other => panic!("{other:?}"),
            });
        assert_eq!(came.collect::<Vec<_>>(), rows);
    }
}
