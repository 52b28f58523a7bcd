//! Which remote counts, and what a repository is called. Pure.

use std::path::Path;

use convosync_core::Code;

use crate::ports::{Facts, Identity, Remote};

/// Where a branch is pushed to: what the configuration names, else `origin`, else the first one. A
/// save that pushes is refused where it names what is not there.
pub(super) fn push_remote(facts: &Facts) -> Option<String> {
    pushed_to(facts.pushes_to.as_deref(), &facts.remotes).map(str::to_owned)
}

fn pushed_to<'f>(named: Option<&'f str>, remotes: &'f [Remote]) -> Option<&'f str> {
    let is_here = |name: &&str| remotes.iter().any(|remote| remote.name == *name);
    named.filter(is_here).or_else(|| remotes.first().map(|remote| remote.name.as_str()))
}

/// The remote here of a save's commits: the first one that the save names, since that is where
/// they were pushed to; else the first here.
pub(crate) fn remote_of<'f>(facts: &'f Facts, code: &Code) -> Option<&'f str> {
    let mut named = code.remotes.iter();
    let same = named.find_map(|name| facts.remotes.iter().find(|here| here.normalised == *name));
    same.or_else(|| facts.remotes.first()).map(|remote| remote.name.as_str())
}

pub(super) fn remotes(facts: &Facts) -> Vec<String> {
    let first = push_remote(facts);
    let mut remotes = facts.remotes.clone();
    remotes.sort_by_key(|remote| Some(&remote.name) != first.as_ref());
    remotes.into_iter().map(|remote| remote.normalised).collect()
}

pub(super) fn clone_url(facts: &Facts) -> Option<String> {
    let first = push_remote(facts);
    let mut remotes = facts.remotes.iter();
    remotes.find(|remote| Some(&remote.name) == first.as_ref()).map(|remote| remote.shown.clone())
}

/// What a repository is called in lists: its normalised URL, else its folder's name.
pub(crate) fn repository_name(facts: &Facts) -> String {
    called(facts.pushes_to.as_deref(), &facts.remotes, &facts.repository.root)
}

/// The names that a session of the repository here may have: which of several remotes it is called
/// after can change from branch to branch.
pub(crate) fn names_of(identity: &Identity) -> Vec<String> {
    let root = identity.root.as_deref().unwrap_or(Path::new("/"));
    match identity.remotes.as_slice() {
        [] => vec![called(None, &[], root)],
        remotes => remotes.iter().map(|remote| remote.normalised.clone()).collect(),
    }
}

/// Whether a session of the repository with this name may be one of the repository here.
pub(crate) fn is_called(facts: &Facts, name: &str) -> bool {
    facts.remotes.iter().any(|remote| remote.normalised == name) || repository_name(facts) == name
}

/// The URL of a repository for people, or its folder's name.
pub(crate) fn repository_shown(facts: &Facts) -> String {
    clone_url(facts).unwrap_or_else(|| repository_name(facts))
}

fn called(pushes_to: Option<&str>, remotes: &[Remote], root: &Path) -> String {
    let first = pushed_to(pushes_to, remotes);
    let first = remotes.iter().find(|remote| Some(remote.name.as_str()) == first);
    if let Some(remote) = first.or(remotes.first()) {
        return remote.normalised.clone();
    }
    let folder = root.file_name();
    folder.map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned())
}
