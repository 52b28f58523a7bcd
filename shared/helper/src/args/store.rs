//! `convosync store` and what can be done with it.

use clap::{Args, Subcommand};
use convosync_wire::{ConsentArgs, MoveArgs, Verb};

/// `convosync store`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
    convosync store\n  \
    convosync store move git+ssh://git@example.org/me/sessions.git"
)]
pub(crate) struct Store {
    #[command(subcommand)]
    command: Option<StoreCommand>,
}

/// What can be done with the store.
#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Copy everything to another store and go on with that one
    #[command(after_help = "Example:\n  \
        convosync store move git+ssh://git@example.org/me/sessions.git\n\n\
        Every object is read back and compared. If it is stopped, the same command goes on.\n\
        Your other devices follow by themselves; the old store stays as it is.\n\n\
        If the store is gone for good, other devices can't follow by themselves: run this with\n\
        `--lost` on each.")]
    Move {
        /// Where the store goes: a folder, a git repository or a bucket
        #[arg(value_name = "URL")]
        to: String,
        /// The old store is gone for good: fill the new one from what this device has
        #[arg(long)]
        lost: bool,
    },
    /// Let this repository's origin hold its sealed sessions
    #[command(after_help = "Example:\n  convosync store allow")]
    Allow {
        /// Do not ask: I know who can fetch them there
        #[arg(short, long)]
        yes: bool,
    },
    /// Send no more sessions to this repository's origin
    #[command(after_help = "Example:\n  convosync store forbid")]
    Forbid,
}

impl From<Store> for Verb {
    fn from(store: Store) -> Self {
        match store.command {
            None => Self::Store,
            Some(StoreCommand::Move { to, lost }) => Self::StoreMove(MoveArgs { to, lost }),
            Some(StoreCommand::Allow { yes }) => {
                Self::StoreConsent(ConsentArgs { allow: true, yes })
            }
            Some(StoreCommand::Forbid) => {
                Self::StoreConsent(ConsentArgs { allow: false, yes: false })
            }
        }
    }
}
