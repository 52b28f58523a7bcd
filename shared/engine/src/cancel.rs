//! Stopping what was begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells long work that the user wants it to stop. Clones are the same token.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A token that nobody has cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop. It can't be taken back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl From<Arc<AtomicBool>> for Cancel {
    /// A token that a signal handler can set: true asks the work to stop.
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}
