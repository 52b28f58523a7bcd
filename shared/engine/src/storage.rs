//! The store as its user sees it: where it is, and what whoever runs it can see.

use std::collections::BTreeSet;

use convosync_core::{ObjectName, Profile};
use convosync_wire::{Note, StoreKind, StoreReport, Visible};

use crate::address::shown;
use crate::engine::Engine;
use crate::ports::Store;
use crate::trouble::Trouble;
use crate::word::word;

impl Engine<'_> {
    /// `convosync store`.
    pub(crate) fn storage(&self) -> Result<StoreReport, Trouble> {
        let Some(member) = self.member()? else { return Ok(self.no_store()) };
        let store = self.answering(self.open_store(&member.profile))?;
        // The key file may name another place since it was opened.
        let profile = self.ports.vault.load()?.unwrap_or(member.profile.clone());
        let visible = match &store {
            Some(store) => self.visible(&profile, store.as_ref()).map(Some)?,
            None => None,
        };
        let kind = self.store_kind(&profile);
        Ok(StoreReport {
            store: shown(&profile.store_url),
            store_kind: kind,
            local_only: profile.local_only,
            reachable: store.is_some(),
            queued: self.ports.index.queue()?.len() as u64,
            visible,
            origins: self.origin_rows(&member)?,
            join_with: join_with(&profile),
            notes: if store.is_none() { vec![crate::resume::offline()] } else { Vec::new() },
        })
    }

    fn no_store(&self) -> StoreReport {
        StoreReport {
            store: self.ports.stores.embedded_url(),
            store_kind: StoreKind::Embedded,
            local_only: true,
            reachable: true,
            queued: 0,
            visible: None,
            origins: Vec::new(),
            join_with: None,
            notes: vec![Note {
                code: "convosync::account::none".to_owned(),
                text: "this device is not set up yet".to_owned(),
                help: Some("choose where sealed sessions go with `convosync init`".to_owned()),
            }],
        }
    }

    /// What whoever runs the store can see.
    pub(crate) fn visible(&self, profile: &Profile, store: &dyn Store) -> Result<Visible, Trouble> {
        let listed = store.list("v1/")?;
        let (mut sessions, mut devices, mut saves) = (BTreeSet::new(), BTreeSet::new(), 0);
        for listed in &listed {
            sessions.extend(listed.name.session());
            match &listed.name {
                ObjectName::Unit { .. } => saves += 1,
                ObjectName::Device { device, .. } => {
                    devices.insert(device);
                }
                _ => {}
            }
        }
        Ok(Visible {
            sessions: sessions.len() as u64,
            saves,
            devices: devices.len() as u64,
            bytes: listed.iter().map(|listed| listed.size).sum(),
            also: also(self.store_kind(profile)).iter().map(ToString::to_string).collect(),
        })
    }

    pub(crate) fn store_kind(&self, profile: &Profile) -> StoreKind {
        match profile.store_url.as_str() {
            _ if profile.local_only => StoreKind::Embedded,
            url if crate::origin::is_origin(url) => StoreKind::Origin,
            url if url.starts_with("git+") => StoreKind::Git,
            url if url.contains("://") && !url.starts_with("file:") => StoreKind::Bucket,
            _ => StoreKind::Folder,
        }
    }
}

/// What a provider sees besides counts, a sentence each.
fn also(kind: StoreKind) -> &'static [&'static str] {
    match kind {
        StoreKind::Embedded => &[],
        StoreKind::Folder => &[
            "when each object was written, and its size, which is padded",
            "who can read the folder, here and where it is carried to, sees the same",
        ],
        StoreKind::Git | StoreKind::Origin => &[
            "when each save was pushed and by which user of git, and its size, which is padded",
            "who can fetch the repository can fetch the sealed objects: on a public forge anyone",
            "what is deleted may stay on the server until it cleans up",
        ],
        StoreKind::Bucket => &[
            "when each object was written and read, from which address, and its size, which is padded",
            "who may read the bucket sees the same",
        ],
    }
}

/// The command that asks, on another device, to become one of the account.
pub(crate) fn join_with(profile: &Profile) -> Option<String> {
    let url = shown(&profile.store_url);
    (!profile.local_only).then(|| format!("convosync device join --store {}", word(&url)))
}
