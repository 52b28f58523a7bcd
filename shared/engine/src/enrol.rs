//! Joining with six words: the new device asks, another one approves, the store carries both.
//!
//! What is decided is in [`convosync_core::Enrolment`]; here it is put, looked for and cleared away.

use convosync_core::{
    Account, Answered, Approval, Device, Enrolment, JoinWords, Membership, ObjectName, Sealed,
    StoreRecord,
};
use convosync_wire::{
    AccountReport, ApproveArgs, ApproveReport, Decision, EnrolArgs, EnrolReport, EnrolWaiting,
    Note, Question, Secret,
};

use crate::account::{no_account, set_up_already};
use crate::choice::{cancel, choice};
use crate::engine::Engine;
use crate::keys::{DISPUTED, Given};
use crate::member::{Member, NewDevice};
use crate::ports::{Store, Table};
use crate::trouble::{Refusal, Trouble};

/// The most asks that words are tried on: each costs half a second.
const MOST_ASKS: usize = 20;

/// The label of enrolments that were answered.
const ANSWERED: &str = "enrolment";

/// What became of waiting for an answer.
pub(crate) enum Waited {
    /// This device is one of the account.
    Joined(Box<AccountReport>),
    /// Not yet.
    Waiting(EnrolWaiting),
}

impl Engine<'_> {
    /// Asks to join. What this device needs to go on is kept before anything is put.
    pub(crate) fn enrol(&self, args: &EnrolArgs) -> Result<EnrolReport, Trouble> {
        let mut before = self.member()?;
        if let Some(member) = &mut before
            && !member.profile.local_only
            && !self.has_to_join_again(member)
        {
            // It may have died right after it joined.
            self.ports.vault.set_pending(None)?;
            return Err(set_up_already(&member.profile).into());
        }
        let url = self.join_url(args.store.as_deref(), before.as_ref().map(|m| &m.profile))?;
        let store = self.store_at(&url)?;
        let record = self.store_record(store.as_ref())?.ok_or_else(|| no_account(&*store))?;
        let device = self.asking_device(args, before.as_ref())?;
        self.withdraw(store.as_ref())?;
        self.step("Making six words")?;
        let words = JoinWords::new(&mut self.random());
        let name = device.name.clone();
        let (enrolment, ask, sealed) = Enrolment::begin(
            &record,
            (&words, device),
            url.clone(),
            self.ports.clock.now_ms(),
            &mut self.random(),
        );
        self.ports.vault.set_pending(Some(&enrolment.encode()))?;
        store.put_new(&ask, &sealed)?;
        let code = format!("convosync-join:{url}#{}", words.text().replace(' ', "+"));
        Ok(EnrolReport {
            words: Secret(words.text().to_string()),
            code: Secret(code),
            store: url,
            device: name,
            expires: enrolment.expires_ms(),
            notes: Vec::new(),
        })
    }

    /// Whether a device that was of the account is no longer, as far as the store tells, or can't
    /// tell who is.
    fn has_to_join_again(&self, member: &mut Member) -> bool {
        if member.refuse_left_out().is_err() {
            return true;
        }
        let Ok(store) = self.open_store(&member.profile) else { return false };
        let again = [DISPUTED, "convosync::device::revoked", "convosync::device::left-out"];
        let learned = self.learn_devices(member, store.as_ref());
        learned.is_err_and(|trouble| again.contains(&trouble.failure().code.as_str()))
    }

    /// A device that was of the account stays the same one unless it was revoked.
    fn asking_device(&self, args: &EnrolArgs, before: Option<&Member>) -> Result<Device, Trouble> {
        let old = before.map(|member| &member.profile.device);
        let fresh = self.new_device(&NewDevice {
            name: args.device.as_deref().or(old.map(|device| device.name.as_str())),
            kind: args.kind.as_deref().or(old.map(|device| device.kind.as_str())),
            ready: None,
        })?;
        let revoked = before.is_some_and(|member| {
            member.epochs.membership(&member.profile.device.id) == Membership::Revoked
        });
        Ok(match old.filter(|_| !revoked) {
            Some(old) => Device { name: fresh.name, kind: fresh.kind, ..old.clone() },
            None => fresh,
        })
    }

    /// Looks once whether the answer has come, and joins if it has.
    pub(crate) fn enrolled(&self) -> Result<Waited, Trouble> {
        let enrolment = self.pending()?.ok_or_else(nothing_pending)?;
        let store = self.store_at(&enrolment.store_url)?;
        let record = self.store_record(store.as_ref())?.ok_or_else(|| no_account(&*store))?;
        let mut answers = Vec::new();
        for name in self.enrolment_names(store.as_ref(), &enrolment.id)? {
            if matches!(name, ObjectName::EnrolAnswer { .. })
                && let Ok(sealed) = store.get(&name)
            {
                answers.push((name, sealed));
            }
        }
        match enrolment.look(&record, &answers, self.ports.clock.now_ms()) {
            Answered::Joined(account) => {
                let report = self.join_answered(&enrolment, *account, store.as_ref())?;
                self.withdraw(store.as_ref())?;
                Ok(Waited::Joined(Box::new(report)))
            }
            Answered::Waiting { refused } => Ok(Waited::Waiting(EnrolWaiting {
                expires: enrolment.expires_ms(),
                notes: (refused > 0).then(false_answers).into_iter().collect(),
            })),
            Answered::Expired => {
                self.withdraw(store.as_ref())?;
                Err(expired().into())
            }
        }
    }

    fn join_answered(
        &self,
        enrolment: &Enrolment,
        account: Account,
        store: &dyn Store,
    ) -> Result<AccountReport, Trouble> {
        let _alone = self.alone()?;
        let before = self.member()?.map(|member| member.profile);
        let device = &enrolment.device;
        let new = NewDevice {
            name: Some(&device.name),
            kind: Some(device.kind.as_str()),
            ready: Some(device),
        };
        self.join_with(&new, before, Given::ByDevice(account), enrolment.store_url.clone(), store)
    }

    /// Gives up: what was asked is taken back.
    pub(crate) fn give_up_enrolment(&self) -> Result<EnrolWaiting, Trouble> {
        let enrolment = self.pending()?.ok_or_else(nothing_pending)?;
        let store = self.store_at(&enrolment.store_url);
        match store {
            Ok(store) => self.withdraw(store.as_ref())?,
            // The words expire by themselves.
            Err(_) => self.ports.vault.set_pending(None)?,
        }
        Ok(EnrolWaiting { expires: enrolment.expires_ms(), notes: Vec::new() })
    }

    /// Clears away an enrolment of this device, if there is one. What can't be removed from the
    /// store is good for nothing any more.
    fn withdraw(&self, store: &dyn Store) -> Result<(), Trouble> {
        let Some(enrolment) = self.pending()? else { return Ok(()) };
        if let Ok(names) = self.enrolment_names(store, &enrolment.id) {
            names.iter().for_each(|name| drop(store.delete(name)));
        }
        Ok(self.ports.vault.set_pending(None)?)
    }

    /// The store of a URL, which may be this repository's origin.
    pub(crate) fn store_at(&self, url: &str) -> Result<Box<dyn Store>, Trouble> {
        let origin = self.origin_for(url)?;
        let place = origin.as_ref().map_or(url, |origin| origin.url.as_str());
        Ok(self.ports.stores.open(place, false)?)
    }

    fn pending(&self) -> Result<Option<Enrolment>, Trouble> {
        let Some(bytes) = self.ports.vault.pending()? else { return Ok(None) };
        // One that was cut short by a crash is none.
        Ok(Enrolment::decode(&bytes).ok())
    }

    fn enrolment_names(&self, store: &dyn Store, id: &str) -> Result<Vec<ObjectName>, Trouble> {
        let listed = store.list(&format!("{}{id}/", ObjectName::ENROLMENTS))?;
        Ok(listed.into_iter().map(|listed| listed.name).collect())
    }

    /// `convosync device approve`: answers the device whose words these are. Asks first.
    pub(crate) fn approve(&self, args: &ApproveArgs) -> Result<ApproveReport, Trouble> {
        let words = JoinWords::parse(&args.words.0).map_err(|error| {
            Refusal::new(error.code(), error.to_string())
                .help("type the six words as the other device shows them, in their order")
        })?;
        let mut member = self.need_member()?;
        self.step("Reaching the store")?;
        let store = self.open_store(&member.profile)?;
        self.learn_devices(&mut member, store.as_ref())?;
        if member.profile.local_only {
            return Err(only_here().into());
        }
        let record = self.store_record(store.as_ref())?.ok_or_else(|| no_account(&*store))?;
        let (name, approval) = self.asked_with(&words, &record, store.as_ref())?;
        self.refuse_ask(&member, &approval)?;
        if !args.yes {
            return Err(ask_to_approve(&member, &approval, self.ports.clock.now_ms()).into());
        }
        let (answer, sealed) = approval
            .answer(&member.profile.account, &mut self.random())
            .map_err(|error| Refusal::new("convosync::enrol::key", error.to_string()))?;
        store.put_new(&answer, &sealed)?;
        // Answered once: the same words are good for nothing from here on.
        let used = self.remember(&member, Table::Misc, ANSWERED, approval.id().as_bytes(), "1");
        self.ports.index.apply(&[used])?;
        // If it stays, it is still answered.
        let _ = store.delete(&name);
        let entry = &approval.ask.entry;
        let (name, kind) = (entry.name.clone(), entry.kind.as_str().to_owned());
        Ok(ApproveReport { name, kind, notes: Vec::new() })
    }

    fn asked_with(
        &self,
        words: &JoinWords,
        record: &StoreRecord,
        store: &dyn Store,
    ) -> Result<(ObjectName, Approval), Trouble> {
        let listed = store.list(ObjectName::ENROLMENTS)?.into_iter().map(|listed| listed.name);
        let asks: Vec<_> =
            listed.filter(|name| matches!(name, ObjectName::EnrolAsk { .. })).collect();
        for name in asks.iter().take(MOST_ASKS) {
            self.step("Looking for the device that shows these words")?;
            let sealed: Sealed = store.get(name)?;
            if let Ok(approval) = Approval::read(record, words, name, &sealed) {
                return Ok((name.clone(), approval));
            }
        }
        Err(nobody_asks(asks.len(), store).into())
    }

    fn refuse_ask(&self, member: &Member, approval: &Approval) -> Result<(), Trouble> {
        let used = self.remembered(member, Table::Misc, ANSWERED, approval.id().as_bytes())?;
        if used.is_some() {
            return Err(Refusal::new(
                "convosync::enrol::used",
                "these words have been used already",
            )
            .help("run `convosync device join` on the other device again, for new words")
            .into());
        }
        if approval.ask.is_stale(self.ports.clock.now_ms()) {
            return Err(expired().into());
        }
        let ask = &approval.ask;
        let mut devices = member.devices.clone();
        let known = devices.add(ask.device.clone(), ask.entry.clone()).is_err();
        if known || member.epochs.membership(&ask.device) == Membership::Revoked {
            return Err(Refusal::new(
                "convosync::enrol::device",
                "the device that asks says that it is one which was revoked, or has other keys",
            )
            .help("run `convosync device join` on it again")
            .into());
        }
        Ok(())
    }
}

fn ask_to_approve(member: &Member, approval: &Approval, now_ms: i64) -> Decision {
    let entry = &approval.ask.entry;
    let age = crate::age::ago(now_ms.saturating_sub(approval.ask.made_ms).max(0));
    let details = vec![
        format!("Device:  {} ({})", entry.name, entry.kind.as_str()),
        format!("Asked:   {age}"),
        format!("Store:   {}", member.profile.store_url),
        String::new(),
        "It will be able to read and save every session of this account.".to_owned(),
    ];
    let choices = vec![
        choice("approve", "--yes", "Approve", "gives it the account's keys", false),
        cancel("", true),
    ];
    Decision {
        question: Question::Approve,
        title: format!("Let {} join?", entry.name),
        details,
        choices,
    }
}

fn nobody_asks(asks: usize, store: &dyn Store) -> Refusal {
    let help = match asks {
        0 => {
            "run `convosync device join` on the new device; a synchronised folder may take a while"
        }
        _ => "check the words; they are good for fifteen minutes",
    };
    let text = format!("no device asks {} with these words", store.describe());
    Refusal::new("convosync::enrol::nobody", text).help(help)
}

fn nothing_pending() -> Refusal {
    Refusal::new("convosync::enrol::none", "this device is not waiting to join")
        .help("begin with `convosync device join --store URL`")
}

fn expired() -> Refusal {
    Refusal::new("convosync::enrol::expired", "the words are older than fifteen minutes").help(
        "run `convosync device join` on the new device again, and check that both clocks are right",
    )
}

fn only_here() -> Refusal {
    Refusal::new("convosync::enrol::local", "this device's store is only on this machine")
        .help("share it first: `convosync init --store URL`")
}

fn false_answers() -> Note {
    Note {
        code: "convosync::enrol::false-answer".to_owned(),
        text: "The store holds an answer that is not by a device which knows the words: it was not believed".to_owned(),
        help: Some("who can write to the store? If nobody else should, change its credentials".to_owned()),
    }
}
