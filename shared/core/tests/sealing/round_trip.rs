use convosync_core::*;

use crate::fixture::*;

#[test]
fn a_unit_comes_back_as_it_was() {
    let me = profile(2);
    let (card, body, name, sealed) = unit(&me);
    let known = devices(&[&me]);
    assert_eq!(open_unit(&me.account, &known, &name, &sealed), Ok((card, body)));
}

#[test]
fn a_card_opens_from_the_prefix_alone() {
    let me = profile(2);
    let (card, _, name, sealed) = unit(&me);
    let prefix = card_prefix(&sealed).expect("a unit");
    assert!(prefix.as_bytes().len() < sealed.as_bytes().len());
    assert_eq!(card_prefix_len(prefix.as_bytes()), Ok(prefix.as_bytes().len()));
    assert_eq!(open_card(&me.account, &devices(&[&me]), &name, &prefix), Ok(card.clone()));
    assert_eq!(open_card_trusted(&me.account, &name, &prefix), Ok(card));
}

#[test]
fn a_card_opens_from_more_than_its_prefix() {
    let me = profile(2);
    let (card, _, name, sealed) = unit(&me);
    let fetched = Sealed::received(sealed.as_bytes()[..1500].to_vec());
    assert_eq!(open_card(&me.account, &devices(&[&me]), &name, &fetched), Ok(card));
}

#[test]
fn a_usual_card_fits_in_the_range_that_is_fetched_for_it() {
    let me = profile(2);
    let mut long = card(&me, session(1));
    long.message = "m".repeat(1000);
    for n in 0..60 {
        let other = SaveId::new(1, DeviceId::from_random(&[n; 8]), 1, &[n; 8]).expect("valid");
        long.vector = Vector::after([&long.vector, &Vector::after([], &other)], &long.save);
    }
    let (_, sealed) =
        seal_unit(&me, [0; 32], &long, &UnitBody::default(), Salts::Fresh(&mut counting(3)))
            .expect("valid");
    let len = card_prefix_len(&sealed.as_bytes()[..CARD_RANGE as usize / 2]).expect("a unit");
    assert!(len as u64 <= CARD_RANGE, "{len} bytes");
}

#[test]
fn a_part_comes_back_as_it_was() {
    let me = profile(2);
    let (content, name, sealed) = part(&me);
    assert_eq!(open_part(&me.account, &devices(&[&me]), &name, &sealed), Ok(content));
}

#[test]
fn a_device_entry_comes_back_as_it_was() {
    let me = profile(2);
    let (name, sealed) = seal_device_entry(&me, &mut counting(5));
    let (id, entry) = open_device_entry(&me.account, &name, &sealed).expect("its own entry");
    assert_eq!((id, entry), (me.device.id.clone(), DeviceEntry::of(&me.device)));
}

#[test]
fn the_account_comes_back_with_the_recovery_key() {
    let me = profile(2);
    let recovery = RecoveryKey::new(&mut counting(9));
    let (name, sealed) = seal_recovery(&me.account, &recovery, &mut counting(5));
    let record = StoreRecord::decode(StoreRecord::new(&me.account).encode().as_bytes());
    let record = record.expect("our own record");
    let typed = RecoveryKey::parse(&recovery.words()).expect("our own words");
    let account = open_recovery(&record, &name, &sealed, &typed).expect("the right key");
    let with_recovery = Account { recovery: account.recovery, ..me.account };
    assert_eq!(account, with_recovery);
    assert_eq!(record.matches(&account), Ok(()));
}

#[test]
fn a_value_comes_back_under_its_label() {
    let me = profile(2);
    let sealed = seal_value(&me.account, "label", b"value", &mut counting(5));
    assert_eq!(open_value(&me.account, "label", &sealed).expect("same label").as_slice(), b"value");
}

#[test]
fn any_body_comes_back_from_empty_to_several_segments_of_the_cipher() {
    let me = profile(2);
    let known = devices(&[&me]);
    let card = card(&me, session(1));
    for len in [0, 1, 1000, 1 << 20, (2 << 20) + 17] {
        let segments = vec![Packed { id: [1; 16], bytes: vec![7; len] }];
        let body = UnitBody { segments, ..UnitBody::default() };
        let (name, sealed) =
            seal_unit(&me, known.hash(), &card, &body, Salts::Fresh(&mut counting(1)))
                .expect("valid");
        let opened = open_unit(&me.account, &known, &name, &sealed).expect("our own");
        assert!(opened == (card.clone(), body), "{len} bytes came back different");
    }
}

#[test]
fn fresh_randomness_gives_other_bytes_of_the_same_length() {
    let me = profile(2);
    let (card, body, _, sealed) = unit(&me);
    let (_, again) =
        seal_unit(&me, [0; 32], &card, &body, Salts::Fresh(&mut counting(200))).expect("valid");
    assert_eq!(sealed.as_bytes().len(), again.as_bytes().len());
    let card_at = card_prefix_len(sealed.as_bytes()).expect("a unit") - 512;
    let (one, two) = (&sealed.as_bytes()[card_at..], &again.as_bytes()[card_at..]);
    let equal = one.iter().zip(two).filter(|(one, two)| one == two).count();
    assert!(equal * 50 < one.len(), "{equal} of {} bytes are equal", one.len());
}

#[test]
fn salts_of_the_content_give_the_same_bytes_for_the_same_content_alone() {
    let me = profile(2);
    let (card, body, name, _) = unit(&me);
    let sealed = |card: &Card, body: &UnitBody| {
        let (_, sealed) = seal_unit(&me, [0; 32], card, body, Salts::OfContent).expect("valid");
        sealed.as_bytes().to_vec()
    };
    let first = sealed(&card, &body);
    assert_eq!(sealed(&card, &body), first);
    let unit = Sealed::received(first.clone());
    let opened = open_unit(&me.account, &devices(&[&me]), &name, &unit).expect("our own");
    assert_eq!(opened, (card.clone(), body.clone()));

    // One letter more in the card: it has another salt, and so every byte of it is another.
    let message = format!("{}!", card.message);
    let other = sealed(&Card { message, ..card.clone() }, &body);
    let card_ends = card_prefix_len(&first).expect("a unit");
    let card_begins = 302 + 40;
    let cards = first[card_begins..card_ends].iter().zip(&other[card_begins..card_ends]);
    let equal = cards.filter(|(one, two)| one == two).count();
    assert!(equal * 50 < card_ends - card_begins, "{equal} bytes of the card are equal");
    assert_eq!(first[card_ends..], other[card_ends..], "the body is the same");
}

#[test]
fn messages_of_close_length_do_not_show_in_the_size() {
    let me = profile(2);
    let sizes: Vec<_> = ["x", "a message of forty letters, more or less"]
        .map(|message| {
            let card = Card { message: message.to_owned(), ..card(&me, session(1)) };
            let body = UnitBody::default();
            seal_unit(&me, [0; 32], &card, &body, Salts::Fresh(&mut counting(1))).expect("valid").1
        })
        .iter()
        .map(|sealed| sealed.as_bytes().len())
        .collect();
    assert_eq!(sizes[0], sizes[1]);
}

#[test]
fn an_address_comes_back_as_it_was() {
    let me = profile(2);
    let (name, sealed) = moved(&me);
    assert_eq!(open_moved(&me.account, &devices(&[&me]), &name, &sealed), Ok(address()));
    let strange = open_moved(&me.account, &Devices::default(), &name, &sealed);
    assert_eq!(strange, Err(OpenError::UnknownDevice(me.device.id)));
}
