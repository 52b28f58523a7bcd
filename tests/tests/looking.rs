//! What is seen: lists that are narrowed, a device that is looked over, codes that are explained,
//! and what a shell offers on Tab. Over the real helper and git.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use convosync_tests::{Device, World, told};
use serde_json::Value;

fn messages(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().expect("an array").iter();
    rows.map(|row| row["message"].as_str().expect("a message")).collect()
}

/// The same device in a folder of its work tree.
fn list_in(device: &Device, folder: &str, args: &[&str]) -> Value {
    let folder = device.work_tree.join(folder).display().to_string();
    device.json(&[&["-C", &folder, "list"], args].concat())
}

#[test]
fn here_are_the_sessions_of_this_folder_of_a_big_repository() {
    let world = World::new();
    let desktop = world.first_device("desktop", "mono");
    for folder in ["packages/api", "packages/web"] {
        desktop.write(&format!("{folder}/code.js"), folder);
        let at = desktop.work_tree.join(folder).display().to_string();
        desktop.ok(&["-C", &at, "save", "--new", &format!("in {folder}")]);
    }
    desktop.write("README.md", "at the top\n");
    desktop.ok(&["save", "--new", "at the top"]);

    let all = ["at the top", "in packages/web", "in packages/api"];
    assert_eq!(messages(&list_in(&desktop, "", &["--here"])), all);
    let packages = ["in packages/web", "in packages/api"];
    assert_eq!(messages(&list_in(&desktop, "packages", &["--here"])), packages);
    assert_eq!(messages(&list_in(&desktop, "packages/api", &["-H"])), ["in packages/api"]);
    assert_eq!(messages(&list_in(&desktop, "packages/api", &[])), all, "only on request");

    let home = desktop.home.display().to_string();
    let (code, failure) = desktop.fails(&["-C", &home, "list", "--here"]);
    assert_eq!((code, &failure["code"]), (1, &"convosync::git::not-a-repository".into()));
}

#[test]
fn a_list_can_begin_at_a_time() {
    let world = World::new();
    let desktop = world.first_device("desktop", "app");
    desktop.write("a.txt", "a\n");
    desktop.ok(&["save", "today"]);
    let listed = |since: &str| list_in(&desktop, "", &["--since", since]);
    assert_eq!(messages(&listed("1h")), ["today"]);
    assert_eq!(messages(&listed("2020-01-01")), ["today"]);
    assert_eq!(messages(&listed("2999-01-01")), [""; 0]);
    let wrong = desktop.run(&["list", "--since", "soon"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", told(&wrong));
}

fn check<'a>(report: &'a Value, code: &str) -> &'a Value {
    let checks = report.as_array().expect("an array");
    let found = checks.iter().find(|check| check["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {report:#}"))
}

#[test]
fn a_device_that_is_well_is_told_so_and_nothing_is_left_of_the_probe() {
    let (world, desktop, _laptop) = World::pair();
    let before = world.objects().len();
    let report = desktop.json(&["doctor", "--probe"]);
    for code in [
        "git-version",
        "git-identity",
        "key-file",
        "key-epoch",
        "store",
        "store-probe",
        "clock",
        "queue",
    ] {
        let check = check(&report, &format!("convosync::doctor::{code}"));
        assert_eq!(check["state"], "ok", "{check:#}");
    }
    assert_eq!(world.objects().len(), before);
}

#[test]
fn what_does_not_work_is_a_line_with_a_code_and_the_exit_code_is_one() {
    let (world, desktop, _laptop) = World::pair();
    desktop.write("work.txt", "offline\n");
    let away = world.path().join("away");
    fs::rename(world.store(), &away).expect("the store goes away");
    desktop.ok(&["save", "offline"]);
    let hook = desktop.work_tree.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    fs::write(&hook, "#!/nowhere/at/all\n").expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("executable");
    let key = desktop.data().join("keys/profile");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");

    let output = desktop.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(check(&report, "convosync::doctor::git-hooks")["state"], "fail");
    let exposed = check(&report, "convosync::local::exposed");
    assert_eq!(exposed["state"], "fail");
    assert!(exposed["help"].as_str().expect("help").contains("chmod 600"), "{exposed}");
    assert_eq!(check(&report, "convosync::doctor::queue")["state"], "warn");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a mode");
    let output = desktop.run(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("does not answer") || text.contains("no ConvoSync store"), "{text}");
    assert!(text.contains("fail"), "{text}");
}

#[test]
fn a_code_is_explained_without_account_and_home() {
    let world = World::new();
    let device = world.bare_device("desktop", "app");
    let told = device.json(&["explain", "git::hook"]);
    assert_eq!(told["code"], "convosync::git::hook");
    assert!(told["help"].as_str().expect("help").contains("--retry"), "{told}");
    let (code, failure) = device.fails(&["explain", "nothing::of-that"]);
    assert_eq!((code, &failure["code"]), (1, &"convosync::explain::unknown".into()));
}

/// What a shell is offered for the words, the last of which is being typed.
fn offered(device: &Device, words: &[&str]) -> Vec<String> {
    let mut command = device.command(&[]);
    command.env("COMPLETE", "fish").args(["--", "convosync"]).args(words);
    let output = command.current_dir(&device.work_tree).output().expect("the helper runs");
    assert!(output.status.success(), "{}", told(&output));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn tab_offers_the_newest_sessions_first_even_when_the_store_is_away() {
    let (world, desktop, _laptop) = World::pair();
    let mut sessions = Vec::new();
    for name in ["first", "second"] {
        desktop.write("work.txt", name);
        let saved = desktop.json(&["save", "--new", name]);
        sessions.insert(0, saved["session_id"].as_str().expect("an id").to_owned());
    }
    fs::rename(world.store(), world.path().join("away")).expect("the store goes away");
    let lines = offered(&desktop, &["resume", "session-"]);
    let ids: Vec<_> = lines.iter().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(ids, sessions, "{lines:#?}");
    assert!(lines[0].contains("second"), "{lines:#?}");

    assert!(offered(&desktop, &["list", "--si"]).iter().any(|line| line.starts_with("--since")));
    assert_eq!(offered(&desktop, &["config", "get", "retention.d"]), ["retention.days"]);
    let codes = offered(&desktop, &["explain", "convosync::git::ho"]);
    assert_eq!(codes, ["convosync::git::hook"]);
}
