//! What the helper asks is asked in the column of the real Zellij.

use convosync_tests::{Device, Session, World, Zellij};

const TALK: &str = "11111111-2222-4333-8444-555555555555";

/// Leaves a question, which changes nothing.
#[track_caller]
fn leave(session: &Session<'_>) {
    session.press(&["Escape"]);
    session.wait_for("nothing was changed");
}

/// Enter on the session, as far as the second question.
#[track_caller]
fn resume_over_changes(session: &Session<'_>) {
    session.press(&["Enter"]);
    session.wait_for_calm("Branch Mismatch");
    session.press(&["1"]);
    session.wait_for_calm("Uncommitted Changes");
}

fn sessions(device: &Device) -> usize {
    device.json(&["list"]).as_array().expect("rows").len()
}

#[test]
fn questions_are_dialogs_in_the_column() {
    let files = [("src/login.rs", "fn login() {}\n")];
    let (_world, desktop, laptop, id) = World::pair_with_a_session(TALK, &files);
    let zellij = Zellij::with_plugin(&laptop);
    let session = zellij.start_with_column("work");
    session.wait_for_calm("feature/oauth");
    session.go_to_column();

    // What is uncommitted here.
    laptop.write("README.md", "my own words\n");
    resume_over_changes(&session);
    assert!(session.screen().contains("README.md (modified)"));
    leave(&session);
    assert_eq!(laptop.git(&["branch", "--show-current"]), "main");
    assert_eq!(laptop.read("README.md"), "my own words\n");
    resume_over_changes(&session);
    session.press(&["1"]);
    session.wait_for("Session Resumed");
    session.press(&["Escape"]);
    assert_eq!(laptop.git(&["branch", "--show-current"]), "feature/oauth");
    assert_eq!(laptop.git(&["stash", "list"]).lines().count(), 1);

    // Two devices that went on.
    for device in [&laptop, &desktop] {
        device.write("more.txt", &device.home.display().to_string());
        device.talk(TALK, 3);
        device.ok(&["save", "went on", "--session", &id]);
    }
    session.press(&["r"]);
    session.wait_for("≠");
    session.press(&["Enter"]);
    let asked = session.wait_for_calm("Session Has Two Heads");
    for choice in ["1 Merge", "2 Use Remote", "3 Keep Local", "4 Cancel"] {
        assert!(asked.contains(choice), "{asked}");
    }
    leave(&session);

    // A device that asks: its words are typed into a terminal.
    session.press(&["a"]);
    session.wait_for("The six words on the other device:");
    session.press(&["C-c"]);
    session.wait_for_calm("EXIT CODE");
    session.press(&["C-c"]);
    session.wait_until("the terminal is gone", |screen| !screen.contains("device approve"));

    // A session that is to go.
    session.go_to_column();
    session.press(&["d"]);
    session.wait_for_calm("Delete This Session?");
    leave(&session);
    assert_eq!(sessions(&laptop), 1);
    session.press(&["d"]);
    session.wait_for_calm("Delete This Session?");
    session.press(&["1"]);
    session.wait_for("No session");
    assert_eq!(sessions(&laptop), 0);
}
