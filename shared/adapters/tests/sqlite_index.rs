//! The index: what is written is read, and whatever happens to its file, the next open works.

#![allow(clippy::unwrap_used, reason = "as in the functions of tests")]

mod index_contract;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use convosync_adapters::SqliteIndex;
use convosync_engine::ports::{Index, IndexChange, LocalError, QueueRow, Table};
use index_contract::{card, cards, queue, queued, save, set};
use tempfile::TempDir;

mod contract {
    use convosync_engine::ports::Index;
    use tempfile::TempDir;

    fn fresh() -> (TempDir, impl Fn() -> Box<dyn Index>) {
        let (folder, path) = super::place();
        (folder, move || Box::new(super::open(&path)) as Box<dyn Index>)
    }

    crate::index_contract::index_contract!(fresh);
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/index.sqlite");
    (folder, path)
}

fn open(path: &Path) -> SqliteIndex {
    SqliteIndex::open(path.to_owned()).unwrap()
}

fn names(path: &Path) -> Vec<String> {
    let folder = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut names: Vec<_> =
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn only_the_user_can_read_it() {
    let (_folder, path) = place();
    let index = open(&path);
    index.apply(&[card(1, "one")]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for name in names(&path) {
        assert_eq!(mode(&path.with_file_name(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_change_that_fails_takes_the_others_with_it() {
    let (_folder, path) = place();
    let index = open(&path);
    index.apply(&[card(1, "one")]).unwrap();
    // As if a later migration had been half undone by hand.
    rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TABLE misc").unwrap();
    let failed = index.apply(&[card(2, "two"), set(Table::Misc, "a", "1")]).unwrap_err();
    assert!(matches!(failed, LocalError::Damaged { .. }), "{failed:?}");
    assert_eq!(cards(&index).len(), 1);
    drop(index);
    assert!(open(&path).is_new(), "a database that failed in use is set aside by the next open");
}

fn set_aside(damage: impl Fn(&Path)) {
    let (_folder, path) = place();
    for number in 1..=2 {
        let index = open(&path);
        assert!(index.is_new());
        let many: Vec<_> = (1..200).map(|seq| card(seq, &"x".repeat(700))).collect();
        index.apply(&many).unwrap();
        drop(index);
        damage(&path);
        let damaged = fs::read(&path).unwrap();
        let index = open(&path);
        assert!(index.is_new() && index.cards().unwrap().is_empty());
        let aside = path.with_file_name(format!("index.sqlite.damaged-{number}"));
        assert!(fs::read(aside).unwrap() == damaged, "the damaged one is kept as it was");
    }
}

#[test]
fn garbage_is_set_aside() {
    set_aside(|path| fs::write(path, "garbage".repeat(1000)).unwrap());
    set_aside(|path| fs::write(path, "g").unwrap());
}

#[test]
fn a_halved_file_is_set_aside() {
    set_aside(|path| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    });
}

#[test]
fn a_file_of_another_program_is_set_aside() {
    set_aside(|path| {
        fs::remove_file(path).unwrap();
        let other = rusqlite::Connection::open(path).unwrap();
        other.execute_batch("CREATE TABLE filled (x); PRAGMA user_version = 1").unwrap();
        other.execute_batch("ALTER TABLE filled RENAME TO theirs").unwrap();
    });
}

#[test]
fn an_emptied_file_is_a_new_index() {
    let (_folder, path) = place();
    open(&path).apply(&[card(1, "one")]).unwrap();
    fs::write(&path, "").unwrap();
    assert!(open(&path).is_new());
    assert!(!names(&path).iter().any(|name| name.contains("damaged")));
}

#[test]
fn damage_deep_inside_is_told_and_the_next_open_starts_anew() {
    let (_folder, path) = place();
    let index = open(&path);
    let many: Vec<_> = (1..500).map(|seq| card(seq, &"x".repeat(700))).collect();
    index.apply(&many).unwrap();
    drop(index);
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    bytes[(pages / 2) * 4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let index = open(&path);
    let damaged = index.cards().unwrap_err();
    assert!(matches!(damaged, LocalError::Damaged { .. }), "{damaged:?}");
    // Who has it open still may write; nobody takes the file away under them.
    let refused = SqliteIndex::open(path.clone()).unwrap_err();
    assert!(matches!(refused, LocalError::Damaged { .. }), "{refused:?}");
    drop(index);
    let index = open(&path);
    assert!(index.is_new() && index.cards().unwrap().is_empty());
}

#[test]
fn a_newer_database_is_told_and_left_alone() {
    let (_folder, path) = place();
    open(&path).apply(&[card(1, "one")]).unwrap();
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = fs::read(&path).unwrap();
    let error = SqliteIndex::open(path.clone()).unwrap_err();
    assert!(matches!(error, LocalError::Newer { .. }), "{error:?}");
    assert!(fs::read(&path).unwrap() == before);
    assert!(!names(&path).iter().any(|name| name.contains("damaged")));
}

#[test]
fn a_folder_in_its_place_is_an_error_and_no_damage() {
    let (_folder, path) = place();
    fs::create_dir_all(&path).unwrap();
    let error = SqliteIndex::open(path.clone()).unwrap_err();
    assert!(matches!(error, LocalError::Io { .. }), "{error:?}");
    assert!(path.is_dir());
}

#[test]
fn two_connections_see_each_other_and_wait_for_each_other() {
    let (_folder, path) = place();
    let connections: Vec<_> = (0..4u64).map(|_| path.clone()).collect();
    thread::scope(|scope| {
        for (number, path) in (0u64..).zip(&connections) {
            scope.spawn(move || {
                let index = open(path);
                for round in 0..10 {
                    let seq = number * 10 + round + 1;
                    index.apply(&[card(seq, "card"), IndexChange::Enqueue(queued(seq))]).unwrap();
                    assert!(cards(&index).iter().any(|card| card.0 == seq));
                }
            });
        }
    });
    let index = open(&path);
    assert_eq!((cards(&index).len(), index.queue().unwrap().len()), (40, 40));
}

const CHILD: &str = "CONVOSYNC_TEST_INDEX";

/// A change of many rows that must all be there or none.
fn generation(number: u64) -> Vec<IndexChange> {
    (1..=300).map(|key| set(Table::Misc, &format!("{key}"), &format!("{number:0>500}"))).collect()
}

#[test]
fn a_killed_writer_leaves_whole_transactions() {
    if let Some(path) = std::env::var_os(CHILD) {
        let index = open(Path::new(&path));
        for number in 1..100_000 {
            index.apply(&generation(number)).unwrap();
        }
    }
    let (_folder, path) = place();
    for patience in [0, 7, 19, 40] {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_killed_writer_leaves_whole_transactions"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (started, before) = (Instant::now(), open(&path).all(Table::Misc).unwrap());
        while open(&path).all(Table::Misc).unwrap() == before {
            assert!(started.elapsed() < Duration::from_secs(60), "the writer does not write");
        }
        thread::sleep(Duration::from_millis(patience));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let index = open(&path);
        let rows = index.all(Table::Misc).unwrap();
        assert_eq!(rows.len(), 300);
        assert!(rows.iter().all(|(_, value)| *value == rows[0].1), "half a transaction");
        index.apply(&[set(Table::Misc, "1", "still writable")]).unwrap();
        index.apply(&generation(0)).unwrap();
    }
}

/// The tables as the first version made them: never to be changed.
const VERSION_1: &str = "
    CREATE TABLE sessions (
        session_id TEXT NOT NULL,
        save_id TEXT NOT NULL,
        card BLOB NOT NULL,
        size INTEGER NOT NULL,
        PRIMARY KEY (session_id, save_id)
    );
    CREATE TABLE sync_queue (
        id INTEGER PRIMARY KEY,
        session_id TEXT NOT NULL,
        save_id TEXT NOT NULL UNIQUE,
        operation TEXT NOT NULL CHECK (operation = 'upload'),
        created_at INTEGER NOT NULL,
        retry_count INTEGER NOT NULL DEFAULT 0,
        error TEXT
    );
    CREATE TABLE work_trees (key TEXT PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE conversations (key TEXT PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE devices (key TEXT PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE intents (key TEXT PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE repositories (key TEXT PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE misc (key TEXT PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE filled (at INTEGER PRIMARY KEY CHECK (at = 1));
    INSERT INTO filled VALUES (1);
    INSERT INTO sync_queue (session_id, save_id, operation, created_at, retry_count, error)
        VALUES ('session-aaaaaaaa', '00000001-dddddddd-2-22223333', 'upload', 5, 3, 'why'),
               ('session-aaaaaaaa', '00000001-dddddddd-1-22223333', 'upload', 4, 0, NULL);
    PRAGMA user_version = 1;
";

#[test]
fn the_queue_outlives_an_upgrade_from_the_first_version() {
    let (_folder, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();
    let index = open(&path);
    assert!(!index.is_new());
    let (tried, error) = (3, Some("why".to_owned()));
    let first = QueueRow { created_ms: 5, attempts: tried, error, ..queued(2) };
    assert_eq!(index.queue().unwrap(), [first, QueueRow { created_ms: 4, ..queued(1) }]);
    index.apply(&[IndexChange::Enqueue(queued(9)), IndexChange::Dequeue(save(2))]).unwrap();
    assert_eq!(queue(&open(&path)), [1, 9]);
}
