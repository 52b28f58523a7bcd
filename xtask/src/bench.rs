//! `cargo xtask bench`: release builds of what is measured and of what measures, then the table.

use std::path::PathBuf;

use crate::run::{self, Failed};
use crate::tools;
use crate::workspace::Workspace;

/// Where the table is kept.
const PAGE: &str = "docs/benchmarks.md";

/// The package that measures, and its program.
const PACKAGE: &str = "convosync-bench";

/// Measures with what is there, and fetches nothing: what is not there is said and left out.
/// `--write` keeps the table in `docs/benchmarks.md`, other arguments go to the program.
pub(crate) fn bench(workspace: &Workspace, arguments: &[String]) -> Result<(), Failed> {
    let programs = workspace.build_release()?;
    let build = ["build", "--release", "--locked", "--package", PACKAGE];
    run::run(run::cargo(workspace.root()).args(build))?;
    let mut bench = std::process::Command::new(workspace.target().join("release").join(PACKAGE));
    bench
        .args(arguments_of_bench(arguments, workspace))
        .env("CONVOSYNC_HELPER", programs.helper)
        .env("CONVOSYNC_NU_PLUGIN", programs.nu_plugin)
        .env("CONVOSYNC_TOOLS", tools::folder(workspace));
    run::run(&mut bench)
}

fn arguments_of_bench(arguments: &[String], workspace: &Workspace) -> Vec<PathBuf> {
    let mut words: Vec<PathBuf> = arguments.iter().map(PathBuf::from).collect();
    if arguments.last().is_some_and(|last| last == "--write") {
        words.push(workspace.root().join(PAGE));
    }
    words
}
