//! What stands between the work and its commit: hooks and signatures.

use std::fs;
use std::process::Command;

use convosync_tests::{Device, Screen};

use super::{at_work, hook, text};

/// A hook refuses; once it is gone the same save goes through.
fn refused_by(name: &'static str, script: &str) {
    let (world, desktop) = at_work();
    desktop.write("README.md", "staged\n");
    desktop.git(&["add", "README.md"]);
    hook(&desktop, name, script);
    let mut screen = Screen::of(name, &world);
    screen.stopped(&desktop, &["save", "one"]);
    fs::remove_file(desktop.work_tree.join(".git/hooks").join(name)).expect("removed");
    screen.then("the hook is content");
    screen.done(&desktop, &["save", "--retry"]);
    screen.matches();
}

#[test]
fn a_pre_commit_hook_is_shown_and_all_is_as_it_was() {
    refused_by("pre-commit", "echo 'app.js:1 missing semicolon'; echo 'lint failed' >&2; exit 1");
}

#[test]
fn a_commit_msg_hook_is_shown_and_all_is_as_it_was() {
    refused_by("commit-msg", "echo 'the subject has no ticket' >&2; exit 1");
}

#[test]
fn a_hook_that_is_no_program_is_shown() {
    refused_by("prepare-commit-msg", "exec /nonexistent/tool");
}

/// Has commits signed with a key of ssh.
fn sign_with_ssh(device: &Device, passphrase: &str) {
    let key = device.home.join("signing");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-C", "me", "-N", passphrase, "-f"]).arg(&key);
    assert!(keygen.status().expect("ssh-keygen is installed").success());
    device.git(&["config", "gpg.format", "ssh"]);
    device.git(&["config", "user.signingKey", &text(&key)]);
    device.git(&["config", "commit.gpgSign", "true"]);
}

fn is_signed(device: &Device) -> bool {
    device.git(&["cat-file", "commit", "HEAD"]).contains("-----BEGIN SSH SIGNATURE-----")
}

#[test]
fn a_commit_is_signed_as_the_user_has_it() {
    let (_world, desktop) = at_work();
    sign_with_ssh(&desktop, "");
    desktop.ok(&["save", "one"]);
    assert!(is_signed(&desktop));
}

#[test]
fn a_signature_that_can_not_be_made_asks_nobody_and_leaves_all_as_it_was() {
    let (world, desktop) = at_work();
    sign_with_ssh(&desktop, "locked");
    let mut screen = Screen::of("signing-fails", &world);
    screen.stopped(&desktop, &["save", "with a key that wants a passphrase"]);
    desktop.git(&["config", "user.signingKey", "/world/nowhere"]);
    screen.stopped(&desktop, &["save", "with a key that is not there"]);
    desktop.git(&["config", "gpg.format", "openpgp"]);
    desktop.git(&["config", "gpg.program", "/world/no-gpg"]);
    screen.stopped(&desktop, &["save", "with a gpg that is not there"]);
    screen.then("git config commit.gpgSign false");
    desktop.git(&["config", "commit.gpgSign", "false"]);
    screen.done(&desktop, &["save", "--retry"]);
    screen.matches();
}
