use std::os::unix::fs::symlink;

use convosync_core::{Account, Device, DeviceKind};

use super::*;

fn profile(name: &str) -> Profile {
    let mut random = |bytes: &mut [u8]| bytes.fill(7);
    Profile {
        account: Account::new(&mut random),
        device: Device::new(name.to_owned(), DeviceKind::Laptop, 1_000, &mut random),
        store_url: "file:///srv/store".to_owned(),
        local_only: false,
    }
}

fn key_file() -> (tempfile::TempDir, KeyFile) {
    let root = tempfile::tempdir().unwrap();
    let file = KeyFile::new(root.path().join("data/keys/profile"));
    (root, file)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn what_was_stored_is_loaded_and_replaced() {
    let (_root, keys) = key_file();
    assert_eq!(keys.load().unwrap(), None);
    keys.store(&profile("one")).unwrap();
    assert_eq!(keys.load().unwrap(), Some(profile("one")));
    keys.store(&profile("two")).unwrap();
    assert_eq!(keys.load().unwrap(), Some(profile("two")));
    let folder = keys.path.parent().unwrap();
    assert_eq!((mode(folder), mode(&keys.path), files(folder)), (0o700, 0o600, 1));
}

#[test]
fn keys_that_others_can_read_are_refused() {
    let (_root, keys) = key_file();
    keys.store(&profile("one")).unwrap();
    for open in [0o640, 0o604, 0o620, 0o610] {
        set_mode(&keys.path, open);
        let exposed = keys.load().unwrap_err();
        assert!(matches!(exposed, LocalError::Exposed { mode, .. } if mode == open));
    }
    set_mode(&keys.path, 0o400);
    assert!(keys.load().unwrap().is_some());
}

#[test]
fn damage_is_never_taken_for_no_keys() {
    let (_root, keys) = key_file();
    keys.store(&profile("one")).unwrap();
    let whole = fs::read(&keys.path).unwrap();
    let damaged = |bytes: &[u8]| {
        fs::write(&keys.path, bytes).unwrap();
        let error = keys.load().unwrap_err();
        assert!(matches!(error, LocalError::Damaged { .. }), "{error:?}");
    };
    damaged(b"");
    damaged(b"garbage");
    damaged(&whole[..whole.len() / 2]);
    File::options().write(true).open(&keys.path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(keys.load(), Err(LocalError::Damaged { .. })));
    let mut newer = whole;
    newer[8] = 99;
    fs::write(&keys.path, newer).unwrap();
    assert!(matches!(keys.load(), Err(LocalError::Newer { .. })));
}

#[test]
fn a_symlink_in_place_of_the_keys_is_refused_even_if_it_leads_nowhere() {
    let (root, keys) = key_file();
    keys.store(&profile("one")).unwrap();
    let moved = root.path().join("elsewhere");
    fs::rename(&keys.path, &moved).unwrap();
    symlink(&moved, &keys.path).unwrap();
    assert!(matches!(keys.load(), Err(LocalError::Io { .. })));
    fs::remove_file(&moved).unwrap();
    assert!(matches!(keys.load(), Err(LocalError::Io { .. })));
}

#[test]
fn a_replacement_that_fails_leaves_what_was_there_and_no_copy_of_the_keys() {
    let (_root, keys) = key_file();
    // No file can be renamed over a folder.
    fs::create_dir_all(keys.path.join("inner")).unwrap();
    assert!(keys.store(&profile("one")).is_err());
    assert!(keys.path.join("inner").exists());
    assert_eq!(files(keys.path.parent().unwrap()), 1);
}

#[test]
fn a_secret_goes_into_a_new_private_file_only() {
    let (root, keys) = key_file();
    let path = root.path().join("recovery.txt");
    keys.write_secret(&path, "abandon ability\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "abandon ability\n");
    assert_eq!(mode(&path), 0o600);
    assert!(keys.write_secret(&path, "other").is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "abandon ability\n");
    let link = root.path().join("link");
    symlink(root.path().join("target"), &link).unwrap();
    assert!(keys.write_secret(&link, "other").is_err());
    assert!(!root.path().join("target").exists());
    assert!(keys.write_secret(&root.path().join("no/folder"), "other").is_err());
}

#[test]
fn a_secret_that_was_begun_is_finished_and_nothing_else_is_written_into() {
    let (root, keys) = key_file();
    let path = root.path().join("recovery.txt");
    for begun in ["", "abandon ab", "abandon ability\n"] {
        fs::write(&path, begun).unwrap();
        set_mode(&path, 0o600);
        keys.write_secret(&path, "abandon ability\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "abandon ability\n");
    }
    for (other, mode) in [("abandon ability\nmore", 0o600), ("zoo", 0o600), ("", 0o644)] {
        fs::write(&path, other).unwrap();
        set_mode(&path, mode);
        assert!(keys.write_secret(&path, "abandon ability\n").is_err(), "{other:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), other);
    }
}

#[test]
fn errors_name_the_file_and_no_secret() {
    let (root, keys) = key_file();
    let path = root.path().join("no/folder");
    let error = keys.write_secret(&path, "abandon ability").unwrap_err().to_string();
    assert!(error.contains("no/folder") && !error.contains("abandon"), "{error}");
}

fn word(text: &str) -> Passphrase {
    Passphrase::on_line(text)
}

/// The same file, opened by another process with this passphrase.
fn again(keys: &KeyFile, passphrase: Option<&str>) -> KeyFile {
    KeyFile::new(keys.path.clone()).with_passphrase(passphrase.map(word))
}

#[track_caller]
fn refused(keys: &KeyFile, with: KeyFileError) {
    let error = keys.load().unwrap_err();
    assert!(matches!(&error, LocalError::Locked(error) if *error == with), "{error:?}");
}

#[test]
fn protected_keys_open_with_the_passphrase_alone() {
    let (_root, keys) = key_file();
    assert_eq!(keys.protection().unwrap(), None);
    keys.store(&profile("one")).unwrap();
    assert_eq!(keys.protection().unwrap(), Some(Protection::None));
    keys.protect(Some(&word("correct horse")), false).unwrap();
    let locked = Protection::Passphrase { remembered: false };
    assert_eq!(again(&keys, None).protection().unwrap(), Some(locked));
    refused(&again(&keys, None), KeyFileError::Locked);
    refused(&again(&keys, Some("battery")), KeyFileError::WrongPassphrase);
    let opened = again(&keys, Some("correct horse"));
    assert_eq!(opened.load().unwrap(), Some(profile("one")));
    assert_eq!((mode(&keys.path), files(keys.path.parent().unwrap())), (0o600, 1));
}

#[test]
fn what_is_written_later_stays_protected_and_needs_the_passphrase() {
    let (_root, keys) = key_file();
    keys.store(&profile("one")).unwrap();
    keys.protect(Some(&word("correct horse")), false).unwrap();
    let before = fs::read(&keys.path).unwrap();
    assert!(matches!(again(&keys, None).store(&profile("two")), Err(LocalError::Locked(_))));
    assert!(again(&keys, Some("battery")).store(&profile("two")).is_err());
    assert_eq!(fs::read(&keys.path).unwrap(), before);
    again(&keys, Some("correct horse")).store(&profile("two")).unwrap();
    refused(&again(&keys, None), KeyFileError::Locked);
    let opened = again(&keys, Some("correct horse"));
    assert_eq!(opened.load().unwrap(), Some(profile("two")));
}

#[test]
fn a_passphrase_is_replaced_and_taken_off_by_who_knows_it() {
    let (_root, keys) = key_file();
    keys.store(&profile("one")).unwrap();
    keys.protect(Some(&word("correct horse")), false).unwrap();
    assert!(again(&keys, None).protect(None, false).is_err());
    assert!(again(&keys, Some("battery")).protect(None, false).is_err());
    again(&keys, Some("correct horse")).protect(Some(&word("staple battery")), false).unwrap();
    refused(&again(&keys, Some("correct horse")), KeyFileError::WrongPassphrase);
    again(&keys, Some("staple battery")).protect(None, false).unwrap();
    assert_eq!(again(&keys, None).load().unwrap(), Some(profile("one")));
}

#[test]
fn protected_bytes_and_errors_hold_neither_keys_nor_passphrase() {
    let (_root, keys) = key_file();
    keys.store(&profile("one")).unwrap();
    keys.protect(Some(&word("correct horse")), false).unwrap();
    let bytes = fs::read(&keys.path).unwrap();
    assert!(!bytes.windows(32).any(|window| window == [7; 32]));
    assert!(!bytes.windows(5).any(|window| window == b"horse"));
    let wrong = again(&keys, Some("a wrong horse"));
    let shown = format!("{:?} {:?}", wrong, wrong.load().unwrap_err());
    assert!(!shown.contains("horse"), "{shown}");
}

#[test]
fn a_protection_that_can_not_be_written_leaves_the_keys_as_they_were() {
    let (_root, keys) = key_file();
    keys.store(&profile("one")).unwrap();
    let folder = keys.path.parent().unwrap().to_owned();
    // A name that is too long can't be made beside it, whoever asks.
    let long = KeyFile::new(folder.join("n".repeat(300)));
    assert!(long.protect(Some(&word("correct horse")), false).is_err());
    assert_eq!(again(&keys, None).load().unwrap(), Some(profile("one")));
    assert_eq!(files(&folder), 1);
}

#[test]
fn the_system_remembers_an_opened_key_only_where_that_was_wished() {
    let (_root, keys) = key_file();
    keys.store(&profile("one")).unwrap();
    if keyring::probe().is_err() {
        let refused = keys.protect(Some(&word("correct horse")), true).unwrap_err();
        assert!(matches!(refused, LocalError::NoKeyring(_)), "{refused:?}");
        assert_eq!(keys.protection().unwrap(), Some(Protection::None));
        return;
    }
    keys.protect(Some(&word("correct horse")), true).unwrap();
    assert_eq!(again(&keys, None).load().unwrap(), Some(profile("one")));
    again(&keys, None).store(&profile("two")).unwrap();
    refused(&again(&keys, None).asking_each_time(true), KeyFileError::Locked);
    let name = KeyLock::of(&fs::read(&keys.path).unwrap()).unwrap().unwrap().name();
    keyring::forget(&name);
    refused(&again(&keys, None), KeyFileError::Locked);
    assert!(again(&keys, Some("correct horse")).load().unwrap().is_some());
    assert_eq!(again(&keys, None).load().unwrap(), Some(profile("two")));
    again(&keys, None).protect(Some(&word("correct horse")), false).unwrap();
    assert_eq!(keyring::recall(&name), None);
    refused(&again(&keys, None), KeyFileError::Locked);
}
