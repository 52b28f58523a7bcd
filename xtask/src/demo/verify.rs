//! Looks at what is really on the laptop after the story; what ConvoSync said is not believed.

use std::fs;
use std::path::Path;

use super::conversation;
use super::scene::{BRANCH, PLACE, Scene};
use crate::run::Failed;

/// The closing line, or what is not as it should be.
pub(super) fn verify(scene: &Scene) -> Result<String, Failed> {
    commit_is_equal(scene)?;
    let (there, here) = (read(&scene.desktop.transcript())?, read(&scene.laptop.transcript())?);
    let roots = [&scene.desktop.clone, &scene.laptop.clone].map(|clone| clone.to_string_lossy());
    let [from, to] = &roots;
    same_conversation(&there, &here, from, to)?;
    directory_changed(scene)?;
    let messages = conversation::MESSAGES.to_string();
    let listed = scene.laptop.answers("convosync list | get message_count.0")?;
    check(listed == messages, || {
        format!("the list says {listed} messages, and there are {messages}")
    })?;
    Ok(format!(
        "verified: commit equal, conversation equal ({messages} messages), directory changed"
    ))
}

fn commit_is_equal(scene: &Scene) -> Result<(), Failed> {
    let (there, here) =
        (scene.desktop.git(&["rev-parse", "HEAD"])?, scene.laptop.git(&["rev-parse", "HEAD"])?);
    let branch = scene.laptop.git(&["branch", "--show-current"])?;
    let subject = scene.laptop.git(&["log", "-1", "--format=%s"])?;
    let dirty = scene.desktop.git(&["status", "--porcelain"])?;
    check(there == here, || format!("the desktop is on {there}, the laptop on {here}"))?;
    check(branch == BRANCH, || format!("the laptop is on branch `{branch}`"))?;
    check(subject.starts_with("Implemented OAuth login"), || {
        format!("the commit says `{subject}`")
    })?;
    check(dirty.is_empty(), || format!("the desktop has work that was not saved:\n{dirty}"))
}

fn directory_changed(scene: &Scene) -> Result<(), Failed> {
    let after = read(&scene.laptop.directory_after())?;
    let wanted = scene.laptop.clone.join(PLACE);
    check(Path::new(after.trim_end()) == wanted, || {
        format!("Nushell is in {after}, not in {}", wanted.display())
    })
}

/// `here` is `there`, with the clone's path mapped where Claude Code needs it right, and maybe a
/// line at the end that says where the conversation goes on.
fn same_conversation(there: &str, here: &str, from: &str, to: &str) -> Result<(), Failed> {
    let mut arrived = here.lines();
    for (number, line) in (1..).zip(there.lines()) {
        let wanted = if line.starts_with(r#"{"type":"file-history-"#) {
            line.replace(from, to)
        } else {
            line.to_owned()
        };
        let got = arrived.next().unwrap_or_default();
        check(got == wanted, || {
            format!("line {number} of the conversation is\n{got}\nand should be\n{wanted}")
        })?;
    }
    match arrived.find(|line| !line.starts_with(r#"{"type":"relocated""#)) {
        Some(line) => Err(not_so(&format!("the conversation has grown by\n{line}"))),
        None => Ok(()),
    }
}

/// Fails with what is not so.
pub(super) fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(not_so(&otherwise())) }
}

fn not_so(what: &str) -> Failed {
    Failed::new(format!("NOT verified: {what}"))
}

fn read(path: &Path) -> Result<String, Failed> {
    fs::read_to_string(path).map_err(Failed::at(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "{\"type\":\"user\",\"cwd\":\"/a/x\"}\n";
    const HISTORY: &str = "{\"type\":\"file-history-delta\",\"realParentDir\":\"/a/x/src\"}\n";

    fn same(there: &str, here: &str) -> bool {
        same_conversation(there, here, "/a/x", "/b/y").is_ok()
    }

    #[test]
    fn paths_are_mapped_in_file_history_alone() {
        assert!(same(
            &format!("{MESSAGE}{HISTORY}"),
            &format!("{MESSAGE}{}", HISTORY.replace("/a/x", "/b/y"))
        ));
        assert!(!same(HISTORY, HISTORY));
        assert!(!same(MESSAGE, &MESSAGE.replace("/a/x", "/b/y")));
    }

    #[test]
    fn only_a_relocated_line_may_follow() {
        assert!(same(
            MESSAGE,
            &format!("{MESSAGE}{{\"type\":\"relocated\",\"relocatedCwd\":\"/b/y\"}}\n")
        ));
        assert!(!same(MESSAGE, &format!("{MESSAGE}{MESSAGE}")));
        assert!(!same(&format!("{MESSAGE}{MESSAGE}"), MESSAGE));
    }
}
