//! What this device keeps for itself, and what it takes from the system.

mod failure;
mod index;
mod journal;
mod keyring;
mod locks;
mod paths;
mod scratch;
mod system;
mod vault;

pub use index::SqliteIndex;
pub use journal::FolderJournal;
pub use locks::FileLocks;
pub use paths::{Paths, PathsError};
pub use scratch::ScratchDir;
pub use system::{SystemClock, SystemEntropy};
pub use vault::KeyFile;
