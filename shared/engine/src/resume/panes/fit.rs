//! Panes of another device as they fit here: directories that are here, programs that are here,
//! commands that wait.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use convosync_core::{
    Base, ConversationId, FileState, Floating, Layout, Pane, PaneCommand, Place, Runs, Tab,
};
use convosync_wire::Note;

use super::told;
use crate::engine::Engine;
use crate::ports::{NewPane, NewRuns, PaneEnv};

/// Knows what there is to fit panes to.
pub(super) struct Opener<'a> {
    pub(super) engine: &'a Engine<'a>,
    pub(super) env: &'a PaneEnv,
    pub(super) work_tree: &'a Path,
    /// The command that opens a conversation, and whether it is to run at once.
    pub(super) opens: &'a dyn Fn(&ConversationId) -> Option<(PaneCommand, bool)>,
}

/// Panes that can be opened.
pub(super) struct Fitted {
    pub(super) tabs: Vec<Tab<NewPane>>,
    /// Whether one of them runs something at once.
    pub(super) runs: bool,
    pub(super) notes: Vec<Note>,
}

/// What is not here.
#[derive(Default)]
struct Lacking {
    directories: BTreeSet<String>,
    programs: BTreeSet<String>,
    conversations: BTreeSet<String>,
    plugins: usize,
}

impl Opener<'_> {
    /// Fits panes; `text` reads what is shown above their prompts.
    pub(super) fn fit(
        &self,
        layout: &Layout,
        text: &mut dyn FnMut(&FileState) -> Option<String>,
    ) -> Fitted {
        let mut lacking = Lacking::default();
        let mut runs = false;
        let mut fit = |pane: Pane| {
            let saved = pane.text.clone();
            let fitted = self.pane(pane, &mut lacking)?;
            // Where a command waits that is shown, and nothing else.
            let saved = saved.filter(|_| fitted.runs == NewRuns::Shell);
            let fitted = NewPane { text: saved.and_then(|text_of| text(&text_of)), ..fitted };
            runs |= matches!(fitted.runs, NewRuns::Running(_));
            Some(fitted)
        };
        let tabs = layout.tabs.iter().cloned().map(|tab| with_one_focus(tab.map(&mut fit)));
        let mut tabs: Vec<_> = tabs.filter(|tab| tab.panes().next().is_some()).collect();
        let focused = tabs.iter().position(|tab| tab.focused).unwrap_or_default();
        for (at, tab) in tabs.iter_mut().enumerate() {
            tab.focused = at == focused;
        }
        Fitted { tabs, runs, notes: lacking.notes() }
    }

    fn pane(&self, pane: Pane, lacking: &mut Lacking) -> Option<NewPane> {
        let directory = self.directory(pane.place.as_ref(), lacking);
        let runs = match pane.runs {
            Runs::Shell => NewRuns::Shell,
            Runs::Plugin(url) => match url.built_in() {
                Some(name) => NewRuns::Plugin(name.to_owned()),
                None => {
                    lacking.plugins += 1;
                    return None;
                }
            },
            Runs::Command(command) => self.command(command, &directory, lacking),
            Runs::Conversation(id) => match (self.opens)(&id) {
                Some((command, true)) => NewRuns::Running(command),
                Some((command, false)) => self.command(command, &directory, lacking),
                None => {
                    lacking.conversations.insert(id.to_string());
                    NewRuns::Shell
                }
            },
        };
        Some(NewPane { name: pane.name, directory, runs, focused: pane.focused, text: None })
    }

    fn command(&self, command: PaneCommand, directory: &Path, lacking: &mut Lacking) -> NewRuns {
        if !self.engine.ports.panes.has_program(self.env, command.program(), directory) {
            lacking.programs.insert(command.program().to_owned());
        }
        NewRuns::Waiting(command)
    }

    /// The place here, or the nearest folder above it that is here.
    fn directory(&self, place: Option<&Place>, lacking: &mut Lacking) -> PathBuf {
        let Some(place) = place else { return self.work_tree.to_path_buf() };
        let home = self.engine.ports.host.home.as_deref();
        let top = match place.base {
            Base::Repository => self.work_tree,
            Base::Home => home.unwrap_or(self.work_tree),
            Base::Root => Path::new("/"),
        };
        let below = place.path.as_str();
        // Nothing joined would leave a slash at its end.
        let wanted = if below.is_empty() { top.to_path_buf() } else { top.join(below) };
        let is_in = |path: &Path| {
            // A link in the repository may lead anywhere, and the user is shown where it is.
            let real = path.canonicalize();
            place.base != Base::Repository || real.is_ok_and(|real| real.starts_with(top))
        };
        let mut above = wanted.ancestors().take_while(|path| path.starts_with(top));
        let there = above.find(|path| path.is_dir() && is_in(path)).unwrap_or(top).to_path_buf();
        if there != wanted {
            lacking.directories.insert(wanted.display().to_string());
        }
        there
    }
}

impl Lacking {
    fn notes(self) -> Vec<Note> {
        let Self { directories, programs, conversations, plugins } = self;
        let all = [
            told::directories(&directories),
            told::programs(&programs),
            told::conversations(&conversations),
            told::plugins(plugins),
        ];
        all.into_iter().flatten().collect()
    }
}

/// The tab with at most one pane that has the focus among those that are tiled, and among those that
/// float.
fn with_one_focus(mut tab: Tab<NewPane>) -> Tab<NewPane> {
    let floating = tab.floating.len();
    let tiled = tab.panes().count() - floating;
    let mut seen = [false; 2];
    for (at, pane) in tab.panes_mut().enumerate() {
        let layer = &mut seen[usize::from(at >= tiled)];
        pane.focused &= !std::mem::replace(layer, *layer || pane.focused);
    }
    for Floating { area, .. } in &mut tab.floating {
        // One that was saved with no size would be as big as the terminal.
        area.size.columns = area.size.columns.max(1);
        area.size.rows = area.size.rows.max(1);
    }
    tab
}
