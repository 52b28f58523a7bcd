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
        let saves = BTreeSet::from([last(3), last(4)]);
        let accepted = Accepted(BTreeMap::from([(session(), saves)]));
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
        confirmed: None,
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
        epochs.recall(epoch, of.map(|record| (*record).clone()).collect());
    }
    epochs
}

fn take(epochs: &mut Epochs, records: &[&EpochRecord]) -> Vec<Verdict> {
    epochs.take(records[0].epoch, records.iter().map(|record| (*record).clone()).collect())
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
    let older = "00000009-cccccccc-2-bbbbbbbb".parse().expect("a save id");
    assert!(!epochs.accepts(&session(), &older), "an older count that nobody knew of");
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
    let mut epochs = followed(&[&record(2, "a", 1, "ab", "c")]);
    for forged in ["c", "z"].map(|author| record(2, author, 2, author, "ab")) {
        assert_eq!(take(&mut epochs, &[&forged]), [Verdict::Refused]);
    }
    assert_eq!(present(&epochs), Some(1));
}

#[test]
fn somebody_who_was_away_follows_none_of_two_records_that_leave_out_each_others_author() {
    let honest = record(2, "b", 1, "ab", "c");
    let mut early = record(2, "c", 2, "c", "ab");
    early.active = Devices::default();
    early.active.add(id("c"), entry(-99)).expect("the only one");
    let made_up = record(2, "z", 3, "z", "");
    let quiet = record(2, "c", 4, "abc", "a");
    let same_key = record(2, "a", 1, "abc", "");
    for forged in [early, made_up, quiet, same_key] {
        for records in [[&honest, &forged], [&forged, &honest]] {
            let mut epochs = Epochs::default();
            assert_eq!(take(&mut epochs, &records), [Verdict::Disputed; 2], "{forged:?}");
            assert_eq!(present(&epochs), None);
        }
    }
}

#[test]
fn what_a_revoked_device_dates_back_is_not_followed() {
    let (first, last) = (record(2, "a", 1, "abc", ""), record(3, "a", 2, "ab", "c"));
    // It leaves out the author of what comes later.
    let mut epochs = Epochs::default();
    assert_eq!(take(&mut epochs, &[&first, &record(2, "c", 9, "bc", "a")]), [Verdict::Disputed; 2]);
    // Nobody in its own epoch: then it accepts a later author no more, or is found out at the end.
    let forged = record(2, "c", 9, "ac", "b");
    let by_b = record(3, "b", 2, "ab", "c");
    let mut epochs = Epochs::default();
    assert_eq!(take(&mut epochs, &[&first, &forged]), [Verdict::Accepted; 2]);
    assert_eq!(take(&mut epochs, &[&by_b]), [Verdict::Disputed]);
    let mut epochs = Epochs::default();
    take(&mut epochs, &[&first, &forged]);
    assert!(!epochs.is_contested(), "it was of the account then");
    assert_eq!(take(&mut epochs, &[&last]), [Verdict::Accepted]);
    assert!(epochs.is_contested());
}

#[test]
fn the_record_of_a_key_that_was_given_is_believed_before_all_others() {
    let (first, last) = (record(2, "a", 1, "abc", ""), record(3, "a", 2, "ab", "c"));
    let mut epochs = Epochs::default();
    epochs.anchor(last.clone());
    let (dated_back, made_up) = (record(2, "c", 9, "bc", "a"), record(2, "z", 8, "z", "b"));
    let (same_key, beside) = (record(3, "z", 2, "z", "ab"), record(3, "c", 7, "abc", "a"));
    assert_eq!(
        take(&mut epochs, &[&first, &dated_back, &made_up]),
        [Verdict::Accepted, Verdict::Refused, Verdict::Refused]
    );
    assert_eq!(
        take(&mut epochs, &[&beside, &same_key, &last]),
        [Verdict::Refused, Verdict::Refused, Verdict::Accepted]
    );
    assert_eq!((present(&epochs), epochs.membership(&id("a"))), (Some(2), Membership::Active));
    let harmless = record(2, "c", 5, "abc", "");
    assert_eq!(take(&mut epochs, &[&harmless]), [Verdict::Outdated]);
    let late = record(2, "b", 6, "abc", "d");
    assert_eq!(take(&mut epochs, &[&late]), [Verdict::Accepted], "a revocation on another copy");
    assert_eq!(epochs.membership(&id("d")), Membership::Revoked);
}

#[test]
fn whoever_followed_a_device_that_another_one_revoked_settles_it_with_a_new_key() {
    let (theirs, ours) = (record(2, "c", 9, "abc", ""), record(2, "b", 1, "ab", "c"));
    let mut epochs = followed(&[&theirs]);
    assert_eq!(take(&mut epochs, &[&ours]), [Verdict::Accepted]);
    assert_eq!((present(&epochs), epochs.is_unsettled()), (Some(1), true));
    let mut elsewhere = followed(&[&ours]);
    assert_eq!(take(&mut elsewhere, &[&theirs]), [Verdict::Refused]);
    let settled = record(3, "a", 5, "ab", "c");
    for epochs in [&mut epochs, &mut elsewhere] {
        assert_eq!(take(epochs, &[&settled]), [Verdict::Accepted]);
        assert!(!epochs.is_unsettled());
    }
}

#[test]
fn of_two_rotations_at_once_the_same_counts_everywhere_and_both_revocations_hold() {
    let (one, two) = (record(2, "a", 9, "abd", "c"), record(2, "b", 1, "abc", "d"));
    for order in [[&one, &two], [&two, &one]] {
        let mut epochs = Epochs::default();
        assert_eq!(take(&mut epochs, &order), [Verdict::Accepted; 2]);
        assert_eq!((present(&epochs), epochs.of(2).len()), (Some(9), 2));
        let revoked: Vec<_> = epochs.revoked().keys().cloned().collect();
        assert_eq!(revoked, [id("c"), id("d")]);
        assert!(epochs.is_unsettled());
        take(&mut epochs, &[&record(3, "b", 5, "ab", "cd")]);
        assert!(!epochs.is_unsettled());
    }
}

#[test]
fn the_order_in_which_records_come_does_not_matter() {
    let (one, two) = (record(2, "a", 9, "abc", ""), record(2, "b", 1, "abc", "d"));
    let mut late = followed(&[&two]);
    take(&mut late, &[&one]);
    assert_eq!(late.of(2), followed(&[&one, &two]).of(2));
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
