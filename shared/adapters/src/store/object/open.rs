//! Opening a bucket, and trying whether it can be a store.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use convosync_engine::Cancel;
use convosync_engine::ports::StoreError;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutMode};

use super::address::Address;
use super::call::{Calls, answered};
use super::failure::{Answer, Place};
use super::learnt::Learnt;
use super::{ObjectStore, service};
use crate::durable;

/// What object stores need of their surroundings.
#[derive(Clone)]
pub struct ObjectStores {
    env: BTreeMap<String, String>,
    cancel: Cancel,
    folder: PathBuf,
}

impl fmt::Debug for ObjectStores {
    /// The environment holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStores").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl ObjectStores {
    /// Credentials, servers and proxies come from `env` and the files that it names. What is
    /// learnt of servers is kept below `folder`, which is absolute and can be removed at any time.
    #[must_use]
    pub fn new(env: BTreeMap<String, String>, cancel: Cancel, folder: PathBuf) -> Self {
        Self { env, cancel, folder }
    }

    /// Opens a store. `create`: an object is put, read, listed and removed to learn whether that
    /// is allowed. Else nobody is asked. A bucket is never made: whose it is and where it lies is
    /// the user's to say.
    pub(in crate::store) fn open(
        &self,
        address: &Address,
        create: bool,
    ) -> Result<ObjectStore, StoreError> {
        let unknown = Place { address: address.clone(), endpoint: None };
        let reached = service::reach(address, &self.env).map_err(|unset| unknown.unset(unset))?;
        let place = Place { endpoint: reached.endpoint, ..unknown };
        let learnt = Learnt::of(&self.folder, &place.shown());
        let calls = Calls::new(self.cancel.clone())?;
        let store = ObjectStore { bucket: reached.bucket, place, calls, learnt };
        if create {
            store.calls.run(store.probe())?;
        }
        Ok(store)
    }
}

impl ObjectStore {
    /// Does once all that a store has to do, with an object that nobody else knows.
    async fn probe(&self) -> Result<(), StoreError> {
        // What is not there is asked for first: who may not read learns it before anything is put.
        self.listed("v1/store").await?;
        let letters = durable::random_letters()
            .map_err(|error| StoreError::Unreachable(format!("no random numbers: {error}")))?;
        let path = Path::from(format!("{}convosync-probe-{letters}", self.place.address.prefix));
        let tried = self.try_out(&path, letters.as_bytes()).await;
        let removed = answered(self.bucket.delete(&path)).await?;
        tried?;
        match removed.map_err(|error| self.place.answer(&error)) {
            Ok(()) => Ok(()),
            Err(answer) => Err(self.unfit("it keeps what should be removed", answer)),
        }
    }

    async fn try_out(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let first = match self.upload(path, bytes, PutMode::Create).await {
            Err(Answer::Unknown) => self.upload(path, bytes, PutMode::Overwrite).await,
            other => other,
        };
        first.map_err(|answer| self.unfit("it takes nothing", answer))?;
        self.learn(path, bytes).await;
        let found = self.fetch(path, None).await;
        let found = found.map_err(|answer| self.unfit("it does not give back", answer))?;
        let there = answered(found.bytes()).await?;
        let there = there.map_err(|error| self.unlistable(error))?;
        match there == bytes {
            true => Ok(()),
            false => Err(StoreError::Denied(format!(
                "{} can't be a store: it gives back other bytes than were put",
                self.place.shown()
            ))),
        }
    }

    fn unfit(&self, what: &str, answer: Answer) -> StoreError {
        match answer {
            Answer::Failed(error) => error,
            other => StoreError::Denied(format!(
                "{} can't be a store: {what} ({other:?})",
                self.place.shown()
            )),
        }
    }
}
