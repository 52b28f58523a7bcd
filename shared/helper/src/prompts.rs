//! The file that prompts read: which session each work tree is on, and whether something of it waits
//! on this device. A prompt can't wait for a program to start, so what it shows is written down
//! whenever it may have changed.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use convosync_engine::{Engine, WorkTree};
use convosync_wire::Verb;
use serde_json::{Value, json};

/// Brings the file up to date after a verb. A prompt that is behind is no reason to fail.
pub(crate) fn update(engine: &Engine<'_>, verb: &Verb, path: &Path) {
    let before = fs::read_to_string(path).unwrap_or_default();
    if !may_change(verb, &before) {
        return;
    }
    if let Ok(trees) = engine.work_trees() {
        let after = text(&trees);
        if after != before {
            let _ = replace(path, &after);
        }
    }
}

/// Whoever looks sends what waits, and changes nothing else that is shown.
fn may_change(verb: &Verb, before: &str) -> bool {
    match verb {
        Verb::List(_)
        | Verb::Show(_)
        | Verb::Doctor(_)
        | Verb::Status
        | Verb::Here
        | Verb::Log { .. }
        | Verb::DeviceList => {
            !before.is_empty() && before.lines().any(|line| !line.contains("\"waiting\":0"))
        }
        Verb::Config(_) | Verb::Store | Verb::Export(_) => false,
        _ => true,
    }
}

/// A line of JSON for each work tree.
fn text(trees: &[WorkTree]) -> String {
    let line = |tree: &WorkTree| -> Option<Value> {
        Some(json!({
            "root": tree.root.to_str()?,
            "session": tree.session,
            "saved": tree.saved_ms,
            "waiting": tree.waiting,
        }))
    };
    trees.iter().filter_map(line).map(|line| format!("{line}\n")).collect()
}

/// The old file or the new one is there at any time: a prompt may read it now.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use convosync_wire::ListArgs;

    fn tree(waiting: u64) -> WorkTree {
        WorkTree {
            root: "/home/me/my \"app\"\n".into(),
            session: "session-abcdefgh".into(),
            saved_ms: Some(5),
            waiting,
        }
    }

    #[test]
    fn each_work_tree_is_one_line_whatever_its_name() {
        let text = text(&[tree(0), tree(1)]);
        let rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1]["root"], "/home/me/my \"app\"\n");
        assert_eq!((&rows[1]["saved"], &rows[1]["waiting"]), (&json!(5), &json!(1)));
    }

    #[test]
    fn a_look_updates_the_file_only_while_something_waits() {
        let list = Verb::List(ListArgs::default());
        assert!(!may_change(&list, ""));
        assert!(!may_change(&list, &text(&[tree(0)])));
        assert!(may_change(&list, &text(&[tree(0), tree(2)])));
        assert!(may_change(&Verb::Sync(Default::default()), ""));
        assert!(!may_change(&Verb::Store, &text(&[tree(2)])));
    }

    #[test]
    fn the_file_is_replaced_as_a_whole_and_read_by_nobody_else() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("prompts.jsonl");
        replace(&path, "one\n").expect("written");
        replace(&path, "two\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "two\n");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left");
    }
}
