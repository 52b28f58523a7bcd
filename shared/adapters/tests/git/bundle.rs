use std::fs;
use std::io::Read;

use convosync_engine::ports::{Git, GitError};

use crate::lab::{Lab, write};

#[test]
fn commits_travel_in_a_file() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let base = lab.head(&dir);
    let other = lab.cloned(&dir, "q");
    lab.commit(&dir, "b", "x");
    let tip = lab.commit(&dir, "c", "x");
    let unknown = "0123456789012345678901234567890123456789".parse().expect("an id");
    let file = lab.path("bundle");
    fs::write(&file, "").expect("a scratch file");
    let mut held = fs::File::open(&file).expect("held open");
    let refs = lab.run(&dir, &["for-each-ref"]);
    let known = [base.clone(), unknown];
    let needs = lab.git.bundle(&lab.at(&dir), &tip, &known, &file).expect("a bundle");
    assert_eq!(needs, Some(vec![base.clone()]));
    assert_eq!(lab.run(&dir, &["for-each-ref"]), refs, "no ref stays");
    let mut bytes = Vec::new();
    held.read_to_end(&mut bytes).expect("the same file");
    assert!(bytes.starts_with(b"# v2 git bundle\n"));

    let repo = lab.at(&other);
    lab.git.unbundle(&repo, &file, &tip, "session-x").expect("taken in");
    assert!(lab.git.has_commit(&repo, &tip).expect("asked"));
    assert_eq!(lab.oid(&other, "refs/convosync/in/session-x"), tip);
    lab.git.unbundle(&repo, &file, &tip, "session-x").expect("twice is harmless");
    lab.git.fast_forward(&repo, &tip).expect("forward");
    assert_eq!(lab.head(&other), tip);
}

#[test]
fn what_is_known_needs_no_bundle() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let base = lab.head(&dir);
    let tip = lab.commit(&dir, "b", "x");
    let file = lab.path("bundle");
    let repo = lab.at(&dir);
    assert_eq!(lab.git.bundle(&repo, &base, &[tip], &file).expect("asked"), None);
    assert_eq!(lab.run(&dir, &["for-each-ref", "refs/convosync"]), "");
    let whole = lab.git.bundle(&repo, &base, &[], &file).expect("a bundle");
    assert_eq!(whole, Some(Vec::new()));
}

#[test]
fn a_bundle_of_other_hashes_travels() {
    let lab = Lab::new();
    let (dir, other) = (lab.path("p"), lab.path("q"));
    for dir in [&dir, &other] {
        fs::create_dir(dir).expect("a folder");
        lab.run(dir, &["init", "-q", "--object-format=sha256"]);
    }
    let tip = lab.commit(&dir, "a", "x");
    let file = lab.path("bundle");
    lab.git.bundle(&lab.at(&dir), &tip, &[], &file).expect("a bundle");
    lab.git.unbundle(&lab.at(&other), &file, &tip, "x").expect("taken in");
}

#[test]
fn commits_that_are_needed_and_not_here_are_named() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let base = lab.head(&dir);
    let tip = lab.commit(&dir, "b", "x");
    let file = lab.path("bundle");
    lab.git.bundle(&lab.at(&dir), &tip, std::slice::from_ref(&base), &file).expect("a bundle");
    let stranger = lab.empty("q");
    lab.commit(&stranger, "z", "x");
    let error = lab.git.unbundle(&lab.at(&stranger), &file, &tip, "x").expect_err("it lacks them");
    assert!(error.to_string().contains(base.as_str()), "{error}");
    let error = lab.git.unbundle(&lab.at(&dir), &file, &base, "x").expect_err("another commit");
    assert!(error.to_string().contains("does not hold"), "{error}");
    assert_eq!(lab.run(&stranger, &["for-each-ref", "refs/convosync"]), "");
}

#[test]
fn a_damaged_bundle_changes_no_ref() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let tip = lab.commit(&dir, "b", &"text ".repeat(2_000));
    let file = lab.path("bundle");
    lab.git.bundle(&lab.at(&dir), &tip, &[], &file).expect("a bundle");
    let good = fs::read(&file).expect("a bundle");
    let other = lab.empty("q");
    let repo = lab.at(&other);
    for at in (0..good.len()).step_by(37) {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        fs::write(&file, &bad).expect("a file");
        if lab.git.unbundle(&repo, &file, &tip, "x").is_ok() {
            // A byte of the header that means nothing (the ref's name).
            assert!(at < 150, "byte {at}");
            lab.run(&other, &["update-ref", "-d", "refs/convosync/in/x"]);
        }
        fs::write(&file, &good[..at]).expect("a file");
        assert!(lab.git.unbundle(&repo, &file, &tip, "x").is_err(), "cut at {at}");
    }
    assert_eq!(lab.run(&other, &["for-each-ref"]), "");
}

#[test]
fn a_bundle_names_no_ref_here_and_brings_no_bad_object() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    // A tree with an entry called `.git`, which git itself would not make.
    let blob = lab.run(&dir, &["hash-object", "-w", "a"]);
    let mut tree = b"100644 .git\0".to_vec();
    tree.extend((0..20).map(|i| u8::from_str_radix(&blob[2 * i..2 * i + 2], 16).expect("hex")));
    fs::write(lab.path("tree"), tree).expect("a file");
    let path = lab.path("tree").display().to_string();
    let tree = lab.run(&dir, &["hash-object", "-t", "tree", "-w", "--literally", &path]);
    let evil = lab.run(&dir, &["commit-tree", "-m", "evil", &tree]).parse().expect("an id");
    let file = lab.path("bundle");
    lab.git.bundle(&lab.at(&dir), &evil, &[], &file).expect("a bundle");
    let other = lab.empty("q");
    let repo = lab.at(&other);
    assert!(lab.git.unbundle(&repo, &file, &evil, "x").is_err());
    assert_eq!(lab.run(&other, &["for-each-ref"]), "");

    lab.run(&dir, &["branch", "evil-name"]);
    let path = file.display().to_string();
    lab.run(&dir, &["bundle", "create", &path, "refs/heads/evil-name", "HEAD"]);
    lab.git.unbundle(&repo, &file, &lab.head(&dir), "x").expect("taken in");
    let refs = lab.run(&other, &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(refs, "refs/convosync/in/x");
    assert_eq!(lab.facts(&other).commit, None);
}

#[test]
fn a_name_that_could_leave_our_refs_is_refused() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let repo = lab.at(&dir);
    let head = lab.head(&dir);
    let file = lab.path("bundle");
    write(&dir, "x", "");
    for name in ["../heads/main", "a/b", "", "-d"] {
        let refused = lab.git.unbundle(&repo, &file, &head, name);
        assert!(
            matches!(refused, Err(GitError::BadName { .. } | GitError::Failed { .. })),
            "{name}: {refused:?}"
        );
        if name != "-d" {
            assert!(lab.git.keep(&repo, name, &head).is_err());
            assert!(lab.git.park(&repo, name, "m", &[]).is_err());
        }
    }
}
