//! One run of `convosync rpc`: a request in, lines of answers out, and a way to stop it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use convosync_wire::{Answer, Request};

use convosync_wire::harmless;

/// How long a cancelled helper may take to leave things in order.
const GRACE: Duration = Duration::from_secs(3);
/// How long its processes may take to end when they are told to: git removes its lock files then.
const LAST_GRACE: Duration = Duration::from_secs(2);
/// How long a helper that has given its answer is waited for.
const LEAVING: Duration = Duration::from_millis(500);
/// An answer may be this long: a list of 100,000 sessions is about 50 MB.
const MAX_LINE: u64 = 256 << 20;
/// How much of what the helper complained about is kept.
const MAX_COMPLAINT: usize = 4 << 10;

/// Calls off a run, from any thread and at any time; before the run it is remembered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancel(Arc<Mutex<Called>>);

#[derive(Debug, Default)]
struct Called {
    off: bool,
    /// Wakes the run that is going on.
    wake: Option<Sender<Event>>,
}

impl Cancel {
    /// Calls it off. Returns at once: the run does the rest.
    pub(crate) fn call_off(&self) {
        let mut called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        called.off = true;
        if let Some(wake) = &called.wake {
            // A run that is over needs no waking.
            let _ = wake.send(Event::CalledOff);
        }
    }

    fn wakes(&self, events: &Sender<Event>) {
        let mut called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if called.off {
            let _ = events.send(Event::CalledOff);
        }
        called.wake = Some(events.clone());
    }

    fn is_called_off(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).off
    }
}

#[derive(Debug)]
enum Event {
    Line(Vec<u8>),
    OutputEnded,
    Complaint(String),
    CalledOff,
}

/// How a run ended that gave no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was called off, and gave no answer.
    CalledOff {
        /// Whether it had to be ended.
        by_force: bool,
    },
    /// The limit was over.
    OutOfTime,
    /// It ended by itself.
    Silent {
        /// How.
        status: String,
        /// The last it wrote to standard error.
        complaint: String,
    },
    /// It said something that is no answer.
    NotOurs(String),
}

/// What has been done so far to stop the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    Asked,
    Told,
}

/// A helper that is running.
pub(crate) struct Run {
    child: Child,
    events: Receiver<Event>,
    /// While it lives, the helper's standard input stays open.
    hold: Option<Sender<()>>,
    cancel: Cancel,
    started: Instant,
    stage: Stage,
    until: Option<Instant>,
    complaint: Option<String>,
}

impl Run {
    /// Starts the helper and hands it the request.
    pub(crate) fn start(
        program: &Path,
        env: &BTreeMap<String, String>,
        request: &Request,
        cancel: &Cancel,
    ) -> io::Result<Self> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let mut child = command(program, env)
            .arg("rpc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (send, events) = mpsc::channel();
        let hold = child.stdin.take().map(|stdin| feed(stdin, line));
        if let Some(stdout) = child.stdout.take() {
            read_answers(stdout, send.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            read_complaint(stderr, send.clone());
        }
        cancel.wakes(&send);
        let (started, stage) = (Instant::now(), Stage::Running);
        Ok(Self {
            child,
            events,
            hold,
            cancel: cancel.clone(),
            started,
            stage,
            until: None,
            complaint: None,
        })
    }

    /// The next answer.
    pub(crate) fn next(&mut self, limit: Option<Duration>) -> Result<Answer, End> {
        loop {
            match self.event(limit) {
                Ok(Event::Line(line)) if line.trim_ascii().is_empty() => {}
                Ok(Event::Line(line)) => return parse(&line).map_err(|end| self.broken_off(end)),
                Ok(Event::OutputEnded) => return Err(self.silent()),
                Ok(Event::Complaint(text)) => self.complaint = Some(text),
                Ok(Event::CalledOff) => self.ask_to_stop(),
                Err(end) => return Err(end),
            }
        }
    }

    /// Lets the helper go. Says whether it had been called off.
    pub(crate) fn finish(mut self) -> bool {
        self.hold = None;
        let leaving = Instant::now() + LEAVING;
        while let Ok(event) = self.events.recv_timeout(until(leaving)) {
            if matches!(event, Event::OutputEnded) {
                break;
            }
        }
        let called_off = self.cancel.is_called_off();
        reap(self.child);
        called_off
    }

    fn event(&mut self, limit: Option<Duration>) -> Result<Event, End> {
        loop {
            let deadline = self.until.or(limit.map(|limit| self.started + limit));
            let event = match deadline {
                Some(deadline) => self.events.recv_timeout(until(deadline)),
                None => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(event) => return Ok(event),
                Err(RecvTimeoutError::Disconnected) => return Ok(Event::OutputEnded),
                Err(RecvTimeoutError::Timeout) => self.out_of_patience()?,
            }
        }
    }

    /// Closing standard input is the request to stop.
    fn ask_to_stop(&mut self) {
        if self.stage == Stage::Running {
            self.hold = None;
            self.stage = Stage::Asked;
            self.until = Some(Instant::now() + GRACE);
        }
    }

    fn out_of_patience(&mut self) -> Result<(), End> {
        match self.stage {
            Stage::Running => Err(self.broken_off(End::OutOfTime)),
            Stage::Asked => {
                signal_group(&self.child, Force::Tell);
                self.stage = Stage::Told;
                self.until = Some(Instant::now() + LAST_GRACE);
                Ok(())
            }
            Stage::Told => Err(self.broken_off(End::CalledOff { by_force: true })),
        }
    }

    fn broken_off(&mut self, end: End) -> End {
        self.hold = None;
        signal_group(&self.child, Force::Kill);
        let _ = self.child.kill().and_then(|()| self.child.wait());
        end
    }

    fn silent(&mut self) -> End {
        if self.stage != Stage::Running {
            return self.broken_off(End::CalledOff { by_force: self.stage == Stage::Told });
        }
        self.hold = None;
        let leaving = Instant::now() + LEAVING;
        while self.complaint.is_none() {
            match self.events.recv_timeout(until(leaving)) {
                Ok(Event::Complaint(text)) => self.complaint = Some(text),
                Ok(_) => {}
                // A process that it left behind may keep standard error open for ever.
                Err(_) => break,
            }
        }
        let complaint = self.complaint.take().unwrap_or_default();
        End::Silent { status: self.status(), complaint }
    }

    fn status(&mut self) -> String {
        let leaving = Instant::now() + LEAVING;
        while Instant::now() < leaving {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.to_string();
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.broken_off(End::OutOfTime);
        "it closed its output and went on".to_owned()
    }
}

/// What `--version` says, in one line; nothing if it takes longer than a second.
pub(crate) fn version_of(program: &Path, env: &BTreeMap<String, String>) -> Option<String> {
    let mut child = command(program, env)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let (send, events) = mpsc::channel();
    read_answers(child.stdout.take()?, send);
    let event = events.recv_timeout(Duration::from_secs(1)).ok();
    signal_group(&child, Force::Kill);
    let _ = child.kill();
    reap(child);
    let Some(Event::Line(line)) = event else { return None };
    Some(excerpt(&line)).filter(|line| !line.is_empty())
}

fn command(program: &Path, env: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(program);
    // Not the user's directory: nothing in a repository may be found by a relative name, and the
    // helper gets the directory in its request.
    let root = program.ancestors().last().unwrap_or(program);
    command.env_clear().envs(env).current_dir(root);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// Writes the request, then keeps standard input open until the sender is dropped.
fn feed(mut stdin: ChildStdin, line: Vec<u8>) -> Sender<()> {
    let (hold, held) = mpsc::channel();
    thread::spawn(move || {
        // A helper that does not read its request is noticed by what it does not say.
        let _ = stdin.write_all(&line).and_then(|()| stdin.flush());
        let _ = held.recv();
    });
    hold
}

fn read_answers(stdout: impl Read + Send + 'static, events: Sender<Event>) {
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            let read = stdout.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            let event = match read {
                Ok(read) if read > 0 => Event::Line(line),
                _ => Event::OutputEnded,
            };
            let ended = matches!(event, Event::OutputEnded);
            if events.send(event).is_err() || ended {
                return;
            }
        }
    });
}

fn read_complaint(mut stderr: impl Read + Send + 'static, events: Sender<Event>) {
    thread::spawn(move || {
        let (mut tail, mut buffer) = (Vec::new(), [0; 1024]);
        while let Ok(read @ 1..) = stderr.read(&mut buffer) {
            tail.extend_from_slice(&buffer[..read]);
            let surplus = tail.len().saturating_sub(MAX_COMPLAINT);
            tail.drain(..surplus);
        }
        let text = harmless::text(&String::from_utf8_lossy(&tail));
        let _ = events.send(Event::Complaint(text.trim().to_owned()));
    });
}

fn parse(line: &[u8]) -> Result<Answer, End> {
    serde_json::from_slice(line).map_err(|_| End::NotOurs(excerpt(line)))
}

fn excerpt(line: &[u8]) -> String {
    let start = &line[..line.len().min(200)];
    harmless::line(&String::from_utf8_lossy(start)).trim().to_owned()
}

fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Waits in the background, so that no zombie stays while the plugin lives.
fn reap(mut child: Child) {
    thread::spawn(move || child.wait());
}

#[derive(Debug, Clone, Copy)]
enum Force {
    Tell,
    Kill,
}

/// Signals the helper and what it started; the helper is the leader of its own process group.
#[cfg(unix)]
fn signal_group(child: &Child, force: Force) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = match force {
        Force::Tell => Signal::TERM,
        Force::Kill => Signal::KILL,
    };
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // Gone already is as good.
        let _ = kill_process_group(group, signal);
    }
}

/// There are no groups to signal: `Child::kill` ends the helper itself.
#[cfg(not(unix))]
fn signal_group(_child: &Child, _force: Force) {}

#[cfg(test)]
mod tests;
