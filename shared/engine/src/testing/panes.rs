//! A terminal in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use convosync_core::Tab;

use crate::ports::{NewPane, PaneEnv, Panes, PanesError, Screen};

/// A user who is in no pane.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPanes;

fn none() -> PanesError {
    PanesError { what: "could not ask for panes".to_owned(), reason: "there are none".to_owned() }
}

impl Panes for NoPanes {
    fn look(&self, _env: &PaneEnv) -> Result<Option<Screen>, PanesError> {
        Ok(None)
    }

    fn text(&self, _env: &PaneEnv, _pane: u32) -> Result<String, PanesError> {
        Err(none())
    }

    fn open(&self, _env: &PaneEnv, _tabs: &[Tab<NewPane>]) -> Result<Vec<u64>, PanesError> {
        Err(none())
    }

    fn replace(&self, _env: &PaneEnv, _tab: &Tab<NewPane>) -> Result<(), PanesError> {
        Err(none())
    }

    fn focus(&self, _env: &PaneEnv, _tab: u64) -> Result<(), PanesError> {
        Err(none())
    }

    fn switch(
        &self,
        _env: &PaneEnv,
        _name: &str,
        _tabs: &[Tab<NewPane>],
    ) -> Result<bool, PanesError> {
        Err(none())
    }

    fn start(
        &self,
        _env: &PaneEnv,
        _name: &str,
        _tabs: &[Tab<NewPane>],
    ) -> Result<Vec<String>, PanesError> {
        Err(none())
    }

    fn has_program(&self, _env: &PaneEnv, _program: &str, _directory: &Path) -> bool {
        true
    }
}

/// What a [`MemoryPanes`] was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// New tabs.
    Tabs(Vec<Tab<NewPane>>),
    /// Another tab in place of the caller's.
    Replaced(Tab<NewPane>),
    /// Another tab in front.
    Focused(u64),
    /// Another session, made with these tabs.
    Session(String, Vec<Tab<NewPane>>),
}

/// A terminal session in memory. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct MemoryPanes {
    state: Rc<RefCell<State>>,
}

#[derive(Debug, Default)]
struct State {
    screen: Option<Screen>,
    texts: BTreeMap<u32, String>,
    opened: Vec<Opened>,
    fails: bool,
    lacks: Vec<String>,
}

impl MemoryPanes {
    /// Shows these panes from now on.
    pub fn show(&self, screen: Screen) {
        self.state.borrow_mut().screen = Some(screen);
    }

    /// The caller is in no terminal session from now on.
    pub fn leave(&self) {
        self.state.borrow_mut().screen = None;
    }

    /// Fills a pane with text.
    pub fn write(&self, pane: u32, text: &str) {
        self.state.borrow_mut().texts.insert(pane, text.to_owned());
    }

    /// From now on nothing can be asked, or all again.
    pub fn fail(&self, fails: bool) {
        self.state.borrow_mut().fails = fails;
    }

    /// This program is not there.
    pub fn lack(&self, program: &str) {
        self.state.borrow_mut().lacks.push(program.to_owned());
    }

    /// What was done since this was last asked.
    #[must_use]
    pub fn opened(&self) -> Vec<Opened> {
        std::mem::take(&mut self.state.borrow_mut().opened)
    }

    fn does(&self, what: Opened) -> Result<(), PanesError> {
        let mut state = self.state.borrow_mut();
        if state.fails || state.screen.is_none() {
            return Err(none());
        }
        state.opened.push(what);
        Ok(())
    }
}

impl Panes for MemoryPanes {
    fn look(&self, _env: &PaneEnv) -> Result<Option<Screen>, PanesError> {
        let state = self.state.borrow();
        if state.fails { Err(none()) } else { Ok(state.screen.clone()) }
    }

    fn text(&self, _env: &PaneEnv, pane: u32) -> Result<String, PanesError> {
        self.state.borrow().texts.get(&pane).cloned().ok_or_else(none)
    }

    fn open(&self, _env: &PaneEnv, tabs: &[Tab<NewPane>]) -> Result<Vec<u64>, PanesError> {
        self.does(Opened::Tabs(tabs.to_vec()))?;
        Ok((100..).take(tabs.len()).collect())
    }

    fn replace(&self, _env: &PaneEnv, tab: &Tab<NewPane>) -> Result<(), PanesError> {
        self.does(Opened::Replaced(tab.clone()))
    }

    fn focus(&self, _env: &PaneEnv, tab: u64) -> Result<(), PanesError> {
        self.does(Opened::Focused(tab))
    }

    fn switch(
        &self,
        _env: &PaneEnv,
        name: &str,
        tabs: &[Tab<NewPane>],
    ) -> Result<bool, PanesError> {
        self.does(Opened::Session(name.to_owned(), tabs.to_vec()))?;
        Ok(true)
    }

    fn start(
        &self,
        _env: &PaneEnv,
        name: &str,
        tabs: &[Tab<NewPane>],
    ) -> Result<Vec<String>, PanesError> {
        let mut state = self.state.borrow_mut();
        if state.fails {
            return Err(none());
        }
        state.opened.push(Opened::Session(name.to_owned(), tabs.to_vec()));
        Ok(["zellij", "--session", name].map(str::to_owned).to_vec())
    }

    fn has_program(&self, _env: &PaneEnv, program: &str, _directory: &Path) -> bool {
        !self.state.borrow().lacks.iter().any(|lacking| lacking == program)
    }
}
