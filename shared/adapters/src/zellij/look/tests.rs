use std::fs;
use std::path::Path;
use std::process::Command;

use convosync_engine::Cancel;
use convosync_engine::ports::{PaneEnv, Panes as _, PanesError, Screen};
use tempfile::TempDir;

use crate::ZellijPanes;

/// Answers as Zellij gives them, and counts how often it was asked.
const ANSWERS: &str = r#"#!/bin/sh
cd "$ANSWERS"
echo "$4" >> asked
times=$(grep -c "^$4" asked)
busy() { [ "$times" -gt "${BUSY:-0}" ] || { eval "$1"; }; }
case "$4" in
    list-panes) busy 'echo Timeout listing panes >&2; exit 2'; cat panes.json ;;
    list-tabs) busy 'echo Timeout listing tabs >&2; exit 2'; cat tabs.json ;;
    dump-layout) busy 'exit 0'; cat "${DUMP:-layout.kdl}" ;;
esac
"#;

/// A program in the place of Zellij.
struct Stand {
    folder: TempDir,
    env: PaneEnv,
}

impl Stand {
    fn new(script: &str, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("panes.json"), include_str!("../samples/panes.json")).expect("a file");
        fs::write(at("tabs.json"), include_str!("../samples/tabs.json")).expect("a file");
        fs::write(at("layout.kdl"), include_str!("../samples/layout.kdl")).expect("a file");
        fs::write(at("short.kdl"), "layout {\n    tab {\n        pane\n    }\n}\n")
            .expect("a file");
        fs::write(at("script"), script).expect("a file");
        // What another process wrote can be run at once, whatever threads start in between.
        let installed =
            Command::new("install").args(["-m", "755"]).args([at("script"), at("zellij")]).status();
        assert!(installed.expect("there is `install`").success());
        let text = |path: &Path| path.to_str().expect("it is UTF-8").to_owned();
        let path = format!("{}:/usr/bin:/bin", text(folder.path()));
        let own = [("ZELLIJ_SESSION_NAME", "main"), ("PATH", &path)];
        let of = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut env: PaneEnv = own.iter().chain(more).map(of).collect();
        for name in ["ANSWERS", "ZELLIJ_SOCKET_DIR"] {
            env.insert(name.to_owned(), text(folder.path()));
        }
        Self { folder, env }
    }

    fn look(&self) -> Result<Option<Screen>, PanesError> {
        ZellijPanes::new(self.folder.path().to_owned(), Cancel::new()).look(&self.env)
    }

    fn asked(&self, what: &str) -> usize {
        let asked = fs::read_to_string(self.folder.path().join("asked")).expect("it was asked");
        asked.lines().filter(|line| *line == what).count()
    }
}

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
