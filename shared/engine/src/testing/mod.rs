//! The outside in memory, for tests: ports that keep every promise of theirs, and wrappers that
//! fail, or let a device die, when told to. Behind the feature `testing`; no product code uses it.

mod assistant;
mod faulty;
mod git;
mod index;
mod local;
mod memory;
mod panes;
mod shells;
mod steps;

pub use crate::knob::Knobs;
pub use assistant::MemoryAssistant;
pub use faulty::{Call, Fault, FaultyStore, Refusal};
pub use git::{MemoryGit, MemoryRemote};
pub use index::MemoryIndex;
pub use local::{MemoryJournal, MemoryLocks, MemoryScratch, MemoryVault, TestClock, TestEntropy};
pub use memory::{MemoryStore, TestStores};
pub use panes::{MemoryPanes, NoPanes, Opened};
pub use shells::NoShells;
pub use steps::{Event, Stepped, Steps};
