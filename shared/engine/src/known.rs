//! The cards that this device knows, read from its index.
//!
//! Each card is sealed by itself, as the store has it, and opening it takes some microseconds: with
//! many sessions that is most of the time of a list. So the index also keeps an overview, all cards
//! in one sealed value. It is never trusted to be up to date, and losing it only costs time.

use convosync_core::{
    Card, ObjectName, Overview, SaveId, SessionId, Stand, local_digest, open_card_trusted,
    open_overview, seal_overview,
};

use crate::engine::Engine;
use crate::history::{History, Seen};
use crate::knob;
use crate::member::Member;
use crate::ports::{IndexChange, LaterCards, StoredCard, Table};
use crate::trouble::Trouble;

/// An overview is made anew when a sixteenth of its cards came later: then writing it costs little
/// beside having opened them.
const SHARE: usize = 16;

impl Engine<'_> {
    /// Every card that this device knows.
    pub(crate) fn known_cards(&self, member: &Member) -> Result<Vec<Card>, Trouble> {
        let (mut cards, later) = match self.overview(member)? {
            Some((overview, later)) => {
                match overview.rows().map(|row| row.card()).collect::<Result<Vec<_>, _>>() {
                    Ok(cards) => (cards, later),
                    // A newer version made it.
                    Err(_) => (Vec::new(), self.ports.index.cards_after(0)?),
                }
            }
            None => (Vec::new(), self.ports.index.cards_after(0)?),
        };
        let (fresh, mark) = (later.cards.len(), later.mark);
        let mut last = None;
        let mut dropped = Vec::new();
        for stored in later.cards {
            match opened(member, &stored) {
                Some(card) => cards.push(card),
                // A row that this key does not open is as good as none: the store is asked again.
                None => {
                    dropped
                        .push(IndexChange::DropCard(stored.session.clone(), stored.save.clone()));
                }
            }
            last = Some((stored.session, stored.save));
        }
        if !dropped.is_empty() {
            self.ports.index.apply(&dropped)?;
        } else if let Some((session, save)) = last.filter(|_| is_stale(fresh, cards.len())) {
            self.keep_overview(member, mark, (&session, &save), &mut cards);
        }
        Ok(cards)
    }

    /// The card of one save, if this device knows it.
    pub(crate) fn known_card(
        &self,
        member: &Member,
        session: &SessionId,
        save: &SaveId,
    ) -> Result<Option<Card>, Trouble> {
        let stored = self.ports.index.card(session, save)?;
        Ok(stored.and_then(|stored| opened(member, &stored)))
    }

    /// The overview and the cards that came later, if there is one that still holds and is worth
    /// going by.
    pub(crate) fn overview(
        &self,
        member: &Member,
    ) -> Result<Option<(Overview, LaterCards)>, Trouble> {
        let account = &member.profile.account;
        let sealed = self.ports.index.get(Table::Misc, &key(member))?;
        let kept = sealed.and_then(|sealed| open_overview(account, &sealed).ok());
        let Some(overview) = kept else { return Ok(None) };
        let later = self.ports.index.cards_after(overview.mark())?;
        Ok(holds(&overview, &later).then_some((overview, later)))
    }

    /// Only speed is lost if that fails.
    fn keep_overview(
        &self,
        member: &Member,
        mark: u64,
        last: (&SessionId, &SaveId),
        cards: &mut [Card],
    ) {
        cards.sort_by(|a, b| (&a.session, &a.save).cmp(&(&b.session, &b.save)));
        let stands = stands(cards);
        let rows = cards.iter().zip(stands);
        let account = &member.profile.account;
        let sealed = seal_overview(account, mark, last, rows, &mut self.random());
        let _ = self.ports.index.apply(&[IndexChange::Put(Table::Misc, key(member), sealed)]);
    }

    /// Makes sure that the next one who looks makes another overview.
    pub(crate) fn drop_overview(&self, member: &Member) -> Result<(), Trouble> {
        Ok(self.ports.index.apply(&[IndexChange::Remove(Table::Misc, key(member))])?)
    }
}

fn key(member: &Member) -> String {
    local_digest(&member.profile.account, "overview", b"")
}

/// Opens a card that the index has.
pub(crate) fn opened(member: &Member, stored: &StoredCard) -> Option<Card> {
    let name = ObjectName::Unit { session: stored.session.clone(), save: stored.save.clone() };
    open_card_trusted(&member.profile.account, &name, &stored.card).ok()
}

/// Whether an overview is to be made anew, with so many cards that came later among all.
pub(crate) fn is_stale(fresh: usize, all: usize) -> bool {
    fresh > knob::few() && fresh > all / SHARE
}

/// Whether none of an overview's cards was dropped or put again since: the counts agree, and the
/// last one still is where it was.
fn holds(overview: &Overview, later: &LaterCards) -> bool {
    let counted = (overview.len() + later.cards.len()) as u64 == later.total;
    let last = later.at_mark.as_ref().map(|(session, save)| (session, save));
    counted && last == Some(overview.last())
}

/// What each of these cards is to its session, where every device is of the account.
fn stands(cards: &[Card]) -> Vec<Stand> {
    let mut stands = Vec::with_capacity(cards.len());
    for saves in cards.chunk_by(|a, b| a.session == b.session) {
        let mut history = History::default();
        for card in saves {
            history.insert(Seen { card: card.clone(), queued: false, quarantined: false });
        }
        let heads = history.every_head(&saves[0].session);
        stands.extend(saves.iter().map(|card| match heads.as_slice() {
            [head] if head.card.save == card.save => Stand::OnlyHead,
            [_] => Stand::Beneath,
            _ => Stand::Open,
        }));
    }
    stands
}
