//! Calls of the `zellij` program.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use convosync_engine::Cancel;
use convosync_engine::ports::{PaneEnv, PanesError};

use super::kdl::Frame;
use super::sessions::Sessions;
use crate::process::{self, Stopped, Watch};

/// How long Zellij may take for one answer. It takes a tenth of a second, and five seconds for a tab
/// of many panes on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(10);

/// Ours has two KB; what is longer is somebody else's.
const LONGEST_LAYOUT: u64 = 64 << 10;

/// How often Zellij is asked one question.
const TRIES: usize = 3;

/// Lines of what Zellij says of a failure that are told.
const MOST_LINES: usize = 3;

/// The program, and the session that is spoken of.
pub(super) struct Zellij<'a> {
    program: String,
    env: &'a PaneEnv,
    cancel: &'a Cancel,
    session: Option<&'a str>,
}

impl<'a> Zellij<'a> {
    /// The one on the caller's PATH. Relative entries are looked up from the root: a repository can't
    /// bring a zellij.
    pub(super) fn find(env: &'a PaneEnv, cancel: &'a Cancel) -> Result<Self, PanesError> {
        let found = which::which_in("zellij", env.get("PATH"), "/").ok();
        let program = found.and_then(|path: PathBuf| path.into_os_string().into_string().ok());
        let program =
            program.ok_or_else(|| failure("start Zellij", "there is no `zellij` in PATH"))?;
        Ok(Self { program, env, cancel, session: None })
    }

    pub(super) fn about(self, session: &'a str) -> Self {
        Self { session: Some(session), ..self }
    }

    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// One action in the session, and what it prints.
    pub(super) fn action(&self, what: &str, args: &[&str]) -> Result<String, PanesError> {
        let session = self.session.into_iter().flat_map(|session| ["--session", session]);
        let all: Vec<_> = session.chain(["action"]).chain(args.iter().copied()).collect();
        self.run(what, &all)
    }

    /// One question in the session. Zellij says nothing, and that it went well, where a part of it
    /// was too busy to answer within a second: it is asked again.
    pub(super) fn ask(&self, what: &str, args: &[&str]) -> Result<String, PanesError> {
        for _ in 0..TRIES {
            let said = self.action(what, args)?;
            if !said.trim().is_empty() {
                return Ok(said);
            }
        }
        Err(self.failed(what, "it says nothing"))
    }

    /// The sessions there are.
    pub(super) fn sessions(&self) -> Result<Sessions, PanesError> {
        match self.run("ask for the sessions", &["list-sessions", "--no-formatting"]) {
            // That is how it says that there are none.
            Err(error) if error.reason.starts_with("No active zellij sessions") => {
                Ok(Sessions::default())
            }
            listed => listed.map(|text| Sessions::parse(&text)),
        }
    }

    /// What is around the panes of a new tab in a new session: what our own layout has, if that is
    /// installed, else what Zellij's has.
    pub(super) fn default_frame(&self) -> Option<Frame> {
        if let Some(frame) = self.own_layout().as_deref().and_then(Frame::of) {
            return Some(frame);
        }
        let text = self.run("ask for the layout", &["setup", "--dump-layout", "default"]).ok()?;
        Frame::of(&text)
    }

    /// Where Zellij looks for layouts, there is the one with the column after the set-up.
    fn own_layout(&self) -> Option<String> {
        let folder = |name: &str| self.env.get(name).filter(|path| !path.is_empty());
        let config = folder("ZELLIJ_CONFIG_DIR").map(PathBuf::from).or_else(|| {
            let base = folder("XDG_CONFIG_HOME").map(PathBuf::from);
            let base = base.or_else(|| Some(PathBuf::from(folder("HOME")?).join(".config")))?;
            Some(base.join("zellij"))
        })?;
        let file = File::open(config.join("layouts/convosync.kdl")).ok()?;
        let mut text = String::new();
        file.take(LONGEST_LAYOUT).read_to_string(&mut text).ok()?;
        Some(text)
    }

    fn run(&self, what: &str, args: &[&str]) -> Result<String, PanesError> {
        self.feed(what, args, &[], LIMIT)
    }

    /// Runs it with this input, for so long at most, and gives what it prints.
    pub(super) fn feed(
        &self,
        what: &str,
        args: &[&str],
        input: &[u8],
        limit: Duration,
    ) -> Result<String, PanesError> {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().envs(self.env).current_dir("/").process_group(0);
        let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
        command.stdin(stdin).stdout(Stdio::piped());
        let watch = Watch { limit, since_output: false, cancel: self.cancel };
        let ended = process::run(&mut command, input, &watch).map_err(|stopped| {
            let reason = match stopped {
                Stopped::Io(error) => error.to_string(),
                Stopped::Cancelled => "it was cancelled".to_owned(),
                Stopped::TimedOut => {
                    format!("it did not answer within {} seconds", limit.as_secs_f32())
                }
                Stopped::TooMuch => "it printed more than can be taken in".to_owned(),
            };
            self.failed(what, &reason)
        })?;
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        if ended.status.success() {
            return Ok(said);
        }
        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        let reason = [errors, said].into_iter().find(|text| !text.trim().is_empty());
        Err(self.failed(what, &reason.unwrap_or_else(|| ended.status.to_string())))
    }

    pub(super) fn failed(&self, what: &str, reason: &str) -> PanesError {
        failure(what, reason)
    }
}

pub(super) fn failure(what: &str, reason: &str) -> PanesError {
    let lines = reason.lines().map(str::trim).filter(|line| !line.is_empty());
    let reason = lines.take(MOST_LINES).collect::<Vec<_>>().join(" ");
    PanesError { what: format!("could not {what}"), reason }
}
