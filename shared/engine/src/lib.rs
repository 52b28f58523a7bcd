//! The use cases of ConvoSync over small synchronous ports.
//!
//! Prints nothing, reads no clock, environment or home directory: reports out, ports in.

mod account;
mod address;
mod age;
mod backoff;
mod bind;
mod cancel;
mod capture;
mod cards;
mod choice;
mod choose;
mod conversation_id;
mod count;
mod doctor;
mod engine;
mod enrol;
mod freeze;
mod gc;
mod glance;
mod here;
mod history;
mod keys;
mod knob;
mod known;
mod look;
mod member;
mod mend;
mod metered;
mod note;
mod origin;
mod outlook;
mod panes;
mod portable;
pub mod ports;
mod probe;
mod prompt;
mod protect;
mod relocate;
mod resume;
mod retention;
mod room;
mod save;
mod send;
mod settings;
mod shelf;
mod show;
mod stand_in;
mod steady;
mod step;
mod storage;
mod terminal;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod trouble;
mod undo;
mod word;
mod words;

pub use cancel::Cancel;
pub use convosync_wire::SaveMode;
pub use engine::{Engine, Host, Outcome, Ports};
pub use outlook::Outlook;
pub use prompt::WorkTree;
pub use save::EXCLUDES;
pub use settings::{AutoSync, HistoryScope, Large, Retention, Settings};
pub use trouble::{Refusal, Trouble};
