//! Whole objects as they were sealed once, in hex under `frozen/`. A version that can't read one
//! of them can't read what people have in their stores.

use convosync_core::*;

use crate::fixture::*;

#[track_caller]
fn frozen(sealed: &[u8], hex: &str) {
    let hex: String = hex.split_whitespace().collect();
    assert!(data_encoding::HEXLOWER.encode(sealed) == hex, "the stored bytes have changed");
}

#[test]
fn the_unit_never_changes() {
    let me = profile(2);
    let (_, _, name, sealed) = unit(&me);
    assert_eq!(name.to_string(), "v1/s/session-bbbbbbbb/00000001-xefkdarg-1-hhhhhhhh");
    frozen(sealed.as_bytes(), include_str!("frozen/unit.hex"));
}

#[test]
fn the_part_never_changes() {
    let (_, name, sealed) = part(&profile(2));
    assert_eq!(name.to_string(), "v1/o/session-bbbbbbbb/fa49ff843180af83aedf234f4f46c3a7-kdargp45");
    frozen(sealed.as_bytes(), include_str!("frozen/part.hex"));
}

#[test]
fn the_device_entry_never_changes() {
    let (name, sealed) = seal_device_entry(&profile(2), &mut counting(5));
    assert_eq!(name.to_string(), "v1/dev/xefkdarg-kdargp45");
    frozen(sealed.as_bytes(), include_str!("frozen/device.hex"));
}

#[test]
fn the_recovery_object_never_changes() {
    let recovery = RecoveryKey::new(&mut counting(9));
    let words = "dinner desert betray install decorate idle sunny work pulp myself timber infant \
                 trash rare believe fragile letter monkey physical reward taste diet ticket catch";
    assert_eq!(recovery.words().as_str(), words);
    let (name, sealed) = seal_recovery(&profile(2).account, &recovery, &mut counting(5));
    assert_eq!(name.to_string(), "v1/keys/00000001/recovery-kdargp45");
    frozen(sealed.as_bytes(), include_str!("frozen/recovery.hex"));
}

/// The turn of a device after one other.
fn turn(device: &Device) -> Turn {
    let first = Turn::after([], device.id.clone(), &[1; 8]).expect("the first");
    Turn::after([&first], device.id.clone(), &[2; 8]).expect("the second")
}

/// A device that joins again after it was cut short makes the bytes that it made before, with another
/// release of this program too.
#[test]
fn the_salts_of_a_content_never_change() {
    let me = profile(2);
    let name = ObjectName::Pin { session: session(1), turn: turn(&me.device) };
    let pin = Pin { pinned: true, made_ms: 1_700_000_000_000 };
    let hash = devices(&[&me]).hash();
    let sealed = seal_pin(&me, hash, &name, &pin, Salts::OfContent).expect("the name is ours");
    frozen(sealed.as_bytes(), include_str!("frozen/pin_of_content.hex"));
}

#[test]
fn the_pin_never_changes() {
    let me = profile(2);
    let name = ObjectName::Pin { session: session(1), turn: turn(&me.device) };
    assert_eq!(name.to_string(), "v1/pin/session-bbbbbbbb/00000002-xefkdarg-cccccccc");
    let pin = Pin { pinned: true, made_ms: 1_700_000_000_000 };
    let hash = devices(&[&me]).hash();
    let sealed =
        seal_pin(&me, hash, &name, &pin, Salts::Fresh(&mut counting(5))).expect("the name is ours");
    frozen(sealed.as_bytes(), include_str!("frozen/pin.hex"));
    assert_eq!(open_pin(&me.account, &devices(&[&me]), &name, &sealed), Ok(pin));
}

#[test]
fn the_tombstone_never_changes() {
    let me = profile(2);
    let name = ObjectName::Tombstone { session: session(1), turn: turn(&me.device) };
    let covers = card(&me, session(1)).vector;
    let made_ms = 1_700_000_000_000;
    let by = DeletedBy::Retention;
    let tombstone = Tombstone { deleted: true, covers, by, made_ms, grace_days: 0 };
    let hash = devices(&[&me]).hash();
    let sealed = seal_tombstone(&me, hash, &name, &tombstone, Salts::Fresh(&mut counting(5)))
        .expect("the name is ours");
    frozen(sealed.as_bytes(), include_str!("frozen/tombstone.hex"));
    assert_eq!(
        open_tombstone(&me.account, &devices(&[&me]), &name, &sealed),
        Ok(tombstone.clone())
    );
    let with_grace = Tombstone { grace_days: 7, ..tombstone };
    let sealed = seal_tombstone(&me, hash, &name, &with_grace, Salts::Fresh(&mut counting(5)))
        .expect("the name is ours");
    frozen(sealed.as_bytes(), include_str!("frozen/tombstone-grace.hex"));
    assert_eq!(open_tombstone(&me.account, &devices(&[&me]), &name, &sealed), Ok(with_grace));
}

#[test]
fn the_mark_never_changes() {
    let me = profile(2);
    let names = vec![unit(&me).2, part(&me).1];
    let mark = Mark { names, made_ms: 1_700_000_000_000, grace_days: 0 };
    let hash = devices(&[&me]).hash();
    let (name, sealed) = seal_mark(&me, hash, &mark, &mut counting(5)).expect("few names");
    assert_eq!(name.to_string(), "v1/g/xefkdarg-kdargp45");
    frozen(sealed.as_bytes(), include_str!("frozen/mark.hex"));
    assert_eq!(open_mark(&me.account, &devices(&[&me]), &name, &sealed), Ok(mark.clone()));
    let with_grace = Mark { grace_days: 7, ..mark };
    let (name, sealed) = seal_mark(&me, hash, &with_grace, &mut counting(5)).expect("few names");
    frozen(sealed.as_bytes(), include_str!("frozen/mark-grace.hex"));
    assert_eq!(open_mark(&me.account, &devices(&[&me]), &name, &sealed), Ok(with_grace));
}

#[test]
fn the_names_of_stand_ins_never_change() {
    let me = profile(2);
    let (_, container, _) = part(&me);
    assert_eq!(
        stand_ins_of(&me.account, &session(1), &container),
        "v1/o/session-bbbbbbbb/b32d19a0d0f8750f28205ee8b015fcbf-"
    );
    let name = stand_in_name(&me.account, &session(1), &container, &mut counting(5)).to_string();
    assert!(name.starts_with(&stand_ins_of(&me.account, &session(1), &container)), "{name}");
}

#[test]
fn the_address_of_a_moved_store_never_changes() {
    let me = profile(2);
    let (name, sealed) = moved(&me);
    assert_eq!(name.to_string(), "v1/moved/xefkdarg-kdargp45");
    frozen(sealed.as_bytes(), include_str!("frozen/moved.hex"));
}

#[test]
fn the_local_value_never_changes() {
    let sealed = seal_value(&profile(2).account, "label", b"value", &mut counting(6));
    frozen(sealed.as_bytes(), include_str!("frozen/value.hex"));
}

#[test]
fn the_store_record_never_changes() {
    let record = StoreRecord::new(&profile(2).account).encode();
    let json = r#"{"format":1,"store":"uv2tqbw7mnslizoxefkdargp45","account":"w7mnslizoxefkdargp45c3yj6h","epoch":1,"key_check":"b0bf9615f1710cd0a509108b5513601a"}"#;
    assert_eq!(std::str::from_utf8(record.as_bytes()), Ok(format!("{json}\n").as_str()));
}

#[test]
fn keys_ids_and_digests_never_change() {
    let me = profile(2);
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    assert_eq!(
        hex(&segment_key(&me.account, &session(1)).id(b"packed")),
        "4c341200326de75008e1d05d6ac95aed"
    );
    assert_eq!(local_digest(&me.account, "label", b"bytes"), "228decac0e562e4086a3db882e12a018");
    assert_eq!(
        hex(&devices(&[&me]).hash()),
        "bf60e6a40b8ee7169a7436dec1f79a438062485eb36ec85e832c69e33b80b36c"
    );
}

#[test]
fn what_a_new_epoch_seals_never_changes() {
    let [device, recovery, record] = crate::epochs::objects();
    assert_eq!(device.0.to_string(), "v1/keys/00000002/v2tqbw7m-kdargp45");
    frozen(device.1.as_bytes(), include_str!("frozen/device-key.hex"));
    assert_eq!(recovery.0.to_string(), "v1/keys/00000002/recovery-p45c3yj6");
    frozen(recovery.1.as_bytes(), include_str!("frozen/recovery-copy.hex"));
    assert_eq!(record.0.to_string(), "v1/keys/00000002/epoch-uv2tqbw7");
    frozen(record.1.as_bytes(), include_str!("frozen/epoch.hex"));
    let confirmed = crate::epochs::confirmed();
    assert_eq!(confirmed.0.to_string(), "v1/keys/00000002/epoch-zoxefkda");
    frozen(confirmed.1.as_bytes(), include_str!("frozen/epoch-confirmed.hex"));
}
