//! What is being done, on one line of the terminal that is overwritten and cleared at the end.

use std::io::{IsTerminal, Write};

use crate::clean;

/// Returns to the line's start, clears it and turns wrapping off: a long text must stay one line,
/// else the next one could not overwrite it (ECMA-48 EL, DEC private mode 7).
const BEGIN: &str = "\r\x1b[2K\x1b[?7l";
const END: &str = "\x1b[?7h";
const CLEAR: &str = "\r\x1b[2K";

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
        let written = write!(out, "{BEGIN}{}{END}", clean::line(text)).and_then(|()| out.flush());
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
        let want = format!("{BEGIN}Pushing to [1morigin{END}{BEGIN}Done{END}{CLEAR}");
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn nothing_is_written_when_nothing_was_shown() {
        let mut out = Vec::new();
        drop(ProgressLine { out: Some(&mut out), shown: false });
        assert!(out.is_empty());
    }
}
