//! The folder store: the contract, and what only a folder can suffer.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "as in the functions of tests")]

mod store_contract;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use convosync_adapters::{FolderStore, StoreOpener};
use convosync_core::ObjectName;
use convosync_engine::ports::{Store, StoreError, Stores};
use store_contract::{part, sealed, store_contract, unit};
use tempfile::TempDir;

fn fresh() -> (TempDir, impl Fn() -> Box<dyn Store>) {
    let root = tempfile::tempdir().unwrap();
    let url = format!("file://{}/a%20store/", root.path().display());
    let opener = StoreOpener::new(None, root.path().join("embedded"));
    (root, move || opener.open(&url, true).unwrap())
}

store_contract!(fresh);

fn store() -> (TempDir, FolderStore) {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::new(root.path().to_owned());
    (root, store)
}

fn path(root: &Path, name: &ObjectName) -> PathBuf {
    root.join(name.to_string())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_the_user_can_read_what_is_made() {
    let root = tempfile::tempdir().unwrap();
    let opener = StoreOpener::new(Some(root.path().to_owned()), root.path().join("embedded"));
    opener.open("~/new/store", true).unwrap().put_new(&part("aaaaaaaa", 1), &sealed(b"x")).unwrap();
    let store = root.path().join("new/store");
    for folder in ["", "v1", "v1/o", "v1/o/session-aaaaaaaa"] {
        assert_eq!(mode(&store.join(folder)), 0o700, "{folder}");
    }
    assert_eq!(mode(&path(&store, &part("aaaaaaaa", 1))), 0o600);
}

#[test]
fn the_url_has_one_spelling_and_other_kinds_are_refused() {
    let opener = StoreOpener::new(Some("/home/sam".into()), "/home/sam/data/store".into());
    assert_eq!(opener.embedded_url(), "file:///home/sam/data/store");
    assert_eq!(opener.normalise("~/my store/").unwrap(), "file:///home/sam/my%20store");
    for url in ["s3://b", "git+ftp://host/repo", "origin", "https://host"] {
        assert!(matches!(opener.normalise(url), Err(StoreError::BadUrl { .. })), "{url}");
        assert!(matches!(opener.open(url, true), Err(StoreError::BadUrl { .. })), "{url}");
    }
    // Well formed, but this opener was not told how.
    assert_eq!(opener.normalise("s3://bucket/a/").unwrap(), "s3://bucket/a");
    let untold = opener.open("s3://bucket/a", true);
    assert!(matches!(untold.map(drop), Err(StoreError::BadUrl { .. })));
}

#[test]
fn opening_makes_a_place_only_when_told() {
    let root = tempfile::tempdir().unwrap();
    let opener = StoreOpener::new(None, root.path().join("embedded"));
    let url = format!("{}/store", root.path().display());
    assert!(matches!(opener.open(&url, false), Err(StoreError::Unreachable(_))));
    assert!(!root.path().join("store").exists());
    opener.open(&url, true).unwrap();
    opener.open(&url, false).unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    let file = format!("{}/file", root.path().display());
    assert!(matches!(opener.open(&file, true), Err(StoreError::BadUrl { .. })));
}

#[test]
fn a_root_that_is_gone_is_no_empty_store_and_is_not_made_again() {
    let (root, store) = store();
    let name = unit("aaaaaaaa", 1, 1);
    store.put_new(&name, &sealed(b"object")).unwrap();
    let path = root.path().to_owned();
    drop(root);
    let unreachable = |done: Result<(), StoreError>| {
        assert!(matches!(done, Err(StoreError::Unreachable(_))), "{done:?}");
    };
    unreachable(store.get(&name).map(|_| ()));
    unreachable(store.get_range(&name, 0..1).map(|_| ()));
    unreachable(store.list("").map(|_| ()));
    unreachable(store.put_new(&name, &sealed(b"object")));
    unreachable(store.delete(&name));
    assert!(!path.exists());
}

#[test]
fn foreign_files_are_neither_listed_nor_touched() {
    let (root, store) = store();
    let name = unit("aaaaaaaa", 1, 1);
    store.put_new(&name, &sealed(b"object")).unwrap();
    let folder = path(root.path(), &name).parent().unwrap().to_owned();
    let junk = [
        folder.join("00000001-dddddddd-1-22223333.sync-conflict-20260101-000000-ABCDEFG"),
        folder.join("00000001-dddddddd-1-22223333 (sam's conflicted copy)"),
        folder.join(".syncthing.00000001-dddddddd-2-22223333.tmp"),
        folder.join("00000001-dddddddd-2-22223333.part"),
        folder.join("00000001-dddddddd-02-22223333"),
        folder.join("00000002-DDDDDDDD-1-22223333"),
        folder.join("README"),
        root.path().join(".stfolder"),
        root.path().join("v1/desktop.ini"),
        root.path().join("v1/s/session-AAAAAAAA"),
    ];
    for file in &junk {
        fs::write(file, "junk").unwrap();
    }
    let deep = folder.join("a/b/c/d/e");
    fs::create_dir_all(&deep).unwrap();
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        fs::write(folder.join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "junk").unwrap();
    }
    let listed: Vec<_> = store.list("").unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!(listed, [name]);
    store.put_new(&unit("aaaaaaaa", 1, 9), &sealed(b"object")).unwrap();
    assert!(junk.iter().all(|file| file.exists()) && deep.exists());
}

#[test]
fn symlinks_and_whatever_else_has_the_name_are_not_followed() {
    let (root, store) = store();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let names: Vec<_> = (1..=4).map(|seq| unit("aaaaaaaa", 1, seq)).collect();
    store.put_new(&names[0], &sealed(b"object")).unwrap();
    symlink(outside.path().join("secret"), path(root.path(), &names[1])).unwrap();
    fs::create_dir(path(root.path(), &names[2])).unwrap();
    let pipe = Command::new("mkfifo").arg(path(root.path(), &names[3])).status().unwrap();
    assert!(pipe.success());
    for name in &names[1..] {
        assert!(matches!(store.get(name), Err(StoreError::Missing(_))), "{name}");
        assert!(matches!(store.get_range(name, 0..9), Err(StoreError::Missing(_))), "{name}");
        let put = store.put_new(name, &sealed(b"secret"));
        assert!(matches!(put, Err(StoreError::Exists(_))), "{name}: {put:?}");
    }
    let listed: Vec<_> = store.list("").unwrap().into_iter().map(|listed| listed.name).collect();
    assert_eq!(listed, names[..1]);
}

#[test]
fn a_folder_that_is_a_symlink_leads_nowhere() {
    let (root, store) = store();
    let outside = tempfile::tempdir().unwrap();
    let name = unit("aaaaaaaa", 1, 1);
    fs::create_dir_all(root.path().join("v1/s")).unwrap();
    symlink(outside.path(), root.path().join("v1/s/session-aaaaaaaa")).unwrap();
    fs::write(outside.path().join("00000001-dddddddd-1-22223333"), "planted").unwrap();
    assert!(matches!(store.get(&name), Err(StoreError::Missing(_))));
    assert!(store.list("").unwrap().is_empty());
    assert!(store.put_new(&unit("aaaaaaaa", 1, 2), &sealed(b"object")).is_err());
    store.delete(&name).unwrap();
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

/// Many sessions are walked through on all processors, each of them once.
#[test]
fn a_list_of_many_sessions_is_whole_and_in_order() {
    let (root, store) = store();
    let name = |number: usize| -> ObjectName {
        let letters: String =
            (0..8).map(|at| char::from(b'a' + (number >> (4 * at) & 15) as u8)).collect();
        format!("v1/s/session-{letters}/00000001-abcdefgh-1-22223333").parse().unwrap()
    };
    for number in 0..1000 {
        let file = path(root.path(), &name(number));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, vec![0; number]).unwrap();
    }
    symlink(
        path(root.path(), &name(7)).parent().unwrap(),
        root.path().join("v1/s/session-qqqqqqqq"),
    )
    .unwrap();
    let listed = store.list(ObjectName::UNITS).unwrap();
    assert!(listed.is_sorted());
    let mut sizes: Vec<_> = listed.iter().map(|listed| listed.size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, (0..1000).collect::<Vec<_>>());
    let (some, of_one) = (&listed[500], listed[500].name.session().unwrap());
    assert_eq!(store.list(&ObjectName::units_of(of_one)).unwrap(), std::slice::from_ref(some));
}

#[test]
fn a_root_that_is_a_symlink_is_the_users_choice() {
    let (root, inner) = store();
    let outside = tempfile::tempdir().unwrap();
    let link = outside.path().join("link");
    symlink(root.path(), &link).unwrap();
    FolderStore::new(link).put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"object")).unwrap();
    assert_eq!(inner.list("").unwrap().len(), 1);
}

#[test]
fn a_file_that_is_too_big_for_memory_is_refused_unread() {
    let (root, store) = store();
    let name = part("aaaaaaaa", 1);
    store.put_new(&part("aaaaaaaa", 2), &sealed(b"part")).unwrap();
    let sparse = fs::File::create(path(root.path(), &name)).unwrap();
    sparse.set_len(1 << 40).unwrap();
    assert!(matches!(store.get(&name), Err(StoreError::TooBig { size, .. }) if size == 1 << 40));
    assert!(matches!(store.get_range(&name, 0..u64::MAX), Err(StoreError::TooBig { .. })));
    assert_eq!(store.get_range(&name, (1 << 40) - 2..u64::MAX).unwrap(), [0, 0]);
    let put = store.put_new(&name, &sealed(b"part"));
    assert!(matches!(put, Err(StoreError::Exists(_))), "{put:?}");
}

#[test]
fn temporary_files_of_dead_writers_are_ignored_and_removed_after_a_day() {
    let (root, store) = store();
    store.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"object")).unwrap();
    let folder = root.path().join("v1/s/session-aaaaaaaa");
    let file = |name: &str, days: u64| {
        let path = folder.join(name);
        fs::write(&path, "half an obj").unwrap();
        let then = SystemTime::now() - Duration::from_secs(days * 86_400 + 60);
        fs::File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
        path
    };
    let fresh = file(".convosync-tmp-aaaabbbb", 0);
    let old = file(".convosync-tmp-ccccdddd", 1);
    let foreign = file(".syncthing.tmp", 9);
    let again = FolderStore::new(root.path().to_owned());
    assert_eq!(again.list("").unwrap().len(), 1);
    again.put_new(&unit("aaaaaaaa", 1, 2), &sealed(b"object")).unwrap();
    assert!(fresh.exists() && foreign.exists() && !old.exists());
}

/// Runs one test of this binary again as a child that knows it is the child by `CHILD`.
fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(CHILD, folder).stdout(Stdio::null());
    command
}

const CHILD: &str = "CONVOSYNC_TEST_FOLDER";

fn in_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Big enough to be caught half written.
fn long_object(seq: u64) -> Vec<u8> {
    seq.to_le_bytes().repeat(100_000)
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    if let Some(folder) = in_child() {
        let store = FolderStore::new(folder);
        // Whose process it is tells its own names from the others'.
        let own = u64::from(std::process::id()) * 100;
        for seq in own + 1..=own + 20 {
            store.put_new(&unit("aaaaaaaa", 1, seq), &sealed(&long_object(seq))).unwrap();
            store.put_new(&part("aaaaaaaa", 7), &sealed(b"the same of everybody")).unwrap();
        }
        return;
    }
    let (root, store) = store();
    let start =
        |_| child("processes_that_write_at_once_lose_nothing", root.path()).spawn().unwrap();
    let writers: Vec<_> = (0..8).map(start).collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let units = store.list(ObjectName::UNITS).unwrap();
    assert_eq!(units.len(), 8 * 20);
    for listed in units {
        let ObjectName::Unit { save, .. } = &listed.name else { panic!("{listed:?}") };
        assert!(store.get(&listed.name).unwrap().as_bytes() == long_object(save.seq()));
    }
    assert_eq!(store.list("").unwrap().len(), 8 * 20 + 1);
}

#[test]
fn a_killed_writer_leaves_whole_objects_only() {
    if let Some(folder) = in_child() {
        let store = FolderStore::new(folder);
        for seq in 1..100_000 {
            store.put_new(&unit("aaaaaaaa", 1, seq), &sealed(&long_object(seq))).unwrap();
        }
    }
    for patience in [1, 2, 4] {
        let (root, store) = store();
        let mut writer =
            child("a_killed_writer_leaves_whole_objects_only", root.path()).spawn().unwrap();
        let started = Instant::now();
        while store.list("").unwrap().len() < patience {
            assert!(started.elapsed() < Duration::from_secs(60), "the writer does not write");
            std::thread::sleep(Duration::from_millis(1));
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        for listed in store.list("").unwrap() {
            let ObjectName::Unit { save, .. } = &listed.name else { panic!("{listed:?}") };
            let whole = long_object(save.seq());
            assert!(store.get(&listed.name).unwrap().as_bytes() == whole, "{listed:?}");
            // What a command does that is run again.
            store.put_new(&listed.name, &sealed(&whole)).unwrap();
        }
    }
}

/// Runs a test of this binary in a file system of its own, mounted on `folder` in a namespace
/// that dies with it. `false`: the system does not let us.
fn mounted(test: &str, mount: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let own = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script, "sh"]).arg(folder.path());
        command
    };
    let works = own(&mount.replace("then", "&& true")).stderr(Stdio::null()).status();
    if !works.is_ok_and(|status| status.success()) {
        eprintln!("skipped {test}: no file system can be mounted in a user namespace here");
        return false;
    }
    let inner = child(test, folder.path());
    let script = mount.replace("then", "&& shift && exec \"$@\"");
    let status = own(&script)
        .arg(inner.get_program())
        .args(inner.get_args())
        .env(CHILD, folder.path())
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{test} failed inside");
    true
}

#[test]
fn a_full_disk_is_told_and_leaves_what_is_there() {
    let Some(folder) = in_child() else {
        let mount = "mount -t tmpfs -o size=256k tmpfs \"$1\" then";
        mounted("a_full_disk_is_told_and_leaves_what_is_there", mount);
        return;
    };
    let store = FolderStore::new(folder.clone());
    store.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"object")).unwrap();
    let full = store.put_new(&unit("aaaaaaaa", 1, 2), &sealed(&[7; 1 << 20]));
    assert!(matches!(full, Err(StoreError::Full(_))), "{full:?}");
    assert_eq!(store.list("").unwrap().len(), 1);
    let left = fs::read_dir(folder.join("v1/s/session-aaaaaaaa")).unwrap().count();
    assert_eq!(left, 1, "half an object takes the room that is left");
    store.put_new(&unit("aaaaaaaa", 1, 3), &sealed(b"small")).unwrap();
}

#[test]
fn a_read_only_folder_is_read_and_refuses_a_put() {
    let Some(folder) = in_child() else {
        let mount = "mount -t tmpfs tmpfs \"$1\" && mkdir -p \"$1/v1/s/session-aaaaaaaa\" \
                     && echo object > \"$1/v1/s/session-aaaaaaaa/00000001-dddddddd-1-22223333\" \
                     && mount -o remount,bind,ro \"$1\" then";
        mounted("a_read_only_folder_is_read_and_refuses_a_put", mount);
        return;
    };
    let store = FolderStore::new(folder);
    let name = unit("aaaaaaaa", 1, 1);
    assert_eq!(store.get(&name).unwrap().as_bytes(), b"object\n");
    let denied = |done: Result<(), StoreError>| {
        assert!(matches!(done, Err(StoreError::Denied(_))), "{done:?}");
    };
    denied(store.put_new(&unit("aaaaaaaa", 1, 2), &sealed(b"object")));
    denied(store.put_new(&unit("bbbbbbbb", 1, 2), &sealed(b"object")));
    denied(store.delete(&name));
    assert_eq!(store.list("").unwrap().len(), 1);
}

#[test]
fn a_folder_of_another_user_refuses() {
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root may read everything");
        return;
    }
    let (root, store) = store();
    store.put_new(&unit("aaaaaaaa", 1, 1), &sealed(b"object")).unwrap();
    let folder = root.path().join("v1/s/session-aaaaaaaa");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    assert!(matches!(store.list(""), Err(StoreError::Denied(_))), "never a shorter list");
    assert!(matches!(store.get(&unit("aaaaaaaa", 1, 1)), Err(StoreError::Denied(_))));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
}
