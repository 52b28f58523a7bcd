//! What clippy on the workspace does not see: licences, banned crates, sources, how many crates there
//! are, known weaknesses, and what is built for WebAssembly.

mod dependencies;

use std::process::Command;

use crate::fuzz;
use crate::run::{self, Failed};
use crate::tools;
use crate::workspace::Workspace;
use crate::zellij;

/// The crates of this workspace that Zellij's plugin is made of.
const FOR_WASM: [&str; 2] = ["convosync-wire", "zellij_convosync"];

/// What has a lockfile of its own.
const LOCKED: [&str; 3] = ["Cargo.toml", zellij::PACKAGE, fuzz::PACKAGE];

/// Needs no network once `cargo-deny` and every crate of the three Cargo.lock are there.
pub(crate) fn lint(workspace: &Workspace) -> Result<(), Failed> {
    // What is in the workspace is looked at by `cargo fmt` itself.
    for manifest in [zellij::PACKAGE, fuzz::PACKAGE] {
        let mut fmt = run::cargo(workspace.root());
        run::run(fmt.args(["fmt", "--check", "--manifest-path", manifest]))?;
    }
    if wasm_target_is_there() {
        let check = ["check", "--locked", "--target", zellij::TARGET];
        let packages = FOR_WASM.into_iter().flat_map(|package| ["--package", package]);
        run::run(run::cargo(workspace.root()).args(check).args(packages))?;
        zellij::lint(workspace)?;
    }
    // A licence is read from the crate itself, also of one that only another platform builds.
    for manifest in ["Cargo.toml", fuzz::PACKAGE] {
        let mut fetch = run::cargo(workspace.root());
        run::run(fetch.args(["fetch", "--locked", "--quiet", "--manifest-path", manifest]))?;
    }
    zellij::fetch(workspace)?;
    let program = tools::cargo_deny(workspace)?;
    for manifest in LOCKED {
        let mut deny = Command::new(&program);
        deny.args(["--offline", "--manifest-path", manifest, "check", "--hide-inclusion-graph"]);
        run::run(deny.args(["licenses", "bans", "sources"]).current_dir(workspace.root()))?;
    }
    dependencies::lint(workspace)?;
    println!("advisories: not looked at here; `cargo xtask audit` does, with the network");
    Ok(())
}

/// Looks for known weaknesses in every lockfile. Fails where the list of them can't be had: that is
/// not the same as that there is none.
pub(crate) fn audit(workspace: &Workspace) -> Result<(), Failed> {
    let program = tools::cargo_deny(workspace)?;
    let deny = |manifest: &str| {
        let mut deny = Command::new(&program);
        deny.args(["--manifest-path", manifest]).current_dir(workspace.root());
        deny
    };
    run::run(deny("Cargo.toml").args(["fetch", "db"])).map_err(|failed| {
        failed.help("the RustSec advisory database is on github.com: nothing was checked")
    })?;
    for manifest in LOCKED {
        let check = ["check", "--disable-fetch", "--hide-inclusion-graph", "advisories"];
        run::run(deny(manifest).args(check))?;
    }
    Ok(())
}

/// A machine that can't fetch the standard library for WebAssembly can still run everything else: that
/// is said, and no failure.
pub(crate) fn wasm_target_is_there() -> bool {
    let added = zellij::add_target();
    if let Err(failed) = &added {
        eprintln!("warning: nothing is checked for WebAssembly: {}", failed.told());
    }
    added.is_ok()
}
