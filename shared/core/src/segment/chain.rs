//! When a chain goes on, and when it starts anew.

use super::{BLOCK, MAX_SEGMENT};
use crate::manifest::{FileState, SegmentRef};

/// Messages after which a chain starts anew.
const MAX_MESSAGES: u64 = 1000;

/// Segments after which a chain starts anew.
const MAX_CHAIN: usize = 64;

/// Whether the file should be stored whole again instead of as a change that keeps `keep` bytes.
pub(super) fn starts_anew(old: &FileState, keep: u64, new_len: u64, messages: u64) -> bool {
    let Some(first) = old.segments.first() else { return true };
    let whole = snapshot_run(&old.segments);
    let (snapshot, since) = old.segments.split_at(whole);
    let sum = |segments: &[SegmentRef]| segments.iter().map(|s| u64::from(s.packed)).sum::<u64>();
    messages.saturating_sub(first.messages) > MAX_MESSAGES
        || since.len() >= MAX_CHAIN
        || old.len - keep > MAX_SEGMENT as u64
        || (new_len > BLOCK as u64 && sum(since) > sum(snapshot) / 2)
}

/// How many segments the snapshot at the head of a chain has: all of one save, each but the last
/// one full.
fn snapshot_run(segments: &[SegmentRef]) -> usize {
    let follows = |pair: &&[SegmentRef]| {
        pair[0].len as usize == MAX_SEGMENT
            && pair[1].at == pair[0].at + u64::from(pair[0].len)
            && pair[1].messages == pair[0].messages
    };
    1 + segments.windows(2).take_while(follows).count()
}
