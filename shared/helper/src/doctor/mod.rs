//! `convosync doctor`: the programs and settings around the engine, then what the engine finds.

mod git;
mod programs;
mod zellij;

use std::path::Path;

use convosync_adapters::{Paths, SettingsFile};
use convosync_engine::{Outcome, Trouble};
use convosync_wire::{Check, DoctorReport, Failure, Reply, Request, unlock};

use crate::config::refusal;

/// Puts what was found around the engine before what the engine found; that it could not be asked
/// is one of the checks. Only a passphrase that is wanted ends it.
pub(crate) fn examined(
    request: &Request,
    paths: &Paths,
    engine: impl FnOnce() -> Result<Outcome, Trouble>,
) -> Outcome {
    let mut checks = vec![version(request)];
    checks.extend(settings(paths));
    checks.extend(git::checks(&request.env, Path::new(&request.directory)));
    checks.extend(programs::checks(&request.env));
    checks.extend(zellij::checks(&request.env));
    match engine() {
        Ok(Outcome::Reply(reply)) => match *reply {
            Reply::Examined(report) => {
                checks.extend(report.checks);
                return told(checks, report.notes);
            }
            other => return Outcome::Reply(Box::new(other)),
        },
        Ok(Outcome::Failure(failure)) if unlock::is_wanted(&failure) => {
            return Outcome::Failure(failure);
        }
        Ok(Outcome::Failure(failure)) => checks.push(failed("convosync", failure)),
        Ok(decision @ Outcome::Decision(_)) => return decision,
        Err(trouble) => {
            let failure = trouble.failure();
            // Settings and git were looked at already, and say the same.
            if !checks.iter().any(|check| check.code == failure.code) {
                checks.push(failed("convosync", failure));
            }
        }
    }
    told(checks, Vec::new())
}

/// What belongs together stands together, in the order in which it was first looked at.
fn told(mut checks: Vec<Check>, notes: Vec<convosync_wire::Note>) -> Outcome {
    let mut areas: Vec<String> = Vec::new();
    for check in &checks {
        if !areas.contains(&check.area) {
            areas.push(check.area.clone());
        }
    }
    checks.sort_by_key(|check| areas.iter().position(|area| *area == check.area));
    Outcome::Reply(Box::new(Reply::Examined(DoctorReport { checks, notes })))
}

/// Who asks, and whether both are of one release.
fn version(request: &Request) -> Check {
    let ours = env!("CARGO_PKG_VERSION");
    let code = "convosync::doctor::version";
    if request.version == ours {
        return Check::ok("convosync", code, format!("convosync {ours}"));
    }
    let text = format!("convosync {ours} was asked by a front end of {}", request.version);
    Check::ok("convosync", code, text)
        .warn("install both from the same release; in Nushell, `plugin add` and `plugin use` again")
}

fn settings(paths: &Paths) -> Option<Check> {
    let file = SettingsFile::new(paths.settings());
    let path = file.path().display().to_string();
    Some(match file.load() {
        Ok(_) if !file.path().exists() => return None,
        Ok(_) => {
            Check::ok("settings", "convosync::doctor::settings", format!("{path} is in order"))
        }
        Err(error) => failed("settings", Trouble::from(refusal(error)).failure()),
    })
}

fn failed(area: &str, failure: Failure) -> Check {
    let help = failure.help.unwrap_or_else(|| "see `convosync status`".to_owned());
    Check::ok(area, &failure.code, failure.message).fail(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller;
    use crate::surroundings::Env;
    use convosync_wire::{DoctorArgs, Health, Verb};

    fn checks(env: &Env, engine: Result<Outcome, Trouble>) -> Vec<Check> {
        let request = caller::request(Verb::Doctor(DoctorArgs::default()), "/", env);
        let paths = Paths::from_env(env).expect("there is a home");
        match examined(&request, &paths, || engine) {
            Outcome::Reply(reply) => match *reply {
                Reply::Examined(report) => report.checks,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn state(checks: &[Check], code: &str) -> Health {
        let found = checks.iter().find(|check| check.code == code);
        found.unwrap_or_else(|| panic!("no {code} in {checks:#?}")).state
    }

    #[test]
    fn settings_that_are_wrong_and_a_git_that_is_missing_are_lines_not_ends() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let env = Env::from([("HOME".into(), home.path().display().to_string())]);
        let folder = home.path().join(".config/convosync");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("config.toml"), "metered = maybe").expect("written");
        let checks = checks(&env, Err(Trouble::Cancelled));
        assert_eq!(state(&checks, "convosync::config::syntax"), Health::Fail);
        assert_eq!(state(&checks, "convosync::git::missing"), Health::Fail);
        assert_eq!(state(&checks, "convosync::cancelled"), Health::Fail);
        assert_eq!(state(&checks, "convosync::doctor::version"), Health::Ok);
        assert_eq!(state(&checks, "convosync::doctor::claude"), Health::Warn);
    }
}
