//! `cargo xtask docs`: writes the pages that are made of what the programs say of themselves.

use crate::run::{self, Failed};
use crate::tools;
use crate::workspace::Workspace;

/// Builds the programs and lets the test that compares the page write it.
pub(crate) fn docs(workspace: &Workspace) -> Result<(), Failed> {
    let programs = workspace.build()?;
    let tools = tools::set_up(workspace, &[tools::NUSHELL])?;
    let mut test = run::cargo(workspace.root());
    test.args(["test", "--locked", "--package", "convosync-tests", "--test", "real_docs"]);
    test.args(["--", "the_page_of_commands"])
        .env("CONVOSYNC_HELPER", &programs.helper)
        .env("CONVOSYNC_NU_PLUGIN", &programs.nu_plugin)
        .env("CONVOSYNC_TOOLS", tools.folder())
        .env("CONVOSYNC_WRITE_DOCS", "1");
    run::run(&mut test)?;
    println!("wrote docs/commands.md");
    Ok(())
}
