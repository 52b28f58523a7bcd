//! The settings that people edit.

use convosync_adapters::fuzzed;

/// Nothing in a file of settings is more than an error.
pub fn settings(bytes: &[u8]) {
    fuzzed::settings(&String::from_utf8_lossy(bytes));
}
