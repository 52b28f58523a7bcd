//! What a commit tells too little of: submodules travel as the id of their commit.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use convosync_engine::ports::{GitError, Repository, Submodule};

use super::GitCli;
use super::status::shown;

/// Submodules that are asked one by one whether a remote has their commit; of more it would take
/// longer than a save may.
const MOST: usize = 32;

/// The submodules of which something stays here. No process where there are none.
pub(super) fn left_behind(git: &GitCli, repo: &Repository) -> Result<Vec<Submodule>, GitError> {
    if !repo.root.join(".gitmodules").exists() {
        return Ok(Vec::new());
    }
    let place = |path: &[u8]| repo.root.join(PathBuf::from(OsString::from_vec(path.to_vec())));
    let mut checked_out: Vec<_> = paths(git, repo)?.into_iter().take(MOST).collect();
    // In the others nothing was changed.
    checked_out.retain(|path| place(path).join(".git").exists());
    if checked_out.is_empty() {
        return Ok(Vec::new());
    }
    let dirty = dirty(git, repo)?;
    let mut found = Vec::new();
    for path in checked_out {
        let submodule = Submodule {
            dirty: dirty.contains(&path),
            unpushed: is_unpushed(git, &place(&path))?,
            path: shown(&path),
        };
        found.extend((submodule.dirty || submodule.unpushed).then_some(submodule));
    }
    Ok(found)
}

/// Where they lie, by `.gitmodules`: gitmodules(5). A hostile one names a place outside; git takes
/// none of those for a submodule.
fn paths(git: &GitCli, repo: &Repository) -> Result<Vec<Vec<u8>>, GitError> {
    let args = ["-z", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$"];
    let output = git.read(&repo.root, "config").args(args).run()?;
    let values = output.stdout.split(|byte| *byte == 0).filter_map(|record| {
        let at = record.iter().position(|byte| *byte == b'\n')?;
        Some(record[at + 1..].to_vec())
    });
    Ok(values.filter(|path| is_inside(path)).collect())
}

fn is_inside(path: &[u8]) -> bool {
    !path.is_empty() && path.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b".."))
}

/// Those whose own files differ from their commit: `<m>` and `<u>` of git-status(1), "Porcelain
/// Format Version 2".
fn dirty(git: &GitCli, repo: &Repository) -> Result<Vec<Vec<u8>>, GitError> {
    let args = ["--porcelain=v2", "-z", "--untracked-files=no", "--ignore-submodules=none"];
    let out = git.read(&repo.root, "status").args(args).ok()?;
    let records = out.split(|byte| *byte == 0).filter(|record| record.starts_with(b"1 "));
    let dirty = records.filter_map(|record| {
        let mut fields = record.splitn(9, |byte| *byte == b' ');
        let state = fields.nth(2)?;
        let path = fields.nth(5)?;
        let [b'S', _, modified, untracked] = state else { return None };
        (*modified == b'M' || *untracked == b'U').then(|| path.to_vec())
    });
    Ok(dirty.collect())
}

/// Whether no remote-tracking ref has its commit; one without remotes is somebody's experiment,
/// and stays behind too.
fn is_unpushed(git: &GitCli, place: &std::path::Path) -> Result<bool, GitError> {
    let args = ["--count=1", "--contains=HEAD", "--format=x", "refs/remotes/"].map(OsStr::new);
    let output = git.read(place, "for-each-ref").args(args).run()?;
    Ok(output.success() && output.stdout.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_outside_is_no_submodule() {
        for inside in ["lib", "vendor/lib", "..a/b"] {
            assert!(is_inside(inside.as_bytes()), "{inside}");
        }
        for outside in ["", "/etc", "../x", "a/../../x", "a//b", ".."] {
            assert!(!is_inside(outside.as_bytes()), "{outside}");
        }
    }
}
