//! Git, stores, assistants, the terminal, keys and local state behind the engine's ports.
//!
//! Each module stands behind ports of its own and names no other adapter, but for the git store,
//! which calls git as the git adapter does. Nothing here reads the
//! environment or finds the home directory: paths come in through constructors.

mod assistant;
mod disk;
mod durable;
mod faults;
#[cfg(fuzzing)]
pub mod fuzzed;
mod git;
#[cfg(not(fuzzing))]
mod local;
mod process;
mod settings;
#[cfg(not(fuzzing))]
mod shell;
#[cfg(not(fuzzing))]
mod store;
mod zellij;

pub use assistant::{
    ClaudeCodeFiles, ClaudeHooks, HookEvent, HooksError, Process, Processes, SystemProcesses,
    project_slug,
};
pub use faults::arm as arm_faults;
pub use git::{GitCli, GitHealth, Hook, HookTrouble, Limits as GitLimits, Signing};
#[cfg(not(fuzzing))]
pub use local::{
    FileLocks, FolderJournal, KeyFile, Paths, PathsError, ScratchDir, SqliteIndex, SystemClock,
    SystemEntropy,
};
pub use settings::{Setting, SettingsError, SettingsFile};
#[cfg(not(fuzzing))]
pub use shell::UserShells;
#[cfg(not(fuzzing))]
pub use store::{FolderStore, GitStores, ObjectStores, StoreOpener};
pub use zellij::{ZellijPanes, ZellijPlugins};
