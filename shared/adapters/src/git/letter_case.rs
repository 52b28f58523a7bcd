//! Names that differ in case alone: two files here, one file on macOS and Windows.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use convosync_core::Oid;
use convosync_engine::ports::{ChangeKind, GitError, Repository};

use super::status::{Entry, shown};
use super::{GitCli, config};

/// New names with the one beside them, here or new too, that differs from it in case alone.
///
/// Only the folders that new names lie in are looked at, and no process is started unless there
/// is such a name.
pub(super) fn of_new_names(
    git: &GitCli,
    repo: &Repository,
    entries: &[Entry],
) -> Result<Vec<(String, String)>, GitError> {
    let is_new = |kind| matches!(kind, ChangeKind::New | ChangeKind::Renamed);
    let new: BTreeSet<&[u8]> =
        entries.iter().filter(|entry| is_new(entry.kind)).map(|entry| &*entry.path).collect();
    let mut pairs = BTreeSet::new();
    for path in &new {
        for end in ends(path) {
            let twin = twin(&repo.root, &path[..end]);
            pairs.extend(twin.map(|twin| (path[..end].to_vec(), twin)));
        }
    }
    // Of a pair of new names each finds the other.
    let all = pairs.clone();
    pairs.retain(|(name, twin)| name < twin || !all.contains(&(twin.clone(), name.clone())));
    let mut told = Vec::new();
    for (name, twin) in pairs {
        if is_tracked(git, repo, &twin)? || new.iter().any(|path| is_in(path, &twin)) {
            told.push((shown(&name), shown(&twin)));
        }
    }
    Ok(told)
}

/// Where each part of a path ends.
fn ends(path: &[u8]) -> impl Iterator<Item = usize> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    slashes.chain([path.len()])
}

/// A name in the same folder that differs from this one in case alone.
fn twin(root: &Path, path: &[u8]) -> Option<Vec<u8>> {
    let (folder, name) = match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..=slash], &path[slash + 1..]),
        None => (&path[..0], path),
    };
    let wanted = folded(name);
    let beside = fs::read_dir(root.join(OsStr::from_bytes(folder))).ok()?.flatten();
    let mut names = beside.map(|entry| entry.file_name().as_bytes().to_vec());
    let twin = names.find(|other| other != name && folded(other) == wanted)?;
    Some([folder, &twin].concat())
}

fn folded(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

fn is_in(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

fn is_tracked(git: &GitCli, repo: &Repository, path: &[u8]) -> Result<bool, GitError> {
    let spec = [b":(top,literal)", path].concat();
    let call = git.read(&repo.root, "ls-files").args(["-z", "--"]).arg(OsStr::from_bytes(&spec));
    Ok(!call.ok()?.is_empty())
}

/// That the commit can be checked out whole where this work tree lies. Names that clash in the
/// index too are the user's old acquaintances.
///
/// # Errors
///
/// [`GitError::CaseClash`] with the names.
pub(super) fn check(git: &GitCli, repo: &Repository, commit: &Oid) -> Result<(), GitError> {
    if !config::config(git, repo)?.ignores_case() {
        return Ok(());
    }
    let args = ["-r", "-z", "--name-only", "--full-tree", commit.as_str()];
    let theirs = git.read(&repo.root, "ls-tree").args(args).ok()?;
    let clashes = clashing(&theirs);
    if clashes.is_empty() {
        return Ok(());
    }
    let here = git.read(&repo.root, "ls-files").args(["-z", "--full-name", "--", ":(top)"]).ok()?;
    let known = clashing(&here);
    let lines: Vec<_> = clashes.difference(&known).map(|names| format!("  • {names}")).collect();
    if lines.is_empty() { Ok(()) } else { Err(GitError::CaseClash(lines.join("\n"))) }
}

/// The names that become one, folders too, each group on a line.
fn clashing(out: &[u8]) -> BTreeSet<String> {
    let mut names: BTreeMap<Vec<u8>, BTreeSet<&[u8]>> = BTreeMap::new();
    for path in out.split(|byte| *byte == 0).filter(|path| !path.is_empty()) {
        for end in ends(path) {
            names.entry(folded(&path[..end])).or_default().insert(&path[..end]);
        }
    }
    // Below a folder that clashes only the folder is named.
    let mut groups = BTreeSet::new();
    for group in names.into_values().filter(|group| group.len() > 1) {
        let folders: BTreeSet<_> =
            group.iter().map(|path| path.rsplitn(2, |b| *b == b'/').nth(1)).collect();
        if folders.len() == 1 {
            groups.insert(group.into_iter().map(shown).collect::<Vec<_>>().join(", "));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_become_one_are_found_by_their_folder() {
        let found = clashing(b"README\0a/x\0A/x\0A/y\0b/c\0b/C\0readme\0\xff\0");
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["A, a", "README, readme", "b/C, b/c"]);
    }
}
