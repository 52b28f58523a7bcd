//! The tables, and how an older database gets them. Migrations are only ever added.

use convosync_engine::ports::Table;
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// One step for each version (`PRAGMA user_version`), oldest first.
const MIGRATIONS: [&str; 3] = [
    "
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
",
    "ALTER TABLE sync_queue ADD COLUMN retry_at INTEGER NOT NULL DEFAULT 0;",
    "
    CREATE TABLE retention (key TEXT PRIMARY KEY, value BLOB NOT NULL);
",
];

/// The version that this build writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// The table of a port's table.
pub(super) fn table(of: Table) -> &'static str {
    match of {
        Table::WorkTrees => "work_trees",
        Table::Conversations => "conversations",
        Table::Devices => "devices",
        Table::Intents => "intents",
        Table::Repositories => "repositories",
        Table::Misc => "misc",
        Table::Retention => "retention",
    }
}

/// The version of a database; 0 has no tables yet.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings an older database to [`VERSION`]; two processes that try at once do it once.
pub(super) fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    if version(connection)? >= VERSION {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let done = usize::try_from(version(&transaction)?).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Whether anything was ever written: a crash between making the tables and filling them must
/// not look like an index that knows of no save.
pub(super) fn is_filled(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT 1 FROM filled)", [], |row| row.get(0))
}

/// Notes that something was written.
pub(super) fn mark_filled(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.prepare_cached("INSERT OR IGNORE INTO filled VALUES (1)")?.execute([]).map(|_| ())
}
