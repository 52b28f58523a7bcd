//! Pins and deletions: what the user decided about sessions, and what came of it.

mod adopt;
mod decisions;
mod delete;
pub(crate) mod limits;
mod lived;
mod pin;
mod quota;

pub(crate) use decisions::{Decisions, may_be_read_later};
pub(crate) use delete::covers;
pub(crate) use pin::{decision_not_sent, deleted, row};
