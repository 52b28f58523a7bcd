//! The ConvoSync helper and command line.
//!
//! The only part of ConvoSync that reads arguments, environment and home directory.

mod args;
mod ask;
mod auto;
mod caller;
mod cli;
mod complete;
mod config;
mod console;
mod crash;
mod describe;
mod doctor;
mod editor;
mod exit;
mod explain;
mod faults;
mod files;
mod hooks;
mod host;
mod interrupt;
mod json;
mod outcome;
mod output;
mod pager;
mod prompts;
mod push;
mod rpc;
mod shell;
mod start;
mod surroundings;
mod terminal;
mod unlock;
mod view;
mod watch;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    crash::keep_memory();
    faults::arm();
    crash::guard(cli::main).into()
}
