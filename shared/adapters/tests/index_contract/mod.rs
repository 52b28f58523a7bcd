//! What every index must do, one function a clause, over an empty index. `open` opens the same
//! index each time it is called, as another process would.

use convosync_core::{SaveId, Sealed, SessionId};
use convosync_engine::ports::{Index, IndexChange, QueueRow, StoredCard, Table};

/// Opens the index under test.
pub(crate) type Open<'a> = dyn Fn() -> Box<dyn Index> + 'a;

/// Makes one test of each clause. `$fresh` returns what keeps an empty index alive, and how to
/// open it.
macro_rules! index_contract {
    ($fresh:path) => {
        crate::index_contract::index_contract!($fresh:
            what_was_written_is_there_when_it_is_opened_again,
            what_is_dropped_is_gone,
            a_value_that_another_has_set_since_stays,
            tries_are_counted_and_queueing_again_changes_nothing,
            it_is_new_until_something_was_written,
            cards_are_told_from_a_mark_on_and_what_makes_a_mark_stale_shows,
            one_card_is_found_by_its_names,
        );
    };
    ($fresh:path: $($clause:ident,)*) => {
        $(#[test]
        fn $clause() {
            let (_alive, open) = $fresh();
            crate::index_contract::$clause(&open);
        })*
    };
}
pub(crate) use index_contract;

const TABLES: [Table; 6] = [
    Table::WorkTrees,
    Table::Conversations,
    Table::Devices,
    Table::Intents,
    Table::Repositories,
    Table::Misc,
];

pub(crate) fn session() -> SessionId {
    "session-aaaaaaaa".parse().unwrap()
}

pub(crate) fn save(seq: u64) -> SaveId {
    format!("00000001-dddddddd-{seq}-22223333").parse().unwrap()
}

pub(crate) fn sealed(text: &str) -> Sealed {
    Sealed::received(text.as_bytes().to_vec())
}

pub(crate) fn card(seq: u64, text: &str) -> IndexChange {
    let (session, save, card) = (session(), save(seq), sealed(text));
    IndexChange::PutCard(StoredCard { session, save, card, size: seq * 1000 })
}

pub(crate) fn queued(seq: u64) -> QueueRow {
    let created_ms = i64::try_from(seq).unwrap() - 5;
    QueueRow {
        session: session(),
        save: save(seq),
        created_ms,
        attempts: 0,
        error: None,
        retry_ms: 0,
    }
}

pub(crate) fn set(table: Table, key: &str, text: &str) -> IndexChange {
    IndexChange::Put(table, key.to_owned(), sealed(text))
}

pub(crate) fn cards(index: &dyn Index) -> Vec<(u64, Vec<u8>, u64)> {
    let row = |card: StoredCard| (card.save.seq(), card.card.into_bytes(), card.size);
    index.cards().unwrap().into_iter().map(row).collect()
}

pub(crate) fn queue(index: &dyn Index) -> Vec<u64> {
    index.queue().unwrap().iter().map(|row| row.save.seq()).collect()
}

pub(crate) fn what_was_written_is_there_when_it_is_opened_again(open: &Open<'_>) {
    let index = open();
    assert!(index.is_new());
    index.apply(&[card(2, "two"), card(1, "one"), card(1, "one again")]).unwrap();
    index.apply(&[IndexChange::Enqueue(queued(9)), IndexChange::Enqueue(queued(3))]).unwrap();
    index.apply(&TABLES.map(|table| set(table, "key", &format!("{table:?}")))).unwrap();
    drop(index);
    let index = open();
    assert!(!index.is_new());
    assert_eq!(cards(&*index), [(1, b"one again".to_vec(), 1000), (2, b"two".to_vec(), 2000)]);
    assert_eq!(index.queue().unwrap(), [queued(9), queued(3)], "the queue keeps its order");
    for table in TABLES {
        let value = sealed(&format!("{table:?}"));
        assert_eq!(index.get(table, "key").unwrap(), Some(value.clone()));
        assert_eq!(index.all(table).unwrap(), [("key".to_owned(), value)]);
        assert_eq!(index.get(table, "another").unwrap(), None);
    }
}

pub(crate) fn what_is_dropped_is_gone(open: &Open<'_>) {
    let index = open();
    index.apply(&[card(1, "one"), card(2, "two"), set(Table::Misc, "a", "1")]).unwrap();
    index.apply(&[IndexChange::Enqueue(queued(1)), IndexChange::Enqueue(queued(2))]).unwrap();
    index
        .apply(&[
            IndexChange::DropCard(session(), save(1)),
            IndexChange::Dequeue(save(1)),
            IndexChange::Remove(Table::Misc, "a".to_owned()),
            IndexChange::Remove(Table::Misc, "never there".to_owned()),
        ])
        .unwrap();
    assert_eq!(cards(&*index).len(), 1);
    assert_eq!(queue(&*index), [2]);
    assert!(index.all(Table::Misc).unwrap().is_empty());
}

pub(crate) fn a_value_that_another_has_set_since_stays(open: &Open<'_>) {
    let index = open();
    let replace = |was: Option<&str>, value: &str| IndexChange::Replace {
        table: Table::Misc,
        key: "a".to_owned(),
        was: was.map(sealed),
        value: sealed(value),
    };
    let becomes = |change: IndexChange, want: &str| {
        index.apply(&[change]).unwrap();
        let now = open().get(Table::Misc, "a").unwrap().unwrap();
        assert_eq!(now.as_bytes(), sealed(want).as_bytes());
    };
    becomes(replace(None, "1"), "1");
    becomes(replace(None, "2"), "1");
    becomes(replace(Some("1"), "3"), "3");
    becomes(replace(Some("1"), "4"), "3");
}

pub(crate) fn tries_are_counted_and_queueing_again_changes_nothing(open: &Open<'_>) {
    let index = open();
    index.apply(&[IndexChange::Enqueue(queued(1)), IndexChange::Enqueue(queued(2))]).unwrap();
    let tried = IndexChange::Attempted {
        save: save(1),
        error: "convosync::store::unreachable".to_owned(),
        retry_ms: 77,
    };
    index.apply(&[tried.clone(), tried, IndexChange::Enqueue(queued(1))]).unwrap();
    let queue = index.queue().unwrap();
    assert_eq!((queue.len(), queue[0].save.seq(), queue[0].attempts), (2, 1, 2));
    assert_eq!((queue[0].retry_ms, queue[1].retry_ms), (77, 0));
    assert_eq!(queue[0].error.as_deref(), Some("convosync::store::unreachable"));
}

pub(crate) fn cards_are_told_from_a_mark_on_and_what_makes_a_mark_stale_shows(open: &Open<'_>) {
    let index = open();
    let after = |mark| {
        let later = index.cards_after(mark).unwrap();
        let cards: Vec<_> = later.cards.iter().map(|card| card.save.seq()).collect();
        (cards, later.mark, later.total, later.at_mark.map(|(_, save)| save.seq()))
    };
    assert_eq!(after(0), (vec![], 0, 0, None));
    index.apply(&[card(2, "two"), card(1, "one")]).unwrap();
    let (cards, mark, ..) = after(0);
    assert_eq!(cards, [2, 1], "in the order in which they came");
    assert_eq!(after(mark), (vec![], mark, 2, Some(1)));
    index.apply(&[card(2, "two again"), card(3, "three")]).unwrap();
    let (cards, later, total, at) = after(mark);
    assert_eq!((cards, total, at), (vec![2, 3], 3, Some(1)));
    // The greatest place may be given anew: count and card tell.
    index.apply(&[IndexChange::DropCard(session(), save(3)), card(4, "four")]).unwrap();
    assert_eq!(after(later), (vec![], later, 3, Some(4)));
}

pub(crate) fn one_card_is_found_by_its_names(open: &Open<'_>) {
    let index = open();
    index.apply(&[card(1, "one"), card(2, "two")]).unwrap();
    let found = index.card(&session(), &save(2)).unwrap().expect("it is there");
    assert_eq!((found.card, found.size), (sealed("two"), 2000));
    assert!(index.card(&session(), &save(3)).unwrap().is_none());
}

pub(crate) fn it_is_new_until_something_was_written(open: &Open<'_>) {
    assert!(open().is_new());
    assert!(open().is_new(), "a crash before the index was filled must not pass unseen");
    open().apply(&[]).unwrap();
    assert!(!open().is_new());
}
