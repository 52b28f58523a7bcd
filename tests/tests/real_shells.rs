//! The functions of `convosync shell-init` in real shells. bash has to be there; zsh and fish are
//! tested where they are installed.

#![allow(clippy::print_stderr, reason = "a shell that is not installed is told")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use convosync_tests::{Device, World, helper, told};

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The shell, where it is installed; only bash has to be.
fn installed(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").expect("there is a PATH");
    let found = std::env::split_paths(&folders).map(|at| at.join(name)).find(|at| at.is_file());
    assert!(found.is_some() || name != "bash", "bash is not installed");
    if found.is_none() {
        eprintln!("{name} is not installed: its function is not tested");
    }
    found
}

/// Runs a script in a shell on a device, with the helper on its `PATH`. Gives what it printed.
#[track_caller]
fn run(shell: &Path, args: &[&str], device: &Device, script: &str) -> String {
    let bin = device.home.join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).expect("a folder");
        symlink(helper(), bin.join("convosync")).expect("a link");
    }
    let env = device.env();
    let path = format!("{}:{}", bin.display(), env["PATH"]);
    let mut command = Command::new(shell);
    command.args(args).args(["-c", script]).env_clear().envs(&env).env("PATH", path);
    command.current_dir(&device.home).stdin(Stdio::null());
    let output = command.output().expect("the shell runs");
    assert!(output.status.success(), "{script}\n{}", told(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A session with commands and a variable that no quoting gets right by luck.
fn saved_on_the_desktop() -> (World, Device, Device) {
    let (world, mut desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("src/my dir/auth.js", "login\n");
    desktop.talk(ID, 2);
    let recorded = desktop.home.join(".local/state/convosync/shell/recorded");
    fs::create_dir_all(recorded.parent().expect("a folder")).expect("a folder");
    let place = desktop.work_tree.display().to_string();
    let commands = ["cargo test", "echo \"it's\" $(touch pwned)\nls `touch pwned` ; * \\"];
    let record = |command: &&str| format!("\0\01700000000\00\0{place}\0{command}");
    fs::write(recorded, commands.iter().map(record).collect::<String>()).expect("a file");
    desktop
        .more
        .insert("APP_MODE".into(), "it's $(touch pwned) `touch pwned`; \"x\" *\nnext".into());
    for device in [&desktop, &laptop] {
        device.ok(&["config", "set", "env.names", "APP_*"]);
    }
    let inside = desktop.work_tree.join("src/my dir");
    let inside = inside.to_str().expect("UTF-8");
    desktop.ok(&["-C", inside, "save", "Implemented OAuth login", "--env"]);
    (world, desktop, laptop)
}

/// What each shell is asked to do, and has to come out as.
fn moves(shell: &Path, args: &[&str], load: &str, status: &str) {
    let (_world, desktop, laptop) = saved_on_the_desktop();
    let script = format!(
        "{load}\ncd '{}'\nconvosync resume --latest --switch-branch >/dev/null\n\
         printf '%s|%s|%s|' \"{status}\" \"$PWD\" \"$APP_MODE\"\n\
         convosync resume --nonsense >/dev/null 2>&1\nprintf '%s|' \"{status}\"\n\
         convosync status >/dev/null\nprintf '%s' \"{status}\"",
        laptop.work_tree.display()
    );
    let printed = run(shell, args, &laptop, &script);
    let there = laptop.work_tree.join("src/my dir");
    let want = format!("0|{}|{}|2|0", there.display(), desktop.more["APP_MODE"]);
    assert_eq!(printed, want);
    let pwned = |folder: &Path| folder.join("pwned").exists();
    assert!(!pwned(&there) && !pwned(&laptop.work_tree) && !pwned(&laptop.home));
    let left = fs::read_dir(laptop.home.join("tmp")).map(Iterator::count).unwrap_or_default();
    assert_eq!(left, 0, "no file of the handover is left");
}

/// The same with temporary files of its own, so that what is left of them is seen.
fn own_tmp(load: &str, set: &str) -> String {
    format!("mkdir -p \"$HOME/tmp\"; {set}; {load}")
}

#[test]
fn bash_goes_where_the_session_is_and_takes_its_variables() {
    let Some(bash) = installed("bash") else { return };
    let load = own_tmp("eval \"$(convosync shell-init bash)\"", "export TMPDIR=\"$HOME/tmp\"");
    moves(&bash, &["--norc", "--noprofile"], &load, "$?");
}

#[test]
fn zsh_goes_where_the_session_is_and_takes_its_variables() {
    let Some(zsh) = installed("zsh") else { return };
    let load = own_tmp("eval \"$(convosync shell-init zsh)\"", "export TMPDIR=\"$HOME/tmp\"");
    moves(&zsh, &["-f"], &load, "$?");
}

#[test]
fn fish_goes_where_the_session_is_and_takes_its_variables() {
    let Some(fish) = installed("fish") else { return };
    let load = own_tmp("convosync shell-init fish | source", "set -gx TMPDIR $HOME/tmp");
    moves(&fish, &["--no-config"], &load, "$status");
}

#[test]
fn bash_takes_the_commands_into_its_history_as_they_were_typed_and_runs_none() {
    let Some(bash) = installed("bash") else { return };
    let (_world, _desktop, laptop) = saved_on_the_desktop();
    let script = format!(
        "set -o history; eval \"$(convosync shell-init bash)\"; history -c; cd '{}'; \
         convosync resume --latest --switch-branch --history >/dev/null; \
         HISTTIMEFORMAT= history | sed 's/^ *[0-9]* *//'; test ! -e pwned",
        laptop.work_tree.display()
    );
    let printed = run(&bash, &["--norc", "--noprofile"], &laptop, &script);
    let taken = "cargo test\necho \"it's\" $(touch pwned)\nls `touch pwned` ; * \\\n";
    assert!(printed.contains(taken), "{printed}");
}

#[test]
fn what_bash_records_travels_with_its_directory_and_exit_code() {
    let Some(bash) = installed("bash") else { return };
    let (_world, desktop, laptop) = World::pair();
    desktop.write("src/a.txt", "x\n");
    // The commands of an interactive shell come from a terminal: a script on standard input is as
    // good, with prompts that nobody sees.
    let commands = format!(
        "eval \"$(convosync shell-init bash --history)\"\ncd '{}/src'\nls a.txt\nfalse\n cd /tmp\n\
         cd /\necho elsewhere\nexit\n",
        desktop.work_tree.display()
    );
    let file = desktop.home.join("commands");
    fs::write(&file, commands).expect("a file");
    let script = format!(
        "HISTCONTROL=ignorespace {} --norc --noprofile -i <'{}' >/dev/null 2>&1; true",
        bash.display(),
        file.display()
    );
    run(&bash, &["--norc", "--noprofile"], &desktop, &script);
    desktop.ok(&["save", "first"]);
    let resumed = laptop.json(&["resume", "--latest"]);
    let rows = resumed["history"].as_array().expect("rows");
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().expect("a text").to_owned();
            (text("command"), text("directory"), row["exit_code"].as_i64().expect("a code"))
        })
        .collect();
    let want = [("ls a.txt", "src", 0), ("false", "src", 1)];
    let want = want.map(|(command, place, code)| (command.to_owned(), place.to_owned(), code));
    assert_eq!(told[..2], want, "{resumed}");
    assert!(told.iter().all(|(command, _, _)| command != "echo elsewhere"), "{resumed}");
}
