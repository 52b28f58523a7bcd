//! The main job: a session is put down on one device, picked up on another, and comes back.

use crate::{Device, World};

/// Saves on the desktop the conversation that it had of five prompts, goes on with it on the
/// laptop, and comes back. Gives the session.
///
/// # Panics
///
/// If anything of it does not arrive.
#[track_caller]
pub fn handed_over(world: &World, conversation: &str, desktop: &Device, laptop: &Device) -> String {
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    let saved = desktop.json(&["save", "Implemented OAuth login"]);
    assert_eq!(saved["synced"], true, "{saved}");

    let rows = laptop.json(&["list"]);
    assert_eq!(rows[0]["message"], "Implemented OAuth login", "{rows}");
    assert_eq!(rows[0]["state"], "synced", "{rows}");
    let resumed = laptop.json(&["resume", "--switch-branch"]);
    assert_eq!(resumed["in_step"], true, "{resumed}");
    assert_eq!(laptop.head(), desktop.head());
    assert_eq!(laptop.read("auth.js"), "login\n");
    assert!(laptop.transcript(conversation).is_file());

    laptop.talk(conversation, 2);
    laptop.write("auth.js", "login\ngoogle\n");
    let saved = laptop.json(&["save", "Added the Google provider"]);
    assert_eq!(saved["session_id"], rows[0]["session_id"], "{saved}");
    let resumed = desktop.json(&["resume"]);
    assert_eq!(resumed["message_count"], 21, "{resumed}");
    assert_eq!(desktop.head(), laptop.head());

    let status = desktop.json(&["status"]);
    assert!(status.to_string().contains(&world.store_url()), "{status}");
    rows[0]["session_id"].as_str().expect("an id").to_owned()
}
