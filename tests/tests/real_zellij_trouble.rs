//! The plugin in the real Zellij with a helper that is not there, or not what it should be: the column
//! says so, and a key gets on from there.

use std::fs;

use convosync_tests::{Session, World, Zellij};

const TALK: &str = "11111111-2222-4333-8444-555555555555";

/// What is in the place of the helper, and the code that the column tells.
const TROUBLES: [(&str, &str); 4] = [
    ("#!/bin/sh\necho 'thread main panicked' >&2\nexit 101\n", "convosync::helper::stopped"),
    ("#!/bin/sh\nprintf '\\033[2J no JSON \\377 } {\\n'\n", "convosync::helper::protocol"),
    ("#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x\n", "convosync::helper::protocol"),
    ("#!/no/such/shell\n", "convosync::helper::not-found"),
];

/// Asks again, with a helper that works.
#[track_caller]
fn gets_on(zellij: &Zellij, session: &Session<'_>) {
    zellij.restore_helper();
    session.press(&["r"]);
    session.wait_until("the sessions again", |screen| {
        screen.contains("feature/oauth") && !screen.contains("It did not work")
    });
}

#[test]
fn a_helper_that_is_missing_mad_or_slow_is_told_and_got_on_from() {
    let files = [("src/login.rs", "fn login() {}\n")];
    let (_world, _desktop, laptop, _) = World::pair_with_a_session(TALK, &files);
    let zellij = Zellij::with_plugin(&laptop);
    let session = zellij.start_with_column("work");
    session.wait_for_calm("feature/oauth");
    session.go_to_column();

    zellij.remove_helper();
    session.press(&["r"]);
    session.wait_for("convosync::helper::not-found");
    session.wait_for("It did not work");
    gets_on(&zellij, &session);
    for (script, code) in TROUBLES {
        zellij.replace_helper(script);
        session.press(&["r"]);
        session.wait_for(code);
        gets_on(&zellij, &session);
    }

    // One that takes its time: keys are heard meanwhile.
    let go = laptop.home.join("go");
    let real = convosync_tests::text(&convosync_tests::helper());
    zellij.replace_helper(&format!(
        "#!/bin/sh\nwhile [ ! -e '{}' ]; do sleep 0.1; done\nexec '{real}' \"$@\"\n",
        go.display()
    ));
    session.press(&["i"]);
    session.wait_for("reading");
    session.press(&["?"]);
    session.wait_for("Keys and signs");
    session.press(&["Escape"]);
    session.wait_until("the list", |screen| !screen.contains("Keys and signs"));
    fs::write(&go, "").expect("a file");
    session.wait_for("Code along the way");
    session.press(&["Escape"]);
    gets_on(&zellij, &session);
}
