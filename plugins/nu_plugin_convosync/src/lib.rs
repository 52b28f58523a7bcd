//! ConvoSync in Nushell: each verb of the helper as a command that returns a typed value.
//!
//! The plugin knows only `convosync-wire`. It starts one helper a call, asks the questions the
//! helper has, and turns the answer into a record or table. It opens no store and holds no key.

mod argument;
mod ask;
mod commands;
mod complete;
mod configuration;
mod decide;
mod environment;
mod failure;
mod front;
mod helper;
mod terminal;
mod value;
mod variables;
mod watch;

#[cfg(test)]
mod scripted;

use nu_plugin::{Plugin, PluginCommand};

/// The plugin. It has no state: every call finds and starts its own helper.
pub struct ConvoSyncPlugin;

impl Plugin for ConvoSyncPlugin {
    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn commands(&self) -> Vec<Box<dyn PluginCommand<Plugin = Self>>> {
        commands::all()
    }
}
