use std::fs;

use convosync_core::Oid;
use convosync_engine::ports::{Git, Relation};

use crate::lab::{Lab, write};

fn absent() -> Oid {
    "0123456789012345678901234567890123456789".parse().expect("an id")
}

#[test]
fn every_relation_is_told() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let base = lab.head(&dir);
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    let theirs = lab.commit(&dir, "b", "x");
    lab.run(&dir, &["switch", "-q", "main"]);
    lab.commit(&dir, "c", "x");
    let ours = lab.commit(&dir, "d", "x");
    lab.run(&dir, &["switch", "-q", "--orphan", "alone"]);
    let alone = lab.commit(&dir, "z", "x");
    let repo = lab.at(&dir);
    let relation = |a: &Oid, b: &Oid| lab.git.relation(&repo, a, b).expect("a relation");
    assert_eq!(relation(&ours, &ours), Relation::Same);
    assert_eq!(relation(&base, &ours), Relation::Behind(2));
    assert_eq!(relation(&ours, &base), Relation::Ahead(2));
    assert_eq!(relation(&ours, &theirs), Relation::Diverged { ours: 2, theirs: 1 });
    assert_eq!(relation(&ours, &alone), Relation::Unrelated);
    assert!(lab.git.relation(&repo, &ours, &absent()).is_err());
    assert_eq!(lab.count(|| relation(&base, &ours)).0, 1);
}

#[test]
fn the_root_is_the_same_in_every_clone_and_none_in_a_shallow_one() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let root = lab.head(&dir);
    lab.commit(&dir, "b", "x");
    lab.run(&dir, &["push", "-q"]);
    assert_eq!(lab.git.root_commit(&lab.at(&dir)).expect("asked"), Some(root));
    let url = format!("file://{}", lab.path("p-origin.git").display());
    let shallow = lab.path("shallow");
    lab.run(&dir, &["clone", "-q", "--depth=1", &url, &shallow.display().to_string()]);
    let repo = lab.at(&shallow);
    assert_eq!(lab.git.root_commit(&repo).expect("asked"), None);
    assert!(lab.git.has_commit(&repo, &lab.head(&dir)).expect("asked"));
    assert_eq!(lab.git.root_commit(&lab.at(&lab.empty("e"))).expect("asked"), None);
}

#[test]
fn a_commit_is_here_only_with_all_it_reaches() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let repo = lab.at(&dir);
    let base = lab.head(&dir);
    write(&dir, "b", "only here");
    lab.run(&dir, &["add", "b"]);
    lab.run(&dir, &["commit", "-q", "-m", "b"]);
    let tip = lab.head(&dir);
    lab.run(&dir, &["reset", "-q", "--hard", base.as_str()]);
    assert!(lab.git.has_commit(&repo, &tip).expect("asked"));
    assert!(!lab.git.has_commit(&repo, &absent()).expect("asked"));
    let blob = lab.run(&dir, &["rev-parse", &format!("{tip}:b")]);
    let object = dir.join(".git/objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(object).expect("a loose object");
    assert!(!lab.git.has_commit(&repo, &tip).expect("asked"));
}

#[test]
fn a_partial_clone_has_its_commits() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    lab.commit(&dir, "b", "x");
    lab.run(&dir, &["push", "-q"]);
    let origin = lab.path("p-origin.git");
    lab.run(&origin, &["config", "uploadpack.allowFilter", "true"]);
    lab.run(&origin, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let url = format!("file://{}", origin.display());
    let partial = lab.path("partial");
    let args = ["clone", "-q", "--filter=blob:none", "--no-checkout", &url];
    lab.run(&dir, &[&args[..], &[&partial.display().to_string()]].concat());
    let repo = lab.at(&partial);
    assert!(lab.git.has_commit(&repo, &lab.head(&dir)).expect("asked"));
    assert!(!lab.git.has_commit(&repo, &absent()).expect("asked"));
    lab.run(&partial, &["checkout", "-q", "main"]);
    write(&partial, "c", "x");
    let done = lab.git.commit_all(&repo, "m", &[]).expect("a commit");
    assert!(lab.git.has_commit(&repo, &done.commit).expect("asked"));
    let file = lab.path("bundle");
    let known = [lab.head(&dir)];
    let needs = lab.git.bundle(&repo, &done.commit, &known, &file).expect("a bundle");
    assert_eq!(needs, Some(known.to_vec()));
}

#[test]
fn tips_and_tracking_refs_are_told() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let pushed = lab.head(&dir);
    let tip = lab.commit(&dir, "b", "x");
    let repo = lab.at(&dir);
    let branch = |name| lab.git.branch(&repo, name).expect("asked").map(|branch| branch.tip);
    assert_eq!((branch("main"), branch("none")), (Some(tip.clone()), None));
    for evil in ["-x", "main~1", "main^{tree}", "../main", ""] {
        assert!(lab.git.branch(&repo, evil).is_err(), "{evil}");
    }
    assert!(lab.git.tracked(&repo, "origin", &pushed).expect("asked"));
    assert!(!lab.git.tracked(&repo, "origin", &tip).expect("asked"));
    assert!(!lab.git.tracked(&repo, "origin", &absent()).expect("asked"));
    assert!(!lab.git.tracked(&repo, "other", &pushed).expect("asked"));
    assert_eq!(lab.git.tracking_tips(&repo, "origin").expect("asked"), [pushed]);
}

#[test]
fn a_branch_that_another_work_tree_is_on_is_told() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let other = lab.path("other tree");
    lab.run(&dir, &["worktree", "add", "-q", "-b", "held", &other.display().to_string()]);
    let elsewhere = |dir: &std::path::Path, name: &str| {
        let branch = lab.git.branch(&lab.at(dir), name).expect("asked");
        branch.expect("it is there").elsewhere
    };
    assert_eq!(elsewhere(&dir, "held"), Some(other.clone()));
    assert_eq!(elsewhere(&dir, "main"), None, "this work tree is on it itself");
    assert_eq!((elsewhere(&other, "held"), elsewhere(&other, "main")), (None, Some(dir)));
}

#[test]
fn conflicts_are_foreseen_and_nothing_is_touched() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    lab.commit(&dir, "a", "theirs\n");
    let theirs = lab.commit(&dir, "new\nline", "theirs\n");
    lab.run(&dir, &["switch", "-q", "main"]);
    let clean = lab.commit(&dir, "c", "x");
    let repo = lab.at(&dir);
    let conflicts = |ours: &Oid| lab.git.merge_conflicts(&repo, ours, &theirs).expect("asked");
    assert_eq!(conflicts(&clean), [""; 0]);
    lab.commit(&dir, "a", "ours\n");
    let both = lab.commit(&dir, "new\nline", "ours\n");
    let before = lab.state(&dir);
    assert_eq!(conflicts(&both), ["a", "new\\nline"]);
    assert_eq!(lab.state(&dir), before);
}

#[test]
fn a_git_without_merge_tree_foresees_nothing() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let old = lab.path("old");
    crate::lab::script(
        &old.join("git"),
        &format!(
            "case \"$*\" in *merge-tree*) echo usage >&2; exit 129;; *' add '*--sparse*) exit 129;; esac; exec '{}' \"$@\"",
            lab.path("bin/plain").display()
        ),
    );
    let git = lab.git_with(&[("PATH", &format!("{}:{}", old.display(), lab.env["PATH"]))]);
    let repo = git.facts(&dir, &[]).expect("facts").repository;
    let head = lab.head(&dir);
    assert_eq!(git.merge_conflicts(&repo, &head, &head).expect("asked"), [""; 0]);
    write(&dir, "b", "x");
    assert!(git.commit_all(&repo, "m", &[]).expect("a commit").made);
}

#[test]
fn a_git_that_is_too_old_is_named() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let old = lab.path("old");
    crate::lab::script(
        &old.join("git"),
        "case \"$*\" in *version*) echo git version 2.25.1;; *rev-parse*) echo --path-format=absolute;; esac",
    );
    let git = lab.git_with(&[("PATH", &format!("{}:{}", old.display(), lab.env["PATH"]))]);
    let error = git.facts(&dir, &[]).expect_err("too old").to_string();
    assert!(error.contains("2.25.1 is too old"), "{error}");
}
