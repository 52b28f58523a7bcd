//! Standard error as a terminal that is a little narrower than it is.
//!
//! The line is padded to the width that it is told. In the last column a `^C` that the terminal
//! echoes would stand on the next line, and the one above would never be cleared.

use std::io::{self, IsTerminal, Write};

use indicatif::TermLike;

/// Room for what the terminal echoes.
const SPARE: u16 = 4;

/// Where the terminal does not say.
const USUAL_COLUMNS: u16 = 80;

/// Standard error.
#[derive(Debug)]
pub(crate) struct Narrow;

impl Narrow {
    /// Whether anything can be shown on it.
    pub(crate) fn is_there() -> bool {
        io::stderr().is_terminal()
    }

    fn put(&self, text: &str) -> io::Result<()> {
        io::stderr().write_all(text.as_bytes())
    }

    fn moved(&self, count: usize, direction: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.put(&format!("\x1b[{count}{direction}")) }
    }
}

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        let size = rustix::termios::tcgetwinsize(io::stderr());
        let columns = size.map(|size| size.ws_col).ok().filter(|columns| *columns > 0);
        columns.unwrap_or(USUAL_COLUMNS).saturating_sub(SPARE)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.moved(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.moved(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.moved(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.moved(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}
