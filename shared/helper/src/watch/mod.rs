//! What other devices save, as it comes: `convosync watch`, one for the whole machine, and
//! `convosync list --watch`, which looks for itself.
//!
//! | module | what it is |
//! |---|---|
//! | `rhythm` | when to look again, by pure rules |
//! | `bell` | sleeps until a folder, a process or the user wakes it |
//! | `folders` | is told by the system what comes into folders |
//! | `needed` | the Zellij sessions that need the watch |
//! | `machine` | the watch itself |
//! | `background` | starts one that belongs to no terminal |
//! | `listed` | `list --watch` |

mod background;
mod bell;
#[cfg(target_os = "linux")]
mod folders;
#[cfg(not(target_os = "linux"))]
#[path = "folders_elsewhere.rs"]
mod folders;
mod listed;
mod machine;
mod needed;
mod rhythm;

pub(crate) use background::{READY, start as start_in_background};
pub(crate) use bell::Bell;
pub(crate) use listed::{End, watch};
pub(crate) use machine::{Ending, Machine, NOT_STARTED, Role, Tidings, is_watched};
pub(crate) use needed::{Needed, Needing, server_around};
