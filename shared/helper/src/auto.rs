//! Saves that nobody asked for: after a turn of the assistant, on leaving a directory.
//!
//! Who calls is never held up and never fails: a process of its own saves, sends and writes down
//! what went wrong, for the next `status` to tell. Until the save is safe on this device the caller
//! waits for it, and no longer than [`PATIENCE`].

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use convosync_adapters::{Paths, SettingsFile};
use convosync_engine::AutoSync;
use convosync_wire::{Failure, Note, Reply, Request, SaveArgs, SyncArgs, Verb};
use serde_json::{Value, json};

use crate::caller;
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::outcome::Outcome;
use crate::shell;
use crate::surroundings::Env;
use crate::unlock;
use crate::wiring;

/// An assistant gives its last hook 1.5 s (measured with Claude Code 2.1.328).
const PATIENCE: Duration = Duration::from_secs(1);

/// Longest text that an assistant hands to its hook: it holds the last answer.
const LONGEST: u64 = 16 << 20;

/// What the process that saves is called with.
pub(crate) const WORKER: &str = "auto-save";

/// What is no fault: there is nothing to be saved here, or the user is in the middle of something.
const EXPECTED: [&str; 6] = [
    "convosync::git::not-a-repository",
    "convosync::git::in-progress",
    "convosync::save::branch-not-synced",
    "convosync::save::conflicts",
    "convosync::save::empty",
    "convosync::save::no-commit",
];

/// When a save is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The assistant has answered.
    Turn,
    /// A conversation or the stay in a directory has ended.
    Leave,
}

/// Whether the user wants a save at this moment.
fn is_due(wish: AutoSync, moment: Moment) -> bool {
    match wish {
        AutoSync::Off => false,
        AutoSync::Leave => moment == Moment::Leave,
        AutoSync::Turn => true,
    }
}

/// What Claude Code tells its hooks on standard input: where it is, and what happened.
pub(crate) fn hook(env: &Env, directory: &str) -> Exit {
    let mut text = String::new();
    if !io::stdin().is_terminal() {
        // What can't be read says nothing; the hook's own directory will do.
        let _ = io::stdin().lock().take(LONGEST).read_to_string(&mut text);
    }
    let (place, moment) = told(&text, directory);
    start(env, &place, moment)
}

fn told(text: &str, directory: &str) -> (String, Moment) {
    let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let place = value["cwd"].as_str().filter(|place| Path::new(place).is_absolute());
    let moment = match value["hook_event_name"].as_str() {
        Some("SessionEnd") => Moment::Leave,
        _ => Moment::Turn,
    };
    (place.unwrap_or(directory).to_owned(), moment)
}

/// Starts the process that saves, if the user wants it, and waits a moment for the save to be safe.
pub(crate) fn start(env: &Env, directory: &str, moment: Moment) -> Exit {
    let Ok(paths) = Paths::from_env(env) else { return Exit::Done };
    let wish = SettingsFile::new(paths.settings()).load().map(|settings| settings.auto_sync);
    match wish {
        Ok(wish) if !is_due(wish, moment) => return Exit::Done,
        // It is the worker that tells what is wrong with the settings.
        _ => {}
    }
    let Ok(program) = std::env::current_exe() else { return Exit::Done };
    let worker = Command::new(program)
        .args(["-C", directory, WORKER])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .env_remove(shell::HANDOVER)
        .spawn();
    let Ok(mut worker) = worker else { return Exit::Done };
    let Some(out) = worker.stdout.take() else { return Exit::Done };
    let (told, safe) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = io::BufReader::new(out).read_line(&mut line);
        let _ = told.send(());
    });
    // Longer than that the assistant is not held up; the worker goes on by itself.
    let _ = safe.recv_timeout(PATIENCE);
    Exit::Done
}

/// The process that saves: apart from whoever started it, so that it is not ended with them.
pub(crate) fn work(env: &Env, directory: &str) -> Exit {
    // Only a process that leads a group can't: then nobody ends it with theirs.
    let _ = rustix::process::setsid();
    let run = |verb| {
        let mut request = caller::request(verb, directory, env);
        let file = unlock::file(env, directory);
        let call = |request: &Request| wiring::run(request, &|_| {}, &Interrupt::default());
        unlock::with_file(&mut request, file.as_deref(), call)
    };
    let args = SaveArgs { auto: true, ..SaveArgs::default() };
    let saved = run(Verb::Save(args));
    write_down(env, directory, &saved);
    // Whoever waits is let go; that nobody does is no fault.
    let _ = writeln!(io::stdout(), "safe").and_then(|()| io::stdout().flush());
    let made = matches!(&saved, Outcome::Reply(reply)
        if matches!(&**reply, Reply::Saved(report) if !report.unchanged));
    if made {
        // What can't be sent stays queued, and `status` tells so.
        let _ = run(Verb::Sync(SyncArgs { quiet: true, ..SyncArgs::default() }));
    }
    Exit::Done
}

fn file(env: &Env) -> Option<PathBuf> {
    Paths::from_env(env).ok().map(|paths| paths.auto_sync())
}

/// Keeps why a save could not be made, for `status`; one that was made makes up for it.
fn write_down(env: &Env, directory: &str, outcome: &Outcome) {
    let Some(file) = file(env) else { return };
    let failure = match outcome {
        Outcome::Failure(failure) if EXPECTED.contains(&failure.code.as_str()) => return,
        Outcome::Failure(failure) => failure,
        Outcome::Reply(_) => {
            let _ = fs::remove_file(file);
            return;
        }
        Outcome::Decision(_) => return,
    };
    let Failure { code, message, help, .. } = failure;
    let kept = json!({"directory": directory, "code": code, "message": message, "help": help});
    // That it can't be kept is told by nobody: there is no room for anything then.
    let _ = file.parent().map_or(Ok(()), fs::create_dir_all);
    let _ = fs::write(file, kept.to_string());
}

/// What to tell of automatic saves that could not be made.
pub(crate) fn note(env: &Env) -> Option<Note> {
    let text = fs::read_to_string(file(env)?).ok()?;
    let kept: Value = serde_json::from_str(&text).ok()?;
    let word = |name: &str| kept[name].as_str().map(str::to_owned);
    Some(Note {
        code: word("code")?,
        text: format!(
            "the last automatic save of {} was not made:\n{}",
            word("directory")?,
            word("message")?
        ),
        help: word("help"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_is_due_when_the_user_wants_one() {
        for (wish, turn, leave) in [
            (AutoSync::Off, false, false),
            (AutoSync::Leave, false, true),
            (AutoSync::Turn, true, true),
        ] {
            assert_eq!((is_due(wish, Moment::Turn), is_due(wish, Moment::Leave)), (turn, leave));
        }
    }

    #[test]
    fn what_the_assistant_says_of_itself_is_taken_with_care() {
        let of = |text: &str| told(text, "/here");
        let said = r#"{"cwd": "/w/app", "hook_event_name": "SessionEnd", "x": [1]}"#;
        assert_eq!(of(said), ("/w/app".to_owned(), Moment::Leave));
        for text in ["", "nonsense", "[]", r#"{"cwd": "below"}"#, r#"{"cwd": 3}"#] {
            assert_eq!(of(text), ("/here".to_owned(), Moment::Turn), "{text}");
        }
    }

    #[test]
    fn what_went_wrong_is_told_until_a_save_is_made() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let env = Env::from([("HOME".into(), home.path().display().to_string())]);
        assert_eq!(note(&env), None);
        let failure = |code: &str| {
            Outcome::Failure(Failure {
                code: code.to_owned(),
                message: "the disk is full".into(),
                help: Some("make room".into()),
                argument: None,
            })
        };
        write_down(&env, "/w", &failure("convosync::git::in-progress"));
        assert_eq!(note(&env), None);
        write_down(&env, "/w", &failure("convosync::local::full"));
        let told = note(&env).expect("a note");
        assert!(told.text.contains("/w") && told.text.contains("the disk is full"), "{told:?}");
        assert_eq!(told.help.as_deref(), Some("make room"));
    }
}
