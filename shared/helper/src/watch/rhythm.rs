//! When a watcher looks again. Pure: what was found and chance come in, a wait comes out.

use std::time::Duration;

use convosync_engine::Outlook;

/// How one learns that something came into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// The system tells of every change.
    Told,
    /// It tells of changes that are made on this machine, and of no others.
    HalfTold,
    /// Nobody tells: one has to ask.
    Asked,
}

/// An event may be lost, for one when too many come at once.
const TOLD: Duration = Duration::from_secs(60 * 60);

/// A folder on a network: whoever holds it tells nobody.
const HALF_TOLD: Duration = Duration::from_secs(5 * 60);

/// A bucket's provider counts each look.
const ASKED: Duration = Duration::from_secs(60);

/// A look at a big bucket takes some hundred kB.
const METERED: Duration = Duration::from_secs(10 * 60);

/// The first wait after a look that did not reach the store, or left something unsent.
const FIRST_AGAIN: Duration = Duration::from_secs(30);

/// However often it fails.
const LONGEST_AGAIN: Duration = Duration::from_secs(15 * 60);

/// A save that may be tried again in a moment is not worth a look of its own.
const SHORTEST: Duration = Duration::from_secs(5);

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looked {
    /// The store answered.
    pub(crate) reached: bool,
    /// How one learns of changes there.
    pub(crate) ground: Ground,
    /// What holds on this device.
    pub(crate) here: Here,
}

/// What holds on this device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Here {
    /// The user wants no network.
    pub(crate) offline: bool,
    /// The connection is paid by the byte.
    pub(crate) metered: bool,
    /// Something might have been sent and was not.
    pub(crate) held_up: bool,
    /// Until the next try of what has to wait.
    pub(crate) next_try: Option<Duration>,
}

impl From<&Outlook> for Here {
    fn from(outlook: &Outlook) -> Self {
        let next_try = outlook.next_try_ms.and_then(|ms| u64::try_from(ms).ok());
        Self {
            offline: outlook.offline,
            metered: outlook.metered,
            held_up: outlook.held_up,
            next_try: next_try.map(Duration::from_millis),
        }
    }
}

/// Remembers how often it went wrong in a row.
#[derive(Debug, Default)]
pub(crate) struct Rhythm {
    failures: u32,
}

impl Rhythm {
    /// How long to wait after a look. `chance` keeps many machines from asking in step.
    pub(crate) fn after(&mut self, looked: &Looked, chance: u64) -> Duration {
        let here = &looked.here;
        let wait = if here.offline {
            // Not before the user wants it: that is told by the settings.
            TOLD
        } else if !looked.reached || here.held_up {
            self.failures = self.failures.saturating_add(1);
            again(self.failures).min(pace(looked))
        } else {
            self.failures = 0;
            pace(looked)
        };
        let wait = here.next_try.map_or(wait, |next| wait.min(next.max(SHORTEST)));
        spread(wait, chance)
    }
}

/// Between two looks while all is well.
fn pace(looked: &Looked) -> Duration {
    match looked.ground {
        Ground::Told => TOLD,
        Ground::HalfTold => HALF_TOLD,
        Ground::Asked if looked.here.metered => METERED,
        Ground::Asked if looked.reached => ASKED,
        Ground::Asked => LONGEST_AGAIN,
    }
}

/// Doubles with each failure.
fn again(failures: u32) -> Duration {
    let doubled = FIRST_AGAIN.saturating_mul(1 << failures.saturating_sub(1).min(10));
    doubled.min(LONGEST_AGAIN)
}

/// Up to a tenth more.
fn spread(wait: Duration, chance: u64) -> Duration {
    wait + wait.mul_f64(0.1 * (chance % 1000) as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Looked = Looked {
        reached: true,
        ground: Ground::Asked,
        here: Here { offline: false, metered: false, held_up: false, next_try: None },
    };

    fn here(here: Here) -> Looked {
        Looked { here, ..WELL }
    }

    /// Looks in an hour of a clock that nobody waits for, if each of them comes to the same.
    fn in_an_hour(looked: &Looked) -> u32 {
        let (mut rhythm, mut clock, mut looks) = (Rhythm::default(), Duration::ZERO, 0);
        while clock < Duration::from_secs(60 * 60) {
            looks += 1;
            clock += rhythm.after(looked, u64::from(looks));
        }
        looks
    }

    #[test]
    fn an_idle_hour_has_as_few_looks_as_the_store_allows() {
        let on = |ground| Looked { ground, ..WELL };
        assert_eq!(in_an_hour(&on(Ground::Told)), 1);
        assert_eq!(in_an_hour(&on(Ground::HalfTold)), 12);
        assert_eq!(in_an_hour(&on(Ground::Asked)), 60);
        assert_eq!(in_an_hour(&here(Here { metered: true, ..Here::default() })), 6);
        assert_eq!(in_an_hour(&here(Here { offline: true, ..Here::default() })), 1);
    }

    #[test]
    fn a_store_that_does_not_answer_is_asked_less_and_less_and_at_once_again_when_it_does() {
        let silent = Looked { reached: false, ..WELL };
        let mut rhythm = Rhythm::default();
        let waits: Vec<_> = (0..7).map(|_| rhythm.after(&silent, 0).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(rhythm.after(&WELL, 0), ASKED);
        assert_eq!(rhythm.after(&silent, 0), FIRST_AGAIN);
        assert!(in_an_hour(&silent) < 10);
    }

    #[test]
    fn what_waits_is_tried_when_its_time_has_come() {
        let at = |seconds| Some(Duration::from_secs(seconds));
        let wait = |next_try| {
            let looked = Looked { ground: Ground::Told, ..here(Here { next_try, ..WELL.here }) };
            Rhythm::default().after(&looked, 0)
        };
        assert_eq!(wait(at(40)), Duration::from_secs(40));
        assert_eq!(wait(at(0)), SHORTEST);
        assert_eq!(wait(at(99_999)), TOLD);
    }

    #[test]
    fn what_is_held_up_by_others_is_no_reason_to_look_all_the_time() {
        let held = here(Here { held_up: true, ..WELL.here });
        let told = Looked { ground: Ground::Told, ..held };
        assert!(in_an_hour(&told) < 10);
        assert_eq!(in_an_hour(&held), 61);
    }

    #[test]
    fn looks_are_spread_by_a_tenth_at_most() {
        for chance in [0, 1, 999, 1000, u64::MAX] {
            let wait = Rhythm::default().after(&WELL, chance);
            assert!((ASKED..=ASKED * 11 / 10).contains(&wait), "{wait:?}");
        }
    }
}
