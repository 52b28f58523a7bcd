use data_encoding::HEXLOWER;

use super::*;
use crate::id::DeviceKind;
use crate::profile::{Account, Device};

fn profile() -> Profile {
    let mut random = |bytes: &mut [u8]| bytes.fill(7);
    Profile {
        account: Account::new(&mut random),
        device: Device::new("desk".to_owned(), DeviceKind::Laptop, 1_000, &mut random),
        store_url: "file:///srv/store".to_owned(),
        local_only: false,
    }
}

/// As [`KeyLock::new`], and fast.
fn lock() -> KeyLock {
    let new = KeyLock::new(false, &mut |bytes| bytes.fill(9));
    KeyLock { memory_kib: 64, passes: 1, lanes: 1, ..new }
}

fn locked(passphrase: &str) -> Vec<u8> {
    let (lock, passphrase) = (lock(), Passphrase::on_line(passphrase));
    profile().encode_locked(&lock, &lock.key(&passphrase), &mut |bytes| bytes.fill(5))
}

fn open(file: &[u8], passphrase: &str) -> Result<Profile, KeyFileError> {
    let lock = KeyLock::of(file)?.expect("it is locked");
    Profile::decode_locked(file, &lock.key(&Passphrase::on_line(passphrase)))
}

#[test]
fn a_locked_key_file_opens_with_its_passphrase_and_no_other() {
    let file = locked("correct horse");
    assert_eq!(open(&file, "correct horse\r\n"), Ok(profile()));
    for wrong in ["", "correct hors", "Correct horse", "correct horse "] {
        assert_eq!(open(&file, wrong), Err(KeyFileError::WrongPassphrase), "{wrong:?}");
    }
    assert_eq!(Profile::decode(&file), Err(KeyFileError::Locked));
}

#[test]
fn the_locked_key_file_never_changes() {
    let lock = KeyLock::new(true, &mut |bytes| bytes.fill(9));
    let key = lock.key(&Passphrase::on_line("correct horse"));
    let file = locked("correct horse");
    let now = [&file[..38], &file[file.len() - 16..], &lock.head(), &key.0[..]];
    assert_eq!(now.map(|bytes| HEXLOWER.encode(bytes)), [HEAD, CHECKSUM, NEW_HEAD, NEW_KEY]);
}

const HEAD: &str = "434f4e564f4b4559020000000040000000010000000109090909090909090909090909090909";
const CHECKSUM: &str = "21e9456dc6a8835b158758b059d05b91";
const NEW_HEAD: &str =
    "434f4e564f4b4559020100010000000000030000000409090909090909090909090909090909";
/// Also what OpenSSL's Argon2id gives.
const NEW_KEY: &str = "a970add6ed9bd0cba05a0dbbb1dadd4d947d1a22f5399b8beb47243c9ef7472e";

#[test]
fn a_damaged_locked_file_is_never_taken_for_a_wrong_passphrase() {
    let file = locked("correct horse");
    let key = lock().key(&Passphrase::on_line("correct horse"));
    for at in 0..file.len() {
        let cut = Profile::decode_locked(&file[..at], &key);
        assert_eq!(cut, Err(KeyFileError::Damaged), "{at} bytes");
        let mut flipped = file.clone();
        flipped[at] ^= 1;
        let error = Profile::decode_locked(&flipped, &key).expect_err("it was changed");
        assert_ne!(error, KeyFileError::WrongPassphrase, "byte {at}");
    }
}

#[test]
fn a_file_that_asks_for_too_much_work_is_refused_before_any_is_done() {
    for (memory_kib, passes, lanes) in
        [(u32::MAX, 3, 4), (65_536, u32::MAX, 4), (65_536, 3, 17), (65_536, 0, 1), (7, 1, 1)]
    {
        let mut file = KeyLock { memory_kib, passes, lanes, ..lock() }.head();
        close_key_file(&mut file);
        assert_eq!(KeyLock::of(&file), Err(KeyFileError::Content), "{memory_kib} {passes} {lanes}");
    }
}

#[test]
fn no_two_writes_are_sealed_alike_and_each_lock_has_a_name() {
    let (lock, key) = (lock(), SecretBytes(Zeroizing::new([1; 32])));
    let mut count = 0;
    let mut random = |bytes: &mut [u8]| {
        count += 1;
        bytes.fill(count);
    };
    let first = profile().encode_locked(&lock, &key, &mut random);
    assert_ne!(first, profile().encode_locked(&lock, &key, &mut random));
    assert_ne!(lock.name(), KeyLock { salt: [1; 16], ..lock.clone() }.name());
}

#[test]
fn a_passphrase_is_not_shown() {
    assert_eq!(format!("{:?}", Passphrase::on_line("hush")), "Passphrase(redacted)");
    assert!(!Passphrase::on_line("1234567\n").is_long_enough());
    assert!(Passphrase::on_line("ä2345678").is_long_enough());
}
