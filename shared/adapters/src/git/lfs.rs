//! Files that git LFS keeps elsewhere. Without its program git would commit the files themselves,
//! and check out pointers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use convosync_engine::ports::{ChangeKind, GitError, Repository};

use super::status::{Entry, shown};
use super::{GitCli, config, unreadable};

/// What a line of `.gitattributes` says of such files: gitattributes(5), git-lfs-track(1).
const ATTRIBUTE: &str = "filter=lfs";

/// Whether the repository says so at its top, where `git lfs track` writes.
pub(super) fn is_used(repo: &Repository) -> bool {
    let places = [repo.root.join(".gitattributes"), repo.common_dir.join("info/attributes")];
    places.iter().any(|place| fs::read_to_string(place).is_ok_and(|text| text.contains(ATTRIBUTE)))
}

/// That the program is there if one of these files needs it.
pub(super) fn check(
    git: &GitCli,
    repo: &Repository,
    entries: &[Entry],
    behind: &BTreeSet<Vec<u8>>,
) -> Result<(), GitError> {
    if !is_used(repo) || is_there(git, repo)? {
        return Ok(());
    }
    let written = entries.iter().filter(|entry| entry.kind != ChangeKind::Deleted);
    let written = written.map(|entry| &entry.path).filter(|path| !behind.contains(*path));
    let theirs = named(git, &repo.root, None, written.map(Vec::as_slice))?;
    let lines: Vec<_> = theirs.iter().map(|path| format!("  • {}", shown(path))).collect();
    if lines.is_empty() { Ok(()) } else { Err(GitError::NoLfs(lines.join("\n"))) }
}

/// Those of these paths that it keeps elsewhere. `objects`: where new objects go; git before 2.43
/// opens a sparse index for the attributes, and writes the trees of the one that it makes of it.
pub(super) fn named<'p>(
    git: &GitCli,
    root: &Path,
    objects: Option<&Path>,
    paths: impl Iterator<Item = &'p [u8]>,
) -> Result<Vec<Vec<u8>>, GitError> {
    let paths: Vec<u8> = paths.flat_map(|path| [path, &b"\0"[..]].concat()).collect();
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let call = git.read(root, "check-attr").objects_in(objects);
    let call = call.args(["-z", "--stdin", "filter"]);
    let out = call.input(paths).ok()?;
    let fields: Vec<&[u8]> = out.split(|byte| *byte == 0).collect();
    // `path NUL filter NUL value NUL`
    let (told, rest) = fields.as_chunks::<3>();
    if rest.len() > 1 {
        return Err(unreadable("check-attr"));
    }
    let theirs = told.iter().filter(|[_, _, value]| value == b"lfs");
    Ok(theirs.map(|[path, ..]| path.to_vec()).collect())
}

/// Whether a checkout would stop halfway: git was told to insist on a program that is gone.
pub(super) fn check_out(git: &GitCli, repo: &Repository) -> Result<(), GitError> {
    let insists = config::config(git, repo)?.has_lfs() && is_used(repo);
    if insists && !is_there(git, repo)? {
        return Err(GitError::NoLfs("  • those that .gitattributes names".to_owned()));
    }
    Ok(())
}

/// Whether git knows the program and finds it.
fn is_there(git: &GitCli, repo: &Repository) -> Result<bool, GitError> {
    if !config::config(git, repo)?.has_lfs() {
        return Ok(false);
    }
    // Another program may have its place; then git will tell.
    let output = git.read(&repo.root, "lfs").arg("version").run()?;
    Ok(!output.is_usage())
}
