//! The engine: one request in, one outcome out.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use convosync_core::DeviceKind;
use convosync_wire::{Counted, Decision, Failure, Note, Progress, Reply, Request, Unit, Verb};

use crate::Cancel;
use crate::enrol::Waited;
use crate::ports::{
    Assistant, Clock, Entropy, Git, Index, Journal, Locks, Panes, Scratch, Shells, Store, Stores,
    Vault,
};
use crate::settings::Settings;
use crate::trouble::{Refusal, Trouble};

/// What the machine says of itself.
#[derive(Debug, Clone)]
pub struct Host {
    /// The default name of this device.
    pub name: String,
    /// The default kind of this device.
    pub kind: DeviceKind,
    /// The user's home directory, symlinks resolved.
    pub home: Option<std::path::PathBuf>,
    /// A folder that something carries to the user's other machines, if one was found.
    pub carried: Option<std::path::PathBuf>,
}

/// Everything outside that the engine asks.
pub struct Ports<'a> {
    /// Opens stores.
    pub stores: &'a dyn Stores,
    /// This device's keys.
    pub vault: &'a dyn Vault,
    /// The index.
    pub index: &'a dyn Index,
    /// What an undo needs.
    pub journal: &'a dyn Journal,
    /// Frozen saves that wait to be sent.
    pub outbox: &'a dyn Store,
    /// Sealed objects that this device keeps: the chains of its tips.
    pub cache: &'a dyn Store,
    /// Locks.
    pub locks: &'a dyn Locks,
    /// Private files.
    pub scratch: &'a dyn Scratch,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
    /// The user's repository.
    pub git: &'a dyn Git,
    /// The assistants, the preferred one first.
    pub assistants: &'a [&'a dyn Assistant],
    /// The user's shells.
    pub shells: &'a dyn Shells,
    /// The panes of the user's terminal.
    pub panes: &'a dyn Panes,
    /// The machine.
    pub host: Host,
    /// What the user has set.
    pub settings: Settings,
    /// Whether the user gave up.
    pub cancel: Cancel,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Done.
    Reply(Box<Reply>),
    /// Nothing was changed; the user has to choose.
    Decision(Decision),
    /// It did not work.
    Failure(Failure),
}

/// Answers requests.
pub struct Engine<'a> {
    pub(crate) ports: &'a Ports<'a>,
    pub(crate) progress: &'a dyn Fn(&Progress),
    /// The caller's directory.
    pub(crate) here: RefCell<Option<PathBuf>>,
    /// Repositories whose origins answered, if those are the store.
    pub(crate) looked_at: RefCell<Option<BTreeSet<String>>>,
    /// What was learned on the way and belongs into the reply.
    told: RefCell<Vec<Note>>,
}

impl<'a> Engine<'a> {
    /// An engine over these ports; `progress` is told what is being done.
    #[must_use]
    pub fn new(ports: &'a Ports<'a>, progress: &'a dyn Fn(&Progress)) -> Self {
        let (here, looked_at, told) = Default::default();
        Self { ports, progress, here, looked_at, told }
    }

    /// Does what is asked, or tells why not.
    #[must_use]
    pub fn run(&self, request: &Request) -> Outcome {
        *self.here.borrow_mut() = Some(PathBuf::from(&request.directory));
        match self.answer(request) {
            Ok(mut reply) => {
                reply.notes_mut().append(&mut self.told.take());
                Outcome::Reply(Box::new(reply))
            }
            Err(Trouble::Decide(decision)) => Outcome::Decision(*decision),
            Err(trouble) => Outcome::Failure(trouble.failure()),
        }
    }

    fn answer(&self, request: &Request) -> Result<Reply, Trouble> {
        self.refuse_unprotected(&request.verb)?;
        self.mend_index()?;
        match &request.verb {
            Verb::Init(args) => self.init(args).map(Reply::Initialised),
            Verb::DeviceJoin(args) => self.join(args).map(Reply::Joined),
            Verb::DeviceEnrol(args) => self.enrol(args).map(Reply::Enrolling),
            Verb::DeviceEnrolled => self.enrolled().map(|waited| match waited {
                Waited::Joined(report) => Reply::Joined(*report),
                Waited::Waiting(waiting) => Reply::EnrolWaiting(waiting),
            }),
            Verb::DeviceGiveUp => self.give_up_enrolment().map(Reply::EnrolWaiting),
            Verb::DeviceApprove(args) => self.approve(args).map(Reply::Approved),
            Verb::DeviceRename(args) => self.rename(args).map(Reply::Renamed),
            Verb::DeviceRevoke(args) => self.revoke(args).map(Reply::Key),
            Verb::KeyRotate => self.rotate_key().map(Reply::Key),
            Verb::KeyExport(args) => self.export_key(args).map(Reply::Key),
            Verb::KeyProtect(args) => self.protect(args).map(Reply::Protected),
            Verb::DeviceList => self.devices().map(Reply::Devices),
            Verb::Save(args) if args.dry_run => self.plan_save(request, args).map(Reply::Planned),
            Verb::Save(args) => self.save(request, args).map(Reply::Saved),
            Verb::Resume(args) if args.dry_run => {
                self.plan_resume(request, args).map(Reply::Planned)
            }
            Verb::Resume(args) if args.abort => self.abort_resume(request),
            Verb::Resume(args) => self.resume(request, args).map(Reply::Resumed),
            Verb::Undo(args) => self.undo(request, args),
            Verb::List(args) => self.list(request, args).map(Reply::Sessions),
            Verb::Log { session } => self.log(session).map(Reply::Log),
            Verb::Note(args) => self.note(request, args).map(Reply::Noted),
            Verb::Show(args) => {
                self.show(request, args).map(|report| Reply::Shown(Box::new(report)))
            }
            Verb::Here => self.here(request).map(|report| Reply::Here(Box::new(report))),
            Verb::Status => self.status(request).map(|report| Reply::Status(Box::new(report))),
            Verb::Sync(args) => self.sync(args).map(Reply::Synced),
            Verb::Pin(args) => self.pin(args, true).map(Reply::Kept),
            Verb::Unpin(args) => self.pin(args, false).map(Reply::Kept),
            Verb::Delete(args) => self.delete(args).map(Reply::Kept),
            Verb::Undelete(args) => self.undelete(args).map(Reply::Kept),
            Verb::Gc(args) => self.gc(args).map(Reply::Collected),
            Verb::Export(_) | Verb::Import(_) => {
                Err(Refusal::new("convosync::files::host", "files are opened by the host").into())
            }
            Verb::Doctor(args) => self.examine(args).map(Reply::Examined),
            Verb::Explain { .. } => Err(Refusal::new(
                "convosync::explain::host",
                "what codes mean is written with the host",
            )
            .into()),
            Verb::Config(_) => {
                Err(Refusal::new("convosync::config::host", "settings are kept by the host").into())
            }
            Verb::Store => self.storage().map(Reply::Store),
            Verb::StoreMove(args) => self.move_store(args).map(Reply::StoreMoved),
            Verb::StoreConsent(args) => self.consent(args).map(Reply::Consented),
        }
    }

    /// Tells what is being done, and stops here if the user gave up.
    pub(crate) fn step(&self, text: &str) -> Result<(), Trouble> {
        self.advance(text.into())
    }

    /// As [`Engine::step`], of objects that go or come one after the other.
    pub(crate) fn step_of(&self, text: &str, done: usize, of: usize) -> Result<(), Trouble> {
        let (done, of) = (done as u64, of as u64);
        let counted = (of > 1).then_some(Counted { done, of, unit: Unit::Objects });
        self.advance(Progress { text: text.to_owned(), counted })
    }

    /// As [`Engine::step`], of bytes.
    pub(crate) fn bytes_of(&self, text: &str, done: u64, of: u64) -> Result<(), Trouble> {
        let counted = (of > 0).then_some(Counted { done, of, unit: Unit::Bytes });
        self.advance(Progress { text: text.to_owned(), counted })
    }

    fn advance(&self, progress: Progress) -> Result<(), Trouble> {
        if self.ports.cancel.is_cancelled() {
            return Err(Trouble::Cancelled);
        }
        (self.progress)(&progress);
        Ok(())
    }

    /// Tells what is being done where it is too late to stop: what was begun is ended.
    pub(crate) fn tell(&self, text: &str) {
        (self.progress)(&text.into());
    }

    /// Puts a note into the reply, whatever the verb.
    pub(crate) fn also_tell(&self, note: Note) {
        let mut told = self.told.borrow_mut();
        if !told.contains(&note) {
            told.push(note);
        }
    }

    pub(crate) fn random(&self) -> impl FnMut(&mut [u8]) + '_ {
        |bytes| self.ports.entropy.fill(bytes)
    }

    pub(crate) fn letters(&self) -> [u8; 8] {
        let mut bytes = [0; 8];
        self.ports.entropy.fill(&mut bytes);
        bytes
    }
}
