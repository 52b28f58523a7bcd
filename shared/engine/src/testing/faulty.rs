//! A store that fails when told to: before the effect, after it, or by telling less than it has.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use convosync_core::{ObjectName, Sealed};

use super::memory::cut;
use crate::ports::{Caps, Listed, Store, StoreError, starts_one_by_one};

/// What was asked of a store. Each object of a batch counts as one put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `put_new`.
    Put,
    /// `get` or `get_range`.
    Get,
    /// `list`.
    List,
    /// `delete`.
    Delete,
}

/// How a store says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// [`StoreError::Unreachable`].
    Unreachable,
    /// [`StoreError::Denied`].
    Denied,
    /// [`StoreError::Full`].
    Full,
}

impl Refusal {
    fn error(self) -> StoreError {
        let why = "a fault for a test".to_owned();
        match self {
            Self::Unreachable => StoreError::Unreachable(why),
            Self::Denied => StoreError::Denied(why),
            Self::Full => StoreError::Full(why),
        }
    }
}

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done.
    Before(Refusal),
    /// It is done, but the answer is lost: the caller sees [`StoreError::Unreachable`].
    LostAnswer,
    /// A list that lacks the newest so many objects that were put through this wrapper.
    Stale(usize),
    /// A get whose middle byte is flipped.
    Damaged,
    /// A get that ends after so many bytes, without a word.
    Short(usize),
    /// It is done after this time.
    Slow(Duration),
    /// A put that everyone else sees only after so many further calls of who put it: as in a folder
    /// that is carried from machine to machine, what is put after it is seen before it.
    Late(usize),
}

#[derive(Default)]
struct Plan {
    offline: bool,
    /// Faults of the next calls of a kind.
    next: BTreeMap<Call, VecDeque<Fault>>,
    /// Faults by number of the call, counted over all kinds.
    at: BTreeMap<usize, Fault>,
    calls: Vec<(Call, Option<ObjectName>)>,
    arrived: Vec<ObjectName>,
    /// Objects on their way, with the number of the call that finds them there.
    late: Vec<(usize, ObjectName, Sealed)>,
}

/// Wraps a store and lets its calls fail. Clones share the store and the plan, so a test keeps
/// one while the engine owns another.
pub struct FaultyStore<S> {
    inner: Arc<S>,
    plan: Arc<Mutex<Plan>>,
}

impl<S> Clone for FaultyStore<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), plan: Arc::clone(&self.plan) }
    }
}

impl<S: Store> FaultyStore<S> {
    /// Wraps a store. Nothing fails yet.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self { inner: Arc::new(inner), plan: Arc::default() }
    }

    /// The store behind, whose calls do not fail.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Lets the next call of a kind fail; called again, the one after it too.
    pub fn fail_next(&self, call: Call, fault: Fault) {
        self.plan().next.entry(call).or_default().push_back(fault);
    }

    /// Lets the call of that number fail, counted from 0 over all calls since this store was
    /// made. With a loop over the numbers a test fails every step of a use case once.
    pub fn fail_at(&self, number: usize, fault: Fault) {
        self.plan().at.insert(number, fault);
    }

    /// Lets every call fail before it has an effect, until switched off.
    pub fn set_offline(&self, offline: bool) {
        self.plan().offline = offline;
    }

    /// Forgets the faults that have not come to pass.
    pub fn calm(&self) {
        let mut plan = self.plan();
        plan.next.clear();
        plan.at.clear();
    }

    /// Every call so far, with the object it named.
    #[must_use]
    pub fn calls(&self) -> Vec<(Call, Option<ObjectName>)> {
        self.plan().calls.clone()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets all that is late arrive.
    pub fn settle(&self) {
        self.arrive(|_| true);
    }

    fn arrive(&self, is_due: impl Fn(usize) -> bool) {
        let mut plan = self.plan();
        let (due, late) = std::mem::take(&mut plan.late).into_iter().partition(|o| is_due(o.0));
        plan.late = late;
        drop(plan);
        let due: Vec<(usize, ObjectName, Sealed)> = due;
        for (_, name, object) in due {
            if self.inner.put_new(&name, &object).is_ok() {
                self.plan().arrived.push(name);
            }
        }
    }

    /// An object that only who put it sees so far.
    fn late(&self, name: &ObjectName) -> Option<Sealed> {
        let plan = self.plan();
        plan.late.iter().find(|(_, late, _)| late == name).map(|(.., object)| object.clone())
    }

    /// Notes a call and takes its fault.
    fn begin(&self, call: Call, name: Option<&ObjectName>) -> Result<Option<Fault>, StoreError> {
        let fault = self.note(call, name)?;
        match fault {
            Some(Fault::Before(refusal)) => Err(refusal.error()),
            Some(Fault::Slow(time)) => {
                std::thread::sleep(time);
                Ok(fault)
            }
            fault => Ok(fault),
        }
    }

    fn note(&self, call: Call, name: Option<&ObjectName>) -> Result<Option<Fault>, StoreError> {
        let mut plan = self.plan();
        let number = plan.calls.len();
        plan.calls.push((call, name.cloned()));
        let numbered = plan.at.remove(&number);
        let fault = numbered.or_else(|| plan.next.get_mut(&call)?.pop_front());
        let offline = plan.offline;
        drop(plan);
        if offline {
            return Err(Refusal::Unreachable.error());
        }
        self.arrive(|due| due <= number);
        Ok(fault)
    }
}

/// Loses the answer, if that is the fault.
fn answered<T>(fault: Option<Fault>, done: Result<T, StoreError>) -> Result<T, StoreError> {
    match fault {
        Some(Fault::LostAnswer) => done.and_then(|_| Err(Refusal::Unreachable.error())),
        _ => done,
    }
}

fn damaged(fault: Option<Fault>, mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(Fault::Short(len)) = fault {
        bytes.truncate(len);
    }
    let middle = bytes.len() / 2;
    if let (Some(Fault::Damaged), Some(byte)) = (fault, bytes.get_mut(middle)) {
        *byte ^= 1;
    }
    bytes
}

fn listed(name: &ObjectName, object: &Sealed) -> Listed {
    Listed { name: name.clone(), size: object.as_bytes().len() as u64 }
}

/// Adds what is not listed yet, in order.
fn add(found: &mut Vec<Listed>, late: Vec<Listed>, prefix: &str) {
    found.extend(late.into_iter().filter(|late| late.name.to_string().starts_with(prefix)));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
}

impl<S: Store> Store for FaultyStore<S> {
    fn put_new(&self, name: &ObjectName, object: &Sealed) -> Result<(), StoreError> {
        let fault = self.begin(Call::Put, Some(name))?;
        if let Some(late) = self.late(name) {
            let same = late == *object;
            return if same { Ok(()) } else { Err(StoreError::Exists(name.clone())) };
        }
        if let Some(Fault::Late(calls)) = fault {
            let mut plan = self.plan();
            let due = plan.calls.len() + calls;
            plan.late.push((due, name.clone(), object.clone()));
            return Ok(());
        }
        let done = self.inner.put_new(name, object);
        if done.is_ok() {
            self.plan().arrived.push(name.clone());
        }
        answered(fault, done)
    }

    fn put_batch(&self, objects: &[(ObjectName, Sealed)]) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(name, object)| self.put_new(name, object))
    }

    fn get(&self, name: &ObjectName) -> Result<Sealed, StoreError> {
        let fault = self.begin(Call::Get, Some(name))?;
        let found = self.late(name).map_or_else(|| self.inner.get(name), Ok);
        let object = answered(fault, found)?;
        Ok(Sealed::received(damaged(fault, object.into_bytes())))
    }

    fn get_range(&self, name: &ObjectName, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let fault = self.begin(Call::Get, Some(name))?;
        let found = match self.late(name) {
            Some(object) => Ok(cut(object.as_bytes(), range)),
            None => self.inner.get_range(name, range),
        };
        Ok(damaged(fault, answered(fault, found)?))
    }

    fn get_starts(&self, names: &[ObjectName]) -> Vec<Result<Vec<u8>, StoreError>> {
        starts_one_by_one(self, names)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let fault = self.begin(Call::List, None)?;
        let mut found = answered(fault, self.inner.list(prefix))?;
        let late = self.plan().late.iter().map(|(_, name, object)| listed(name, object)).collect();
        add(&mut found, late, prefix);
        if let Some(Fault::Stale(newest)) = fault {
            let plan = self.plan();
            let hidden: Vec<_> = plan.arrived.iter().rev().take(newest).collect();
            found.retain(|listed| !hidden.contains(&&listed.name));
        }
        Ok(found)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        let fault = self.begin(Call::Delete, Some(name))?;
        self.plan().late.retain(|(_, late, _)| late != name);
        answered(fault, self.inner.delete(name))
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
    use super::*;
    use crate::testing::MemoryStore;

    fn name() -> ObjectName {
        "v1/s/session-abcdefgh/00000001-abcdefgh-1-22223333".parse().unwrap()
    }

    fn object() -> Sealed {
        Sealed::received(b"object".to_vec())
    }

    #[test]
    fn a_fault_before_the_effect_leaves_nothing_and_holds_once() {
        let store = FaultyStore::new(MemoryStore::default());
        store.fail_next(Call::Put, Fault::Before(Refusal::Full));
        assert!(matches!(store.put_new(&name(), &object()), Err(StoreError::Full(_))));
        assert!(store.inner().contents().is_empty());
        store.put_new(&name(), &object()).unwrap();
    }

    #[test]
    fn a_lost_answer_has_had_its_effect() {
        let store = FaultyStore::new(MemoryStore::default());
        store.fail_at(0, Fault::LostAnswer);
        assert!(matches!(store.put_new(&name(), &object()), Err(StoreError::Unreachable(_))));
        assert_eq!(store.get(&name()).unwrap(), object());
        assert_eq!(store.calls().len(), 2);
    }

    #[test]
    fn a_stale_list_lacks_the_newest() {
        let store = FaultyStore::new(MemoryStore::default());
        store.put_new(&name(), &object()).unwrap();
        store.fail_next(Call::List, Fault::Stale(1));
        assert!(store.list("").unwrap().is_empty());
        assert_eq!(store.list("").unwrap().len(), 1);
    }

    #[test]
    fn a_damaged_get_differs_and_the_store_does_not() {
        let store = FaultyStore::new(MemoryStore::default());
        store.put_new(&name(), &object()).unwrap();
        store.fail_next(Call::Get, Fault::Damaged);
        assert_ne!(store.get(&name()).unwrap(), object());
        assert_eq!(store.get(&name()).unwrap(), object());
    }

    #[test]
    fn a_short_get_lacks_the_end() {
        let store = FaultyStore::new(MemoryStore::default());
        store.put_new(&name(), &object()).unwrap();
        store.fail_next(Call::Get, Fault::Short(3));
        assert_eq!(store.get(&name()).unwrap().as_bytes(), b"obj");
        assert_eq!(store.get(&name()).unwrap(), object());
    }

    #[test]
    fn a_late_put_is_seen_by_others_after_a_later_one_and_at_once_by_who_put_it() {
        let store = FaultyStore::new(MemoryStore::default());
        let later: ObjectName =
            "v1/s/session-abcdefgh/00000001-abcdefgh-2-22223333".parse().unwrap();
        store.fail_next(Call::Put, Fault::Late(1));
        store.put_new(&name(), &object()).unwrap();
        store.put_new(&later, &object()).unwrap();
        let names = |store: &dyn Store| {
            store.list("").unwrap().into_iter().map(|listed| listed.name).collect::<Vec<_>>()
        };
        assert_eq!(names(store.inner()), std::slice::from_ref(&later));
        assert_eq!(names(&store), [name(), later.clone()]);
        assert_eq!(names(store.inner()), [name(), later]);
    }

    #[test]
    fn what_is_late_arrives_in_the_end_unless_it_is_deleted_before() {
        let store = FaultyStore::new(MemoryStore::default());
        for stays in [true, false] {
            store.fail_next(Call::Put, Fault::Late(99));
            store.put_new(&name(), &object()).unwrap();
            assert!(matches!(store.inner().get(&name()), Err(StoreError::Missing(_))));
            assert_eq!(store.get(&name()).unwrap(), object());
            if !stays {
                store.delete(&name()).unwrap();
            }
            store.settle();
            assert_eq!(store.inner().get(&name()).is_ok(), stays);
            store.delete(&name()).unwrap();
        }
    }

    #[test]
    fn offline_is_for_every_call_and_every_clone() {
        let store = FaultyStore::new(MemoryStore::default());
        store.clone().set_offline(true);
        assert!(store.list("").is_err() && store.delete(&name()).is_err());
        store.set_offline(false);
        assert!(store.list("").is_ok());
    }
}
