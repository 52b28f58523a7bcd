//! Reading what a wrong read would spoil for good.

use convosync_core::{ObjectName, Sealed};

use crate::ports::{Store, StoreError};

/// Reads of one object before its place is given up.
const MOST_READS: usize = 4;

/// Reads until the same bytes came twice: what was read wrong once must not get a name for ever.
pub(crate) fn steady(store: &dyn Store, name: &ObjectName) -> Result<Sealed, StoreError> {
    let mut before = store.get(name)?;
    for _ in 0..MOST_READS {
        let again = store.get(name)?;
        if again == before {
            return Ok(again);
        }
        before = again;
    }
    Err(StoreError::Unreachable(format!("`{name}` is read differently each time")))
}
