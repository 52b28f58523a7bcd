//! Keys by epoch: following new ones, making new ones, and who no longer gets them.

mod follow;
mod report;
mod rotate;

pub(crate) use follow::Surveyed;
pub(crate) use rotate::{cancel, choice};
