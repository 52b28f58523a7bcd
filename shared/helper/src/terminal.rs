//! The terminal on standard input and standard error.

use std::io::{self, Write as _};

use convosync_wire::Secret;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::stdio::{stderr, stdin};
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use zeroize::Zeroizing;

use crate::ask::{Key, keys};
use crate::console::{Console, Screen};
use crate::interrupt::Interrupt;

/// A terminal hands over at most so many bytes of a line (`MAX_CANON` on Linux is 4096).
const LONGEST_LINE: usize = 4096;

/// How often a waiting question looks whether it was interrupted.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// The terminal.
pub(crate) struct Terminal {
    interrupt: Interrupt,
}

impl Terminal {
    /// Ctrl-C while a question waits sets `interrupt` and ends the question.
    pub(crate) fn new(interrupt: Interrupt) -> Self {
        Self { interrupt }
    }

    /// Waits for a line. Signals do not end a blocked read, so it waits in short turns.
    fn line(&self) -> Option<Zeroizing<Vec<u8>>> {
        loop {
            if self.interrupt.is_set() {
                return None;
            }
            match poll(&mut [PollFd::new(&stdin(), PollFlags::IN)], Some(&GLANCE)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => break,
                Err(_) => return None,
            }
        }
        let mut bytes = Zeroizing::new(vec![0; LONGEST_LINE]);
        let count = rustix::io::read(stdin(), bytes.as_mut_slice()).ok()?;
        bytes.truncate(count);
        (count > 0).then_some(bytes)
    }
}

impl Console for Terminal {
    fn show(&mut self, text: &str) {
        // Without a standard error there is nobody to show it to.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    fn ask(&mut self, prompt: &str) -> Option<String> {
        self.show(prompt);
        let line = self.line();
        if line.is_none() {
            self.show("\n");
        }
        line.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn ask_hidden(
        &mut self,
        prompt: &str,
        more: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Secret> {
        // Pasted lines arrive while earlier ones are read: all are hidden, none is flushed.
        let _hidden = Hidden::begin();
        let mut text = Zeroizing::new(String::new());
        let mut prompt = prompt.to_owned();
        loop {
            self.show(&prompt);
            let line = self.line();
            self.show("\n");
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            text.push_str(&line);
            match more(&text) {
                Some(next) if !line.trim().is_empty() => prompt = next,
                _ => return Some(Secret(text.to_string())),
            }
        }
    }
}

/// Typed text is not shown until this is dropped.
struct Hidden(Option<Termios>);

impl Hidden {
    fn begin() -> Self {
        let Ok(before) = termios::tcgetattr(stdin()) else { return Self(None) };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        let set = termios::tcsetattr(stdin(), OptionalActions::Now, &silent);
        Self(set.ok().map(|()| before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that is gone needs no echo.
            let _ = termios::tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

/// The terminal as a screen of its own: what was there before comes back when this is dropped.
pub(crate) struct FullScreen {
    interrupt: Interrupt,
    before: Termios,
}

/// Switches to the other screen without a cursor, and back (xterm's private modes 1049 and 25).
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

/// Bytes of keys that are read at once.
const KEYS: usize = 256;

impl FullScreen {
    /// None where the terminal can't do it.
    pub(crate) fn open(interrupt: Interrupt) -> Option<Self> {
        let before = termios::tcgetattr(stdin()).ok()?;
        columns().zip(rows())?;
        let mut single = before.clone();
        // Ctrl-C still interrupts.
        single.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN);
        termios::tcsetattr(stdin(), OptionalActions::Now, &single).ok()?;
        let mut screen = Self { interrupt, before };
        screen.write(ENTER);
        Some(screen)
    }

    fn write(&mut self, text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Screen for FullScreen {
    fn size(&self) -> (usize, usize) {
        (columns().unwrap_or(80), rows().unwrap_or(24))
    }

    fn draw(&mut self, text: &str) {
        let lines = text.trim_end_matches('\n').replace('\n', "\r\n");
        self.write(&format!("\u{1b}[H\u{1b}[2J{lines}"));
    }

    fn keys(&mut self) -> Option<Vec<Key>> {
        let size = self.size();
        loop {
            if self.interrupt.is_set() {
                return None;
            }
            match poll(&mut [PollFd::new(&stdin(), PollFlags::IN)], Some(&GLANCE)) {
                Ok(0) | Err(Errno::INTR) if self.size() == size => {}
                Ok(0) | Err(Errno::INTR) => return Some(Vec::new()),
                Ok(_) => break,
                Err(_) => return None,
            }
        }
        let mut bytes = [0; KEYS];
        let count = rustix::io::read(stdin(), &mut bytes[..]).ok().filter(|count| *count > 0)?;
        Some(keys(&bytes[..count]))
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        self.write(LEAVE);
        // A terminal that is gone needs no echo.
        let _ = termios::tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

/// Rows of the terminal on standard error, if there is one.
pub(crate) fn rows() -> Option<usize> {
    let size = termios::tcgetwinsize(stderr()).ok()?;
    (size.ws_row > 0).then_some(usize::from(size.ws_row))
}

/// Columns of the terminal on standard error, if there is one.
pub(crate) fn columns() -> Option<usize> {
    let size = termios::tcgetwinsize(stderr()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
