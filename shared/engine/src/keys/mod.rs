//! Keys by epoch: following new ones, making new ones, and who no longer gets them.

mod follow;
mod report;
mod rotate;
mod survey;
mod walk;

pub(crate) use survey::{Given, Surveyed};
pub(crate) use walk::DISPUTED;
