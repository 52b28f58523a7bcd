//! New epochs: who can open what is sealed before, at and after one.

use std::collections::{BTreeMap, BTreeSet};

use convosync_core::*;

use crate::fixture::*;

/// The profile after a rotation.
fn rotated(me: &Profile) -> Profile {
    let mut account = me.account.clone();
    account.move_to(EpochKey { epoch: 2, key: SecretBytes::random(&mut counting(77)) });
    account.recovery = Some(recovery_public(&account, &recovery()));
    Profile { account, ..me.clone() }
}

pub(crate) fn recovery() -> RecoveryKey {
    RecoveryKey::new(&mut counting(9))
}

pub(crate) fn record(me: &Profile, others: &[&Profile]) -> EpochRecord {
    let all: Vec<_> = std::iter::once(me).chain(others.iter().copied()).collect();
    let last = VectorEntry { seq: 4, rand: "22223333".to_owned() };
    let accepted = Accepted(BTreeMap::from([(session(1), BTreeSet::from([last]))]));
    let gone = Revoked { name: "lost".to_owned(), epoch: 2, accepted };
    EpochRecord {
        epoch: 2,
        author: me.device.id.clone(),
        made_ms: 1_700_000_000_000,
        key_id: key_id(&rotated(me).account),
        active: devices(&all),
        revoked: BTreeMap::from([("abcdefgh".parse().expect("a device id"), gone)]),
        recovery: Some([5; 32]),
        confirmed: None,
    }
}

/// What a rotation seals, as it was once.
pub(crate) fn objects() -> [(ObjectName, Sealed); 3] {
    let me = profile(2);
    let after = rotated(&me);
    let to = DeviceEntry::of(&profile(40).device);
    let hash = devices(&[&me]).hash();
    let other = profile(40).device.id;
    [
        seal_device_key(&after, hash, (&other, &to), &mut counting(5)).expect("a key"),
        seal_recovery_copy(&after, hash, &mut counting(6)).expect("a key"),
        seal_epoch(&me, hash, &record(&me, &[]), &mut counting(7)),
    ]
}

/// The record of a rotation that is confirmed, with several saves accepted, as it was once.
pub(crate) fn confirmed() -> (ObjectName, Sealed) {
    let me = profile(2);
    let mut record = record(&me, &[]);
    for gone in record.revoked.values_mut() {
        gone.accepted.add(session(1), VectorEntry { seq: 3, rand: "44445555".to_owned() });
    }
    record.confirmed = Some(confirm(&rotated(&me).account, &record));
    seal_epoch(&me, devices(&[&me]).hash(), &record, &mut counting(8))
}

#[test]
fn what_was_sealed_in_an_earlier_epoch_opens_with_the_ring_and_new_things_only_with_it() {
    let me = profile(2);
    let after = rotated(&me);
    let known = devices(&[&me]);
    let (card, _, name, old) = unit(&me);
    assert_eq!(open_unit(&after.account, &known, &name, &old).map(|(card, _)| card), Ok(card));
    let (_, _, name, new) = unit(&after);
    assert!(open_unit(&after.account, &known, &name, &new).is_ok());
    let refused = open_unit(&me.account, &known, &name, &new).map(drop);
    assert_eq!(refused, Err(OpenError::Epoch { object: 2, ours: 1 }));
    assert_eq!((sealed_epoch(&old), sealed_epoch(&new)), (Ok(1), Ok(2)));
}

#[test]
fn what_was_sealed_under_the_key_of_a_rotation_that_lost_opens_too() {
    let me = profile(2);
    let (winner, mut both) = (rotated(&me), rotated(&me));
    both.account.move_to(EpochKey { epoch: 2, key: SecretBytes::random(&mut counting(99)) });
    let known = devices(&[&me]);
    for sealed_by in [&winner, &both] {
        let (_, _, name, unit) = unit(sealed_by);
        assert!(open_unit(&both.account, &known, &name, &unit).is_ok());
    }
    let (_, _, name, unit) = unit(&both);
    assert_eq!(open_unit(&winner.account, &known, &name, &unit).err(), Some(OpenError::WrongKey));
}

#[test]
fn what_lies_on_this_device_and_the_ids_of_segments_stay_as_they_are() {
    let me = profile(2);
    let after = rotated(&me);
    let value = seal_value(&me.account, "label", b"value", &mut counting(6));
    assert!(open_value(&after.account, "label", &value).is_ok());
    let digest = |account| local_digest(account, "label", b"bytes");
    assert_eq!(digest(&me.account), digest(&after.account));
    let key = |account| segment_key(account, &session(1));
    assert_eq!(key(&me.account), key(&after.account));
    assert_eq!(StoreRecord::new(&me.account).matches(&after.account), Ok(()));
}

#[test]
fn only_the_device_that_it_is_for_opens_a_device_key() {
    let me = profile(2);
    let [(name, key), ..] = objects();
    let opened = open_device_key(&profile(40), &name, &key).expect("it is for this one");
    assert_eq!(opened, rotated(&me).account);
    assert_eq!(open_device_key(&me, &name, &key), Err(OpenError::WrongKey));
    let mine =
        ObjectName::DeviceKey { epoch: 2, device: me.device.id.clone(), rand: "a".repeat(8) };
    assert_eq!(open_device_key(&me, &mine, &key), Err(OpenError::Foreign));
    let later =
        ObjectName::DeviceKey { epoch: 3, device: profile(40).device.id, rand: "a".repeat(8) };
    assert_eq!(open_device_key(&profile(40), &later, &key), Err(OpenError::Foreign));
    assert_eq!(open_device_key(&other_account(40), &name, &key), Err(OpenError::Foreign));
}

#[test]
fn the_recovery_words_open_a_later_epoch_and_no_others_do() {
    let store = StoreRecord::new(&profile(2).account);
    let [_, (name, copy), _] = objects();
    let opened = open_recovery(&store, &name, &copy, &recovery()).expect("these words");
    assert_eq!(opened, rotated(&profile(2)).account);
    let other = RecoveryKey::new(&mut counting(10));
    assert_eq!(open_recovery(&store, &name, &copy, &other), Err(OpenError::WrongKey));
}

#[test]
fn the_record_of_an_epoch_is_opened_by_everybody_of_the_one_before() {
    let me = profile(2);
    let known = devices(&[&me]);
    let [.., (name, sealed)] = objects();
    let opened = open_epoch(&profile(40).account, &known, &name, &sealed);
    assert_eq!(opened, Ok(record(&me, &[])));
    assert_eq!(open_epoch(&rotated(&me).account, &known, &name, &sealed), Ok(record(&me, &[])));
    let stranger = devices(&[&profile(40)]);
    let unknown = Err(OpenError::UnknownDevice(me.device.id.clone()));
    assert_eq!(open_epoch(&me.account, &stranger, &name, &sealed), unknown);
    let later = ObjectName::Epoch { epoch: 3, rand: "a".repeat(8) };
    assert_eq!(open_epoch(&me.account, &known, &later, &sealed), Err(OpenError::Foreign));
}

#[test]
fn a_record_is_confirmed_by_who_has_its_key_and_as_it_is() {
    let (me, after) = (profile(2), rotated(&profile(2)));
    let bare = record(&me, &[]);
    let mark = confirm(&after.account, &bare);
    let confirmed = EpochRecord { confirmed: Some(mark), ..bare.clone() };
    assert_eq!(confirm(&after.account, &confirmed), mark, "it is over all else");
    assert_ne!(confirm(&me.account, &bare), mark, "the key of before");
    let other = EpochRecord { revoked: BTreeMap::new(), ..bare };
    assert_ne!(confirm(&after.account, &other), mark);
    let (name, sealed) = seal_epoch(&me, [0; 32], &confirmed, &mut counting(7));
    assert_eq!(open_epoch_unsigned(&me.account, &name, &sealed), Ok(confirmed));
}

#[test]
fn a_record_that_leaves_an_epoch_out_or_names_another_author_is_refused() {
    let me = profile(2);
    let known = devices(&[&me, &profile(40)]);
    let skipping = EpochRecord { epoch: 3, ..record(&me, &[]) };
    let posing = EpochRecord { author: profile(40).device.id, ..record(&me, &[]) };
    for record in [skipping, posing] {
        let (name, sealed) = seal_epoch(&me, [0; 32], &record, &mut counting(7));
        assert_eq!(open_epoch(&me.account, &known, &name, &sealed), Err(OpenError::Foreign));
    }
}

#[test]
fn no_byte_of_them_is_unchecked() {
    let me = profile(2);
    let known = devices(&[&me]);
    let store = StoreRecord::new(&me.account);
    for (name, sealed) in objects() {
        let bytes = sealed.as_bytes();
        for at in (0..bytes.len()).step_by(7) {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1;
            let flipped = Sealed::received(flipped);
            let opened = match &name {
                ObjectName::DeviceKey { .. } => {
                    open_device_key(&profile(40), &name, &flipped).map(drop)
                }
                ObjectName::RecoveryKey { .. } => {
                    open_recovery(&store, &name, &flipped, &recovery()).map(drop)
                }
                _ => open_epoch(&me.account, &known, &name, &flipped).map(drop),
            };
            assert!(opened.is_err(), "byte {at} of {name}");
        }
    }
}
