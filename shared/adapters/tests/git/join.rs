use convosync_core::Oid;
use convosync_engine::ports::{Git, JoinedCode};

use crate::lab::{Lab, read, write};

/// A repository whose `main` and `other` have gone on from the same commit; their tips.
fn forked(lab: &Lab, name: &str, ours: &str, theirs: &str) -> (std::path::PathBuf, Oid, Oid) {
    let dir = lab.repo(name);
    lab.commit(&dir, "f", "one\n\n\n\nfive\n");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    let other = lab.commit(&dir, "f", theirs);
    lab.run(&dir, &["switch", "-q", "main"]);
    let main = lab.commit(&dir, "f", ours);
    (dir, main, other)
}

fn joined(lab: &Lab, dir: &std::path::Path, ours: &Oid, theirs: &Oid) -> JoinedCode {
    lab.git.join(&lab.at(dir), ours, theirs, "both").expect("asked")
}

#[test]
fn two_commits_become_one_and_nothing_is_touched() {
    let lab = Lab::new();
    let (dir, ours, theirs) = forked(&lab, "p", "ONE\n\n\n\nfive\n", "one\n\n\n\nFIVE\n");
    write(&dir, "f", "changed\n");
    let before = (lab.head(&dir), lab.dirty(&dir), read(&dir, "f"));
    let JoinedCode::Commit(both) = joined(&lab, &dir, &ours, &theirs) else { panic!("no commit") };
    assert_eq!((lab.head(&dir), lab.dirty(&dir), read(&dir, "f")), before);
    assert_eq!(lab.run(&dir, &["show", &format!("{both}:f")]).trim_end(), "ONE\n\n\n\nFIVE");
    let parents = lab.run(&dir, &["log", "-1", "--format=%P", both.as_str()]);
    assert_eq!(parents.trim(), format!("{ours} {theirs}"));
    // It outlives a collection, though no branch has it.
    lab.run(&dir, &["gc", "-q", "--prune=now"]);
    assert!(lab.git.has_commit(&lab.at(&dir), &both).expect("asked"));
}

#[test]
fn every_clone_makes_the_same_commit_whoever_asks() {
    let lab = Lab::new();
    let (dir, ours, theirs) = forked(&lab, "p", "ONE\n\n\n\nfive\n", "one\n\n\n\nFIVE\n");
    let clone = lab.path("q");
    lab.run(&dir, &["clone", "-q", ".", clone.to_str().expect("a plain path")]);
    lab.run(&clone, &["config", "user.name", "Somebody Else"]);
    lab.run(&clone, &["config", "user.email", "else@example.org"]);
    lab.run(&clone, &["config", "commit.gpgSign", "true"]);
    assert_eq!(joined(&lab, &dir, &ours, &theirs), joined(&lab, &clone, &ours, &theirs));
    assert_ne!(joined(&lab, &dir, &ours, &theirs), joined(&lab, &dir, &theirs, &ours));
}

#[test]
fn a_commit_that_has_the_other_is_both() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let old = lab.commit(&dir, "f", "1");
    let new = lab.commit(&dir, "f", "2");
    for (ours, theirs) in [(&old, &new), (&new, &old), (&new, &new)] {
        assert_eq!(joined(&lab, &dir, ours, theirs), JoinedCode::Commit(new.clone()));
    }
    lab.run(&dir, &["switch", "-q", "--orphan", "alone"]);
    let alone = lab.commit(&dir, "g", "3");
    assert_eq!(joined(&lab, &dir, &new, &alone), JoinedCode::Unrelated);
}

#[test]
fn conflicts_are_named_and_left_to_the_user_when_the_merge_is_begun() {
    let lab = Lab::new();
    let (dir, ours, theirs) = forked(&lab, "p", "ours\n", "theirs\n");
    assert_eq!(joined(&lab, &dir, &ours, &theirs), JoinedCode::Conflicts(vec!["f".to_owned()]));
    let repo = lab.at(&dir);
    assert!(!lab.git.begin_merge(&repo, &theirs, "both").expect("begun"));
    assert!(read(&dir, "f").contains("<<<<<<<"));
    assert!(lab.facts(&dir).operation.is_some());
    write(&dir, "f", "both\n");
    lab.run(&dir, &["add", "f"]);
    lab.run(&dir, &["commit", "-q", "--no-edit"]);
    assert_eq!(lab.run(&dir, &["log", "-1", "--format=%s"]).trim(), "both");
    let head = lab.head(&dir);
    assert_eq!(joined(&lab, &dir, &head, &theirs), JoinedCode::Commit(head.clone()));
}

#[test]
fn a_merge_that_git_refuses_to_begin_changes_nothing() {
    let lab = Lab::new();
    let (dir, _, theirs) = forked(&lab, "p", "ours\n", "theirs\n");
    write(&dir, "f", "not saved\n");
    let before = lab.state(&dir);
    assert!(lab.git.begin_merge(&lab.at(&dir), &theirs, "both").is_err());
    assert_eq!((lab.state(&dir), read(&dir, "f").as_str()), (before, "not saved\n"));
}
