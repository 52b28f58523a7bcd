//! Work is laid on a clean work tree, and taken off one that has it.
//!
//! Files first, then the index in one step: until then it says what it said before, so whatever
//! stops this between two files, the work that is there is told to be a part of the whole.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::super::call::Call;
use super::super::config::config;
use super::super::index::{CopiedIndex, while_unlocked};
use super::super::obstacle::{in_the_way, lies};
use super::super::park::keep_at;
use super::super::status::{shown, status};
use super::super::{GitCli, commit, name, oid};
use super::capture::is_part_of;
use super::difference::difference;
use super::snapshot::{refusal, snapshot};

/// How often it is begun anew when another git writes the index meanwhile, as a prompt's
/// `git status` does.
const MOST_TRIES: usize = 5;

/// A git that is known to merge trees into a sparse index; 2.39 is known not to.
const PLACES_INTO_SPARSE_INDEX: (u32, u32) = (2, 47);

/// What a piece of work is made of.
pub(super) struct Pieces {
    pub(super) base: Oid,
    /// The tree of the index.
    pub(super) index: Oid,
    /// The tree of what lies there.
    pub(super) files: Oid,
    /// The names that were added without contents.
    intended: Option<Oid>,
}

impl Pieces {
    pub(super) fn of(git: &GitCli, repo: &Repository, work: &Oid) -> Result<Self, GitError> {
        let index = format!("{work}^2");
        let args = ["--no-walk=unsorted", "--no-show-signature", "--format=%T %P"];
        let out = git.read(&repo.root, "log").args(args).args([work.as_str(), &index]).ok()?;
        let text = String::from_utf8_lossy(&out);
        let ids = |line: &str| line.split(' ').map(oid).collect::<Option<Vec<Oid>>>();
        let lines: Option<Vec<_>> = text.lines().map(ids).collect();
        let wrong = || refusal(&format!("{work} holds no work"));
        let [work, index]: [Vec<Oid>; 2] =
            lines.and_then(|lines| lines.try_into().ok()).ok_or_else(wrong)?;
        let ([files, base, _], [index, under, intended @ ..]) = (&work[..], &index[..]) else {
            return Err(wrong());
        };
        if base != under || intended.len() > 1 {
            return Err(wrong());
        }
        let (files, base, index) = (files.clone(), base.clone(), index.clone());
        Ok(Self { base, index, files, intended: intended.first().cloned() })
    }

    /// The commit without the work.
    fn bare(&self) -> Self {
        let (base, tree) = (self.base.clone(), self.base.clone());
        Self { base, index: tree.clone(), files: tree, intended: None }
    }
}

pub(in super::super) fn restore(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
    work: &Oid,
) -> Result<Vec<String>, GitError> {
    refuse_forgetting(git, repo)?;
    let pieces = Pieces::of(git, repo, work)?;
    patiently(git, repo, || {
        let head = commit::head(git, repo)?;
        if head.as_ref() != Some(&pieces.base) {
            return Err(refusal(&format!("the work is on top of {}, not of HEAD", pieces.base)));
        }
        match snapshot(git, repo, excludes, None)? {
            Some(here) if here.commit == *work => return Ok(Placed::Done),
            Some(here) if !is_part_of(git, repo, None, &here, &pieces)? => return Err(changed()),
            _ => {}
        }
        if let Some(path) = in_the_way(git, repo, work)?.first() {
            return Err(refusal(&format!("{path} is not tracked and would be overwritten")));
        }
        place(git, repo, excludes, &pieces)
    })?;
    submodules(git, repo, &pieces.base, &pieces.files)
}

pub(in super::super) fn lift(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
    work: &Oid,
    id: &str,
) -> Result<Option<String>, GitError> {
    let reference = name::own_ref("park", id)?;
    refuse_forgetting(git, repo)?;
    let mut pieces = None;
    patiently(git, repo, || {
        let Some(here) = snapshot(git, repo, excludes, None)? else { return Ok(Placed::Done) };
        let whole = Pieces::of(git, repo, work)?;
        if here.commit != *work && !is_part_of(git, repo, None, &here, &whole)? {
            return Err(changed());
        }
        // Before the first file goes: from now on git has all of it.
        keep_at(git, repo, &reference, work)?;
        let placed = place(git, repo, excludes, &whole.bare());
        pieces = Some(whole);
        placed
    })?;
    let Some(Pieces { base, files, .. }) = pieces else { return Ok(None) };
    submodules(git, repo, &files, &base)?;
    Ok(Some(reference))
}

/// How an attempt ended.
enum Placed {
    Done,
    /// Another git wrote the index.
    Overtaken,
}

fn patiently(
    git: &GitCli,
    repo: &Repository,
    mut attempt: impl FnMut() -> Result<Placed, GitError>,
) -> Result<(), GitError> {
    for _ in 0..MOST_TRIES {
        if let Placed::Done = while_unlocked(git, repo, &mut attempt)? {
            return Ok(());
        }
    }
    Err(refusal("another git keeps writing the index"))
}

/// Refuses what an old git gets wrong: it forgets of files in a folder that a sparse index has as one
/// entry that they are not to lie here, so the next save would delete them.
fn refuse_forgetting(git: &GitCli, repo: &Repository) -> Result<(), GitError> {
    if config(git, repo)?.has_sparse_index() && git.is_before(PLACES_INTO_SPARSE_INDEX) {
        let (major, minor) = PLACES_INTO_SPARSE_INDEX;
        return Err(GitError::NoGit(format!(
            "to bring uncommitted changes back where the index is sparse, git {major}.{minor} or newer is needed (or `git sparse-checkout reapply --no-sparse-index`)"
        )));
    }
    Ok(())
}

/// Brings files and index to what the pieces say. Nothing that git does not have is overwritten.
fn place(
    git: &GitCli,
    repo: &Repository,
    excludes: &[String],
    pieces: &Pieces,
) -> Result<Placed, GitError> {
    let failed = |error: std::io::Error| refusal(&format!("the index: {error}"));
    let (_, behind) = status(git, &repo.root)?.without(excludes);
    let index = CopiedIndex::of(repo).map_err(failed)?;
    let placing = Placing { git, repo, index: index.path() };
    commit::stage(git, repo, &behind, Some(index.path()))?;
    let mut here = placing.tree()?;
    let missing = difference(git, &repo.root, None, &here, &pieces.files)?;
    let new = missing.iter().filter(|(_, pair)| !pair.old.is_there()).map(|(path, _)| path);
    // Those that lie here all the same, where git was not to look, are equal: they would stop git.
    let equal: Vec<u8> = new.filter(|path| lies(&repo.root, path)).flat_map(literal).collect();
    if !equal.is_empty() {
        placing.add(&["--force"], equal)?;
        here = placing.tree()?;
    }
    // Says of every path what the index says of it now, unless the pieces say otherwise.
    let sparse = "--no-sparse-checkout";
    let trees = [here.as_str(), pieces.files.as_str()];
    placing.call("read-tree").args(["-m", "-u", sparse]).args(trees).ok()?;
    placing.call("read-tree").args(["-m", sparse, pieces.index.as_str()]).ok()?;
    if let Some(intended) = &pieces.intended {
        let args = ["-r", "-z", "--name-only", "--full-tree", intended.as_str()];
        let names = git.read(&repo.root, "ls-tree").args(args).ok()?;
        let names = names.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        placing.add(&["--force", "--intent-to-add"], names.flat_map(literal).collect())?;
    }
    match index.into_place(repo).map_err(failed)? {
        true => Ok(Placed::Done),
        false => Ok(Placed::Overtaken),
    }
}

/// What it takes to change another index than the user's.
struct Placing<'a> {
    git: &'a GitCli,
    repo: &'a Repository,
    index: &'a Path,
}

impl<'a> Placing<'a> {
    fn call(&self, what: &'static str) -> Call<'a> {
        self.git.write(&self.repo.root, what).on_a_copy(self.index)
    }

    fn tree(&self) -> Result<Oid, GitError> {
        self.call("write-tree").id()
    }

    fn add(&self, how: &[&str], paths: Vec<u8>) -> Result<(), GitError> {
        commit::add(self.git, || self.call("add").args(how), &paths)
    }
}

/// A pathspec of one file, with its NUL.
fn literal(path: impl AsRef<[u8]>) -> Vec<u8> {
    [b":(top,literal)", path.as_ref(), b"\0"].concat()
}

/// Brings the submodules that are checked out here, and differ between two trees, to the second
/// one's commits. Names those whose commit is not here, or that have changes in its way.
fn submodules(
    git: &GitCli,
    repo: &Repository,
    from: &Oid,
    to: &Oid,
) -> Result<Vec<String>, GitError> {
    let mut stay = Vec::new();
    for (path, pair) in difference(git, &repo.root, None, from, to)? {
        let place = repo.root.join(OsStr::from_bytes(&path));
        let file = path.as_slice().iter().copied().chain(*b"/.git").collect::<Vec<u8>>();
        if !pair.new.is_submodule() || !(lies(&repo.root, &file) || place.join(".git").is_dir()) {
            continue;
        }
        let wanted = &pair.new.object;
        let at = git.read(&place, "rev-parse").args(["--quiet", "--verify", "HEAD"]).run()?;
        if at.text().trim() == wanted {
            continue;
        }
        let args = ["--detach", "--quiet", "--no-recurse-submodules", wanted.as_str()];
        if !git.write(&place, "checkout").args(args).run()?.success() {
            stay.push(shown(&path));
        }
    }
    Ok(stay)
}

fn changed() -> GitError {
    refusal("the changes here are not those that were looked at; they stay as they are")
}
