//! What keys and clicks do, in the list and in what lies over it.

use super::draw::Target;
use super::over::{Dialog, Kind, Over, Prompt, Reading, What};
use super::{PAGE, Sidebar, Wish, report};
use crate::helper;
use crate::host::Key;
use crate::line::Role;
use crate::talk::Ask;

/// Longest message that is typed, in letters.
const LONGEST_MESSAGE: usize = 1000;

impl Sidebar {
    pub(super) fn pressed(&mut self, key: Key, now_ms: i64) -> Vec<Wish> {
        let mut wishes = vec![Wish::Redraw];
        wishes.extend(match self.over.take() {
            None => self.pressed_in_list(key, now_ms),
            Some(Over::Prompt(prompt)) => self.pressed_in_prompt(prompt, key, now_ms),
            Some(Over::Dialog(dialog)) => self.pressed_in_dialog(dialog, key, now_ms),
            Some(Over::Reading(reading)) => self.pressed_in_reading(reading, key, now_ms),
        });
        wishes
    }

    fn pressed_in_list(&mut self, key: Key, now_ms: i64) -> Vec<Wish> {
        self.said = None;
        match key {
            Key::Down | Key::Char('j') => return self.moved(1),
            Key::Up | Key::Char('k') => return self.moved(-1),
            Key::PageDown => return self.moved(PAGE),
            Key::PageUp => return self.moved(-PAGE),
            Key::Home | Key::Char('g') => return self.moved(isize::MIN),
            Key::End | Key::Char('G') => return self.moved(isize::MAX),
            Key::Enter => {
                let session = self.selected.clone();
                return session.map(|id| self.resume(id, now_ms)).unwrap_or_default();
            }
            Key::Char('i') => return self.details(now_ms),
            Key::Char('p') => return self.pin(now_ms),
            Key::Char('d') => return self.delete(now_ms),
            Key::Char('s') => self.ask_to_save(),
            Key::Char('r') => return vec![Wish::Ask(Ask::Refresh)],
            Key::Char('/') => {
                let text = self.filter.clone();
                self.over = Some(Over::Prompt(Prompt { what: What::Filter, text }));
            }
            Key::Char('?') => {
                let reading = report::help(&self.state);
                self.over = Some(Over::Reading(reading));
            }
            Key::Char('a') => return vec![Wish::Ask(Ask::Approve)],
            Key::Esc => return self.left(),
            _ => {}
        }
        Vec::new()
    }

    /// Esc in the list: stops waiting for what is slow, shows all sessions again, or goes back to the
    /// terminal.
    fn left(&mut self) -> Vec<Wish> {
        if self.working.as_ref().is_some_and(|working| working.slow) {
            self.working = None;
            self.say(Role::Dim, "it goes on by itself");
        } else if !self.filter.is_empty() {
            self.filter.clear();
            self.keep_selection();
        } else {
            return vec![Wish::Ask(Ask::Leave)];
        }
        Vec::new()
    }

    fn pressed_in_prompt(&mut self, mut prompt: Prompt, key: Key, now_ms: i64) -> Vec<Wish> {
        match key {
            Key::Esc => {
                if prompt.what == What::Filter {
                    self.filter.clear();
                    self.keep_selection();
                } else {
                    self.unsaved.clear();
                }
                return self.go_back().into_iter().collect();
            }
            Key::Enter => return self.typed(prompt, now_ms),
            Key::Backspace => drop(prompt.text.pop()),
            Key::Clear => prompt.text.clear(),
            Key::Char(letter)
                if !letter.is_control() && prompt.text.chars().count() < LONGEST_MESSAGE =>
            {
                prompt.text.push(letter);
            }
            _ => {}
        }
        if prompt.what == What::Filter {
            self.filter.clone_from(&prompt.text);
            self.keep_selection();
        }
        self.over = Some(Over::Prompt(prompt));
        Vec::new()
    }

    /// A message is saved, or waits where it can't be yet.
    fn typed(&mut self, prompt: Prompt, now_ms: i64) -> Vec<Wish> {
        let What::Message(place) = &prompt.what else { return Vec::new() };
        let question = self.waiting.iter().position(|over| matches!(over, Over::Dialog(_)));
        if let Some(question) = question.and_then(|number| self.waiting.remove(number)) {
            self.waiting.push_front(Over::Prompt(prompt));
            self.over = Some(question);
            return Vec::new();
        }
        if self.is_busy() {
            self.over = Some(Over::Prompt(prompt));
            return Vec::new();
        }
        let mut wishes = self.save(&prompt.text, place.clone(), now_ms);
        match self.working {
            Some(_) => self.unsaved = prompt.text,
            None => self.waiting.push_back(Over::Prompt(prompt)),
        }
        wishes.extend(self.go_back());
        wishes
    }

    /// To where the user came from, if that was for a message only.
    fn go_back(&mut self) -> Option<Wish> {
        std::mem::take(&mut self.is_visited).then_some(Wish::Ask(Ask::Leave))
    }

    fn pressed_in_dialog(&mut self, mut dialog: Box<Dialog>, key: Key, now_ms: i64) -> Vec<Wish> {
        match key {
            Key::Esc => {
                self.say(Role::Dim, "nothing was changed");
                return Vec::new();
            }
            Key::Enter => return self.choose(dialog, now_ms),
            Key::Down | Key::Tab | Key::Char('j') => dialog.step(1),
            Key::Up | Key::Char('k') => dialog.step(-1),
            Key::Char(digit) if dialog.at_digit(digit) => return self.choose(dialog, now_ms),
            _ => {}
        }
        self.over = Some(Over::Dialog(dialog));
        Vec::new()
    }

    /// Makes the same call again, with what was chosen.
    fn choose(&mut self, dialog: Box<Dialog>, now_ms: i64) -> Vec<Wish> {
        if self.is_busy() {
            self.over = Some(Over::Dialog(dialog));
            return Vec::new();
        }
        let rounds = dialog.rounds + 1;
        match dialog.chosen() {
            None => {
                self.say(Role::Dim, "nothing was changed");
                Vec::new()
            }
            Some(Ok((verb, place))) => self.call_again(verb, place, rounds, now_ms),
            Some(Err(_)) => self.failed(helper::unexpected()),
        }
    }

    fn pressed_in_reading(&mut self, mut reading: Reading, key: Key, now_ms: i64) -> Vec<Wish> {
        match key {
            Key::Esc | Key::Char('q') => return self.closed(&reading),
            Key::Enter if matches!(reading.kind, Kind::Details(_)) => {
                return self.resume_shown(reading, now_ms);
            }
            Key::Enter | Key::Char('i' | '?') => return self.closed(&reading),
            Key::Char('r') if reading.kind == Kind::Trouble => {
                self.dismissed.clone_from(&self.state.trouble);
                return vec![Wish::Ask(Ask::Refresh)];
            }
            Key::Down | Key::Char('j') => reading.scroll(1, self.size),
            Key::Up | Key::Char('k') => reading.scroll(-1, self.size),
            Key::PageDown | Key::Char(' ') => reading.scroll(PAGE, self.size),
            Key::PageUp => reading.scroll(-PAGE, self.size),
            Key::Home | Key::Char('g') => reading.scroll(isize::MIN, self.size),
            Key::End | Key::Char('G') => reading.scroll(isize::MAX, self.size),
            _ => {}
        }
        self.over = Some(Over::Reading(reading));
        Vec::new()
    }

    /// Resumes the session that is read about: by now another one may be selected.
    fn resume_shown(&mut self, reading: Reading, now_ms: i64) -> Vec<Wish> {
        let Kind::Details(session) = &reading.kind else { return Vec::new() };
        let session = session.clone();
        if self.is_busy() {
            self.over = Some(Over::Reading(reading));
            return Vec::new();
        }
        self.resume(session, now_ms)
    }

    fn closed(&mut self, reading: &Reading) -> Vec<Wish> {
        if reading.kind != Kind::Trouble {
            return Vec::new();
        }
        self.dismissed.clone_from(&self.state.trouble);
        vec![Wish::Ask(Ask::Dismiss)]
    }

    pub(super) fn clicked(&mut self, line: usize, column: usize, now_ms: i64) -> Vec<Wish> {
        let (width, height) = self.size;
        let screen = self.screen(width, height, now_ms);
        match screen.into_iter().nth(line).map(|(_, target)| target) {
            Some(Target::Row(id)) if self.selected.as_ref() == Some(&id) => self.details(now_ms),
            Some(Target::Row(id)) => {
                let mut wishes = vec![Wish::Redraw];
                wishes.extend(self.select(id));
                wishes
            }
            Some(Target::Choice(number)) => {
                let Some(Over::Dialog(mut dialog)) = self.over.take() else { return Vec::new() };
                dialog.at = number;
                let mut wishes = self.choose(dialog, now_ms);
                wishes.push(Wish::Redraw);
                wishes
            }
            Some(Target::Keys(keys)) => {
                let key = keys.into_iter().find(|(columns, _)| columns.contains(&column));
                key.map(|(_, key)| self.pressed(key, now_ms)).unwrap_or_default()
            }
            Some(Target::Nothing) | None => Vec::new(),
        }
    }
}
