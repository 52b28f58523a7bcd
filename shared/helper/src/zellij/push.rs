//! Tells the plugin inside a Zellij session something of its own accord: `zellij pipe`.

use std::io::{self, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use convosync_wire::SessionRow;
use convosync_wire::zellij::{MOST_BYTES, Push, pipe};
use serde::{Deserialize, Serialize};

use crate::surroundings::Env;

/// A plugin that waits for its permissions lets a message hang (ran with 0.45.1): it is not waited
/// for. What it did not get it asks for when it begins.
const LIMIT: Duration = Duration::from_secs(5);

/// How often it is looked whether `zellij` has ended. A message takes 0.1 s.
const GLANCE: Duration = Duration::from_millis(20);

/// What tells Zellij where the sockets of its sessions are, and where it is itself.
const WHERE: [&str; 6] =
    ["ZELLIJ_SOCKET_DIR", "XDG_RUNTIME_DIR", "TMPDIR", "PATH", "HOME", "ZELLIJ_CONFIG_DIR"];

/// One Zellij session that is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Speaker {
    /// Its name.
    session: String,
    /// The variables that lead to it.
    env: Env,
}

impl Speaker {
    /// Speaks to the session of that name, found as by whoever has this environment.
    pub(crate) fn new(session: &str, env: &Env) -> Self {
        let known = |name: &&str| Some(((*name).to_owned(), env.get(*name)?.clone()));
        let env = WHERE.iter().filter_map(known).collect();
        Self { session: session.to_owned(), env }
    }

    /// The session's name.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// Hands the plugin a message, in several where it is too long for one. True: Zellij took it;
    /// whether a plugin listens nobody tells.
    pub(crate) fn push(&self, push: &Push) -> bool {
        lines(push).iter().all(|line| self.say(line).unwrap_or(false))
    }

    /// The message goes by standard input: everybody on the machine can read arguments.
    fn say(&self, line: &str) -> io::Result<bool> {
        let mut command = Command::new("zellij");
        command.args(["--session", &self.session, "pipe", "--name", pipe::PUSH]);
        command.env_clear().envs(&self.env).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let mut input = child.stdin.take().expect("it was asked for");
        let line = format!("{line}\n");
        // Who does not read is ended below; then the pipe breaks, and so does this.
        let writing = std::thread::spawn(move || input.write_all(line.as_bytes()));
        let ended = end_of(&mut child);
        let _ = writing.join();
        ended
    }
}

/// Whether the child ended well, and in time.
fn end_of(child: &mut Child) -> io::Result<bool> {
    let until = Instant::now() + LIMIT;
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status.success()),
            None if Instant::now() < until => std::thread::sleep(GLANCE),
            None => {
                child.kill()?;
                child.wait()?;
                return Ok(false);
            }
        }
    }
}

/// The message as JSON, in pieces that the plugin has room for. A row that has no room alone is left
/// out: the plugin asks for the list anyway.
fn lines(push: &Push) -> Vec<String> {
    let Push::News { rows } = push else {
        return Vec::from([json(push)])
            .into_iter()
            .filter(|line| line.len() < MOST_BYTES)
            .collect();
    };
    let mut lines = Vec::new();
    let (mut page, mut room) = (Vec::new(), MOST_BYTES / 2);
    for row in rows {
        let size = serde_json::to_string(row).map_or(MOST_BYTES, |text| text.len() + 1);
        if size > room && !page.is_empty() {
            lines.push(news(&mut page));
            room = MOST_BYTES / 2;
        }
        if size <= room {
            room -= size;
            page.push(row.clone());
        }
    }
    if !page.is_empty() {
        lines.push(news(&mut page));
    }
    lines
}

fn news(rows: &mut Vec<SessionRow>) -> String {
    json(&Push::News { rows: std::mem::take(rows) })
}

fn json(push: &Push) -> String {
    serde_json::to_string(push).expect("what is pushed has text keys only")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use convosync_wire::zellij::Watching;

    /// A `zellij` that does this.
    fn speaker(folder: &Path, script: &str) -> Speaker {
        let program = folder.join("zellij");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let env = [("PATH", path.as_str()), ("OUT", "not handed on"), ("TMPDIR", "/t")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Speaker::new("my session", &env.into_iter().collect())
    }

    #[test]
    fn a_message_goes_by_standard_input_to_the_session_and_to_no_plugin_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let script = format!("(echo \"$@\"; cat; echo $TMPDIR$OUT) > {}", out.display());
        let pushed = speaker(folder.path(), &script).push(&Push::Watch(Watching::Well));
        assert!(pushed);
        assert_eq!(
            fs::read_to_string(out).expect("it was called"),
            "--session my session pipe --name convosync-push\n\
             {\"push\":\"watch\",\"data\":{\"state\":\"well\"}}\n/t\n"
        );
    }

    #[test]
    fn where_there_is_no_session_or_no_zellij_nothing_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!speaker(folder.path(), "exit 1").push(&Push::Changed));
        let nowhere =
            Env::from([("PATH".to_owned(), folder.path().join("x").display().to_string())]);
        assert!(!Speaker::new("s", &nowhere).push(&Push::Changed));
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
    fn many_rows_come_in_pieces_and_one_that_is_too_big_is_left_out() {
        let mut rows: Vec<_> =
            (0..400).map(|at| row(format!("{at} {}", "x".repeat(1000)))).collect();
        rows.insert(7, row("y".repeat(MOST_BYTES)));
        let lines = lines(&Push::News { rows });
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= MOST_BYTES));
        let came = lines.iter().map(|line| match serde_json::from_str(line).expect("JSON") {
            Push::News { rows } => rows.len(),
            other => panic!("{other:?}"),
        });
        assert_eq!(came.sum::<usize>(), 400);
    }
}
