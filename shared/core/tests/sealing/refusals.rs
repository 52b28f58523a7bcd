use convosync_core::*;

use crate::fixture::*;

#[test]
fn a_card_that_contradicts_itself_is_not_sealed() {
    let me = profile(2);
    let valid = card(&me, session(1));
    let seal = |card: &Card| {
        seal_unit(&me, [0; 32], card, &UnitBody::default(), Salts::Fresh(&mut counting(1)))
            .map(|_| ())
    };
    let late = SaveId::new(2, me.device.id.clone(), 1, &[7; 8]).expect("a save id");
    assert!(matches!(seal(&Card { save: late, ..valid.clone() }), Err(SealError::Card(_))));
    let empty = Card { vector: Vector::default(), ..valid.clone() };
    assert!(matches!(seal(&empty), Err(SealError::Card(_))));
    let foreign = card(&profile(77), session(1));
    assert!(matches!(seal(&foreign), Err(SealError::OtherDevice { .. })));
    let long = Card { message: "x".repeat(300_000), ..valid };
    assert!(matches!(seal(&long), Err(SealError::CardTooLarge(_))));
}

#[test]
fn an_unknown_device_is_named() {
    let me = profile(2);
    let (_, _, name, sealed) = unit(&me);
    let opened = open_unit(&me.account, &Devices::default(), &name, &sealed);
    assert_eq!(opened, Err(OpenError::UnknownDevice(me.device.id)));
}

type Open = Box<dyn Fn(&Sealed) -> Result<(), OpenError>>;

/// Something sealed, with how it is opened.
struct Case {
    what: &'static str,
    sealed: Sealed,
    open: Open,
}

fn case(
    what: &'static str,
    sealed: &Sealed,
    open: impl Fn(&Sealed) -> Result<(), OpenError> + 'static,
) -> Case {
    Case { what, sealed: sealed.clone(), open: Box::new(open) }
}

/// One of each kind, and a unit's card alone.
fn every_kind() -> Vec<Case> {
    let me = profile(2);
    let known = devices(&[&me]);
    let (_, _, unit_name, unit) = unit(&me);
    let prefix = card_prefix(&unit).expect("a unit");
    let (_, part_name, part) = part(&me);
    let (entry_name, entry) = seal_device_entry(&me, &mut counting(5));
    let recovery = RecoveryKey::new(&mut counting(9));
    let (recovery_name, recovered) = seal_recovery(&me.account, &recovery, &mut counting(5));
    let record = StoreRecord::new(&me.account);
    let value = seal_value(&me.account, "label", b"value", &mut counting(6));
    let kept = kept(&me);
    let (moved_name, address) = moved(&me);
    let account = || me.account.clone();
    let (a, k, n) = (account(), known.clone(), unit_name.clone());
    let (b, l) = (account(), known.clone());
    let (c, d, e) = (account(), account(), account());
    let (f, m) = (account(), known.clone());
    vec![
        case("unit", &unit, move |it| open_unit(&a, &k, &n, it).map(|_| ())),
        case("card", &prefix, move |it| open_card(&b, &l, &unit_name, it).map(|_| ())),
        case("part", &part, move |it| open_part(&c, &known, &part_name, it).map(|_| ())),
        case("entry", &entry, move |it| open_device_entry(&d, &entry_name, it).map(|_| ())),
        case("recovery", &recovered, move |it| {
            open_recovery(&record, &recovery_name, it, &recovery).map(|_| ())
        }),
        case("value", &value, move |it| open_value(&e, "label", it).map(|_| ())),
        case("address", &address, move |it| open_moved(&f, &m, &moved_name, it).map(|_| ())),
    ]
    .into_iter()
    .chain(kept)
    .collect()
}

/// A pin, a tombstone and a mark.
fn kept(me: &Profile) -> Vec<Case> {
    let known = devices(&[me]);
    let turn = Turn::after([], me.device.id.clone(), &[1; 8]).expect("the first");
    let pin_name = ObjectName::Pin { session: session(1), turn: turn.clone() };
    let stone_name = ObjectName::Tombstone { session: session(1), turn };
    let covers = card(me, session(1)).vector;
    let stone = Tombstone { deleted: true, covers, by: DeletedBy::User, made_ms: 1, grace_days: 7 };
    let mark = Mark { names: vec![part(me).1], made_ms: 1, grace_days: 7 };
    let (hash, random) = (known.hash(), &mut counting(5));
    let pin =
        seal_pin(me, hash, &pin_name, &Pin { pinned: true, made_ms: 1 }, Salts::Fresh(random));
    let stone = seal_tombstone(me, hash, &stone_name, &stone, Salts::Fresh(random));
    let (mark_name, mark) = seal_mark(me, hash, &mark, random).expect("small");
    let (a, b, c) = (me.account.clone(), me.account.clone(), me.account.clone());
    let (k, l) = (known.clone(), known.clone());
    vec![
        case("pin", &pin.expect("ours"), move |it| open_pin(&a, &k, &pin_name, it).map(|_| ())),
        case("tombstone", &stone.expect("ours"), move |it| {
            open_tombstone(&b, &l, &stone_name, it).map(|_| ())
        }),
        case("mark", &mark, move |it| open_mark(&c, &known, &mark_name, it).map(|_| ())),
    ]
}

#[test]
fn nobody_decides_in_the_name_of_another_device() {
    let (me, other) = (profile(2), profile(3));
    let turn = Turn::after([], other.device.id.clone(), &[1; 8]).expect("the first");
    let name = ObjectName::Pin { session: session(1), turn };
    let pin = Pin { pinned: true, made_ms: 1 };
    let sealed = seal_pin(&me, [0; 32], &name, &pin, Salts::Fresh(&mut counting(1)));
    assert_eq!(sealed, Err(SealError::Name));
    let foreign = Mark { names: vec![name], made_ms: 1, grace_days: 7 };
    assert!(matches!(seal_mark(&me, [0; 32], &foreign, &mut counting(1)), Err(SealError::Name)));
}

#[test]
fn each_case_opens_when_nothing_was_done_to_it() {
    for case in every_kind() {
        assert_eq!((case.open)(&case.sealed), Ok(()), "{}", case.what);
    }
}

#[test]
fn a_flip_of_any_byte_is_noticed() {
    for case in every_kind() {
        for at in 0..case.sealed.as_bytes().len() {
            let mut bytes = case.sealed.as_bytes().to_vec();
            bytes[at] ^= 1 << (at % 8);
            let opened = (case.open)(&Sealed::received(bytes));
            assert!(opened.is_err(), "byte {at} of a {} was changed", case.what);
        }
    }
}

#[test]
fn bit_rot_is_called_damage() {
    for case in every_kind() {
        for at in 10..case.sealed.as_bytes().len() {
            let mut bytes = case.sealed.as_bytes().to_vec();
            bytes[at] ^= 0x10;
            let opened = (case.open)(&Sealed::received(bytes));
            assert_eq!(opened, Err(OpenError::Damaged), "byte {at} of a {}", case.what);
        }
    }
}

/// Bytes of the head up to its checksum.
fn head_len(what: &str) -> usize {
    match what {
        "unit" | "card" => 294,
        "part" | "entry" | "pin" | "tombstone" | "mark" | "address" => 222,
        _ => 118,
    }
}

/// Makes the checksum fit again, as whoever changes an object on purpose would.
fn with_checksum(mut bytes: Vec<u8>, what: &str) -> Sealed {
    let len = head_len(what);
    let checksum = blake3::hash(&bytes[..len]);
    bytes[len..len + 8].copy_from_slice(&checksum.as_bytes()[..8]);
    Sealed::received(bytes)
}

#[test]
fn the_checksum_is_where_the_layout_says() {
    for case in every_kind() {
        let same = with_checksum(case.sealed.as_bytes().to_vec(), case.what);
        assert!(same == case.sealed, "{}", case.what);
    }
}

#[test]
fn whoever_corrects_the_checksum_gains_nothing() {
    for case in every_kind() {
        for at in 0..head_len(case.what) {
            let mut bytes = case.sealed.as_bytes().to_vec();
            bytes[at] ^= 1 << (at % 8);
            let opened = (case.open)(&with_checksum(bytes, case.what));
            assert!(opened.is_err(), "byte {at} of a {} was changed", case.what);
        }
    }
}

/// A ciphertext changed together with its hash in the head: the provider can do that.
#[test]
fn whoever_corrects_the_hashes_gains_nothing() {
    for case in every_kind() {
        let mut bytes = case.sealed.as_bytes().to_vec();
        let start = head_len(case.what) + 8;
        let len = u64::from_be_bytes(bytes[110..118].try_into().expect("8 bytes")) as usize;
        bytes[start + len - 1] ^= 1;
        let hash = *blake3::hash(&bytes[start..start + len]).as_bytes();
        bytes[78..110].copy_from_slice(&hash);
        let opened = (case.open)(&with_checksum(bytes, case.what));
        assert!(opened.is_err(), "a {} was changed", case.what);
    }
}

#[test]
fn a_cut_anywhere_is_called_incomplete() {
    for case in every_kind() {
        for len in 0..case.sealed.as_bytes().len() {
            let cut = Sealed::received(case.sealed.as_bytes()[..len].to_vec());
            let opened = (case.open)(&cut);
            assert_eq!(opened, Err(OpenError::Truncated), "{len} bytes of a {}", case.what);
        }
    }
}

#[test]
fn a_byte_more_is_noticed() {
    for case in every_kind().into_iter().filter(|case| case.what != "card") {
        let longer = [case.sealed.as_bytes(), b"\0"].concat();
        let opened = (case.open)(&Sealed::received(longer));
        assert_eq!(opened, Err(OpenError::Damaged), "{}", case.what);
    }
}

#[test]
fn an_object_of_another_kind_is_refused() {
    let (cases, others) = (every_kind(), every_kind());
    for case in &cases {
        for other in others.iter().filter(|other| other.what != case.what) {
            // A unit starts with its card, and that is how a card is opened.
            if (case.what, other.what) != ("card", "unit") {
                assert!((case.open)(&other.sealed).is_err(), "{} as {}", other.what, case.what);
            }
        }
    }
}

#[test]
fn what_is_not_ours_is_said_to_be_not_ours() {
    for case in every_kind() {
        for foreign in [&b"not sealed at all, plain text"[..], b"PK\x03\x04", b"\x89PNG\r\n\x1a\n"]
        {
            let opened = (case.open)(&Sealed::received(foreign.to_vec()));
            assert_eq!(opened, Err(OpenError::NotOurs), "{}", case.what);
        }
        let mut newer = case.sealed.as_bytes().to_vec();
        newer[8] = 2;
        assert_eq!((case.open)(&Sealed::received(newer)), Err(OpenError::NewerFormat));
    }
}

#[test]
fn a_unit_under_another_name_is_refused() {
    let me = profile(2);
    let known = devices(&[&me]);
    let (card, _, _, sealed) = unit(&me);
    let check = |session, save| {
        let name = ObjectName::Unit { session, save };
        let foreign = Err(OpenError::Foreign);
        assert_eq!(open_unit(&me.account, &known, &name, &sealed), foreign, "{name}");
        assert_eq!(open_card_trusted(&me.account, &name, &sealed), Err(OpenError::Foreign));
    };
    check(session(2), card.save.clone());
    for save in ["00000002-", "00000001-"].map(|start| format!("{start}abcdefgh-1-hhhhhhhh")) {
        check(card.session.clone(), save.parse().expect("a save id"));
    }
    let part = part_name(&card.session, &[1; 16], &mut counting(1));
    assert_eq!(open_unit(&me.account, &known, &part, &sealed), Err(OpenError::Foreign));
    assert_eq!(
        open_unit(&me.account, &known, &ObjectName::StoreRecord, &sealed),
        Err(OpenError::Foreign)
    );
}

#[test]
fn parts_that_swapped_their_names_are_refused() {
    let me = profile(2);
    let known = devices(&[&me]);
    let (_, name, sealed) = part(&me);
    let other = part_name(&session(1), &[1; 16], &mut counting(5));
    let moved = part_name(&session(2), &[1; 16], &mut counting(5));
    for wrong in [other, moved] {
        assert_eq!(open_part(&me.account, &known, &wrong, &sealed), Err(OpenError::Foreign));
    }
    assert!(open_part(&me.account, &known, &name, &sealed).is_ok());
}

#[test]
fn another_account_store_key_or_epoch_is_told_apart() {
    let me = profile(2);
    let known = devices(&[&me]);
    let (_, _, name, sealed) = unit(&me);
    let open = |account: &Account| open_unit(account, &known, &name, &sealed).map(|_| ());
    let other = other_account(99).account;
    let mine = || me.account.clone();
    assert_eq!(open(&other), Err(OpenError::Foreign));
    let store = Account { store: other.store.clone(), ..mine() };
    assert_eq!(open(&store), Err(OpenError::Foreign));
    let id = Account { id: other.id.clone(), ..mine() };
    assert_eq!(open(&id), Err(OpenError::Foreign));
    let key = Account { master: other.master.clone(), ..mine() };
    assert_eq!(open(&key), Err(OpenError::WrongKey));
    let epoch = Account { epoch: 2, ..mine() };
    assert_eq!(open(&epoch), Err(OpenError::Epoch { object: 1, ours: 2 }));
}

#[test]
fn the_store_record_tells_the_same_apart() {
    let me = profile(2).account;
    let record = StoreRecord::new(&me);
    let other = other_account(99).account;
    let foreign = Account { store: other.store.clone(), ..me.clone() };
    assert_eq!(record.matches(&foreign), Err(OpenError::Foreign));
    let key = Account { master: other.master.clone(), ..me.clone() };
    assert_eq!(record.matches(&key), Err(OpenError::WrongKey));
    let epoch = Account { epoch: 2, ..me };
    assert_eq!(record.matches(&epoch), Err(OpenError::Epoch { object: 1, ours: 2 }));
}

#[test]
fn a_store_record_that_is_none_is_told_from_a_damaged_and_a_newer_one() {
    let check = |bytes: &[u8], want| assert_eq!(StoreRecord::decode(bytes), Err(want));
    check(b"", OpenError::NotOurs);
    check(b"[]", OpenError::NotOurs);
    check(b"<html>", OpenError::NotOurs);
    check(&b"[".repeat(100_000), OpenError::NotOurs);
    check(br#"{"format":2,"other":true}"#, OpenError::NewerFormat);
    check(br#"{"format":1}"#, OpenError::Damaged);
    check(br#"{"format":1,"store":"../..","account":"x","epoch":1}"#, OpenError::Damaged);
}

/// A device of the account signs for itself and for nobody else.
#[test]
fn a_signature_by_another_device_is_refused() {
    let (me, other) = (profile(2), profile(40));
    let (_, _, name, sealed) = unit(&me);
    let mut liar = Devices::default();
    liar.add(me.device.id.clone(), DeviceEntry::of(&other.device)).expect("the only one");
    let refused = Err(OpenError::Signature(me.device.id.clone()));
    assert_eq!(open_unit(&me.account, &liar, &name, &sealed), refused);
}

/// The other device has the account's key; it still can't save as me.
#[test]
fn a_device_can_not_save_in_the_name_of_another() {
    let (me, other) = (profile(2), profile(40));
    let posing = Device { id: me.device.id.clone(), ..other.device };
    let forger = Profile { device: posing, ..profile(40) };
    let card = card(&me, session(1));
    let (name, sealed) =
        seal_unit(&forger, [0; 32], &card, &UnitBody::default(), Salts::Fresh(&mut counting(1)))
            .expect("valid");
    let opened = open_card(&me.account, &devices(&[&me]), &name, &sealed);
    assert_eq!(opened, Err(OpenError::Signature(me.device.id)));
}

/// Card and body of two units, each authentic, put together by the store.
#[test]
fn a_body_from_another_unit_is_refused() {
    let me = profile(2);
    let known = devices(&[&me]);
    let (card, body, name, sealed) = unit(&me);
    let (_, other) =
        seal_unit(&me, known.hash(), &card, &body, Salts::Fresh(&mut counting(77))).expect("valid");
    let cut = card_prefix(&sealed).expect("a unit").as_bytes().len();
    let mixed = [&sealed.as_bytes()[..cut], &other.as_bytes()[cut..]].concat();
    let opened = open_unit(&me.account, &known, &name, &Sealed::received(mixed));
    assert_eq!(opened, Err(OpenError::Damaged));
}

#[test]
fn a_value_under_another_label_is_refused() {
    let me = profile(2);
    let sealed = seal_value(&me.account, "label", b"value", &mut counting(5));
    assert_eq!(open_value(&me.account, "other", &sealed), Err(OpenError::Foreign));
}

#[test]
fn a_wrong_recovery_key_is_called_wrong() {
    let me = profile(2);
    let [right, wrong] = [9, 10].map(|seed| RecoveryKey::new(&mut counting(seed)));
    let (name, sealed) = seal_recovery(&me.account, &right, &mut counting(5));
    let record = StoreRecord::new(&me.account);
    assert_eq!(open_recovery(&record, &name, &sealed, &wrong), Err(OpenError::WrongKey));
    let foreign = StoreRecord::new(&other_account(99).account);
    assert_eq!(open_recovery(&foreign, &name, &sealed, &right), Err(OpenError::Foreign));
}

#[test]
fn a_hostile_length_asks_for_no_memory() {
    let me = profile(2);
    let (_, _, _, sealed) = unit(&me);
    let mut bytes = sealed.as_bytes().to_vec();
    bytes[110..118].copy_from_slice(&u64::MAX.to_be_bytes());
    let hostile = with_checksum(bytes, "unit");
    assert_eq!(card_prefix_len(hostile.as_bytes()), Err(OpenError::Damaged));
    assert_eq!(card_prefix(&hostile), Err(OpenError::Damaged));
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let device: DeviceId = "abcdefgh".parse().expect("a device id");
    let errors = [
        OpenError::NotOurs,
        OpenError::NewerFormat,
        OpenError::Truncated,
        OpenError::Damaged,
        OpenError::Foreign,
        OpenError::Epoch { object: 1, ours: 2 },
        OpenError::WrongKey,
        OpenError::UnknownDevice(device.clone()),
        OpenError::Signature(device),
        OpenError::Card(CardError::Generation),
        OpenError::Card(CardError::Vector),
    ];
    let codes: std::collections::BTreeSet<_> = errors.iter().map(OpenError::code).collect();
    assert_eq!(codes.len(), errors.len());
    assert!(codes.iter().all(|code| code.starts_with("convosync::object::")));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_opening_panic(tail: Vec<u8>, start in 0..300usize) {
        for case in every_kind() {
            let start = start.min(case.sealed.as_bytes().len());
            let bytes = [&case.sealed.as_bytes()[..start], &tail].concat();
            if bytes != case.sealed.as_bytes() {
                let opened = (case.open)(&Sealed::received(bytes));
                proptest::prop_assert!(opened.is_err(), "a {} of random bytes", case.what);
            }
        }
    }

    #[test]
    fn changes_in_several_places_at_once_are_noticed(
        changes in proptest::collection::vec((0..118usize, 1..=255u8), 1..6),
    ) {
        for case in every_kind() {
            let mut bytes = case.sealed.as_bytes().to_vec();
            for (at, change) in &changes {
                bytes[*at] ^= change;
            }
            if bytes != case.sealed.as_bytes() {
                let opened = (case.open)(&with_checksum(bytes, case.what));
                proptest::prop_assert!(opened.is_err(), "a {} with changes", case.what);
            }
        }
    }
}
