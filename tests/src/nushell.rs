//! The real Nushell with the plugin, and nothing of the user's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::device::{Device, helper, nu_plugin, told};
use crate::terminal::Terminal;
use crate::tools::tool;

/// The module that a user's Nushell loads.
///
/// # Panics
///
/// Never: the tests lie in the workspace.
#[must_use]
pub fn nu_module() -> PathBuf {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace");
    root.join("nushell/convosync.nu")
}

/// A caller whose configuration names this helper, and more fields of the plugin's record.
fn configured(helper: &Path, more: &str) -> String {
    let helper = helper.display().to_string();
    format!("$env.config.plugins.convosync = {{helper: {helper:?}, {more}}}")
}

/// The words that start Nushell.
fn words() -> Vec<String> {
    let plugins = format!("[{:?}]", nu_plugin().display().to_string());
    let program = tool("nu").display().to_string();
    [&program, "--no-config-file", "--plugins", &plugins].map(str::to_owned).to_vec()
}

/// Runs a script, which has to succeed, on a device; gives the JSON that it prints.
///
/// # Panics
///
/// If it fails.
#[track_caller]
#[must_use]
pub fn nu_script(device: &Device, script: &str) -> Value {
    let words = words();
    let script = format!("{}; {script}", configured(&helper(), ""));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(["--commands", &script]);
    command.env_clear().envs(device.env()).current_dir(&device.work_tree).stdin(Stdio::null());
    let output = command.output().expect("Nushell runs");
    assert!(output.status.success(), "{script}\n{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)))
}

/// Opens Nushell in a terminal with the module loaded and these fields in the plugin's record. Lines
/// of configuration that have to be there when it starts come from a file in the home directory.
///
/// # Panics
///
/// If that can't be written.
#[must_use]
pub fn nu_terminal(
    directory: &Path,
    env: &BTreeMap<String, String>,
    helper: &Path,
    (fields, lines): (&str, &str),
) -> Terminal {
    let quiet = "$env.config.show_banner = false; $env.PROMPT_COMMAND_RIGHT = ''; \
                 $env.PROMPT_COMMAND = {|| pwd | path basename}";
    let module = nu_module().display().to_string();
    let config = configured(helper, fields);
    let mut words = words();
    if !lines.is_empty() {
        let file = Path::new(&env["HOME"]).join("config.nu");
        std::fs::write(&file, lines).expect("a configuration");
        words.retain(|word| word != "--no-config-file");
        words.extend(["--config".to_owned(), file.display().to_string()]);
    }
    words.extend(["--execute".to_owned(), format!("{quiet}; {config}; source {module:?}")]);
    let quoted: Vec<_> =
        words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
    let terminal = Terminal::start(directory, env, &quoted.join(" "));
    terminal.wait_for_calm(">");
    terminal
}
