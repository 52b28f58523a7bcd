//! The options of what keeps, deletes and collects sessions.

use clap::Args;
use convosync_wire::{DeleteArgs, GcArgs, SessionsArgs};

/// Some sessions.
#[derive(Debug, Args)]
pub(crate) struct Sessions {
    /// Sessions, or the beginnings of their ids
    #[arg(required = true, value_name = "SESSION")]
    pub(crate) sessions: Vec<String>,
}

impl From<Sessions> for SessionsArgs {
    fn from(named: Sessions) -> Self {
        Self { sessions: named.sessions }
    }
}

/// `convosync delete`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    convosync delete session-4k2m session-7q3x --yes\n\n\
    A deleted session is no longer listed. `convosync undelete` brings it back until its grace\n\
    time is over (`retention.grace`, 7 days) and a `convosync gc` has removed it. A device that\n\
    saves in it without knowing revives it.")]
pub(crate) struct Delete {
    /// Sessions, or the beginnings of their ids
    #[arg(required = true, value_name = "SESSION")]
    pub(crate) sessions: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

impl From<Delete> for DeleteArgs {
    fn from(delete: Delete) -> Self {
        Self { sessions: delete.sessions, yes: delete.yes }
    }
}

/// `convosync gc`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    convosync gc --dry-run\n\n\
    What nothing needs any more is marked first, and removed by a `gc` after the grace time\n\
    (`retention.grace`, 7 days) if nothing needs it still. Sessions that are past a limit\n\
    (`retention.days`, `retention.sessions`) and not pinned are deleted as by `delete`. Of every\n\
    other session the heads and the last 3 saves stay.")]
pub(crate) struct Gc {
    /// Tell what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl From<Gc> for GcArgs {
    fn from(gc: Gc) -> Self {
        Self { dry_run: gc.dry_run }
    }
}
