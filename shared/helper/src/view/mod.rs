//! What people see: pure functions from reports to text.
//!
//! No line speaks of an effect that did not happen: each stands for a field that says so.

mod account;
mod config;
mod dialog;
mod doctor;
mod failure;
mod harmless;
mod keys;
mod look;
mod measure;
mod page;
mod portable;
mod resume;
mod retention;
mod save;
mod sessions;
mod show;
mod status;
mod store;
mod sync;
mod terminal;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod timeline;
mod undo;

use convosync_wire::{ListArgs, Reply, Verb};

pub(crate) use dialog::{decision, picker, picking};
pub(crate) use failure::failure;
pub(crate) use harmless::line as harmless_line;
pub(crate) use look::{Look, Style};
pub(crate) use sessions::news;

/// What a verb answered, as text.
pub(crate) fn reply(reply: &Reply, verb: &Verb, look: &Look) -> String {
    match reply {
        Reply::Initialised(report) => account::initialised(report, look),
        Reply::Joined(report) => account::joined(report, look),
        Reply::Enrolling(report) => keys::enrolling(report, look),
        Reply::EnrolWaiting(waiting) => keys::waiting(waiting, look),
        Reply::Approved(report) => keys::approved(report, look),
        Reply::Renamed(report) => keys::renamed(report, look),
        Reply::Key(report) => keys::key(report, verb, look),
        Reply::Protected(report) => keys::protected(report, look),
        Reply::Devices(listed) => account::devices(listed, look),
        Reply::Saved(report) => save::save(report, look),
        Reply::Resumed(report) => {
            let history = matches!(verb, Verb::Resume(args) if args.history);
            resume::resume(report, history, look)
        }
        Reply::Undone(report) => undo::undone(report, look),
        Reply::Undoable(listed) => undo::list(listed, look),
        Reply::Planned(report) => sync::plan(report, look),
        Reply::Sessions(listed) => match verb {
            Verb::List(args) => sessions::list(listed, args, look),
            _ => sessions::list(listed, &ListArgs::default(), look),
        },
        Reply::Log(listed) => sessions::log(listed, look),
        Reply::Noted(report) => show::noted(report, look),
        Reply::Shown(report) => show::show(report, look),
        Reply::Status(report) => status::status(report, look),
        // No command of a person asks for it.
        Reply::Here(_) => String::new(),
        Reply::Synced(report) => sync::sync(report, look),
        Reply::Kept(report) => retention::kept(report, look),
        Reply::Collected(report) => retention::collected(report, look),
        Reply::Config(report) => config::config(report, verb, look),
        Reply::Store(report) => store::store(report, look),
        Reply::StoreMoved(report) => store::moved(report, look),
        Reply::Consented(report) => store::consented(report, look),
        Reply::Exported(report) => portable::exported(report, look),
        Reply::Imported(report) => portable::imported(report, look),
        Reply::Examined(report) => doctor::examined(report, look),
        Reply::Explained(report) => doctor::explained(report, look),
    }
}
