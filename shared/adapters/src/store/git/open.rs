//! Opening a git store, and trying whether a remote can be one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use convosync_engine::Cancel;
use convosync_engine::ports::StoreError;

use super::GitStore;
use super::address::Address;
use super::failure::{self, Trouble};
use super::layout::REFS;
use super::mirror::{Mirror, init};
use super::objects::{self, Change};
use super::remote::{self, Pushed};
use crate::git::GitCli;
use crate::store::folder::failed;
use crate::{disk, durable};

/// What git stores need of their surroundings.
#[derive(Clone)]
pub struct GitStores {
    env: BTreeMap<String, String>,
    cancel: Cancel,
    folder: PathBuf,
}

impl fmt::Debug for GitStores {
    /// The environment may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitStores").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl GitStores {
    /// Git is found in the PATH of `env`, and sees `env`. Each store has a copy of its refs below
    /// `folder`, which is absolute, belongs to this device and can be removed at any time.
    #[must_use]
    pub fn new(env: BTreeMap<String, String>, cancel: Cancel, folder: PathBuf) -> Self {
        Self { env, cancel, folder }
    }

    /// Opens a store. `create`: a repository on this machine is made if it is not there, and a
    /// ref is sent, seen and removed to learn whether the remote takes it. Else nobody is asked.
    pub(in crate::store) fn open(
        &self,
        address: &Address,
        create: bool,
    ) -> Result<GitStore, StoreError> {
        let git = GitCli::find(&self.env, self.cancel.clone()).map_err(failure::remote)?;
        if create && let Some(folder) = address.folder() {
            make_repository(&git, folder)?;
        }
        let hash = blake3::hash(address.spelled().as_bytes()).to_hex();
        let mirror = Mirror::new(git, self.folder.join(&hash[..32]), address.clone());
        if create {
            probe(&mirror)?;
        }
        Ok(GitStore::new(mirror))
    }
}

/// Makes a bare repository: under another name first, so that what has its name is whole.
fn make_repository(git: &GitCli, folder: &Path) -> Result<(), StoreError> {
    if folder.exists() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(Path::new("/"));
    let letters =
        durable::make_folder(parent).and_then(|()| durable::random_letters()).map_err(|error| {
            crate::store::folder::failed("make the folder", &parent.display(), &error)
        })?;
    let new = parent.join(format!(".convosync-tmp-{letters}"));
    let failed = |error: std::io::Error| failed("make", &folder.display(), &error);
    let made = init(git, &new)
        .map_err(failure::remote)
        .and_then(|()| configure(&new).and_then(|()| disk::rename(&new, folder)).map_err(failed));
    if made.is_err() {
        let _ = disk::remove_dir_all(&new);
    }
    made
}

/// It gives out cards without the rest, and the hooks that the user has for every repository are
/// not for this one.
fn configure(repository: &Path) -> std::io::Result<()> {
    let mut config = fs::File::options().append(true).open(repository.join("config"))?;
    disk::write_all(
        &mut config,
        repository,
        b"[uploadpack]\n\tallowFilter = true\n[core]\n\thooksPath = hooks\n",
    )
}

/// What to do about a remote that is no store.
const ADVICE: &str = "use a private repository of its own on a server that takes refs outside of \
                      branches and tags, or a folder";

/// Sends, sees and removes a ref that nobody else uses.
fn probe(mirror: &Mirror) -> Result<(), StoreError> {
    try_out(mirror).map_err(|trouble| match StoreError::from(trouble) {
        StoreError::Denied(words) => StoreError::Denied(format!(
            "{} can't be a store: {words}\n{ADVICE}",
            mirror.address().shown()
        )),
        other => other,
    })
}

fn try_out(mirror: &Mirror) -> Result<(), Trouble> {
    let commit = objects::build(mirror, None, &Change::Probe)?;
    // Nobody else made this commit: what it holds is random.
    let name = format!("{REFS}probe/{commit}");
    accepted(remote::push(mirror, &name, None, Some(&commit))?)?;
    let seen = remote::look(mirror, &name)?;
    accepted(remote::push(mirror, &name, Some(&commit), None)?)?;
    if seen.as_ref() == Some(&commit) {
        return Ok(());
    }
    Err(StoreError::Denied("it takes refs of other kinds and does not show them".to_owned()).into())
}

fn accepted(pushed: Pushed) -> Result<(), Trouble> {
    match pushed {
        Pushed::Done => Ok(()),
        Pushed::Refused(error) => Err(error.into()),
    }
}
