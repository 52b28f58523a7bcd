//! Opening a bucket.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use convosync_engine::Cancel;
use convosync_engine::ports::StoreError;

use super::address::Address;
use super::call::Calls;
use super::failure::Place;
use super::learnt::Learnt;
use super::{ObjectStore, service};

/// A prefix that has hardly any object.
const FEW: &str = "v1/store";

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

    /// Opens a store. `create`: its bucket is listed to learn whether it is there and who may. Else
    /// nobody is asked. A bucket is never made: whose it is and where it lies is the user's to say.
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
            store.calls.run(store.listed(FEW))?;
        }
        Ok(store)
    }
}
