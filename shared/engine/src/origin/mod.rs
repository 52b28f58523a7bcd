//! `origin` as the store: the sealed sessions of a repository go to that repository's own origin.
//!
//! Each origin that is used holds the account as well: its devices, its keys under the recovery
//! words, the store record; all of one store. Whether an origin may hold sealed sessions is asked
//! once per repository: what an origin holds of the account is the answer of every device of it.
//! A session whose repository has no origin, or may not use it, waits on this device and says so.

mod consent;
mod places;
mod remote;

use std::collections::BTreeMap;
use std::path::PathBuf;

use convosync_core::{Card, ObjectName, Profile, SaveId, SessionId};
use convosync_wire::Note;

use crate::address::shown;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Facts, Store, StoreError};
use crate::save::repository_name;
use crate::trouble::{Refusal, Trouble};

pub(crate) use consent::Consent;
use places::{Origins, Place};

/// The URL of this store.
pub(crate) const URL: &str = "origin";

/// Whether a URL means each repository's own origin.
pub(crate) fn is_origin(url: &str) -> bool {
    url.trim() == URL
}

/// A repository's origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The repository, as cards name it.
    pub(crate) repository: String,
    /// Its URL as a git store.
    pub(crate) url: String,
}

impl Engine<'_> {
    /// The origin of the repository that the command was started in.
    ///
    /// # Errors
    ///
    /// A refusal if there is no repository here, or it has no remote that can hold anything.
    pub(crate) fn origin_here(&self) -> Result<Origin, Trouble> {
        let here = self.here.borrow().clone().unwrap_or_else(|| PathBuf::from("."));
        self.origin_of(&self.facts(&here)?)
    }

    fn origin_of(&self, facts: &Facts) -> Result<Origin, Trouble> {
        let remote = facts.remotes.first().ok_or_else(no_remote)?;
        let url = remote::store_url(&facts.repository.root, &remote.shown)
            .ok_or_else(|| unusable(&remote.shown, "it is no URL that a store can have"))?;
        let url = self.ports.stores.normalise(&url).map_err(|error| match error {
            StoreError::BadUrl { reason, .. } => Trouble::from(unusable(&remote.shown, &reason)),
            error => error.into(),
        })?;
        Ok(Origin { repository: repository_name(facts), url })
    }

    /// Opens every origin that is used: those of repositories where sessions were saved before,
    /// and the one here if it holds this account.
    ///
    /// One that does not answer, or is another account's, is left out and told.
    pub(crate) fn open_origins(&self, profile: &Profile) -> Result<Box<dyn Store>, Trouble> {
        let member = Member::alone(profile.clone());
        let mut places = Vec::new();
        for (origin, consent) in self.candidates(&member)? {
            match self.open_origin(&member, &origin, consent) {
                Ok(Some(store)) => {
                    let repository = origin.repository;
                    places.push(Place { repository, store });
                }
                Ok(None) => {}
                Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
                Err(trouble) => self.also_tell(left_out(&origin, trouble)),
            }
        }
        if places.is_empty() {
            return Err(StoreError::NoPlace(nowhere().to_owned()).into());
        }
        let sessions = self.homes(&member)?;
        *self.looked_at.borrow_mut() =
            Some(places.iter().map(|place| place.repository.clone()).collect());
        let origins = Origins { places, sessions };
        if let Err(error) = origins.equalise() {
            self.also_tell(not_equal(&error));
        }
        Ok(Box::new(origins))
    }

    /// What is known of origins, and the one here.
    fn candidates(&self, member: &Member) -> Result<Vec<(Origin, Option<Consent>)>, Trouble> {
        let known = self.consents(member)?.into_iter();
        let mut all: Vec<_> = known.map(|(origin, consent)| (origin, Some(consent))).collect();
        let here = match self.origin_here() {
            Err(Trouble::Cancelled) => return Err(Trouble::Cancelled),
            here => here.ok(),
        };
        if let Some(here) = here
            && all.iter().all(|(origin, _)| *origin != here)
        {
            all.push((here, None));
        }
        Ok(all)
    }

    /// Opens an origin if it may be used; one that was allowed and holds nothing yet is made ready.
    fn open_origin(
        &self,
        member: &Member,
        origin: &Origin,
        consent: Option<Consent>,
    ) -> Result<Option<Box<dyn Store>>, Trouble> {
        if consent == Some(Consent::Forbidden) {
            return Ok(None);
        }
        let store = self.ports.stores.open(&origin.url, false)?;
        match (self.store_record(store.as_ref())?, consent) {
            (Some(record), _) => record
                .matches(&member.profile.account)
                .map_err(|error| Trouble::Object { name: ObjectName::StoreRecord, error })?,
            (None, Some(Consent::Allowed)) => self.settle_in(member, store.as_ref())?,
            (None, _) => return Ok(None),
        }
        if consent.is_none() {
            // Another device of the account has asked.
            self.remember_consent(member, origin, Consent::Allowed)?;
        }
        Ok(Some(store))
    }

    /// Writes what makes an origin one of the account's: its keys under the recovery words, its
    /// devices, and the store record last.
    pub(crate) fn settle_in(&self, member: &Member, store: &dyn Store) -> Result<(), Trouble> {
        for prefix in [ObjectName::KEYS, ObjectName::DEVICES] {
            for listed in self.ports.cache.list(prefix)? {
                store.put_new(&listed.name, &self.ports.cache.get(&listed.name)?)?;
            }
        }
        self.found(store, &member.profile, None)
    }

    /// Keeps the account's keys and devices on this device, for the next origin.
    pub(crate) fn keep_account(&self, store: &dyn Store) -> Result<(), Trouble> {
        for prefix in [ObjectName::KEYS, ObjectName::DEVICES] {
            for listed in store.list(prefix)? {
                self.keep(&listed.name, &store.get(&listed.name)?)?;
            }
        }
        Ok(())
    }

    /// The repository of each session that is known, by its greatest save.
    fn homes(&self, member: &Member) -> Result<BTreeMap<SessionId, String>, Trouble> {
        let mut newest: BTreeMap<SessionId, (SaveId, String)> = BTreeMap::new();
        for Card { session, save, repository, .. } in self.known_cards(member)? {
            if newest.get(&session).is_none_or(|(known, _)| *known <= save) {
                newest.insert(session, (save, repository));
            }
        }
        let home = |(session, (_, repository))| (session, repository);
        Ok(newest.into_iter().map(home).collect())
    }
}

fn nowhere() -> &'static str {
    "no repository's origin can be used now; run it inside a repository whose origin is allowed, or allow one with `convosync store allow`"
}

fn no_remote() -> Refusal {
    Refusal::new("convosync::store::no-origin", "this repository has no remote that could hold its sealed sessions")
        .help("add one with `git remote add origin URL`, or use a store for all repositories: `--store URL`")
        .argument("--store")
}

fn unusable(remote: &str, why: &str) -> Refusal {
    Refusal::new(
        "convosync::store::no-origin",
        format!("{remote} can't hold sealed sessions: {why}"),
    )
    .help("use a store for all repositories: `--store URL`")
    .argument("--store")
}

/// Why a store of origins can't be moved, nor a store moved there.
pub(crate) fn not_movable(to: &str) -> Refusal {
    let text = if is_origin(to) {
        "a store for all repositories can't be moved into their origins"
    } else {
        "each repository's sealed sessions are in its own origin: there is no one store to move"
    };
    Refusal::new("convosync::store::many", text)
        .help("where a session goes is chosen at set-up; `convosync store` shows what is used")
}

fn not_equal(error: &StoreError) -> Note {
    Note {
        code: "convosync::store::origins".to_owned(),
        text: format!("the account could not be written to every origin: {error}"),
        help: Some("it is tried again by the next command".to_owned()),
    }
}

fn left_out(origin: &Origin, trouble: Trouble) -> Note {
    let failure = trouble.failure();
    Note {
        code: failure.code,
        text: format!("{} was left out: {}", shown(&origin.url), failure.message),
        help: failure.help,
    }
}
