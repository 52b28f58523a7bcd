//! Random moments, the same ones for the same seed.

use std::time::Duration;

/// Moments spread over a span: one in each equal part of it.
pub(crate) struct Moments {
    state: u64,
    pub(crate) seed: u64,
}

impl Moments {
    /// From `CONVOSYNC_SEED`, else from a fixed seed.
    pub(crate) fn new() -> Self {
        let chosen = std::env::var("CONVOSYNC_SEED").ok().and_then(|text| text.parse().ok());
        let seed = chosen.unwrap_or(20_260_101);
        Self { state: seed, seed }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A moment in part `part` of `parts` of a span.
    pub(crate) fn within(&mut self, span: Duration, part: u32, parts: u32) -> Duration {
        let share = (self.next() >> 40) as f64 / (1u64 << 24) as f64;
        span.mul_f64((f64::from(part) + share) / f64::from(parts))
    }
}
