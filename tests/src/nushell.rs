//! The real Nushell with the plugin, running scripts on a device.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::device::{Device, helper, nu_plugin, told};
use crate::tools::tool;

/// Runs a script in the work tree, which has to succeed; gives the JSON that it prints.
///
/// # Panics
///
/// If it fails, or prints something else.
#[track_caller]
#[must_use]
pub fn in_nushell(device: &Device, script: &str) -> Value {
    let plugins = format!("[{:?}]", nu_plugin().display().to_string());
    let helper = format!("{{helper: {:?}}}", helper().display().to_string());
    let script = format!("$env.config.plugins.convosync = {helper}; {script}");
    let mut nu = Command::new(tool("nu"));
    nu.args(["--no-config-file", "--plugins", &plugins, "--commands", &script]);
    nu.env_clear().envs(device.env()).current_dir(&device.work_tree).stdin(Stdio::null());
    let output = nu.output().expect("Nushell runs");
    assert!(output.status.success(), "{script}\n{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)))
}
