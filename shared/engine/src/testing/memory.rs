//! A store in memory, and an opener that hands out stores by URL.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use convosync_core::{ObjectName, Sealed};

use crate::ports::{Caps, Listed, Store, StoreError, Stores, starts_one_by_one};

type Objects = BTreeMap<ObjectName, Vec<u8>>;

/// A store in memory. Clones hold the same objects.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    objects: Arc<Mutex<Objects>>,
}

impl MemoryStore {
    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets an object whatever is there: what no store may do and a hostile one does.
    pub fn overwrite(&self, name: &ObjectName, bytes: Vec<u8>) {
        self.objects().insert(name.clone(), bytes);
    }

    /// Every object by name, for comparing before and after.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<ObjectName, Vec<u8>> {
        self.objects().clone()
    }
}

/// A range of bytes, cut at their end.
pub(super) fn cut(bytes: &[u8], range: Range<u64>) -> Vec<u8> {
    let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(at(range.start)..at(range.end)).unwrap_or_default().to_vec()
}

impl Store for MemoryStore {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        let mut objects = self.objects();
        let there = objects.entry(name.clone()).or_insert_with(|| object.as_bytes().to_vec());
        if there == object.as_bytes() { Ok(()) } else { Err(StoreError::Exists(name.clone())) }
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(name, object)| self.put_new(name, object))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        let bytes = self.objects().get(name).cloned();
        bytes.map(Sealed::received).ok_or_else(|| StoreError::Missing(name.clone()))
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let objects = self.objects();
        let bytes = objects.get(name).ok_or_else(|| StoreError::Missing(name.clone()))?;
        Ok(cut(bytes, range))
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let objects = self.objects();
        let wanted = objects.iter().filter(|(name, _)| name.to_string().starts_with(prefix));
        Ok(wanted
            .map(|(name, bytes)| Listed { name: name.clone(), size: bytes.len() as u64 })
            .collect())
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.objects().remove(name);
        Ok(())
    }

    fn caps(&self) -> Caps {
        Caps { put_if_absent: true, ranges: true }
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}

/// Opens stores that a test has put under a URL. A URL is taken as it is, without a trailing `/`.
#[derive(Clone, Default)]
pub struct TestStores {
    stores: Arc<Mutex<BTreeMap<String, Shared>>>,
}

impl TestStores {
    /// The URL of the embedded store, which is made when it is first opened.
    pub const EMBEDDED: &'static str = "memory:embedded";

    /// Puts a store under a URL.
    pub fn insert(&self, url: &str, store: impl Store + 'static) {
        self.stores().insert(url.to_owned(), Shared(Arc::new(store)));
    }

    fn stores(&self) -> MutexGuard<'_, BTreeMap<String, Shared>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stores for TestStores {
    fn normalise(&self, url: &str) -> Result<String, StoreError> {
        if url.starts_with("memory:") {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        Err(StoreError::BadUrl { url: url.to_owned(), reason: "not `memory:…`".to_owned() })
    }

    fn open(&self, url: &str, create: bool) -> Result<Box<dyn Store>, StoreError> {
        let url = self.normalise(url)?;
        if create && !self.stores().contains_key(&url) {
            self.insert(&url, MemoryStore::default());
        }
        let store = self.stores().get(&url).cloned();
        store
            .map(|store| Box::new(store) as Box<dyn Store>)
            .ok_or_else(|| StoreError::Unreachable(format!("{url} is not there")))
    }

    fn embedded_url(&self) -> String {
        Self::EMBEDDED.to_owned()
    }
}

/// The same store for everyone who opens its URL.
#[derive(Clone)]
struct Shared(Arc<dyn Store>);

impl Store for Shared {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        self.0.put_new(name, object)
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        self.0.put_batch(objects)
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        self.0.get(name)
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.0.get_range(name, range)
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.0.list(prefix)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.0.delete(name)
    }

    fn caps(&self) -> Caps {
        self.0.caps()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}
