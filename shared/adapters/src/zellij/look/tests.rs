use std::fs;

use crate::zellij::tests::stand::{ANSWERS, Stand};

#[test]
fn a_zellij_that_is_too_busy_is_asked_again() {
    let stand = Stand::new(ANSWERS, &[("BUSY", "2")]);
    let screen = stand.look().expect("it answers in the end").expect("this is a pane");
    assert_eq!((screen.tabs.len(), screen.partial), (2, false));
    assert_eq!(screen.tabs[0].panes[0].name.as_deref(), Some("left one"));
}

#[test]
fn what_does_not_fit_together_in_the_end_is_told_for_what_it_is() {
    let stand = Stand::new(ANSWERS, &[("DUMP", "short.kdl")]);
    let screen = stand.look().expect("it answers").expect("this is a pane");
    assert_eq!((screen.tabs.len(), screen.partial), (2, true));
    assert_eq!(stand.asked("dump-layout"), super::ROUNDS);
}

#[test]
fn a_session_that_listens_and_is_not_found_is_looked_for_again() {
    let (missed, gone) = (
        r#"[ "$times" -gt 2 ] || { echo There is no active session! >&2; exit 1; }; case"#,
        r#"echo "Session 'main' not found. The following sessions are active:" >&2; exit 1; case"#,
    );
    let of = |why: &str| Stand::new(&ANSWERS.replacen("case", why, 1), &[]);
    let listens = of(missed);
    fs::create_dir_all(listens.folder.path().join("version")).expect("a folder");
    fs::write(listens.folder.path().join("version/main"), "").expect("in the place of a socket");
    assert_eq!(listens.look().expect("it is found").expect("this is a pane").tabs.len(), 2);
    for away in [of(missed), of(gone)] {
        away.look().expect_err("it is not there");
        assert_eq!(away.asked("list-panes"), 1);
    }
}

#[test]
fn an_answer_that_was_for_somebody_else_is_not_taken() {
    let swapped = ANSWERS
        .replace("; cat tabs.json", "; [ \"$times\" -gt 2 ] && cat tabs.json || cat layout.kdl");
    let screen = Stand::new(&swapped, &[]).look().expect("it answers in the end");
    assert_eq!(screen.map(|screen| screen.partial), Some(false));
}

#[test]
fn a_session_that_is_not_there_is_asked_for_once() {
    let gone = "#!/bin/sh\ncd \"$ANSWERS\"\necho \"$4\" >> asked\necho gone >&2\nexit 1\n";
    let stand = Stand::new(gone, &[]);
    let error = stand.look().expect_err("it is gone");
    assert_eq!(error.to_string(), "could not ask for the panes: gone");
    assert_eq!(stand.asked("list-panes"), 1);
}
