//! `convosync undo`.

use clap::Args;
use convosync_wire::UndoArgs;

/// `convosync undo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync undo --dry-run\n  \
    convosync undo\n  \
    convosync undo --redo                           change your mind\n\n\
    HEAD, index, files, stash, branches, the conversation and the work tree's session are\n\
    as they were before the resume. What you did since is kept first, whatever it is:\n\
    `--redo` brings it back. Each further `undo` goes one resume further back. It can be run\n\
    again after a crash, of the resume or of itself.\n\n\
    Not taken back: what was fetched (commits, remote-tracking branches), a clone that\n\
    `--clone` made, a save that joined two heads, and what is ignored or excluded.")]
pub(crate) struct Undo {
    /// Tell what would be done
    #[arg(long, conflicts_with = "list")]
    pub(crate) dry_run: bool,
    /// List the resumes of this work tree, and how each stands
    #[arg(short, long)]
    pub(crate) list: bool,
    /// Bring back what the last undo took back, with what you did before it
    #[arg(long, conflicts_with = "list")]
    pub(crate) redo: bool,
}

impl From<Undo> for UndoArgs {
    fn from(undo: Undo) -> Self {
        Self { dry_run: undo.dry_run, list: undo.list, redo: undo.redo }
    }
}
