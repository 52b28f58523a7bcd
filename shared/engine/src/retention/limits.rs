//! Which sessions are past a limit. Pure.

use std::collections::BTreeMap;

use convosync_core::{DeviceId, SaveId, SessionId};

use crate::history::History;
use crate::settings::Retention;

pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// No save is older than this: a clock that says so was never set. 2025-01-01, in milliseconds.
const PLAUSIBLE_FROM: i64 = 1_735_689_600_000;

/// A span of days in milliseconds.
pub(crate) fn days_ms(days: u32) -> i64 {
    i64::from(days) * DAY_MS
}

/// `1 day`, `7 days`.
pub(crate) fn days_told(days: u32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// When saves were made, as far as can be trusted: a device's clock may have been set back since
/// its earlier saves, or may never have been right.
pub(crate) struct Times(BTreeMap<SaveId, i64>);

impl Times {
    /// No save is earlier than an earlier one of its device.
    pub(crate) fn of(history: &History) -> Self {
        let mut by_device: BTreeMap<&DeviceId, Vec<(u64, &SaveId, i64)>> = BTreeMap::new();
        for seen in history.sessions.values().flat_map(BTreeMap::values) {
            let card = &seen.card;
            let row = (card.save.seq(), &card.save, card.timestamp_ms);
            by_device.entry(card.device()).or_default().push(row);
        }
        let mut times = BTreeMap::new();
        for saves in by_device.values_mut() {
            saves.sort_unstable();
            let mut latest = i64::MIN;
            for (_, save, said) in saves {
                latest = latest.max(*said);
                times.insert((*save).clone(), latest);
            }
        }
        Self(times)
    }

    /// How old a save is; none: nobody can say.
    pub(crate) fn age(&self, save: &SaveId, now: i64) -> Option<i64> {
        let then = self.0.get(save).copied().filter(|then| *then >= PLAUSIBLE_FROM)?;
        Some(now.saturating_sub(then).max(0))
    }
}

/// Why a session may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// Nothing was saved in it for longer than `retention.days`.
    Days(i64),
    /// There are more than `retention.sessions` newer ones.
    Count,
}

impl Past {
    /// Why, in words.
    pub(crate) fn told(self, limits: &Retention) -> String {
        match self {
            Self::Days(age) => {
                let days = u32::try_from(age / DAY_MS).unwrap_or(u32::MAX);
                format!("not saved for {}", days_told(days))
            }
            Self::Count => match limits.sessions {
                1 => "more than 1 session".to_owned(),
                n => format!("more than {n} sessions"),
            },
        }
    }
}

/// A session as the limits see it.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) session: SessionId,
    /// How long ago something was saved in it; 0 if nobody can say.
    pub(crate) age: i64,
}

/// The sessions that are past a limit, oldest first. Pinned ones and those of which something is
/// only on this device are not handed in.
pub(crate) fn past(mut sessions: Vec<Standing>, limits: &Retention) -> Vec<(SessionId, Past)> {
    sessions.sort_by(|a, b| (a.age, &a.session).cmp(&(b.age, &b.session)));
    let most = match limits.sessions {
        0 => usize::MAX,
        most => usize::try_from(most).unwrap_or(usize::MAX),
    };
    let mut past = Vec::new();
    for (rank, standing) in sessions.into_iter().enumerate() {
        let Standing { session, age } = standing;
        if limits.days > 0 && age > days_ms(limits.days) {
            past.push((session, Past::Days(age)));
        } else if rank >= most {
            past.push((session, Past::Count));
        }
    }
    past.reverse();
    past
}

/// The sessions that may leave by what is known of them.
pub(crate) fn leaving(history: &History, limits: &Retention, now: i64) -> Vec<(SessionId, Past)> {
    let times = Times::of(history);
    let standing = |session: &SessionId| {
        let saves = &history.sessions[session];
        // Saves of a device that was revoked must not push others out.
        let counted = saves.iter().filter(|(_, seen)| !seen.quarantined);
        let ages = counted.map(|(save, _)| times.age(save, now).unwrap_or(0));
        let only_here = saves.values().any(|seen| seen.queued);
        let untouched = only_here
            || history.decisions.is_pinned(session)
            || history.decisions.unreadable.contains(session)
            || history.unreadable.iter().any(|bad| bad.session == *session)
            || history.is_deleted(session);
        // The youngest counts; one whose age nobody can say is young.
        let age = ages.min()?;
        (!untouched).then(|| Standing { session: session.clone(), age })
    };
    past(history.sessions.keys().filter_map(standing).collect(), limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(letter: char, days: i64) -> Standing {
        let session = format!("session-{}", letter.to_string().repeat(8));
        Standing { session: session.parse().expect("an id"), age: days * DAY_MS }
    }

    #[track_caller]
    fn check(sessions: &[Standing], days: u32, count: u32, want: &str) {
        let limits = Retention { days, sessions: count, ..Retention::default() };
        let got: String = past(sessions.to_vec(), &limits)
            .iter()
            .map(|(session, _)| session.as_str().chars().last().expect("letters"))
            .collect();
        assert_eq!(got, want, "{days} days, {count} sessions");
    }

    #[test]
    fn what_is_old_or_too_much_leaves_oldest_first() {
        let all = [
            standing('a', 40),
            standing('b', 30),
            standing('c', 31),
            standing('d', 0),
            standing('e', 0),
        ];
        check(&all, 30, 100, "ac");
        check(&all, 30, 2, "acb");
        check(&all, 0, 2, "acb");
        check(&all, 0, 0, "");
        check(&all, 365, 4, "a");
        check(&[], 30, 100, "");
    }
}
