//! The helper: found, started once a call, asked one question.

mod locate;
mod process;

use std::path::{Path, PathBuf};
use std::time::Duration;

use convosync_wire::{Answer, Failure, Progress, Request};

use crate::environment::Environment;
use crate::failure::{CANCELLED, failure};
use locate::Places;
use process::{End, Run};

pub(crate) use process::Cancel;

/// A helper that can be started.
#[derive(Debug)]
pub(crate) struct Helper {
    program: PathBuf,
    env: Environment,
}

/// What came of a question.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The helper's last word.
    pub(crate) answer: Answer,
    /// Whether the user had called it off before it came.
    pub(crate) interrupted: bool,
}

impl Helper {
    /// Finds the helper: the user's choice, else beside this binary, else on the caller's `PATH`.
    pub(crate) fn find(env: Environment, configured: Option<&str>) -> Result<Self, Failure> {
        let configured = configured.map(|path| expand_home(path, env.home()));
        let own = std::env::current_exe().ok();
        let places = Places {
            configured: configured.as_deref(),
            beside: own.as_deref().and_then(Path::parent),
            path: env.get("PATH"),
        };
        match places.find() {
            Some(program) => Ok(Self { program, env }),
            None => Err(not_found(configured.as_deref())),
        }
    }

    /// The caller's environment.
    pub(crate) fn env(&self) -> &Environment {
        &self.env
    }

    /// Asks, and waits for the answer that is final.
    ///
    /// Without a `limit` it waits until the helper is done or `cancel` is called.
    ///
    /// # Errors
    ///
    /// If the helper can't be started, ends without an answer, or is not one of ours.
    pub(crate) fn ask(
        &self,
        request: &Request,
        cancel: &Cancel,
        limit: Option<Duration>,
        on_progress: &mut dyn FnMut(&Progress),
    ) -> Result<Outcome, Failure> {
        let mut run = Run::start(&self.program, self.env.all(), request, cancel)
            .map_err(|error| self.not_started(&error))?;
        let end = loop {
            match run.next(limit) {
                Ok(Answer::Progress(progress)) => on_progress(&progress),
                Ok(answer) => break Ok(answer),
                Err(end) => break Err(end),
            }
        };
        match end {
            Ok(answer) => Ok(Outcome { answer, interrupted: run.finish() }),
            Err(end) => Err(self.explain(end)),
        }
    }

    fn explain(&self, end: End) -> Failure {
        match end {
            End::CalledOff { by_force } => called_off(by_force),
            End::OutOfTime => failure(
                "convosync::helper::slow",
                "the helper took too long",
                "run the command again",
            ),
            End::Silent { status, complaint } => self.stopped(&status, &complaint),
            End::NotOurs(line) => self.not_ours(&line),
        }
    }

    fn stopped(&self, status: &str, complaint: &str) -> Failure {
        let message = format!("the helper ended without an answer ({status})\n{complaint}");
        failure(
            "convosync::helper::stopped",
            message.trim_end(),
            &format!("run `{}` in a terminal to see why", self.command("status")),
        )
    }

    fn not_ours(&self, line: &str) -> Failure {
        let version = process::version_of(&self.program, self.env.all());
        let version = version.as_deref().unwrap_or("something that does not tell its version");
        let message = format!(
            "plugin and helper do not understand each other\nplugin: {}\nhelper: {version}, at {}\nit said: {line}",
            env!("CARGO_PKG_VERSION"),
            self.program.display(),
        );
        failure(
            "convosync::helper::protocol",
            message,
            "install both from the same release, then run `plugin add` again",
        )
    }

    fn not_started(&self, error: &std::io::Error) -> Failure {
        failure(
            "convosync::helper::start",
            format!("the helper at {} can't be started: {error}", self.program.display()),
            "check that the file is whole and made for this machine, or install it again",
        )
    }

    fn command(&self, verb: &str) -> String {
        format!("^{} {verb}", self.program.display())
    }
}

fn called_off(by_force: bool) -> Failure {
    let message = if by_force {
        "cancelled; the helper did not stop by itself and was ended"
    } else {
        "cancelled; the helper stopped without a word on what it had done"
    };
    failure(CANCELLED, message, "run `convosync status` to see where things stand")
}

fn not_found(configured: Option<&Path>) -> Failure {
    match configured {
        Some(path) => failure(
            "convosync::helper::not-found",
            format!("no program at {}, the helper named in the configuration", path.display()),
            "correct `$env.config.plugins.convosync.helper` to the full path of `convosync`, or remove it",
        ),
        None => failure(
            "convosync::helper::not-found",
            "the ConvoSync helper `convosync` is not installed",
            "put `convosync` beside the plugin or on PATH, or name it: $env.config.plugins.convosync = {helper: /path/to/convosync}",
        ),
    }
}

/// `~` and `~/…` as the shell would expand them.
pub(crate) fn expand_home(path: &str, home: Option<&str>) -> PathBuf {
    let rest =
        path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
    match (rest, home) {
        (Some(rest), Some(home)) => Path::new(home).join(rest.trim_start_matches(['/', '\\'])),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_tilde_is_the_home_directory() {
        for (given, want) in [
            ("~/bin/convosync", "/home/me/bin/convosync"),
            ("~", "/home/me/"),
            ("~other/x", "~other/x"),
            ("/a/~", "/a/~"),
        ] {
            assert_eq!(expand_home(given, Some("/home/me")), PathBuf::from(want));
        }
        assert_eq!(expand_home("~/x", None), PathBuf::from("~/x"));
    }
}
