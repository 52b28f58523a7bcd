//! A terminal that a test types into and reads: tmux with a server of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use convosync_adapters::{Process, Processes, SystemProcesses};
use tempfile::TempDir;

/// The longest that a program may take to show something.
const PATIENCE: Duration = Duration::from_secs(40);

/// A terminal, of 120 x 50 unless asked otherwise, with one program in it; gone when dropped.
pub struct Terminal {
    folder: TempDir,
}

impl Terminal {
    /// Starts `command` (as a shell reads it) in a directory with these variables and no others.
    ///
    /// # Panics
    ///
    /// If tmux is not installed.
    #[must_use]
    pub fn start(directory: &Path, env: &BTreeMap<String, String>, command: &str) -> Self {
        Self::of_size((120, 50), directory, env, command)
    }

    /// The same, with as many columns and rows as are asked for.
    ///
    /// # Panics
    ///
    /// If tmux is not installed.
    #[must_use]
    pub fn of_size(
        (columns, rows): (u16, u16),
        directory: &Path,
        env: &BTreeMap<String, String>,
        command: &str,
    ) -> Self {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let terminal = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let mut tmux = terminal.tmux();
        tmux.env_clear().envs(env).env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
        tmux.args(["new-session", "-d", "-x", &columns, "-y", &rows, "-c"]).arg(directory);
        // What the program said last stays on the screen.
        tmux.arg(command).args([";", "set-option", "-g", "remain-on-exit", "on"]);
        let output = tmux.output().expect("tmux is installed");
        assert!(output.status.success(), "tmux: {}", String::from_utf8_lossy(&output.stderr));
        terminal
    }

    /// Presses keys by tmux's names for them: `Enter`, `Down`, `C-c`, `Escape`.
    pub fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    /// Types text as it is.
    pub fn type_text(&self, text: &str) {
        self.run(&["send-keys", "-l", "--", text]);
    }

    /// What can be read now, without blanks at line ends.
    #[must_use]
    pub fn screen(&self) -> String {
        let output = self.run(&["capture-pane", "-p"]);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// The same with the colours in it, as escape sequences.
    #[must_use]
    pub fn colours(&self) -> String {
        let output = self.run(&["capture-pane", "-p", "-e"]);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Makes it as large as a window that was pulled to that size.
    pub fn resize(&self, (columns, rows): (u16, u16)) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.run(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Presses the mouse's left button on a cell, counted from 0, in a program that reads the mouse.
    pub fn click(&self, column: usize, row: usize) {
        let (column, row) = (column + 1, row + 1);
        self.type_text(&format!("\u{1b}[<0;{column};{row}M\u{1b}[<0;{column};{row}m"));
    }

    /// Waits until the screen holds `text`, and gives the screen.
    ///
    /// # Panics
    ///
    /// If it does not within 40 s; the message shows the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits until the screen is as wanted, and gives it.
    ///
    /// # Panics
    ///
    /// If it is not within 40 s; the message shows the screen.
    #[track_caller]
    pub fn wait_until(&self, what: &str, is_wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is_wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "waited in vain for `{what}`; the screen:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the screen holds `text` and has not changed for half a second: programs that
    /// draw themselves anew while they start lose keys that come too early.
    ///
    /// # Panics
    ///
    /// As [`Terminal::wait_for`].
    #[track_caller]
    pub fn wait_for_calm(&self, text: &str) -> String {
        let mut last = self.wait_for(text);
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let now = self.wait_for(text);
            if now == last {
                return now;
            }
            last = now;
        }
    }

    /// The id of the program's process.
    ///
    /// # Panics
    ///
    /// If there is no terminal any more.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let output = self.run(&["display-message", "-p", "#{pane_pid}"]);
        parse_pid(&output).expect("tmux tells the process id")
    }

    /// Waits until the program has ended.
    ///
    /// # Panics
    ///
    /// If it does not within 40 s.
    #[track_caller]
    pub fn wait_for_end(&self) {
        assert!(ends(self.pid()), "it does not end; the screen:\n{}", self.screen());
    }

    fn run(&self, args: &[&str]) -> Output {
        let output = self.try_run(args).expect("tmux is installed");
        assert!(output.status.success(), "tmux: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn try_run(&self, args: &[&str]) -> std::io::Result<Output> {
        self.tmux().args(args).output()
    }

    fn tmux(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.args(["-u", "-f", "/dev/null", "-S"]).arg(self.folder.path().join("s"));
        tmux.env_remove("TMUX");
        tmux
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let pid = self.try_run(&["display-message", "-p", "#{pane_pid}"]);
        let pid = pid.ok().and_then(|output| parse_pid(&output));
        let _ = self.try_run(&["kill-server"]);
        // The program is told that its terminal is gone, and may have something to put away.
        if let Some(pid) = pid
            && !ends(pid)
        {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
    }
}

fn parse_pid(output: &Output) -> Option<u32> {
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Waits for the end of a process.
fn ends(pid: u32) -> bool {
    let end = Instant::now() + PATIENCE;
    while SystemProcesses.look(pid) != Process::Gone {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
