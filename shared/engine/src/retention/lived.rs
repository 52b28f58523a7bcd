//! Time as this device lived it: what a grace time is counted in.
//!
//! A clock may jump: by a dead battery, by a wrong hand. So between two looks at the store at most
//! [`MOST_AT_ONCE_MS`] count, however far the clock went on; days on which this device looked at
//! nothing make a wait longer, never shorter.

use convosync_core::ObjectName;

use super::limits::{DAY_MS, days_ms};
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Table};
use crate::trouble::Trouble;

/// The most that counts between two looks; half of the grace time if that is less.
const MOST_AT_ONCE_MS: i64 = DAY_MS;

/// A clock that goes on by more than this at once may have jumped.
const JUMP_MS: i64 = 7 * DAY_MS;

/// Steps shorter than this are not written down: each write waits for the disk.
const WRITTEN_MS: i64 = 60 * 60 * 1000;

/// The label of what was lived.
const LIVED: &str = "lived";

/// The label of when this device first saw an object, in what it had lived.
const FIRST_SEEN: &str = "first-seen";

/// What this device lived, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lived {
    ms: i64,
    /// What the clock said then.
    at: i64,
    /// What was lived when the clock may have jumped last. A new device has nothing to compare its
    /// clock with.
    jumped: i64,
}

impl Lived {
    fn begin(now: i64) -> Self {
        Self { ms: 0, at: now, jumped: 0 }
    }

    /// The same, later.
    fn step(self, now: i64, most: i64) -> Self {
        let passed = now.saturating_sub(self.at);
        let ms = self.ms.saturating_add(passed.clamp(0, most));
        Self { ms, at: now, jumped: if passed > JUMP_MS { ms } else { self.jumped } }
    }

    fn encode(self) -> String {
        format!("{} {} {}", self.ms, self.at, self.jumped)
    }

    fn decode(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self { ms: next()?, at: next()?, jumped: next()? })
    }
}

impl Engine<'_> {
    /// Counts the time since the last look at the store.
    pub(crate) fn live_on(&self, member: &Member) -> Result<(), Trouble> {
        let (before, now) = self.lived(member)?;
        let small = before.is_some_and(|before| (0..WRITTEN_MS).contains(&(now.at - before.at)));
        if !small {
            let change = self.remember(member, Table::Misc, LIVED, b"", &now.encode());
            self.ports.index.apply(&[change])?;
        }
        Ok(())
    }

    /// As it was written down, if it was, and now.
    fn lived(&self, member: &Member) -> Result<(Option<Lived>, Lived), Trouble> {
        let now = self.ports.clock.now_ms();
        let most = MOST_AT_ONCE_MS.min(days_ms(self.grace()) / 2);
        let before = self.remembered(member, Table::Misc, LIVED, b"")?;
        let before = before.and_then(|text| Lived::decode(&text));
        Ok((before, before.map_or_else(|| Lived::begin(now), |before| before.step(now, most))))
    }

    /// What this device lived until now, in milliseconds.
    pub(crate) fn lived_ms(&self, member: &Member) -> Result<i64, Trouble> {
        Ok(self.lived(member)?.1.ms)
    }

    /// Whether the clock can be believed for what a day more or less is no matter: it has gone on
    /// for a day since it jumped, if it did.
    pub(crate) fn is_clock_steady(&self, member: &Member) -> Result<bool, Trouble> {
        let (_, now) = self.lived(member)?;
        Ok(now.ms.saturating_sub(now.jumped) >= MOST_AT_ONCE_MS)
    }

    /// Notes that this device sees an object for the first time.
    pub(crate) fn seen_now(
        &self,
        member: &Member,
        name: &ObjectName,
    ) -> Result<IndexChange, Trouble> {
        let now = self.lived_ms(member)?.to_string();
        Ok(self.remember(member, Table::Misc, FIRST_SEEN, name.to_string().as_bytes(), &now))
    }

    /// For how long of what it lived this device has seen an object, in milliseconds. One of which
    /// it does not know counts from now on.
    pub(crate) fn seen_for(&self, member: &Member, name: &ObjectName) -> Result<i64, Trouble> {
        let now = self.lived_ms(member)?;
        let text = name.to_string();
        let first = self.remembered(member, Table::Misc, FIRST_SEEN, text.as_bytes())?;
        match first.and_then(|first| first.parse::<i64>().ok()).filter(|first| *first <= now) {
            Some(first) => Ok(now - first),
            None => {
                self.ports.index.apply(&[self.seen_now(member, name)?])?;
                Ok(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_counts_a_day_and_going_back_nothing() {
        let start = Lived::begin(1_800_000_000_000);
        let step = |lived: Lived, days: i64| lived.step(lived.at + days * DAY_MS, DAY_MS);
        let daily = (0..7).fold(start, |lived, _| step(lived, 1));
        assert_eq!((daily.ms, daily.jumped), (7 * DAY_MS, 0));
        let jumped = step(daily, 4000);
        assert_eq!((jumped.ms, jumped.jumped), (8 * DAY_MS, 8 * DAY_MS));
        let back = step(jumped, -4000);
        assert_eq!((back.ms, back.at), (8 * DAY_MS, daily.at));
        assert_eq!(step(back, 1).ms, 9 * DAY_MS);
        assert_eq!(start.step(i64::MAX, DAY_MS).step(i64::MIN, DAY_MS).ms, DAY_MS);
    }

    #[test]
    fn what_was_lived_is_read_as_it_was_written() {
        let lived = Lived { ms: 5, at: -3, jumped: 2 };
        assert_eq!(Lived::decode(&lived.encode()), Some(lived));
        for wrong in ["", "1 2", "1 x 3"] {
            assert_eq!(Lived::decode(wrong), None, "{wrong}");
        }
    }
}
