//! Work on its way out, and work that is looked at.

use std::fs::OpenOptions;
use std::path::Path;

use convosync_core::Oid;
use convosync_engine::ports::{CapturedWork, GitError, Repository, WorkHere};

use super::super::index::while_unlocked;
use super::super::status::shown;
use super::super::{GitCli, bundle, lfs, submodule};
use super::difference::{Difference, difference};
use super::place::Pieces;
use super::snapshot::{Quarantine, Snapshot, refusal, snapshot};
use crate::disk;

pub(in super::super) fn capture(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
    file: &Path,
) -> Result<Option<CapturedWork>, GitError> {
    while_unlocked(git, repo, || {
        let quarantine = quarantine(repo)?;
        let objects = Some(quarantine.path());
        let Some(taken) = snapshot(git, repo, excludes, objects)? else { return Ok(None) };
        write(git, repo, objects, &taken, file)?;
        let pointers = pointers(git, repo, objects, &taken.changed)?;
        let Snapshot { commit, base, changes, .. } = taken;
        let submodules = submodule::left_behind(git, repo).unwrap_or_default();
        Ok(Some(CapturedWork { commit, base, changes, pointers, submodules }))
    })
}

/// Writes the commit without what its base reaches as a bundle (gitformat-bundle(5)). `git bundle`
/// wants a ref, and none of the user's may be at what is in no repository.
fn write(
    git: &GitCli,
    repo: &Repository,
    objects: Option<&Path>,
    taken: &Snapshot,
    file: &Path,
) -> Result<(), GitError> {
    let failed = |error: std::io::Error| refusal(&error.to_string());
    let mut target = disk::create(OpenOptions::new().write(true).create(true).truncate(true), file)
        .map_err(failed)?;
    let (commit, base) = (&taken.commit, &taken.base);
    let version = match commit.as_str().len() {
        64 => "# v3 git bundle\n@object-format=sha256\n",
        _ => "# v2 git bundle\n",
    };
    let header = format!("{version}-{base}\n{commit} {}\n\n", bundle::WORK);
    disk::write_all(&mut target, file, header.as_bytes()).map_err(failed)?;
    let args = ["--revs", "--stdout", "--thin", "--delta-base-offset", "-q"];
    let call = git.write(&repo.root, "pack-objects").objects_in(objects).args(args);
    call.input(format!("{commit}\n^{base}\n")).output_file(target).ok().map(drop)
}

/// Those of the changed files of which git has pointers only: Git LFS keeps their contents
/// (git-lfs(1), "filter").
fn pointers(
    git: &GitCli,
    repo: &Repository,
    objects: Option<&Path>,
    changed: &Difference,
) -> Result<Vec<String>, GitError> {
    let there = changed.iter().filter(|(_, pair)| pair.new.is_there());
    let kept = lfs::named(git, &repo.root, objects, there.map(|(path, _)| path.as_slice()))?;
    Ok(kept.iter().map(|path| shown(path)).collect())
}

pub(in super::super) fn compare(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
    known: &[Oid],
) -> Result<WorkHere, GitError> {
    while_unlocked(git, repo, || {
        let quarantine = quarantine(repo)?;
        let objects = Some(quarantine.path());
        let Some(here) = snapshot(git, repo, excludes, objects)? else {
            return Ok(WorkHere::Clean);
        };
        if known.contains(&here.commit) {
            return Ok(WorkHere::Same(here.commit));
        }
        for work in bundle::present(git, repo, known)? {
            if is_part_of(git, repo, objects, &here, &Pieces::of(git, repo, &work)?)? {
                return Ok(WorkHere::PartOf(work));
            }
        }
        Ok(WorkHere::Own)
    })
}

/// Whether each path here is as in the work, or as in the commit that it is on top of. Submodules
/// are at commits of their own, which stay there.
pub(super) fn is_part_of(
    git: &GitCli,
    repo: &Repository,
    objects: Option<&Path>,
    here: &Snapshot,
    work: &Pieces,
) -> Result<bool, GitError> {
    if here.base != work.base {
        return Ok(false);
    }
    let whole = difference(git, &repo.root, None, &work.base, &work.files)?;
    let mut changed = here.changed.iter().filter(|(_, pair)| !pair.new.is_submodule());
    if !changed.all(|(path, pair)| whole.get(path) == Some(pair)) {
        return Ok(false);
    }
    let staged = difference(git, &repo.root, objects, &work.base, &here.index)?;
    let mut staged = staged.iter().filter(|(_, pair)| !pair.new.is_submodule());
    let all = difference(git, &repo.root, None, &work.base, &work.index)?;
    Ok(staged.all(|(path, pair)| all.get(path) == Some(pair)))
}

fn quarantine(repo: &Repository) -> Result<Quarantine, GitError> {
    Quarantine::of(repo).map_err(|error| refusal(&format!("can't write beside it: {error}")))
}
