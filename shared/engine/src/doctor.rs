//! Looks whether keys, store, clock and queue are well. It changes nothing; with `--probe` an object
//! that says nothing is put into the store and taken out again.

use convosync_core::ObjectName;
use convosync_wire::{Check, DoctorArgs, DoctorReport};

use crate::address::shown;
use crate::count::counted;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{LocalError, Protection, QueueRow, Store};
use crate::retention::limits::DAY_MS;
use crate::trouble::Trouble;

/// Saves of other devices may seem to be so much younger than now: clocks differ.
const AHEAD: i64 = 5 * 60 * 1000;

/// No ConvoSync ran before: 2026-01-01.
const EARLIEST: i64 = 1_767_225_600_000;

impl Engine<'_> {
    /// `convosync doctor`, as far as it is about this account.
    ///
    /// # Errors
    ///
    /// Only that the keys need a passphrase: all else is told in the report.
    pub(crate) fn examine(&self, args: &DoctorArgs) -> Result<DoctorReport, Trouble> {
        let mut checks = vec![self.protection()];
        let member = match self.member() {
            Err(Trouble::Local(LocalError::Locked(error))) => {
                return Err(LocalError::Locked(error).into());
            }
            Err(trouble) => {
                checks.push(failed("keys", trouble));
                None
            }
            Ok(member) => member,
        };
        if let Some(member) = member {
            self.step("Looking at keys and store")?;
            self.examine_account(args, member, &mut checks);
        }
        checks.push(self.queue_is_short());
        Ok(DoctorReport { checks, notes: Vec::new() })
    }

    /// What protects the keys, and whether others can read them.
    fn protection(&self) -> Check {
        let check = |text: &str| Check::ok("keys", "convosync::doctor::key-file", text);
        match self.ports.vault.protection() {
            Ok(None) => check("this device is not set up: sessions stay on this machine")
                .warn("`convosync init --store URL` for a new account, or `convosync device join --store URL`"),
            Ok(Some(Protection::None)) => check("the key file is yours alone, without a passphrase"),
            Ok(Some(Protection::Passphrase { remembered: false })) => {
                check("the key file is yours alone and needs a passphrase")
            }
            Ok(Some(Protection::Passphrase { remembered: true })) => {
                check("the key file is yours alone and needs a passphrase once a login")
            }
            Err(error) => failed("keys", error.into()),
        }
    }

    fn examine_account(&self, args: &DoctorArgs, mut member: Member, checks: &mut Vec<Check>) {
        let place = shown(&member.profile.store_url);
        let store = match self.answering(self.open_store(&member.profile)) {
            Ok(Some(store)) => store,
            Ok(None) => {
                let silent = Check::ok(
                    "store",
                    "convosync::store::unreachable",
                    format!("{place} does not answer"),
                );
                checks.push(silent.fail(
                    "saves wait on this device: check the connection, then run `convosync sync`",
                ));
                checks.push(self.epoch(&member));
                return;
            }
            Err(trouble) => return checks.push(failed("store", trouble)),
        };
        checks.push(reached(store.as_ref(), &place));
        if args.probe {
            checks.push(self.probed(store.as_ref()));
        }
        if let Err(trouble) = self.learn_devices(&mut member, store.as_ref()) {
            checks.push(failed("keys", trouble));
        }
        checks.push(self.epoch(&member));
        checks.push(self.clock_is_right(&member));
    }

    fn probed(&self, store: &dyn Store) -> Check {
        let check = |text| Check::ok("store", "convosync::doctor::store-probe", text);
        match self.probe(store, "--probe") {
            Ok(()) => check("it writes, reads, lists and deletes"),
            Err(trouble) => failed("store", trouble),
        }
    }

    /// Whether this device has the account's present key.
    fn epoch(&self, member: &Member) -> Check {
        match member.refuse_left_out() {
            Err(refusal) => failed("keys", refusal.into()),
            Ok(()) => {
                let (epoch, others) = (member.epochs.newest(), member.others().len());
                let text = match others {
                    0 => format!("key {epoch} of the account; no other device has it"),
                    1 => format!("key {epoch} of the account, with 1 other device"),
                    more => format!("key {epoch} of the account, with {more} other devices"),
                };
                Check::ok("keys", "convosync::doctor::key-epoch", text)
            }
        }
    }

    /// Compares this device's clock with the times that others wrote.
    fn clock_is_right(&self, member: &Member) -> Check {
        let code = "convosync::doctor::clock";
        let now = self.ports.clock.now_ms();
        let help = "set the clock of whichever is wrong (`timedatectl set-ntp true`): \
                    times in lists come from it, never what is newer";
        if now < EARLIEST {
            let early =
                Check::ok("clock", code, "this device's clock stands before ConvoSync was made");
            return early.fail(help);
        }
        let history = match self.known(member) {
            Ok(history) => history,
            Err(trouble) => return failed("index", trouble),
        };
        let cards = history.sessions.values().flat_map(|saves| saves.values());
        match cards.map(|seen| &seen.card).max_by_key(|card| card.timestamp_ms) {
            Some(card) if card.timestamp_ms > now.saturating_add(AHEAD) => {
                let minutes = card.timestamp_ms.saturating_sub(now) / 60_000;
                let text = format!(
                    "a save of {} is {minutes} minutes ahead of this device's clock",
                    card.device_name
                );
                Check::ok("clock", code, text).warn(help)
            }
            _ => Check::ok("clock", code, "no save is from the future"),
        }
    }

    /// What waits, since when, and why.
    fn queue_is_short(&self) -> Check {
        let check = |text: String| Check::ok("queue", "convosync::doctor::queue", text);
        let queue = match self.ports.index.queue() {
            Ok(queue) => queue,
            Err(error) => return failed("index", error.into()),
        };
        let Some(oldest) = queue.iter().map(|row| row.created_ms).min() else {
            return check("nothing waits to be sent".to_owned());
        };
        let age = self.ports.clock.now_ms().saturating_sub(oldest);
        let waits = format!(
            "{} to be sent, the oldest for {}",
            counted(queue.len() as u64, "save"),
            lasted(age)
        );
        match queue.iter().find_map(why) {
            Some(why) => check(format!("{waits}: {why}"))
                .warn("run `convosync sync`; `convosync explain CODE` says what the code means"),
            None if age > DAY_MS => check(waits).warn("run `convosync sync`"),
            None => check(waits),
        }
    }
}

fn why(row: &QueueRow) -> Option<&str> {
    row.error.as_deref()
}

fn reached(store: &dyn Store, place: &str) -> Check {
    match store.list(ObjectName::UNITS) {
        Ok(units) => Check::ok(
            "store",
            "convosync::doctor::store",
            format!("{place} answers: {}", counted(units.len() as u64, "save")),
        ),
        Err(error) => failed("store", error.into()),
    }
}

fn lasted(ms: i64) -> String {
    match ms / 60_000 {
        ..60 => "less than an hour".to_owned(),
        minutes @ 60..1440 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    }
}

/// A check that ended with what stopped it.
fn failed(area: &str, trouble: Trouble) -> Check {
    let told = trouble.failure();
    let help = told.help.unwrap_or_else(|| "see `convosync status`".to_owned());
    Check::ok(area, &told.code, told.message).fail(help)
}
