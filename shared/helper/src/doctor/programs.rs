//! The programs beside git: Claude Code, and Nushell with its plugin and module.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use convosync_wire::Check;

use crate::surroundings::Env;

/// The newest Claude Code whose files were looked at; docs/claude-code.md has what was measured.
const CLAUDE: (u64, u64, u64) = (2, 1, 328);

/// The Nushell whose plugin protocol the plugin speaks.
const NUSHELL: &str = "0.115.";

/// The plugin's program, beside this one.
const PLUGIN: &str = "nu_plugin_convosync";

/// A program that takes longer to say its version is not waited for.
const LIMIT: Duration = Duration::from_secs(10);

/// What Nushell is asked for: the plugin that is registered, and whether the module is loaded.
const ASKED: &str = "{plugin: (plugin list | where name == convosync | get filename | append '' | first), \
    module: ($nu.user-autoload-dirs | any {|dir| $dir | path join convosync.nu | path exists})} | to json";

pub(super) fn checks(env: &Env) -> Vec<Check> {
    let mut checks = vec![claude(env)];
    checks.extend(nushell(env));
    checks
}

fn claude(env: &Env) -> Check {
    let check = |text: String| Check::ok("assistant", "convosync::doctor::claude", text);
    let Some(program) = find("claude", env) else {
        return check("Claude Code is not in PATH".to_owned()).warn(
            "conversations are saved and restored without it; to go on with one, install it",
        );
    };
    match says(&program, &["--version"], env) {
        Some(said) => judged(&said, check),
        None => check(format!("{} does not tell its version", program.display()))
            .warn("run `claude --version` to see why"),
    }
}

/// `2.1.328 (Claude Code)` against what was tested.
fn judged(said: &str, check: impl Fn(String) -> Check) -> Check {
    let Some(version) = version(said) else {
        return check(format!("this is no version of Claude Code: {}", said.trim()))
            .warn("see that `claude` is Claude Code");
    };
    let (major, minor, patch) = version;
    let text = format!("Claude Code {major}.{minor}.{patch}");
    match (major, minor) > (CLAUDE.0, CLAUDE.1) || major == 0 {
        false => check(text),
        true => check(format!(
            "{text}; tested are 1.0 to {}.{} ({}.{}.{})",
            CLAUDE.0, CLAUDE.1, CLAUDE.0, CLAUDE.1, CLAUDE.2
        ))
        .warn(
            "its lines are kept byte for byte all the same; try one resume before you rely on it",
        ),
    }
}

fn version(said: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = said.split_whitespace().next()?.split('.').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some((next()?, next()?, next()?))
}

/// Nothing to say where there is no Nushell and no plugin.
fn nushell(env: &Env) -> Vec<Check> {
    let check = |code: &str, text: String| Check::ok("nushell", code, text);
    let Some(program) = find("nu", env) else { return Vec::new() };
    let Some(said) = says(&program, &["--version"], env) else { return Vec::new() };
    let version = said.trim();
    let text = format!("Nushell {version} ({})", program.display());
    let mut checks = vec![check("convosync::doctor::nushell", text)];
    if !version.starts_with(NUSHELL) {
        let other = checks.remove(0);
        return vec![other.warn(format!("the plugin works with Nushell {NUSHELL}x only"))];
    }
    let Some(found) = says(&program, &["--commands", ASKED], env)
        .and_then(|said| serde_json::from_str(&said).ok())
    else {
        return checks;
    };
    checks.extend(around(&found, own_plugin().as_deref()));
    checks
}

/// Whether plugin and module are those of this helper.
fn around(found: &serde_json::Value, own: Option<&Path>) -> [Check; 2] {
    let plugin = |text: String| Check::ok("nushell", "convosync::doctor::nu-plugin", text);
    let module = |text: &str| Check::ok("nushell", "convosync::doctor::nu-module", text);
    let registered = found["plugin"].as_str().filter(|path| !path.is_empty()).map(Path::new);
    let add = own.map_or_else(
        || "`cargo xtask install` installs helper, plugin and module together".to_owned(),
        |own| format!("plugin add {}; plugin use convosync", own.display()),
    );
    let registered = match (registered, own) {
        (None, _) => plugin("the plugin is not registered".to_owned()).warn(add),
        (Some(there), Some(own)) if there != own => {
            plugin(format!("the plugin is {}, not the one beside this helper", there.display()))
                .warn(add)
        }
        (Some(there), _) => plugin(format!("the plugin is {}", there.display())),
    };
    let loaded = match found["module"].as_bool() {
        Some(true) => module("the module with `convosync pick` is loaded by every new shell"),
        _ => module("the module with `convosync pick` is not in an autoload folder")
            .warn("`cargo xtask install` puts it there"),
    };
    [registered, loaded]
}

/// The plugin that was installed with this helper.
fn own_plugin() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let plugin = own.with_file_name(format!("{PLUGIN}{}", std::env::consts::EXE_SUFFIX));
    plugin.is_file().then_some(plugin)
}

/// A program in the caller's PATH.
pub(super) fn find(name: &str, env: &Env) -> Option<PathBuf> {
    let folders = std::env::split_paths(env.get("PATH")?).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// What a program prints, if it ends well in time.
pub(super) fn says(program: &Path, args: &[&str], env: &Env) -> Option<String> {
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(env).stdin(Stdio::null()).stderr(Stdio::null());
    let child = command.stdout(Stdio::piped()).spawn().ok()?;
    let id = child.id();
    let (send, ended) = mpsc::channel();
    std::thread::spawn(move || send.send(child.wait_with_output()));
    match ended.recv_timeout(LIMIT) {
        Ok(Ok(output)) if output.status.success() => String::from_utf8(output.stdout).ok(),
        Ok(_) => None,
        Err(_) => {
            use rustix::process::{Pid, Signal, kill_process};
            // It is a child that was not waited for, so the number is still its own.
            if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convosync_wire::Health;
    use serde_json::json;

    #[test]
    fn a_client_newer_than_what_was_tested_is_to_be_looked_at() {
        let state = |said: &str| {
            judged(said, |text| Check::ok("assistant", "convosync::doctor::claude", text)).state
        };
        assert_eq!(state("2.1.328 (Claude Code)\n"), Health::Ok);
        assert_eq!(state("1.0.3 (Claude Code)"), Health::Ok);
        assert_eq!(state("2.1.999 (Claude Code)"), Health::Ok);
        assert_eq!(state("2.2.0 (Claude Code)"), Health::Warn);
        assert_eq!(state("3.0.0"), Health::Warn);
        assert_eq!(state("hello"), Health::Warn);
    }

    #[test]
    fn another_plugin_than_the_one_beside_the_helper_is_told() {
        let own = Some(Path::new("/opt/bin/nu_plugin_convosync"));
        let states = |plugin: &str, module: bool| {
            around(&json!({"plugin": plugin, "module": module}), own).map(|check| check.state)
        };
        assert_eq!(states("/opt/bin/nu_plugin_convosync", true), [Health::Ok, Health::Ok]);
        assert_eq!(states("/old/nu_plugin_convosync", false), [Health::Warn, Health::Warn]);
        assert_eq!(states("", true), [Health::Warn, Health::Ok]);
    }

    #[test]
    fn a_program_that_does_not_answer_is_given_up() {
        let env = Env::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let sh = find("sh", &env).expect("there is a shell");
        assert_eq!(says(&sh, &["-c", "echo hello"], &env).as_deref(), Some("hello\n"));
        assert_eq!(says(&sh, &["-c", "exit 3"], &env), None);
        assert_eq!(find("sh", &Env::from([("PATH".into(), ".:bin".into())])), None);
    }
}
