//! When a save that could not be sent is tried again where nobody asks for it. Pure.

use crate::ports::QueueRow;

/// The first wait: a minute.
const FIRST_MS: i64 = 60_000;

/// The longest wait: an hour.
const LONGEST_MS: i64 = 3_600_000;

/// How long to wait after so many tries: twice as long after each, an hour at most, less up to a
/// half by `chance`, so that devices that failed together do not come back together.
pub(crate) fn wait_ms(tries: u32, chance: u64) -> i64 {
    let doubled = FIRST_MS << tries.saturating_sub(1).min(6);
    let longest = doubled.min(LONGEST_MS);
    let spread = u64::try_from(longest / 2).expect("a wait is positive") + 1;
    longest - i64::try_from(chance % spread).expect("half a wait is small")
}

/// Whether a save may be tried again. A clock that was set back must not hold it up: a wait that
/// is longer than the longest one is none.
pub(crate) fn is_due(row: &QueueRow, now_ms: i64) -> bool {
    let left = row.retry_ms.saturating_sub(now_ms);
    left <= 0 || left > LONGEST_MS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(retry_ms: i64) -> QueueRow {
        QueueRow {
            session: "session-abcdefgh".parse().expect("a session id"),
            save: "00000001-aaaaaaaa-1-aaaaaaaa".parse().expect("a save id"),
            created_ms: 0,
            attempts: 1,
            error: None,
            retry_ms,
        }
    }

    #[test]
    fn waits_double_up_to_an_hour() {
        let longest: Vec<_> = [1, 2, 3, 6, 7, 8, u32::MAX].map(|tries| wait_ms(tries, 0)).into();
        let minutes: Vec<_> = longest.iter().map(|ms| ms / 60_000).collect();
        assert_eq!(minutes, [1, 2, 4, 32, 60, 60, 60]);
    }

    #[test]
    fn a_clock_that_jumps_holds_nothing_up() {
        let row = row(1_000_000_000);
        assert!(!is_due(&row, 999_999_999));
        assert!(is_due(&row, 1_000_000_000) && is_due(&row, i64::MAX));
        assert!(is_due(&row, 0) && is_due(&row, i64::MIN));
    }

    proptest! {
        #[test]
        fn a_wait_is_cut_by_half_at_most(tries: u32, chance: u64) {
            let (longest, wait) = (wait_ms(tries, 0), wait_ms(tries, chance));
            prop_assert!((longest / 2..=longest).contains(&wait));
        }
    }
}
