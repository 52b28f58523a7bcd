//! Hands events, effects and lines between Zellij and `zellij_convosync`. Decides nothing.

use std::collections::BTreeMap;
use zellij_tile::prelude::*;

#[derive(Default)]
struct Plugin;

#[cfg(target_family = "wasm")]
register_plugin!(Plugin);

/// Only Zellij can start it.
#[cfg(not(target_family = "wasm"))]
fn main() {}

impl ZellijPlugin for Plugin {
    fn load(&mut self, _: BTreeMap<String, String>) {}
}
