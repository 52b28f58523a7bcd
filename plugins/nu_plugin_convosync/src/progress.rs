//! What is being done, on one line of the terminal that is overwritten and cleared at the end.

use std::io::{IsTerminal, Write};

use crate::terminal;

/// Returns to the line's start and clears it (ECMA-48 EL).
const CLEAR: &str = "\r\x1b[2K";

/// A text that wrapped could not be overwritten; the terminal itself adds `^C` to it.
const SPARE: usize = 4;

/// The line. Nothing is shown where standard error is no terminal; it is cleared on drop.
pub(crate) struct ProgressLine<W: Write = std::io::Stderr> {
    out: Option<W>,
    shown: bool,
}

impl ProgressLine {
    /// A line on standard error.
    pub(crate) fn on_terminal() -> Self {
        let stderr = std::io::stderr();
        Self { out: stderr.is_terminal().then_some(stderr), shown: false }
    }
}

impl<W: Write> ProgressLine<W> {
    /// Shows a text in place of the last one.
    pub(crate) fn show(&mut self, text: &str) {
        let Some(out) = &mut self.out else { return };
        let text = terminal::shortened(text, terminal::columns().saturating_sub(SPARE));
        let written = write!(out, "{CLEAR}{text}").and_then(|()| out.flush());
        // A terminal that is gone is no reason to stop.
        self.shown |= written.is_ok();
    }
}

impl<W: Write> Drop for ProgressLine<W> {
    fn drop(&mut self) {
        if let (Some(out), true) = (&mut self.out, self.shown) {
            let _ = write!(out, "{CLEAR}").and_then(|()| out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_overwritten_and_cleared() {
        let mut out = Vec::new();
        {
            let mut line = ProgressLine { out: Some(&mut out), shown: false };
            line.show("Pushing\nto \x1b[1morigin");
            line.show("Done");
        }
        let want = format!("{CLEAR}Pushing to [1morigin{CLEAR}Done{CLEAR}");
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn nothing_is_written_when_nothing_was_shown() {
        let mut out = Vec::new();
        drop(ProgressLine { out: Some(&mut out), shown: false });
        assert!(out.is_empty());
    }
}
