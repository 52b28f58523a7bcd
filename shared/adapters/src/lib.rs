//! Git, stores, assistants, the terminal, keys and local state behind the engine's ports.
//!
//! Each module stands behind ports of its own and names no other adapter, but for the git store,
//! which calls git as the git adapter does. Nothing here reads the
//! environment or finds the home directory: paths come in through constructors.

mod assistant;
mod durable;
mod git;
mod local;
mod process;
mod settings;
mod shell;
mod store;
mod zellij;

pub use assistant::{
    ClaudeCodeFiles, ClaudeHooks, HookEvent, HooksError, Process, Processes, SystemProcesses,
    project_slug,
};
pub use git::{GitCli, GitHealth, Hook, HookTrouble, Limits as GitLimits, Signing};
pub use local::{
    FileLocks, FolderJournal, KeyFile, Paths, PathsError, ScratchDir, SqliteIndex, SystemClock,
    SystemEntropy,
};
pub use settings::{Setting, SettingsError, SettingsFile};
pub use shell::UserShells;
pub use store::{FolderStore, GitStores, ObjectStores, StoreOpener};
pub use zellij::{ZellijPanes, ZellijPlugins};
