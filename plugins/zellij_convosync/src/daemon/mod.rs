//! The one that knows: keeps the terminal's state and the sessions, calls the helper, answers pipes,
//! and tells the sidebars.

mod columns;
mod list;
mod terminal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use convosync_wire::zellij::{Address, Pane, Watching, pipe};
use convosync_wire::{Failure, HereReport, Verb};

use crate::answer::{self, Answer, Push};
use crate::helper;
use crate::host::{Effect, Event};
use crate::talk::{Ask, Place, Sessions, State, Tell};
use columns::Coming;
use list::{MOST_SESSIONS, PAGE};
use terminal::Terminal;

/// When Zellij is asked again about a terminal whose program is being started, in milliseconds.
const LOOK_AGAIN: i64 = 400;

/// Most directories of which it is remembered what is there.
const MOST_PLACES: usize = 32;

/// What a program that runs was started for.
#[derive(Debug, Clone, PartialEq)]
enum For {
    /// The list of sessions, from this row on.
    List { offline: bool, skip: u64 },
    /// What is in a directory.
    Here(String),
    /// `convosync watch --zellij`, which sees to it that a watch runs, and ends.
    StartWatch,
    /// A sidebar.
    Sidebar { to: u32, number: u64, changes: bool },
}

/// Keeps everything, for all sidebars of a Zellij session.
#[derive(Debug)]
pub(crate) struct Daemon {
    me: u32,
    program: String,
    server: u32,
    /// Whom the helper and a watch tell; without one they tell everybody, and little.
    address: Option<Address>,
    terminal: Terminal,
    sidebars: BTreeSet<u32>,
    /// Sidebars that a list of panes left out.
    missing: BTreeSet<u32>,
    sessions: Sessions,
    /// Counts the changes of the sessions.
    revision: u64,
    wanted: u64,
    here: BTreeMap<String, HereReport>,
    /// The directory that was looked at last.
    looked_at: Option<String>,
    trouble: Option<Failure>,
    watching: Option<Watching>,
    running: BTreeMap<u64, For>,
    /// What is to be looked at again when the look that runs now has ended.
    again: BTreeSet<bool>,
    next: u64,
    /// Whether what has to run all the time was started.
    begun: bool,
    /// What each sidebar was told last.
    told: BTreeMap<u32, Told>,
    /// What is left to do for a column that comes.
    coming: Coming,
}

/// What a sidebar was told last.
#[derive(Debug, Default)]
struct Told {
    /// The sessions' revision and mark.
    sessions: Option<(u64, u64)>,
    state: Option<State>,
}

impl Daemon {
    /// The one in this plugin, that calls this program, for the Zellij server with this process id.
    pub(crate) fn new(me: u32, program: String, server: u32) -> Self {
        Self {
            me,
            program,
            server,
            address: None,
            terminal: Terminal::default(),
            sidebars: BTreeSet::new(),
            missing: BTreeSet::new(),
            sessions: Sessions::default(),
            revision: 0,
            wanted: PAGE,
            here: BTreeMap::new(),
            looked_at: None,
            trouble: None,
            watching: None,
            running: BTreeMap::new(),
            again: BTreeSet::new(),
            next: 1,
            begun: false,
            told: BTreeMap::new(),
            coming: Coming::default(),
        }
    }

    /// This is where it is found, as long as the session lives.
    pub(crate) fn set_address(&mut self, address: Option<Address>) -> Vec<Effect> {
        if address.is_none() || address == self.address {
            return Vec::new();
        }
        self.address = address;
        // A watch that knows no address is told it.
        if self.begun { vec![self.start_watch()] } else { Vec::new() }
    }

    /// Takes down what happened and says what to do.
    pub(crate) fn update(&mut self, event: &Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Plugins(plugins) => self.terminal.set_plugins(plugins),
            Event::Session { name, tabs, panes } => {
                let is_renamed = self.begun && self.terminal.session() != name;
                self.terminal.set_session(name);
                // A watch sends its news to a name.
                effects.extend(is_renamed.then(|| self.start_watch()));
                self.terminal.set_tabs(tabs.clone());
                effects.extend(self.take_panes(panes));
                effects.extend(self.begin());
            }
            Event::Tabs(tabs) => self.terminal.set_tabs(tabs.clone()),
            Event::Panes(panes) => effects.extend(self.take_panes(panes)),
            Event::PanesLooked(panes) => effects.extend(self.looked_at_panes(panes)),
            Event::Directory(pane, directory) => self.terminal.set_directory(*pane, directory),
            Event::Looked { pane, directory, command, pid } => {
                self.terminal.set_looked(*pane, directory.clone(), command, *pid);
                if self.terminal.unknown().contains(pane) {
                    effects.push(Effect::Wake(LOOK_AGAIN));
                }
            }
            Event::Woken => effects.extend(look(self.terminal.unknown())),
            Event::Command { pane, command, foreground } => {
                self.terminal.set_command(*pane, command);
                // A program that ended may have changed files, or the branch.
                if !foreground && self.is_watched(*pane) {
                    effects.extend(self.look_here());
                }
            }
            Event::Ended { call, exit, output, errors } => {
                effects.extend(self.ended(*call, *exit, output, errors));
            }
            Event::Pipe { id, name, payload } => {
                effects.extend(self.piped(id.as_deref(), name, payload));
            }
            _ => {}
        }
        effects.extend(self.follow());
        effects.extend(self.tell_all());
        effects.extend(self.settle_column());
        effects
    }

    /// Takes down the panes, and tells nothing more to the sidebars that are gone. One that is not
    /// there yet may have asked already; one that is left out may be there all the same, since Zellij
    /// hands out lists of a moment ago, too.
    fn take_panes(&mut self, panes: &BTreeMap<usize, Vec<Pane>>) -> Option<Effect> {
        let before = self.terminal.plugins();
        let unknown = self.terminal.set_panes(panes.clone());
        let now = self.terminal.plugins();
        let is_gone = |id: &u32| before.contains(id) && !now.contains(id);
        self.missing.extend(self.sidebars.extract_if(.., |id| is_gone(id)));
        self.sidebars.extend(self.missing.extract_if(.., |id| now.contains(id)));
        look(unknown)
    }

    /// Starts what runs all the time, once it is known in which session.
    fn begin(&mut self) -> Vec<Effect> {
        if self.begun || self.terminal.session().is_empty() {
            return Vec::new();
        }
        self.begun = true;
        let mut effects = self.list(true);
        effects.extend(self.watch());
        effects
    }

    fn watch(&mut self) -> Option<Effect> {
        if self.running.values().any(|what| *what == For::StartWatch) {
            return None;
        }
        self.watching = None;
        Some(self.start_watch())
    }

    fn start_watch(&mut self) -> Effect {
        let session = self.terminal.session();
        let argv = helper::watch_argv(&self.program, session, self.server, self.address.as_ref());
        self.run(For::StartWatch, argv, None)
    }

    /// A sidebar wants something.
    pub(crate) fn asked(&mut self, from: u32, ask: Ask) -> Vec<Effect> {
        let mut effects = Vec::new();
        match ask {
            Ask::Hello => {
                self.sidebars.insert(from);
                self.told.remove(&from);
            }
            Ask::Call { number, place, verb, changes } => {
                self.sidebars.insert(from);
                self.told.entry(from).or_default().state = None;
                let what = For::Sidebar { to: from, number, changes };
                effects.push(self.call(what, &place, &verb));
            }
            Ask::Refresh => {
                self.trouble = None;
                effects.extend(self.list(false));
                effects.extend(self.look_here());
                effects.extend(self.watch());
            }
            Ask::More if self.sessions.more && self.sessions.rows.len() < MOST_SESSIONS => {
                self.wanted += PAGE;
                effects.extend(self.list(true));
            }
            Ask::More => {}
            Ask::Seen(session) => drop(self.sessions_mut().fresh.remove(&session)),
            Ask::Dismiss => self.trouble = None,
            Ask::Leave => effects.extend(self.leave(from)),
            Ask::Approve => {
                let argv = [self.program.as_str(), "device", "approve"];
                effects.push(Effect::Open(argv.map(ToOwned::to_owned).to_vec()));
            }
        }
        effects.extend(self.follow());
        effects.extend(self.tell_all());
        effects.extend(self.settle_column());
        effects
    }

    /// A call of a sidebar, where its user was.
    fn call(&mut self, what: For, place: &Place, verb: &str) -> Effect {
        let call = helper::call(self.next, 0, self.address.as_ref(), verb);
        let argv = helper::argv(&self.program, place.directory.as_deref(), call);
        self.run(what, argv, place.pane)
    }

    fn run(&mut self, what: For, argv: Vec<String>, pane: Option<u32>) -> Effect {
        let call = self.next;
        self.next += 1;
        self.running.insert(call, what);
        Effect::Run { call, argv, env: helper::env(self.terminal.session(), pane) }
    }

    /// Looks at the directory of the tab that is shown, unless that is being done.
    fn look_here(&mut self) -> Option<Effect> {
        let directory = self.terminal.place(self.terminal.active()?).directory?;
        if self.running.values().any(|what| *what == For::Here(directory.clone())) {
            return None;
        }
        self.looked_at = Some(directory.clone());
        let call = helper::call(self.next, 0, None, &helper::written(&Verb::Here));
        let argv = helper::argv(&self.program, Some(&directory), call);
        Some(self.run(For::Here(directory), argv, None))
    }

    /// Looks where the user went.
    fn follow(&mut self) -> Option<Effect> {
        if !self.begun {
            return None;
        }
        let directory = self.terminal.place(self.terminal.active()?).directory;
        if directory.is_none() || directory == self.looked_at { None } else { self.look_here() }
    }

    fn is_watched(&self, pane: u32) -> bool {
        let place = self.terminal.active().map(|tab| self.terminal.place(tab));
        self.begun && place.is_some_and(|place| place.pane == Some(pane))
    }

    fn ended(&mut self, call: u64, exit: Option<i32>, output: &[u8], errors: &[u8]) -> Vec<Effect> {
        let Some(what) = self.running.remove(&call) else { return Vec::new() };
        let returned = helper::returned(&self.program, exit, output, errors);
        match what {
            For::StartWatch => {
                self.watch_began(exit, errors);
                Vec::new()
            }
            For::List { offline, skip } => self.listed(offline, skip, returned),
            For::Here(directory) => {
                self.found_here(directory, returned);
                Vec::new()
            }
            For::Sidebar { to, number, changes } => {
                let answer = returned.map(|(answer, _)| answer);
                let mut effects = vec![tell(to, &Tell::Returned { number, answer })];
                if changes {
                    effects.extend(self.list(true));
                    effects.extend(self.look_here());
                }
                effects
            }
        }
    }

    /// The watch itself goes on in the background, and says how it stands.
    fn watch_began(&mut self, exit: Option<i32>, errors: &[u8]) {
        if exit == Some(0) {
            return;
        }
        let failure = helper::failed(&self.program, exit, &String::from_utf8_lossy(errors));
        self.watching = Some(Watching::Troubled(failure));
    }

    fn found_here(&mut self, directory: String, returned: Result<(String, u64), Failure>) {
        match understood(returned) {
            Ok((Answer::Here(report), _)) => {
                if self.here.len() >= MOST_PLACES {
                    self.here.clear();
                }
                self.here.insert(directory, report);
            }
            Ok((Answer::Failed(_), _)) => drop(self.here.remove(&directory)),
            Ok(_) => self.trouble = Some(helper::unexpected()),
            Err(failure) => self.trouble = Some(failure),
        }
    }

    fn piped(&mut self, id: Option<&str>, name: &str, payload: &str) -> Vec<Effect> {
        match (name, id) {
            (pipe::SNAPSHOT, Some(id)) => {
                let text = serde_json::to_string(&self.terminal.snapshot()).unwrap_or_default();
                vec![Effect::Answer { pipe: id.to_owned(), text: format!("{text}\n") }]
            }
            (pipe::PUSH, _) => {
                answer::push(payload).map(|push| self.pushed(push)).unwrap_or_default()
            }
            (pipe::SAVE, _) => self.with_sidebar(true),
            (pipe::FOCUS, _) => self.with_sidebar(false),
            (pipe::COLUMN, _) => self.look_then_toggle(),
            _ => Vec::new(),
        }
    }

    fn pushed(&mut self, push: Push) -> Vec<Effect> {
        match push {
            Push::Progress { call, progress } => match self.running.get(&call) {
                Some(For::Sidebar { to, number, .. }) => {
                    vec![tell(*to, &Tell::Progress { number: *number, progress })]
                }
                _ => Vec::new(),
            },
            Push::News(sessions) => {
                self.sessions_mut().fresh.extend(sessions.into_iter().take(MOST_SESSIONS));
                self.list(true)
            }
            Push::Changed => {
                let mut effects = self.list(true);
                effects.extend(self.look_here());
                effects
            }
            Push::Watch(watching) => {
                self.watching = Some(watching);
                Vec::new()
            }
        }
    }

    /// Tells each sidebar what it does not know yet.
    fn tell_all(&mut self) -> Vec<Effect> {
        self.told.retain(|to, _| self.sidebars.contains(to));
        let sessions = self.changed_sessions();
        let mut effects = Vec::new();
        for to in self.sidebars.clone() {
            let state = self.state_for(to);
            let told = self.told.entry(to).or_default();
            if let Some((payload, mark)) = &sessions {
                let before = told.sessions.replace((self.revision, *mark));
                if before.is_none_or(|(_, before)| before != *mark) {
                    effects.push(Effect::Send { to, name: pipe::TELL, payload: payload.clone() });
                }
            }
            if told.state.as_ref() != Some(&state) {
                effects.push(tell(to, &Tell::State(Box::new(state.clone()))));
                told.state = Some(state);
            }
        }
        effects
    }

    /// The sessions as they are told, with a mark, if a sidebar may not know them: they are many, and
    /// Zellij tells of something every second.
    fn changed_sessions(&self) -> Option<(String, u64)> {
        let known = |to: &u32| self.told.get(to).and_then(|told| told.sessions);
        let is_behind = |to| known(to).is_none_or(|(revision, _)| revision != self.revision);
        if !self.sidebars.iter().any(is_behind) {
            return None;
        }
        let payload = written(&Tell::Sessions(self.sessions.clone()));
        let mark = mark(&payload);
        Some((payload, mark))
    }

    fn state_for(&self, sidebar: u32) -> State {
        let tab = self.terminal.tab_of(sidebar).or_else(|| self.terminal.active());
        let Place { pane, directory } = tab.map(|tab| self.terminal.place(tab)).unwrap_or_default();
        let online = |what: &For| matches!(what, For::List { offline: false, .. });
        State {
            here: directory.as_ref().and_then(|directory| self.here.get(directory).cloned()),
            pane,
            directory,
            trouble: self.trouble.clone(),
            watching: self.watching.clone(),
            looking: self.running.values().any(online),
        }
    }
}

fn understood(returned: Result<(String, u64), Failure>) -> Result<(Answer, u64), Failure> {
    let (json, left) = returned?;
    Ok((answer::read(&json)?, left))
}

/// Whether it says that the helper can't be asked at all: an answer takes that back.
fn is_of_helper(failure: &Failure) -> bool {
    failure.code.starts_with("convosync::helper::")
}

fn look(terminals: Vec<u32>) -> Option<Effect> {
    (!terminals.is_empty()).then_some(Effect::Look(terminals))
}

fn written(tell: &Tell) -> String {
    serde_json::to_string(tell).unwrap_or_default()
}

fn tell(to: u32, tell: &Tell) -> Effect {
    Effect::Send { to, name: pipe::TELL, payload: written(tell) }
}

fn mark(payload: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.hash(&mut hasher);
    hasher.finish()
}
