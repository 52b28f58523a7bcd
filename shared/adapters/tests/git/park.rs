use std::fs;

use convosync_engine::ports::{Git, GitError};

use crate::lab::{Lab, patterns, read, write};

#[test]
fn all_work_is_put_aside_and_comes_back() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.commit(&dir, "b", "two\n");
    lab.commit(&dir, "gone", "x\n");
    write(&dir, ".gitignore", "*.log\n");
    lab.run(&dir, &["add", ".gitignore"]);
    write(&dir, "a", "staged\n");
    lab.run(&dir, &["add", "a"]);
    write(&dir, "a", "staged and more\n");
    write(&dir, "b", "unstaged\n");
    write(&dir, "d/new\nfile", "untracked\n");
    write(&dir, "x.log", "ignored\n");
    fs::remove_file(dir.join("gone")).expect("removed");
    let before = lab.state(&dir);
    let repo = lab.at(&dir);
    let parked =
        lab.git.park(&repo, "20-x", "-m before resume", &[]).expect("parked").expect("work");
    assert_eq!(lab.dirty(&dir), ["x.log"], "what is no longer ignored stays");
    assert_eq!(parked.reference, "refs/convosync/park/20-x");
    assert_eq!(lab.oid(&dir, &parked.reference), parked.commit);
    assert_eq!(lab.oid(&dir, "stash@{0}"), parked.commit);
    assert!(lab.run(&dir, &["stash", "list"]).ends_with("-m before resume"));
    assert_eq!(read(&dir, "x.log"), "ignored\n");
    let restore: Vec<&str> = parked.restore.split(' ').skip(1).collect();
    lab.run(&dir, &restore);
    assert_eq!(lab.state(&dir), before);
}

#[test]
fn nothing_to_park_is_none() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let repo = lab.at(&dir);
    assert_eq!(lab.git.park(&repo, "x", "m", &[]).expect("asked"), None);
    assert_eq!(lab.run(&dir, &["for-each-ref", "refs/convosync", "refs/stash"]), "");
    // An older stash is not taken for ours.
    write(&dir, "a", "older\n");
    lab.run(&dir, &["stash", "-q"]);
    assert_eq!(lab.git.park(&repo, "x", "m", &[]).expect("asked"), None);
}

#[test]
fn a_name_without_contents_can_be_parked() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    write(&dir, "ita", "contents\n");
    lab.run(&dir, &["add", "-N", "ita"]);
    let parked = lab.git.park(&lab.at(&dir), "x", "m", &[]).expect("parked").expect("work");
    assert!(!dir.join("ita").exists());
    lab.run(&dir, &["stash", "apply", "-q", "--index", parked.commit.as_str()]);
    assert_eq!(read(&dir, "ita"), "contents\n");
}

#[test]
fn a_branch_without_a_commit_can_not_be_parked_and_stays() {
    let lab = Lab::new();
    let dir = lab.empty("p");
    let repo = lab.at(&dir);
    assert_eq!(lab.git.park(&repo, "x", "m", &[]).expect("nothing"), None);
    write(&dir, "a", "x");
    let error = lab.git.park(&repo, "x", "m", &[]).expect_err("no commit to stash onto");
    assert!(error.to_string().contains("no commit yet"), "{error}");
    assert_eq!(read(&dir, "a"), "x");
}

#[test]
fn conflicts_are_not_parked_and_stay() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    lab.commit(&dir, "a", "theirs\n");
    lab.run(&dir, &["switch", "-q", "main"]);
    lab.commit(&dir, "a", "ours\n");
    lab.try_run(&dir, &["merge", "other"]);
    let before = lab.state(&dir);
    assert!(lab.git.park(&lab.at(&dir), "x", "m", &[]).is_err());
    assert_eq!(lab.state(&dir), before);
}

#[test]
fn submodules_and_inner_repositories_are_left_alone() {
    let lab = Lab::new();
    let inner = lab.repo("inner");
    let dir = lab.repo("p");
    lab.run(&dir, &["submodule", "add", "-q", &inner.display().to_string(), "sub"]);
    lab.run(&dir, &["commit", "-q", "-m", "sub"]);
    lab.commit(&dir.join("sub"), "more", "x");
    lab.repo("p/embedded");
    let repo = lab.at(&dir);
    assert_eq!(lab.git.park(&repo, "x", "m", &[]).expect("nothing of ours"), None);
    write(&dir, "a", "changed\n");
    lab.git.park(&repo, "x", "m", &[]).expect("parked").expect("work");
    assert_eq!(read(&dir, "a"), "one\n");
    assert!(dir.join("embedded/a").exists() && dir.join("sub/more").exists());
}

#[test]
fn a_sparse_checkout_is_parked() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.commit(&dir, "in/f", "x\n");
    lab.commit(&dir, "out/f", "x\n");
    lab.run(&dir, &["sparse-checkout", "set", "--cone", "in"]);
    write(&dir, "in/f", "changed\n");
    write(&dir, "in/new", "new\n");
    lab.git.park(&lab.at(&dir), "x", "m", &[]).expect("parked").expect("work");
    assert_eq!((read(&dir, "in/f").as_str(), lab.dirty(&dir).len()), ("x\n", 0));
}

#[test]
fn what_lies_outside_of_a_sparse_checkout_is_parked_and_comes_back() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        for excluded in [&[".env"][..], &[]] {
            let lab = Lab::new();
            let dir = lab.repo("p");
            for name in ["in/f", "out/f", "out/away"] {
                lab.commit(&dir, name, "x\n");
            }
            lab.run(&dir, &["sparse-checkout", "set", "--cone", index, "in"]);
            write(&dir, "out/f", "tracked, and there all the same\n");
            write(&dir, "out/new", "untracked\n");
            write(&dir, "in/staged", "staged\n");
            lab.run(&dir, &["add", "in/staged"]);
            excluded.iter().for_each(|name| write(&dir, name, "secret\n"));
            let before = lab.state(&dir);
            let excludes = patterns(&[".env"]);
            let parked = lab.git.park(&lab.at(&dir), "x", "m", &excludes).expect("parked");
            assert_eq!(lab.dirty(&dir), excluded, "{index}");
            assert!(!dir.join("out/new").exists() && !dir.join("out/away").exists());
            let parked = parked.expect("work");
            let restore: Vec<&str> = parked.restore.split(' ').skip(1).collect();
            lab.run(&dir, &restore);
            assert_eq!(lab.state(&dir), before, "{index} {excluded:?}");
        }
    }
}

#[test]
fn a_kept_commit_is_not_replaced() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let first = lab.head(&dir);
    let second = lab.commit(&dir, "b", "x");
    let repo = lab.at(&dir);
    let reference = lab.git.keep(&repo, "x", &first).expect("kept");
    assert_eq!(lab.git.keep(&repo, "x", &first).expect("again"), reference);
    assert!(matches!(lab.git.keep(&repo, "x", &second), Err(GitError::Failed { .. })));
    assert_eq!(lab.oid(&dir, &reference), first);
}

#[test]
fn what_a_save_keeps_back_is_not_put_aside_either() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let repo = lab.at(&dir);
    let excludes = patterns(&[".env", "*.pem"]);
    write(&dir, ".env", "secret\n");
    write(&dir, "d/[x]*.pem", "secret\n");
    assert_eq!(lab.git.park(&repo, "none", "m", &excludes).expect("asked"), None);
    lab.commit(&dir, "gone", "x\n");
    write(&dir, "a", "staged\n");
    write(&dir, "added", "new\n");
    lab.run(&dir, &["add", "a", "added"]);
    write(&dir, "a", "staged and more\n");
    write(&dir, "d/new", "untracked\n");
    fs::remove_file(dir.join("gone")).expect("removed");
    let before = lab.state(&dir);
    let parked = lab.git.park(&repo, "x", "m", &excludes).expect("parked").expect("work");
    assert_eq!(lab.dirty(&dir), [".env", "d/[x]*.pem"]);
    assert_eq!(read(&dir, ".env"), "secret\n");
    let restore: Vec<&str> = parked.restore.split(' ').skip(1).collect();
    lab.run(&dir, &restore);
    assert_eq!(lab.state(&dir), before);
}
