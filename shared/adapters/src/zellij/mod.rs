//! Zellij: its panes as they are, panes that it is to open, and what its plugins are told.
//!
//! Measured with version 0.45.1. Nothing here decides what is opened; commands are written as the
//! engine says, waiting unless it says otherwise.

mod call;
mod dump;
mod files;
mod kdl;
mod listing;
mod plugins;
mod sessions;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use convosync_core::{Label, Size, Tab};
use convosync_engine::Cancel;
use convosync_engine::ports::{NewPane, PaneEnv, Panes, PanesError, Screen};

use call::Zellij;
use dump::Dump;
use files::Files;

pub use plugins::ZellijPlugins;

/// The variable that names the session that a pane is in.
const SESSION: &str = "ZELLIJ_SESSION_NAME";

/// The panes of Zellij.
#[derive(Debug, Clone)]
pub struct ZellijPanes {
    folder: PathBuf,
    cancel: Cancel,
}

impl ZellijPanes {
    /// `folder`: where layouts are written for Zellij to read, private, as
    /// [`ScratchDir`](crate::ScratchDir) makes and sweeps it.
    #[must_use]
    pub fn new(folder: PathBuf, cancel: Cancel) -> Self {
        Self { folder, cancel }
    }

    /// Zellij, about the session that the caller is in.
    fn here<'a>(&'a self, env: &'a PaneEnv) -> Result<Zellij<'a>, PanesError> {
        let session = session_of(env).ok_or_else(|| PanesError {
            what: "could not ask Zellij".to_owned(),
            reason: "this is no pane of it".to_owned(),
        })?;
        Ok(Zellij::find(env, &self.cancel)?.about(session))
    }

    /// What is around the panes of a new tab here (bars, and the sidebar), and the terminal's size.
    /// Without it tabs have no bars and other proportions, and are tabs all the same.
    fn surroundings(zellij: &Zellij<'_>) -> (Option<kdl::Frame>, Option<Size>) {
        let what = "ask for the layout";
        let dump = zellij.ask(what, &["dump-layout"]).ok();
        let tabs = zellij.ask(what, &["list-tabs", "--all", "--json"]).ok();
        let frame = dump.as_deref().and_then(kdl::Frame::of);
        (frame, tabs.as_deref().and_then(listing::size))
    }
}

fn session_of(env: &PaneEnv) -> Option<&str> {
    env.get(SESSION).map(String::as_str).filter(|session| !session.is_empty())
}

impl Panes for ZellijPanes {
    fn look(&self, env: &PaneEnv) -> Result<Option<Screen>, PanesError> {
        let Some(session) = session_of(env) else { return Ok(None) };
        let zellij = Zellij::find(env, &self.cancel)?.about(session);
        let ask = |args: &'static [&'static str]| zellij.ask("ask for the panes", args);
        let (panes, tabs, dump) = std::thread::scope(|scope| {
            let tabs = scope.spawn(|| ask(&["list-tabs", "--all", "--json"]));
            let dump = scope.spawn(|| ask(&["dump-layout"]));
            let panes = ask(&["list-panes", "--all", "--json"]);
            (panes, tabs.join(), dump.join())
        });
        let gone = |_| zellij.failed("ask for the panes", "it was interrupted");
        let (panes, tabs) = (panes?, tabs.map_err(gone)??);
        // It adds names and the bounds of words; the panes are known without.
        let dump = dump.ok().and_then(Result::ok).map(|text| Dump::parse(&text));
        let home = env.get("HOME").map(Path::new);
        let tabs = listing::tabs(&panes, &tabs, dump.unwrap_or_default(), home)
            .map_err(|reason| zellij.failed("understand its panes", &reason))?;
        Ok(Some(Screen { session: session.to_owned(), tabs }))
    }

    fn text(&self, env: &PaneEnv, pane: u32) -> Result<String, PanesError> {
        let pane = format!("terminal_{pane}");
        let args = ["dump-screen", "--full", "--ansi", "--pane-id", &pane];
        self.here(env)?.action("read the text of a pane", &args)
    }

    fn open(&self, env: &PaneEnv, tabs: &[Tab<NewPane>]) -> Result<Vec<u64>, PanesError> {
        let zellij = self.here(env)?;
        let (frame, here) = Self::surroundings(&zellij);
        let mut ids = Vec::new();
        // One call each: only of the first of several tabs Zellij tells the number.
        for tab in tabs {
            let mut files = Files::in_folder(&self.folder);
            let layout = files.layout(std::slice::from_ref(tab), frame.as_ref(), here)?;
            let mut args = vec!["new-tab", "--layout", &layout];
            args.extend((!tab.focused).then_some("--no-focus"));
            let id = zellij.action("open a tab", &args)?;
            ids.extend(id.trim().parse::<u64>().ok());
        }
        Ok(ids)
    }

    fn replace(&self, env: &PaneEnv, tab: &Tab<NewPane>) -> Result<(), PanesError> {
        let zellij = self.here(env)?;
        let (frame, here) = Self::surroundings(&zellij);
        let mut files = Files::in_folder(&self.folder);
        let layout = files.layout(std::slice::from_ref(tab), frame.as_ref(), here)?;
        let args = ["override-layout", "--apply-only-to-active-tab", &layout];
        let what = "open the panes in this tab";
        zellij.action(what, &args)?;
        // Zellij takes the client whose key was pressed last; without one it does nothing, and says so
        // in its log alone.
        let tabs = zellij.ask(what, &["list-tabs", "--all", "--json"])?;
        let called = tab.name.as_ref().is_none_or(|name| {
            listing::shown_name(&tabs).as_deref().and_then(Label::of).as_ref() == Some(name)
        });
        match called {
            true => Ok(()),
            false => Err(zellij.failed(what, "no key was pressed in this terminal yet")),
        }
    }

    fn focus(&self, env: &PaneEnv, tab: u64) -> Result<(), PanesError> {
        let args = ["go-to-tab-by-id", &tab.to_string()];
        self.here(env)?.action("go to a tab", &args).map(drop)
    }

    fn switch(&self, env: &PaneEnv, name: &str, tabs: &[Tab<NewPane>]) -> Result<bool, PanesError> {
        let zellij = self.here(env)?;
        let sessions = zellij.sessions()?;
        let go = "go to a session";
        if sessions.is_running(name) {
            zellij.action(go, &["switch-session", name])?;
            return Ok(false);
        }
        let name = sessions.free(name);
        let mut files = Files::in_folder(&self.folder);
        let (frame, here) = Self::surroundings(&zellij);
        let layout = files.layout(tabs, frame.as_ref(), here)?;
        zellij.action(go, &["switch-session", &name, "--layout", &layout])?;
        // The new session reads them by itself, at some time.
        files.leave();
        Ok(true)
    }

    fn start(
        &self,
        env: &PaneEnv,
        name: &str,
        tabs: &[Tab<NewPane>],
    ) -> Result<Vec<String>, PanesError> {
        let zellij = Zellij::find(env, &self.cancel)?;
        let sessions = zellij.sessions()?;
        let program = zellij.program();
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        if sessions.is_running(name) {
            return Ok(words(&[program, "attach", name]));
        }
        let name = sessions.free(name);
        let mut files = Files::in_folder(&self.folder);
        let layout = files.layout(tabs, zellij.default_frame().as_ref(), None)?;
        files.leave();
        Ok(words(&[program, "--session", &name, "--new-session-with-layout", &layout]))
    }

    fn has_program(&self, env: &PaneEnv, program: &str, directory: &Path) -> bool {
        which::which_in(program, env.get("PATH"), directory).is_ok()
    }
}
