//! What is kept: pins, tombstones, and marks of what is to be collected.
//!
//! Each is an immutable object. Which of several counts is decided by a [`Turn`], never by a clock.

use std::fmt;
use std::str::FromStr;

use crate::id::{DeviceId, IdError, SaveId, is_rand, rand_letters};
use crate::name::ObjectName;
use crate::vector::Vector;

/// The place of a decision among those about one session: `<gen8>-<device>-<rand>`.
///
/// The generation is one more than the greatest that its device knew of. The greatest one counts;
/// of equal ones the one that keeps more does, see [`is_pinned`] and [`Deletion::of`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn {
    generation: u32,
    device: DeviceId,
    rand: String,
}

impl Turn {
    /// The greatest generation that a name can hold (8 decimal digits).
    pub const MAX_GENERATION: u32 = 99_999_999;

    /// The turn after all of `before`, by this device.
    ///
    /// # Errors
    ///
    /// If there can be none after them.
    pub fn after<'a>(
        before: impl IntoIterator<Item = &'a Turn>,
        device: DeviceId,
        random: &[u8; 8],
    ) -> Result<Self, IdError> {
        let last = before.into_iter().map(|turn| turn.generation).max().unwrap_or(0);
        if last >= Self::MAX_GENERATION {
            return Err(IdError { what: "turn", text: format!("{last} and one") });
        }
        Ok(Self { generation: last + 1, device, rand: rand_letters(random) })
    }

    /// One more than the greatest one that was known.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The device that decided.
    #[must_use]
    pub fn device(&self) -> &DeviceId {
        &self.device
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}-{}-{}", self.generation, self.device, self.rand)
    }
}

impl FromStr for Turn {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError { what: "turn", text: text.to_owned() };
        let mut parts = text.split('-');
        let (Some(generation), Some(device), Some(rand), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let turn = Self {
            generation: generation.parse().map_err(|_| wrong())?,
            device: device.parse().map_err(|_| wrong())?,
            rand: rand.to_owned(),
        };
        // One turn has one spelling.
        let canonical = turn.generation > 0 && is_rand(rand) && turn.to_string() == text;
        if canonical { Ok(turn) } else { Err(wrong()) }
    }
}

/// That the user keeps a session for ever, or no longer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Whether it is kept.
    pub pinned: bool,
    /// When it was decided, milliseconds since 1970 by the device's own clock. Only shown.
    pub made_ms: i64,
}

/// Why a session was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletedBy {
    /// The user said so.
    User,
    /// It was past a limit of retention.
    Retention,
}

/// That a session is deleted, or no longer is. Its objects go later, by a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Whether it is deleted.
    pub deleted: bool,
    /// The saves that it is about: one outside of it revives the session.
    pub covers: Vector,
    /// Why.
    pub by: DeletedBy,
    /// When it was decided, milliseconds since 1970 by the device's own clock. Only shown.
    pub made_ms: i64,
    /// For how many days the user was told that it can be taken back; 0: nothing was said.
    pub grace_days: u32,
}

/// Units and parts that nothing needed when the mark was made. They may be deleted when the mark
/// has been there long enough and nothing needs them still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which.
    pub names: Vec<ObjectName>,
    /// When it was made, milliseconds since 1970 by the device's own clock. Only shown.
    pub made_ms: i64,
    /// For how many days at least they stay; 0: nothing was said.
    pub grace_days: u32,
}

/// Whether a session is pinned after all these decisions. Of two of the same generation the one
/// that keeps it counts.
pub fn is_pinned<'a>(pins: impl IntoIterator<Item = (&'a Turn, &'a Pin)>) -> bool {
    pins.into_iter()
        .max_by_key(|(turn, pin)| (turn.generation, pin.pinned))
        .is_some_and(|(_, pin)| pin.pinned)
}

/// What the tombstones of a session come down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The saves that are deleted.
    pub covers: Vector,
    /// Why.
    pub by: DeletedBy,
    /// When it was said last, milliseconds since 1970 by the clock of who said it.
    pub made_ms: i64,
    /// The most days that anyone was told it can be taken back for.
    pub grace_days: u32,
}

impl Deletion {
    /// What counts after all these decisions: those of the greatest generation together, and none
    /// if one of them takes the deletion back.
    pub fn of<'a>(tombstones: impl IntoIterator<Item = (&'a Turn, &'a Tombstone)>) -> Option<Self> {
        let all: Vec<_> = tombstones.into_iter().collect();
        let last = all.iter().map(|(turn, _)| turn.generation).max()?;
        let mut last = all.into_iter().filter(|(turn, _)| turn.generation == last);
        let (_, first) = last.next()?;
        let mut deletion = Self {
            covers: first.covers.clone(),
            by: first.by,
            made_ms: first.made_ms,
            grace_days: first.grace_days,
        };
        let mut deleted = first.deleted;
        for (_, other) in last {
            deleted &= other.deleted;
            deletion.covers.join(&other.covers);
            deletion.made_ms = deletion.made_ms.max(other.made_ms);
            deletion.grace_days = deletion.grace_days.max(other.grace_days);
            if other.by == DeletedBy::User {
                deletion.by = DeletedBy::User;
            }
        }
        deleted.then_some(deletion)
    }

    /// Whether the session is gone with it: a save that it does not cover revives the whole.
    pub fn holds<'a>(&self, saves: impl IntoIterator<Item = &'a SaveId>) -> bool {
        saves.into_iter().all(|save| self.covers.covers(save))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(text: &str) -> Turn {
        text.parse().expect("a turn")
    }

    fn pin(pinned: bool) -> Pin {
        Pin { pinned, made_ms: 0 }
    }

    fn tombstone(deleted: bool, saves: &[&str]) -> Tombstone {
        let mut covers = Vector::default();
        for save in saves {
            covers.join(&Vector::after([], &save.parse().expect("a save id")));
        }
        Tombstone { deleted, covers, by: DeletedBy::User, made_ms: 0, grace_days: 0 }
    }

    #[test]
    fn a_turn_has_one_spelling() {
        let text = "00000003-abcdefgh-22223333";
        assert_eq!(turn(text).to_string(), text);
        for wrong in [
            "3-abcdefgh-22223333",
            "00000000-abcdefgh-22223333",
            "00000003-ABCDEFGH-22223333",
            "00000003-abcdefgh-2222333",
            "00000003-abcdefgh-22223333-x",
            "+0000003-abcdefgh-22223333",
            "",
        ] {
            assert!(wrong.parse::<Turn>().is_err(), "`{wrong}` was accepted");
        }
    }

    #[test]
    fn a_turn_comes_after_all_that_were_known() {
        let (first, ninth) =
            (turn("00000001-zzzzzzzz-22222222"), turn("00000009-aaaaaaaa-22222222"));
        let next = Turn::after([&first, &ninth], "bbbbbbbb".parse().expect("an id"), &[0; 8]);
        assert_eq!(next.expect("there is room").generation(), 10);
        let last = turn("99999999-aaaaaaaa-22222222");
        assert!(Turn::after([&last], "bbbbbbbb".parse().expect("an id"), &[0; 8]).is_err());
    }

    #[test]
    fn the_last_pin_counts_and_a_tie_keeps() {
        let (one, other) = (turn("00000001-aaaaaaaa-22222222"), turn("00000001-bbbbbbbb-22222222"));
        let later = turn("00000002-aaaaaaaa-22222222");
        let (yes, no) = (pin(true), pin(false));
        assert!(!is_pinned([]));
        assert!(is_pinned([(&one, &yes)]));
        assert!(!is_pinned([(&later, &no), (&one, &yes)]));
        assert!(is_pinned([(&one, &yes), (&other, &no)]));
        assert!(is_pinned([(&one, &no), (&other, &yes)]));
    }

    #[test]
    fn the_longest_time_that_anyone_was_promised_counts() {
        let (one, other) = (turn("00000001-aaaaaaaa-22222222"), turn("00000001-bbbbbbbb-22222222"));
        let said = |grace_days| Tombstone { grace_days, ..tombstone(true, &[]) };
        let (short, long) = (said(1), said(30));
        for both in [[(&one, &short), (&other, &long)], [(&one, &long), (&other, &short)]] {
            assert_eq!(Deletion::of(both).map(|deletion| deletion.grace_days), Some(30));
        }
    }

    #[test]
    fn two_deletions_at_once_are_both_meant_and_one_taken_back_is_none() {
        let (one, other) = (turn("00000001-aaaaaaaa-22222222"), turn("00000001-bbbbbbbb-22222222"));
        let (a, b) = ("00000001-aaaaaaaa-5-22222222", "00000002-bbbbbbbb-3-22222222");
        let (left, right) = (tombstone(true, &[a]), tombstone(true, &[b]));
        let both = Deletion::of([(&one, &left), (&other, &right)]).expect("deleted");
        let saves: Vec<SaveId> = [a, b].iter().map(|text| text.parse().expect("an id")).collect();
        assert!(both.holds(&saves));
        let later: SaveId = "00000003-aaaaaaaa-6-22222222".parse().expect("an id");
        assert!(!both.holds(saves.iter().chain([&later])), "a save outside of it revives it");
        let back = tombstone(false, &[a]);
        assert_eq!(Deletion::of([(&one, &left), (&other, &back)]), None);
        let again = turn("00000002-aaaaaaaa-22222222");
        assert_eq!(Deletion::of([(&one, &left), (&again, &back)]), None);
        assert_eq!(Deletion::of([]), None);
    }
}
