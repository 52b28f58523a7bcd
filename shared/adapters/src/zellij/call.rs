//! Calls of the `zellij` program.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use convosync_engine::Cancel;
use convosync_engine::ports::{PaneEnv, PanesError};

use super::kdl::Frame;
use super::sessions::{self, Sessions};
use crate::process::{self, Stopped, Watch};

/// How long Zellij may take for one answer. It takes a tenth of a second, and five seconds for a tab
/// of many panes on a machine that is busy.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// How long one try of a question may take.
const QUESTION: Duration = Duration::from_secs(4);

/// Ours has two KB; what is longer is somebody else's.
const LONGEST_LAYOUT: u64 = 64 << 10;

/// Until Zellij is asked once more.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How the reason begins that Zellij gives when a part of it was too busy to list panes or tabs
/// within a second.
const TOO_BUSY: &str = "Timeout listing ";

/// How the reasons begin, or what they hold, where the session was not found.
const NO_SESSION: &str = "There is no active session";
const NOT_FOUND: &str = "not found. The following sessions are active";

/// How the reason begins where it said nothing in time.
const NO_ANSWER: &str = "it did not answer";

/// The reason where the user did not want to wait any more.
const CANCELLED: &str = "it was cancelled";

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
        self.act(what, args, LIMIT)
    }

    /// One question in the session. Where a part of Zellij was too busy to answer within a second,
    /// it says so, or nothing, and that this went well; now and then it gives an answer to somebody
    /// else. So it is asked again, for as long as an answer may take.
    pub(super) fn ask(&self, what: &str, args: &[&str]) -> Result<String, PanesError> {
        let mut said = Err(self.failed(what, "it says nothing"));
        self.until(LIMIT, || {
            said = match self.act(what, args, QUESTION) {
                Ok(said) if said.trim().is_empty() => return None,
                said => said,
            };
            let busy = |error: &PanesError| {
                error.reason.starts_with(TOO_BUSY) || error.reason.starts_with(NO_ANSWER)
            };
            (!said.as_ref().is_err_and(busy)).then_some(())
        });
        said
    }

    fn act(&self, what: &str, args: &[&str], limit: Duration) -> Result<String, PanesError> {
        self.heard(what, &[&["action"], args].concat(), &[], limit)
    }

    /// A call about the session. Zellij looks for that first, and misses it now and then: it gives
    /// every caller the number of one that has just left, and with it what that one was to be told.
    /// Nothing was done then, so it is called again while the session listens.
    pub(super) fn heard(
        &self,
        what: &str,
        args: &[&str],
        input: &[u8],
        limit: Duration,
    ) -> Result<String, PanesError> {
        let session = self.session.into_iter().flat_map(|session| ["--session", session]);
        let all: Vec<_> = session.chain(args.iter().copied()).collect();
        let mut said = Err(self.failed(what, "it was not started"));
        self.until(limit, || {
            said = self.feed(what, &all, input, limit);
            let missed = |error: &PanesError| {
                let at_all = error.reason.starts_with(NO_SESSION);
                (at_all || error.reason.contains(NOT_FOUND)) && self.listens()
            };
            (!said.as_ref().is_err_and(missed)).then_some(())
        });
        said
    }

    fn listens(&self) -> bool {
        self.session.is_some_and(|session| sessions::is_listening(self.env, session))
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
    fn feed(
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
        let watch = Watch { limit, since_output: false, cancel: self.cancel.clone() };
        let ended = process::run(&mut command, input, &watch).map_err(|stopped| {
            let reason = match stopped {
                Stopped::Io(error) => error.to_string(),
                Stopped::Cancelled => CANCELLED.to_owned(),
                Stopped::TimedOut => {
                    format!("{NO_ANSWER} within {} seconds", limit.as_secs_f32())
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

    /// Asks until there is an answer, for so long at most and once at least; ends when it is cancelled.
    pub(super) fn until<T>(
        &self,
        limit: Duration,
        mut answer: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + limit;
        loop {
            let last = Instant::now() >= end;
            match answer() {
                None if !last && !self.cancel.is_cancelled() => std::thread::sleep(PAUSE),
                answer => return answer,
            }
        }
    }

    /// The same for what it was told to do; `never`: why that does not happen.
    pub(super) fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        never: &str,
        answer: impl FnMut() -> Option<T>,
    ) -> Result<T, PanesError> {
        self.until(limit, answer).ok_or_else(|| {
            let reason = if self.cancel.is_cancelled() { CANCELLED } else { never };
            self.failed(what, reason)
        })
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
