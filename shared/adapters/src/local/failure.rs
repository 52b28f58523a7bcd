//! What the engine would do differently about a failure of the file system.

use std::io;
use std::path::Path;

use convosync_engine::ports::LocalError;

/// Names what was tried with which file.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> LocalError {
    let what = format!("can't {what} {}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LocalError::Full(what),
        _ => LocalError::Io { what, reason: error.to_string() },
    }
}
