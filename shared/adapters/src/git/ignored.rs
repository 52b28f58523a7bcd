//! What a tree's own rules ignore, before that tree is checked out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::stand::failed;
use super::{GitCli, unreadable};
use crate::disk;
use crate::durable::make_folder;

/// Those of `paths` that would be ignored where `tree` is checked out.
pub(super) fn ignored_in(
    git: &GitCli,
    repo: &Repository,
    tree: &Oid,
    paths: &[Vec<u8>],
) -> Result<Vec<Vec<u8>>, GitError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let rules = Rules::of(git, repo, tree)?;
    let call = git.read(&rules.0, "check-ignore").env("GIT_DIR", repo.git_dir.as_os_str());
    let call = call.env("GIT_WORK_TREE", rules.0.as_os_str());
    let input: Vec<u8> = paths.iter().flat_map(|path| [path, &b"\0"[..]].concat()).collect();
    let output = call.args(["--no-index", "-z", "--stdin"]).input(input).run()?;
    match output.code {
        Some(0) => {}
        Some(1) => return Ok(Vec::new()),
        _ => return Err(unreadable("check-ignore")),
    }
    let found = output.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Ok(found.map(<[u8]>::to_vec).collect())
}

/// A folder with the `.gitignore` files of a tree and nothing else. Gone when dropped.
struct Rules(PathBuf);

impl Rules {
    fn of(git: &GitCli, repo: &Repository, tree: &Oid) -> Result<Self, GitError> {
        let folder = repo.git_dir.join(format!("convosync/rules-{}", std::process::id()));
        let _ = disk::remove_dir_all(&folder); // of a process that died
        make_folder(&folder).map_err(|error| failed(&error))?;
        let rules = Self(folder);
        let args = ["-r", "-z", "--full-tree", tree.as_str()];
        let out = git.read(&repo.root, "ls-tree").args(args).ok()?;
        for record in out.split(|byte| *byte == 0) {
            // `100644 blob <oid>\t<path>`
            let Some(tab) = record.iter().position(|byte| *byte == b'\t') else { continue };
            let (head, path) = (&record[..tab], &record[tab + 1..]);
            let is_rules = path == b".gitignore" || path.ends_with(b"/.gitignore");
            if !is_rules || !head.starts_with(b"100") {
                continue;
            }
            let blob = head.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
            rules.write(git, repo, OsStr::from_bytes(blob), Path::new(OsStr::from_bytes(path)))?;
        }
        Ok(rules)
    }

    fn write(
        &self,
        git: &GitCli,
        repo: &Repository,
        blob: &OsStr,
        path: &Path,
    ) -> Result<(), GitError> {
        let text = git.read(&repo.root, "cat-file").arg("blob").arg(blob).ok()?;
        let place = self.0.join(path);
        let written =
            place.parent().map_or(Ok(()), make_folder).and_then(|()| disk::write(&place, text));
        written.map_err(|error| failed(&error))
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        let _ = disk::remove_dir_all(&self.0);
    }
}
