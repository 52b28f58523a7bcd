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
/// Only the folders that new names lie in are looked at, each once, and no process is started
/// unless there is such a name.
pub(super) fn of_new_names(
    git: &GitCli,
    repo: &Repository,
    entries: &[Entry],
) -> Result<Vec<(String, String)>, GitError> {
    let is_new = |entry: &&Entry| matches!(entry.kind, ChangeKind::New | ChangeKind::Renamed);
    let new: Vec<&[u8]> = entries.iter().filter(is_new).map(|entry| &*entry.path).collect();
    let names: BTreeSet<&[u8]> =
        new.iter().flat_map(|path| ends(path).map(|end| &path[..end])).collect();
    let mut folders = Folders { root: &repo.root, read: BTreeMap::new() };
    let mut told = Vec::new();
    for name in &names {
        let Some(twin) = folders.twin(name) else { continue };
        let is_new = names.contains(&*twin);
        // Of a pair of new names each finds the other.
        if (is_new && **name < *twin) || (!is_new && is_tracked(git, repo, &twin)?) {
            told.push((shown(name), shown(&twin)));
        }
    }
    Ok(told)
}

/// Where each part of a path ends.
fn ends(path: &[u8]) -> impl Iterator<Item = usize> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    slashes.chain([path.len()])
}

/// The names in a folder, by what each is where case does not count.
type Names = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

/// What lies in folders of the work tree.
struct Folders<'r> {
    root: &'r Path,
    /// By the folder.
    read: BTreeMap<Vec<u8>, Names>,
}

impl Folders<'_> {
    /// A name in the same folder that differs from this one in case alone.
    fn twin(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        let slash = path.iter().rposition(|byte| *byte == b'/');
        let (folder, name) = path.split_at(slash.map_or(0, |slash| slash + 1));
        let place = self.root.join(OsStr::from_bytes(folder));
        let names = self.read.entry(folder.to_vec()).or_insert_with(|| names_in(&place));
        let twin = names.get(&folded(name))?.iter().find(|other| *other != name)?;
        Some([folder, twin].concat())
    }
}

/// Nothing of a folder that can't be read: it was just committed from.
fn names_in(folder: &Path) -> Names {
    let mut names = Names::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().as_bytes().to_vec();
        names.entry(folded(&name)).or_default().push(name);
    }
    names
}

fn folded(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => name.to_ascii_lowercase(),
    }
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
