//! What the user sees and presses: the sessions, the state of the place, dialogs.

mod draw;
mod list;
mod over;
mod pages;
mod press;
mod report;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use convosync_wire::{Decision, DeleteArgs, Failure, MessageRange, ResumeArgs, SaveArgs};
use convosync_wire::{SessionRow, SessionsArgs, ShowArgs, Verb};

pub(crate) use pages::{about_daemon, permissions};

use crate::answer::{self, Answer};
use crate::helper;
use crate::host::Event;
use crate::line::{Line, Role};
use crate::talk::{Ask, Place, Sessions, State, Tell};
use crate::text::{clean, next_age};
use over::{Dialog, Kind, Over, Prompt, Reading, What};

/// After so long without a word it is said that a call is slow, in milliseconds.
const SLOW: i64 = 20_000;

/// Rows that a page key moves by.
const PAGE: isize = 5;

/// A verb of few questions asks each of them once; more is a helper that goes round in circles.
const ROUNDS: usize = 8;

/// Something that a sidebar wants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wish {
    /// Of the daemon.
    Ask(Ask),
    /// To be drawn anew.
    Redraw,
    /// To be woken, in so many milliseconds.
    Wake(i64),
}

/// A call that runs.
#[derive(Debug, Clone, PartialEq)]
struct Working {
    number: u64,
    verb: Verb,
    place: Place,
    rounds: usize,
    /// What is being done.
    doing: String,
    /// When somebody last said something of it.
    since: i64,
    slow: bool,
}

/// A short word at the bottom.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    role: Role,
    text: String,
}

/// One sidebar.
#[derive(Debug)]
pub(crate) struct Sidebar {
    sessions: Sessions,
    state: State,
    /// The session that the user is on.
    selected: Option<String>,
    filter: String,
    over: Option<Over>,
    /// What came meanwhile: it is shown when nothing else lies over the list.
    waiting: VecDeque<Over>,
    /// What is wrong for all sidebars, and was read here.
    dismissed: Option<Failure>,
    working: Option<Working>,
    /// The message of the last save, until that is made: it is not typed twice.
    unsaved: String,
    said: Option<Said>,
    next: u64,
    /// Whether it draws a line at its right edge.
    edge: bool,
    size: (usize, usize),
    visible: bool,
    /// Whether the user came for a message only, and goes back when it is typed.
    is_visited: bool,
    /// When the next wake-up comes that was asked for.
    wakes_at: Option<i64>,
}

impl Default for Sidebar {
    fn default() -> Self {
        Self {
            sessions: Sessions::default(),
            state: State::default(),
            selected: None,
            filter: String::new(),
            over: None,
            waiting: VecDeque::new(),
            dismissed: None,
            working: None,
            unsaved: String::new(),
            said: None,
            next: 1,
            edge: false,
            size: (33, 24),
            visible: true,
            is_visited: false,
            wakes_at: None,
        }
    }
}

impl Sidebar {
    /// One that draws a line at its right edge, if it is to.
    pub(crate) fn with_edge(edge: bool) -> Self {
        Self { edge, ..Self::default() }
    }

    /// Takes down what happened in the pane.
    pub(crate) fn update(&mut self, event: &Event, now_ms: i64) -> Vec<Wish> {
        let mut wishes = match event {
            Event::Key(key) => self.pressed(*key, now_ms),
            Event::Click(line, column) => self.clicked(*line, *column, now_ms),
            Event::Scroll(lines) => self.moved(*lines),
            Event::Size(columns, rows) => {
                self.size = (*columns, *rows);
                return Vec::new();
            }
            Event::Visible(visible) if *visible != self.visible => {
                self.visible = *visible;
                if *visible { vec![Wish::Redraw] } else { Vec::new() }
            }
            Event::Woken => self.woken(now_ms),
            _ => Vec::new(),
        };
        self.show_what_waits();
        wishes.extend(self.wake(now_ms));
        wishes
    }

    /// Takes down what the daemon says.
    pub(crate) fn told(&mut self, tell: Tell, now_ms: i64) -> Vec<Wish> {
        let mut wishes = vec![Wish::Redraw];
        match tell {
            Tell::Sessions(sessions) => {
                self.sessions = sessions;
                self.keep_selection();
            }
            Tell::State(state) => self.take_state(*state),
            Tell::Progress { number, progress } => {
                let Some(working) = self.working.as_mut().filter(|w| w.number == number) else {
                    return Vec::new();
                };
                working.doing = clean(&progress.text);
                (working.since, working.slow) = (now_ms, false);
            }
            Tell::Returned { number, answer } => {
                wishes.extend(self.returned(number, answer, now_ms))
            }
            Tell::AskToSave => self.visited(),
        }
        self.show_what_waits();
        wishes.extend(self.wake(now_ms));
        wishes
    }

    fn take_state(&mut self, state: State) {
        let is_trouble =
            |over: &Over| matches!(over, Over::Reading(Reading { kind: Kind::Trouble, .. }));
        if self.over.as_ref().is_some_and(is_trouble) && state.trouble != self.state.trouble {
            self.over = None;
        }
        if state.trouble.is_none() {
            self.dismissed = None;
        }
        self.state = state;
    }

    /// Something is wrong that nobody asked for.
    pub(crate) fn failed(&mut self, failure: Failure) -> Vec<Wish> {
        self.lay(Over::Reading(report::failure(&failure, Kind::Failure)));
        vec![Wish::Redraw]
    }

    /// Shows something, behind what is there already: keys that are meant for that one must not
    /// answer it.
    fn lay(&mut self, over: Over) {
        self.waiting.push_back(over);
        self.show_what_waits();
    }

    fn show_what_waits(&mut self) {
        if self.over.is_some() {
            return;
        }
        self.over = self.waiting.pop_front().or_else(|| {
            let unread = |failure: &&Failure| self.dismissed.as_ref() != Some(*failure);
            let failure = self.state.trouble.as_ref().filter(unread)?;
            Some(Over::Reading(report::failure(failure, Kind::Trouble)))
        });
    }

    /// The user comes to save. What was typed already stays, and is saved from where they are now; a
    /// question is answered first.
    fn visited(&mut self) {
        match self.over.take() {
            Some(Over::Dialog(dialog)) => {
                self.over = Some(Over::Dialog(dialog));
                return;
            }
            Some(Over::Prompt(Prompt { what: What::Message(_), text })) => {
                let what = What::Message(self.state.place());
                self.over = Some(Over::Prompt(Prompt { what, text }));
            }
            before => {
                let reading = before.filter(|over| matches!(over, Over::Reading(_)));
                reading.into_iter().for_each(|reading| self.waiting.push_front(reading));
                self.ask_to_save();
            }
        }
        self.is_visited = true;
    }

    /// The daemon that knew of a call is gone, and another one took its place.
    pub(crate) fn lost_daemon(&mut self) -> Vec<Wish> {
        if self.working.take().is_some() {
            self.say(Role::Error, "who ran this is gone: look at `convosync status`");
        }
        vec![Wish::Redraw]
    }

    fn say(&mut self, role: Role, text: &str) {
        self.said = Some(Said { role, text: text.to_owned() });
    }

    /// Whoever was selected stays so; who is gone makes room for the first.
    fn keep_selection(&mut self) {
        let shown = self.shown();
        let is_there =
            self.selected.as_ref().is_some_and(|id| shown.iter().any(|row| row.session_id == *id));
        if !is_there {
            self.selected = shown.first().map(|row| row.session_id.clone());
        }
    }

    /// The rows that are shown, in their order.
    fn shown(&self) -> Vec<&SessionRow> {
        let here = self.state.here.as_ref().and_then(|here| here.repository.as_deref());
        list::ordered(&self.sessions.rows, here, &self.filter)
    }

    fn selected_row(&self) -> Option<&SessionRow> {
        let id = self.selected.as_ref()?;
        self.sessions.rows.iter().find(|row| row.session_id == *id)
    }

    fn moved(&mut self, by: isize) -> Vec<Wish> {
        match &mut self.over {
            Some(Over::Reading(reading)) => {
                reading.scroll(by, self.size);
                return vec![Wish::Redraw];
            }
            Some(Over::Dialog(dialog)) => {
                dialog.step(by);
                return vec![Wish::Redraw];
            }
            Some(Over::Prompt(_)) => return Vec::new(),
            None => {}
        }
        let shown = self.shown();
        let Some(last) = shown.len().checked_sub(1) else { return Vec::new() };
        let at = |id: &String| shown.iter().position(|row| row.session_id == *id);
        let now = self.selected.as_ref().and_then(at).unwrap_or(0);
        let to = now.saturating_add_signed(by).min(last);
        let id = shown[to].session_id.clone();
        let mut wishes = vec![Wish::Redraw];
        if to == last && by > 0 && self.sessions.more {
            wishes.push(Wish::Ask(Ask::More));
        }
        wishes.extend(self.select(id));
        wishes
    }

    /// Whoever is looked at is no longer new.
    fn select(&mut self, id: String) -> Option<Wish> {
        let is_new = self.sessions.fresh.contains(&id);
        self.selected = Some(id.clone());
        is_new.then_some(Wish::Ask(Ask::Seen(id)))
    }

    fn ask_to_save(&mut self) {
        self.said = None;
        let text = if self.working.is_none() { self.unsaved.clone() } else { String::new() };
        let prompt = Prompt { what: What::Message(self.state.place()), text };
        self.over = Some(Over::Prompt(prompt));
    }

    fn resume(&mut self, session: String, now_ms: i64) -> Vec<Wish> {
        let args = ResumeArgs { session: Some(session), ..ResumeArgs::default() };
        self.call_at(Verb::Resume(args), self.state.place(), now_ms)
    }

    fn details(&mut self, now_ms: i64) -> Vec<Wish> {
        let Some(session) = self.selected.clone() else { return Vec::new() };
        let messages = MessageRange { first: Some(1), last: Some(1) };
        let args = ShowArgs { session: Some(session.clone()), messages, ..ShowArgs::default() };
        let mut wishes = self.call(Verb::Show(args), now_ms);
        wishes.extend(self.select(session));
        wishes
    }

    fn pin(&mut self, now_ms: i64) -> Vec<Wish> {
        let Some(row) = self.selected_row() else { return Vec::new() };
        let args = SessionsArgs { sessions: vec![row.session_id.clone()] };
        let verb = if row.pinned { Verb::Unpin(args) } else { Verb::Pin(args) };
        self.call(verb, now_ms)
    }

    /// The helper asks before it deletes.
    fn delete(&mut self, now_ms: i64) -> Vec<Wish> {
        let Some(session) = self.selected.clone() else { return Vec::new() };
        self.call(Verb::Delete(DeleteArgs { sessions: vec![session], yes: false }), now_ms)
    }

    fn save(&mut self, message: &str, place: Place, now_ms: i64) -> Vec<Wish> {
        let message = message.trim();
        let message = (!message.is_empty()).then(|| message.to_owned());
        let args = SaveArgs { message, interactive: true, ..SaveArgs::default() };
        // A terminal that was opened this moment had none yet.
        let place = if place.directory.is_some() { place } else { self.state.place() };
        self.call_at(Verb::Save(args), place, now_ms)
    }

    /// A call that acts on a place.
    fn call_at(&mut self, verb: Verb, place: Place, now_ms: i64) -> Vec<Wish> {
        if place.directory.is_none() {
            return self.failed(report::nowhere());
        }
        self.call_again(verb, place, 0, now_ms)
    }

    fn call(&mut self, verb: Verb, now_ms: i64) -> Vec<Wish> {
        self.call_again(verb, self.state.place(), 0, now_ms)
    }

    fn call_again(&mut self, verb: Verb, place: Place, rounds: usize, now_ms: i64) -> Vec<Wish> {
        if self.is_busy() {
            return vec![Wish::Redraw];
        }
        let number = self.next;
        self.next += 1;
        let doing = report::doing(&verb).to_owned();
        let changes = !matches!(verb, Verb::Show(_));
        let ask = Ask::Call { number, place: place.clone(), verb: helper::written(&verb), changes };
        self.said = None;
        let (since, slow) = (now_ms, false);
        self.working = Some(Working { number, verb, place, rounds, doing, since, slow });
        vec![Wish::Ask(ask), Wish::Redraw]
    }

    /// Whether something is being done, which is said then: nothing else is begun.
    fn is_busy(&mut self) -> bool {
        let Some(working) = &self.working else { return false };
        let text = format!("wait: {}", working.doing);
        self.say(Role::Error, &text);
        true
    }

    fn returned(&mut self, number: u64, answer: Result<String, Failure>, now_ms: i64) -> Vec<Wish> {
        let Some(working) = self.working.take_if(|working| working.number == number) else {
            return Vec::new();
        };
        match answer.and_then(|json| answer::read(&json)) {
            Ok(Answer::Decide(decision)) => self.asked(working, decision),
            Ok(Answer::Failed(failure)) | Err(failure) => drop(self.failed(failure)),
            Ok(answer) => self.done(&answer, now_ms),
        }
        Vec::new()
    }

    fn done(&mut self, answer: &Answer, now_ms: i64) {
        if matches!(answer, Answer::Saved(_)) {
            self.unsaved.clear();
        }
        if let Some((role, text)) = report::said(answer) {
            self.say(role, &text);
        }
        if let Some(reading) = report::reading(answer, now_ms) {
            self.lay(Over::Reading(reading));
        }
    }

    fn asked(&mut self, working: Working, decision: Decision) {
        if working.rounds >= ROUNDS || decision.choices.is_empty() {
            drop(self.failed(helper::unexpected()));
            return;
        }
        let Working { verb, place, rounds, .. } = working;
        self.lay(Over::Dialog(Box::new(Dialog::of(decision, verb, place, rounds))));
    }

    fn woken(&mut self, now_ms: i64) -> Vec<Wish> {
        // Timers are not told apart: another one may have rung.
        if self.wakes_at.is_none_or(|at| now_ms < at) {
            return Vec::new();
        }
        self.wakes_at = None;
        if let Some(working) = &mut self.working
            && now_ms.saturating_sub(working.since) >= SLOW
        {
            working.slow = true;
        }
        if self.visible { vec![Wish::Redraw] } else { Vec::new() }
    }

    /// Asks to be woken when something that is shown says something else: an age, or that a call is
    /// slow. While nothing is seen and nothing runs, nothing wakes it.
    fn wake(&mut self, now_ms: i64) -> Option<Wish> {
        let ages = self.sessions.rows.iter().map(|row| next_age(row.timestamp, now_ms));
        let ages = ages.min().filter(|_| self.visible);
        let slow = self.working.as_ref().filter(|working| !working.slow);
        let slow =
            slow.map(|working| working.since.saturating_add(SLOW).saturating_sub(now_ms).max(100));
        let pause = ages.into_iter().chain(slow).min()?;
        let at = now_ms.saturating_add(pause);
        if self.wakes_at.is_some_and(|before| before <= at && before > now_ms) {
            return None;
        }
        self.wakes_at = Some(at);
        Some(Wish::Wake(pause))
    }

    /// The pane's lines.
    pub(crate) fn view(&self, width: usize, height: usize, now_ms: i64) -> Vec<Line> {
        self.screen(width, height, now_ms).into_iter().map(|(line, _)| line).collect()
    }
}
