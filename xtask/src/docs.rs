//! `cargo xtask docs`: writes the pages that are made of what the programs say of themselves.

use std::process::Command;

use crate::run::{self, Failed};
use crate::tools::{self, Tools};
use crate::workspace::Workspace;
use crate::zellij;

/// Builds the programs and lets the test that compares the page write it.
pub(crate) fn docs(workspace: &Workspace) -> Result<(), Failed> {
    let tools = tools::set_up(workspace, &[tools::NUSHELL])?;
    let mut test = test_of(workspace, &tools, "real_docs")?;
    test.args(["--", "the_page_of_commands"]).env("CONVOSYNC_WRITE_DOCS", "1");
    run::run(&mut test)?;
    println!("wrote docs/commands.md");
    Ok(())
}

/// Builds the programs and lets the tests that compare the pictures draw them.
pub(crate) fn screenshots(workspace: &Workspace) -> Result<(), Failed> {
    let tools = tools::set_up(workspace, tools::ALL)?;
    let plugin = zellij::wasm(workspace)?;
    let mut test = test_of(workspace, &tools, "real_pictures")?;
    test.env("CONVOSYNC_PICTURES", "write").env("CONVOSYNC_ZELLIJ_PLUGIN", plugin);
    run::run(&mut test)?;
    println!("drew docs/pictures; look at them");
    Ok(())
}

/// One file of tests over the programs, which are built first.
fn test_of(workspace: &Workspace, tools: &Tools, name: &str) -> Result<Command, Failed> {
    let programs = workspace.build()?;
    let mut test = run::cargo(workspace.root());
    // Of the whole workspace, or what was built for it would be built again for this package.
    test.args(["test", "--locked", "--workspace", "--test", name])
        .env("CONVOSYNC_HELPER", &programs.helper)
        .env("CONVOSYNC_NU_PLUGIN", &programs.nu_plugin)
        .env("CONVOSYNC_TOOLS", tools.folder());
    Ok(test)
}
