//! docs/commands.md is what the programs say of themselves: the helper's definitions and, asked by
//! the real Nushell, the plugin's and the module's signatures.

mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use convosync_tests::{helper, nu_plugin, told, tool};
use serde_json::Value;

/// Set by `cargo xtask docs`: the page is written, not compared.
const WRITES: &str = "CONVOSYNC_WRITE_DOCS";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

fn path() -> PathBuf {
    root().join("docs/commands.md")
}

#[test]
fn the_page_of_commands_is_what_the_programs_say() {
    let page = page::page(&in_shells(), &nu_script());
    if std::env::var_os(WRITES).is_some() {
        fs::write(path(), page).expect("the page can be written");
        return;
    }
    let there = fs::read_to_string(path()).unwrap_or_default();
    let differs = page.lines().zip(there.lines()).find(|(new, old)| new != old);
    assert!(page == there, "docs/commands.md is stale: run `cargo xtask docs` ({differs:?})");
}

#[test]
fn every_command_is_in_shells_and_nu_script_but_for_a_few() {
    let only_shells = ["completions", "config edit", "shell-init", "watch"];
    let nushell = nu_script();
    let names: Vec<_> = nushell.iter().map(|command| page::text(&command["name"])).collect();
    for command in page::leaves(&in_shells()) {
        let name = format!("convosync {}", command.name);
        if !only_shells.contains(&command.name.as_str()) {
            assert!(names.contains(&name.as_str()), "`{name}` is not in Nushell");
        }
    }
}

/// The definitions of the command line.
fn in_shells() -> Value {
    json(Command::new(helper()).arg("describe").env_clear())
}

/// The commands of plugin and module, as Nushell knows them.
fn nu_script() -> Vec<Value> {
    let home = tempfile::tempdir().expect("a temporary folder");
    let module = root().join("nushell/convosync.nu");
    let ask = format!(
        "source {:?}; scope commands | where name starts-with 'convosync' \
         | select name description signatures examples | sort-by name | to json --serialize",
        module.display().to_string()
    );
    let plugins = format!("[{:?}]", nu_plugin().display().to_string());
    let mut nu = Command::new(tool("nu"));
    nu.args(["--no-config-file", "--plugins", &plugins, "--commands", &ask]);
    nu.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").current_dir(home.path());
    let commands = json(&mut nu);
    commands.as_array().expect("a table").clone()
}

fn json(command: &mut Command) -> Value {
    let output = command.stdin(Stdio::null()).output().expect("the program runs");
    assert!(output.status.success(), "{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)))
}
