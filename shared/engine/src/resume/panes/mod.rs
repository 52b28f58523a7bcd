//! The panes of a session, opened where it was brought back. The last thing that a resume does:
//! whether they can be opened or not, the session is back.

mod fit;
mod told;

use std::io::Read as _;
use std::path::Path;

use convosync_core::{
    ConversationId, FileState, Layout, ObjectName, Pane, PaneCommand, Runs, SessionId, Size, Tab,
    Tile, harmless_screen,
};
use convosync_wire::{PanesInto, PanesReport, PanesWay, Request, ResumeArgs, ResumeReport};

use crate::engine::Engine;
use crate::member::Member;
use crate::panes::caller_of;
use crate::ports::{NewPane, PanesError, Screen, ScreenTab};
use crate::shelf::{OpenSave, Shelf};

use fit::{Fitted, Opener};
use told::not_opened;

/// The text of a pane is at most a MiB when it is saved; of more nothing is shown.
const MOST_TEXT: u64 = 2 << 20;

/// What was brought back, as far as panes need it.
pub(super) struct Back<'a> {
    pub(super) request: &'a Request,
    pub(super) member: &'a Member,
    pub(super) session: &'a SessionId,
    /// The unit that the save is in.
    pub(super) unit: &'a ObjectName,
    pub(super) work_tree: &'a Path,
    pub(super) layout: Option<Layout>,
    /// The main conversation of the save.
    pub(super) main: Option<&'a ConversationId>,
}

/// What is told of tabs that are opened in this way.
fn panes_of<P>(tabs: &[Tab<P>], way: PanesWay) -> PanesReport {
    let panes = tabs.iter().flat_map(Tab::panes).count() as u64;
    PanesReport { tabs: tabs.len() as u64, panes, ..PanesReport::of(way) }
}

impl Engine<'_> {
    /// Opens the panes as the user wants it, and completes the report.
    pub(super) fn open_panes(
        &self,
        args: &ResumeArgs,
        back: &Back<'_>,
        shelf: &mut Shelf<'_>,
        report: &mut ResumeReport,
    ) {
        if args.no_layout {
            return;
        }
        let opened = match self.ports.panes.look(&back.request.env) {
            Ok(Some(screen)) => self.open_inside(args, back, shelf, &screen, report),
            Ok(None) => self.open_outside(args, back, shelf, report),
            Err(error) => Err(error),
        };
        if let Err(error) = opened {
            report.notes.push(not_opened(&error, &report.session_id));
        }
    }

    fn open_inside(
        &self,
        args: &ResumeArgs,
        back: &Back<'_>,
        shelf: &mut Shelf<'_>,
        screen: &Screen,
        report: &mut ResumeReport,
    ) -> Result<(), PanesError> {
        let into = args.layout.unwrap_or(PanesInto::NewTabs);
        let Some(layout) = back.layout.as_ref().filter(|layout| is_worth_it(layout)) else {
            return Ok(());
        };
        if into == PanesInto::NewTabs
            && let Some(tab) = self.tab_of(back, screen, report)
        {
            self.ports.panes.focus(&back.request.env, tab.id)?;
            report.panes = Some(PanesReport::of(PanesWay::Focused));
            return Ok(());
        }
        let fitted = self.fitted(layout, back, shelf, report);
        let tabs = &fitted.tabs;
        self.tell("Opening the panes");
        let way = match into {
            PanesInto::NewTabs => PanesWay::NewTabs,
            PanesInto::Session => PanesWay::Session,
            PanesInto::Here => PanesWay::Here,
        };
        match into {
            PanesInto::NewTabs => self.open_tabs(back, screen, tabs)?,
            PanesInto::Session => {
                self.ports.panes.switch(&back.request.env, back.session.as_str(), tabs)?;
            }
            PanesInto::Here => self.open_here(back, screen, tabs)?,
        }
        report.panes = Some(panes_of(tabs, way));
        if fitted.runs {
            // It was started in its own pane.
            report.run.clear();
        }
        Ok(())
    }

    fn open_tabs(
        &self,
        back: &Back<'_>,
        screen: &Screen,
        tabs: &[Tab<NewPane>],
    ) -> Result<(), PanesError> {
        let ids = self.ports.panes.open(&back.request.env, tabs)?;
        self.hold(back.member, &screen.session, &ids, back.session.as_str());
        Ok(())
    }

    /// Makes the caller's tab into the focused one of the session; the others are new. Which tab is
    /// in front is looked at: it would be the one that is changed.
    fn open_here(
        &self,
        back: &Back<'_>,
        screen: &Screen,
        tabs: &[Tab<NewPane>],
    ) -> Result<(), PanesError> {
        let caller = caller_of(back.request);
        let is_here = |tab: &&ScreenTab| {
            let mut terminals = tab.panes.iter().filter(|pane| pane.plugin.is_none());
            caller.is_none() || terminals.any(|pane| Some(pane.id) == caller)
        };
        let here = screen.tabs.iter().filter(|tab| tab.focused).find(is_here);
        let here = here.ok_or_else(|| PanesError {
            what: "could not open the panes in this tab".to_owned(),
            reason: "another tab is in front".to_owned(),
        })?;
        let focused = tabs.iter().position(|tab| tab.focused).unwrap_or_default();
        let mut others: Vec<_> = tabs.to_vec();
        let this = others.remove(focused);
        self.open_tabs(back, screen, &others)?;
        // The caller may be gone with its pane.
        self.hold(back.member, &screen.session, &[here.id], back.session.as_str());
        self.ports.panes.replace(&back.request.env, &this)
    }

    fn open_outside(
        &self,
        args: &ResumeArgs,
        back: &Back<'_>,
        shelf: &mut Shelf<'_>,
        report: &mut ResumeReport,
    ) -> Result<(), PanesError> {
        let layout = back.layout.as_ref().filter(|layout| is_worth_it(layout));
        if !args.zellij {
            if let Some(layout) = layout {
                let there =
                    self.ports.panes.has_program(&back.request.env, "zellij", Path::new("/"));
                let open_with = format!("convosync resume {} --zellij", report.session_id);
                let open_with = there.then_some(open_with);
                let later = panes_of(&layout.tabs, PanesWay::Later);
                report.panes = Some(PanesReport { open_with, ..later });
            }
            return Ok(());
        }
        let one = || one_pane(back.main);
        let layout = back.layout.clone().unwrap_or_else(one);
        let fitted = self.fitted(&layout, back, shelf, report);
        let name = back.session.as_str();
        report.run = self.ports.panes.start(&back.request.env, name, &fitted.tabs)?;
        report.panes = Some(panes_of(&fitted.tabs, PanesWay::Starts));
        Ok(())
    }

    /// The tab that holds the session already: its conversation is open or waits there, or it was
    /// saved or opened there last, and a pane is still in the work tree.
    fn tab_of<'s>(
        &self,
        back: &Back<'_>,
        screen: &'s Screen,
        report: &ResumeReport,
    ) -> Option<&'s ScreenTab> {
        let open = self.held_in(screen);
        let is_talk = |id: &ConversationId| report.conversation_id.as_deref() == Some(id.as_str());
        let talks = |tab: &&ScreenTab| {
            let terminals = tab.panes.iter().filter(|pane| pane.plugin.is_none());
            terminals.into_iter().any(|pane| {
                let waits = pane.command.as_ref().map(|words| words.join(" "));
                open.iter().any(|held| held.pane == pane.id && is_talk(&held.id))
                    || (waits.is_some() && waits == report.open_with)
            })
        };
        let was_here = |tab: &&ScreenTab| {
            let held = self.held_by(back.member, &screen.session, tab.id);
            let in_tree = |directory: &Path| directory.starts_with(back.work_tree);
            let mut panes = tab.panes.iter().filter_map(|pane| pane.directory.as_deref());
            held.as_deref() == Some(back.session.as_str()) && panes.any(in_tree)
        };
        let mut tabs = screen.tabs.iter();
        tabs.clone().find(talks).or_else(|| tabs.find(was_here))
    }

    /// The panes as they are opened here; what is else here is noted.
    fn fitted(
        &self,
        layout: &Layout,
        back: &Back<'_>,
        shelf: &mut Shelf<'_>,
        report: &mut ResumeReport,
    ) -> Fitted {
        let opens = |id: &ConversationId| self.opens(id, back.main, report);
        let opener = Opener {
            engine: self,
            env: &back.request.env,
            work_tree: back.work_tree,
            opens: &opens,
        };
        let mut text = |state: &FileState| self.text_of(shelf, back.unit, state);
        let mut fitted = opener.fit(layout, &mut text);
        report.notes.append(&mut fitted.notes);
        fitted
    }

    /// The command that goes on with a conversation, if it is here, and whether it is to run at once.
    fn opens(
        &self,
        id: &ConversationId,
        main: Option<&ConversationId>,
        report: &ResumeReport,
    ) -> Option<(PaneCommand, bool)> {
        let is_main = main == Some(id);
        let command = match &report.open_with {
            Some(command) if is_main => command.clone(),
            _ => self.open_command_of(id)?,
        };
        // It is made of plain words.
        let words = command.split(' ').map(str::to_owned).collect();
        Some((PaneCommand::new(words).ok()?, is_main && !report.run.is_empty()))
    }

    fn open_command_of(&self, id: &ConversationId) -> Option<String> {
        let mut assistants = self.ports.assistants.iter();
        let has = assistants.find(|has| has.files(id).is_ok_and(|files| !files.is_empty()));
        has.map(|assistant| assistant.open_command(id))
    }

    /// The text of a pane; one that can't be read is none.
    fn text_of(
        &self,
        shelf: &mut Shelf<'_>,
        unit: &ObjectName,
        state: &FileState,
    ) -> Option<String> {
        if state.len > MOST_TEXT {
            return None;
        }
        let mut bytes = Vec::new();
        self.rebuilt(shelf, unit, state).ok()?.take(MOST_TEXT).read_to_end(&mut bytes).ok()?;
        Some(harmless_screen(&String::from_utf8_lossy(&bytes))).filter(|text| !text.is_empty())
    }

    /// What a resume would do about panes, and what it would note.
    pub(super) fn foresee_panes(
        &self,
        request: &Request,
        args: &ResumeArgs,
        open: &OpenSave,
        work_tree: &Path,
    ) -> (Option<String>, Vec<convosync_wire::Note>) {
        let layout = open.manifest.terminal.as_ref().and_then(|terminal| terminal.layout.as_ref());
        let Some(layout) = layout.filter(|layout| !args.no_layout && is_worth_it(layout)) else {
            return (None, Vec::new());
        };
        let is_inside = matches!(self.ports.panes.look(&request.env), Ok(Some(_)));
        if !is_inside && !args.zellij {
            return (None, Vec::new());
        }
        let known = |id: &ConversationId| Some((self.would_open(id)?, false));
        let opener = Opener { engine: self, env: &request.env, work_tree, opens: &known };
        let fitted = opener.fit(layout, &mut |_| None);
        (Some(told::plan(&fitted.tabs, args.layout, is_inside)), fitted.notes)
    }

    /// As a conversation that will be here is opened.
    fn would_open(&self, id: &ConversationId) -> Option<PaneCommand> {
        let assistant = self.ports.assistants.first()?;
        let command = assistant.open_command(id);
        PaneCommand::new(command.split(' ').map(str::to_owned).collect()).ok()
    }
}

/// Whether panes tell more than that there was a shell.
fn is_worth_it(layout: &Layout) -> bool {
    let mut panes = layout.panes();
    let first = panes.next();
    panes.next().is_some() || first.is_some_and(|pane| pane.runs != Runs::Shell)
}

/// Of a save that tells of no panes: one, with its conversation.
fn one_pane(main: Option<&ConversationId>) -> Layout {
    let runs = main.cloned().map_or(Runs::Shell, Runs::Conversation);
    let pane = Pane { runs, focused: true, ..Pane::default() };
    Layout {
        tabs: vec![Tab {
            name: None,
            focused: true,
            size: Size::default(),
            tiled: Some(Tile::Pane(pane)),
            floating: Vec::new(),
            hides_floating: false,
        }],
    }
}
