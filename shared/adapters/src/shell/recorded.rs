//! What the recorders of `convosync shell-init` and of the Nushell module write: commands with the
//! directory that they were run in, which histories in plain text leave out.
//!
//! A record is two NULs, then seconds since 1970, exit code, directory and command with a NUL
//! between them. No field is empty and none can hold a NUL, so a record that was cut by a crash
//! spoils no other one.

use std::path::{Path, PathBuf};

use convosync_core::Ran;
use convosync_engine::ports::ShellError;

use super::{below, tail};

const START: &[u8] = b"\0\0";

/// The commands that were run in a work tree, oldest first.
pub(super) fn read(path: &Path, work_tree: &Path) -> Result<Vec<Ran>, ShellError> {
    let mut older = path.as_os_str().to_owned();
    older.push(".1");
    let mut bytes = tail(&PathBuf::from(older))?;
    bytes.extend_from_slice(START);
    bytes.extend(tail(path)?);
    Ok(parse(&bytes, work_tree))
}

pub(super) fn parse(bytes: &[u8], work_tree: &Path) -> Vec<Ran> {
    let mut records = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(START.len()).position(|part| part == START) {
        records.extend(record(&rest[..at], work_tree));
        rest = &rest[at + START.len()..];
    }
    records.extend(record(rest, work_tree));
    records
}

fn record(bytes: &[u8], work_tree: &Path) -> Option<Ran> {
    // After a record that was cut at a NUL there is one NUL too many.
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\0');
    let mut fields = text.splitn(4, '\0');
    let seconds: i64 = fields.next()?.parse().ok()?;
    let exit = fields.next()?.parse().ok();
    let directory = below(work_tree, Path::new(fields.next()?))?;
    let command = fields.next()?;
    let command = command.strip_suffix('\n').unwrap_or(command).to_owned();
    let time_ms = seconds.checked_mul(1000);
    Some(Ran { command, time_ms, exit, directory: Some(directory) })
}
