//! The stores that tests use keep the promises that real stores keep.

mod store_contract;

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
