//! `convosync list --watch`: what other devices save, as it comes, until Ctrl-C.

use std::time::{Duration, Instant};

use convosync_wire::{News, Reply, SessionRow};

use crate::interrupt::Interrupt;
use crate::outcome::Outcome;

/// How often a pause looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// Why a watch ended.
pub(crate) enum End {
    /// The user ended it.
    Interrupted,
    /// Nobody reads what it prints.
    Unread,
    /// The list can't be had, and not because a store is out of reach.
    Outcome(Outcome),
}

/// Looks every `interval`. `list` asks for the list, `begun` is told once that the first one is
/// there, `show` prints what is new and says whether
/// somebody reads it. What other trouble there is with the store a list tells in its notes; a watch
/// goes on.
pub(crate) fn watch(
    interval: Duration,
    interrupt: &Interrupt,
    list: impl Fn() -> Outcome,
    begun: impl FnOnce(),
    mut show: impl FnMut(&SessionRow) -> bool,
) -> End {
    let mut news = News::default();
    let mut begun = Some(begun);
    loop {
        let rows = match list() {
            Outcome::Reply(reply) => match *reply {
                Reply::Sessions(listed) => listed.rows,
                _ => Vec::new(),
            },
            _ if interrupt.is_set() => return End::Interrupted,
            outcome => return End::Outcome(outcome),
        };
        if !news.of(rows).iter().all(&mut show) {
            return End::Unread;
        }
        if let Some(begun) = begun.take() {
            begun();
        }
        let until = Instant::now() + interval;
        while Instant::now() < until && !interrupt.is_set() {
            std::thread::sleep(GLANCE.min(interval));
        }
        if interrupt.is_set() {
            return End::Interrupted;
        }
    }
}
