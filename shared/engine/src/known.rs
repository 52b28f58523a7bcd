//! The cards that this device knows, read from its index.
//!
//! Each card is sealed by itself, as the store has it, and opening it takes some microseconds: with
//! many sessions that is most of the time of a list. So the index also keeps an overview, all cards
//! in one sealed value. It is never trusted to be up to date, and losing it only costs time.

use convosync_core::{
    Card, ObjectName, local_digest, open_card_trusted, open_overview, seal_overview,
};

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, LaterCards, StoredCard, Table};
use crate::trouble::Trouble;

/// Fewer cards than these are opened each time.
const FEW: usize = 64;

/// An overview is made anew when a sixteenth of its cards came later: then writing it costs little
/// beside having opened them.
const SHARE: usize = 16;

impl Engine<'_> {
    /// Every card that this device knows.
    pub(crate) fn known_cards(&self, member: &Member) -> Result<Vec<Card>, Trouble> {
        let (mut cards, later) = self.overview(member)?;
        let (fresh, mark) = (later.cards.len(), later.mark);
        let mut dropped = Vec::new();
        for stored in later.cards {
            match opened(member, &stored) {
                Some(card) => cards.push(card),
                // A row that this key does not open is as good as none: the store is asked again.
                None => dropped.push(IndexChange::DropCard(stored.session, stored.save)),
            }
        }
        if !dropped.is_empty() {
            self.ports.index.apply(&dropped)?;
        } else if fresh > FEW && fresh > cards.len() / SHARE {
            self.keep_overview(member, mark, &cards);
        }
        Ok(cards)
    }

    /// The card of one save, if this device knows it.
    pub(crate) fn known_card(
        &self,
        member: &Member,
        session: &convosync_core::SessionId,
        save: &convosync_core::SaveId,
    ) -> Result<Option<Card>, Trouble> {
        let stored = self.ports.index.card(session, save)?;
        Ok(stored.and_then(|stored| opened(member, &stored)))
    }

    /// The cards of the overview, and those that came later; all of them if there is none that
    /// still holds.
    fn overview(&self, member: &Member) -> Result<(Vec<Card>, LaterCards), Trouble> {
        let account = &member.profile.account;
        let sealed = self.ports.index.get(Table::Misc, &key(member))?;
        let kept = sealed.and_then(|sealed| open_overview(account, &sealed).ok());
        if let Some((mark, cards)) = kept {
            let later = self.ports.index.cards_after(mark)?;
            if holds(&cards, &later) {
                return Ok((cards, later));
            }
        }
        Ok((Vec::new(), self.ports.index.cards_after(0)?))
    }

    /// Only speed is lost if that fails.
    fn keep_overview(&self, member: &Member, mark: u64, cards: &[Card]) {
        let sealed = seal_overview(&member.profile.account, mark, cards, &mut self.random());
        let _ = self.ports.index.apply(&[IndexChange::Put(Table::Misc, key(member), sealed)]);
    }
}

fn key(member: &Member) -> String {
    local_digest(&member.profile.account, "overview", b"")
}

fn opened(member: &Member, stored: &StoredCard) -> Option<Card> {
    let name = ObjectName::Unit { session: stored.session.clone(), save: stored.save.clone() };
    open_card_trusted(&member.profile.account, &name, &stored.card).ok()
}

/// Whether none of an overview's cards was dropped or put again since: the counts agree, and its
/// last card still is where it was.
fn holds(cards: &[Card], later: &LaterCards) -> bool {
    let counted = (cards.len() + later.cards.len()) as u64 == later.total;
    let last = cards.last().zip(later.at_mark.as_ref());
    counted && last.is_some_and(|(card, at)| (&card.session, &card.save) == (&at.0, &at.1))
}
