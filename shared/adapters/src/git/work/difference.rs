//! What differs between two trees: `git diff-tree --raw -z` (git-diff-tree(1), "Raw output format").

use std::collections::BTreeMap;
use std::path::Path;

use convosync_core::Oid;
use convosync_engine::ports::GitError;

use super::super::{GitCli, unreadable};

/// A submodule's mode (gitformat-index(5)).
const SUBMODULE: &str = "160000";

/// No file.
const NONE: &str = "000000";

/// One side of a path: git's mode in octal, and the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Side {
    mode: String,
    pub(super) object: String,
}

impl Side {
    pub(super) fn is_there(&self) -> bool {
        self.mode != NONE
    }

    pub(super) fn is_submodule(&self) -> bool {
        self.mode == SUBMODULE
    }

    /// As `git update-index --index-info` takes it, with its NUL.
    pub(super) fn entry(&self, path: &[u8]) -> Vec<u8> {
        let mut line = format!("{} {}\t", self.mode, self.object).into_bytes();
        line.extend_from_slice(path);
        line.push(0);
        line
    }
}

/// A path on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) old: Side,
    pub(super) new: Side,
}

/// The paths that differ.
pub(super) type Difference = BTreeMap<Vec<u8>, Pair>;

/// Compares two trees or commits. `objects`: where new objects are, besides the repository.
pub(super) fn difference(
    git: &GitCli,
    root: &Path,
    objects: Option<&Path>,
    old: &Oid,
    new: &Oid,
) -> Result<Difference, GitError> {
    let args = ["-r", "-z", "--raw", "--no-abbrev", "--no-renames", old.as_str(), new.as_str()];
    let call = git.read(root, "diff-tree").objects_in(objects).args(args);
    parse(&call.ok()?).ok_or_else(|| unreadable("diff-tree"))
}

fn parse(out: &[u8]) -> Option<Difference> {
    let mut found = Difference::new();
    let mut records = out.split(|byte| *byte == 0);
    while let Some(head) = records.next().filter(|head| !head.is_empty()) {
        let path = records.next()?.to_vec();
        let fields: Vec<&str> = std::str::from_utf8(head).ok()?.split(' ').collect();
        let [old_mode, new_mode, old, new, _] = fields[..] else { return None };
        let side = |mode: &str, object: &str| Side { mode: mode.into(), object: object.into() };
        let old = side(old_mode.strip_prefix(':')?, old);
        found.insert(path, Pair { old, new: side(new_mode, new) });
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_two_sides() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let text = format!(":100644 000000 {a} {b} D\0x\ny\0:000000 160000 {a} {b} A\0s\0");
        let found = parse(text.as_bytes()).expect("readable");
        let gone = &found[&b"x\ny"[..]];
        assert!(gone.old.is_there() && !gone.new.is_there());
        assert!(found[&b"s"[..]].new.is_submodule());
        assert_eq!(gone.old.entry(b"p"), format!("100644 {a}\tp\0").into_bytes());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(text in "(:?[0-9]{6} [0-9a-f ]{0,9}[ADM]?\\x00?[a-b]{0,2}\\x00?){0,3}") {
            let _ = parse(text.as_bytes());
        }
    }
}
