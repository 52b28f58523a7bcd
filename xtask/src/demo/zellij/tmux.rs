//! A terminal for a program: tmux with a server of its own, gone when dropped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::run::{self, Failed};

/// The longest that a program may take to show something.
const PATIENCE: Duration = Duration::from_secs(90);

/// Columns and rows.
pub(super) const SIZE: (usize, usize) = (110, 32);

pub(super) struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// Starts a program with all that is set in `command`.
    pub(super) fn start(socket: PathBuf, command: &Command) -> Result<Self, Failed> {
        let terminal = Self { socket };
        let mut tmux = terminal.tmux();
        tmux.env_clear();
        for (name, value) in command.get_envs() {
            tmux.envs(value.map(|value| (name, value)));
        }
        let (columns, rows) = (SIZE.0.to_string(), SIZE.1.to_string());
        tmux.args(["new-session", "-d", "-x", &columns, "-y", &rows]);
        if let Some(directory) = command.get_current_dir() {
            tmux.arg("-c").arg(directory);
        }
        // Zellij is not to know what it is shown by.
        tmux.args(["--", "env", "-u", "TMUX", "-u", "TMUX_PANE"]);
        tmux.arg(command.get_program()).args(command.get_args());
        run::output(&mut tmux).map_err(|failed| {
            if run::output(Command::new("tmux").arg("-V")).is_ok() {
                return failed;
            }
            Failed::new("tmux is missing, which shows Zellij's screen here").help("install tmux")
        })?;
        Ok(terminal)
    }

    /// Presses keys by tmux's names for them.
    pub(super) fn press(&self, keys: &[&str]) -> Result<(), Failed> {
        run::output(self.tmux().arg("send-keys").args(keys)).map(drop)
    }

    pub(super) fn type_text(&self, text: &str) -> Result<(), Failed> {
        run::output(self.tmux().args(["send-keys", "-l", "--", text])).map(drop)
    }

    pub(super) fn screen(&self) -> Result<String, Failed> {
        run::output(self.tmux().args(["capture-pane", "-p"]))
    }

    /// Waits until the screen holds one of the texts, and gives the screen.
    pub(super) fn wait_for(&self, texts: &[&str]) -> Result<String, Failed> {
        let start = Instant::now();
        loop {
            let screen = self.screen()?;
            if texts.iter().any(|text| screen.contains(text)) {
                return Ok(screen);
            }
            if start.elapsed() > PATIENCE {
                let wanted = texts.join("` or `");
                return Err(
                    Failed::new(format!("`{wanted}` is not shown in {PATIENCE:?}")).help(screen)
                );
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.args(["-u", "-f", "/dev/null", "-S"]).arg(&self.socket).env_remove("TMUX");
        tmux
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = run::finished(self.tmux().arg("kill-server"));
    }
}

/// Two screens beside each other, each under its name.
pub(super) fn side_by_side(screens: [(&str, &str); 2]) -> String {
    let [left, right] = screens.map(|(name, screen)| {
        let mut lines = vec![name.to_owned(), "─".repeat(SIZE.0)];
        lines.extend(screen.lines().map(str::to_owned));
        lines
    });
    let rows = left.len().max(right.len());
    let line = |lines: &[String], at: usize| lines.get(at).cloned().unwrap_or_default();
    let mut out = String::new();
    for at in 0..rows {
        let (left, right) = (line(&left, at), line(&right, at));
        let blanks = " ".repeat(SIZE.0.saturating_sub(left.chars().count()));
        out.push_str(format!("{left}{blanks} ┃ {right}").trim_end());
        out.push('\n');
    }
    out
}

/// A folder for sockets: their paths end at 108 bytes.
pub(super) fn socket_folder(scratch: &Path, name: &str) -> PathBuf {
    scratch.join(format!("{}z", &name[..1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_stand_beside_each_other() {
        let both = side_by_side([("a", "one\ntwö"), ("b", "1")]);
        let lines: Vec<_> = both.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[2].starts_with("one ") && lines[2].ends_with(" ┃ 1"), "{both}");
        let columns = |line: &str| line.chars().take_while(|c| *c != '┃').count();
        assert_eq!(columns(lines[2]), columns(lines[3]), "{both}");
    }
}
