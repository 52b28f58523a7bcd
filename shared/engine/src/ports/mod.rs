//! What the engine asks of the outside, one small synchronous trait each.
//!
//! No trait has default methods: a wrapper that forgets one would silently skip the inner one.

mod assistant;
mod git;
mod git_error;
mod local;
mod panes;
mod repository;
mod shell;
mod store;

pub use assistant::{
    Assistant, AssistantError, Found, Here, InPane, LeftOut, Live, Placed, Placement, ReadSeek,
    SourceFile,
};
pub use git::{Git, Underway};
pub use git_error::GitError;
pub use local::{
    Change as IndexChange, Clock, Entropy, Guard, Index, Journal, LaterCards, LocalError, Locks,
    Protection, QueueRow, Scratch, ScratchFile, StoredCard, Table, Vault,
};
pub use panes::{
    InStack, NewPane, NewRuns, PaneEnv, Panes, PanesError, Screen, ScreenPane, ScreenTab,
};
pub use repository::{
    Advertised, Branch, CapturedWork, Change, ChangeKind, Committed, Facts, HeadState, Identity,
    JoinedCode, LARGE_FILE, LargeFile, Operation, Parked, Push, Relation, Remote, Repository,
    Submodule, Upstream, WorkHere,
};
pub use shell::{HistoryOf, ShellError, Shells};
pub use store::{Caps, Listed, Store, StoreError, Stores, starts_one_by_one};
