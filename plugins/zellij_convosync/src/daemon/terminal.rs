//! The terminal as Zellij tells of it bit by bit.

use std::collections::{BTreeMap, BTreeSet};

use convosync_wire::zellij::{Pane, PaneId, PluginPane, Snapshot, Tab};

use crate::talk::Place;

/// Most letters of a title, a directory or an argument that are kept: programs choose them.
const LONGEST: usize = 4096;

/// Most arguments of a command that are kept.
const MOST_ARGUMENTS: usize = 64;

/// How often Zellij is asked about a terminal.
const MOST_ASKED: u8 = 6;

/// Where a terminal is and what runs in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    directory: Option<String>,
    command: Vec<String>,
    pid: Option<i32>,
    /// How often Zellij was asked.
    asked: u8,
}

/// All that is known of the session's terminal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terminal {
    session: String,
    tabs: Vec<Tab>,
    panes: BTreeMap<usize, Vec<Pane>>,
    plugins: BTreeMap<u32, PluginPane>,
    known: BTreeMap<u32, Known>,
    /// The terminal that had the focus last, by the tab's id: a sidebar may have it now.
    focused: BTreeMap<usize, u32>,
}

impl Terminal {
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    pub(crate) fn set_session(&mut self, name: &str) {
        name.clone_into(&mut self.session);
    }

    pub(crate) fn set_plugins(&mut self, plugins: &BTreeMap<u32, PluginPane>) {
        self.plugins.clone_from(plugins);
    }

    pub(crate) fn set_tabs(&mut self, tabs: Vec<Tab>) {
        self.tabs = tabs;
        self.follow_focus();
    }

    /// Takes down the panes, and returns the terminals of which nothing is known yet.
    pub(crate) fn set_panes(&mut self, panes: BTreeMap<usize, Vec<Pane>>) -> Vec<u32> {
        self.panes = panes;
        self.follow_focus();
        let here: Vec<u32> = self.panes.values().flatten().filter_map(terminal).collect();
        self.known.retain(|id, _| here.contains(id));
        let fresh: Vec<u32> = here.into_iter().filter(|id| !self.known.contains_key(id)).collect();
        for id in &fresh {
            self.known.insert(*id, Known::default());
        }
        fresh
    }

    pub(crate) fn set_directory(&mut self, pane: u32, directory: &str) {
        if let Some(known) = self.known.get_mut(&pane) {
            known.directory = Some(shortened(directory));
        }
    }

    pub(crate) fn set_command(&mut self, pane: u32, command: &[String]) {
        if let Some(known) = self.known.get_mut(&pane) {
            known.command = bounded(command);
        }
    }

    pub(crate) fn set_looked(
        &mut self,
        pane: u32,
        directory: Option<String>,
        command: &[String],
        pid: Option<i32>,
    ) {
        let Some(known) = self.known.get_mut(&pane) else { return };
        let command = bounded(command);
        // What was told in the meantime is newer than an answer that says nothing.
        let directory = directory.as_deref().map(shortened).or(known.directory.take());
        *known = Known { directory, command, pid, asked: known.asked + 1 };
    }

    /// Terminals whose program was not started yet when Zellij was asked. One that waits for a key has
    /// none for long, so it is not asked for ever.
    pub(crate) fn unknown(&self) -> Vec<u32> {
        let is_unknown = |known: &Known| known.pid.is_none() && known.asked < MOST_ASKED;
        self.known.iter().filter(|(_, known)| is_unknown(known)).map(|(id, _)| *id).collect()
    }

    fn follow_focus(&mut self) {
        for tab in &self.tabs {
            let Some(panes) = self.panes.get(&tab.position) else { continue };
            let is_focused = |pane: &&Pane| {
                pane.focused && !pane.suppressed && pane.floating == tab.floating_shown
            };
            if let Some(id) = panes.iter().find(is_focused).and_then(terminal) {
                self.focused.insert(tab.id, id);
            }
        }
        let tabs = &self.tabs;
        self.focused.retain(|id, _| tabs.iter().any(|tab| tab.id == *id));
    }

    /// The plugins that have a pane, seen or not.
    pub(crate) fn plugins(&self) -> BTreeSet<u32> {
        let plugin = |pane: &Pane| match pane.id {
            PaneId::Plugin(id) => Some(id),
            PaneId::Terminal(_) => None,
        };
        self.panes.values().flatten().filter_map(plugin).collect()
    }

    /// The address of a plugin.
    pub(crate) fn address(&self, plugin: u32) -> Option<&str> {
        self.plugins.get(&plugin).map(|plugin| plugin.url.as_str())
    }

    /// The tab that is shown.
    pub(crate) fn active(&self) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.active)
    }

    /// The tab that a plugin's pane is in.
    pub(crate) fn tab_of(&self, plugin: u32) -> Option<&Tab> {
        let is_it = |pane: &Pane| pane.id == PaneId::Plugin(plugin);
        let found = self.panes.iter().find(|(_, panes)| panes.iter().any(is_it));
        found.and_then(|(position, _)| self.tabs.iter().find(|tab| tab.position == *position))
    }

    /// Where the user is in a tab: the terminal that has the focus, or had it last.
    pub(crate) fn place(&self, tab: &Tab) -> Place {
        let panes = self.panes.get(&tab.position).map(Vec::as_slice).unwrap_or_default();
        let there = |id: &u32| panes.iter().any(|pane| pane.id == PaneId::Terminal(*id));
        let last = self.focused.get(&tab.id).copied().filter(there);
        let pane = last.or_else(|| panes.iter().find_map(terminal));
        let known = pane.and_then(|pane| self.known.get(&pane));
        Place { pane, directory: known.and_then(|known| known.directory.clone()) }
    }

    /// All of it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let tab = |tab: &Tab| {
            let panes = self.panes.get(&tab.position).map(Vec::as_slice).unwrap_or_default();
            Tab { panes: panes.iter().map(|pane| self.whole(pane)).collect(), ..tab.clone() }
        };
        Snapshot { session: self.session.clone(), tabs: self.tabs.iter().map(tab).collect() }
    }

    fn whole(&self, pane: &Pane) -> Pane {
        let mut whole = Pane { title: shortened(&pane.title), ..pane.clone() };
        match pane.id {
            PaneId::Terminal(id) => {
                let known = self.known.get(&id).cloned().unwrap_or_default();
                whole.directory = known.directory;
                whole.command = known.command;
                whole.pid = known.pid;
            }
            PaneId::Plugin(id) => {
                if let Some(plugin) = self.plugins.get(&id) {
                    whole.plugin = Some(plugin.clone());
                }
            }
        }
        whole
    }
}

fn terminal(pane: &Pane) -> Option<u32> {
    match pane.id {
        PaneId::Terminal(id) => Some(id),
        PaneId::Plugin(_) => None,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

fn bounded(command: &[String]) -> Vec<String> {
    command.iter().take(MOST_ARGUMENTS).map(|word| shortened(word)).collect()
}
