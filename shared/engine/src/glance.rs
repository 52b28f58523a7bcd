//! A list without opening every card: most sessions are shown by what the overview says of them,
//! and only those that something happened to since are looked at by all of their saves.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use convosync_core::{Card, ObjectName, OpenError, Overview, OverviewRow, Stand};

use crate::engine::Engine;
use crate::history::{Depth, History, Seen};
use crate::knob;
use crate::known::{is_stale, opened};
use crate::member::Member;
use crate::ports::{Listed, Store};
use crate::trouble::Trouble;

/// All sessions, most of them unopened.
#[derive(Debug)]
pub(crate) struct Glance {
    overview: Option<Overview>,
    /// Sessions that are in the history, whatever the overview says of them.
    apart: BTreeSet<String>,
    /// Those; all of them without an overview.
    pub(crate) history: History,
}

/// A session by the head that stands for it.
#[derive(Clone, Copy)]
enum Shown<'a> {
    Opened(&'a Seen),
    Row(OverviewRow<'a>),
}

/// What a list is to show.
pub(crate) struct Wanted<'a> {
    /// What the repository here may be called: its sessions come first.
    pub(crate) here: &'a [String],
    /// Sessions that are deleted, and no others.
    pub(crate) deleted: bool,
    /// Whether a repository is wanted.
    pub(crate) repository: &'a dyn Fn(&str) -> bool,
    /// Nothing older is wanted, milliseconds since 1970.
    pub(crate) since: i64,
    /// Whether a card is wanted; none: every card is.
    pub(crate) card: Option<&'a dyn Fn(&Card) -> bool>,
    pub(crate) limit: usize,
}

impl Glance {
    fn of(history: History) -> Self {
        Self { overview: None, apart: BTreeSet::new(), history }
    }

    /// The sessions that are wanted, this repository's first, newest first.
    ///
    /// # Errors
    ///
    /// If a newer version made the overview.
    pub(crate) fn page(&self, wanted: &Wanted<'_>) -> Result<Vec<Seen>, OpenError> {
        let history = &self.history;
        let apart = if wanted.deleted { history.deleted() } else { history.newest() };
        let rows = self.overview.iter().flat_map(Overview::rows);
        // A session that is deleted is in the history.
        let rows = rows.filter(|row| {
            !wanted.deleted && row.stand() == Stand::OnlyHead && !self.is_apart(row.session())
        });
        let all = apart.into_iter().map(Shown::Opened).chain(rows.map(Shown::Row));
        let mut page = Vec::new();
        let fits = |shown: &Shown<'_>| {
            shown.time() >= wanted.since && (wanted.repository)(shown.repository())
        };
        for shown in all.filter(fits) {
            if wanted.card.is_none() || shown.is_wanted(wanted)? {
                page.push(shown);
            }
        }
        let is_here = |shown: &Shown<'_>| wanted.here.iter().any(|name| name == shown.repository());
        page.sort_by_cached_key(|shown| (!is_here(shown), Reverse(shown.time()), shown.session()));
        page.into_iter().take(wanted.limit).map(Shown::seen).collect()
    }

    fn is_apart(&self, session: &str) -> bool {
        !self.apart.is_empty() && self.apart.contains(session)
    }
}

impl<'a> Shown<'a> {
    fn repository(&self) -> &'a str {
        match self {
            Self::Opened(seen) => &seen.card.repository,
            Self::Row(row) => row.repository(),
        }
    }

    fn time(&self) -> i64 {
        match self {
            Self::Opened(seen) => seen.card.timestamp_ms,
            Self::Row(row) => row.timestamp_ms(),
        }
    }

    fn session(&self) -> &'a str {
        match self {
            Self::Opened(seen) => seen.card.session.as_str(),
            Self::Row(row) => row.session(),
        }
    }

    fn is_wanted(&self, wanted: &Wanted<'_>) -> Result<bool, OpenError> {
        let Some(is_wanted) = wanted.card else { return Ok(true) };
        Ok(match self {
            Self::Opened(seen) => is_wanted(&seen.card),
            Self::Row(row) => is_wanted(&row.card()?),
        })
    }

    fn seen(self) -> Result<Seen, OpenError> {
        Ok(match self {
            Self::Opened(seen) => seen.clone(),
            Self::Row(row) => Seen { card: row.card()?, queued: false, quarantined: false },
        })
    }
}

impl Engine<'_> {
    /// As [`Engine::refreshed`], or as [`Engine::known`] without a store, for a list.
    pub(crate) fn glance(
        &self,
        member: &mut Member,
        store: Option<&dyn Store>,
    ) -> Result<Glance, Trouble> {
        let Some(store) = store else { return self.glance_at(member, None) };
        let told = self.learn_the_rest(member, store)?;
        let listed = store.list(ObjectName::UNITS)?;
        let mut glance = self.glance_at(member, Some(&listed))?;
        told.into_history(&mut glance.history);
        let listed = match glance.overview {
            Some(_) => {
                let apart = |listed: &Listed| {
                    listed.name.session().is_some_and(|session| glance.is_apart(session.as_str()))
                };
                listed.into_iter().filter(apart).collect()
            }
            None => listed,
        };
        let (units, history) = (ObjectName::UNITS, &mut glance.history);
        self.refresh(member, store, listed, units, Depth::Heads, history)?;
        Ok(glance)
    }

    /// What this device knows. `listed`: the saves that are in the store, in order, if it answers.
    fn glance_at(&self, member: &Member, listed: Option<&[Listed]>) -> Result<Glance, Trouble> {
        // Of a device that was revoked each save is judged by itself.
        let judged = !member.epochs.revoked().is_empty() || member.epochs.newest() > 1;
        let kept = if judged || !knob::glances() { None } else { self.overview(member)? };
        let kept = kept.filter(|(overview, later)| !is_stale(later.cards.len(), overview.len()));
        let Some((overview, later)) = kept else { return Ok(Glance::of(self.known(member)?)) };
        let mut history = History { decisions: self.decisions(member)?, ..History::default() };
        let queue = self.ports.index.queue()?;
        let queued: BTreeSet<_> = queue.iter().map(|row| &row.save).collect();
        let mut apart = history.decisions.sessions();
        apart.extend(queue.iter().map(|row| row.session.to_string()));
        apart.extend(later.cards.iter().map(|card| card.session.to_string()));
        let open = overview.rows().filter(|row| row.stand() == Stand::Open);
        apart.extend(open.map(|row| row.session().to_owned()));
        apart.extend(listed.map(|listed| differing(&overview, listed)).unwrap_or_default());
        let rows = overview.rows().filter(|row| apart.contains(row.session()));
        let cards: Result<Vec<Card>, _> = rows.map(|row| row.card()).collect();
        let later: Option<Vec<Card>> =
            later.cards.iter().map(|stored| opened(member, stored)).collect();
        let (Ok(cards), Some(later)) = (cards, later) else {
            return Ok(Glance::of(self.known(member)?));
        };
        for card in cards.into_iter().chain(later) {
            let queued = queued.contains(&card.save);
            history.insert(Seen { card, queued, quarantined: false });
        }
        Ok(Glance { overview: Some(overview), apart, history })
    }
}

/// The sessions of saves that only one of the two has. Both are in the order of names.
fn differing(overview: &Overview, listed: &[Listed]) -> BTreeSet<String> {
    let mut differing = BTreeSet::new();
    let mut listed = listed.iter().filter_map(|listed| match &listed.name {
        ObjectName::Unit { session, save } => Some((session, save)),
        _ => None,
    });
    let mut there = listed.next();
    for row in overview.rows() {
        let mut found = false;
        while let Some((session, save)) = there {
            found = row.is_of(session, save);
            let beyond = || row.name().map_or(true, |(s, v)| (session, save) > (&s, &v));
            if !found && beyond() {
                break;
            }
            there = listed.next();
            if found {
                break;
            }
            differing.insert(session.to_string());
        }
        if !found {
            differing.insert(row.session().to_owned());
        }
    }
    differing.extend(there.into_iter().chain(listed).map(|(session, _)| session.to_string()));
    differing
}
