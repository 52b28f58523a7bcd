//! `key protect`: a passphrase on this device's key.

use convosync_core::Passphrase;
use convosync_wire::{Note, ProtectArgs, ProtectReport, Secret, Verb};

use crate::account::LOCK_WAIT;
use crate::engine::Engine;
use crate::ports::Protection;
use crate::trouble::{Refusal, Trouble};

impl Engine<'_> {
    /// Puts a passphrase on this device's key, another one, or takes it off.
    ///
    /// The present passphrase is wanted before the new one, and the one write comes last.
    pub(crate) fn protect(&self, args: &ProtectArgs) -> Result<ProtectReport, Trouble> {
        let _lock = self.ports.locks.acquire("keys", LOCK_WAIT)?;
        let before = self.ports.vault.protection()?.ok_or_else(not_set_up)?;
        self.ports.vault.load()?;
        let new = match args.passphrase {
            true => Some(checked(args.new.as_ref().ok_or_else(no_passphrase)?)?),
            false => None,
        };
        if new.is_some() || before != Protection::None {
            self.ports.vault.protect(new.as_ref(), args.keychain)?;
        }
        let notes = self.notes_of(args, before);
        Ok(ProtectReport { passphrase: args.passphrase, keychain: args.keychain, notes })
    }

    fn notes_of(&self, args: &ProtectArgs, before: Protection) -> Vec<Note> {
        let each_time = self.ports.settings.require_unlock;
        let mut notes = Vec::new();
        if args.passphrase && before == Protection::None {
            notes.push(copies());
        }
        if each_time && args.keychain {
            notes.push(asked_all_the_same());
        }
        if each_time && !args.passphrase {
            notes.push(needed());
        }
        notes
    }

    /// With `require_unlock` nothing is saved or resumed under a key that anybody at this device
    /// can use.
    pub(crate) fn refuse_unprotected(&self, verb: &Verb) -> Result<(), Trouble> {
        if !self.ports.settings.asks_each_time(verb) {
            return Ok(());
        }
        match self.ports.vault.protection()? {
            Some(Protection::Passphrase { .. }) => Ok(()),
            None => Err(not_set_up().into()),
            Some(Protection::None) => Err(unprotected().into()),
        }
    }
}

fn checked(new: &Secret) -> Result<Passphrase, Refusal> {
    let new = Passphrase::on_line(&new.0);
    if new.is_long_enough() {
        return Ok(new);
    }
    let shortest = Passphrase::SHORTEST;
    Err(Refusal::new(
        "convosync::key-file::short-passphrase",
        format!("a passphrase has at least {shortest} characters"),
    )
    .help("take several words; nothing was changed"))
}

fn no_passphrase() -> Refusal {
    Refusal::new(ProtectArgs::WANTS_NEW, "a new passphrase is needed")
        .help("run it in a terminal, or name a file that holds it: `--new-passphrase-file FILE`")
        .argument("--new-passphrase-file")
}

fn not_set_up() -> Refusal {
    Refusal::new("convosync::account::none", "this device is not set up yet: it has no key")
        .help("run `convosync init` for a new account, or `convosync device join --store URL` to become part of one")
}

fn unprotected() -> Refusal {
    Refusal::new(
        "convosync::key-file::unprotected",
        "the setting require_unlock wants a passphrase, and this device's key has none",
    )
    .help(
        "run `convosync key protect --passphrase`, or `convosync config set require_unlock false`",
    )
}

fn note(code: &str, text: &str, help: Option<&str>) -> Note {
    Note { code: code.to_owned(), text: text.to_owned(), help: help.map(str::to_owned) }
}

fn copies() -> Note {
    note(
        "copies-of-the-key",
        "Copies of the key file that were made before (backups, snapshots) need no passphrase",
        None,
    )
}

fn asked_all_the_same() -> Note {
    note(
        "asked-each-time",
        "save and resume ask for the passphrase all the same: require_unlock is set",
        None,
    )
}

fn needed() -> Note {
    note(
        "unprotected",
        "save and resume are refused until the key has a passphrase: require_unlock is set",
        Some("convosync config set require_unlock false"),
    )
}
