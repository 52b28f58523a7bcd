//! What is not captured, and what is not overwritten.

use std::fs;

use convosync_engine::ports::{Git, WorkHere};

use super::{Pair, capture, evidence, kind, restore, same, seen, take_in};
use crate::lab::{patterns, read, write};

#[test]
fn conflicts_and_what_is_begun_are_refused() {
    let pair = Pair::of(kind("normal"));
    let (lab, dir, file) = (&pair.lab, &pair.source, pair.lab.path("bundle"));
    lab.run(dir, &["switch", "-q", "-c", "theirs"]);
    lab.commit(dir, "in/f", "theirs\n");
    lab.run(dir, &["switch", "-q", "main"]);
    lab.commit(dir, "in/f", "ours\n");
    lab.try_run(dir, &["merge", "-q", "theirs"]);
    let before = evidence(lab, dir);
    let error = lab.git.capture_work(&lab.at(dir), &[], &file).expect_err("conflicts");
    assert!(error.to_string().contains("merge in progress"), "{error}");
    fs::remove_file(dir.join(".git/MERGE_HEAD")).expect("there is one");
    let error = lab.git.capture_work(&lab.at(dir), &[], &file).expect_err("conflicts");
    assert!(error.to_string().contains("there are conflicts"), "{error}");
    assert_eq!(evidence(lab, dir).len() + 1, before.len());
}

#[test]
fn a_branch_without_a_commit_has_nothing_to_be_on_top_of() {
    let lab = crate::lab::Lab::new();
    let dir = lab.empty("p");
    write(&dir, "a", "x");
    let error = lab.git.capture_work(&lab.at(&dir), &[], &lab.path("bundle"));
    assert!(error.expect_err("unborn").to_string().contains("no commit yet"));
}

#[test]
fn nothing_is_none() {
    let pair = Pair::of(kind("normal"));
    let (lab, dir) = (&pair.lab, &pair.source);
    write(dir, "x.log", "ignored\n");
    write(dir, ".env", "TOKEN=1\n");
    let repo = lab.at(dir);
    let excludes = patterns(&[".env"]);
    assert_eq!(lab.git.capture_work(&repo, &excludes, &lab.path("b")).expect("asked"), None);
    let here = lab.git.compare_work(&repo, &excludes, &[]).expect("asked");
    assert_eq!(here, WorkHere::Clean);
}

#[test]
fn what_is_kept_back_stays_behind_and_is_not_touched_there() {
    let pair = Pair::of(kind("normal"));
    let (lab, excludes) = (&pair.lab, patterns(&[".env"]));
    write(&pair.source, ".env", "TOKEN=source\n");
    write(&pair.source, "in/f", "changed\n");
    write(&pair.target, ".env", "TOKEN=target\n");
    let file = lab.path("bundle");
    let repo = lab.at(&pair.source);
    let work = lab.git.capture_work(&repo, &excludes, &file).expect("captured").expect("work");
    let bundle = fs::read(&file).expect("a bundle");
    assert!(!bundle.windows(5).any(|part| part == b"TOKEN"));
    take_in(lab, &pair.target, &file, &work.commit);
    let repo = lab.at(&pair.target);
    lab.git.restore_work(&repo, &excludes, &work.commit).expect("restored");
    assert_eq!(read(&pair.target, "in/f"), "changed\n");
    assert_eq!(read(&pair.target, ".env"), "TOKEN=target\n");
    let tree = lab.run(&pair.target, &["ls-tree", "-r", "--name-only", work.commit.as_str()]);
    assert!(!tree.contains(".env"), "{tree}");
    lab.git.lift_work(&repo, &excludes, &work.commit, "x").expect("put aside");
    assert_eq!(read(&pair.target, ".env"), "TOKEN=target\n");
}

#[test]
fn a_file_that_git_was_told_not_to_look_at_is_not_taken_for_deleted() {
    let pair = Pair::of(kind("sparse"));
    let (lab, dir) = (&pair.lab, &pair.source);
    write(dir, "in/f", "changed\n");
    // Outside of what is checked out, and here: git 2.37 and newer look at it after all.
    write(dir, "out/f", "out here\n");
    let file = lab.path("bundle");
    let work = capture(lab, dir, &file);
    take_in(lab, &pair.target, &file, &work.commit);
    restore(lab, &pair.target, &work.commit);
    assert_eq!(read(&pair.target, "out/f"), "out here\n");
    let tree = lab.run(&pair.target, &["ls-tree", "-r", "--name-only", work.commit.as_str()]);
    assert!(tree.lines().any(|path| path == "gone"), "{tree}");
}

#[test]
fn other_work_is_never_overwritten() {
    let pair = Pair::of(kind("normal"));
    let (lab, source, target) = (&pair.lab, &pair.source, &pair.target);
    write(source, "in/f", "work\n");
    write(source, "new", "work\n");
    write(source, "x.log", "forced\n");
    lab.run(source, &["add", "-f", "x.log"]);
    let file = lab.path("bundle");
    let work = capture(lab, source, &file);
    take_in(lab, target, &file, &work.commit);
    let repo = lab.at(target);
    for (path, text) in [("in/f", "mine\n"), ("new", "mine\n"), ("x.log", "mine\n")] {
        write(target, path, text);
        let before = evidence(lab, target);
        lab.git.restore_work(&repo, &[], &work.commit).expect_err(path);
        let files = |list: Vec<String>| -> Vec<String> {
            list.into_iter().filter(|line| !line.contains("/objects/")).collect()
        };
        same(&files(evidence(lab, target)), &files(before));
        lab.run(target, &["reset", "-q", "--hard"]);
        lab.run(target, &["clean", "-fdxq"]);
    }
    // An ignored file that is the same is in nobody's way.
    write(target, "x.log", "forced\n");
    restore(lab, target, &work.commit);
    same(&seen(lab, target), &seen(lab, source));
}

#[test]
fn work_on_top_of_another_commit_is_not_laid_here() {
    let pair = Pair::of(kind("normal"));
    let (lab, target) = (&pair.lab, &pair.target);
    write(&pair.source, "in/f", "work\n");
    let file = lab.path("bundle");
    let work = capture(lab, &pair.source, &file);
    take_in(lab, target, &file, &work.commit);
    lab.commit(target, "more", "x\n");
    lab.git.restore_work(&lab.at(target), &[], &work.commit).expect_err("another commit");
    assert_eq!(lab.dirty(target), Vec::<String>::new());
    // What is no work at all is not either.
    let head = lab.head(target);
    lab.git.restore_work(&lab.at(target), &[], &head).expect_err("no work");
}

#[test]
fn work_that_is_there_in_part_is_told_and_ended() {
    let pair = Pair::of(kind("normal"));
    let (lab, target) = (&pair.lab, &pair.target);
    for (_, act) in super::ACTS {
        act(lab, &pair.source);
    }
    let file = lab.path("bundle");
    let work = capture(lab, &pair.source, &file);
    take_in(lab, target, &file, &work.commit);
    // As a checkout that died leaves it: some files, the old index.
    write(target, "in/f", "unstaged\n");
    write(target, "new/deep/file", "untracked\n");
    fs::remove_file(target.join("gone")).expect("removed");
    let part = || lab.git.compare_work(&lab.at(target), &[], std::slice::from_ref(&work.commit));
    assert_eq!(part().expect("compared"), WorkHere::PartOf(work.commit.clone()));
    restore(lab, target, &work.commit);
    same(&seen(lab, target), &seen(lab, &pair.source));
    // And the other way round: some files, the index of the work.
    write(target, "in/f", "second\n");
    fs::remove_dir_all(target.join("new")).expect("removed");
    assert_eq!(part().expect("compared"), WorkHere::PartOf(work.commit.clone()));
    lab.git.lift_work(&lab.at(target), &[], &work.commit, "x").expect("put aside");
    assert_eq!(lab.dirty(target), Vec::<String>::new());
    write(target, "in/f", "half of it is mine\n");
    assert_eq!(part().expect("compared"), WorkHere::Own);
}
