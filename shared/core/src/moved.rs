//! Where a store went.

/// What an old store says of where its objects are now.
///
/// Nothing in it is believed further than to look there: the place proves by its own record that
/// it is the account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The URL of the new place, as the device that moved it spells it; empty: the store came here.
    pub url: String,
    /// Counts the moves of the store: of all records in one place the greatest holds, and of two
    /// that point at each other the greater.
    pub number: u64,
    /// When, milliseconds since 1970 by the clock of the device that moved it.
    pub moved_ms: i64,
}

impl Moved {
    /// That the store came here: what lies here with a lower number leads nowhere any more.
    #[must_use]
    pub fn here(number: u64, moved_ms: i64) -> Self {
        Self { url: String::new(), number, moved_ms }
    }

    /// Whether it says that.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.url.is_empty()
    }
}
