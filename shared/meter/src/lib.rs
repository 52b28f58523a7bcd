//! The line on standard error that tells what is being done, for every front end alike.
//!
//! It is there only while something takes longer than people notice, and leaves nothing behind. It
//! has no colours, and is given texts that are harmless for a terminal.

mod narrow;

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use convosync_wire::{Counted, Unit};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use narrow::Narrow;

/// What takes no longer is over before anybody reads a line.
const PATIENCE: Duration = Duration::from_millis(300);

/// Between two turns of the spinner.
const TURN: Duration = Duration::from_millis(120);

/// How often a second the line is drawn at most.
const HERTZ: u8 = 10;

/// What is shown once the user asked to stop and something is still being ended.
const STOPPING: &str = "Stopping";

/// The signs that a line is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    /// Beyond ASCII.
    Unicode,
    /// ASCII alone.
    Ascii,
}

impl Signs {
    fn spinner(self) -> &'static str {
        match self {
            Self::Unicode => "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ",
            Self::Ascii => "|/-\\ ",
        }
    }

    fn bar(self) -> &'static str {
        match self {
            Self::Unicode => "━╸─",
            Self::Ascii => "=>-",
        }
    }
}

/// The line. It appears by itself when the work takes long, and is cleared on drop.
pub struct Meter {
    bar: ProgressBar,
    signs: Signs,
    work: Option<Work>,
}

/// The thread that draws.
struct Work {
    /// The work goes on until this is dropped.
    goes_on: Sender<()>,
    drawer: JoinHandle<()>,
}

impl Meter {
    /// Begins. `stopping` tells whether the user asked to stop. Where standard error is no terminal
    /// nothing is ever shown; whether it can move its cursor is for the caller to know.
    pub fn begin(signs: Signs, stopping: impl Fn() -> bool + Send + 'static) -> Self {
        if !Narrow::is_there() {
            return Self::hidden();
        }
        Self::on(ProgressDrawTarget::term_like_with_hz(Box::new(Narrow), HERTZ), signs, stopping)
    }

    /// One that shows nothing.
    #[must_use]
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), signs: Signs::Ascii, work: None }
    }

    fn on(
        target: ProgressDrawTarget,
        signs: Signs,
        stopping: impl Fn() -> bool + Send + 'static,
    ) -> Self {
        if target.is_hidden() {
            return Self::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style(signs, None));
        let (goes_on, ended) = mpsc::channel();
        let drawn = bar.clone();
        let drawer = thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            drawn.set_draw_target(target);
            while ended.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
                if stopping() {
                    drawn.set_style(style(signs, None));
                    drawn.set_message(STOPPING);
                }
                drawn.tick();
            }
            drawn.finish_and_clear();
        });
        Self { bar, signs, work: Some(Work { goes_on, drawer }) }
    }

    /// Tells what is being done now, in place of what was told before, and how much of it is done.
    pub fn show(&self, text: impl Into<String>, counted: Option<Counted>) {
        if self.work.is_none() {
            return;
        }
        self.bar.set_style(style(self.signs, counted));
        if let Some(Counted { done, of, .. }) = counted {
            self.bar.set_length(of);
            self.bar.set_position(done);
        }
        self.bar.set_message(text.into());
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(Work { goes_on, drawer }) = self.work.take() {
            drop(goes_on);
            // What it drew is cleared before anything else is written.
            let _ = drawer.join();
        }
    }
}

/// What stands on the line; what does not fit is cut.
fn style(signs: Signs, counted: Option<Counted>) -> ProgressStyle {
    let template = match counted.map(|counted| counted.unit) {
        None => "{spinner} {wide_msg}",
        Some(Unit::Objects) => "{spinner} {msg} {pos} of {len} {wide_bar}",
        Some(Unit::Bytes) => "{spinner} {msg} {decimal_bytes} of {decimal_total_bytes} {wide_bar}",
    };
    let style = ProgressStyle::with_template(template).expect("a template of ours");
    style.tick_chars(signs.spinner()).progress_chars(signs.bar())
}

#[cfg(test)]
mod tests;
