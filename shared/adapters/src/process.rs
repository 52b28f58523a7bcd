//! Runs a child process to its end, its time limit or a cancel. Knows nothing of git.
//!
//! The child is the leader of its own process group, so that what it started (ssh, hooks) is
//! stopped with it. Its pipes are read as they fill; what outlives the child and holds a pipe open
//! (an ssh that keeps its connection, a daemon that a hook started) is not waited for.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use convosync_engine::Cancel;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::faults::{Change, before};

/// How often a child that says nothing is looked after.
const TICK: Duration = Duration::from_millis(20);
/// The same, once it has closed its pipes: it is about to end.
const LAST_TICK: Duration = Duration::from_micros(500);
/// What a child has to clean up (git removes its locks) before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes of standard output that are kept in memory at most.
const MOST_OUTPUT: usize = 64 << 20;
/// Bytes of standard error that are kept: the last ones say why it failed.
const MOST_ERRORS: usize = 64 << 10;

/// When a child is stopped.
pub(crate) struct Watch {
    /// Its time limit.
    pub(crate) limit: Duration,
    /// The limit counts from the last sign of life, not from the start.
    pub(crate) since_output: bool,
    /// The user's wish.
    pub(crate) cancel: Cancel,
}

/// How a child ended by itself.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Why there is no end to report.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It could not be started or watched.
    Io(io::Error),
    /// The user cancelled.
    Cancelled,
    /// It took too long.
    TimedOut,
    /// It said too much.
    TooMuch,
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Runs `command`, and feeds it `input` if its standard input is a pipe. When it returns, the child
/// is gone.
pub(crate) fn run(command: &mut Command, input: &[u8], watch: &Watch) -> Result<Ended, Stopped> {
    Held::start(command, watch)?.attend(input, watch, &Cancel::new())
}

/// Starts `command`, and returns while a thread of its own attends to it as [`run`] does.
pub(crate) fn start(
    command: &mut Command,
    input: Vec<u8>,
    watch: Watch,
) -> Result<Running, Stopped> {
    let child = Held::start(command, &watch)?;
    let given_up = Cancel::new();
    let heard = given_up.clone();
    let thread = thread::Builder::new().spawn(move || child.attend(&input, &watch, &heard))?;
    Ok(Running { thread: Some(thread), given_up })
}

/// A child at work. Whoever drops it stops it.
pub(crate) struct Running {
    thread: Option<JoinHandle<Result<Ended, Stopped>>>,
    given_up: Cancel,
}

impl Running {
    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Result<Ended, Stopped> {
        let thread = self.thread.take().expect("it is waited for once");
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.given_up.cancel();
            let _ = thread.join(); // that it panicked is told where it did
        }
    }
}

/// A child that is stopped unless it has ended.
struct Held {
    child: Child,
    is_gone: bool,
}

impl Held {
    fn start(command: &mut Command, watch: &Watch) -> Result<Self, Stopped> {
        if watch.cancel.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        let (program, args) = (command.get_program(), command.get_args());
        before(Change::Starts, format_args!("start {program:?} {:?}", args.collect::<Vec<_>>()))?;
        let child = command.stderr(Stdio::piped()).spawn()?;
        Ok(Self { child, is_gone: false })
    }

    /// `given_up`: the wish of who started it, beside the user's.
    fn attend(mut self, input: &[u8], watch: &Watch, given_up: &Cancel) -> Result<Ended, Stopped> {
        let ended = attend(&mut self.child, input, watch, given_up)?;
        self.is_gone = true;
        Ok(ended)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_gone {
            stop(&mut self.child);
        }
    }
}

fn attend(
    child: &mut Child,
    input: &[u8],
    watch: &Watch,
    given_up: &Cancel,
) -> Result<Ended, Stopped> {
    let mut pipes = Pipes::of(child, input)?;
    let mut deadline = Instant::now() + watch.limit;
    loop {
        let alive = pipes.turn()?;
        if pipes.stdout.len() > MOST_OUTPUT {
            return Err(Stopped::TooMuch);
        }
        if let Some(status) = child.try_wait()? {
            pipes.drain()?;
            return Ok(Ended { status, stdout: pipes.stdout, stderr: pipes.stderr });
        }
        if watch.cancel.is_cancelled() || given_up.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        if alive && watch.since_output {
            deadline = Instant::now() + watch.limit;
        }
        if Instant::now() >= deadline {
            return Err(Stopped::TimedOut);
        }
    }
}

/// Ends the child's whole group, and reaps the child.
fn stop(child: &mut Child) {
    let group = Pid::from_child(child);
    let _ = kill_process_group(group, Signal::TERM);
    let _ = kill_process_group(group, Signal::CONT); // a stopped process would not hear the first
    let until = Instant::now() + GRACE;
    while Instant::now() < until && is_running(group) {
        std::thread::sleep(Duration::from_millis(5));
    }
    // The child is not reaped yet, so its id can't have become another group's.
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

fn is_running(child: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::Pid(child), look), Ok(None))
}

/// Our ends of a child's pipes, and what came through.
struct Pipes<'a> {
    input: &'a [u8],
    stdin: Option<ChildStdin>,
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl<'a> Pipes<'a> {
    fn of(child: &mut Child, input: &'a [u8]) -> io::Result<Self> {
        let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let fds = [
            stdin.as_ref().map(AsFd::as_fd),
            out.as_ref().map(AsFd::as_fd),
            err.as_ref().map(AsFd::as_fd),
        ];
        for fd in fds.into_iter().flatten() {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok(Self { input, stdin, out, err, stdout: Vec::new(), stderr: Vec::new() })
    }

    /// Waits for a moment and moves what can be moved; says whether something was.
    fn turn(&mut self) -> io::Result<bool> {
        self.wait()?;
        let before = self.input.len();
        self.feed()?;
        let moved = self.drain()?;
        Ok(moved || self.input.len() != before)
    }

    fn wait(&self) -> io::Result<()> {
        let mut fds = Vec::with_capacity(3);
        if let Some(out) = &self.out {
            fds.push(PollFd::new(out, PollFlags::IN));
        }
        if let Some(err) = &self.err {
            fds.push(PollFd::new(err, PollFlags::IN));
        }
        let tick = if fds.is_empty() { LAST_TICK } else { TICK };
        if let Some(stdin) = &self.stdin {
            fds.push(PollFd::new(stdin, PollFlags::OUT));
        }
        let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(tick.subsec_nanos()) };
        match poll(&mut fds, Some(&tick)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn feed(&mut self) -> io::Result<()> {
        while let Some(stdin) = &mut self.stdin {
            if self.input.is_empty() {
                self.stdin = None; // closes it: the child sees the end
                break;
            }
            match stdin.write(self.input) {
                Ok(count) => self.input = &self.input[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It does not want the rest; its exit code tells why.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => self.stdin = None,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> io::Result<bool> {
        let out = pour(&mut self.out, &mut self.stdout, MOST_OUTPUT)?;
        let err = pour(&mut self.err, &mut self.stderr, usize::MAX)?;
        if self.stderr.len() > MOST_ERRORS {
            self.stderr.drain(..self.stderr.len() - MOST_ERRORS);
        }
        Ok(out || err)
    }
}

/// Reads what is there, until `into` holds more than `most`; closes the pipe at its end.
fn pour<R: Read>(from: &mut Option<R>, into: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let mut buffer = [0; 64 << 10];
    let mut moved = false;
    // A few rounds at most: a flood must not keep us from looking at the clock.
    for _ in 0..16 {
        let Some(pipe) = from else { break };
        if into.len() > most {
            break;
        }
        match pipe.read(&mut buffer) {
            Ok(0) => *from = None,
            Ok(count) => {
                into.extend_from_slice(&buffer[..count]);
                moved = true;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(moved)
}
