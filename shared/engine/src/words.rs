//! Recovery words from their making until somebody has seen them.

use std::path::Path;

use convosync_core::{Profile, RecoveryKey, local_digest};
use convosync_wire::{Note, Reply};
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Table};
use crate::trouble::Trouble;

/// Words that `init` made.
const LABEL: &str = "recovery-words";
/// Words that `key export` made.
const EXPORT: &str = "export-words";

impl Engine<'_> {
    /// Tells that a reply has reached the user. Recovery words in it are kept until then, sealed
    /// under the account's key: an `init` whose answer was lost shows the same ones again.
    ///
    /// # Errors
    ///
    /// If the index can't be written; the words are then shown once more.
    pub fn shown(&self, reply: &Reply) -> Result<(), Trouble> {
        match (reply, self.member()?) {
            (Reply::Initialised(report), Some(member)) if report.recovery_words.is_some() => {
                self.forget_words(&member.profile)
            }
            (Reply::Key(report), Some(member)) if report.recovery_words.is_some() => {
                self.forget_export(&member.profile)
            }
            _ => Ok(()),
        }
    }

    /// The words that nobody has seen yet.
    pub(crate) fn waiting_words(&self, profile: &Profile) -> Result<Option<RecoveryKey>, Trouble> {
        self.waiting(profile, LABEL)
    }

    /// The words that wait, else new ones, which wait from now on.
    pub(crate) fn words_to_show(&self, profile: &Profile) -> Result<RecoveryKey, Trouble> {
        self.waiting_or_new(profile, LABEL)
    }

    pub(crate) fn forget_words(&self, profile: &Profile) -> Result<(), Trouble> {
        self.forget_kept(profile, LABEL)
    }

    /// The words of an export that nobody has seen yet.
    pub(crate) fn waiting_export(&self, profile: &Profile) -> Result<Option<RecoveryKey>, Trouble> {
        self.waiting(profile, EXPORT)
    }

    /// The words of an export that wait, else new ones, which wait from now on.
    pub(crate) fn words_to_export(&self, profile: &Profile) -> Result<RecoveryKey, Trouble> {
        self.waiting_or_new(profile, EXPORT)
    }

    pub(crate) fn forget_export(&self, profile: &Profile) -> Result<(), Trouble> {
        self.forget_kept(profile, EXPORT)
    }

    /// Writes the words into the file that was asked for, if one was, and gives its path.
    pub(crate) fn write_words(
        &self,
        file: Option<&str>,
        recovery: &RecoveryKey,
    ) -> Result<Option<String>, Trouble> {
        let Some(path) = file else { return Ok(None) };
        let text = Zeroizing::new(format!("{}\n", &*recovery.words()));
        self.ports.vault.write_secret(Path::new(path), &text)?;
        Ok(Some(path.to_owned()))
    }

    /// That the file is where the next save may commit it: what git is told to ignore stays.
    pub(crate) fn words_at_risk(&self, file: Option<&str>) -> Option<Note> {
        let folder = Path::new(file?).parent()?;
        self.ports.git.identity(folder).ok()?;
        Some(Note {
            code: "convosync::key::words-in-work-tree".to_owned(),
            text: "the recovery words lie in a git work tree: a save may commit them".to_owned(),
            help: Some("move the file out of it, to where nobody else can read it".to_owned()),
        })
    }

    fn waiting(&self, profile: &Profile, label: &str) -> Result<Option<RecoveryKey>, Trouble> {
        let member = Member::alone(profile.clone());
        let kept = self.remembered(&member, Table::Misc, label, b"")?;
        Ok(kept.and_then(|words| RecoveryKey::parse(&words).ok()))
    }

    fn waiting_or_new(&self, profile: &Profile, label: &str) -> Result<RecoveryKey, Trouble> {
        if let Some(waiting) = self.waiting(profile, label)? {
            return Ok(waiting);
        }
        let recovery = RecoveryKey::new(&mut self.random());
        let member = Member::alone(profile.clone());
        let change = self.remember(&member, Table::Misc, label, b"", &recovery.words());
        self.ports.index.apply(&[change])?;
        Ok(recovery)
    }

    fn forget_kept(&self, profile: &Profile, label: &str) -> Result<(), Trouble> {
        let key = local_digest(&profile.account, label, b"");
        Ok(self.ports.index.apply(&[IndexChange::Remove(Table::Misc, key)])?)
    }
}
