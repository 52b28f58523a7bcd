//! A whole screen that a person works on with keys: the terminal's second one, so that what was there
//! before is there again afterwards.

use std::io::{self, Write as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::stdio::stdin;
use rustix::termios::{self, LocalModes, OptionalActions, Termios};

use crate::interrupt::Interrupt;
use crate::keys::{Decoder, Key};
use crate::terminal::columns;

/// How long a lone ESC waits for more, and how often an interrupt is looked for.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// What is shown at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its lines, harmless already.
    pub(crate) lines: Vec<String>,
    /// Row and column of the cursor from 0; none: it is hidden.
    pub(crate) cursor: Option<(usize, usize)>,
}

/// Something that shows frames and takes keys.
pub(crate) trait Screen {
    /// Columns now.
    fn columns(&self) -> usize;

    /// Shows a frame in place of the one before.
    fn show(&mut self, frame: &Frame);

    /// The next keys; empty: the screen's size may have changed. None: the person wants to stop.
    fn keys(&mut self) -> Option<Vec<Key>>;
}

/// The terminal on standard input and standard error. As it was when dropped.
pub(crate) struct TerminalScreen {
    interrupt: Interrupt,
    decoder: Decoder,
    before: Option<Termios>,
    columns: usize,
}

impl TerminalScreen {
    /// Takes the terminal. Ctrl-C sets `interrupt`, as ever.
    pub(crate) fn open(interrupt: Interrupt) -> Self {
        let before = termios::tcgetattr(stdin()).ok();
        if let Some(before) = &before {
            let mut raw = before.clone();
            raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
            // A terminal that can't is one where keys come a line at a time.
            let _ = termios::tcsetattr(stdin(), OptionalActions::Now, &raw);
        }
        put("\u{1b}[?1049h");
        Self { interrupt, decoder: Decoder::default(), before, columns: 0 }
    }
}

impl Drop for TerminalScreen {
    fn drop(&mut self) {
        put("\u{1b}[?25h\u{1b}[?1049l");
        if let Some(before) = &self.before {
            let _ = termios::tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

impl Screen for TerminalScreen {
    fn columns(&self) -> usize {
        columns().unwrap_or(80)
    }

    fn show(&mut self, frame: &Frame) {
        self.columns = self.columns();
        let mut out = String::from("\u{1b}[?25l\u{1b}[H\u{1b}[2J");
        out.push_str(&frame.lines.join("\r\n"));
        if let Some((row, column)) = frame.cursor {
            out.push_str(&format!("\u{1b}[{};{}H\u{1b}[?25h", row + 1, column + 1));
        }
        put(&out);
    }

    fn keys(&mut self) -> Option<Vec<Key>> {
        loop {
            if self.interrupt.is_set() {
                return None;
            }
            match poll(&mut [PollFd::new(&stdin(), PollFlags::IN)], Some(&GLANCE)) {
                Ok(0) | Err(Errno::INTR) => {
                    let escape = self.decoder.pause();
                    if escape.is_some() || self.columns != self.columns() {
                        return Some(escape.into_iter().collect());
                    }
                }
                Ok(_) => break,
                Err(_) => return None,
            }
        }
        let mut bytes = [0; 256];
        let count = rustix::io::read(stdin(), &mut bytes).ok()?;
        (count > 0).then(|| self.decoder.feed(&bytes[..count]))
    }
}

/// Without a standard error there is nobody to show it to.
fn put(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
