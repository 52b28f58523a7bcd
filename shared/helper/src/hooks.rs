//! Whether Claude Code calls ConvoSync by itself: what `config set auto_sync` needs.

use std::path::{Path, PathBuf};

use convosync_adapters::{ClaudeHooks, HookEvent, HooksError};
use convosync_engine::AutoSync;
use convosync_wire::{Choice, ConfigArgs, Decision, Note, Question};

use crate::surroundings::Env;

/// What comes of a wish.
pub(crate) enum Wish {
    /// The user has to agree first.
    Ask(Box<Decision>),
    /// It is so, or why it is not.
    Done(Option<Note>),
}

/// Lets Claude Code call ConvoSync as `when` says. `agreed`: whether its settings may be changed;
/// what ConvoSync added itself it takes out unasked.
pub(crate) fn wanted(
    env: &Env,
    folder: Option<PathBuf>,
    when: AutoSync,
    agreed: Option<bool>,
) -> Wish {
    let Some(folder) = folder else { return Wish::Done(None) };
    let events: &[HookEvent] = match when {
        AutoSync::Turn => &[HookEvent::Stop, HookEvent::SessionEnd],
        AutoSync::Leave => &[HookEvent::SessionEnd],
        AutoSync::Off => &[],
    };
    if !folder.is_dir() {
        return Wish::Done((!events.is_empty()).then(|| not_there(&folder)));
    }
    let hooks = ClaudeHooks::new(&folder);
    let program = program(env);
    match hooks.differ(events, &program) {
        Err(error) => return Wish::Done(Some(not_changed(&error))),
        Ok(false) => return Wish::Done(None),
        Ok(true) => {}
    }
    match agreed {
        Some(false) => return Wish::Done((!events.is_empty()).then(|| left_alone(&program))),
        None if !events.is_empty() => return Wish::Ask(Box::new(decision(&hooks, events))),
        _ => {}
    }
    match hooks.arrange(events, &program) {
        Ok(_) => Wish::Done(Some(changed(&hooks, events))),
        Err(error) => Wish::Done(Some(not_changed(&error))),
    }
}

/// How this program is called: by its name where that finds it, so that an update elsewhere does no
/// harm.
fn program(env: &Env) -> String {
    let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("convosync"));
    let path = env.get("PATH").map_or("", String::as_str);
    let mut found = std::env::split_paths(path).map(|folder| folder.join("convosync"));
    let first = found.find(|file| file.is_file()).and_then(|file| file.canonicalize().ok());
    let text = own.to_string_lossy();
    if first.is_some() && first == own.canonicalize().ok() {
        "convosync".to_owned()
    } else if text.chars().all(|char| char.is_ascii_alphanumeric() || "/._-".contains(char)) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn moments(events: &[HookEvent]) -> &'static str {
    match events {
        [_, _] => "after each turn and at the end of a conversation",
        _ => "at the end of a conversation",
    }
}

fn decision(hooks: &ClaudeHooks, events: &[HookEvent]) -> Decision {
    let choice = |value: &str, flag: &str, label: &str, help: String, recommended| Choice {
        value: value.to_owned(),
        flag: flag.to_owned(),
        label: label.to_owned(),
        help,
        recommended,
    };
    let file = hooks.path().display();
    let names: Vec<_> = events.iter().map(|event| event.as_str()).collect();
    Decision {
        question: Question::AssistantHooks,
        title: "Let Claude Code Call ConvoSync".to_owned(),
        details: vec![
            format!("Claude Code would save the session {}.", moments(events)),
            format!("That takes a hook ({}) in {file};", names.join(", ")),
            "all else in there stays, and `config set auto_sync off` takes it out.".to_owned(),
        ],
        choices: vec![
            choice(ConfigArgs::INSTALL, "--hooks", "Add the hook", format!("changes {file}"), true),
            choice(
                ConfigArgs::LEAVE,
                "--no-hooks",
                "Leave it",
                "only leaving a directory saves, where the shell says so".to_owned(),
                false,
            ),
            choice(Choice::CANCEL, "", "Cancel", "changes nothing".to_owned(), false),
        ],
    }
}

fn note(code: &str, text: String, help: Option<String>) -> Note {
    Note { code: code.to_owned(), text, help }
}

fn changed(hooks: &ClaudeHooks, events: &[HookEvent]) -> Note {
    let file = hooks.path().display();
    let text = match events {
        [] => format!("Claude Code does not call ConvoSync any more ({file})"),
        events => format!("Claude Code saves the session {} ({file})", moments(events)),
    };
    note("convosync::config::hooks", text, None)
}

fn left_alone(program: &str) -> Note {
    let text = "the settings of Claude Code were left alone: it does not call ConvoSync";
    let help = format!("its hook would be: {program} hook claude-code");
    note("convosync::config::no-hooks", text.to_owned(), Some(help))
}

fn not_there(folder: &Path) -> Note {
    let text = format!("there is no Claude Code here ({})", folder.display());
    let help = "once it is: `convosync config set auto_sync` again";
    note("convosync::config::no-assistant", text, Some(help.to_owned()))
}

fn not_changed(error: &HooksError) -> Note {
    let help = "mend that file, then the same command again; it was left as it is";
    note("convosync::config::hooks-failed", error.to_string(), Some(help.to_owned()))
}
