//! The real Zellij on a device: files, sockets and servers of its own, in a terminal that is typed
//! into and read.

mod pane;
mod processes;
mod session;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use convosync_wire::zellij::PERMISSIONS;
use tempfile::TempDir;

use crate::{Device, helper, text, tool, zellij_plugin};
pub use pane::Pane;
pub use session::Session;

/// The longest that one call of `zellij` may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// As much of Zellij's log as is shown of a test that fails.
const LAST_LINES: usize = 60;

/// What every session is configured with: nothing that tests do not wait for.
const CONFIG: &str = "show_startup_tips false\nshow_release_notes false\n";

/// Zellij for one device. Its servers, and all that runs in their panes, end when it is dropped.
pub struct Zellij {
    /// Sockets and log; short, since a socket's path ends at 108 bytes.
    folder: TempDir,
    home: PathBuf,
    directory: PathBuf,
    env: BTreeMap<String, String>,
    started: RefCell<Vec<String>>,
}

impl Zellij {
    /// Makes what Zellij needs in the home of `device`, and starts nothing yet.
    ///
    /// Panes find `zellij`, `convosync`, and all that the caller's PATH has.
    ///
    /// # Panics
    ///
    /// If Zellij is not there (see [`tool`]), or its files can't be made.
    #[must_use]
    pub fn on(device: &Device) -> Self {
        let folder = tempfile::Builder::new().prefix("z").tempdir().expect("a temporary folder");
        let mut env = device.env();
        let bin = device.home.join("bin");
        let own = [
            ("PATH", format!("{}:{}", text(&bin), env["PATH"])),
            ("TERM", "xterm-256color".to_owned()),
            ("ZELLIJ_SOCKET_DIR", text(&folder.path().join("s"))),
            ("TMPDIR", text(&folder.path().join("t"))),
        ];
        env.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let (home, directory) = (device.home.clone(), device.work_tree.clone());
        let zellij = Self { folder, home, directory, env, started: RefCell::default() };
        zellij.make_files(&bin);
        zellij
    }

    fn make_files(&self, bin: &Path) {
        for folder in [bin, &self.config_dir(), &self.folder.path().join("t")] {
            fs::create_dir_all(folder).expect("a folder");
        }
        for (program, name) in [(tool("zellij"), "zellij"), (helper(), "convosync")] {
            // It may be there of another Zellij on the same device.
            let _ = fs::remove_file(bin.join(name));
            symlink(program, bin.join(name)).expect("a link to a program");
        }
        fs::write(self.home.join(".bashrc"), "PS1='$ '\n").expect("a file for bash");
        fs::write(self.config_dir().join("config.kdl"), CONFIG).expect("a configuration");
    }

    /// The folder with its configuration.
    #[must_use]
    pub fn config_dir(&self) -> PathBuf {
        self.home.join(".config/zellij")
    }

    /// All variables that it runs with.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Sets one more variable for what is started from now on.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// Adds to its configuration; sessions that run do not see it.
    ///
    /// # Panics
    ///
    /// If it can't be written.
    pub fn configure(&self, more: &str) {
        let file = self.config_dir().join("config.kdl");
        let before = fs::read_to_string(&file).expect("a configuration");
        fs::write(&file, before + more).expect("a configuration");
    }

    /// Puts a script in the place of the helper that panes and plugin find.
    ///
    /// # Panics
    ///
    /// If it can't be written.
    pub fn replace_helper(&self, script: &str) {
        let place = self.home.join("bin/convosync");
        self.remove_helper();
        let made = place.with_extension("new");
        fs::write(&made, script).expect("a script");
        fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).expect("a program");
        fs::rename(made, place).expect("it comes at once");
    }

    /// Puts the real helper back in its place.
    ///
    /// # Panics
    ///
    /// If it can't be linked.
    pub fn restore_helper(&self) {
        let place = self.home.join("bin/convosync");
        // It may have been removed.
        let _ = fs::remove_file(&place);
        symlink(helper(), place).expect("a link to a program");
    }

    /// Leaves no helper for panes and plugin to find.
    ///
    /// # Panics
    ///
    /// If it can't be taken away.
    pub fn remove_helper(&self) {
        fs::remove_file(self.home.join("bin/convosync")).expect("the link or script was there");
    }

    /// Zellij for a device with the plugin, whose question was answered.
    ///
    /// # Panics
    ///
    /// As [`Zellij::on`] and [`Zellij::install_plugin`].
    #[must_use]
    pub fn with_plugin(device: &Device) -> Self {
        let zellij = Self::on(device);
        zellij.install_plugin();
        zellij.grant(&zellij.plugin());
        zellij
    }

    /// Puts the plugin, the layouts and the configuration where `cargo xtask install` puts them.
    ///
    /// # Panics
    ///
    /// If the plugin is not built, or they can't be written.
    pub fn install_plugin(&self) {
        let place = self.plugin();
        for folder in ["plugins", "layouts"] {
            fs::create_dir_all(self.config_dir().join(folder)).expect("a folder");
        }
        fs::copy(zellij_plugin(), &place).expect("a copy of the plugin");
        self.configure(&self.placed("zellij/convosync.kdl"));
        for layout in ["layouts/convosync.kdl", "layouts/convosync-review.kdl"] {
            fs::write(self.config_dir().join(layout), self.placed(layout)).expect("a layout");
        }
    }

    /// Where the plugin is once it is installed.
    #[must_use]
    pub fn plugin(&self) -> PathBuf {
        self.config_dir().join("plugins/convosync.wasm")
    }

    /// A file of this repository with the plugin's true place in it.
    fn placed(&self, path: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root");
        let file = fs::read_to_string(root.join(path)).expect("it is in the repository");
        file.replace("~/.config/zellij/plugins/convosync.wasm", &text(&self.plugin()))
    }

    /// The installed layout with the column, beginning with this tab.
    ///
    /// # Panics
    ///
    /// If the layout does not end with a tab.
    #[must_use]
    pub fn with_column(&self, tab: &str) -> String {
        let layout = self.placed("layouts/convosync.kdl");
        let start = layout.rfind("    tab {").expect("it begins with a tab");
        format!("{}{tab}}}\n", &layout[..start])
    }

    /// Grants a plugin all that ours asks for, as if its question had been answered.
    ///
    /// # Panics
    ///
    /// If that can't be written.
    pub fn grant(&self, plugin: &Path) {
        let folder = self.home.join(".cache/zellij");
        fs::create_dir_all(&folder).expect("a folder");
        let granted = PERMISSIONS.map(|name| format!("    {name}\n")).concat();
        let text = format!("{:?} {{\n{granted}}}\n", text(plugin));
        fs::write(folder.join("permissions.kdl"), text).expect("a file");
    }

    /// Starts a session with this layout in a terminal of 120 x 40, and waits until it is there.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    #[track_caller]
    pub fn start(&self, name: &str, layout: &str) -> Session<'_> {
        self.start_sized(name, layout, (120, 40))
    }

    /// Starts a session with the installed layout: the column, and one terminal in a tab `work`.
    ///
    /// # Panics
    ///
    /// As [`Zellij::start`].
    #[must_use]
    #[track_caller]
    pub fn start_with_column(&self, name: &str) -> Session<'_> {
        self.start(name, &self.with_column("    tab name=\"work\" {\n        pane\n    }\n"))
    }

    /// The same in a terminal with as many columns and rows as are asked for.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    #[track_caller]
    pub fn start_sized(&self, name: &str, layout: &str, size: (u16, u16)) -> Session<'_> {
        let file = self.folder.path().join(format!("{name}.kdl"));
        fs::write(&file, layout).expect("a layout");
        self.open(
            name,
            &format!("--session {name} --new-session-with-layout '{}'", text(&file)),
            size,
        )
    }

    /// A session that something else has started or will start: a terminal that runs `zellij` with
    /// these arguments, as a shell reads them.
    ///
    /// # Panics
    ///
    /// If no session of that name starts.
    #[must_use]
    #[track_caller]
    pub fn open(&self, name: &str, arguments: &str, size: (u16, u16)) -> Session<'_> {
        self.started.borrow_mut().push(name.to_owned());
        Session::open(self, name, arguments, size)
    }

    /// Runs `zellij` outside of every session.
    ///
    /// # Panics
    ///
    /// If it does not end within 40 s.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Output {
        let output = self.run_for(PATIENCE, args);
        output.unwrap_or_else(|| panic!("`zellij {}` does not end", args.join(" ")))
    }

    /// The same for so long; none if it had to be stopped.
    fn run_for(&self, limit: Duration, args: &[&str]) -> Option<Output> {
        let child = self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.expect("zellij starts");
        let pid = child.id();
        let (told, ends) = mpsc::channel();
        std::thread::spawn(move || told.send(child.wait_with_output()));
        match ends.recv_timeout(limit) {
            Ok(output) => Some(output.expect("zellij ends")),
            Err(_) => {
                processes::kill(pid);
                None
            }
        }
    }

    /// The names of the sessions that run.
    ///
    /// # Panics
    ///
    /// As [`Zellij::run`].
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let output = self.run(&["list-sessions", "--no-formatting"]);
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let alive = lines.lines().filter(|line| !line.contains("EXITED"));
        alive.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
    }

    /// The sessions whose servers listen, without asking one: a server that is asked before its
    /// session is ready ends.
    #[must_use]
    pub fn listening(&self) -> Vec<String> {
        let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let folders = below(Path::new(self.socket_dir())).map(|entry| entry.path());
        let sockets = folders.flat_map(|folder| below(&folder).collect::<Vec<_>>());
        let sockets = sockets.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_socket()));
        sockets.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(tool("zellij"));
        command.args(args).env_clear().envs(&self.env).current_dir(&self.directory);
        command.stdin(Stdio::null());
        command
    }

    fn socket_dir(&self) -> &str {
        &self.env["ZELLIJ_SOCKET_DIR"]
    }
}

impl Zellij {
    /// The last of what Zellij noted for itself.
    fn end_of_log(&self) -> String {
        let below = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
        let logs = below(self.folder.path().join("t")).map(|entry| entry.path());
        let logs = logs.map(|folder| folder.join("zellij-log/zellij.log"));
        let logs: String = logs.filter_map(|log| fs::read_to_string(log).ok()).collect();
        let lines: Vec<_> = logs.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }
}

impl Drop for Zellij {
    #[allow(clippy::print_stderr, reason = "what a failed test is understood by")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Zellij's log ends with\n{}", self.end_of_log());
        }
        for name in self.started.take() {
            // Also what Zellij keeps to bring a session back by: the next one has the same name.
            let _ = self.command(&["delete-session", "--force", &name]).output();
        }
        // A server that hangs, and what its panes have left running, are known by the socket's folder.
        processes::end_all_with("ZELLIJ_SOCKET_DIR", self.socket_dir());
    }
}
