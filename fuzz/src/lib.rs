//! Hostile bytes for whatever reads what others wrote.
//!
//! A target takes any bytes, and panics where a promise breaks: nothing here may panic, nothing may
//! be read as something else than was written, and nothing may come out that acts.

mod layouts;
mod names;
mod secrets;
mod settings;
mod transcripts;
mod units;
mod wire;

pub use layouts::layouts;
pub use names::names;
pub use secrets::secrets;
pub use settings::settings;
pub use transcripts::transcripts;
pub use units::units;
pub use wire::wire;
