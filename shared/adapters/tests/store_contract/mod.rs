//! What every store must do, one function a clause, over an empty store. `open` opens the same
//! store each time it is called, as another process would.

use std::thread;

use convosync_core::{ObjectName, Sealed};
use convosync_engine::ports::{Listed, Store, StoreError};

/// Opens the store under test.
pub(crate) type Open<'a> = dyn Fn() -> Box<dyn Store> + Sync + 'a;

/// Makes one test of each clause. `$fresh` returns what keeps an empty store alive, and how to
/// open it. With `@all`: the list of the clauses, for stores that take long to start.
macro_rules! store_contract {
    (@each $kind:tt) => {
        crate::store_contract::store_contract! { @make $kind
            what_is_put_is_got,
            what_was_never_put_is_missing,
            putting_the_same_again_is_no_error,
            a_taken_name_keeps_the_first,
            sixteen_writers_of_one_name_have_one_winner,
            sixteen_writers_of_the_same_bytes_all_succeed,
            writers_of_different_names_do_not_meet,
            a_list_is_sorted_as_names_are,
            a_list_holds_what_starts_with_the_prefix,
            a_range_is_cut_at_the_end,
            starts_come_in_the_order_they_were_asked_for,
            a_deleted_object_is_gone_and_deleting_again_is_no_error,
            a_batch_stops_at_the_failure_and_keeps_what_came_before,
            parts_of_a_batch_are_there_before_the_unit,
            a_big_object_comes_back_whole,
            an_empty_object_is_an_object,
            who_opens_it_again_sees_everything,
        }
    };
    (@make [tests $fresh:path] $($clause:ident,)*) => {
        $(#[test]
        fn $clause() {
            let (_alive, open) = $fresh();
            crate::store_contract::$clause(&open);
        })*
    };
    (@make [list] $($clause:ident,)*) => {
        vec![$((stringify!($clause), crate::store_contract::$clause as fn(&crate::store_contract::Open<'_>))),*]
    };
    (@all) => {
        crate::store_contract::store_contract! { @each [list] }
    };
    ($fresh:path) => {
        crate::store_contract::store_contract! { @each [tests $fresh] }
    };
}
pub(crate) use store_contract;

/// The name of a unit.
pub(crate) fn unit(session: &str, generation: u32, seq: u64) -> ObjectName {
    let text = format!("v1/s/session-{session}/{generation:08}-dddddddd-{seq}-22223333");
    text.parse().expect("a unit's name")
}

/// The name of a part.
pub(crate) fn part(session: &str, number: u128) -> ObjectName {
    let text = format!("v1/o/session-{session}/{number:032x}-22223333");
    text.parse().expect("a part's name")
}

fn first() -> ObjectName {
    unit("aaaaaaaa", 1, 1)
}

/// An object of these bytes.
pub(crate) fn sealed(bytes: &[u8]) -> Sealed {
    Sealed::received(bytes.to_vec())
}

fn put(store: &dyn Store, name: &ObjectName, bytes: &[u8]) {
    store.put_new(name, &sealed(bytes)).expect("a free name accepts an object");
}

#[track_caller]
fn holds(store: &dyn Store, name: &ObjectName, bytes: &[u8]) {
    let object = store.get(name).expect("the object is there");
    assert!(object.as_bytes() == bytes, "{name} holds other bytes than were put");
}

fn names(store: &dyn Store, prefix: &str) -> Vec<ObjectName> {
    store.list(prefix).expect("it lists").into_iter().map(|listed| listed.name).collect()
}

pub(crate) fn what_is_put_is_got(open: &Open<'_>) {
    let store = open();
    let all: Vec<ObjectName> = [
        "v1/store.json",
        "v1/dev/abcdefgh-22223333",
        "v1/keys/00000001/recovery-22223333",
        "v1/keys/00000001/abcdefgh-22223333",
        "v1/s/session-abcdefgh/00000003-abcdefgh-17-22223333",
        "v1/o/session-abcdefgh/00112233445566778899aabbccddeeff-22223333",
    ]
    .iter()
    .map(|name| name.parse().expect("a name"))
    .collect();
    for name in &all {
        put(&*store, name, name.to_string().as_bytes());
    }
    for name in &all {
        holds(&*store, name, name.to_string().as_bytes());
    }
}

pub(crate) fn what_was_never_put_is_missing(open: &Open<'_>) {
    let store = open();
    let missing = |result: Result<(), StoreError>| {
        assert!(
            matches!(&result, Err(StoreError::Missing(name)) if *name == first()),
            "{result:?}"
        );
    };
    missing(store.get(&first()).map(|_| ()));
    missing(store.get_range(&first(), 0..1).map(|_| ()));
    assert!(names(&*store, "").is_empty());
    put(&*store, &unit("aaaaaaaa", 2, 2), b"another of the same folder");
    missing(store.get(&first()).map(|_| ()));
}

pub(crate) fn putting_the_same_again_is_no_error(open: &Open<'_>) {
    let store = open();
    put(&*store, &first(), b"object");
    put(&*store, &first(), b"object");
    put(&*open(), &first(), b"object");
    holds(&*store, &first(), b"object");
    assert_eq!(names(&*store, "").len(), 1);
}

pub(crate) fn a_taken_name_keeps_the_first(open: &Open<'_>) {
    let store = open();
    put(&*store, &first(), b"first");
    for rival in [&b"rival"[..], b"first and more", b"fir", b""] {
        let taken = store.put_new(&first(), &sealed(rival)).expect_err("the name is taken");
        assert!(matches!(&taken, StoreError::Exists(name) if *name == first()), "{taken:?}");
        holds(&*store, &first(), b"first");
    }
}

pub(crate) fn sixteen_writers_of_one_name_have_one_winner(open: &Open<'_>) {
    for round in 1..=5 {
        let name = unit("aaaaaaaa", round, u64::from(round));
        let winners = race(|racer| {
            let bytes = vec![racer; 100_000];
            match open().put_new(&name, &sealed(&bytes)) {
                Ok(()) => Some(racer),
                Err(StoreError::Exists(_)) => None,
                Err(other) => panic!("a lost race is `Exists`, not {other:?}"),
            }
        });
        let [winner] = winners[..] else { panic!("winners: {winners:?}") };
        holds(&*open(), &name, &vec![winner; 100_000]);
    }
}

pub(crate) fn sixteen_writers_of_the_same_bytes_all_succeed(open: &Open<'_>) {
    let won = race(|racer| open().put_new(&first(), &sealed(b"object")).ok().map(|()| racer));
    assert_eq!(won.len(), 16);
    holds(&*open(), &first(), b"object");
}

pub(crate) fn writers_of_different_names_do_not_meet(open: &Open<'_>) {
    let won = race(|racer| {
        let (store, seq) = (open(), u64::from(racer) + 1);
        store.put_new(&unit("aaaaaaaa", 1, seq), &sealed(&[racer])).ok()?;
        store.put_new(&part("aaaaaaaa", u128::from(racer)), &sealed(&[racer])).ok()?;
        Some(racer)
    });
    assert_eq!(won.len(), 16);
    let store = open();
    assert_eq!(names(&*store, "").len(), 32);
    for racer in won {
        holds(&*store, &unit("aaaaaaaa", 1, u64::from(racer) + 1), &[racer]);
    }
}

/// Lets 16 threads try at once and returns what those that succeeded return.
fn race(attempt: impl Fn(u8) -> Option<u8> + Sync) -> Vec<u8> {
    let (attempt, start) = (&attempt, &std::sync::Barrier::new(16));
    thread::scope(|scope| {
        let racer = |racer| {
            scope.spawn(move || {
                start.wait();
                attempt(racer)
            })
        };
        let racers: Vec<_> = (0..16).map(racer).collect();
        racers.into_iter().filter_map(|racer| racer.join().expect("it did not panic")).collect()
    })
}

pub(crate) fn a_list_is_sorted_as_names_are(open: &Open<'_>) {
    let store = open();
    // As texts these would come in another order: 10 before 9.
    let sorted = [unit("aaaaaaaa", 3, 9), unit("aaaaaaaa", 3, 10), unit("aaaaaaaa", 10, 1)];
    for name in sorted.iter().rev() {
        put(&*store, name, b"object");
    }
    put(&*store, &"v1/store.json".parse().expect("a name"), b"{}");
    put(&*store, &part("aaaaaaaa", 1), b"part");
    assert_eq!(names(&*store, ObjectName::UNITS), sorted);
    let all = names(&*store, "");
    assert!(all.len() == 5 && all.is_sorted(), "{all:?}");
}

pub(crate) fn a_list_holds_what_starts_with_the_prefix(open: &Open<'_>) {
    let store = open();
    let (one, other, big) = (unit("aaaaaaaa", 1, 1), unit("aaaaaabb", 1, 2), part("aaaaaaaa", 7));
    put(&*store, &one, b"four");
    put(&*store, &other, b"");
    put(&*store, &big, b"part");
    let check = |prefix: &str, want: &[&ObjectName]| {
        let got = names(&*store, prefix);
        assert_eq!(got.iter().collect::<Vec<_>>(), want, "prefix `{prefix}`");
    };
    check("", &[&one, &other, &big]);
    check("v1/", &[&one, &other, &big]);
    check("v1/s/", &[&one, &other]);
    check("v1/s/session-aaaaaa", &[&one, &other]);
    check("v1/s/session-aaaaaaa", &[&one]);
    check("v1/s/session-aaaaaaaa/", &[&one]);
    check("v1/s/session-aaaaaaaa/00000001-", &[&one]);
    check("v1/s/session-aaaaaaaa/00000002-", &[]);
    check(&one.to_string(), &[&one]);
    check(&format!("{one}/"), &[]);
    check("v1/o/", &[&big]);
    check("v2/", &[]);
    check("/v1", &[]);
    check("../", &[]);
    let listed = store.list("v1/s/session-aaaaaaaa/").expect("it lists");
    assert_eq!(listed, [Listed { name: one, size: 4 }]);
}

pub(crate) fn a_range_is_cut_at_the_end(open: &Open<'_>) {
    let store = open();
    put(&*store, &first(), b"0123456789");
    #[allow(clippy::reversed_empty_ranges, reason = "a caller may compute one")]
    for (range, want) in [
        (0..10, "0123456789"),
        (0..3, "012"),
        (3..5, "34"),
        (8..99, "89"),
        (0..u64::MAX, "0123456789"),
        (10..12, ""),
        (99..u64::MAX, ""),
        (u64::MAX..u64::MAX, ""),
        (4..4, ""),
        (5..2, ""),
    ] {
        let got = store.get_range(&first(), range.clone()).expect("a range is no error");
        assert_eq!(got, want.as_bytes(), "{range:?}");
    }
}

pub(crate) fn starts_come_in_the_order_they_were_asked_for(open: &Open<'_>) {
    let store = open();
    let named: Vec<_> = (1..=20).map(|seq| unit("aaaaaaaa", 1, seq)).collect();
    for (name, seq) in named.iter().zip(1u8..).filter(|(_, seq)| *seq != 7) {
        put(&*store, name, &[seq; 5]);
    }
    let starts = store.get_starts(&named);
    assert_eq!(starts.len(), 20);
    for (start, seq) in starts.into_iter().zip(1u8..) {
        match start {
            Err(StoreError::Missing(name)) => assert_eq!((seq, &name), (7, &named[6])),
            start => assert_eq!(start.expect("it is there"), [seq; 5]),
        }
    }
}

pub(crate) fn a_deleted_object_is_gone_and_deleting_again_is_no_error(open: &Open<'_>) {
    let store = open();
    store.delete(&first()).expect("nothing to delete");
    put(&*store, &first(), b"object");
    put(&*store, &unit("aaaaaaaa", 2, 2), b"stays");
    store.delete(&first()).expect("it deletes");
    store.delete(&first()).expect("it is gone already");
    assert!(matches!(store.get(&first()), Err(StoreError::Missing(_))));
    assert_eq!(names(&*open(), ""), [unit("aaaaaaaa", 2, 2)]);
    put(&*store, &first(), b"another");
    holds(&*store, &first(), b"another");
}

pub(crate) fn a_batch_stops_at_the_failure_and_keeps_what_came_before(open: &Open<'_>) {
    let store = open();
    let name = |seq| unit("aaaaaaaa", 1, seq);
    put(&*store, &name(2), b"taken");
    let batch: Vec<_> = (1..=3).map(|seq| (name(seq), sealed(b"new"))).collect();
    let stopped = store.put_batch(&batch).expect_err("the second name is taken");
    assert!(matches!(&stopped, StoreError::Exists(taken) if *taken == name(2)), "{stopped:?}");
    assert_eq!(names(&*store, ""), [name(1), name(2)]);
    holds(&*store, &name(1), b"new");
    holds(&*store, &name(2), b"taken");
    store.put_batch(&[]).expect("an empty batch is no error");
    store.put_batch(&[batch[0].clone(), batch[2].clone()]).expect("the same again, and a new one");
    assert_eq!(names(&*store, "").len(), 3);
}

pub(crate) fn parts_of_a_batch_are_there_before_the_unit(open: &Open<'_>) {
    let store = open();
    let parts = (1..=9).map(|number| (part("aaaaaaaa", number), sealed(&[7; 5000])));
    let batch: Vec<_> = parts.chain([(first(), sealed(b"unit"))]).collect();
    put(&*store, &part("aaaaaaaa", 5), b"taken");
    let stopped = store.put_batch(&batch).expect_err("a part's name is taken");
    assert!(matches!(&stopped, StoreError::Exists(_)), "{stopped:?}");
    assert!(names(&*store, ObjectName::UNITS).is_empty(), "a unit without its parts");
    store.delete(&part("aaaaaaaa", 5)).expect("it deletes");
    store.put_batch(&batch).expect("now all of them");
    assert_eq!(names(&*store, "").len(), 10);
    holds(&*store, &part("aaaaaaaa", 9), &[7; 5000]);
}

pub(crate) fn a_big_object_comes_back_whole(open: &Open<'_>) {
    let store = open();
    let bytes: Vec<u8> =
        (0..9u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    put(&*store, &part("aaaaaaaa", 1), &bytes);
    holds(&*store, &part("aaaaaaaa", 1), &bytes);
    let (from, to) = (8 << 20, (8 << 20) + 5);
    let range = store.get_range(&part("aaaaaaaa", 1), from..to).expect("it is there");
    assert_eq!(range, bytes[from as usize..to as usize]);
}

pub(crate) fn an_empty_object_is_an_object(open: &Open<'_>) {
    let store = open();
    put(&*store, &first(), b"");
    holds(&*store, &first(), b"");
    assert_eq!(store.list("").expect("it lists"), [Listed { name: first(), size: 0 }]);
}

pub(crate) fn who_opens_it_again_sees_everything(open: &Open<'_>) {
    for seq in 1..=3 {
        put(&*open(), &unit("aaaaaaaa", 1, seq), b"object");
    }
    let again = open();
    assert_eq!(names(&*again, "").len(), 3);
    holds(&*again, &unit("aaaaaaaa", 1, 2), b"object");
    assert!(!again.describe().is_empty());
}
