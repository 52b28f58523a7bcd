//! A network on which requests and answers are lost: whoever tries again gets what the contract
//! says, and nothing is there twice, lost or mixed.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use convosync_core::{ObjectName, Sealed};
use convosync_engine::ports::{Caps, Listed, Store, StoreError, starts_one_by_one};

use crate::server::{Asked, Fate, Server, served};

/// Every third request meets a fault, another one each time; the bytes of a unit's own put are
/// what most of them are about.
pub(crate) fn bad_network() -> (Arc<Server>, impl Fn() -> Box<dyn Store>) {
    let (server, open) = served(|asked: &Asked, number| match number % 9 {
        2 => Fate::Lost,
        5 => Fate::Unanswered,
        8 if asked.method == "GET" => Fate::Torn,
        8 => Fate::Says("503 Slow Down".to_owned(), Vec::new(), String::new()),
        _ => Fate::Done,
    });
    (server, move || Box::new(Patient(open())) as Box<dyn Store>)
}

/// Tries again what is said not to be reachable, as `sync` does.
struct Patient(Box<dyn Store>);

fn patiently<T>(act: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut answer = act();
    for _ in 0..20 {
        match answer {
            Err(StoreError::Unreachable(_)) => answer = act(),
            other => return other,
        }
    }
    answer
}

impl Store for Patient {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        patiently(|| self.0.put_new(name, object))
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        patiently(|| self.0.put_batch(objects))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        patiently(|| self.0.get(name))
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        patiently(|| self.0.get_range(name, range.clone()))
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        patiently(|| self.0.list(prefix))
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        patiently(|| self.0.delete(name))
    }

    fn caps(&self) -> Caps {
        self.0.caps()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

#[test]
fn a_put_whose_answer_is_lost_is_found_to_have_been_done() {
    let puts = AtomicUsize::new(0);
    let (_server, open) = served(move |asked, _| {
        let is_put = asked.method == "PUT";
        match is_put && puts.fetch_add(1, Ordering::Relaxed) == 0 {
            true => Fate::Unanswered,
            false => Fate::Done,
        }
    });
    let name = crate::store_contract::unit("aaaaaaaa", 1, 1);
    let object = crate::store_contract::sealed(b"object");
    let store = open();
    // The first try tells nothing, and what is tried next finds its own bytes there.
    store.put_new(&name, &object).unwrap();
    assert_eq!(store.get(&name).unwrap(), object);
    let other = store.put_new(&name, &crate::store_contract::sealed(b"other"));
    assert!(matches!(other, Err(StoreError::Exists(_))), "{other:?}");
}
