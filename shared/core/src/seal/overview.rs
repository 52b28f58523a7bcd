//! All cards that a device knows in one sealed value: opening each by itself is what makes a list
//! of many sessions slow.

use super::Sealed;
use super::error::OpenError;
use super::local::{open_value, seal_value};
use crate::card::Card;
use crate::format::{decode_card, encode_card};
use crate::profile::{Account, Random};

/// The label that it is sealed under; another layout gets another one.
const LABEL: &str = "overview of cards 1";

/// Seals cards together. `mark`: what the caller wants to find again beside them.
///
/// Layout: mark (8 bytes, little-endian), then each card with its length before it (4 bytes).
#[must_use]
pub fn seal_overview<'a>(
    account: &Account,
    mark: u64,
    cards: impl IntoIterator<Item = &'a Card>,
    random: Random<'_>,
) -> Sealed {
    let mut plain = mark.to_le_bytes().to_vec();
    for card in cards {
        let encoded = encode_card(card);
        let len = u32::try_from(encoded.len()).expect("a card has kilobytes at most");
        plain.extend_from_slice(&len.to_le_bytes());
        plain.extend_from_slice(&encoded);
    }
    seal_value(account, LABEL, &plain, random)
}

/// Opens what [`seal_overview`] made: the mark and the cards.
///
/// # Errors
///
/// [`OpenError`] if it is not exactly what was sealed, or holds a card that this version can't
/// read.
pub fn open_overview(account: &Account, sealed: &Sealed) -> Result<(u64, Vec<Card>), OpenError> {
    let plain = open_value(account, LABEL, sealed)?;
    let (mark, mut rest) = plain.split_first_chunk().ok_or(OpenError::Damaged)?;
    let mut cards = Vec::new();
    while !rest.is_empty() {
        let (len, after) = rest.split_first_chunk().ok_or(OpenError::Damaged)?;
        let len = u32::from_le_bytes(*len) as usize;
        let (card, after) = after.split_at_checked(len).ok_or(OpenError::Damaged)?;
        cards.push(decode_card(card)?);
        rest = after;
    }
    Ok((u64::from_le_bytes(*mark), cards))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::CodeState;
    use crate::id::{DeviceKind, SaveId, SessionId};
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
            repository: String::new(),
            working_directory: String::new(),
            conversation: None,
            message_count: 0,
            size: 0,
            content: [0; 16],
            quiet: false,
            parked: false,
        }
    }

    fn sealed(cards: &[Card]) -> Sealed {
        seal_overview(&account(3), 77, cards, &mut |bytes| bytes.fill(9))
    }

    #[test]
    fn the_cards_come_back_in_their_order_with_the_mark() {
        let cards: Vec<_> = (0..200).map(card).collect();
        assert_eq!(open_overview(&account(3), &sealed(&cards)), Ok((77, cards)));
        assert_eq!(open_overview(&account(3), &sealed(&[])), Ok((77, Vec::new())));
    }

    #[test]
    fn another_account_and_a_flipped_bit_open_nothing() {
        let whole = sealed(&[card(1)]);
        assert!(open_overview(&account(4), &whole).is_err());
        let last = whole.as_bytes().len() - 1;
        let mut bytes = whole.into_bytes();
        bytes[last] ^= 1;
        assert_eq!(open_overview(&account(3), &Sealed::received(bytes)), Err(OpenError::Damaged));
    }

    #[test]
    fn an_overview_that_ends_early_is_damaged() {
        let plain = [&77u64.to_le_bytes()[..], &9u32.to_le_bytes(), b"short"].concat();
        let cut = seal_value(&account(3), LABEL, &plain, &mut |bytes| bytes.fill(9));
        assert_eq!(open_overview(&account(3), &cut), Err(OpenError::Damaged));
    }
}
