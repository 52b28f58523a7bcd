//! The column of the tab that is shown: gone to, closed, and put back.

use std::collections::BTreeMap;

use convosync_wire::Failure;
use convosync_wire::zellij::{Pane, PaneId, PluginPane, configuration};

use super::{Daemon, tell};
use crate::column::{self, Returning};
use crate::host::Effect;
use crate::talk::Tell;

/// A column that was asked for and is not there yet.
#[derive(Debug, Default)]
pub(super) struct Coming {
    /// The panes beside it.
    beside: Option<Returning>,
    /// It is gone to when it is there; true: to be asked for a message.
    awaited: Option<bool>,
    /// What a key asked for, until it is known where the panes are.
    asked: Option<Asked>,
}

/// What a key asks for.
#[derive(Debug, Clone, Copy)]
enum Asked {
    /// The column goes, or comes.
    Toggle,
    /// It comes, if it is not there.
    Open,
}

impl Daemon {
    /// The sidebar of the tab that is shown.
    fn sidebar_here(&self) -> Option<u32> {
        let active = self.terminal.active()?.id;
        let is_there = |id: &&u32| self.terminal.tab_of(**id).is_some_and(|tab| tab.id == active);
        self.sidebars.iter().find(is_there).copied()
    }

    /// The same, also one that has just been opened and gave no word yet.
    fn column_here(&self) -> Option<u32> {
        let opened = || {
            let (tab, url) = (self.terminal.active()?, self.terminal.address(self.me)?);
            self.terminal.plugin_in(tab, url)
        };
        self.sidebar_here().or_else(opened)
    }

    /// Closes the sidebar of the tab that is shown, or puts one there, as soon as it is known where the
    /// panes are.
    pub(super) fn look_then_toggle(&mut self) -> Vec<Effect> {
        self.coming.awaited = None;
        self.look_first(Some(Asked::Toggle))
    }

    fn look_first(&mut self, asked: Option<Asked>) -> Vec<Effect> {
        self.coming.asked = asked;
        let Some(active) = self.terminal.active() else { return Vec::new() };
        vec![Effect::LookAtPanes(self.terminal.may_be_in(active))]
    }

    /// Takes down where the panes of the tab that is shown are, and does what waited for that.
    pub(super) fn looked_at_panes(&mut self, panes: &[(PaneId, Option<Pane>)]) -> Vec<Effect> {
        for gone in self.terminal.set_places(panes) {
            self.sidebars.remove(&gone);
            self.missing.remove(&gone);
        }
        let now = self.terminal.plugins();
        self.sidebars.extend(self.missing.extract_if(.., |id| now.contains(id)));
        match self.coming.asked.take() {
            Some(Asked::Toggle) => self.toggle_column(),
            Some(Asked::Open) if self.column_here().is_none() => {
                self.open_column().into_iter().collect()
            }
            Some(Asked::Open) => Vec::new(),
            None => self.finish_column(),
        }
    }

    fn toggle_column(&mut self) -> Vec<Effect> {
        match self.column_here() {
            Some(sidebar) if sidebar == self.me => {
                self.trouble = Some(needed_here());
                Vec::new()
            }
            Some(sidebar) => {
                self.sidebars.remove(&sidebar);
                self.terminal.close(sidebar);
                self.coming.beside = None;
                vec![Effect::Close(sidebar)]
            }
            None => self.open_column().into_iter().collect(),
        }
    }

    /// Puts a sidebar beside the panes of the tab that is shown, or over their edge where that can't
    /// be, or did not come the last time.
    fn open_column(&mut self) -> Option<Effect> {
        let column = self.column()?;
        let active = self.terminal.active()?;
        let before = self.coming.beside.take();
        let put_back = || {
            let mut column = column.clone();
            let (edge, line) = (configuration::EDGE.to_owned(), configuration::LINE.to_owned());
            column.configuration.insert(edge, line);
            column::put_back(&self.terminal.arranged(active), &column)
        };
        if let Some((effect, beside)) = before.is_none().then(put_back).flatten() {
            self.coming.beside = Some(beside);
            return Some(effect);
        }
        let PluginPane { url, configuration } = column;
        Some(Effect::OpenColumn { url, configuration })
    }

    /// A sidebar as it is asked for.
    fn column(&self) -> Option<PluginPane> {
        let role = (configuration::ROLE.to_owned(), configuration::SIDEBAR.to_owned());
        let helper = (configuration::HELPER.to_owned(), self.program.clone());
        let configuration = BTreeMap::from([role, helper]);
        Some(PluginPane { url: self.terminal.address(self.me)?.to_owned(), configuration })
    }

    /// Looks where the panes are once a column seems to be there, and goes to one that gave a word.
    pub(super) fn settle_column(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.coming.beside.is_some() && self.coming.asked.is_none() {
            let left = self.left_for_column();
            effects.extend(left.into_iter().flat_map(|_| self.look_first(None)));
            return effects;
        }
        let Some(sidebar) = self.coming.awaited.and(self.sidebar_here()) else { return effects };
        effects.extend(self.go_to(sidebar));
        effects
    }

    /// Does what is left to do once a column is there.
    fn finish_column(&mut self) -> Vec<Effect> {
        let left = self.left_for_column();
        if left.is_some() {
            self.coming.beside = None;
        }
        left.unwrap_or_default()
    }

    fn left_for_column(&self) -> Option<Vec<Effect>> {
        let (beside, column) = (self.coming.beside.as_ref()?, self.column()?);
        let tab = self.terminal.tab(beside.tab()).map(|tab| self.terminal.arranged(tab));
        beside.arrived(tab.as_ref(), &column)
    }

    /// Goes to the sidebar of the tab that is shown, and puts one there first if there is none.
    pub(super) fn with_sidebar(&mut self, saves: bool) -> Vec<Effect> {
        self.coming.awaited = Some(saves);
        match self.sidebar_here() {
            Some(sidebar) => self.go_to(sidebar),
            None => self.look_first(Some(Asked::Open)),
        }
    }

    fn go_to(&mut self, sidebar: u32) -> Vec<Effect> {
        let saves = self.coming.awaited.take() == Some(true);
        let mut effects = vec![Effect::Focus(PaneId::Plugin(sidebar))];
        effects.extend(saves.then(|| tell(sidebar, &Tell::AskToSave)));
        effects
    }

    /// Goes back from a sidebar to where its user was.
    pub(super) fn leave(&self, sidebar: u32) -> Option<Effect> {
        let place = self.terminal.place(self.terminal.tab_of(sidebar)?);
        place.pane.map(|pane| Effect::Focus(PaneId::Terminal(pane)))
    }
}

fn needed_here() -> Failure {
    Failure {
        code: "convosync::plugin::needed".to_owned(),
        message: "this column also does the work of the background part, which is not loaded"
            .to_owned(),
        help: Some(
            "add `convosync { role \"daemon\"; }` to `load_plugins` of Zellij's configuration"
                .to_owned(),
        ),
        argument: None,
    }
}
