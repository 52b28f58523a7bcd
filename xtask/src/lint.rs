//! What clippy does not see: licences, banned crates, sources, and the build for WebAssembly.

use std::process::Command;

use crate::run::{self, Failed};
use crate::tools;
use crate::workspace::Workspace;

/// What a Zellij plugin is built for.
const WASM: &str = "wasm32-wasip1";

/// The crates that a Zellij plugin needs.
const FOR_WASM: [&str; 1] = ["convosync-wire"];

/// Needs no network once `cargo-deny` and every crate of Cargo.lock are there.
pub(crate) fn lint(workspace: &Workspace) -> Result<(), Failed> {
    for package in FOR_WASM {
        if add_wasm_target() {
            let check = ["check", "--locked", "--target", WASM, "--package", package];
            run::run(run::cargo(workspace.root()).args(check))?;
        }
    }
    // A licence is read from the crate itself, also of one that only another platform builds.
    run::run(run::cargo(workspace.root()).args(["fetch", "--locked", "--quiet"]))?;
    let mut deny = Command::new(tools::cargo_deny(workspace)?);
    deny.args(["--offline", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]);
    run::run(deny.current_dir(workspace.root()))
}

/// Whether the standard library for WebAssembly is there, adding it if it can be had.
///
/// A machine that can't fetch it can still run everything else: that is said, and no failure.
pub(crate) fn add_wasm_target() -> bool {
    let rustup = |arguments: &[&str]| run::output(Command::new("rustup").args(arguments));
    if rustup(&["target", "list", "--installed"])
        .is_ok_and(|list| list.lines().any(|line| line == WASM))
    {
        return true;
    }
    let added = rustup(&["target", "add", WASM]);
    if let Err(failed) = &added {
        eprintln!("warning: no {WASM}, so nothing is checked for it: {failed}");
    }
    added.is_ok()
}
