use std::fs;
use std::os::unix::fs::symlink;

use convosync_engine::ports::{Git, HeadState, Relation};

use crate::lab::{Lab, hook, read, write};

#[test]
fn a_branch_is_switched_to_or_made() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let base = lab.head(&dir);
    let tip = lab.commit(&dir, "b", "x");
    let repo = lab.at(&dir);
    lab.git.switch(&repo, "feature/new", &base).expect("made");
    let facts = lab.facts(&dir);
    assert_eq!(
        (facts.head, facts.commit),
        (HeadState::Branch("feature/new".into()), Some(base.clone()))
    );
    assert_eq!(facts.upstream, None);
    lab.git.switch(&repo, "main", &base).expect("switched");
    assert_eq!(lab.head(&dir), tip, "a branch that is there stays where it is");
    lab.git.switch(&repo, "main", &base).expect("already there");
    for evil in ["-", "--detach", "main~1", "@{-1}"] {
        assert!(lab.git.switch(&repo, evil, &base).is_err(), "{evil}");
    }
    assert_eq!(lab.count(|| lab.git.switch(&repo, "feature/new", &base).expect("switched")).0, 1);
}

#[test]
fn a_new_branch_takes_the_upstream_of_its_name() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    lab.run(&dir, &["push", "-q", "origin", "main:refs/heads/feature/x"]);
    let head = lab.head(&dir);
    lab.git.switch(&lab.at(&dir), "feature/x", &head).expect("made");
    let upstream = lab.facts(&dir).upstream.expect("an upstream");
    assert_eq!((upstream.remote.as_str(), upstream.branch.as_str()), ("origin", "feature/x"));
}

#[test]
fn a_switch_overwrites_nothing() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    let other = lab.commit(&dir, "x.log", "theirs\n");
    lab.run(&dir, &["switch", "-q", "main"]);
    lab.commit(&dir, ".gitignore", "*.log\n");
    let repo = lab.at(&dir);
    write(&dir, "x.log", "mine\n");
    assert_eq!(lab.git.in_the_way(&repo, &other).expect("asked"), ["x.log"]);
    let before = lab.state(&dir);
    assert!(lab.git.switch(&repo, "other", &other).is_err());
    assert!(lab.git.switch(&repo, "new", &other).is_err());
    assert!(lab.git.reset(&repo, &other).is_err());
    assert_eq!((lab.state(&dir), read(&dir, "x.log").as_str()), (before, "mine\n"));
    write(&dir, "x.log", "theirs\n");
    assert_eq!(lab.git.in_the_way(&repo, &other).expect("asked"), [""; 0]);
    lab.git.switch(&repo, "other", &other).expect("the same file is no obstacle");
}

#[test]
fn a_complaining_hook_is_no_refusal() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    hook(&dir, "post-checkout", "echo complaint >&2; exit 1");
    let head = lab.head(&dir);
    let repo = lab.at(&dir);
    lab.git.switch(&repo, "new", &head).expect("it is switched");
    lab.git.switch(&repo, "main", &head).expect("it is switched");
    assert_eq!(lab.facts(&dir).head, HeadState::Branch("main".to_owned()));
}

#[test]
fn forward_goes_only_forward() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let base = lab.head(&dir);
    let tip = lab.commit(&dir, "new", "x");
    lab.run(&dir, &["reset", "-q", "--hard", base.as_str()]);
    let repo = lab.at(&dir);
    write(&dir, "new", "mine");
    assert!(lab.git.fast_forward(&repo, &tip).is_err());
    assert_eq!((lab.head(&dir), read(&dir, "new").as_str()), (base.clone(), "mine"));
    fs::remove_file(dir.join("new")).expect("removed");
    assert_eq!(lab.count(|| lab.git.fast_forward(&repo, &tip).expect("forward")).0, 1);
    assert_eq!(lab.head(&dir), tip);
    lab.run(&dir, &["reset", "-q", "--hard", base.as_str()]);
    lab.commit(&dir, "c", "x");
    assert!(lab.git.fast_forward(&repo, &tip).is_err(), "diverged");
}

#[test]
fn an_unborn_branch_goes_forward_and_switches() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let tip = lab.head(&dir);
    let other = lab.empty("q");
    let repo = lab.at(&other);
    let file = lab.path("bundle");
    lab.git.bundle(&lab.at(&dir), &tip, &[], &file).expect("a bundle");
    lab.git.unbundle(&repo, &file, &tip, "x").expect("taken in");
    lab.git.switch(&repo, "feature", &tip).expect("made");
    assert_eq!(lab.head(&other), tip);
    let third = lab.empty("r");
    let repo = lab.at(&third);
    lab.git.unbundle(&repo, &file, &tip, "x").expect("taken in");
    lab.git.fast_forward(&repo, &tip).expect("forward");
    assert_eq!((lab.head(&third), read(&third, "a").as_str()), (tip, "one\n"));
}

#[test]
fn a_merge_is_made_or_aborted() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    let theirs = lab.commit(&dir, "b", "x");
    let conflict = lab.commit(&dir, "a", "theirs\n");
    lab.run(&dir, &["switch", "-q", "main"]);
    let ours = lab.commit(&dir, "c", "x");
    let repo = lab.at(&dir);
    let merged = lab.git.merge(&repo, &theirs).expect("merged");
    assert_eq!(lab.head(&dir), merged);
    assert_eq!(lab.run(&dir, &["rev-parse", "HEAD^1", "HEAD^2"]), format!("{ours}\n{theirs}"));
    lab.commit(&dir, "a", "ours\n");
    let before = lab.state(&dir);
    assert!(lab.git.merge(&repo, &conflict).is_err());
    assert_eq!((lab.state(&dir), lab.facts(&dir).operation), (before.clone(), None));
    hook(&dir, "pre-merge-commit", "exit 1");
    lab.run(&dir, &["switch", "-q", "-C", "other", theirs.as_str()]);
    let more = lab.commit(&dir, "d", "x");
    lab.run(&dir, &["switch", "-q", "main"]);
    assert!(lab.git.merge(&repo, &more).is_err());
    assert_eq!((lab.state(&dir), lab.facts(&dir).operation), (before, None));
}

#[test]
fn a_reset_keeps_what_was_not_committed() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let base = lab.head(&dir);
    let tip = lab.commit(&dir, "a", "two\n");
    let repo = lab.at(&dir);
    write(&dir, "a", "mine\n");
    assert!(lab.git.reset(&repo, &base).is_err());
    assert_eq!((lab.head(&dir), read(&dir, "a").as_str()), (tip, "mine\n"));
    lab.run(&dir, &["checkout", "-q", "a"]);
    lab.git.reset(&repo, &base).expect("reset");
    assert_eq!((lab.facts(&dir).commit, read(&dir, "a").as_str()), (Some(base), "one\n"));
}

#[test]
fn every_kind_of_obstacle_is_named() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.commit(&dir, "becomes-folder", "x");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    lab.run(&dir, &["rm", "-q", "becomes-folder"]);
    for name in ["becomes-folder/x", "same", "differs", "file-here/x", "folder-here", "\"q\nö"] {
        lab.commit(&dir, name, "theirs\n");
    }
    for (name, target) in [("link", "a"), ("same-link", "a"), ("link-for-file", "a")] {
        symlink(target, dir.join(name)).expect("a symlink");
    }
    write(&dir, "linked", "theirs\n");
    lab.run(&dir, &["add", "-A"]);
    lab.run(&dir, &["commit", "-q", "-m", "links"]);
    let other = lab.head(&dir);
    lab.run(&dir, &["switch", "-q", "main"]);
    let repo = lab.at(&dir);
    assert_eq!(lab.git.in_the_way(&repo, &other).expect("asked"), [""; 0]);
    write(&dir, "same", "theirs\n");
    for name in ["differs", "file-here", "folder-here/mine", "link-for-file", "\"q\nö"] {
        write(&dir, name, "mine\n");
    }
    for (name, target) in [("link", "b"), ("same-link", "a"), ("linked", "same")] {
        symlink(target, dir.join(name)).expect("a symlink");
    }
    let want =
        ["\"q\\nö", "differs", "file-here", "folder-here/mine", "link", "link-for-file", "linked"];
    assert_eq!(lab.git.in_the_way(&repo, &other).expect("asked"), want);
}

#[test]
fn a_sparse_checkout_moves() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.commit(&dir, "in/f", "x");
    let base = lab.commit(&dir, "out/f", "x");
    lab.commit(&dir, "out/g", "x");
    let tip = lab.commit(&dir, "in/g", "x");
    lab.run(&dir, &["reset", "-q", "--hard", base.as_str()]);
    lab.run(&dir, &["sparse-checkout", "set", "--cone", "in"]);
    let repo = lab.at(&dir);
    lab.git.fast_forward(&repo, &tip).expect("forward");
    assert!(dir.join("in/g").exists() && !dir.join("out").exists());
    assert_eq!(lab.dirty(&dir), [""; 0]);
}

#[test]
fn a_whole_resume_takes_nine_processes() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let other = lab.cloned(&dir, "q");
    let tip = lab.commit(&dir, "b", "x");
    lab.run(&dir, &["push", "-q"]);
    let git = &lab.git;
    let (count, ()) = lab.count(|| {
        let facts = lab.facts(&other);
        let repo = &facts.repository;
        let head = facts.commit.expect("a commit");
        assert!(!git.has_commit(repo, &tip).expect("asked"));
        git.fetch(repo, "origin", "main").expect("fetched");
        assert!(git.has_commit(repo, &tip).expect("asked"));
        assert_eq!(git.relation(repo, &head, &tip).expect("asked"), Relation::Behind(1));
        assert!(git.in_the_way(repo, &tip).expect("asked").is_empty());
        git.fast_forward(repo, &tip).expect("forward");
        assert_eq!(lab.facts(repo.root.as_path()).commit, Some(tip.clone()));
    });
    assert_eq!(count, 9);
}
