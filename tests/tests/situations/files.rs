//! Names and files that not every place can hold.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use convosync_tests::{Device, Screen};

use super::{at_work, script, two_at_work, work};

/// A line feed, quotes, no UTF-8, an option, a decomposed letter, a pathspec's magic, an escape.
const ODD: [&[u8]; 8] = [
    b"line\nfeed.txt",
    b"quo\"te's.txt",
    b"gr\xfcn.txt",
    b"--force",
    "u\u{308}ber.txt".as_bytes(),
    b":(top)x",
    b"\x1b[2Jx",
    b" spaces ",
];

fn names(device: &Device) -> Vec<u8> {
    let mut listed = device.git_command(&["ls-tree", "-r", "-z", "--name-only", "HEAD"]);
    listed.output().expect("git runs").stdout
}

#[test]
fn odd_names_arrive_byte_for_byte_and_move_no_cursor() {
    let (world, desktop, laptop) = two_at_work();
    for name in ODD {
        fs::write(desktop.work_tree.join(OsStr::from_bytes(name)), name).expect("a file");
    }
    let mut screen = Screen::of("odd-names", &world);
    screen.done(&desktop, &["status"]);
    screen.done(&desktop, &["save", "odd"]);
    laptop.ok(&["resume"]);
    assert_eq!(names(&laptop), names(&desktop));
    for name in ODD {
        let there = fs::read(laptop.work_tree.join(OsStr::from_bytes(name))).expect("a file");
        assert_eq!(there, name);
        fs::write(laptop.work_tree.join(OsStr::from_bytes(name)), b"changed").expect("a file");
    }
    work(&desktop, "app.js", "two\n");
    desktop.ok(&["save", "two"]);
    screen.stopped(&laptop, &["resume"]);
    screen.done(&laptop, &["resume", "--on-dirty", "stash"]);
    screen.matches();
    assert!(laptop.git(&["status", "--porcelain"]).is_empty());
    laptop.git(&["stash", "pop", "-q"]);
    let back = fs::read(laptop.work_tree.join("--force")).expect("a file");
    assert_eq!(back, b"changed");
}

#[test]
fn names_that_differ_in_case_alone_are_told_by_the_save_and_stop_a_resume_where_they_are_one() {
    let (world, desktop, laptop) = two_at_work();
    for (path, contents) in [("Docs/a.md", "a\n"), ("docs/b.md", "b\n"), ("readme.md", "small\n")] {
        desktop.write(path, contents);
    }
    // An ignored file is nobody's business.
    fs::write(desktop.work_tree.join(".git/info/exclude"), "APP.JS\n").expect("a file");
    desktop.write("APP.JS", "ignored\n");
    let mut screen = Screen::of("case-clash", &world);
    screen.done(&desktop, &["save", "one"]);
    // As git finds out on macOS and Windows when it makes the repository.
    laptop.git(&["config", "core.ignoreCase", "true"]);
    screen.stopped(&laptop, &["resume"]);
    laptop.git(&["config", "core.ignoreCase", "false"]);
    laptop.ok(&["resume"]);
    // Told once: the names are not new any more.
    work(&desktop, "app.js", "two\n");
    screen.done(&desktop, &["save", "two"]);
    screen.matches();
    laptop.git(&["config", "core.ignoreCase", "true"]);
    laptop.ok(&["resume"]);
}

#[test]
fn without_git_lfs_its_files_are_not_committed_as_they_are_and_pointers_are_told() {
    let (world, desktop, laptop) = two_at_work();
    desktop.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    let mut screen = Screen::of("no-lfs", &world);
    desktop.write("big.bin", "REAL data\n");
    screen.stopped(&desktop, &["save", "one"]);
    // As `git lfs install` sets it up, with a stand-in for its program.
    let bin = desktop.home.join("bin");
    let lfs = "case \"$1\" in version) echo git-lfs/3;; clean) sed s/REAL/POINTER/;; \
        smudge) sed s/POINTER/REAL/;; esac";
    script(&bin.join("git-lfs"), lfs);
    let mut desktop = desktop;
    let path = format!("{}:{}", bin.display(), desktop.env()["PATH"]);
    desktop.more.insert("PATH".to_owned(), path);
    for device in [&desktop, &laptop] {
        device.git(&["config", "filter.lfs.clean", "git-lfs clean -- %f"]);
        device.git(&["config", "filter.lfs.smudge", "git-lfs smudge -- %f"]);
        device.git(&["config", "filter.lfs.required", "true"]);
    }
    screen.then("git-lfs is installed on the desktop");
    screen.done(&desktop, &["save", "one"]);
    assert_eq!(desktop.git(&["cat-file", "blob", "HEAD:big.bin"]), "POINTER data");

    // The laptop had it once: git insists on it, and a checkout would stop halfway.
    laptop.git(&["config", "filter.lfs.required", "true"]);
    laptop.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    screen.stopped(&laptop, &["resume", "--on-dirty", "stash"]);
    fs::remove_file(laptop.work_tree.join(".gitattributes")).expect("removed");
    laptop.git(&["config", "--remove-section", "filter.lfs"]);
    screen.then("a laptop where it never was");
    screen.done(&laptop, &["resume"]);
    screen.matches();
    assert_eq!(laptop.read("big.bin"), "POINTER data\n");
}

#[test]
fn a_filter_that_fails_leaves_all_as_it_was() {
    let (world, desktop) = at_work();
    desktop.git(&["config", "filter.seal.clean", "false"]);
    desktop.git(&["config", "filter.seal.required", "true"]);
    desktop.write(".gitattributes", "*.bin filter=seal\n");
    desktop.write("a.bin", "data\n");
    let mut screen = Screen::of("filter-fails", &world);
    screen.stopped(&desktop, &["save", "one"]);
    screen.matches();
}
