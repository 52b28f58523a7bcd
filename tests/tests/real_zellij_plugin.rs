//! The plugin as it is installed for the real Zellij: the daemon is loaded by the name that its address
//! has in the configuration, the column by the address.

use convosync_tests::{Device, Session, World, Zellij};
use serde_json::Value;

const TALK: &str = "11111111-2222-4333-8444-555555555555";

const ONE_PANE: &str = "    tab name=\"work\" {\n        pane\n    }\n";

/// Two devices; the first has saved a session on a branch of its own.
fn pair() -> (World, Device, Device) {
    let files = [("src/login.rs", "fn login() {}\n")];
    let (world, desktop, laptop, _) = World::pair_with_a_session(TALK, &files);
    (world, desktop, laptop)
}

#[test]
fn a_key_in_any_pane_saves() {
    let (_world, desktop, _laptop) = pair();
    let zellij = Zellij::with_plugin(&desktop);
    desktop.write("src/more.rs", "fn more() {}\n");
    let session = zellij.start_with_column("work");
    session.wait_for_calm("feature/oauth");
    session.press(&["M-s"]);
    session.wait_for_calm("What was done?");
    session.type_text("By key");
    session.press(&["Enter"]);
    session.wait_for("saved");
    session.wait_for("By key");
    let list = desktop.json(&["list"]);
    assert_eq!(list[0]["message"], "By key", "{list}");
    assert_eq!(desktop.git(&["status", "--porcelain"]), "");
}

#[test]
fn enter_in_the_column_resumes() {
    let (_world, _desktop, laptop) = pair();
    let zellij = Zellij::with_plugin(&laptop);
    let session = zellij.start_with_column("work");
    session.wait_for_calm("feature/oauth");
    session.go_to_column();
    session.press(&["Enter"]);
    session.wait_for_calm("witch");
    session.press(&["Enter"]);
    session.wait_for("Session Resumed");
    assert_eq!(laptop.git(&["branch", "--show-current"]), "feature/oauth");
}

/// What doctor says of Zellij on this device: code and state.
fn checks(device: &Device) -> Vec<(String, Value)> {
    let report = device.json(&["doctor"]);
    let checks = report.as_array().expect("checks").iter();
    let of_zellij = checks.filter(|check| check["area"] == "zellij");
    of_zellij.map(|check| (check["code"].to_string(), check["state"].clone())).collect()
}

fn may_do_all(device: &Device) -> bool {
    let checks = checks(device);
    let permissions = checks.iter().find(|(code, _)| code.contains("zellij-permissions"));
    permissions.expect("it is told").1 == "ok"
}

#[test]
fn what_is_installed_is_what_doctor_wants() {
    let world = World::new();
    let mut desktop = world.first_device("desktop", "projects/app");
    let zellij = Zellij::with_plugin(&desktop);
    desktop.more.insert("PATH".into(), zellij.env()["PATH"].clone());
    let checks = checks(&desktop);
    assert_eq!(checks.len(), 4, "{checks:#?}");
    assert!(checks.iter().all(|(_, state)| state == "ok"), "{checks:#?}");
}

/// Goes to the column, and answers its question with a key.
#[track_caller]
fn answer(session: &Session<'_>, key: &str) {
    session.wait_for("Allow? (y/n)");
    session.action(&["move-focus", "left"]);
    session.press(&[key]);
    session.wait_until("the question is answered", |screen| !screen.contains("Allow? (y/n)"));
}

#[test]
fn the_plugin_asks_for_what_doctor_wants_and_a_no_is_no_yes() {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/app");
    let zellij = Zellij::on(&desktop);
    zellij.install_plugin();
    for (name, key, may) in [("no", "n", false), ("yes", "y", true)] {
        let session = zellij.start(name, &zellij.with_column(ONE_PANE));
        answer(&session, key);
        let written = desktop.home.join(".cache/zellij/permissions.kdl");
        session.wait_until("what was answered is written down", |_| {
            written.exists() && may_do_all(&desktop) == may
        });
    }
}
