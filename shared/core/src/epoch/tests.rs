use super::*;
use crate::devices::DeviceEntry;
use crate::id::DeviceKind;

fn id(text: &str) -> DeviceId {
    text.repeat(8).parse().expect("a device id")
}

fn entry(joined_ms: i64) -> DeviceEntry {
    let (name, kind) = (String::new(), DeviceKind::Laptop);
    DeviceEntry { name, kind, verifying: [1; 32], exchange: [2; 32], joined_ms, revision: 0 }
}

/// Devices are one letter; `a` joined before `b`, and so on.
fn record(epoch: u32, author: &str, key: u8, active: &str, revoked: &str) -> EpochRecord {
    let mut devices = Devices::default();
    for (letter, joined) in active.chars().zip(0..) {
        devices.add(id(&letter.to_string()), entry(joined)).expect("each once");
    }
    let revoked = revoked.chars().map(|letter| {
        let accepted = Accepted(BTreeMap::from([(session(), last(4))]));
        (id(&letter.to_string()), Revoked { name: String::new(), epoch, accepted })
    });
    EpochRecord {
        epoch,
        author: id(author),
        made_ms: 0,
        key_id: [key; 16],
        active: devices,
        revoked: revoked.collect(),
        recovery: None,
    }
}

fn session() -> SessionId {
    SessionId::from_random(&[1; 8])
}

fn last(seq: u64) -> VectorEntry {
    VectorEntry { seq, rand: "a".repeat(8) }
}

fn save(device: &str, seq: u64) -> SaveId {
    format!("00000009-{}-{seq}-aaaaaaaa", id(device)).parse().expect("a save id")
}

fn followed(records: &[&EpochRecord]) -> Epochs {
    let mut epochs = Epochs::default();
    for epoch in 2..=9 {
        let of = records.iter().filter(|record| record.epoch == epoch);
        epochs.take(epoch, &BTreeSet::new(), of.map(|record| (*record).clone()).collect());
    }
    epochs
}

fn present(epochs: &Epochs) -> Option<u8> {
    epochs.present().map(|record| record.key_id[0])
}

#[test]
fn without_a_record_everybody_is_of_the_account() {
    let epochs = Epochs::default();
    assert_eq!((epochs.newest(), epochs.membership(&id("a"))), (1, Membership::Active));
    assert!(epochs.accepts(&session(), &save("z", 99)));
    assert!(!epochs.is_unsettled());
}

#[test]
fn what_a_revoked_device_saved_later_does_not_count_and_what_it_saved_before_does() {
    let epochs = followed(&[&record(2, "a", 1, "ab", "c")]);
    assert_eq!(epochs.membership(&id("c")), Membership::Revoked);
    assert!(epochs.accepts(&session(), &save("c", 3)) && epochs.accepts(&session(), &save("c", 4)));
    assert!(!epochs.accepts(&session(), &save("c", 5)));
    let twin = "00000009-cccccccc-4-bbbbbbbb".parse().expect("a save id");
    assert!(!epochs.accepts(&session(), &twin), "another save of the same count");
    assert!(!epochs.accepts(&SessionId::from_random(&[2; 8]), &save("c", 1)), "a new session");
    assert!(epochs.accepts(&session(), &save("b", 99)));
}

#[test]
fn a_device_that_the_record_does_not_name_has_to_join_again() {
    let mut epochs = followed(&[&record(2, "a", 1, "ab", "")]);
    epochs.enter(&id("d"), 1);
    assert_eq!(epochs.membership(&id("d")), Membership::Unlisted);
    assert!(!epochs.accepts(&session(), &save("d", 1)));
    epochs.enter(&id("d"), 2);
    assert_eq!(epochs.membership(&id("d")), Membership::Active);
    assert!(epochs.accepts(&session(), &save("d", 1)), "its earlier saves count again");
}

#[test]
fn a_revoked_device_begins_nothing_and_stays_revoked() {
    let first = record(2, "a", 1, "ab", "c");
    let forged = record(3, "c", 2, "c", "ab");
    assert_eq!(present(&followed(&[&first, &forged])), Some(1));
    let later = record(3, "b", 3, "abc", "");
    let epochs = followed(&[&first, &later]);
    assert_eq!((present(&epochs), epochs.membership(&id("c"))), (Some(3), Membership::Revoked));
    assert!(epochs.is_unsettled(), "the key went to it");
    let mut epochs = followed(&[&first]);
    epochs.enter(&id("c"), 2);
    assert_eq!(epochs.membership(&id("c")), Membership::Revoked);
}

#[test]
fn a_record_of_the_same_epoch_by_somebody_who_is_left_out_is_refused_once_one_is_followed() {
    let mut epochs = Epochs::default();
    let held = BTreeSet::from([[1; 16]]);
    let mut forged = record(2, "c", 2, "c", "ab");
    forged.active = Devices::default();
    forged.active.add(id("c"), entry(-99)).expect("the only one");
    let refused = epochs.take(2, &held, vec![forged.clone(), record(2, "a", 1, "ab", "c")]);
    assert_eq!((refused, present(&epochs)), (vec![forged.clone()], Some(1)));
    assert_eq!(epochs.take(2, &BTreeSet::new(), vec![forged.clone()]), [forged]);
}

#[test]
fn of_two_rotations_at_once_the_same_counts_everywhere_and_both_revocations_hold() {
    let (one, two) = (record(2, "a", 9, "abd", "c"), record(2, "b", 1, "abc", "d"));
    for order in [[&one, &two], [&two, &one]] {
        let mut epochs = followed(&order);
        assert_eq!((present(&epochs), epochs.of(2).len()), (Some(9), 2));
        let revoked: Vec<_> = epochs.revoked().keys().cloned().collect();
        assert_eq!(revoked, [id("c"), id("d")]);
        assert!(epochs.is_unsettled());
        epochs.take(3, &BTreeSet::new(), vec![record(3, "b", 5, "ab", "cd")]);
        assert!(!epochs.is_unsettled());
    }
}

#[test]
fn the_order_in_which_records_come_does_not_matter() {
    let (one, two) = (record(2, "a", 9, "abc", ""), record(2, "b", 1, "abc", "d"));
    let mut late = followed(&[&two]);
    late.take(2, &BTreeSet::from([[1; 16]]), vec![one.clone()]);
    assert_eq!(late, followed(&[&one, &two]));
}

#[test]
fn an_epoch_without_the_one_before_is_not_followed() {
    let epochs = followed(&[&record(3, "a", 1, "ab", "")]);
    assert_eq!(epochs.newest(), 1);
}

#[test]
fn a_new_recovery_key_is_not_lost_to_a_rotation_at_the_same_time() {
    let with = |record: EpochRecord, byte| EpochRecord { recovery: Some([byte; 32]), ..record };
    let base = with(record(2, "a", 1, "ab", ""), 1);
    let plain = with(record(3, "a", 2, "ab", ""), 1);
    let export = with(record(3, "b", 3, "ab", ""), 2);
    let epochs = followed(&[&base, &plain, &export]);
    assert_eq!((present(&epochs), epochs.recovery()), (Some(2), Some([2; 32])));
    assert!(epochs.is_unsettled());
}
