//! Where a store went.

/// What an old store says of where its objects are now.
///
/// Nothing in it is believed further than to look there: the place proves by its own record that
/// it is the account's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The URL of the new place, as the device that moved it spells it.
    pub url: String,
    /// Counts the moves of the store: of two records that point at each other the greater holds.
    pub number: u64,
    /// When, milliseconds since 1970 by the clock of the device that moved it.
    pub moved_ms: i64,
}
