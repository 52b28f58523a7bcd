//! Where HEAD was, by the clone's own record of it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use convosync_core::HeadMove;
use convosync_engine::ports::{GitError, Repository};

use super::{GitCli, oid};

/// Moves that are told at most.
const MOST: usize = 1000;

/// Bytes of the record that are looked at, its end: a line has about 200.
const TAIL: u64 = 256 << 10;

/// The record is read as the file that it is, which costs no process; a repository that keeps its
/// refs in tables has none, so git is asked there.
pub(super) fn head_moves(git: &GitCli, repo: &Repository) -> Result<Vec<HeadMove>, GitError> {
    match tail(&repo.git_dir.join("logs/HEAD")) {
        Ok(text) => Ok(newest(text.lines().filter_map(of_file))),
        Err(_) if repo.common_dir.join("reftable").exists() => {
            let args = ["show", "--format=%H %gd", "--date=unix", "--max-count=1000", "HEAD", "--"];
            let output = git.read(&repo.root, "reflog").args(args).run()?;
            Ok(newest(output.text().lines().filter_map(of_git)))
        }
        Err(_) => Ok(Vec::new()),
    }
}

fn newest(moves: impl DoubleEndedIterator<Item = HeadMove>) -> Vec<HeadMove> {
    moves.rev().take(MOST).collect()
}

/// The end of a file, from the first whole line on.
fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let start = len.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = if start == 0 { Some(&*text) } else { text.split_once('\n').map(|(_, rest)| rest) };
    Ok(whole.unwrap_or_default().to_owned())
}

/// `old new Name <mail> seconds zone TAB message`.
fn of_file(line: &str) -> Option<HeadMove> {
    let who = line.split('\t').next()?;
    let to = oid(who.split(' ').nth(1)?)?;
    let (_, time) = who.rsplit_once("> ")?;
    let at_s = time.split(' ').next()?.parse().ok()?;
    Some(HeadMove { at_s, to })
}

/// `new HEAD@{seconds}`.
fn of_git(line: &str) -> Option<HeadMove> {
    let (id, at) = line.split_once(' ')?;
    let at_s = at.strip_prefix("HEAD@{")?.strip_suffix('}')?.parse().ok()?;
    Some(HeadMove { at_s, to: oid(id)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_records_are_read_and_other_lines_passed_over() {
        let (zero, one) = ("0".repeat(40), "1".repeat(40));
        let want = HeadMove { at_s: 1_700_000_000, to: oid(&one).expect("an id") };
        let line = format!("{zero} {one} A B <a@b> 1700000000 +0100\tcommit: x\ty 5 6");
        assert_eq!(of_file(&line), Some(want.clone()));
        assert_eq!(of_git(&format!("{one} HEAD@{{1700000000}}")), Some(want));
        for wrong in ["", "a b c", &format!("{zero} {one}"), "HEAD@{0}"] {
            assert_eq!((of_file(wrong), of_git(wrong)), (None, None), "{wrong}");
        }
    }
}
