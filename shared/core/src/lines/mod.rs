//! Files of lines on their way into the store and out of it, a line at a time.
//!
//! What a line means is the business of an assistant's [`Rules`](crate::Rules).

mod canonical;
mod opening;
mod reader;
mod standing;
mod union;

pub use canonical::{Canonical, canonicalise, expand};
pub use opening::{Begin, begins_in, can_begin_at, copy_from, opening, put_before};
pub(crate) use reader::{Lines, Piece};
pub use standing::{Standing, compare};
pub use union::{Joined, Missing, Side, common_lines, join, missing, newest};

/// Longer lines (16 MiB) are never looked into: they travel as they are. Part of the stored
/// format, since it decides which lines have a canonical form of their own.
const MAX_LINE: usize = 16 << 20;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod union_tests;
