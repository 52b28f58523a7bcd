//! One call of git.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use convosync_core::Oid;
use convosync_engine::Cancel;
use convosync_engine::ports::GitError;

use super::failure::{self, Reach};
use super::{GitCli, oid, unreadable};
use crate::process::{self, Ended, Running, Stopped, Watch};

/// Where nobody reads mail.
const NOBODY: &str = "convosync@localhost";

/// What a call does, and so how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reads the repository and takes no lock.
    Read,
    /// Writes to the repository and may run the user's hooks.
    Write,
    /// Talks to a remote.
    Network,
    /// Talks to a remote and runs hooks.
    Push,
}

/// A call that is being put together.
pub(crate) struct Call<'a> {
    git: &'a GitCli,
    kind: Kind,
    what: &'static str,
    dir: PathBuf,
    config: Vec<OsString>,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    input: Vec<u8>,
    tidies_up: bool,
    stdin: Option<File>,
    stdout: Stdio,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Output {
    what: &'static str,
    reach: Reach,
    dir: PathBuf,
    /// The exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl<'a> Call<'a> {
    pub(crate) fn new(git: &'a GitCli, kind: Kind, dir: &Path, what: &'static str) -> Self {
        Self {
            git,
            kind,
            what,
            dir: dir.to_owned(),
            // Colours and submodules are left alone whatever the user's configuration says.
            config: ["color.ui=false", "submodule.recurse=false"].map(Into::into).to_vec(),
            args: Vec::new(),
            env: Vec::new(),
            input: Vec::new(),
            tidies_up: false,
            stdin: None,
            stdout: Stdio::piped(),
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// One `-c name=value`.
    pub(crate) fn config(mut self, setting: &str) -> Self {
        self.config.push(setting.into());
        self
    }

    /// Works on this copy of the index: it gets no shared part that is of no use afterwards, and the
    /// indexes of submodules, which are no copies, are not written.
    pub(crate) fn on_a_copy(self, index: &Path) -> Self {
        let call = self.config("core.splitIndex=false").env("GIT_OPTIONAL_LOCKS", "0");
        call.env("GIT_INDEX_FILE", index)
    }

    /// Puts new objects into this directory, if one is given.
    pub(crate) fn objects_in(self, objects: Option<&Path>) -> Self {
        match objects {
            Some(objects) => self.env("GIT_OBJECT_DIRECTORY", objects),
            None => self,
        }
    }

    /// Makes a commit in the name of nobody: who made it does not matter, and may not be configured.
    pub(crate) fn by_nobody(self) -> Self {
        self.env("GIT_AUTHOR_NAME", "ConvoSync")
            .env("GIT_AUTHOR_EMAIL", NOBODY)
            .env("GIT_COMMITTER_NAME", "ConvoSync")
            .env("GIT_COMMITTER_EMAIL", NOBODY)
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs also after a cancel: it puts back what an earlier call left.
    pub(crate) fn tidying_up(mut self) -> Self {
        self.tidies_up = true;
        self
    }

    /// Takes standard input from a file, from where it stands.
    pub(crate) fn input_file(mut self, file: File) -> Self {
        self.stdin = Some(file);
        self
    }

    /// Sends standard output to a file.
    pub(crate) fn output_file(mut self, file: File) -> Self {
        self.stdout = file.into();
        self
    }

    /// Runs it to its end, whatever the exit code.
    pub(crate) fn run(self) -> Result<Output, GitError> {
        let (git, about, watch) = (self.git, self.about(), self.watch());
        let (mut command, input) = self.command();
        about.output(git, process::run(&mut command, &input, &watch))
    }

    /// Starts it, and returns while it is at work.
    pub(crate) fn start(self) -> Result<Started<'a>, GitError> {
        let (git, about, watch) = (self.git, self.about(), self.watch());
        let (mut command, input) = self.command();
        match process::start(&mut command, input, watch) {
            Ok(running) => Ok(Started { git, about, running }),
            Err(stopped) => Err(about.error(git, stopped)),
        }
    }

    fn about(&self) -> About {
        let limits = &self.git.limits;
        let (limit, reach) = match self.kind {
            Kind::Read => (limits.read, Reach::Local),
            Kind::Write => (limits.hooks, Reach::Local),
            Kind::Network => (limits.network, Reach::Remote),
            Kind::Push => (limits.hooks, Reach::Remote),
        };
        About { what: self.what, dir: self.dir.clone(), limit, reach }
    }

    fn watch(&self) -> Watch {
        let About { limit, reach, .. } = self.about();
        let cancel = if self.tidies_up { Cancel::new() } else { self.git.cancel.clone() };
        Watch { limit, since_output: reach == Reach::Remote, cancel }
    }

    /// Runs it, and takes any exit code but 0 for a failure.
    pub(crate) fn ok(self) -> Result<Vec<u8>, GitError> {
        let git = self.git;
        let output = self.run()?;
        if output.success() { Ok(output.stdout) } else { Err(git.failure(&output)) }
    }

    /// Runs it, and reads the one id that it prints.
    pub(crate) fn id(self) -> Result<Oid, GitError> {
        let what = self.what;
        oid(&String::from_utf8_lossy(&self.ok()?)).ok_or_else(|| unreadable(what))
    }

    fn command(self) -> (Command, Vec<u8>) {
        let mut command = Command::new(&self.git.program);
        for setting in &self.config {
            command.arg("-c").arg(setting);
        }
        command.arg(self.what).args(&self.args);
        command.env_clear().envs(&self.git.environment);
        if self.kind == Kind::Read {
            command.env("GIT_OPTIONAL_LOCKS", "0");
        }
        command.envs(self.env);
        let stdin = match self.stdin {
            Some(file) => file.into(),
            None if self.input.is_empty() => Stdio::null(),
            None => Stdio::piped(),
        };
        command.current_dir(&self.dir).stdin(stdin).stdout(self.stdout).process_group(0);
        (command, self.input)
    }
}

/// A call at work. Whoever drops it stops it.
pub(crate) struct Started<'a> {
    git: &'a GitCli,
    about: About,
    running: Running,
}

impl Started<'_> {
    /// Waits for its end, whatever the exit code.
    pub(crate) fn finish(self) -> Result<Output, GitError> {
        self.about.output(self.git, self.running.wait())
    }
}

/// What is told of a call.
struct About {
    what: &'static str,
    dir: PathBuf,
    limit: Duration,
    reach: Reach,
}

impl About {
    fn output(self, git: &GitCli, ended: Result<Ended, Stopped>) -> Result<Output, GitError> {
        match ended {
            Ok(ended) => Ok(Output::of(ended, self.what, self.reach, self.dir)),
            Err(stopped) => Err(self.error(git, stopped)),
        }
    }

    /// Why it has no end to report.
    fn error(&self, git: &GitCli, stopped: Stopped) -> GitError {
        let what = self.what.to_owned();
        match stopped {
            Stopped::Cancelled => GitError::Cancelled,
            Stopped::TimedOut => GitError::Timeout { what, seconds: self.limit.as_secs() },
            Stopped::TooMuch => {
                let output = "it printed more than can be taken in".to_owned();
                GitError::Failed { what, output }
            }
            Stopped::Io(_) if !self.dir.is_dir() => {
                GitError::NotARepository(self.dir.display().to_string())
            }
            Stopped::Io(error) => GitError::NoGit(format!("{}: {error}", git.program.display())),
        }
    }
}

impl Output {
    fn of(ended: Ended, what: &'static str, reach: Reach, dir: PathBuf) -> Self {
        Self {
            what,
            reach,
            dir,
            code: ended.status.code(),
            stdout: ended.stdout,
            stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
        }
    }

    pub(crate) fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// Git did not know an option or a sub-command: it is older than what we ask of it.
    pub(crate) fn is_usage(&self) -> bool {
        self.code == Some(129) || self.stderr.contains("is not a git command")
    }

    /// Standard output as text, for what git prints in ASCII.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Why it failed.
    pub(crate) fn error(&self) -> GitError {
        failure::classify(self.what, &self.stderr, self.reach, &self.dir)
    }

    /// What it said on both channels, fit to be shown.
    pub(crate) fn said(&self) -> String {
        failure::fit_to_show(&format!("{}\n{}", self.text().trim_end(), self.stderr))
    }
}
