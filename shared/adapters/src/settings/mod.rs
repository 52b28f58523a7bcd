//! The user's settings: one TOML file that people edit too. Comments in it stay.

mod error;
mod file;
mod keys;
mod parse;

pub use error::SettingsError;
pub use file::{Setting, SettingsFile};

#[cfg(fuzzing)]
pub(crate) fn read(text: &str) {
    let _ = parse::parse(text, "config.toml");
    let _ = (keys::size(text), keys::nearest(text));
}
