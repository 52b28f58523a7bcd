//! The three workflows that ConvoSync was wished for, from end to end: real git, the helper in a
//! shell on one device, the plugin in real Nushell on the other. The conversations are in Claude
//! Code's own line format; `real_handoff` goes the same way with the client itself.

use convosync_tests::{Device, World, nu_script};
use serde_json::Value;

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The lines of a conversation on a device, but those that say where it went on.
fn lines(device: &Device, id: &str) -> usize {
    let text = std::fs::read_to_string(device.transcript(id)).unwrap_or_default();
    text.lines().filter(|line| !line.contains(r#""type":"relocated""#)).count()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value:#}"))
}

#[test]
fn from_the_desktop_to_the_phone_and_back() {
    let (_world, desktop, mobile) = World::pair();
    // 10:00, at the desk.
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "oauth();\n");
    desktop.talk(ID, 15);
    let saved = desktop.json(&["save", "Implemented OAuth, need to add Google provider"]);
    assert_eq!(saved["synced"], true, "{saved:#}");

    // 10:30, on the subway: what is newest here, and everything of it.
    let resumed = nu_script(&mobile, "convosync resume --latest --switch-branch | to json");
    assert_eq!(text(&resumed, "session_id"), text(&saved, "session_id"));
    assert_eq!(resumed["conversation_restored"], true, "{resumed:#}");
    assert_eq!(mobile.read("auth.js"), "oauth();\n");
    assert_eq!(lines(&mobile, ID), lines(&desktop, ID));
    mobile.write("google.js", "google();\n");
    mobile.talk(ID, 3);
    let again = nu_script(&mobile, "convosync save 'Added Google OAuth provider' | to json");
    assert_eq!(again["new_session"], false, "it is the same session: {again:#}");

    // 12:00, back at the desk.
    let back = desktop.json(&["resume", "--latest"]);
    assert_eq!(text(&back, "message"), "Added Google OAuth provider");
    assert_eq!(desktop.read("google.js"), "google();\n");
    assert_eq!(lines(&desktop, ID), lines(&mobile, ID));
    assert_eq!(desktop.head(), mobile.head());
    assert_eq!(desktop.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_experiment_is_looked_at_elsewhere_and_abandoned() {
    let (_world, desktop, mobile) = World::pair();
    let main = desktop.head();
    desktop.git(&["switch", "-q", "-c", "experiment/new-auth-flow"]);
    desktop.write("flow.js", "flow();\n");
    desktop.talk(ID, 4);
    let saved = desktop.json(&["save", "Experimenting with new auth flow"]);
    let session = text(&saved, "session_id").to_owned();

    let ask = "convosync list --branch experiment/new-auth-flow | to json";
    let found = nu_script(&mobile, ask);
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found:#}");
    let resumed = nu_script(
        &mobile,
        "convosync list --branch experiment/new-auth-flow | first \
         | convosync resume --switch-branch | to json",
    );
    assert_eq!(text(&resumed, "branch"), "experiment/new-auth-flow");
    assert_eq!(lines(&mobile, ID), lines(&desktop, ID), "it can be read there");

    desktop.git(&["switch", "-q", "main"]);
    desktop.git(&["branch", "-q", "-D", "experiment/new-auth-flow"]);
    desktop.ok(&["delete", &session, "--yes"]);
    assert_eq!(desktop.json(&["list", "--all"]), Value::Array(Vec::new()));
    assert_eq!(nu_script(&mobile, "convosync list --all | to json"), Value::Array(Vec::new()));
    assert_eq!(desktop.head(), main, "the main branch is as it was");
    assert_eq!(desktop.git(&["status", "--porcelain"]), "");
}

#[test]
fn three_devices_work_on_one_session() {
    let world = World::new();
    let desktop = world.first_device("desktop", "app");
    let [tablet, mobile] = ["tablet", "mobile"].map(|name| world.next_device(name, "app"));
    desktop.git(&["switch", "-q", "-c", "feature/endpoints"]);
    desktop.write("auth.js", "endpoints();\n");
    desktop.talk(ID, 6);
    let saved = desktop.json(&["save", "Added user auth endpoints"]);

    // The tablet reads, and its notes are part of the conversation.
    let read = nu_script(&tablet, "convosync resume --latest --switch-branch | to json");
    assert_eq!(text(&read, "session_id"), text(&saved, "session_id"));
    tablet.talk(ID, 1);
    let notes = nu_script(&tablet, "convosync save 'Notes of the review' | to json");
    assert_eq!(notes["committed"], Value::Null, "only the conversation went on: {notes:#}");

    // A quick fix on the phone, on top of the notes.
    let here = nu_script(&mobile, "convosync resume --latest --switch-branch | to json");
    assert_eq!(text(&here, "message"), "Notes of the review");
    assert_eq!(lines(&mobile, ID), lines(&tablet, ID));
    mobile.write("auth.js", "endpoints();\ntimeout();\n");
    mobile.talk(ID, 2);
    let fixed = nu_script(&mobile, "convosync save 'Fixed auth timeout' | to json");
    assert_eq!(fixed["synced"], true, "{fixed:#}");

    // In the afternoon all of it is on the desktop.
    let back = desktop.json(&["resume", "--latest"]);
    assert_eq!(text(&back, "message"), "Fixed auth timeout");
    assert_eq!(desktop.read("auth.js"), "endpoints();\ntimeout();\n");
    assert_eq!(lines(&desktop, ID), lines(&mobile, ID), "with the notes of the tablet");
    let log = desktop.json(&["log", text(&saved, "session_id")]);
    let devices: Vec<_> =
        log.as_array().expect("saves").iter().map(|save| text(save, "device")).collect();
    assert_eq!(devices, ["mobile", "tablet", "desktop"]);
}
