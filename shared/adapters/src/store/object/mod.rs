//! A store that is a bucket: Amazon S3 and what speaks as it does, Google Cloud, Azure.
//!
//! An object is one object of the bucket, `<prefix>v1/s/<session>/<save>`. Whether a server
//! honours "only if it is not there" is learnt and used to save a question; nothing depends on it.

mod address;
mod call;
mod failure;
mod http;
mod learnt;
mod open;
mod profile;
mod service;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use convosync_core::{CARD_RANGE, ObjectName, Sealed};
use convosync_engine::ports::{Caps, Listed, Store, StoreError};
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::list::PaginatedListOptions;
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, GetResult, ObjectStore as _, ObjectStoreExt as _, PutMode, PutPayload,
};

use super::folder::LARGEST;
use call::{Calls, answered, sent};
use failure::{Answer, Place};
use learnt::Learnt;
use service::Bucket;

pub(super) use address::{Address, is_object};
pub use open::ObjectStores;

/// Parts that are on their way at once.
const AT_ONCE: usize = 4;

/// Starts of units that are on their way at once: each is small, so what they cost is the wait.
const STARTS_AT_ONCE: usize = 16;

/// Objects up to this size are put a second time to learn what the server does then.
const SMALL: usize = 64 << 10;

/// How long a put waits where the server says that the name is taken and then that it is free:
/// another writer is at it.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// More objects than this are no list of ours: a hundred sessions have some thousands.
const MOST: usize = 4_000_000;

/// A page may be empty where many objects were deleted. More of them in one list are no progress.
const MOST_EMPTY: usize = 500;

/// Holds sealed objects in a bucket.
pub(super) struct ObjectStore {
    bucket: Arc<dyn Bucket>,
    place: Place,
    calls: Calls,
    learnt: Learnt,
}

impl std::fmt::Debug for ObjectStore {
    /// The bucket knows the credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectStore").field("place", &self.place.shown()).finish_non_exhaustive()
    }
}

/// What is under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    Nothing,
    TheSame,
    Another,
}

impl ObjectStore {
    fn path(&self, name: &ObjectName) -> Path {
        Path::from(format!("{}{name}", self.place.address.prefix))
    }

    fn answer(&self, error: object_store::Error) -> Answer {
        self.place.answer(&error)
    }

    async fn put(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        let bytes = object.as_bytes();
        let size = bytes.len() as u64;
        if size > LARGEST {
            return Err(StoreError::TooBig { name: name.clone(), size });
        }
        let path = self.path(name);
        // The one name that two accounts can both want: it is never left to the server alone.
        let is_contested = *name == ObjectName::StoreRecord;
        if is_contested || !self.learnt.refuses_taken_names() {
            match self.there(name, &path, bytes).await? {
                There::Nothing => {}
                There::TheSame => return Ok(()),
                There::Another => return Err(StoreError::Exists(name.clone())),
            }
        }
        self.create(name, &path, bytes).await?;
        if is_contested && !self.learnt.refuses_taken_names() {
            return match self.compare(name, &path, bytes).await? {
                There::TheSame => Ok(()),
                There::Nothing | There::Another => Err(StoreError::Exists(name.clone())),
            };
        }
        self.learn(&path, bytes).await;
        Ok(())
    }

    /// Puts what was not there a moment ago.
    async fn create(&self, name: &ObjectName, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        for pause in PAUSES {
            match self.upload(path, bytes, PutMode::Create).await {
                Ok(()) => return Ok(()),
                Err(Answer::Unknown) => {
                    let done = self.upload(path, bytes, PutMode::Overwrite).await;
                    return done.map_err(|answer| answer.of(name));
                }
                Err(Answer::Taken) => match self.compare(name, path, bytes).await? {
                    There::TheSame => return Ok(()),
                    There::Another => return Err(StoreError::Exists(name.clone())),
                    There::Nothing => tokio::time::sleep(pause).await,
                },
                Err(other) => return Err(other.of(name)),
            }
        }
        Err(StoreError::Unreachable(format!("{}: {name} is being written", self.place.shown())))
    }

    async fn upload(&self, path: &Path, bytes: &[u8], mode: PutMode) -> Result<(), Answer> {
        let payload = PutPayload::from(bytes.to_vec());
        let put = self.bucket.put_opts(path, payload, mode.into());
        match sent(bytes.len() as u64, put).await? {
            Ok(_) => Ok(()),
            Err(error) => Err(self.answer(error)),
        }
    }

    /// Learns once what the server does with a put of a taken name, with the same bytes under the
    /// same name: whatever it does, the object stays what it is.
    async fn learn(&self, path: &Path, bytes: &[u8]) {
        if self.learnt.is_known() || bytes.len() > SMALL {
            return;
        }
        match self.upload(path, bytes, PutMode::Create).await {
            Ok(()) => self.learnt.keep(false),
            Err(Answer::Taken) => self.learnt.keep(true),
            Err(_) => {}
        }
    }

    /// Looks before a put, without fetching what is there if its size says enough.
    async fn there(
        &self,
        name: &ObjectName,
        path: &Path,
        bytes: &[u8],
    ) -> Result<There, StoreError> {
        // Not with HEAD, whose failures come without a word of why.
        match self.fetch(path, Some(GetRange::Bounded(0..1))).await {
            Ok(found) if found.meta.size != bytes.len() as u64 => Ok(There::Another),
            Ok(_) | Err(Answer::Unknown | Answer::BehindTheEnd) => {
                self.compare(name, path, bytes).await
            }
            Err(Answer::Absent) => Ok(There::Nothing),
            Err(other) => Err(other.of(name)),
        }
    }

    async fn compare(
        &self,
        name: &ObjectName,
        path: &Path,
        bytes: &[u8],
    ) -> Result<There, StoreError> {
        let found = match self.fetch(path, None).await {
            Ok(found) => found,
            Err(Answer::Absent) => return Ok(There::Nothing),
            Err(other) => return Err(other.of(name)),
        };
        if found.meta.size != bytes.len() as u64 {
            return Ok(There::Another);
        }
        let there = self.read(name, found, bytes.len() as u64).await?;
        Ok(if there == bytes { There::TheSame } else { There::Another })
    }

    async fn fetch(&self, path: &Path, range: Option<GetRange>) -> Result<GetResult, Answer> {
        let options = GetOptions { range, ..GetOptions::default() };
        answered(self.bucket.get_opts(path, options)).await?.map_err(|error| self.answer(error))
    }

    /// Reads exactly what was promised.
    async fn read(
        &self,
        name: &ObjectName,
        found: GetResult,
        promised: u64,
    ) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        let mut chunks = found.into_stream();
        while let Some(chunk) = answered(chunks.next()).await? {
            let chunk = chunk.map_err(|error| self.answer(error).of(name))?;
            if bytes.len() as u64 + chunk.len() as u64 > promised {
                return Err(self.torn(name));
            }
            bytes.extend_from_slice(&chunk);
        }
        match bytes.len() as u64 == promised {
            true => Ok(bytes),
            false => Err(self.torn(name)),
        }
    }

    fn torn(&self, name: &ObjectName) -> StoreError {
        let why = format!("{}: {name} came with another length than it has", self.place.shown());
        StoreError::Unreachable(why)
    }

    async fn whole(&self, name: &ObjectName) -> Result<Vec<u8>, StoreError> {
        let found = self.fetch(&self.path(name), None).await.map_err(|answer| answer.of(name))?;
        let size = found.meta.size;
        if size > LARGEST {
            return Err(StoreError::TooBig { name: name.clone(), size });
        }
        self.read(name, found, size).await
    }

    async fn range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let path = self.path(name);
        if range.start >= range.end {
            let there = answered(self.bucket.head(&path)).await?;
            return there.map(|_| Vec::new()).map_err(|error| self.answer(error).of(name));
        }
        // Some servers can't count as far as a caller who means "to the end".
        let wanted = match range.end - range.start {
            0..=LARGEST => GetRange::Bounded(range.clone()),
            _ => GetRange::Offset(range.start),
        };
        let found = match self.fetch(&path, Some(wanted)).await {
            Ok(found) => found,
            Err(Answer::BehindTheEnd) => return Ok(Vec::new()),
            Err(Answer::Unknown) => return Ok(cut(&self.whole(name).await?, &range)),
            Err(other) => return Err(other.of(name)),
        };
        let size = found.range.end.saturating_sub(found.range.start);
        if size > LARGEST {
            return Err(StoreError::TooBig { name: name.clone(), size });
        }
        self.read(name, found, size).await
    }

    async fn listed(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let root = &self.place.address.prefix;
        // For Azure what is asked for by its whole name would be a folder, which it leaves out.
        let asked = match prefix.parse::<ObjectName>() {
            Ok(_) => &prefix[..prefix.len() - 1],
            Err(_) => prefix,
        };
        let wanted = format!("{root}{asked}");
        let (mut found, mut token) = (Vec::new(), None);
        let (mut seen, mut empty) = (0, 0);
        loop {
            let options = PaginatedListOptions { page_token: token.clone(), ..Default::default() };
            let page = answered(self.bucket.list_paginated(Some(&wanted), options)).await?;
            let page = page.map_err(|error| self.unlistable(error))?;
            seen += page.result.objects.len();
            empty += usize::from(page.result.objects.is_empty());
            let named = page.result.objects.iter().filter_map(|meta| {
                let name = meta.location.as_ref().strip_prefix(root.as_str())?;
                let name = name.starts_with(prefix).then(|| name.parse().ok())??;
                Some(Listed { name, size: meta.size })
            });
            found.extend(named);
            let before = std::mem::replace(&mut token, page.page_token);
            if token.is_none() {
                break;
            }
            if seen > MOST || empty > MOST_EMPTY || token == before {
                let why = format!("{}: its list has no end", self.place.shown());
                return Err(StoreError::Unreachable(why));
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn unlistable(&self, error: object_store::Error) -> StoreError {
        match self.answer(error) {
            Answer::Failed(error) => error,
            _ => StoreError::Denied(format!("{} can't be listed", self.place.shown())),
        }
    }

    async fn remove(&self, name: &ObjectName) -> Result<(), StoreError> {
        let path = self.path(name);
        match answered(self.bucket.delete(&path)).await?.map_err(|error| self.answer(error)) {
            Ok(()) | Err(Answer::Absent) => Ok(()),
            Err(other) => Err(other.of(name)),
        }
    }

    async fn batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        let is_part = |name: &ObjectName| matches!(name, ObjectName::Part { .. });
        for run in objects.chunk_by(|(a, _), (b, _)| is_part(a) && is_part(b)) {
            let puts = run.iter().map(|(name, object)| self.put(name, object));
            stream::iter(puts).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        }
        Ok(())
    }
}

fn cut(bytes: &[u8], range: &Range<u64>) -> Vec<u8> {
    let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(at(range.start)..at(range.end)).unwrap_or_default().to_vec()
}

impl Store for ObjectStore {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        self.calls.run(self.put(name, object))
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        self.calls.run(self.batch(objects))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        self.calls.run(self.whole(name)).map(Sealed::received)
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.calls.run(self.range(name, range))
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        let starts = names.iter().map(|name| self.range(name, 0..CARD_RANGE));
        let all = stream::iter(starts).buffered(STARTS_AT_ONCE).collect::<Vec<_>>();
        self.calls.run(async { Ok(all.await) }).unwrap_or_else(|error| {
            let why = error.to_string();
            names.iter().map(|_| Err(StoreError::Unreachable(why.clone()))).collect()
        })
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.calls.run(self.listed(prefix))
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.calls.run(self.remove(name))
    }

    fn caps(&self) -> Caps {
        Caps { put_if_absent: self.learnt.refuses_taken_names(), ranges: true }
    }

    fn describe(&self) -> String {
        self.place.shown()
    }
}
