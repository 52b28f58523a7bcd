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
    /// Plugins that were closed: Zellij tells of them for a moment longer, and uses no number twice.
    closed: BTreeSet<u32>,
    /// The tab's id of each plugin that was seen in one: a list may leave it out that it is in.
    places: BTreeMap<u32, usize>,
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
        self.leave_out_closed();
        self.remember_places();
        self.follow_focus();
        let here: Vec<u32> = self.panes.values().flatten().filter_map(terminal).collect();
        self.known.retain(|id, _| here.contains(id));
        let fresh: Vec<u32> = here.into_iter().filter(|id| !self.known.contains_key(id)).collect();
        for id in &fresh {
            self.known.insert(*id, Known::default());
        }
        fresh
    }

    /// Knows nothing more of a plugin.
    pub(crate) fn close(&mut self, plugin: u32) {
        self.closed.insert(plugin);
        self.places.remove(&plugin);
        self.leave_out_closed();
    }

    fn remember_places(&mut self) {
        for tab in &self.tabs {
            let panes = self.panes.get(&tab.position).into_iter().flatten();
            for pane in panes.filter(|pane| !pane.suppressed) {
                if let PaneId::Plugin(id) = pane.id {
                    self.places.insert(id, tab.id);
                }
            }
        }
    }

    /// The panes that may be in a tab.
    pub(crate) fn may_be_in(&self, tab: &Tab) -> Vec<PaneId> {
        let listed = self.panes.get(&tab.position).into_iter().flatten().map(|pane| pane.id);
        let places = self.places.iter().filter(|(_, place)| **place == tab.id);
        let all: BTreeSet<_> = listed.chain(places.map(|(id, _)| PaneId::Plugin(*id))).collect();
        all.into_iter().collect()
    }

    /// Where panes of the tab that is shown are now. Returns the plugins that are gone.
    pub(crate) fn set_places(&mut self, panes: &[(PaneId, Option<Pane>)]) -> Vec<u32> {
        let Some(position) = self.active().map(|tab| tab.position) else { return Vec::new() };
        let listed = self.panes.entry(position).or_default();
        for (id, now) in panes {
            let before = listed.iter().position(|pane| pane.id == *id);
            match (before, now) {
                // Zellij leaves out here what else it is: floating, focused, hidden.
                (Some(at), Some(Pane { x, y, columns, rows, .. })) => {
                    let before = listed[at].clone();
                    listed[at] = Pane { x: *x, y: *y, columns: *columns, rows: *rows, ..before };
                }
                (Some(at), None) => drop(listed.remove(at)),
                (None, Some(now)) => listed.push(now.clone()),
                (None, None) => {}
            }
        }
        let gone = panes.iter().filter_map(|(id, pane)| match (id, pane) {
            (PaneId::Plugin(id), None) => Some(*id),
            _ => None,
        });
        let gone: Vec<u32> = gone.collect();
        gone.iter().for_each(|plugin| self.close(*plugin));
        gone
    }

    fn leave_out_closed(&mut self) {
        let closed = &self.closed;
        let is_closed = |id: PaneId| matches!(id, PaneId::Plugin(id) if closed.contains(&id));
        self.panes.values_mut().for_each(|panes| panes.retain(|pane| !is_closed(pane.id)));
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

    /// A tab by its id.
    pub(crate) fn tab(&self, id: usize) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.id == id)
    }

    /// The tab that a plugin's pane is in.
    pub(crate) fn tab_of(&self, plugin: u32) -> Option<&Tab> {
        let is_it = |pane: &Pane| pane.id == PaneId::Plugin(plugin);
        let found = self.panes.iter().find(|(_, panes)| panes.iter().any(is_it));
        match found {
            Some((position, _)) => self.tabs.iter().find(|tab| tab.position == *position),
            None => self.tab(*self.places.get(&plugin)?),
        }
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

    /// A plugin that is seen in a tab and was loaded from, or asked for by, this address.
    pub(crate) fn plugin_in(&self, tab: &Tab, url: &str) -> Option<u32> {
        let mut shown = self.panes.get(&tab.position)?.iter().filter(|pane| !pane.suppressed);
        shown.find_map(|pane| match (pane.id, &pane.plugin) {
            (PaneId::Plugin(id), Some(plugin)) => {
                (plugin.url == url || self.address(id) == Some(url)).then_some(id)
            }
            _ => None,
        })
    }

    /// A tab with its panes as a layout asks for them: a plugin by the name that it was asked for by,
    /// and what that name stands for is then up to the user's configuration.
    pub(crate) fn arranged(&self, tab: &Tab) -> Tab {
        let mut panes = self.panes.get(&tab.position).cloned().unwrap_or_default();
        for pane in &mut panes {
            let PaneId::Plugin(id) = pane.id else { continue };
            if let (Some(asked), Some(known)) = (&mut pane.plugin, self.plugins.get(&id))
                && asked.url.contains(':')
            {
                asked.configuration.clone_from(&known.configuration);
            }
        }
        Tab { panes, ..tab.clone() }
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
