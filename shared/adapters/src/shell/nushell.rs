//! Nushell's history in SQLite, as reedline writes it: the table `history` with `command_line`,
//! `start_timestamp` (milliseconds), `cwd` and `exit_status`
//! (reedline 0.49, src/history/sqlite_backed.rs).

use std::path::Path;
use std::time::Duration;

use convosync_core::Ran;
use convosync_engine::ports::{HistoryOf, ShellError};
use rusqlite::{Connection, OpenFlags, Row, params};

use super::{below, failed};

/// A shell that writes keeps others waiting for less; a save does not wait for one that hangs.
const BUSY: Duration = Duration::from_millis(500);

/// Whether a history is a database.
pub(super) fn is_database(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sqlite3")
}

/// The newest commands that were run in the work tree, oldest first.
pub(super) fn database(path: &Path, of: &HistoryOf<'_>) -> Result<Vec<Ran>, ShellError> {
    let Some(top) = of.work_tree.to_str().filter(|_| path.exists()) else { return Ok(Vec::new()) };
    let read = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        newest(&connection, top, of)
    };
    let mut newest = read().map_err(|error: rusqlite::Error| failed(path, &error))?;
    // The newest one that has not ended is the save itself.
    if newest.first().is_some_and(|ran| ran.exit.is_none()) {
        newest.remove(0);
    }
    newest.reverse();
    Ok(newest)
}

fn newest(connection: &Connection, top: &str, of: &HistoryOf<'_>) -> rusqlite::Result<Vec<Ran>> {
    // What is below the top begins with it and a slash; `0` is the character after the slash.
    let mut statement = connection.prepare(
        "SELECT command_line, start_timestamp, exit_status, cwd FROM history \
         WHERE cwd = ?1 OR (cwd > ?1 || '/' AND cwd < ?1 || '0') OR (?2 AND cwd IS NULL) \
         ORDER BY id DESC LIMIT ?3",
    )?;
    let most = i64::try_from(of.most).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![top, of.everywhere, most], |row| ran(row, of))?;
    rows.collect()
}

fn ran(row: &Row<'_>, of: &HistoryOf<'_>) -> rusqlite::Result<Ran> {
    let directory: Option<String> = row.get(3)?;
    Ok(Ran {
        command: row.get(0)?,
        time_ms: row.get(1)?,
        exit: row.get(2)?,
        directory: directory.and_then(|directory| below(of.work_tree, Path::new(&directory))),
    })
}
