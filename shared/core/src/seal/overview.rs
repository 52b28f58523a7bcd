//! All cards that a device knows in one sealed value: opening each by itself is what makes a list
//! of many sessions slow. What a list is sorted by stands before each card, so that only those that
//! are shown are decoded.

use zeroize::Zeroizing;

use super::Sealed;
use super::error::OpenError;
use super::local::{open_value, seal_value};
use crate::card::Card;
use crate::format::{decode_card, encode_card};
use crate::id::{SaveId, SessionId};
use crate::profile::{Account, Random};

/// The label that it is sealed under; another layout gets another one.
const LABEL: &str = "overview of cards 2";

/// What a save is to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It is its session's only head.
    OnlyHead,
    /// Its session has several heads, or none: look at all of its saves.
    Open,
    /// Its session has one head, and this is another save.
    Beneath,
}

impl Stand {
    const ALL: [Self; 3] = [Self::OnlyHead, Self::Open, Self::Beneath];
}

/// Seals cards together. `mark`, `last`: what the caller wants to find again beside them.
///
/// Layout, all numbers little-endian: mark (8 bytes), the name of `last`; then a row for each card:
/// its length (4), [`Stand`] (1), time (8), name, repository, card. Each text has its length before
/// it (4); a name is `<session>/<save>`.
#[must_use]
pub fn seal_overview<'a>(
    account: &Account,
    mark: u64,
    last: (&SessionId, &SaveId),
    cards: impl IntoIterator<Item = (&'a Card, Stand)>,
    random: Random<'_>,
) -> Sealed {
    let mut plain = Zeroizing::new(mark.to_le_bytes().to_vec());
    put(&mut plain, name(last.0, last.1).as_bytes());
    let mut row = Zeroizing::new(Vec::new());
    for (card, stand) in cards {
        row.clear();
        row.push(stand as u8);
        row.extend_from_slice(&card.timestamp_ms.to_le_bytes());
        put(&mut row, name(&card.session, &card.save).as_bytes());
        put(&mut row, card.repository.as_bytes());
        row.extend_from_slice(&encode_card(card));
        put(&mut plain, &row);
    }
    seal_value(account, LABEL, &plain, random)
}

fn name(session: &SessionId, save: &SaveId) -> String {
    format!("{session}/{save}")
}

fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).expect("a card has kilobytes at most");
    into.extend_from_slice(&len.to_le_bytes());
    into.extend_from_slice(bytes);
}

/// Cards that were sealed together.
#[derive(Debug)]
pub struct Overview {
    plain: Zeroizing<Vec<u8>>,
    mark: u64,
    last: (SessionId, SaveId),
    /// Where the rows begin.
    rows: usize,
    len: usize,
}

/// Opens what [`seal_overview`] made.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what was sealed. Whether this version can read the cards
/// turns out when they are.
pub fn open_overview(account: &Account, sealed: &Sealed) -> Result<Overview, OpenError> {
    let plain = open_value(account, LABEL, sealed)?;
    let (mark, last, rows, len) = measured(&plain).ok_or(OpenError::Damaged)?;
    Ok(Overview { mark, last, rows, len, plain })
}

/// Mark, last name, where the rows begin and how many there are.
fn measured(plain: &[u8]) -> Option<(u64, (SessionId, SaveId), usize, usize)> {
    let (mark, rest) = plain.split_first_chunk()?;
    let (last, mut rest) = text(rest)?;
    let (rows, mut len) = (plain.len() - rest.len(), 0);
    while !rest.is_empty() {
        let (row, after) = bytes(rest)?;
        OverviewRow::of(row)?;
        (rest, len) = (after, len + 1);
    }
    Some((u64::from_le_bytes(*mark), parsed(last)?, rows, len))
}

fn parsed(name: &str) -> Option<(SessionId, SaveId)> {
    let (session, save) = name.split_once('/')?;
    Some((session.parse().ok()?, save.parse().ok()?))
}

fn bytes(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = from.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*len) as usize)
}

fn text(from: &[u8]) -> Option<(&str, &[u8])> {
    let (text, rest) = bytes(from)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

impl Overview {
    /// What was given as `mark`.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.mark
    }

    /// What was given as `last`.
    #[must_use]
    pub fn last(&self) -> (&SessionId, &SaveId) {
        (&self.last.0, &self.last.1)
    }

    /// How many cards there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The cards in the order in which they were given.
    pub fn rows(&self) -> impl Iterator<Item = OverviewRow<'_>> {
        let mut rest = &self.plain[self.rows..];
        std::iter::from_fn(move || {
            let (row, after) = bytes(rest)?;
            rest = after;
            OverviewRow::of(row)
        })
    }
}

/// A card with what a list is sorted by.
#[derive(Debug, Clone, Copy)]
pub struct OverviewRow<'a> {
    stand: Stand,
    timestamp_ms: i64,
    name: &'a str,
    repository: &'a str,
    card: &'a [u8],
}

impl<'a> OverviewRow<'a> {
    fn of(row: &'a [u8]) -> Option<Self> {
        let (stand, row) = row.split_first()?;
        let stand = Stand::ALL.into_iter().find(|known| *known as u8 == *stand)?;
        let (timestamp, row) = row.split_first_chunk()?;
        let (name, row) = text(row)?;
        let (repository, card) = text(row)?;
        let timestamp_ms = i64::from_le_bytes(*timestamp);
        Some(Self { stand, timestamp_ms, name, repository, card })
    }

    /// What it is to its session.
    #[must_use]
    pub fn stand(&self) -> Stand {
        self.stand
    }

    /// [`Card::timestamp_ms`].
    #[must_use]
    pub fn timestamp_ms(&self) -> i64 {
        self.timestamp_ms
    }

    /// [`Card::repository`].
    #[must_use]
    pub fn repository(&self) -> &'a str {
        self.repository
    }

    /// [`Card::session`] as text.
    #[must_use]
    pub fn session(&self) -> &'a str {
        self.name.split_once('/').map_or(self.name, |(session, _)| session)
    }

    /// Whether it is the card of this save.
    #[must_use]
    pub fn is_of(&self, session: &SessionId, save: &SaveId) -> bool {
        let rest = self.name.strip_prefix(session.as_str());
        rest.and_then(|rest| rest.strip_prefix('/')).is_some_and(|text| save.spells(text))
    }

    /// The save that it is the card of.
    ///
    /// # Errors
    ///
    /// [`OpenError::Damaged`] if that is no name.
    pub fn name(&self) -> Result<(SessionId, SaveId), OpenError> {
        parsed(self.name).ok_or(OpenError::Damaged)
    }

    /// The card.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if this version can't read it.
    pub fn card(&self) -> Result<Card, OpenError> {
        Ok(decode_card(self.card)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::CodeState;
    use crate::id::DeviceKind;
    use crate::vector::Vector;

    fn account(seed: u8) -> Account {
        Account::new(&mut |bytes: &mut [u8]| bytes.fill(seed))
    }

    fn card(number: u8) -> Card {
        let device = crate::id::DeviceId::from_random(&[number; 8]);
        let save = SaveId::new(1, device, 1, &[1; 8]).expect("a save id");
        Card {
            session: SessionId::from_random(&[number; 8]),
            vector: Vector::after([], &save),
            save,
            parents: Vec::new(),
            timestamp_ms: number.into(),
            device_name: "desk".to_owned(),
            device_kind: DeviceKind::Desktop,
            message: "m".repeat(number.into()),
            branch: Some("main".to_owned()),
            commit: None,
            code: CodeState::None,
            repository: "r".repeat(number.into()),
            working_directory: String::new(),
            folder: None,
            conversation: None,
            message_count: 0,
            size: 0,
            content: [0; 16],
            quiet: false,
            parked: false,
            note: false,
            title: None,
            terminal: true,
            uncommitted: 0,
        }
    }

    fn sealed(cards: &[Card]) -> Sealed {
        let last = card(7);
        let rows = cards.iter().map(|card| (card, Stand::ALL[card.timestamp_ms as usize % 3]));
        let last = (&last.session, &last.save);
        seal_overview(&account(3), 77, last, rows, &mut |bytes| bytes.fill(9))
    }

    #[test]
    fn the_cards_come_back_in_their_order_with_what_stands_beside_them() {
        let cards: Vec<_> = (0..200).map(card).collect();
        let overview = open_overview(&account(3), &sealed(&cards)).expect("it opens");
        let last = card(7);
        assert_eq!((overview.mark(), overview.len()), (77, 200));
        assert_eq!(overview.last(), (&last.session, &last.save));
        for (card, row) in cards.iter().zip(overview.rows()) {
            assert_eq!(row.card().as_ref(), Ok(card));
            assert_eq!(row.stand(), Stand::ALL[card.timestamp_ms as usize % 3]);
            assert_eq!(
                (row.timestamp_ms(), row.repository()),
                (card.timestamp_ms, &*card.repository)
            );
            assert_eq!(row.name(), Ok((card.session.clone(), card.save.clone())));
            assert_eq!(row.session(), card.session.as_str());
            assert!(row.is_of(&card.session, &card.save));
            let other = SessionId::from_random(&[card.timestamp_ms as u8 ^ 1; 8]);
            assert!(!row.is_of(&other, &card.save));
        }
        let none = open_overview(&account(3), &sealed(&[])).expect("it opens");
        assert!(none.is_empty() && none.rows().next().is_none());
    }

    #[test]
    fn another_account_and_a_flipped_bit_open_nothing() {
        let whole = sealed(&[card(1)]);
        assert!(open_overview(&account(4), &whole).is_err());
        let last = whole.as_bytes().len() - 1;
        let mut bytes = whole.into_bytes();
        bytes[last] ^= 1;
        let opened = open_overview(&account(3), &Sealed::received(bytes));
        assert_eq!(opened.err(), Some(OpenError::Damaged));
    }

    #[test]
    fn an_overview_that_ends_early_is_damaged() {
        let whole = open_value(&account(3), LABEL, &sealed(&[card(1), card(2)])).expect("it opens");
        let first = 8 + 4 + name(&card(7).session, &card(7).save).len();
        let (row, _) = bytes(&whole[first..]).expect("a row");
        let ends = [first, first + 4 + row.len()];
        for end in (0..whole.len()).filter(|end| !ends.contains(end)) {
            let cut = seal_value(&account(3), LABEL, &whole[..end], &mut |bytes| bytes.fill(9));
            assert!(open_overview(&account(3), &cut).is_err(), "cut at {end}");
        }
    }
}
