//! An index in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use convosync_core::{SaveId, Sealed, SessionId};

use super::Steps;
use crate::ports::{Index, IndexChange, LaterCards, LocalError, QueueRow, StoredCard, Table};

#[derive(Clone, Default)]
struct Rows {
    /// Whether anything was ever applied.
    filled: bool,
    /// Each with its place in the order in which they were put.
    cards: BTreeMap<(SessionId, SaveId), (u64, StoredCard)>,
    queue: Vec<QueueRow>,
    values: BTreeMap<(u8, String), Sealed>,
}

/// An index in memory, as one process has it open. What it holds outlives the handle.
pub struct MemoryIndex {
    rows: Rc<RefCell<Rows>>,
    is_new: bool,
    steps: Steps,
}

impl Default for MemoryIndex {
    fn default() -> Self {
        Self { rows: Rc::default(), is_new: true, steps: Steps::default() }
    }
}

impl MemoryIndex {
    /// Opens the same index as another process does; each change of it is a step.
    #[must_use]
    pub fn open(&self, steps: Steps) -> Self {
        let is_new = !self.rows.borrow().filled;
        Self { rows: Rc::clone(&self.rows), is_new, steps }
    }

    /// Loses all that it holds.
    pub fn lose(&self) {
        *self.rows.borrow_mut() = Rows::default();
    }

    /// Every sealed value and card, for looking at their bytes.
    #[must_use]
    pub fn contents(&self) -> Vec<Sealed> {
        let rows = self.rows.borrow();
        let cards = rows.cards.values().map(|(_, stored)| stored.card.clone());
        cards.chain(rows.values.values().cloned()).collect()
    }
}

fn number(table: Table) -> u8 {
    table as u8
}

impl Rows {
    fn change(&mut self, change: &IndexChange) {
        match change {
            IndexChange::PutCard(stored) => {
                let key = (stored.session.clone(), stored.save.clone());
                self.cards.remove(&key);
                // As SQLite does: the greatest place is given anew once it is free.
                let last = self.cards.values().map(|(place, _)| *place).max().unwrap_or(0);
                self.cards.insert(key, (last + 1, stored.clone()));
            }
            IndexChange::DropCard(session, save) => {
                self.cards.remove(&(session.clone(), save.clone()));
            }
            IndexChange::Enqueue(row) => {
                if !self.queue.iter().any(|queued| queued.save == row.save) {
                    self.queue.push(row.clone());
                }
            }
            IndexChange::Attempted { save, error, retry_ms } => {
                for row in self.queue.iter_mut().filter(|row| row.save == *save) {
                    row.attempts += 1;
                    row.error = Some(error.clone());
                    row.retry_ms = *retry_ms;
                }
            }
            IndexChange::Dequeue(save) => self.queue.retain(|row| row.save != *save),
            IndexChange::Put(table, key, value) => {
                self.values.insert((number(*table), key.clone()), value.clone());
            }
            IndexChange::Replace { table, key, was, value } => {
                let key = (number(*table), key.clone());
                let bytes = |sealed: &Sealed| sealed.as_bytes().to_vec();
                if self.values.get(&key).map(bytes) == was.as_ref().map(bytes) {
                    self.values.insert(key, value.clone());
                }
            }
            IndexChange::Remove(table, key) => {
                self.values.remove(&(number(*table), key.clone()));
            }
        }
    }
}

impl Index for MemoryIndex {
    fn apply(&self, changes: &[IndexChange]) -> Result<(), LocalError> {
        self.steps.take();
        let mut rows = self.rows.borrow_mut();
        rows.filled = true;
        changes.iter().for_each(|change| rows.change(change));
        Ok(())
    }

    fn cards(&self) -> Result<Vec<StoredCard>, LocalError> {
        Ok(self.rows.borrow().cards.values().map(|(_, stored)| stored.clone()).collect())
    }

    fn cards_after(&self, mark: u64) -> Result<LaterCards, LocalError> {
        let rows = self.rows.borrow();
        let mut placed: Vec<_> = rows.cards.values().collect();
        placed.sort_by_key(|(place, _)| *place);
        let at_mark = placed.iter().find(|(place, _)| *place == mark);
        let at_mark = at_mark.map(|(_, stored)| (stored.session.clone(), stored.save.clone()));
        let total = placed.len() as u64;
        placed.retain(|(place, _)| *place > mark);
        let mark = placed.last().map_or(mark, |(place, _)| *place);
        let cards = placed.into_iter().map(|(_, stored)| stored.clone()).collect();
        Ok(LaterCards { cards, mark, total, at_mark })
    }

    fn card(&self, session: &SessionId, save: &SaveId) -> Result<Option<StoredCard>, LocalError> {
        let key = (session.clone(), save.clone());
        Ok(self.rows.borrow().cards.get(&key).map(|(_, stored)| stored.clone()))
    }

    fn queue(&self) -> Result<Vec<QueueRow>, LocalError> {
        Ok(self.rows.borrow().queue.clone())
    }

    fn get(&self, table: Table, key: &str) -> Result<Option<Sealed>, LocalError> {
        Ok(self.rows.borrow().values.get(&(number(table), key.to_owned())).cloned())
    }

    fn all(&self, table: Table) -> Result<Vec<(String, Sealed)>, LocalError> {
        let rows = self.rows.borrow();
        let values = rows.values.iter().filter(|((of, _), _)| *of == number(table));
        Ok(values.map(|((_, key), value)| (key.clone(), value.clone())).collect())
    }

    fn is_new(&self) -> bool {
        self.is_new
    }
}
