//! What ConvoSync's plugin does inside Zellij, without Zellij: events in, effects and lines out.
//!
//! Knows no host, clock or process; `plugins/zellij_convosync/wasm` brings those, for `wasm32-wasip1`.
