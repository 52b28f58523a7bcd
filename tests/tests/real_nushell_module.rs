//! The tests that are written in Nushell, beside the module that they test.

use std::process::{Command, Stdio};

use convosync_tests::{helper, nu_module, nu_plugin, told, tool};
use serde_json::Value;

#[test]
fn every_test_of_the_module_holds() {
    let mut command = Command::new(tool("nu"));
    command.arg("--no-config-file").arg(nu_module().with_file_name("tests").join("run.nu"));
    command.args([nu_plugin(), helper()]).stdin(Stdio::null());
    command.env_clear().env("PATH", std::env::var("PATH").expect("there is a PATH"));
    command.env("HOME", std::env::temp_dir()).env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().expect("Nushell runs");
    assert!(output.status.success(), "{}", told(&output));
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let rows: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let failed: Vec<_> = rows.iter().filter(|row| row["ok"] != true).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    // A runner that found none would be content too.
    assert!(rows.len() >= 17, "only {} tests were found", rows.len());
}
