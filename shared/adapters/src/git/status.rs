//! Reads `git status --porcelain=v2 --branch -z`. Format: git-status(1), "Porcelain Format
//! Version 2".

use std::collections::BTreeSet;
use std::path::Path;

use convosync_core::Oid;
use convosync_engine::ports::{Change, ChangeKind, GitError, HeadState};

use super::exclude::Excludes;
use super::{GitCli, unreadable};

/// The state of a work tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) head: HeadState,
    pub(super) commit: Option<Oid>,
    pub(super) ahead: u64,
    pub(super) behind: u64,
    pub(super) entries: Vec<Entry>,
}

/// A path that differs from HEAD.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// As git has it: relative to the work tree.
    pub(super) path: Vec<u8>,
    pub(super) kind: ChangeKind,
    pub(super) untracked: bool,
    /// Added with `git add --intent-to-add`: the index knows its name and not its contents.
    pub(super) intended: bool,
    /// A submodule that is at another commit.
    pub(super) submodule: bool,
}

impl Entry {
    /// A repository of its own inside this one, that is no submodule. Git neither commits nor
    /// stashes its files.
    pub(super) fn is_embedded(&self) -> bool {
        self.untracked && self.path.ends_with(b"/")
    }
}

impl Status {
    /// The status without what a commit keeps back, and the paths of that: untracked files that an
    /// exclude matches, and repositories inside this one. Git would record their commit and none
    /// of their files.
    pub(super) fn without(mut self, excludes: &[String]) -> (Self, BTreeSet<Vec<u8>>) {
        let excludes = Excludes::new(excludes);
        let stays = |entry: &Entry| {
            entry.is_embedded() || (entry.untracked && excludes.excluded(&entry.path))
        };
        let (behind, work): (Vec<_>, Vec<_>) = self.entries.into_iter().partition(stays);
        self.entries = work;
        (self, behind.into_iter().map(|entry| entry.path).collect())
    }
}

/// Asks git. Submodules count when they are at another commit, not when their files differ: a
/// commit here would not take those in.
pub(super) fn status(git: &GitCli, root: &Path) -> Result<Status, GitError> {
    status_with(git, root, None)
}

/// The same with one setting.
pub(super) fn status_with(
    git: &GitCli,
    root: &Path,
    setting: Option<&str>,
) -> Result<Status, GitError> {
    let args =
        ["--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules=dirty"];
    let call = git.read(root, "status");
    let call = match setting {
        Some(setting) => call.config(setting),
        None => call,
    };
    let out = call.args(args).ok()?;
    if let Some(name) = no_text(&out) {
        return Err(GitError::NotText(shown(name)));
    }
    parse(&out).ok_or_else(|| unreadable("status"))
}

/// The name of the branch, if it is no text.
fn no_text(out: &[u8]) -> Option<&[u8]> {
    let mut records = out.split(|byte| *byte == 0);
    let name = records.find_map(|record| record.strip_prefix(b"# branch.head "))?;
    std::str::from_utf8(name).is_err().then_some(name)
}

fn parse(out: &[u8]) -> Option<Status> {
    let mut records = out.split(|byte| *byte == 0).filter(|record| !record.is_empty());
    let (mut branch, mut commit, mut counts) = (None, None, (0, 0));
    let mut entries = Vec::new();
    while let Some(record) = records.next() {
        if let Some(header) = record.strip_prefix(b"# branch.") {
            // An upstream may have a name that is no text; it is not needed here.
            let Ok(header) = std::str::from_utf8(header) else { continue };
            let (name, value) = header.split_once(' ')?;
            match name {
                "oid" => commit = value.parse().ok(), // `(initial)` is none
                "head" => branch = Some(value).filter(|name| *name != "(detached)"),
                "ab" => counts = ahead_behind(value)?,
                _ => {}
            }
        } else if !record.starts_with(b"#") {
            entries.push(entry(record)?);
            if record.starts_with(b"2 ") {
                records.next()?; // the name it had
            }
        }
    }
    let head = match (branch, &commit) {
        (None, _) => HeadState::Detached,
        (Some(name), Some(_)) => HeadState::Branch(name.to_owned()),
        (Some(name), None) => HeadState::Unborn(name.to_owned()),
    };
    Some(Status { head, commit, ahead: counts.0, behind: counts.1, entries })
}

/// `+1 -2`.
fn ahead_behind(text: &str) -> Option<(u64, u64)> {
    let (ahead, behind) = text.split_once(' ')?;
    Some((ahead.strip_prefix('+')?.parse().ok()?, behind.strip_prefix('-')?.parse().ok()?))
}

fn entry(record: &[u8]) -> Option<Entry> {
    // Fields before the path, by the kind of record.
    let fields = match record.first()? {
        b'?' | b'!' => 1,
        b'1' => 8,
        b'2' => 9,
        b'u' => 10,
        _ => return None,
    };
    let mut parts = record.splitn(fields + 1, |byte| *byte == b' ');
    let (tag, states) = (parts.next()?, if fields > 1 { parts.next()? } else { b".." });
    let submodule = parts.next().is_some_and(|state| fields > 1 && state.starts_with(b"S"));
    let path = record.splitn(fields + 1, |byte| *byte == b' ').nth(fields)?.to_vec();
    let [staged, unstaged] = states else { return None };
    let kind = match (tag, staged, unstaged) {
        (b"?" | b"!", ..) | (_, b'A', _) | (_, b'.', b'A') | (_, b'C', _) => ChangeKind::New,
        (b"u", ..) => ChangeKind::Conflicted,
        (_, b'D', _) | (_, _, b'D') => ChangeKind::Deleted,
        (_, b'R', _) | (_, _, b'R') => ChangeKind::Renamed,
        _ => ChangeKind::Modified,
    };
    // `UA`, `AU` and `AA` begin like additions.
    let kind = if tag == b"u" { ChangeKind::Conflicted } else { kind };
    let intended = (staged, unstaged) == (&b'.', &b'A');
    Some(Entry { path, kind, untracked: tag == b"?", intended, submodule })
}

/// The entries as the engine wants them: sorted, each path once.
pub(super) fn changes(entries: &[Entry]) -> Vec<Change> {
    let mut changes: Vec<Change> = entries.iter().map(change).collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes.dedup_by(|later, kept| {
        let same = later.path == kept.path;
        if same {
            kept.kind = ChangeKind::Modified; // gone from the index and still there
        }
        same
    });
    changes
}

fn change(entry: &Entry) -> Change {
    Change { path: shown(&entry.path), kind: entry.kind, submodule: entry.submodule }
}

/// A path as text, on one line; bytes that are no UTF-8 as `\xNN`, and so are control characters.
pub(super) fn shown(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => text.push_str("\\n"),
                c if c.is_control() => text.push_str(&format!("\\x{:02X}", u32::from(c))),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn every_kind_of_record_is_read() {
        let one = |xy, path| format!("1 {xy} N... 100644 100644 100644 {ZERO} {ZERO} {path}\0");
        let text = [
            format!("# branch.oid {ZERO}\0# branch.head a b\0# branch.upstream o/m\0"),
            "# branch.ab +3 -4\0# stash 2\0".to_owned(),
            one("M.", "m"),
            one(".D", "d \n x"),
            one("A.", "a"),
            one(".A", "ita"),
            format!("2 R. N... 100644 100644 100644 {ZERO} {ZERO} R100 new name\0? old\0"),
            format!("u AA N... 100644 100644 100644 100644 {ZERO} {ZERO} {ZERO} c\0"),
            "? -x\0? emb/\0".to_owned(),
        ]
        .concat();
        let (status, behind) = parse(text.as_bytes()).expect("readable").without(&[]);
        assert_eq!(behind, BTreeSet::from([b"emb/".to_vec()]));
        assert_eq!(status.head, HeadState::Branch("a b".to_owned()));
        assert_eq!((status.ahead, status.behind), (3, 4));
        let seen: Vec<_> =
            changes(&status.entries).into_iter().map(|change| (change.path, change.kind)).collect();
        let want = [
            ("-x", ChangeKind::New),
            ("a", ChangeKind::New),
            ("c", ChangeKind::Conflicted),
            ("d \\n x", ChangeKind::Deleted),
            ("ita", ChangeKind::New),
            ("m", ChangeKind::Modified),
            ("new name", ChangeKind::Renamed),
        ]
        .map(|(path, kind)| (path.to_owned(), kind));
        assert_eq!(seen, want);
    }

    #[test]
    fn no_commit_and_no_branch_are_told_apart() {
        let head = |text: &str| parse(text.as_bytes()).expect("readable").head;
        assert_eq!(
            head("# branch.oid (initial)\0# branch.head m\0"),
            HeadState::Unborn("m".to_owned())
        );
        let detached = format!("# branch.oid {ZERO}\0# branch.head (detached)\0");
        assert_eq!(head(&detached), HeadState::Detached);
    }

    #[test]
    fn a_branch_whose_name_is_no_text_is_found_and_an_upstream_does_no_harm() {
        let out = b"# branch.oid (initial)\0# branch.head w\xff\0";
        assert_eq!(no_text(out), Some(&b"w\xff"[..]));
        let out = b"# branch.oid (initial)\0# branch.head w\0# branch.upstream o/\xff\0";
        assert_eq!(no_text(out), None);
        assert_eq!(parse(out).expect("readable").head, HeadState::Unborn("w".to_owned()));
    }

    #[test]
    fn a_path_is_shown_on_one_line() {
        assert_eq!(shown(b"a\xffb\xc3\xa4"), "a\\xFFb\u{e4}");
        assert_eq!(shown(b"a\n  b\x1b[2J"), "a\\n  b\\x1B[2J");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(text in "([?1u2!#] ?[A-Z.]{0,3}[ \\x00a]{0,12}){0,4}") {
            let _ = parse(text.as_bytes());
        }
    }
}
