//! Files that a checkout would have to overwrite and that git does not track.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::status::shown;
use super::{GitCli, letter_case, lfs, oid, unreadable};

/// A path of the commit that the index lacks.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) path: Vec<u8>,
    pub(super) mode: u32,
    pub(super) blob: Oid,
}

impl Wanted {
    /// Git's file type: regular, symlink or submodule (gitformat-index(5), "mode").
    fn kind(&self) -> u32 {
        self.mode >> 12
    }
}

/// What is at the paths of a commit that the index lacks.
#[derive(Debug, Clone, Default)]
pub(super) struct Untracked {
    /// What differs from the commit.
    differ: BTreeSet<Vec<u8>>,
    /// What is the same.
    same: Vec<Wanted>,
    /// Paths that only the index has.
    alone: BTreeSet<Vec<u8>>,
}

impl Untracked {
    /// What differs, as it is shown.
    pub(super) fn differing(&self) -> Vec<String> {
        self.differ.iter().map(|path| shown(path)).collect()
    }

    /// Paths that only the index has.
    pub(super) fn alone(&self) -> &BTreeSet<Vec<u8>> {
        &self.alone
    }

    /// What is the same.
    pub(super) fn same(&self) -> &[Wanted] {
        &self.same
    }
}

const REGULAR: u32 = 0o10;
const SYMLINK: u32 = 0o12;
const SUBMODULE: u32 = 0o16;

/// What lies at a wanted path.
enum Found {
    Nothing,
    /// Something else than the commit has, here.
    Other(Vec<u8>),
    /// A file, which may be the same.
    File,
    Link(Vec<u8>),
    Folder,
}

pub(super) fn in_the_way(
    git: &GitCli,
    repo: &Repository,
    commit: &Oid,
) -> Result<Vec<String>, GitError> {
    letter_case::check(git, repo, commit)?;
    lfs::check_out(git, repo)?;
    let found = untracked(git, repo, commit, None)?;
    let paths = found.differing();
    git.memory().untracked = Some((repo.root.clone(), commit.clone(), found));
    Ok(paths)
}

/// Untracked or ignored files here that the commit has as well, with the same contents. Asked
/// right after [`in_the_way`], it costs nothing.
pub(super) fn same_here(
    git: &GitCli,
    repo: &Repository,
    commit: &Oid,
) -> Result<Vec<Wanted>, GitError> {
    let known = git.memory().untracked.take();
    match known.filter(|(root, of, _)| *root == repo.root && of == commit) {
        Some((_, _, found)) => Ok(found.same),
        None => Ok(untracked(git, repo, commit, None)?.same),
    }
}

/// What is at the paths of a tree that another index lacks.
pub(super) fn over_index(
    git: &GitCli,
    repo: &Repository,
    tree: &Oid,
    index: &Path,
) -> Result<Untracked, GitError> {
    untracked(git, repo, tree, Some(index))
}

fn untracked(
    git: &GitCli,
    repo: &Repository,
    commit: &Oid,
    index: Option<&Path>,
) -> Result<Untracked, GitError> {
    let args = ["--cached", "--raw", "--no-abbrev", "--no-renames", "-z", commit.as_str(), "--"];
    let call = git.read(&repo.root, "diff-index").args(args);
    let call = match index {
        Some(index) => call.env("GIT_INDEX_FILE", index),
        None => call,
    };
    let (wanted, tracked) = parse(&call.ok()?).ok_or_else(|| unreadable("diff-index"))?;
    let (mut obstacles, mut same) = (BTreeSet::new(), Vec::new());
    let mut files = Vec::new();
    for want in &wanted {
        match look(&repo.root, want, &tracked) {
            Found::Nothing => {}
            Found::Other(path) => {
                obstacles.insert(path);
            }
            Found::File => files.push(want),
            Found::Link(target) => {
                if contents(git, repo, &want.blob)? == target {
                    same.push(want.clone());
                } else {
                    obstacles.insert(want.path.clone());
                }
            }
            Found::Folder => obstacles.extend(untracked_in(git, repo, &want.path)?),
        }
    }
    let differ = that_differ(git, repo, &files)?;
    let is_same = |file: &&&Wanted| !differ.contains(&file.path);
    same.extend(files.iter().filter(is_same).map(|file| (*file).clone()));
    obstacles.extend(differ);
    Ok(Untracked { differ: obstacles, same, alone: tracked })
}

/// What only the commit has, and the paths that only the index has: those go away.
fn parse(out: &[u8]) -> Option<(Vec<Wanted>, BTreeSet<Vec<u8>>)> {
    let (mut wanted, mut tracked) = (Vec::new(), BTreeSet::new());
    let mut records = out.split(|byte| *byte == 0);
    while let Some(head) = records.next().filter(|head| !head.is_empty()) {
        let path = records.next()?.to_vec();
        // `:100644 000000 <oid> <oid> D`
        let fields: Vec<&str> = std::str::from_utf8(head).ok()?.split(' ').collect();
        let [mode, _, blob, _, state] = fields[..] else { return None };
        match state {
            "D" => {
                let mode = u32::from_str_radix(mode.strip_prefix(':')?, 8).ok()?;
                wanted.push(Wanted { path, mode, blob: oid(blob)? });
            }
            "A" => {
                tracked.insert(path);
            }
            _ => {}
        }
    }
    Some((wanted, tracked))
}

fn look(root: &Path, want: &Wanted, tracked: &BTreeSet<Vec<u8>>) -> Found {
    for (end, _) in want.path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let above = &want.path[..end];
        match metadata(root, above) {
            None => return Found::Nothing,
            Some(file) if file.is_dir() => {}
            Some(_) if tracked.contains(above) => return Found::Nothing,
            Some(_) => return Found::Other(above.to_vec()),
        }
    }
    let Some(found) = metadata(root, &want.path) else { return Found::Nothing };
    let kind = found.file_type();
    if kind.is_dir() {
        return if want.kind() == SUBMODULE { Found::Nothing } else { Found::Folder };
    }
    if kind.is_file() && want.kind() == REGULAR {
        return Found::File;
    }
    match fs::read_link(place(root, &want.path)) {
        Ok(target) if want.kind() == SYMLINK => Found::Link(target.as_os_str().as_bytes().to_vec()),
        _ => Found::Other(want.path.clone()),
    }
}

/// Whether a file lies at a path, by this very name and below no link: one that git tracks there is
/// not gone then.
pub(super) fn lies(root: &Path, path: &[u8]) -> bool {
    let folders = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let is_folder = |end: usize| metadata(root, &path[..end]).is_some_and(|file| file.is_dir());
    let is_file = || metadata(root, path).is_some_and(|file| !file.is_dir());
    if !folders.map(|(end, _)| end).all(is_folder) || !is_file() {
        return false;
    }
    // A file system may take `README` for `Readme`.
    let place = place(root, path);
    let Some((folder, name)) = place.parent().zip(place.file_name()) else { return false };
    let mut names = fs::read_dir(folder).into_iter().flatten().flatten();
    names.any(|entry| entry.file_name() == name)
}

fn metadata(root: &Path, path: &[u8]) -> Option<Metadata> {
    fs::symlink_metadata(place(root, path)).ok()
}

fn place(root: &Path, path: &[u8]) -> PathBuf {
    root.join(OsStr::from_bytes(path))
}

fn contents(git: &GitCli, repo: &Repository, blob: &Oid) -> Result<Vec<u8>, GitError> {
    git.read(&repo.root, "cat-file").args(["blob", blob.as_str()]).ok()
}

/// What is in a folder that has to make room for a file, tracked files left out.
fn untracked_in(git: &GitCli, repo: &Repository, folder: &[u8]) -> Result<Vec<Vec<u8>>, GitError> {
    let spec = [b":(top,literal)", folder].concat();
    let args = ["--others", "-z", "--"].map(OsStr::new);
    let out = git.read(&repo.root, "ls-files").args(args).arg(OsStr::from_bytes(&spec)).ok()?;
    Ok(out.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect())
}

/// Those files whose contents, as git would store them, are not the commit's.
fn that_differ(
    git: &GitCli,
    repo: &Repository,
    files: &[&Wanted],
) -> Result<Vec<Vec<u8>>, GitError> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let paths: Vec<u8> = files.iter().flat_map(|file| quoted(&file.path)).collect();
    let call = git.read(&repo.root, "hash-object").arg("--stdin-paths").input(paths);
    let out = call.ok()?;
    let text = String::from_utf8_lossy(&out);
    let now: Vec<Option<Oid>> = text.lines().map(oid).collect();
    if now.len() != files.len() {
        return Err(unreadable("hash-object"));
    }
    let differ = files.iter().zip(now).filter(|(file, now)| now.as_ref() != Some(&file.blob));
    Ok(differ.map(|(file, _)| file.path.clone()).collect())
}

/// A line with the path in C's quotes, as git reads it from standard input.
pub(super) fn quoted(path: &[u8]) -> Vec<u8> {
    let mut line = vec![b'"'];
    for byte in path {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', *byte]),
            b' '..=b'~' => line.push(*byte),
            _ => line.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    line.extend(b"\"\n");
    line
}
