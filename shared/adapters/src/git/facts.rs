//! What is true of a work tree now, in three processes (four if the HEAD commit is packed); in one
//! when only the work can have changed since it was asked before.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use convosync_engine::ports::{
    Facts, GitError, HeadState, Identity, Operation, Repository, Upstream,
};

use super::config::Config;
use super::status;
use super::{GitCli, config, large, lfs, name, subject};

pub(super) fn facts(
    git: &GitCli,
    directory: &Path,
    excludes: &[String],
) -> Result<Facts, GitError> {
    let repository = locate(git, directory)?;
    let root = &repository.root;
    let config = config::config(git, &repository)?;
    // It is also asked where nobody asked for anything: on leaving a directory, beside a pane. Git
    // trusts every repository that lies in a folder of the user's own; we need not run its programs.
    let quiet = config.names_a_monitor().then_some("core.fsmonitor=false");
    let (status, behind) = status::status_with(git, root, quiet)?.without(excludes);
    if let Some(branch) = status.head.branch() {
        name::branch(branch)?; // what can't be pushed is found before anything is committed
    }
    let subject = match &status.commit {
        Some(commit) => Some(subject::subject(git, &repository, commit)?),
        None => None,
    };
    let upstream = match &status.head {
        HeadState::Branch(name) | HeadState::Unborn(name) => config.upstream(name),
        HeadState::Detached => None,
    };
    let default_branch = default_branch(&config, &repository, upstream.as_ref());
    Ok(Facts {
        pushes_to: config.pushes_to(status.head.branch()),
        has_jj: root.join(".jj").is_dir(),
        lacks_lfs: !config.has_lfs() && lfs::is_used(&repository),
        head: status.head,
        commit: status.commit,
        subject,
        upstream,
        ahead: status.ahead,
        behind: status.behind,
        changes: status::changes(&status.entries),
        large: large::files(git, root, &status.entries)?,
        kept_back: behind.iter().map(|path| status::shown(path)).collect(),
        operation: operation(git, &repository)?,
        default_branch,
        remotes: config.remotes(root),
        repository,
    })
}

/// The branch that HEAD of the branch's remote names: a clone wrote it down (a reftable keeps it
/// where only git finds it, and few have one); else the one that the user's new repositories get.
fn default_branch(
    config: &Config,
    repo: &Repository,
    upstream: Option<&Upstream>,
) -> Option<String> {
    let first = || config.remotes(&repo.root).into_iter().next().map(|remote| remote.name);
    let remote = upstream.map(|upstream| upstream.remote.clone()).or_else(first)?;
    let head = repo.common_dir.join("refs/remotes").join(&remote).join("HEAD");
    let text = std::fs::read_to_string(head).unwrap_or_default();
    let named = text.trim_end().strip_prefix(&format!("ref: refs/remotes/{remote}/"));
    named.or_else(|| config.default_branch()).map(str::to_owned)
}

/// What tells a repository from others; no process where no `.git` is above.
pub(super) fn identity(git: &GitCli, directory: &Path) -> Result<Identity, GitError> {
    // Git looks for it in the real parents, whatever links lead here.
    let real = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    if !real.ancestors().any(|above| above.join(".git").exists()) {
        return Err(GitError::NotARepository(directory.display().to_string()));
    }
    let config = config::in_directory(git, directory)?;
    if let Some(remote) = config.only_remote() {
        return Ok(Identity { remotes: vec![remote], root: None });
    }
    let root = locate(git, directory)?.root;
    let remotes = config.remotes(&root);
    Ok(Identity { remotes, root: Some(root) })
}

/// Finds the work tree around a directory.
fn locate(git: &GitCli, directory: &Path) -> Result<Repository, GitError> {
    let known = git.memory().repositories.get(directory).cloned();
    if let Some(known) = known.filter(|repo| repo.git_dir.exists() && repo.root.is_dir()) {
        return Ok(known);
    }
    const WANTED: [&str; 3] = ["--show-toplevel", "--absolute-git-dir", "--git-common-dir"];
    let absolute = "--path-format=absolute";
    let out = git.read(directory, "rev-parse").arg(absolute).args(WANTED).ok()?;
    let paths = match lines(&out).try_into() {
        Ok(paths) => paths,
        // A line feed in a path, or a git that is too old for `--path-format`.
        Err(_) => {
            let each = |want| {
                let out = git.read(directory, "rev-parse").args([absolute, want]).ok()?;
                Ok(path(out.strip_suffix(b"\n").unwrap_or(&out)))
            };
            [each(WANTED[0])?, each(WANTED[1])?, each(WANTED[2])?]
        }
    };
    let [root, git_dir, common_dir]: [PathBuf; 3] = paths;
    if ![&root, &git_dir, &common_dir].iter().all(|path| path.is_absolute()) {
        let version = git.version().unwrap_or_else(|| "this git".to_owned());
        return Err(GitError::NoGit(format!("{version} is too old, 2.31 or newer is needed")));
    }
    let found = Repository { root, git_dir, common_dir };
    let mut memory = git.memory();
    memory.repositories.insert(directory.to_owned(), found.clone());
    memory.repositories.insert(found.root.clone(), found.clone());
    Ok(found)
}

fn lines(out: &[u8]) -> Vec<PathBuf> {
    let out = out.strip_suffix(b"\n").unwrap_or(out);
    out.split(|byte| *byte == b'\n').map(path).collect()
}

fn path(bytes: &[u8]) -> PathBuf {
    OsString::from_vec(bytes.to_vec()).into()
}

/// What was begun and not ended: git leaves these files until it is.
pub(super) fn operation(git: &GitCli, repo: &Repository) -> Result<Option<Operation>, GitError> {
    const MARKS: [(&str, Operation); 7] = [
        ("rebase-merge", Operation::Rebase),
        ("rebase-apply/applying", Operation::Am),
        ("rebase-apply", Operation::Rebase),
        ("MERGE_HEAD", Operation::Merge),
        ("CHERRY_PICK_HEAD", Operation::CherryPick),
        ("REVERT_HEAD", Operation::Revert),
        ("BISECT_LOG", Operation::Bisect),
    ];
    let marked = MARKS.iter().find(|(mark, _)| repo.git_dir.join(mark).exists());
    if let Some((_, operation)) = marked {
        return Ok(Some(*operation));
    }
    if !repo.common_dir.join("reftable").is_dir() {
        return Ok(None);
    }
    // A reftable keeps these two where only git finds them.
    for (mark, operation) in &MARKS[4..6] {
        let args = ["--quiet", "--verify", mark];
        if git.read(&repo.root, "rev-parse").args(args).run()?.success() {
            return Ok(Some(*operation));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lines_are_three_paths() {
        let want: Vec<PathBuf> = vec!["/a b".into(), "/a b/.git".into(), "/c".into()];
        assert_eq!(lines(b"/a b\n/a b/.git\n/c\n"), want);
    }
}
