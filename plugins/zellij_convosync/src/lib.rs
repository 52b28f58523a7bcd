//! What ConvoSync's plugin does inside Zellij, without Zellij: events in, effects and lines out.
//!
//! Knows no host, clock or process; `plugins/zellij_convosync/wasm` brings those, for `wasm32-wasip1`.

mod answer;
mod column;
mod daemon;
mod helper;
mod host;
mod line;
mod plugin;
#[cfg(test)]
mod sample;
mod sidebar;
mod talk;
mod text;

pub use helper::capped;
pub use host::{Effect, Event, Key, Place};
pub use line::{Line, Role, Span};
pub use plugin::Plugin;

/// Name and version, as `convosync doctor` looks for them in the file that Zellij loads.
pub const MARK: &str = concat!("zellij_convosync ", env!("CARGO_PKG_VERSION"));
