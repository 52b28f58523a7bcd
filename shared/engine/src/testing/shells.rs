//! A user without a shell.

use convosync_core::Ran;

use crate::ports::{HistoryOf, ShellError, Shells};

/// Shells that remember nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoShells;

impl Shells for NoShells {
    fn history(&self, _of: &HistoryOf<'_>) -> Result<Vec<Ran>, ShellError> {
        Ok(Vec::new())
    }
}
