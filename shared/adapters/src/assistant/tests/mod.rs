//! Claude Code's files on devices that these tests make up.

mod gathering;
mod home;
mod listing;
mod placing;
