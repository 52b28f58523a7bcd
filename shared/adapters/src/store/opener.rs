//! Opens stores by URL.

use std::path::PathBuf;

use convosync_engine::ports::{Store, StoreError, Stores};

use super::folder::FolderStore;
use super::git::{self, GitStores, is_git};
use super::object::{self, ObjectStores, is_object};
use super::url;
use crate::durable;

/// Opens the stores that this build knows: folders and, where it is told how, git repositories and
/// buckets.
#[derive(Debug, Clone)]
pub struct StoreOpener {
    home: Option<PathBuf>,
    embedded: PathBuf,
    git: Option<GitStores>,
    objects: Option<ObjectStores>,
}

impl StoreOpener {
    /// `home` stands for `~` in a URL; `embedded` is the absolute path of the store that is used
    /// before `init`.
    #[must_use]
    pub fn new(home: Option<PathBuf>, embedded: PathBuf) -> Self {
        Self { home, embedded, git: None, objects: None }
    }

    /// The same, which opens git stores too.
    #[must_use]
    pub fn with_git(mut self, git: GitStores) -> Self {
        self.git = Some(git);
        self
    }

    /// The same, which opens buckets too.
    #[must_use]
    pub fn with_objects(mut self, objects: ObjectStores) -> Self {
        self.objects = Some(objects);
        self
    }

    /// The folder that the store of this URL is, if it is one.
    #[must_use]
    pub fn folder(&self, url: &str) -> Option<PathBuf> {
        let elsewhere = is_git(url) || is_object(url);
        (!elsewhere).then(|| url::folder(url, self.home.as_deref()).ok()).flatten()
    }

    fn open_objects(&self, url: &str, create: bool) -> Result<Box<dyn Store>, StoreError> {
        let address = object::Address::parse(url)?;
        let objects = self.objects.as_ref().ok_or_else(|| not_here(url, "buckets"))?;
        Ok(Box::new(objects.open(&address, create)?))
    }

    fn open_git(&self, url: &str, create: bool) -> Result<Box<dyn Store>, StoreError> {
        let address = git::Address::parse(url, self.home.as_deref())?;
        let git = self.git.as_ref().ok_or_else(|| not_here(url, "git stores"))?;
        Ok(Box::new(git.open(&address, create)?))
    }
}

fn not_here(url: &str, what: &str) -> StoreError {
    let reason = format!("{what} can't be opened here");
    StoreError::BadUrl { url: url::without_credentials(url), reason }
}

impl Stores for StoreOpener {
    fn normalise(&self, url: &str) -> Result<String, StoreError> {
        if is_git(url) {
            return Ok(git::Address::parse(url, self.home.as_deref())?.spelled());
        }
        if is_object(url) {
            return Ok(object::Address::parse(url)?.spelled());
        }
        Ok(url::spell(&url::folder(url, self.home.as_deref())?))
    }

    fn open(&self, url: &str, create: bool) -> Result<Box<dyn Store>, StoreError> {
        if is_git(url) {
            return self.open_git(url, create);
        }
        if is_object(url) {
            return self.open_objects(url, create);
        }
        let path = url::folder(url, self.home.as_deref())?;
        if path.exists() && !path.is_dir() {
            return Err(StoreError::BadUrl { url: url.to_owned(), reason: "not a folder".into() });
        }
        if create {
            durable::make_folder(&path).map_err(|error| {
                super::folder::failed("make the folder", &path.display(), &error)
            })?;
        }
        let store = FolderStore::new(path);
        store.open_root()?;
        Ok(Box::new(store))
    }

    fn embedded_url(&self) -> String {
        url::spell(&self.embedded)
    }
}
