//! What a shell offers on Tab: options and words from the definitions, sessions, branches and
//! devices from what this device knows. The store is not asked, and nothing is asked of anybody.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::CompleteEnv;
use convosync_adapters::SettingsFile;
use convosync_engine::Outcome;
use convosync_wire::{ListArgs, Reply, SessionRow, Verb};

use crate::args::Cli;
use crate::caller;
use crate::explain;
use crate::interrupt::Interrupt;
use crate::view::harmless_line;
use crate::wiring;

/// The variable with which a shell asks.
pub(crate) const VARIABLE: &str = "COMPLETE";

/// Answers a shell that asks what fits; false: nobody asked.
pub(crate) fn answered() -> bool {
    let here = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(|| offering(Cli::command())).var(VARIABLE);
    asked.try_complete(std::env::args_os(), here.as_deref()).unwrap_or(true)
}

/// The definitions, with what can be offered for each argument by its name.
fn offering(command: Command) -> Command {
    let below: Vec<_> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let ids: Vec<_> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let command = ids.into_iter().fold(command, |command, id| match candidates(&id) {
        Some(candidates) => command.mut_arg(id, |arg| arg.add(candidates)),
        None => command,
    });
    below.into_iter().fold(command, |command, name| command.mut_subcommand(name, offering))
}

fn candidates(argument: &str) -> Option<ArgValueCandidates> {
    Some(match argument {
        "session" | "sessions" => ArgValueCandidates::new(|| sessions(&rows())),
        "branch" => {
            ArgValueCandidates::new(|| named(rows().iter().filter_map(|row| row.branch.as_deref())))
        }
        "device" => ArgValueCandidates::new(|| named(rows().iter().map(|row| row.device.as_str()))),
        "repo" => {
            ArgValueCandidates::new(|| named(rows().iter().map(|row| row.repository.as_str())))
        }
        "key" => ArgValueCandidates::new(|| named(SettingsFile::keys().into_iter())),
        "code" => ArgValueCandidates::new(|| named(explain::codes())),
        _ => return None,
    })
}

/// Every session that this device knows of, newest first; whatever goes wrong offers nothing.
fn rows() -> Vec<SessionRow> {
    let Ok(directory) = caller::directory(None) else { return Vec::new() };
    let known = ListArgs { all: true, offline: true, ..ListArgs::default() };
    let request = caller::request(Verb::List(known), &directory, &caller::environment());
    let mut rows = match wiring::run(&request, &|_| {}, &Interrupt::default()) {
        Outcome::Reply(reply) => match *reply {
            Reply::Sessions(listed) => listed.rows,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    rows.sort_by_key(|row| std::cmp::Reverse(row.timestamp));
    rows
}

fn sessions(rows: &[SessionRow]) -> Vec<CompletionCandidate> {
    let offer = |(order, row): (usize, &SessionRow)| {
        let branch = row.branch.as_deref().unwrap_or_default();
        let message = row.message.lines().next().unwrap_or_default();
        let about = harmless_line(&format!("{}  {branch}  {message}", row.device));
        CompletionCandidate::new(harmless_line(&row.session_id))
            .help(Some(about.into()))
            .display_order(Some(order))
    };
    rows.iter().enumerate().map(offer).collect()
}

/// Each name once.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> Vec<CompletionCandidate> {
    let names: BTreeSet<String> = names.map(harmless_line).collect();
    names.into_iter().filter(|name| !name.is_empty()).map(CompletionCandidate::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing;

    #[test]
    fn sessions_are_offered_newest_first_and_harmless() {
        let mut rows = testing::rows();
        rows[0].message = "fix\u{1b}[2J\nmore".into();
        let offered = sessions(&rows);
        let ids: Vec<_> = offered.iter().map(|c| c.get_value().to_string_lossy()).collect();
        assert_eq!(ids, ["session-abc123", "session-def456"]);
        let help = offered[0].get_help().expect("a help").to_string();
        assert_eq!(help, "Phone  feature/oauth  fix\\x1b[2J");
    }

    #[test]
    fn every_argument_that_names_a_session_offers_sessions() {
        let offers = |command: &Command, id: &str| {
            let arg = command.get_arguments().find(|arg| arg.get_id() == id).expect("an argument");
            arg.get::<ArgValueCandidates>().is_some()
        };
        let all = offering(Cli::command());
        let command = |name: &str| all.find_subcommand(name).expect("a command").clone();
        assert!(offers(&command("resume"), "session") && offers(&command("log"), "session"));
        assert!(offers(&command("delete"), "sessions") && offers(&command("list"), "branch"));
    }
}
