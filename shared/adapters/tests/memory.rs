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
