//! The stores and the index that tests use keep the promises that real ones keep.

#![allow(clippy::unwrap_used, reason = "as in the functions of tests")]

mod index_contract;
mod store_contract;

mod index {
    use convosync_engine::ports::Index;
    use convosync_engine::testing::{MemoryIndex, Steps};

    fn fresh() -> ((), impl Fn() -> Box<dyn Index>) {
        let index = MemoryIndex::default();
        ((), move || Box::new(index.open(Steps::default())) as Box<dyn Index>)
    }

    crate::index_contract::index_contract!(fresh);
}

mod memory {
    use convosync_engine::ports::Store;
    use convosync_engine::testing::MemoryStore;

    fn fresh() -> ((), impl Fn() -> Box<dyn Store>) {
        let store = MemoryStore::default();
        ((), move || Box::new(store.clone()) as Box<dyn Store>)
    }

    crate::store_contract::store_contract!(fresh);
}

mod faulty_without_a_fault {
    use convosync_engine::ports::Store;
    use convosync_engine::testing::{FaultyStore, MemoryStore};

    fn fresh() -> ((), impl Fn() -> Box<dyn Store>) {
        let store = FaultyStore::new(MemoryStore::default());
        ((), move || Box::new(store.clone()) as Box<dyn Store>)
    }

    crate::store_contract::store_contract!(fresh);
}

/// Calls fail before and after their effect, and take their time: whoever tries again gets what the
/// contract says.
mod faulty_and_tried_again {
    use std::ops::Range;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use convosync_core::{ObjectName, Sealed};
    use convosync_engine::ports::{Caps, Listed, Store, StoreError, starts_one_by_one};
    use convosync_engine::testing::{Call, Fault, FaultyStore, MemoryStore, Refusal};

    #[derive(Clone)]
    struct Patient {
        store: FaultyStore<MemoryStore>,
        calls: Arc<AtomicUsize>,
    }

    impl Patient {
        fn again<T>(
            &self,
            call: Call,
            act: impl Fn() -> Result<T, StoreError>,
        ) -> Result<T, StoreError> {
            loop {
                match self.calls.fetch_add(1, Ordering::Relaxed) % 7 {
                    1 => self.store.fail_next(call, Fault::Before(Refusal::Unreachable)),
                    3 => self.store.fail_next(call, Fault::LostAnswer),
                    5 => self.store.fail_next(call, Fault::Slow(Duration::from_millis(1))),
                    _ => {}
                }
                match act() {
                    Err(StoreError::Unreachable(_)) => {}
                    other => return other,
                }
            }
        }
    }

    impl Store for Patient {
        fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
            self.again(Call::Put, || self.store.put_new(name, object))
        }

        fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
            self.again(Call::Put, || self.store.put_batch(objects))
        }

        fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
            self.again(Call::Get, || self.store.get(name))
        }

        fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
            self.again(Call::Get, || self.store.get_range(name, range.clone()))
        }

        fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
            starts_one_by_one(self, names)
        }

        fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
            self.again(Call::List, || self.store.list(prefix))
        }

        fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
            self.again(Call::Delete, || self.store.delete(name))
        }

        fn caps(&self) -> Caps {
            self.store.caps()
        }

        fn describe(&self) -> String {
            self.store.describe()
        }
    }

    fn fresh() -> ((), impl Fn() -> Box<dyn Store>) {
        let store = FaultyStore::new(MemoryStore::default());
        let store = Patient { store, calls: Arc::default() };
        ((), move || Box::new(store.clone()) as Box<dyn Store>)
    }

    crate::store_contract::store_contract!(fresh);
}
