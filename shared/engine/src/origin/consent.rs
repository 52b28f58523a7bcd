//! Whether a repository's origin may hold its sealed sessions: asked once, remembered, taken back.

use convosync_core::{ObjectName, local_digest, open_value, seal_value};
use convosync_wire::{Choice, ConsentArgs, ConsentReport, Decision, Note, OriginRow, Question};

use super::{Origin, is_origin};
use crate::account::LOCK_WAIT;
use crate::address::shown;
use crate::choice::choice;
use crate::count::counted;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Table};
use crate::trouble::{Refusal, Trouble};

/// What was answered on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    Allowed,
    Forbidden,
}

const LABEL: &str = "origin";
const ALLOWED: &str = "allowed";
const FORBIDDEN: &str = "forbidden";

impl Engine<'_> {
    /// `convosync store allow` and `forbid`.
    pub(crate) fn consent(&self, args: &ConsentArgs) -> Result<ConsentReport, Trouble> {
        let member = self.need_member()?;
        if !is_origin(&member.profile.store_url) {
            return Err(one_store(&member).into());
        }
        let origin = self.origin_here()?;
        let before = self.consent_for(&member, &origin)?;
        if !args.allow {
            return self.forbid(&member, origin, before);
        }
        let store = self.ports.stores.open(&origin.url, false)?;
        let record = self.store_record(store.as_ref())?;
        if let Some(record) = &record {
            record.matches(&member.profile.account).map_err(|_| not_ours(&origin))?;
        } else if !args.yes {
            return Err(question(&origin).into());
        }
        if record.is_none() {
            // This time a ref is tried too.
            let store = self.ports.stores.open(&origin.url, true)?;
            self.probe(store.as_ref(), "--store")?;
            let _lock = self.ports.locks.acquire("send", LOCK_WAIT)?;
            self.settle_in(&member, store.as_ref())?;
        }
        self.remember_consent(&member, &origin, Consent::Allowed)?;
        let changed = before != Some(Consent::Allowed);
        let notes = self.waiting_for(&member, &origin)?;
        Ok(ConsentReport { changed, origin: row(&origin, true, true), notes })
    }

    fn forbid(
        &self,
        member: &Member,
        origin: Origin,
        before: Option<Consent>,
    ) -> Result<ConsentReport, Trouble> {
        self.remember_consent(member, &origin, Consent::Forbidden)?;
        let changed = before != Some(Consent::Forbidden);
        let notes = vec![Note {
            code: "convosync::store::stays".to_owned(),
            text: "what was sent before stays there, sealed; nothing more is sent from this device".to_owned(),
            help: Some("to remove it: `git push origin --delete` each ref that `git ls-remote origin 'refs/convosync/*'` shows; other devices of the account then stop finding these sessions".to_owned()),
        }];
        Ok(ConsentReport { changed, origin: row(&origin, false, true), notes })
    }

    /// What waits on this device and may go now.
    fn waiting_for(&self, member: &Member, origin: &Origin) -> Result<Vec<Note>, Trouble> {
        let homes = self.homes(member)?;
        let queue = self.ports.index.queue()?;
        let waiting =
            queue.iter().filter(|row| homes.get(&row.session) == Some(&origin.repository)).count();
        let note = Note {
            code: "convosync::store::waiting".to_owned(),
            text: format!(
                "{} of this repository waiting on this device",
                counted(waiting as u64, "save")
            ),
            help: Some("send them with `convosync sync`".to_owned()),
        };
        Ok(if waiting > 0 { vec![note] } else { Vec::new() })
    }

    /// Asks for an origin that holds nothing of the account yet, unless that was answered.
    pub(crate) fn ask_for_origin(&self, origin: &Origin, yes: bool) -> Result<(), Trouble> {
        if yes { Ok(()) } else { Err(question(origin).into()) }
    }

    /// Every origin that was asked about on this device.
    pub(crate) fn consents(&self, member: &Member) -> Result<Vec<(Origin, Consent)>, Trouble> {
        let account = &member.profile.account;
        let all = self.ports.index.all(Table::Repositories)?;
        Ok(all
            .iter()
            .filter_map(|(_, sealed)| open_value(account, LABEL, sealed).ok())
            .filter_map(|plain| decode(&plain))
            .collect())
    }

    pub(crate) fn consent_for(
        &self,
        member: &Member,
        origin: &Origin,
    ) -> Result<Option<Consent>, Trouble> {
        let all = self.consents(member)?;
        Ok(all.into_iter().find(|(known, _)| known == origin).map(|(_, consent)| consent))
    }

    pub(crate) fn remember_consent(
        &self,
        member: &Member,
        origin: &Origin,
        consent: Consent,
    ) -> Result<(), Trouble> {
        let account = &member.profile.account;
        let key = local_digest(account, LABEL, origin.url.as_bytes());
        let plain = encode(origin, consent);
        let sealed = seal_value(account, LABEL, plain.as_bytes(), &mut self.random());
        Ok(self.ports.index.apply(&[IndexChange::Put(Table::Repositories, key, sealed)])?)
    }

    /// The origins that are known, and whether each can be used now.
    pub(crate) fn origin_rows(&self, member: &Member) -> Result<Vec<OriginRow>, Trouble> {
        let reached = self.looked_at.borrow().clone().unwrap_or_default();
        Ok(self
            .consents(member)?
            .iter()
            .map(|(origin, consent)| {
                let allowed = *consent == Consent::Allowed;
                row(origin, allowed, reached.contains(&origin.repository))
            })
            .collect())
    }
}

/// One field a line; the repository last, since it may hold anything.
fn encode(origin: &Origin, consent: Consent) -> String {
    let word = if consent == Consent::Allowed { ALLOWED } else { FORBIDDEN };
    format!("{word}\n{}\n{}", origin.url, origin.repository)
}

fn decode(plain: &[u8]) -> Option<(Origin, Consent)> {
    let mut lines = std::str::from_utf8(plain).ok()?.splitn(3, '\n');
    let consent = match lines.next()? {
        ALLOWED => Consent::Allowed,
        FORBIDDEN => Consent::Forbidden,
        _ => return None,
    };
    let url = lines.next()?.to_owned();
    Some((Origin { repository: lines.next()?.to_owned(), url }, consent))
}

fn row(origin: &Origin, allowed: bool, reachable: bool) -> OriginRow {
    OriginRow {
        repository: origin.repository.clone(),
        store: shown(&origin.url),
        allowed,
        reachable,
    }
}

fn question(origin: &Origin) -> Decision {
    Decision {
        question: Question::Origin,
        title: "Sealed Sessions in This Repository's Origin".to_owned(),
        details: vec![
            format!("Repository: {}", shown(&origin.url)),
            "Its sealed sessions would be kept there, in refs below refs/convosync/ that a plain clone does not fetch.".to_owned(),
            "Whoever can fetch the repository can fetch the sealed objects; on a public forge that is anyone. They see how many sessions, saves and devices there are, padded sizes and times of pushes, and nothing of what is in them.".to_owned(),
            "What is deleted later may stay on the server.".to_owned(),
        ],
        choices: vec![
            choice(
                ConsentArgs::ALLOW,
                "--yes",
                "Keep Them There",
                "every device with a clone has them; it can be taken back with `convosync store forbid`",
                false,
            ),
            choice(
                Choice::CANCEL,
                "",
                "Cancel",
                "changes nothing; sessions of this repository wait on this device",
                true,
            ),
        ],
    }
}

/// A shared repository can hold one account.
pub(crate) fn not_ours(origin: &Origin) -> Refusal {
    Refusal::new(
        "convosync::store::other-account",
        format!("{} holds another account's sealed sessions already", shown(&origin.url)),
    )
    .help("nothing was written; use a store for all repositories: `convosync init --store URL` with a private repository or a folder")
    .argument("--store")
}

fn one_store(member: &Member) -> Refusal {
    Refusal::new(
        "convosync::store::one-for-all",
        format!("all sessions go to one store, {}", shown(&member.profile.store_url)),
    )
    .help("`store allow` and `store forbid` are for `convosync init --store origin`")
}

/// What a queued save of such a repository waits for.
pub(super) const WAITS: &str = "run `convosync store allow` in the repository";

/// Objects that every origin of an account has.
pub(super) const SHARED: [&str; 2] = [ObjectName::KEYS, ObjectName::DEVICES];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let origin =
            Origin { repository: "h/me\nodd".to_owned(), url: "git+ssh://h/me".to_owned() };
        for consent in [Consent::Allowed, Consent::Forbidden] {
            let plain = encode(&origin, consent);
            assert_eq!(decode(plain.as_bytes()), Some((origin.clone(), consent)));
        }
        assert_eq!(decode(b"perhaps\nx\ny"), None);
    }
}
