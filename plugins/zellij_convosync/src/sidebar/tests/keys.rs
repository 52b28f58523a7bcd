use convosync_wire::{OnDirty, Question};
use proptest::prelude::*;

use super::screens::answered;
use super::*;

fn calls(wishes: &[Wish]) -> Vec<Verb> {
    let call = |wish: &Wish| match wish {
        Wish::Ask(Ask::Call { verb, .. }) => serde_json::from_str(verb).ok(),
        _ => None,
    };
    wishes.iter().filter_map(call).collect()
}

#[track_caller]
fn one_call(wishes: &[Wish]) -> Verb {
    let mut calls = calls(wishes);
    assert_eq!(calls.len(), 1, "{wishes:?}");
    calls.remove(0)
}

#[test]
fn enter_resumes_the_session_that_is_selected() {
    let mut bar = bar();
    let Verb::Resume(args) = one_call(&press(&mut bar, "j\n")) else { panic!("a resume") };
    assert_eq!(args.session.as_deref(), Some("session-bbbbbbbb"));
}

#[test]
fn details_resume_the_session_that_they_tell_of() {
    let mut bar = bar();
    press(&mut bar, "i");
    press(&mut bar, "j");
    let shown = convosync_wire::Reply::Shown(Box::new(sample::shown()));
    answered(&mut bar, convosync_wire::Answer::Reply(Box::new(shown)));
    let Verb::Resume(args) = one_call(&press(&mut bar, "\n")) else { panic!("a resume") };
    assert_eq!(args.session, Some(sample::shown().save.row.session_id));
    assert_ne!(args.session, bar.selected);
}

#[test]
fn a_save_has_the_message_that_was_typed() {
    let mut bar = bar();
    let Verb::Save(args) = one_call(&press(&mut bar, "sfix j and k\n")) else { panic!("a save") };
    assert_eq!(args.message.as_deref(), Some("fix j and k"));
    assert!(args.interactive);
}

#[test]
fn whoever_came_for_a_message_goes_back_when_it_is_typed() {
    let leave = Wish::Ask(Ask::Leave);
    for end in ["\n", "\u{1b}"] {
        let mut bar = bar();
        bar.told(Tell::AskToSave, NOW);
        assert!(press(&mut bar, end).contains(&leave));
        assert!(!press(&mut bar, "s\n").contains(&leave), "once");
    }
    assert!(press(&mut bar(), "\u{1b}").contains(&leave));
}

#[test]
fn while_something_runs_nothing_else_is_begun() {
    let mut bar = bar();
    assert_eq!(calls(&press(&mut bar, "s\n")).len(), 1);
    assert!(calls(&press(&mut bar, "pd\ni")).is_empty());
}

#[test]
fn what_is_chosen_goes_into_the_same_call() {
    let mut bar = bar();
    press(&mut bar, "\n");
    answered(&mut bar, convosync_wire::Answer::NeedsDecision(sample::decision(Question::Dirty)));
    let Verb::Resume(args) = one_call(&press(&mut bar, "2")) else { panic!("a resume") };
    assert_eq!(args.answers.on_dirty, Some(OnDirty::Commit));
    assert_eq!(args.session.as_deref(), Some("session-aaaaaaaa"));
}

#[test]
fn what_was_begun_at_a_place_is_done_there_though_the_user_goes_elsewhere() {
    let elsewhere = State { directory: Some("/home/me/other".into()), ..state() };
    let places = |wishes: &[Wish]| -> Vec<Option<String>> {
        let place = |wish: &Wish| match wish {
            Wish::Ask(Ask::Call { place, .. }) => Some(place.directory.clone()),
            _ => None,
        };
        wishes.iter().filter_map(place).collect()
    };
    let mut bar = bar();
    press(&mut bar, "sdone");
    let asks = |bar: &Sidebar, ends: &str| {
        shown(bar, 33, 24).iter().any(|line| line.contains("done?") && line.ends_with(ends))
    };
    assert!(asks(&bar, "done?"));
    bar.told(Tell::State(Box::new(elsewhere.clone())), NOW);
    assert!(asks(&bar, "/code/app"), "{:#?}", shown(&bar, 33, 24));
    assert_eq!(places(&press(&mut bar, "\n")), [state().directory]);
    answered(&mut bar, convosync_wire::Answer::Failure(helper::unexpected()));
    assert_eq!(places(&press(&mut bar, "\u{1b}\n")), std::slice::from_ref(&elsewhere.directory));
    bar.told(Tell::State(Box::new(state())), NOW);
    answered(&mut bar, convosync_wire::Answer::NeedsDecision(sample::decision(Question::Dirty)));
    assert_eq!(places(&press(&mut bar, "2")), [elsewhere.directory]);
}

#[test]
fn to_leave_a_question_calls_nobody() {
    for keys in ["\u{1b}", "3"] {
        let mut bar = bar();
        press(&mut bar, "\n");
        answered(
            &mut bar,
            convosync_wire::Answer::NeedsDecision(sample::decision(Question::Dirty)),
        );
        assert!(calls(&press(&mut bar, keys)).is_empty());
        assert_eq!(bar.over, None);
    }
}

#[test]
fn where_nothing_is_recommended_enter_alone_changes_nothing() {
    let mut bar = bar();
    press(&mut bar, "d");
    let mut decision = sample::decision(Question::Delete);
    decision.choices.iter_mut().for_each(|choice| choice.recommended = false);
    answered(&mut bar, convosync_wire::Answer::NeedsDecision(decision));
    assert!(calls(&press(&mut bar, "\n")).is_empty());
}

#[test]
fn a_helper_that_asks_without_end_is_stopped() {
    let mut bar = bar();
    press(&mut bar, "\n");
    for _ in 0..=ROUNDS {
        answered(
            &mut bar,
            convosync_wire::Answer::NeedsDecision(sample::decision(Question::Dirty)),
        );
        press(&mut bar, "1");
    }
    assert!(matches!(&bar.over, None | Some(Over::Reading(_))), "{:?}", bar.over);
    assert_eq!(bar.working, None);
}

#[test]
fn a_pin_is_taken_off_where_there_is_one() {
    let mut bar = bar();
    assert!(matches!(one_call(&press(&mut bar, "p")), Verb::Unpin(_)));
}

#[test]
fn where_no_directory_is_known_nothing_is_saved_anywhere() {
    let mut bar = bar();
    bar.told(Tell::State(Box::default()), NOW);
    assert!(calls(&press(&mut bar, "s\n")).is_empty());
    assert!(matches!(&bar.over, Some(Over::Reading(reading)) if reading.kind == Kind::Failure));
}

#[test]
fn a_click_selects_and_a_second_one_tells_more() {
    let mut bar = bar();
    let line = shown(&bar, 33, 24).iter().position(|line| line.contains("phone")).expect("seen");
    bar.update(&Event::Click(line, 5), NOW);
    assert_eq!(bar.selected.as_deref(), Some("session-cccccccc"));
    let line = shown(&bar, 33, 24).iter().position(|line| line.contains("phone")).expect("seen");
    let wishes = bar.update(&Event::Click(line, 5), NOW);
    assert!(matches!(one_call(&wishes), Verb::Show(_)));
}

#[test]
fn a_click_on_a_key_is_that_key() {
    let mut bar = bar();
    let lines = shown(&bar, 33, 24);
    let line = lines.iter().position(|line| line.contains("s save")).expect("seen");
    let before = lines[line].split("s save").next().expect("a part before it");
    bar.update(&Event::Click(line, crate::text::width(before) + 1), NOW);
    assert!(matches!(bar.over, Some(Over::Prompt(_))), "{:?}", bar.over);
}

#[test]
fn who_was_looked_at_is_no_longer_new() {
    let mut bar = bar();
    let seen = Wish::Ask(Ask::Seen("session-cccccccc".into()));
    assert!(press(&mut bar, "jj").contains(&seen));
    assert!(!press(&mut bar, "kk").contains(&seen));
}

#[test]
fn a_call_that_takes_long_can_be_left_alone() {
    let mut bar = bar();
    press(&mut bar, "s\n");
    bar.update(&Event::Woken, NOW + SLOW + 1);
    assert!(shown(&bar, 33, 24).iter().any(|line| line.contains("Esc stops waiting")));
    press(&mut bar, "\u{1b}");
    assert_eq!(bar.working, None);
}

#[test]
fn nothing_wakes_a_sidebar_that_nobody_sees() {
    let mut bar = bar();
    bar.update(&Event::Visible(false), NOW);
    assert_eq!(bar.update(&Event::Woken, NOW + 3_600_000), []);
    let wishes = bar.update(&Event::Visible(true), NOW + 3_600_000);
    assert!(wishes.contains(&Wish::Redraw), "{wishes:?}");
    assert!(wishes.iter().all(|wish| !matches!(wish, Wish::Wake(ms) if *ms < 60_000)));
}

#[track_caller]
fn typed(bar: &Sidebar) -> &str {
    let Some(Over::Prompt(prompt)) = &bar.over else { panic!("a prompt, not {:?}", bar.over) };
    &prompt.text
}

#[test]
fn a_question_that_comes_while_somebody_types_waits_and_takes_no_key() {
    let mut bar = bar();
    press(&mut bar, "\nsab");
    answered(&mut bar, convosync_wire::Answer::NeedsDecision(sample::decision(Question::Dirty)));
    assert!(calls(&press(&mut bar, "12")).is_empty());
    assert_eq!(typed(&bar), "ab12");
    assert!(calls(&press(&mut bar, "\n")).is_empty());
    assert!(matches!(one_call(&press(&mut bar, "2")), Verb::Resume(_)));
    assert_eq!(typed(&bar), "ab12", "what was typed comes back");
    answered(&mut bar, convosync_wire::Answer::Failure(helper::unexpected()));
    let Verb::Save(args) = one_call(&press(&mut bar, "\n")) else { panic!("a save") };
    assert_eq!(args.message.as_deref(), Some("ab12"));
    assert!(matches!(&bar.over, Some(Over::Reading(reading)) if reading.kind == Kind::Failure));
}

#[test]
fn a_message_stays_typed_until_it_can_be_saved() {
    let mut bar = bar();
    press(&mut bar, "sone\nstwo");
    assert!(calls(&press(&mut bar, "\n")).is_empty());
    assert_eq!(typed(&bar), "two");
    assert!(shown(&bar, 33, 24).iter().any(|line| line.contains("wait: saving")));
    let mut bar = super::bar();
    bar.told(Tell::State(Box::default()), NOW);
    press(&mut bar, "sthree\n");
    press(&mut bar, "\u{1b}");
    assert_eq!(typed(&bar), "three");
}

#[test]
fn a_message_is_not_typed_again_when_its_save_failed() {
    let mut bar = bar();
    press(&mut bar, "slong\n");
    answered(&mut bar, convosync_wire::Answer::Failure(helper::unexpected()));
    press(&mut bar, "\u{1b}s");
    assert_eq!(typed(&bar), "long");
    press(&mut bar, "er\n");
    let saved = serde_json::json!({"answer": "reply", "data": {"kind": "saved", "report": {}}});
    let number = bar.working.as_ref().expect("a save").number;
    bar.told(Tell::Returned { number, answer: Ok(saved.to_string()) }, NOW);
    press(&mut bar, "s");
    assert_eq!(typed(&bar), "");
    press(&mut bar, "given up\n");
    answered(&mut bar, convosync_wire::Answer::Failure(helper::unexpected()));
    press(&mut bar, "\u{1b}s\u{1b}s");
    assert_eq!(typed(&bar), "");
}

#[test]
fn a_key_for_saving_loses_nothing_that_was_typed_or_asked() {
    let mut bar = bar();
    press(&mut bar, "sab");
    let elsewhere = State { directory: Some("/home/me/other".into()), ..state() };
    bar.told(Tell::State(Box::new(elsewhere.clone())), NOW);
    bar.told(Tell::AskToSave, NOW);
    assert_eq!(typed(&bar), "ab");
    let wishes = press(&mut bar, "\n");
    let place = elsewhere.place();
    assert!(
        wishes
            .iter()
            .any(|wish| matches!(wish, Wish::Ask(Ask::Call { place: at, .. }) if *at == place))
    );
    answered(&mut bar, convosync_wire::Answer::NeedsDecision(sample::decision(Question::Dirty)));
    bar.told(Tell::AskToSave, NOW);
    assert!(matches!(bar.over, Some(Over::Dialog(_))), "{:?}", bar.over);
}

#[test]
fn trouble_is_told_when_nothing_else_is_read_and_until_it_was() {
    let is_told = |bar: &Sidebar| matches!(&bar.over, Some(Over::Reading(reading)) if reading.kind == Kind::Trouble);
    let trouble = State { trouble: Some(helper::unexpected()), ..state() };
    let mut bar = bar();
    press(&mut bar, "?");
    bar.told(Tell::State(Box::new(trouble.clone())), NOW);
    assert!(!is_told(&bar));
    press(&mut bar, "\u{1b}");
    assert!(is_told(&bar));
    assert!(press(&mut bar, "\u{1b}").contains(&Wish::Ask(Ask::Dismiss)));
    // The daemon has not heard of it yet.
    bar.told(Tell::State(Box::new(trouble.clone())), NOW);
    assert!(!is_told(&bar));
    bar.told(Tell::State(Box::new(state())), NOW);
    bar.told(Tell::State(Box::new(trouble)), NOW);
    assert!(is_told(&bar), "again");
}

#[test]
fn what_a_prompt_names_can_be_clicked() {
    let click = |words: &str| {
        let mut bar = bar();
        press(&mut bar, "sab");
        let lines = shown(&bar, 33, 24);
        let line = lines.iter().position(|line| line.contains(words)).expect("seen");
        let before = lines[line].split(words).next().expect("a part before it");
        let column = crate::text::width(before) + 1;
        let wishes = bar.update(&Event::Click(line, column), NOW);
        assert_eq!(bar.over, None);
        calls(&wishes).len()
    };
    assert_eq!((click("⏎ save"), click("Esc back")), (1, 0));
}

fn key() -> impl Strategy<Value = Event> {
    prop_oneof![
        any::<char>().prop_map(|letter| Event::Key(Key::Char(letter))),
        prop::sample::select("jksi/pdr?gGq123\u{1b}".chars().collect::<Vec<_>>())
            .prop_map(|letter| Event::Key(Key::Char(letter))),
        prop::sample::select(vec![
            Key::Enter,
            Key::Esc,
            Key::Backspace,
            Key::Clear,
            Key::Up,
            Key::Down,
            Key::PageUp,
            Key::PageDown,
            Key::Home,
            Key::End,
            Key::Tab,
        ])
        .prop_map(Event::Key),
        (0..60usize, 0..120usize).prop_map(|(line, column)| Event::Click(line, column)),
        any::<isize>().prop_map(Event::Scroll),
        (0..90usize, 0..50usize).prop_map(|(columns, rows)| Event::Size(columns, rows)),
        any::<bool>().prop_map(Event::Visible),
        Just(Event::Woken),
    ]
}

/// What the helper may say to whatever runs.
fn answer() -> impl Strategy<Value = convosync_wire::Answer> {
    let reply = |reply| convosync_wire::Answer::Reply(Box::new(reply));
    prop_oneof![
        Just(convosync_wire::Answer::NeedsDecision(sample::decision(Question::Dirty))),
        Just(convosync_wire::Answer::Failure(helper::unexpected())),
        Just(reply(convosync_wire::Reply::Shown(Box::new(sample::shown())))),
        Just(reply(convosync_wire::Reply::Resumed(sample::resumed()))),
        ".{0,80}".prop_map(|text| convosync_wire::Answer::Failure(Failure {
            code: text.clone(),
            message: text.clone(),
            help: Some(text),
            argument: None,
        })),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,60}", Just("日本語".repeat(30)), Just("\u{1b}[2J\u{202e}👩\u{200d}💻".into())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_wider_than_the_pane_whatever_happened(
        steps in prop::collection::vec((key(), prop::option::weighted(0.3, answer())), 0..25),
        texts in prop::collection::vec(text(), 5),
        (width, height) in (0..90usize, 0..40usize),
        now in prop_oneof![Just(NOW), any::<i64>()],
    ) {
        let mut bar = bar();
        let mut sessions = sessions();
        sessions.rows[0].message.clone_from(&texts[0]);
        sessions.rows[1].device.clone_from(&texts[1]);
        sessions.rows[2].branch = Some(texts[2].clone());
        sessions.rows[3].repository.clone_from(&texts[3]);
        sessions.rows[0].timestamp = i64::MIN;
        bar.told(Tell::Sessions(sessions), now);
        let mut state = state();
        state.here.as_mut().expect("it is there").branch = Some(texts[4].clone());
        bar.told(Tell::State(Box::new(state)), now);
        for (event, said) in steps {
            bar.update(&event, now);
            if let Some(answer) = said.filter(|_| bar.working.is_some()) {
                answered(&mut bar, answer);
            }
            let lines = bar.view(width, height, now);
            prop_assert!(lines.len() <= height, "{} lines in {height}", lines.len());
            for line in lines {
                prop_assert!(line.width() <= width, "{} in {width}: {line:?}", line.width());
                let text = line.text();
                prop_assert!(!text.chars().any(char::is_control), "{text:?}");
            }
        }
    }
}
