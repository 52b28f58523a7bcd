//! The index over cards, queue and sealed values, in SQLite.

mod opening;
mod schema;

use std::path::{Path, PathBuf};

use convosync_core::{SaveId, Sealed, SessionId};
use convosync_engine::ports::{
    Index, IndexChange, LaterCards, LocalError, QueueRow, StoredCard, Table,
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, ffi, params};

use opening::Opened;
use schema::table;

use crate::faults::{Change, before};
use crate::local::failure;

/// An [`Index`] in one SQLite database (WAL, `synchronous=FULL`), which several processes may
/// use at once.
///
/// Every row is sealed or holds ids, counts and times only. A database that can't be read is set
/// aside as `<file>.damaged-<n>` and made anew; one that a newer ConvoSync wrote is left alone.
#[derive(Debug)]
pub struct SqliteIndex {
    path: PathBuf,
    opened: Opened,
}

impl SqliteIndex {
    /// Opens the database, made with mode 0600 (and its folder with mode 0700) if it is not there.
    ///
    /// # Errors
    ///
    /// [`LocalError::Newer`] if a newer ConvoSync wrote it; [`LocalError::Damaged`] if it is
    /// unreadable and another process still has it open; [`LocalError::Io`] and
    /// [`LocalError::Full`] if the disk refuses.
    pub fn open(path: PathBuf) -> Result<Self, LocalError> {
        Ok(Self { opened: opening::open(&path)?, path })
    }

    fn connection(&self) -> &Connection {
        &self.opened.connection
    }

    fn failed(&self, what: &str, error: &rusqlite::Error) -> LocalError {
        let error = failed(what, &self.path, error);
        if matches!(error, LocalError::Damaged { .. }) {
            opening::distrust(&self.path);
        }
        error
    }

    fn read<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        row: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, LocalError> {
        let read = || {
            let mut statement = self.connection().prepare_cached(sql)?;
            statement.query_map(params, row)?.collect::<rusqlite::Result<Vec<T>>>()
        };
        read().map_err(|error| self.failed("read", &error))
    }
}

impl Index for SqliteIndex {
    fn apply(&self, changes: &[IndexChange]) -> Result<(), LocalError> {
        let apply = || {
            // Immediate: a transaction that reads first could not wait for another writer.
            let behavior = TransactionBehavior::Immediate;
            let transaction = Transaction::new_unchecked(self.connection(), behavior)?;
            for change in changes {
                one(&transaction, change)?;
            }
            schema::mark_filled(&transaction)?;
            transaction.commit()
        };
        before(Change::Grows, format_args!("change the index"))
            .map_err(|error| failure::failed("write", &self.path, &error))?;
        apply().map_err(|error| self.failed("write", &error))
    }

    fn cards(&self) -> Result<Vec<StoredCard>, LocalError> {
        let sql = "SELECT session_id, save_id, card, size FROM sessions \
                   ORDER BY session_id, save_id";
        self.read(sql, [], stored_card)
    }

    fn cards_after(&self, mark: u64) -> Result<LaterCards, LocalError> {
        let read = || {
            // One state of the database for all three questions.
            let _snapshot = self.connection().unchecked_transaction()?;
            later_cards(self.connection(), i64::try_from(mark).unwrap_or(i64::MAX))
        };
        read().map_err(|error| self.failed("read", &error))
    }

    fn card(&self, session: &SessionId, save: &SaveId) -> Result<Option<StoredCard>, LocalError> {
        let sql = "SELECT session_id, save_id, card, size FROM sessions \
                   WHERE session_id = ?1 AND save_id = ?2";
        let found = self.read(sql, [session.as_str(), &save.to_string()], stored_card)?;
        Ok(found.into_iter().next())
    }

    fn queue(&self) -> Result<Vec<QueueRow>, LocalError> {
        let sql = "SELECT session_id, save_id, created_at, retry_count, error, retry_at \
                   FROM sync_queue \
                   WHERE operation = 'upload' ORDER BY id";
        self.read(sql, [], |row| {
            Ok(QueueRow {
                session: session(row, 0)?,
                save: save(row, 1)?,
                created_ms: row.get(2)?,
                attempts: row.get(3)?,
                error: row.get(4)?,
                retry_ms: row.get(5)?,
            })
        })
    }

    fn get(&self, of: Table, key: &str) -> Result<Option<Sealed>, LocalError> {
        let sql = format!("SELECT value FROM {} WHERE key = ?1", table(of));
        let value = self
            .connection()
            .prepare_cached(&sql)
            .and_then(|mut found| found.query_row([key], |row| row.get(0)).optional());
        Ok(value.map_err(|error| self.failed("read", &error))?.map(Sealed::received))
    }

    fn all(&self, of: Table) -> Result<Vec<(String, Sealed)>, LocalError> {
        let sql = format!("SELECT key, value FROM {} ORDER BY key", table(of));
        self.read(&sql, [], |row| Ok((row.get(0)?, Sealed::received(row.get(1)?))))
    }

    fn is_new(&self) -> bool {
        self.opened.is_new
    }
}

/// The rows of a table that are put get ever greater row ids, but for the greatest one's, which is
/// given anew when its row was deleted.
fn later_cards(connection: &Connection, mark: i64) -> rusqlite::Result<LaterCards> {
    let sql = "SELECT session_id, save_id, card, size, rowid FROM sessions \
               WHERE rowid > ?1 ORDER BY rowid";
    let mut later = LaterCards { mark: u64::try_from(mark).unwrap_or(0), ..LaterCards::default() };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([mark])?;
    while let Some(row) = rows.next()? {
        later.cards.push(stored_card(row)?);
        later.mark = count(row, 4)?;
    }
    later.total = connection
        .prepare_cached("SELECT COUNT(*) FROM sessions")?
        .query_row([], |row| count(row, 0))?;
    later.at_mark = connection
        .prepare_cached("SELECT session_id, save_id FROM sessions WHERE rowid = ?1")?
        .query_row([mark], |row| Ok((session(row, 0)?, save(row, 1)?)))
        .optional()?;
    Ok(later)
}

fn stored_card(row: &Row<'_>) -> rusqlite::Result<StoredCard> {
    Ok(StoredCard {
        session: session(row, 0)?,
        save: save(row, 1)?,
        card: Sealed::received(row.get(2)?),
        size: count(row, 3)?,
    })
}

fn one(transaction: &Transaction<'_>, change: &IndexChange) -> rusqlite::Result<()> {
    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
        transaction.prepare_cached(sql)?.execute(params).map(|_| ())
    };
    match change {
        IndexChange::PutCard(card) => run(
            "INSERT OR REPLACE INTO sessions (session_id, save_id, card, size) \
             VALUES (?1, ?2, ?3, ?4)",
            params![
                card.session.as_str(),
                card.save.to_string(),
                card.card.as_bytes(),
                i64::try_from(card.size).unwrap_or(i64::MAX)
            ],
        ),
        IndexChange::DropCard(session, save) => run(
            "DELETE FROM sessions WHERE session_id = ?1 AND save_id = ?2",
            params![session.as_str(), save.to_string()],
        ),
        // A save keeps its place and its tries when it is queued again.
        IndexChange::Enqueue(queued) => run(
            "INSERT OR IGNORE INTO sync_queue \
             (session_id, save_id, operation, created_at, retry_count, error, retry_at) \
             VALUES (?1, ?2, 'upload', ?3, ?4, ?5, ?6)",
            params![
                queued.session.as_str(),
                queued.save.to_string(),
                queued.created_ms,
                queued.attempts,
                queued.error,
                queued.retry_ms
            ],
        ),
        IndexChange::Attempted { save, error, retry_ms } => run(
            "UPDATE sync_queue SET retry_count = retry_count + 1, error = ?2, retry_at = ?3 \
             WHERE save_id = ?1",
            params![save.to_string(), error, retry_ms],
        ),
        IndexChange::Dequeue(save) => {
            run("DELETE FROM sync_queue WHERE save_id = ?1", params![save.to_string()])
        }
        IndexChange::Put(of, key, value) => run(
            &format!("INSERT OR REPLACE INTO {} (key, value) VALUES (?1, ?2)", table(*of)),
            params![key, value.as_bytes()],
        ),
        IndexChange::Replace { table: of, key, was, value } => run(
            &format!(
                "INSERT OR REPLACE INTO {table} (key, value) SELECT ?1, ?2 \
                 WHERE (SELECT value FROM {table} WHERE key = ?1) IS ?3",
                table = table(*of)
            ),
            params![key, value.as_bytes(), was.as_ref().map(Sealed::as_bytes)],
        ),
        IndexChange::Remove(of, key) => {
            run(&format!("DELETE FROM {} WHERE key = ?1", table(*of)), params![key])
        }
    }
}

fn session(row: &Row<'_>, at: usize) -> rusqlite::Result<SessionId> {
    parsed(row, at)
}

fn save(row: &Row<'_>, at: usize) -> rusqlite::Result<SaveId> {
    parsed(row, at)
}

fn parsed<T>(row: &Row<'_>, at: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.get(at)?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn count(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    let count: i64 = row.get(at)?;
    u64::try_from(count).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, count))
}

/// What the engine would do differently about a failure of SQLite.
fn failed(what: &str, path: &Path, error: &rusqlite::Error) -> LocalError {
    let reason = error.to_string();
    let what = format!("can't {what} {}", path.display());
    if is_damage(error) {
        return LocalError::Damaged { what: path.display().to_string(), reason };
    }
    // There was no room for the memory that the processes share, which is a file too.
    let no_room =
        error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE);
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => LocalError::Full(what),
        _ if no_room => LocalError::Full(what),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            LocalError::Busy { name: path.display().to_string() }
        }
        _ => LocalError::Io { what, reason },
    }
}

/// Whether the file is at fault, and not the disk or the moment.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, SqlInputError,
        SqliteFailure,
    };
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error {
        FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) => true,
        // A table or a column is not there; our statements are right otherwise.
        SqlInputError { .. } => true,
        SqliteFailure(failure, _) => {
            matches!(failure.code, DatabaseCorrupt | NotADatabase)
                || [ffi::SQLITE_ERROR, ffi::SQLITE_IOERR_SHORT_READ]
                    .contains(&failure.extended_code)
        }
        _ => false,
    }
}
