//! The steps of a device's work: each call that has an effect, and each call of a store. A test
//! lets the device die before one of them, or lets others go first.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use convosync_core::{ObjectName, Sealed};

use crate::ports::{Caps, Listed, Store, StoreError, starts_one_by_one};

/// What a device unwinds with when it dies: nothing runs any more but what the system itself
/// tidies up, its locks.
struct Died;

/// What happens before a step.
pub type Event = Box<dyn FnOnce()>;

struct Plan {
    taken: u64,
    death: Option<u64>,
    events: Vec<(u64, Event)>,
}

thread_local! {
    /// The plans of the devices that are at work. Stores may be sent between threads, and events
    /// may not, so they are not kept in the stores.
    static PLANS: RefCell<BTreeMap<u64, Plan>> = const { RefCell::new(BTreeMap::new()) };
}

/// Counts the steps of one device, on one thread. Copies count together.
#[derive(Debug, Clone, Copy)]
pub struct Steps(u64);

impl Default for Steps {
    fn default() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        Self(MADE.fetch_add(1, Ordering::Relaxed))
    }
}

impl Steps {
    /// Takes a step, unless the device dies before it.
    pub fn take(self) {
        let planned = PLANS.with_borrow_mut(|plans| {
            let plan = plans.get_mut(&self.0)?;
            let number = plan.taken;
            plan.taken += 1;
            let events: Vec<_> = plan.events.extract_if(.., |(at, _)| *at == number).collect();
            Some((events, plan.death == Some(number)))
        });
        let Some((events, dies)) = planned else { return };
        for (_, event) in events {
            event();
        }
        if dies {
            resume_unwind(Box::new(Died));
        }
    }

    /// Lets work be done by a device that dies before its step `death`, if it gets so far; before
    /// the step of each event that event happens. Steps are counted from 0.
    ///
    /// An event may be work of the same device: another process of it, with steps of its own.
    ///
    /// `None`: it died.
    pub fn live<T>(
        self,
        death: Option<u64>,
        events: Vec<(u64, Event)>,
        work: impl FnOnce() -> T,
    ) -> Option<T> {
        let plan = Plan { taken: 0, death, events };
        let outer = PLANS.with_borrow_mut(|plans| plans.insert(self.0, plan));
        let ended = catch_unwind(AssertUnwindSafe(work));
        PLANS.with_borrow_mut(|plans| match outer {
            Some(outer) => plans.insert(self.0, outer),
            None => plans.remove(&self.0),
        });
        match ended {
            Ok(done) => Some(done),
            Err(cause) if cause.is::<Died>() => None,
            Err(fault) => resume_unwind(fault),
        }
    }
}

/// A store each of whose calls is a step.
#[derive(Clone)]
pub struct Stepped<S> {
    inner: S,
    steps: Steps,
}

impl<S: Store> Stepped<S> {
    /// Wraps a store.
    #[must_use]
    pub fn new(inner: S, steps: Steps) -> Self {
        Self { inner, steps }
    }
}

impl<S: Store> Store for Stepped<S> {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        self.steps.take();
        self.inner.put_new(name, object)
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(name, object)| self.put_new(name, object))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        self.steps.take();
        self.inner.get(name)
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        self.steps.take();
        self.inner.get_range(name, range)
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.steps.take();
        self.inner.list(prefix)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.steps.take();
        self.inner.delete(name)
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::testing::MemoryStore;

    fn name(seq: u32) -> ObjectName {
        format!("v1/s/session-abcdefgh/00000001-abcdefgh-{seq}-22223333").parse().unwrap()
    }

    fn put_three(store: &dyn Store) {
        for seq in 1..=3 {
            store.put_new(&name(seq), &Sealed::received(vec![1])).unwrap();
        }
    }

    #[test]
    fn the_dead_do_nothing_any_more_and_live_again() {
        let (inner, steps) = (MemoryStore::default(), Steps::default());
        let store = Stepped::new(inner.clone(), steps);
        assert!(steps.live(Some(2), Vec::new(), || put_three(&store)).is_none());
        assert_eq!(inner.contents().len(), 2);
        assert!(steps.live(Some(3), Vec::new(), || put_three(&store)).is_some());
        assert_eq!(inner.contents().len(), 3);
    }

    #[test]
    fn others_go_first_where_they_are_let() {
        let (inner, steps) = (MemoryStore::default(), Steps::default());
        let store = Stepped::new(inner.clone(), steps);
        let seen = Rc::new(Cell::new(0));
        let event = {
            let seen = Rc::clone(&seen);
            Box::new(move || seen.set(inner.contents().len())) as Event
        };
        steps.live(None, vec![(2, event)], || put_three(&store)).unwrap();
        assert_eq!(seen.get(), 2);
    }

    #[test]
    fn another_process_of_the_device_dies_alone() {
        let (inner, steps) = (MemoryStore::default(), Steps::default());
        let store = Stepped::new(inner.clone(), steps);
        let other = {
            let store = store.clone();
            Box::new(move || {
                assert!(steps.live(Some(1), Vec::new(), || put_three(&store)).is_none())
            })
        };
        assert!(steps.live(Some(9), vec![(0, other)], || put_three(&store)).is_some());
        assert_eq!(inner.contents().len(), 3);
    }
}
