//! The clock and the random source of the system.

use std::time::UNIX_EPOCH;

use convosync_engine::ports::{Clock, Entropy};

use crate::faults;

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let ms = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match faults::now().duration_since(UNIX_EPOCH) {
            Ok(after) => ms(after),
            // A machine whose clock was never set may stand before 1970.
            Err(before) => -ms(before.duration()),
        }
    }
}

/// The system's random source, fit for keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("a system that can run this has a random source");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_from_1970() {
        let ms = SystemClock.now_ms();
        assert!(ms > 1_700_000_000_000, "{ms}");
    }

    #[test]
    fn two_draws_differ() {
        let (mut one, mut two) = ([0; 32], [0; 32]);
        SystemEntropy.fill(&mut one);
        SystemEntropy.fill(&mut two);
        assert_ne!(one, two);
    }
}
