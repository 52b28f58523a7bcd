//! Stores for tests: one in memory that keeps every promise of the port, and a wrapper that
//! fails when told to. Behind the feature `testing`; no product code uses it.

mod faulty;
mod memory;

pub use faulty::{Call, Fault, FaultyStore, Refusal};
pub use memory::{MemoryStore, TestStores};
