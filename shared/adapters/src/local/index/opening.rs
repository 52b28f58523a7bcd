//! Opens the database, or sets a damaged one aside and makes another.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use convosync_engine::ports::LocalError;
use rusqlite::{Connection, OpenFlags};

use super::{is_damage, schema};
use crate::local::failure;
use crate::{disk, durable};

/// A statement waits so long for another process; none holds a transaction for longer than a
/// few writes.
const BUSY: Duration = Duration::from_secs(10);

/// An open database.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) is_new: bool,
    /// Shared by all who have the database open: who sets it aside must be alone, or another
    /// process would go on writing into the file that was set aside.
    _user: File,
}

pub(super) fn open(path: &Path) -> Result<Opened, LocalError> {
    let refused = |error: io::Error| failure::failed("open", path, &error);
    if let Some(folder) = path.parent() {
        durable::make_folder(folder).map_err(refused)?;
    }
    // One at a time: SQLite does not wait while another process turns the log on.
    let opening = open_private(&beside(path, "opening")).map_err(refused)?;
    opening.lock().map_err(refused)?;
    let user = open_private(&beside(path, "users")).map_err(refused)?;
    user.lock_shared().map_err(refused)?;
    let attempted = match attempt(path) {
        Err(Trouble::Damage(reason)) => {
            set_aside(path, &user, reason)?;
            attempt(path)
        }
        attempted => attempted,
    };
    let (connection, is_new) = attempted.map_err(|trouble| trouble.told(path))?;
    Ok(Opened { connection, is_new, _user: user })
}

/// Why a database was not opened.
enum Trouble {
    Damage(String),
    Newer,
    Disk(io::Error),
    Sqlite(rusqlite::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Damage(error.to_string()) } else { Self::Sqlite(error) }
    }
}

impl Trouble {
    fn told(self, path: &Path) -> LocalError {
        match self {
            Self::Damage(reason) => {
                LocalError::Damaged { what: path.display().to_string(), reason }
            }
            Self::Newer => LocalError::Newer { what: path.display().to_string() },
            Self::Disk(error) => failure::failed("open", path, &error),
            Self::Sqlite(error) => super::failed("open", path, &error),
        }
    }
}

fn attempt(path: &Path) -> Result<(Connection, bool), Trouble> {
    if beside(path, "distrusted").exists() {
        return Err(Trouble::Damage("it could not be read the last time".to_owned()));
    }
    // Made here and not by SQLite, for its mode. SQLite gives its `-wal` and `-shm` the same.
    let mut file = open_private(path)?;
    if let Some(reason) = obvious_damage(&mut file, path)? {
        return Err(Trouble::Damage(reason));
    }
    drop(file);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // Before anything is written: a newer database, or another program's, stays as it is.
    let version = schema::version(&connection)?;
    if version > schema::VERSION {
        return Err(Trouble::Newer);
    }
    let is_new = version == 0 || !schema::is_filled(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(32);
    schema::migrate(&connection)?;
    Ok((connection, is_new))
}

/// Damage that SQLite would notice only when it comes to the page: a file that is shorter than
/// its header says (<https://www.sqlite.org/fileformat2.html>, section 1.3). Only where no
/// write-ahead log could still bring the rest.
fn obvious_damage(file: &mut File, path: &Path) -> io::Result<Option<String>> {
    let wal = fs::metadata(suffixed(path, "-wal")).map_or(0, |facts| facts.len());
    let len = file.metadata()?.len();
    if len == 0 || wal > 0 {
        return Ok(None);
    }
    let mut header = [0; 100];
    if let Err(error) = file.read_exact(&mut header) {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => Ok(Some("it is too short".to_owned())),
            _ => Err(error),
        };
    }
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    let pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
    let whole = page * u64::from(pages);
    Ok((len < whole).then(|| format!("it has {len} of {whole} bytes")))
}

/// Gives a damaged database another name, so that nothing in it is lost for good.
fn set_aside(path: &Path, user: &File, reason: String) -> Result<(), LocalError> {
    let refused = |error: io::Error| failure::failed("set aside", path, &error);
    user.unlock().map_err(refused)?;
    match user.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let reason = format!("{reason}, and another convosync still has it open");
            return Err(Trouble::Damage(reason).told(path));
        }
        Err(TryLockError::Error(error)) => return Err(refused(error)),
    }
    rename_files(path, &free_name(path)).map_err(refused)?;
    // No one else opens it before this function's caller is done.
    user.unlock().and_then(|()| user.lock_shared()).map_err(refused)
}

fn rename_files(path: &Path, aside: &Path) -> io::Result<()> {
    absent_is_fine(disk::rename(path, aside))?;
    absent_is_fine(disk::rename(&suffixed(path, "-wal"), &suffixed(aside, "-wal")))?;
    absent_is_fine(disk::remove_file(&suffixed(path, "-shm")))?;
    absent_is_fine(disk::remove_file(&beside(path, "distrusted")))?;
    path.parent().map_or(Ok(()), durable::sync_folder)
}

/// Lets the next open set the database aside: a damage deep inside shows only in use.
pub(super) fn distrust(path: &Path) {
    // If the mark can't be made, the next use finds the damage again.
    let _ = open_private(&beside(path, "distrusted"));
}

fn free_name(path: &Path) -> PathBuf {
    (1u32..)
        .map(|number| suffixed(path, &format!(".damaged-{number}")))
        .find(|name| !name.exists())
        .expect("no folder holds four thousand million files")
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn beside(path: &Path, what: &str) -> PathBuf {
    suffixed(path, &format!(".{what}"))
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    disk::open_or_create(&options, path)
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
