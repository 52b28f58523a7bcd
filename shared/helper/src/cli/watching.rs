//! The two watches of the command line.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use convosync_adapters::Paths;
use convosync_wire::zellij::Address;
use convosync_wire::{Failure, ListArgs, SessionRow, Verb};
use serde_json::json;

use super::{Session, now_ms};
use crate::args::Watch;
use crate::caller;
use crate::exit::Exit;
use crate::json;
use crate::outcome::{Outcome, run_caught};
use crate::output::{Reader, eput, put};
use crate::view::{self, Look};
use crate::watch::{self, Bell, Ending, Machine, Needed, Needing, Role, Tidings};
use crate::wiring;

impl Session<'_> {
    /// `list --watch`: prints what other devices save until the user ends it.
    pub(super) fn watch(&self, args: ListArgs, interval: Duration) -> Exit {
        let verb = Verb::List(args.watched());
        let request = caller::request(verb, &self.directory, self.env);
        let Ok(mut bell) = Bell::new(&self.interrupt, true) else { return Exit::Internal };
        let (look, show) = (|| self.call(&request), |row: &SessionRow| self.show_news(row));
        match watch::watch(interval, &mut bell, look, || self.tell_begun(), show) {
            watch::End::Interrupted => Exit::Cancelled,
            watch::End::Unread => Exit::Done,
            watch::End::Outcome(Outcome::Failure(failure)) => self.failed(&failure),
            watch::End::Outcome(_) => Exit::Internal,
        }
    }

    /// `watch`.
    pub(super) fn watch_machine(&self, watch: &Watch) -> Exit {
        let paths = match Paths::from_env(self.env) {
            Ok(paths) => paths,
            Err(error) => return self.failed(&wiring::no_home(error)),
        };
        match &watch.zellij {
            Some(session) => self.watch_for((session, watch.address()), watch.server, &paths),
            None if watch.background => self.watch_in_background(&paths),
            None => self.watch_here(&paths),
        }
    }

    /// Watches in this terminal.
    fn watch_here(&self, paths: &Paths) -> Exit {
        let ending = self.machine(Role::Terminal, paths, &|tidings| match tidings {
            Tidings::Begun => {
                self.tell_begun();
                true
            }
            Tidings::Saved(row) => self.show_news(row),
            Tidings::Trouble(failure) => {
                eput(&view::failure(failure, &self.err));
                true
            }
            Tidings::Well => {
                eput("The store answers again\n");
                true
            }
        });
        if !matches!(ending, Ending::Watched) {
            self.leave_to_another(paths);
        }
        match ending {
            Ending::Stopped => Exit::Cancelled,
            Ending::Watched => self.say(
                "This machine is watched already; `convosync list --watch` shows news here too\n",
                &json!({"watch": "found"}),
            ),
            Ending::Unread | Ending::Unneeded => Exit::Done,
            Ending::Failed(failure) => self.failed(&failure),
        }
    }

    /// Zellij sessions that count on this watch get another one.
    fn leave_to_another(&self, paths: &Paths) {
        let needing = Needed::new(paths.watch()).all();
        if needing.is_empty() {
            return;
        }
        let names: Vec<_> = needing.iter().map(|needing| needing.plugins.session()).collect();
        match watch::start_in_background(&self.directory, self.env, paths) {
            Ok(()) => {
                let names = view::harmless_line(&names.join(", "));
                eput(&format!("A watch goes on in the background, for Zellij: {names}\n"));
            }
            Err(error) => eput(&format!("no watch goes on for Zellij: {error}\n")),
        }
    }

    /// Watches without a terminal, for the Zellij sessions that need it.
    fn watch_in_background(&self, paths: &Paths) -> Exit {
        // Nobody ends it with theirs, and no folder is held that is to be unmounted.
        let _ = rustix::process::setsid();
        let _ = std::env::set_current_dir("/");
        let ending = self.machine(Role::Background, paths, &|tidings| {
            if matches!(tidings, Tidings::Begun) {
                // Who started it may be gone.
                let _ = put(&format!("{}\n", watch::READY));
            }
            true
        });
        match ending {
            Ending::Failed(_) => Exit::Failed,
            _ => Exit::Done,
        }
    }

    /// Sees to it that a Zellij session is told of news, and ends.
    fn watch_for(
        &self,
        (session, address): (&str, Option<Address>),
        server: Option<u32>,
        paths: &Paths,
    ) -> Exit {
        let around = || watch::server_around(session, std::process::id());
        let found = server.or_else(around);
        let needing = found.and_then(|server| Needing::new((session, address), server, self.env));
        let Some(needing) = needing else { return self.failed(&no_server(session)) };
        // In this order: a watch that is about to end looks for those that came.
        let needed = Needed::new(paths.watch());
        if let Err(error) = needed.add(&needing) {
            return self.failed(&not_written(&paths.watch(), &error));
        }
        let found = watch::is_watched(paths);
        if !found && let Err(error) = watch::start_in_background(&self.directory, self.env, paths) {
            return self.failed(&not_started(&error));
        }
        let (state, which) = match found {
            true => ("found", "the watch that runs already"),
            false => ("started", "a watch that was started in the background"),
        };
        let text = view::harmless_line(&format!("Zellij session {session} gets news from {which}"));
        self.say(&format!("{text}\n"), &json!({"watch": state, "zellij": session}))
    }

    fn machine(&self, role: Role, paths: &Paths, tell: &dyn Fn(&Tidings<'_>) -> bool) -> Ending {
        let bell = match Bell::new(&self.interrupt, role == Role::Terminal) {
            Ok(bell) => bell,
            Err(error) => return Ending::Failed(not_started(&error)),
        };
        let verb = Verb::List(ListArgs::default().watched());
        let request = caller::request(verb, &self.directory, self.env);
        let keys = RefCell::new(wiring::Keys::default());
        let look = || {
            let outlook = Cell::new(None);
            let once = |request: &convosync_wire::Request| {
                let look = |request: &convosync_wire::Request, _: &dyn Fn(&_)| {
                    let (outcome, seen) =
                        wiring::looked(request, &mut keys.borrow_mut(), &self.interrupt);
                    outlook.set(seen);
                    outcome
                };
                run_caught(&look, request, &|_| {})
            };
            let outcome = self.call_by(&request, &once);
            (outcome, outlook.take())
        };
        Machine::new(role, (paths, bell), &look, tell).watch()
    }

    fn tell_begun(&self) {
        if self.shows_progress {
            eput("Watching what other devices save; Ctrl-C ends it\n");
        }
    }

    /// Prints a save; whether somebody reads it.
    fn show_news(&self, row: &SessionRow) -> bool {
        let look = Look { now_ms: now_ms(), ..self.out.clone() };
        let text = match self.json {
            true => format!("{}\n", json::session(row)),
            false => view::news(row, &look),
        };
        matches!(put(&text), Ok(Reader::There))
    }

    /// Says it as text or as JSON.
    fn say(&self, text: &str, document: &serde_json::Value) -> Exit {
        let text = if self.json { format!("{document}\n") } else { text.to_owned() };
        match put(&text) {
            Ok(_) => Exit::Done,
            Err(_) => Exit::Failed,
        }
    }
}

fn no_server(session: &str) -> Failure {
    Failure {
        code: "convosync::watch::no-server".to_owned(),
        message: format!("no server of a Zellij session `{session}` runs here"),
        help: Some(
            "the plugin in Zellij starts this by itself; for yourself: `convosync watch`"
                .to_owned(),
        ),
        argument: Some("--zellij".to_owned()),
    }
}

fn not_written(folder: &Path, error: &std::io::Error) -> Failure {
    start(format!("{} can't be written: {error}", folder.display()))
}

fn not_started(error: &std::io::Error) -> Failure {
    start(format!("no watch could be started: {error}"))
}

fn start(message: String) -> Failure {
    Failure {
        code: watch::NOT_STARTED.to_owned(),
        message,
        help: Some("see that the disk has room and that its folders can be written".to_owned()),
        argument: None,
    }
}
