//! Zellij: its panes as they are, panes that it is to open, and what its plugins are told.
//!
//! Measured with version 0.45.1. Nothing here decides what is opened; commands are written as the
//! engine says, waiting unless it says otherwise.

mod call;
mod dump;
mod files;
mod kdl;
mod listing;
mod look;
mod plugins;
mod sessions;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use convosync_core::{Label, Size, Tab};
use convosync_engine::Cancel;
use convosync_engine::ports::{NewPane, PaneEnv, Panes, PanesError, Screen};

use call::Zellij;
use files::Files;
use listing::Tabs;

pub use plugins::ZellijPlugins;

/// How long Zellij may take until it shows that it did what it was told to.
const PROOF: Duration = Duration::from_secs(3);

#[cfg(fuzzing)]
pub(crate) fn written(tabs: &[Tab<NewPane>], here: Option<Size>) -> String {
    kdl::layout(tabs, None, here, &mut |_| None)
}

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
}

/// Why Zellij does nothing, and says that it went well.
const NO_KEY: &str = "no key was pressed in this terminal yet";

/// The session that new tabs come into, as far as it can be told: without it tabs have no bars and
/// other proportions, and are tabs all the same.
#[derive(Default)]
struct Around {
    /// What is around the panes of a new tab: bars, and the sidebar.
    frame: Option<kdl::Frame>,
    /// The terminal's.
    size: Option<Size>,
    /// None: it was not told which there are.
    tabs: Option<Vec<u64>>,
}

impl Around {
    fn of(zellij: &Zellij<'_>) -> Self {
        let what = "ask for the layout";
        let dump = zellij.ask(what, &["dump-layout"]).ok();
        let frame = dump.as_deref().and_then(kdl::Frame::of);
        let tabs = tabs_of(zellij, what).ok();
        let size = tabs.as_ref().and_then(Tabs::size);
        Self { frame, size, tabs: tabs.map(|tabs| tabs.ids().collect()) }
    }

    /// The tab that is here now and was not before; none where that is not known: any other is
    /// somebody else's. Zellij does not tell its number when it took more than a second to open it.
    fn newest(&self, zellij: &Zellij<'_>) -> Option<u64> {
        let before = self.tabs.as_ref()?;
        let newest = || {
            let tabs = tabs_of(zellij, "ask for the new tab").ok()?;
            tabs.ids().filter(|id| !before.contains(id)).max()
        };
        zellij.until(call::LIMIT, newest)
    }
}

fn tabs_of(zellij: &Zellij<'_>, what: &str) -> Result<Tabs, PanesError> {
    let tabs = zellij.ask(what, &["list-tabs", "--all", "--json"])?;
    Tabs::parse(&tabs).map_err(|reason| zellij.failed(what, &reason))
}

/// Sends the user to a session, with `more` that says how it begins. Only of who left this one is
/// known that Zellij did it.
fn go(zellij: &Zellij<'_>, name: &str, more: &[&str]) -> Result<(), PanesError> {
    let what = "go to a session";
    let here = || zellij.ask(what, &["list-clients"]).map(|text| listing::clients(&text));
    let before = here()?;
    zellij.action(what, &[&["switch-session", name], more].concat())?;
    zellij.wait(what, PROOF, NO_KEY, || here().ok().filter(|now| *now < before)).map(drop)
}

fn session_of(env: &PaneEnv) -> Option<&str> {
    env.get(SESSION).map(String::as_str).filter(|session| !session.is_empty())
}

impl Panes for ZellijPanes {
    fn look(&self, env: &PaneEnv) -> Result<Option<Screen>, PanesError> {
        let Some(session) = session_of(env) else { return Ok(None) };
        let zellij = Zellij::find(env, &self.cancel)?.about(session);
        let home = env.get("HOME").map(Path::new);
        look::look(&zellij, session, home).map(Some)
    }

    fn text(&self, env: &PaneEnv, pane: u32) -> Result<String, PanesError> {
        let pane = format!("terminal_{pane}");
        let args = ["dump-screen", "--full", "--ansi", "--pane-id", &pane];
        self.here(env)?.action("read the text of a pane", &args)
    }

    fn open(&self, env: &PaneEnv, tabs: &[Tab<NewPane>]) -> Result<Vec<u64>, PanesError> {
        let zellij = self.here(env)?;
        let mut around = Around::of(&zellij);
        let mut ids = Vec::new();
        // One call each: only of the first of several tabs Zellij tells the number.
        for tab in tabs {
            let mut files = Files::in_folder(&self.folder);
            let layout = files.layout(std::slice::from_ref(tab), &around)?;
            let mut args = vec!["new-tab", "--layout", &layout];
            args.extend((!tab.focused).then_some("--no-focus"));
            let told = zellij.action("open a tab", &args)?;
            let id = told.trim().parse().ok().or_else(|| around.newest(&zellij));
            around.tabs.iter_mut().for_each(|tabs| tabs.extend(id));
            ids.extend(id);
        }
        Ok(ids)
    }

    fn replace(&self, env: &PaneEnv, tab: &Tab<NewPane>) -> Result<(), PanesError> {
        let zellij = self.here(env)?;
        let mut files = Files::in_folder(&self.folder);
        let layout = files.layout(std::slice::from_ref(tab), &Around::of(&zellij))?;
        // What runs in the tab goes on: by itself Zellij closes what the layout does not have.
        let keep = ["--retain-existing-terminal-panes", "--retain-existing-plugin-panes"];
        let args = ["override-layout", "--apply-only-to-active-tab", keep[0], keep[1], &layout];
        let what = "open the panes in this tab";
        zellij.action(what, &args)?;
        // Zellij takes the client whose key was pressed last; without one it does nothing, and says so
        // in its log alone.
        let Some(name) = &tab.name else { return Ok(()) };
        let is_called = || {
            let tabs = tabs_of(&zellij, what).ok()?;
            tabs.shown().and_then(Label::of).filter(|shown| shown == name)
        };
        zellij.wait(what, PROOF, NO_KEY, is_called).map(drop)
    }

    fn focus(&self, env: &PaneEnv, tab: u64) -> Result<(), PanesError> {
        let args = ["go-to-tab-by-id", &tab.to_string()];
        self.here(env)?.action("go to a tab", &args).map(drop)
    }

    fn switch(&self, env: &PaneEnv, name: &str, tabs: &[Tab<NewPane>]) -> Result<bool, PanesError> {
        let zellij = self.here(env)?;
        let sessions = zellij.sessions()?;
        if sessions.is_running(name) {
            return go(&zellij, name, &[]).map(|()| false);
        }
        let name = sessions.free(name);
        let mut files = Files::in_folder(&self.folder);
        let layout = files.layout(tabs, &Around::of(&zellij))?;
        go(&zellij, &name, &["--layout", &layout])?;
        // The new session reads them by itself, at some time.
        files.leave();
        let begins = || sessions::is_listening(env, &name).then_some(true);
        zellij.wait("go to a session", call::LIMIT, "it did not begin", begins)
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
        let around = Around { frame: zellij.default_frame(), ..Around::default() };
        let layout = files.layout(tabs, &around)?;
        files.leave();
        Ok(words(&[program, "--session", &name, "--new-session-with-layout", &layout]))
    }

    fn has_program(&self, env: &PaneEnv, program: &str, directory: &Path) -> bool {
        which::which_in(program, env.get("PATH"), directory).is_ok()
    }
}
