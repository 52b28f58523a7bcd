//! Submodules: their commits are pointed at, their files are their own.

use std::path::{Path, PathBuf};

use convosync_engine::ports::{Git, WorkHere};

use super::{capture, restore, same, seen, take_in};
use crate::lab::{Lab, write};

/// A source and a target with a submodule that has two commits more on its own remote.
fn pair() -> (Lab, PathBuf, PathBuf) {
    let lab = Lab::new();
    let inner = lab.pushed("inner");
    let outer = lab.pushed("outer");
    let url = lab.run(&inner, &["config", "remote.origin.url"]);
    lab.run(&outer, &["submodule", "add", "-q", &url, "sub"]);
    lab.run(&outer, &["commit", "-q", "-m", "sub"]);
    lab.run(&outer, &["push", "-q"]);
    lab.commit(&inner, "a", "two\n");
    lab.commit(&inner, "a", "three\n");
    lab.run(&inner, &["push", "-q"]);
    let made = ["source", "target"].map(|name| {
        let dir = lab.cloned(&outer, name);
        lab.run(&dir, &["submodule", "update", "-q", "--init"]);
        dir
    });
    let [source, target] = made;
    (lab, source, target)
}

fn check_out(lab: &Lab, dir: &Path, commit: &str) {
    lab.run(&dir.join("sub"), &["checkout", "-q", commit]);
}

#[test]
fn a_pointer_travels_staged_and_unstaged() {
    let (lab, source, target) = pair();
    check_out(&lab, &source, "origin/main~1");
    lab.run(&source, &["add", "sub"]);
    check_out(&lab, &source, "origin/main");
    write(&source, "a", "changed\n");
    let file = lab.path("bundle");
    let work = capture(&lab, &source, &file);
    take_in(&lab, &target, &file, &work.commit);
    restore(&lab, &target, &work.commit);
    same(&seen(&lab, &target), &seen(&lab, &source));
    let here = lab.git.compare_work(&lab.at(&target), &[], std::slice::from_ref(&work.commit));
    assert_eq!(here.expect("compared"), WorkHere::Same(work.commit.clone()));
    lab.git.lift_work(&lab.at(&source), &[], &work.commit, "x").expect("put aside");
    assert_eq!(lab.dirty(&source), Vec::<String>::new());
}

#[test]
fn a_submodule_without_the_commit_is_named_and_left() {
    let (lab, source, target) = pair();
    lab.commit(&source.join("sub"), "own", "only here\n");
    let file = lab.path("bundle");
    let work = capture(&lab, &source, &file);
    take_in(&lab, &target, &file, &work.commit);
    let left = lab.git.restore_work(&lab.at(&target), &[], &work.commit).expect("restored");
    assert_eq!(left, ["sub"]);
    assert!(!target.join("sub/own").exists());
}

#[test]
fn a_new_submodule_and_changed_files_inside_one_are_no_trouble() {
    let (lab, source, target) = pair();
    write(&source.join("sub"), "a", "changed inside\n");
    let url = lab.run(&source.join("sub"), &["config", "remote.origin.url"]);
    lab.run(&source, &["submodule", "add", "-q", &url, "second"]);
    let file = lab.path("bundle");
    let work = capture(&lab, &source, &file);
    take_in(&lab, &target, &file, &work.commit);
    restore(&lab, &target, &work.commit);
    let staged = |dir: &Path| lab.run(dir, &["diff", "--cached", "--raw"]);
    assert_eq!(staged(&target), staged(&source));
    assert_eq!(lab.run(&source.join("sub"), &["status", "--porcelain"]), " M a");
}
