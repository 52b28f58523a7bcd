//! Uncommitted work as objects: captured without a change of the repository, brought back with the
//! same split of staged, unstaged and untracked.
//!
//! A piece of work is one commit on no branch, in the form of a stash:
//!
//! ```text
//! work    tree: every file as it lies there, untracked ones too
//!   ^1    the commit that it is on top of
//!   ^2    tree: the index;   ^1 the same commit;   ^2 names added without contents, if any
//! ```
//!
//! Author and time are fixed, so equal work on the same commit is the same commit everywhere, and
//! `git stash apply --index` takes it.

mod capture;
mod difference;
mod place;
mod snapshot;

pub(super) use capture::{capture, compare};
pub(super) use place::{lift, restore};
pub(super) use snapshot::Quarantine;
