use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::interrupt::Interrupt;
use crate::surroundings::Env;
use crate::view::testing;

/// A home, and a `zellij` that writes down what it gets, after it has done this.
struct Place {
    folder: tempfile::TempDir,
    env: Env,
}

impl Place {
    fn new(before: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().display().to_string();
        let program = folder.path().join("zellij");
        let script = format!("#!/bin/sh\ncd {home}\n{before}\ncat >> log\n");
        fs::write(&program, script).expect("written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        let env = [("HOME", home.clone()), ("PATH", format!("{home}:/usr/bin:/bin"))];
        let env = env.map(|(name, value)| (name.to_owned(), value));
        Self { env: env.into_iter().collect(), folder }
    }

    fn paths(&self) -> Paths {
        Paths::from_env(&self.env).expect("there is a home")
    }

    /// A session comes that needs a watch.
    fn need(&self) {
        let needing = Needing::new(("one", None), std::process::id(), &self.env);
        let needing = needing.expect("this process runs");
        Needed::new(self.paths().watch()).add(&needing).expect("written");
    }

    /// What it was told while a watch looked so often, by looks of which each does this and comes to
    /// these rows.
    fn told(&self, looks: u32, look: impl Fn(u32) -> Vec<SessionRow>) -> String {
        let (paths, interrupt) = (self.paths(), Interrupt::default());
        let bell = Bell::new(&interrupt, false).expect("the system has room");
        let number = Cell::new(0);
        let look = || {
            number.set(number.get() + 1);
            if number.get() > looks {
                interrupt.set();
            }
            // It looks again, for something came into a folder that is followed.
            fs::write(paths.watch().join("x"), number.get().to_string()).expect("written");
            let rows = look(number.get());
            (Outcome::Reply(Box::new(Reply::Sessions(rows.into()))), None)
        };
        let ending = Machine::new(Role::Terminal, (&paths, bell), &look, &|_| true).watch();
        assert!(matches!(ending, Ending::Stopped), "{ending:?}");
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

#[test]
fn a_session_that_comes_while_it_is_looked_hears_of_what_was_found() {
    let place = Place::new("");
    let told = place.told(3, |number| {
        if number < 2 {
            return Vec::new();
        }
        place.need();
        vec![testing::row("session-abcdefgh", "desktop", "desktop", 5)]
    });
    assert!(told.contains(r#""push":"news""#) && told.contains("session-abcdefgh"), "{told}");
}

#[test]
fn who_could_not_be_told_is_told_at_the_next_look() {
    let place = Place::new("if mkdir first; then cat >/dev/null; exit 1; fi");
    place.need();
    let told = place.told(3, |_| Vec::new());
    let lines: Vec<_> = told.lines().collect();
    let greeting = [r#"{"push":"watch","data":{"state":"well"}}"#, r#"{"push":"changed"}"#];
    assert_eq!(lines, greeting);
}
