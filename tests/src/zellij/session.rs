//! A session of Zellij with a terminal that shows it.

use std::ops::Deref;
use std::time::{Duration, Instant};

use super::{PATIENCE, Pane, Zellij, processes};
use crate::{Terminal, told, tool};

/// How long Zellij may take to tell its panes; a caller that it forgot waits for ever (0.45.1).
const QUESTION: Duration = Duration::from_secs(10);

/// A session, and the terminal that is attached to it: what is typed and seen there is [`Terminal`]'s.
pub struct Session<'z> {
    zellij: &'z Zellij,
    name: String,
    terminal: Terminal,
}

impl<'z> Session<'z> {
    #[track_caller]
    pub(super) fn open(zellij: &'z Zellij, name: &str, arguments: &str, size: (u16, u16)) -> Self {
        // Zellij in tmux is what the harness is, and nothing that it may know.
        let command = format!(
            "exec env -u TMUX -u TMUX_PANE SHELL=/bin/bash '{}' {arguments}",
            tool("zellij").display()
        );
        let terminal = Terminal::of_size(size, &zellij.directory, &zellij.env, &command);
        // A call that comes before the session is made ends the server (0.45.1).
        terminal.wait_until("a first screen", |screen| !screen.is_empty());
        let session = Self { zellij, name: name.to_owned(), terminal };
        let _ = session.terminals();
        session
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id of its server.
    ///
    /// # Panics
    ///
    /// If none runs.
    #[must_use]
    #[track_caller]
    pub fn server(&self) -> u32 {
        processes::server_of(self.zellij.socket_dir(), &self.name).expect("its server runs")
    }

    /// What `zellij action` prints, which has to succeed.
    ///
    /// # Panics
    ///
    /// If it does not; the message shows what it said.
    #[track_caller]
    pub fn action(&self, args: &[&str]) -> String {
        self.call(&[&["action"], args].concat()).trim_end().to_owned()
    }

    /// A call of `zellij` about the session. Zellij does not find it now and then while others call
    /// too, and has done nothing then (0.45.1).
    #[track_caller]
    fn call(&self, args: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let output = self.zellij.run(&[&["--session", &self.name], args].concat());
            if output.status.success() {
                return String::from_utf8_lossy(&output.stdout).into_owned();
            }
            let told = told(&output);
            let missed = ["no active session", "The following sessions are active"];
            let missed = missed.iter().any(|why| told.contains(why));
            assert!(missed && Instant::now() < end, "{args:?}\n{told}");
        }
    }

    /// What a plugin answers to `zellij pipe` with these arguments.
    ///
    /// # Panics
    ///
    /// If it does not end within 40 s, as when the plugin was granted nothing, or fails.
    #[track_caller]
    pub fn pipe(&self, args: &[&str]) -> String {
        self.call(&[&["pipe"], args].concat())
    }

    /// All panes of all tabs, also those that show nothing; none if Zellij does not say.
    #[must_use]
    pub fn panes(&self) -> Vec<Pane> {
        let listing = ["--session", &self.name, "action", "list-panes", "--all", "--json"];
        let told = self.zellij.run_for(QUESTION, &listing).map(|output| output.stdout);
        Pane::all(&String::from_utf8_lossy(&told.unwrap_or_default()))
    }

    /// The terminals of all tabs; there is always one.
    #[must_use]
    #[track_caller]
    pub fn terminals(&self) -> Vec<Pane> {
        let panes = self.wait_for_panes("a terminal", |panes| panes.iter().any(Pane::is_terminal));
        panes.into_iter().filter(Pane::is_terminal).collect()
    }

    /// Waits until the panes are as wanted, and gives them.
    ///
    /// # Panics
    ///
    /// If they are not within 40 s; the message shows them and the screen.
    #[track_caller]
    pub fn wait_for_panes(&self, what: &str, are_wanted: impl Fn(&[Pane]) -> bool) -> Vec<Pane> {
        let end = Instant::now() + PATIENCE;
        loop {
            let panes = self.panes();
            if are_wanted(&panes) {
                return panes;
            }
            let screen = || self.terminal.screen();
            assert!(Instant::now() < end, "waited in vain for {what}: {panes:#?}\n{}", screen());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Goes to the column of the tab in front. Keys go there once Zellij has moved the focus.
    ///
    /// # Panics
    ///
    /// If it has none, or the focus stays.
    #[track_caller]
    pub fn go_to_column(&self) {
        self.press(&["M-c"]);
        self.wait_for_panes("the focus in the column", |panes| {
            panes.iter().any(|pane| pane.is_plugin() && pane.field("is_focused") == true)
        });
    }

    /// The whole text of a pane, with what has left its top.
    #[must_use]
    #[track_caller]
    pub fn text_of(&self, pane: &Pane) -> String {
        self.action(&["dump-screen", "--full", "--pane-id", &pane.id()])
    }
}

impl Deref for Session<'_> {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}
