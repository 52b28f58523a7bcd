use std::cell::RefCell;
use std::collections::VecDeque;

use convosync_wire::{Answers, InitArgs, OnDirty, Question, Reply, ResumeArgs, SyncReport};

use super::*;
use crate::surroundings::Env;
use crate::view::testing::{choice, dirty, plain, rows};

/// A person whose answers are written down beforehand; then the input ends.
#[derive(Default)]
struct Script {
    answers: VecDeque<&'static str>,
    shown: String,
}

impl Script {
    fn new(answers: &[&'static str]) -> Self {
        Self { answers: answers.iter().copied().collect(), shown: String::new() }
    }
}

impl Console for Script {
    fn show(&mut self, text: &str) {
        self.shown.push_str(text);
    }

    fn ask(&mut self, prompt: &str) -> Option<String> {
        self.shown.push_str(prompt);
        self.answers.pop_front().map(|text| format!("{text}\n"))
    }

    fn ask_hidden(
        &mut self,
        prompt: &str,
        more: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Secret> {
        let (mut text, mut prompt) = (String::new(), prompt.to_owned());
        loop {
            let line = self.ask(&prompt)?;
            text.push_str(&line);
            match more(&text) {
                Some(next) if !line.trim().is_empty() => prompt = next,
                _ => return Some(Secret(text)),
            }
        }
    }
}

fn branch() -> Decision {
    let switch = choice("switch", "--switch-branch", "Switch", "Checks out the session's branch");
    Decision {
        question: Question::Branch,
        title: "Branch Mismatch".into(),
        details: Vec::new(),
        choices: vec![
            Choice { recommended: true, ..switch },
            choice("stay", "--stay-on-branch", "Continue on main", "Risky"),
            choice("cancel", "", "Cancel", "Change nothing"),
        ],
    }
}

fn resume() -> Request {
    crate::caller::request(Verb::Resume(ResumeArgs::default()), "/w", &Env::new())
}

fn done() -> Outcome {
    let report = SyncReport { sent: Vec::new(), queued: 0, notes: Vec::new() };
    Outcome::Reply(Box::new(Reply::Synced(report)))
}

#[test]
fn answers_go_into_the_next_call_until_nothing_is_asked() {
    let calls = RefCell::new(Vec::new());
    let run = |request: &Request| {
        let Verb::Resume(args) = &request.verb else { panic!("only a resume is run") };
        calls.borrow_mut().push(args.answers.clone());
        match (&args.answers.on_dirty, args.answers.switch_branch) {
            (None, _) => Outcome::Decision(dirty()),
            (_, None) => Outcome::Decision(branch()),
            _ => done(),
        }
    };
    let mut person = Script::new(&["2", ""]);
    assert_eq!(until_decided(resume(), &run, &mut person, &plain()), Some(done()));
    let want = Answers {
        on_dirty: Some(OnDirty::Commit),
        switch_branch: Some(true),
        ..Answers::default()
    };
    assert_eq!(calls.borrow().last(), Some(&want));
    assert_eq!(calls.borrow().len(), 3);
    assert!(person.shown.contains("Choose [1-3], Enter for 1, 'q' to cancel: "));
}

#[test]
fn a_choice_is_taken_by_number_or_by_what_it_starts_with() {
    let chosen = |answers: &[&'static str]| {
        let mut person = Script::new(answers);
        choose(&dirty(), &mut person, &plain()).map(|choice| choice.value.clone())
    };
    assert_eq!(chosen(&[""]).as_deref(), Some("stash"));
    assert_eq!(chosen(&["3"]).as_deref(), Some("cancel"));
    assert_eq!(chosen(&["S"]).as_deref(), Some("stash"));
    assert_eq!(chosen(&["co"]).as_deref(), Some("commit"));
    assert_eq!(chosen(&["c", "0", "4", "x", "1"]).as_deref(), Some("stash"));
    assert_eq!(chosen(&["c", "0", "4", "x", "9", "1"]), None, "tries are bounded");
    assert_eq!(chosen(&["q"]), None);
    assert_eq!(chosen(&[]), None, "Ctrl-C or the end of input");
}

#[test]
fn enter_takes_nothing_that_is_not_recommended() {
    let mut open = dirty();
    open.choices.iter_mut().for_each(|choice| choice.recommended = false);
    let mut person = Script::new(&["", "2"]);
    let choice = choose(&open, &mut person, &plain()).expect("2 was chosen");
    assert_eq!(choice.value, "commit");
    assert!(person.shown.contains("Choose [1-3], 'q' to cancel: "), "{}", person.shown);
}

#[test]
fn cancelling_calls_nothing_again() {
    let calls = RefCell::new(0);
    let run = |_: &Request| {
        *calls.borrow_mut() += 1;
        Outcome::Decision(dirty())
    };
    for answer in ["q", "3"] {
        *calls.borrow_mut() = 0;
        assert_eq!(until_decided(resume(), &run, &mut Script::new(&[answer]), &plain()), None);
        assert_eq!(*calls.borrow(), 1);
    }
}

#[test]
fn questions_end_even_if_the_engine_asks_for_ever() {
    let run = |_: &Request| Outcome::Decision(branch());
    let mut person = Script::new(&[""; 100]);
    let end = until_decided(resume(), &run, &mut person, &plain());
    let Some(Outcome::Failure(failure)) = end else { panic!("{end:?}") };
    assert_eq!(failure.code, "convosync::resume::undecided");
}

#[test]
fn a_choice_that_no_answer_carries_is_our_own_fault() {
    let mut strange = dirty();
    strange.choices[0].value = "burn".into();
    let run = |_: &Request| Outcome::Decision(strange.clone());
    let end = until_decided(resume(), &run, &mut Script::new(&["1"]), &plain());
    let Some(Outcome::Failure(failure)) = end else { panic!("{end:?}") };
    assert_eq!(failure.code, INTERNAL);
}

#[test]
fn a_session_is_picked_by_number_or_id() {
    let picked = |answers: &[&'static str]| pick(&rows(), &mut Script::new(answers), &plain());
    assert_eq!(picked(&["2"]).as_deref(), Some("session-def456"));
    assert_eq!(picked(&["session-abc123"]).as_deref(), Some("session-abc123"));
    assert_eq!(picked(&["", "0", "3", "1"]).as_deref(), Some("session-abc123"));
    assert_eq!(picked(&["q"]), None);
    let mut person = Script::new(&[]);
    assert_eq!(pick(&rows(), &mut person, &plain()), None);
    assert!(person.shown.ends_with("Select session [1-2] or 'q' to quit: "), "{}", person.shown);
}

fn where_to() -> Decision {
    let folder = "--store /home/me/Sync/convosync";
    Decision {
        question: Question::Store,
        title: "Where?".into(),
        details: Vec::new(),
        choices: vec![
            Choice { recommended: true, ..choice(InitArgs::HERE, "--yes", "This Machine", "") },
            choice(InitArgs::FOLDER, folder, "A Folder", ""),
            choice(InitArgs::GIT, "--store git+ssh://git@h/me", "A Git Repository", ""),
            choice(InitArgs::ORIGIN, "--store origin", "Origin", ""),
            choice("cancel", "", "Cancel", ""),
        ],
    }
}

#[test]
fn the_store_is_chosen_and_its_url_asked_for() {
    let chosen = |answers: &[&'static str]| {
        let last = RefCell::new(None);
        let run = |request: &Request| {
            let Verb::Init(args) = &request.verb else { panic!("only an init is run") };
            *last.borrow_mut() = Some(args.clone());
            let open = args.choose && args.store.is_none();
            if open { Outcome::Decision(where_to()) } else { done() }
        };
        let init = Verb::Init(InitArgs { choose: true, ..InitArgs::default() });
        let request = crate::caller::request(init, "/w", &Env::new());
        let end = until_decided(request, &run, &mut Script::new(answers), &plain());
        end.map(|_| last.take().and_then(|args: InitArgs| args.store))
    };
    let url = |text: &str| Some(Some(text.to_owned()));
    assert_eq!(chosen(&[""]), Some(None));
    assert_eq!(chosen(&["2", ""]), url("/home/me/Sync/convosync"));
    assert_eq!(chosen(&["2", " /mnt/share "]), url("/mnt/share"));
    assert_eq!(chosen(&["3", "", "git+ssh://h/x"]), url("git+ssh://h/x"));
    assert_eq!(chosen(&["4"]), url("origin"));
    assert_eq!(chosen(&["3", "q"]), None);
    assert_eq!(chosen(&["5"]), None);
    assert_eq!(chosen(&[]), None);
}

#[test]
fn words_on_paper_are_checked_and_the_check_can_be_skipped() {
    let words = (1..=24).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
    let check = |answers: &[&'static str]| {
        let mut person = Script::new(answers);
        (words_are_written(&words, &[6, 0, 0, 0, 0, 0, 0, 0], &mut person), person.shown)
    };
    assert!(check(&["word1", " WORD7 "]).0);
    let (right, shown) = check(&["word2", "word1", "word7"]);
    assert!(right && shown.contains("That is not word 1."), "{shown}");
    assert!(check(&["\u{1b}"]).0, "skipped");
    assert!(!check(&["word1"]).0, "Ctrl-C: nobody said that they are written");
    assert!(!check(&["x"; 9]).0);
}

#[test]
fn words_come_on_one_line_or_as_they_were_shown() {
    let line = ["word"; 24].join(" ");
    assert_eq!(words(&format!(" {} \r\n", line.to_uppercase())).0, line);
    assert_eq!(words(" 1. one  7. two\n 2. three 8. four").0, "one two three four");
    let mut person = Script::new(&["1. a 2. b", "3. c", ""]);
    assert_eq!(recovery_words(&mut person).expect("typed").0, "a b c");
    assert_eq!(recovery_words(&mut Script::new(&[])), None);
}
