//! `convosync list --watch`: what other devices save, as it comes, until Ctrl-C.

use std::time::{Duration, Instant};

use convosync_wire::{News, Reply, SessionRow};

use super::bell::{Bell, Woken};
use crate::outcome::Outcome;

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
    bell: &mut Bell,
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
            _ if bell.is_stopped() => return End::Interrupted,
            outcome => return End::Outcome(outcome),
        };
        if !news.of(rows).iter().all(&mut show) {
            return End::Unread;
        }
        if let Some(begun) = begun.take() {
            begun();
        }
        if bell.sleep(Instant::now() + interval) == Woken::Stop {
            return if bell.is_stopped() { End::Interrupted } else { End::Unread };
        }
    }
}
