//! Rows that come as other devices save.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use convosync_wire::{Answer, Failure, News, Reply, SessionRow, Verb};
use nu_protocol::{HandlerGuard, LabeledError, ShellError, Signals, Span, Value};

use crate::failure::labeled;
use crate::front::Caller;
use crate::helper::Cancel;
use crate::value::Shape;

/// Between two looks, where the user says nothing: a bucket's provider counts each.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// How often a pause looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// Tells a person that it goes on: until something comes there is nothing to see.
pub(crate) fn begun() {
    let stderr = std::io::stderr();
    if stderr.is_terminal() {
        // A terminal that is gone is no reason to fail.
        let _ = writeln!(&stderr, "Watching what other devices save; Ctrl-C ends it");
    }
}

/// The rows, one by one. Ends when the user interrupts it, or with an error.
pub(crate) struct Watch {
    caller: Caller,
    verb: Verb,
    interval: Duration,
    head: Span,
    signals: Signals,
    cancel: Cancel,
    /// Calls off a look that is going on.
    _until_the_end: HandlerGuard,
    news: News,
    waiting: VecDeque<SessionRow>,
    next_look: Option<Instant>,
    ended: bool,
}

impl Watch {
    /// A watch that knows what was there before it: `known` is the first list.
    pub(crate) fn new(
        caller: Caller,
        (verb, known): (Verb, Vec<SessionRow>),
        interval: Duration,
        (head, signals): (Span, Signals),
        (cancel, until_the_end): (Cancel, HandlerGuard),
    ) -> Self {
        let mut news = News::default();
        news.of(known);
        Self {
            caller,
            verb,
            interval,
            head,
            signals,
            cancel,
            _until_the_end: until_the_end,
            news,
            waiting: VecDeque::new(),
            next_look: Some(Instant::now() + interval),
            ended: false,
        }
    }

    /// Sleeps until it is time to look again. False: it was interrupted.
    fn pause(&mut self) -> bool {
        let until = self.next_look.take().unwrap_or_else(Instant::now);
        while Instant::now() < until && !self.signals.interrupted() {
            std::thread::sleep(GLANCE);
        }
        self.next_look = Some(Instant::now() + self.interval);
        !self.signals.interrupted()
    }

    fn look(&mut self) -> Result<(), LabeledError> {
        let answer = self.caller.again(self.verb.clone(), &self.cancel);
        match answer.map_err(|failure| labeled(&failure, self.head))? {
            Answer::Reply(reply) => match *reply {
                Reply::Sessions(listed) => {
                    self.waiting.extend(self.news.of(listed.rows));
                    Ok(())
                }
                _ => Ok(()),
            },
            Answer::Failure(failure) => Err(labeled(&failure, self.head)),
            Answer::NeedsDecision(_) | Answer::Progress(_) => Err(labeled(&odd(), self.head)),
        }
    }
}

impl Iterator for Watch {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        while !self.ended {
            if let Some(row) = self.waiting.pop_front() {
                return Some(Shape::at(self.head).session(&row));
            }
            self.ended = !self.pause();
            if self.ended {
                break;
            }
            if let Err(error) = self.look() {
                self.ended = true;
                // Who called it off knows.
                let told = (!self.signals.interrupted()).then(|| ShellError::from(error));
                return told.map(|error| Value::error(error, self.head));
            }
        }
        None
    }
}

fn odd() -> Failure {
    crate::failure::failure(
        "convosync::helper::protocol",
        "the helper answered something else than what was asked",
        "install plugin and helper from the same release",
    )
}
