//! Recovery words from their making until somebody has seen them.

use convosync_core::{Profile, RecoveryKey, local_digest};
use convosync_wire::Reply;

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Table};
use crate::trouble::Trouble;

const LABEL: &str = "recovery-words";

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
            _ => Ok(()),
        }
    }

    /// The words that nobody has seen yet.
    pub(crate) fn waiting_words(&self, profile: &Profile) -> Result<Option<RecoveryKey>, Trouble> {
        let member = Member::alone(profile.clone());
        let kept = self.remembered(&member, Table::Misc, LABEL, b"")?;
        Ok(kept.and_then(|words| RecoveryKey::parse(&words).ok()))
    }

    /// The words that wait, else new ones, which wait from now on.
    pub(crate) fn words_to_show(&self, profile: &Profile) -> Result<RecoveryKey, Trouble> {
        if let Some(waiting) = self.waiting_words(profile)? {
            return Ok(waiting);
        }
        let recovery = RecoveryKey::new(&mut self.random());
        let member = Member::alone(profile.clone());
        let change = self.remember(&member, Table::Misc, LABEL, b"", &recovery.words());
        self.ports.index.apply(&[change])?;
        Ok(recovery)
    }

    pub(crate) fn forget_words(&self, profile: &Profile) -> Result<(), Trouble> {
        let key = local_digest(&profile.account, LABEL, b"");
        Ok(self.ports.index.apply(&[IndexChange::Remove(Table::Misc, key)])?)
    }
}
