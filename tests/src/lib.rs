//! What whole-system tests share: devices, a scripted model, the real Claude Code, a
//! terminal, Zellij.
//!
//! Everything here owns its folders and stops what it started when it is dropped.

mod claude;
pub mod damage;
mod device;
mod faults;
mod handover;
mod killing;
pub mod leaks;
mod line;
mod model_server;
mod nushell;
mod picture;
mod report;
mod screen;
mod servers;
mod standing;
mod terminal;
mod tools;
pub mod transcript;
pub mod tree;
mod watcher;
mod zellij;

pub use claude::{Answer, Claude};
pub use device::{Device, World, helper, nu_plugin, text, told};
pub use faults::Fault;
pub use handover::handed_over;
pub use killing::{KillingGit, Then};
pub use line::Line;
pub use model_server::{ModelServer, Sent};
pub use nushell::{nu_module, nu_script, nu_terminal};
pub use picture::{draw_picture, matches_picture};
pub use report::{is_noted, listed, note};
pub use screen::{Screen, screens};
pub use servers::Server;
pub use standing::{Holder, flags};
pub use terminal::Terminal;
pub use tools::{tool, zellij_plugin};
pub use watcher::watcher_of;
pub use zellij::{Pane, Session, Zellij};
