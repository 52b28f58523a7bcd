//! Opens stores by URL.

use std::path::PathBuf;

use convosync_engine::ports::{Store, StoreError, Stores};

use super::folder::FolderStore;
use super::url;
use crate::durable;

/// Opens the stores that this build knows: folders.
#[derive(Debug, Clone)]
pub struct StoreOpener {
    home: Option<PathBuf>,
    embedded: PathBuf,
}

impl StoreOpener {
    /// `home` stands for `~` in a URL; `embedded` is the absolute path of the store that is used
    /// before `init`.
    #[must_use]
    pub fn new(home: Option<PathBuf>, embedded: PathBuf) -> Self {
        Self { home, embedded }
    }
}

impl Stores for StoreOpener {
    fn normalise(&self, url: &str) -> Result<String, StoreError> {
        Ok(url::spell(&url::folder(url, self.home.as_deref())?))
    }

    fn open(&self, url: &str, create: bool) -> Result<Box<dyn Store>, StoreError> {
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
