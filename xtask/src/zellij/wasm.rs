//! The plugin as Zellij loads it: one file of WebAssembly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Failed};
use crate::workspace::Workspace;

/// What a Zellij plugin is built for.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// The package with the plugin's glue: outside of the workspace, so that no native build has it.
pub(crate) const PACKAGE: &str = "plugins/zellij_convosync/wasm/Cargo.toml";

/// Zellij reads all of it at its start, and users fetch it.
const MOST_BYTES: u64 = 1_500_000;

/// Builds it, below `target` like all else.
pub(crate) fn wasm(workspace: &Workspace) -> Result<PathBuf, Failed> {
    add_target()?;
    run::run(&mut cargo(workspace, &["build", "--release"]))?;
    let built = workspace.target().join(TARGET).join("release/convosync.wasm");
    small_enough(&built)?;
    Ok(built)
}

/// What clippy says of the glue, which is no part of the workspace.
pub(crate) fn lint(workspace: &Workspace) -> Result<(), Failed> {
    run::run(cargo(workspace, &["clippy"]).args(["--", "--deny", "warnings"]))
}

/// Has every crate that is in the plugin.
pub(crate) fn fetch(workspace: &Workspace) -> Result<(), Failed> {
    let mut cargo = run::cargo(workspace.root());
    let wanted = ["--locked", "--quiet", "--target", TARGET, "--manifest-path", PACKAGE];
    run::run(cargo.arg("fetch").args(wanted))
}

/// A `task` of cargo on the glue alone.
fn cargo(workspace: &Workspace, task: &[&str]) -> Command {
    let mut cargo = run::cargo(workspace.root());
    cargo.args(task).args(["--locked", "--target", TARGET, "--manifest-path", PACKAGE]);
    cargo.arg("--target-dir").arg(workspace.target());
    cargo
}

fn small_enough(built: &Path) -> Result<(), Failed> {
    let bytes = fs::metadata(built).map_err(Failed::at(built))?.len();
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(Failed::new(format!(
        "{} has {bytes} bytes, and at most {MOST_BYTES} are wanted",
        built.display()
    )))
}

/// Adds the standard library for WebAssembly where it is missing.
pub(crate) fn add_target() -> Result<(), Failed> {
    let ask = ["--print", "target-libdir", "--target", TARGET];
    let folder = run::output(Command::new("rustc").args(ask))?;
    if Path::new(&folder).is_dir() {
        return Ok(());
    }
    eprintln!("adding Rust's standard library for {TARGET}");
    run::output(Command::new("rustup").args(["target", "add", TARGET])).map(drop).map_err(|failed| {
        let help = "install Rust with rustup (https://rustup.rs), or your system's package with \
                    the standard library of that target";
        Failed::new(format!(
            "there is no {TARGET}, which Zellij's plugin is built for: {}",
            failed.told()
        ))
            .help(help)
    })
}
