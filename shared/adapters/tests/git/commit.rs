use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use convosync_engine::ports::{Git, GitError};

use crate::lab::{Lab, hook, patterns, read, write};

#[test]
fn everything_is_committed_but_what_is_excluded_or_ignored() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.commit(&dir, "gone", "unlike any other file\n");
    lab.commit(&dir, "tracked.pem", "x");
    write(&dir, ".gitignore", "*.log\n");
    for name in [".env", "d/.env.local", ".env.example", "key.pem", "secrets/a.json", "x.log", "-n"]
    {
        write(&dir, name, "x");
    }
    write(&dir, "a", "two\n");
    write(&dir, "tracked.pem", "changed");
    fs::remove_file(dir.join("gone")).expect("removed");
    let excludes = patterns(&[".env", ".env.*", "!.env.example", "*.pem", "secrets/*.json"]);
    let repo = lab.at(&dir);
    let behind = [".env", "d/.env.local", "key.pem", "secrets/a.json"];
    let facts = lab.git.facts(&dir, &excludes).expect("facts");
    assert_eq!(facts.kept_back, behind);
    let work: Vec<_> = facts.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(work, ["-n", ".env.example", ".gitignore", "a", "gone", "tracked.pem"]);
    let done = lab.git.commit_all(&repo, "-m it\n\n# kept", &excludes).expect("a commit");
    assert!(done.made);
    assert_eq!((done.added, done.modified), (3, 3));
    assert_eq!(done.excluded, behind);
    assert_eq!(done.commit, lab.head(&dir));
    assert_eq!(lab.run(&dir, &["log", "-1", "--format=%B"]), "-m it\n\n# kept");
    assert_eq!(lab.dirty(&dir), behind);
    let again = lab.git.commit_all(&repo, "m", &excludes).expect("nothing to do");
    assert_eq!((again.made, again.commit), (false, done.commit));
    assert_eq!(again.excluded, behind);
}

#[test]
fn a_commit_takes_three_processes_and_none_takes_one() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let repo = lab.at(&dir);
    write(&dir, "new", "x");
    assert_eq!(lab.count(|| lab.git.commit_all(&repo, "m", &[]).expect("a commit")).0, 3);
    assert_eq!(lab.count(|| lab.git.commit_all(&repo, "m", &[]).expect("nothing")).0, 1);
}

#[test]
fn a_whole_save_takes_seven_processes() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    write(&dir, "new", "x");
    let (count, ()) = lab.count(|| {
        let repo = lab.at(&dir);
        let done = lab.git.commit_all(&repo, "m", &patterns(&[".env"])).expect("a commit");
        lab.git.push(&repo, "origin", "main", &done.commit, false).expect("a push");
    });
    assert_eq!(count, 7);
}

#[test]
fn odd_names_go_in() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    for name in ["-dash", " space ", "new\nline", "qu\"ote", "*", ":(top)x", "!bang"] {
        write(&dir, name, "x");
    }
    fs::write(dir.join(OsStr::from_bytes(b"latin\xe4")), "x").expect("a file");
    write(&dir, "ne*", "stays");
    let done = lab.git.commit_all(&lab.at(&dir), "m", &patterns(&["ne\\*"])).expect("a commit");
    assert_eq!((done.added, done.excluded), (8, vec!["ne*".to_owned()]));
    assert_eq!(lab.dirty(&dir), ["ne*"]);
}

#[test]
fn the_first_commit_can_be_made() {
    let lab = Lab::new();
    let dir = lab.empty("p");
    let repo = lab.at(&dir);
    assert!(lab.git.commit_all(&repo, "m", &[]).is_err(), "there is nothing");
    write(&dir, ".env", "x");
    assert!(lab.git.commit_all(&repo, "m", &patterns(&[".env"])).is_err(), "there is nothing else");
    write(&dir, "a", "x");
    let done = lab.git.commit_all(&repo, "m", &patterns(&[".env"])).expect("a commit");
    assert_eq!((done.commit, done.added), (lab.head(&dir), 1));
}

#[test]
fn what_was_staged_by_hand_goes_in() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    write(&dir, ".env", "x");
    lab.run(&dir, &["add", ".env"]);
    write(&dir, "ita", "x");
    lab.run(&dir, &["add", "-N", "ita"]);
    let done = lab.git.commit_all(&lab.at(&dir), "m", &patterns(&[".env"])).expect("a commit");
    assert_eq!((done.added, done.excluded.len()), (2, 0));
}

#[test]
fn a_change_that_is_taken_back_makes_no_commit() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    write(&dir, "a", "staged\n");
    lab.run(&dir, &["add", "a"]);
    write(&dir, "a", "one\n");
    let done = lab.git.commit_all(&lab.at(&dir), "m", &[]).expect("nothing to do");
    assert_eq!((done.made, done.commit), (false, lab.head(&dir)));
}

#[test]
fn a_hook_that_refuses_leaves_all_as_it_was() {
    for name in ["pre-commit", "commit-msg"] {
        let lab = Lab::new();
        let dir = lab.repo("p");
        hook(&dir, name, "echo 'nothing to commit'; echo no secrets >&2; exit 1");
        write(&dir, "a", "staged\n");
        lab.run(&dir, &["add", "a"]);
        write(&dir, "a", "more\n");
        write(&dir, "new", "x");
        let before = lab.state(&dir);
        let index = fs::read(dir.join(".git/index")).expect("an index");
        let refused = lab.git.commit_all(&lab.at(&dir), "m", &[]);
        let Err(GitError::Hook { hook, output }) = refused else { panic!("{refused:?}") };
        assert_eq!(hook, name);
        assert!(output.contains("no secrets"), "{output}");
        assert_eq!(fs::read(dir.join(".git/index")).expect("an index"), index);
        assert_eq!(lab.state(&dir), before);
    }
}

#[test]
fn a_refused_first_commit_leaves_no_index() {
    let lab = Lab::new();
    let dir = lab.empty("p");
    hook(&dir, "pre-commit", "exit 1");
    write(&dir, "a", "x");
    assert!(matches!(lab.git.commit_all(&lab.at(&dir), "m", &[]), Err(GitError::Hook { .. })));
    assert!(!dir.join(".git/index").exists() && !dir.join(".git/index.lock").exists());
}

#[test]
fn hooks_run_and_may_change_the_commit() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    hook(&dir, "pre-commit", "echo formatted >a; git add a");
    hook(
        &dir,
        "post-commit",
        "test -e .amended || { : >.amended; git commit -q --amend -m amended; }",
    );
    write(&dir, "a", "two\n");
    let done = lab.git.commit_all(&lab.at(&dir), "m", &patterns(&[".amended"])).expect("a commit");
    assert_eq!(read(&dir, "a"), "formatted\n");
    assert_eq!(done.commit, lab.head(&dir), "the commit that the hook made of it");
}

#[test]
fn a_commit_that_fails_is_no_hook() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    hook(&dir, "pre-commit", "exit 0");
    lab.run(&dir, &["config", "commit.gpgSign", "true"]);
    lab.run(&dir, &["config", "gpg.program", "false"]);
    write(&dir, "new", "x");
    let before = lab.state(&dir);
    let failed = lab.git.commit_all(&lab.at(&dir), "m", &[]);
    assert!(matches!(failed, Err(GitError::Unsigned(_))), "{failed:?}");
    assert_eq!(lab.state(&dir), before);
}

#[test]
fn a_merge_in_progress_is_never_concluded() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    lab.commit(&dir, "b", "x");
    lab.run(&dir, &["switch", "-q", "main"]);
    lab.run(&dir, &["merge", "--no-ff", "--no-commit", "other"]);
    let before = lab.state(&dir);
    assert!(lab.git.commit_all(&lab.at(&dir), "m", &[]).is_err());
    assert_eq!(lab.state(&dir), before);
}

#[test]
fn a_repository_inside_stays_behind_and_is_named() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.repo("p/inner");
    lab.empty("p/hollow");
    write(&dir, "b", "x");
    let done = lab.git.commit_all(&lab.at(&dir), "m", &[]).expect("a commit");
    assert!(done.excluded.contains(&"inner/".to_owned()), "{:?}", done.excluded);
    assert_eq!(lab.run(&dir, &["ls-tree", "--name-only", "HEAD"]), "a\nb");
    assert_eq!(lab.dirty(&dir), [""; 0], "what git can't take is no change");
}

#[test]
fn a_new_file_outside_of_a_sparse_checkout_goes_in() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.commit(&dir, "in/f", "x");
    lab.commit(&dir, "out/f", "x");
    lab.run(&dir, &["sparse-checkout", "set", "--cone", "in"]);
    write(&dir, "out/new", "x");
    write(&dir, "in/new", "x");
    let done = lab.git.commit_all(&lab.at(&dir), "m", &patterns(&[".env"])).expect("a commit");
    assert_eq!((done.added, done.modified), (2, 0));
    assert_eq!(lab.run(&dir, &["ls-tree", "-r", "--name-only", "HEAD", "out"]), "out/f\nout/new");
}

#[test]
fn filters_and_line_ends_are_gits_matter() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.run(&dir, &["config", "filter.shout.clean", "tr a-z A-Z"]);
    write(&dir, ".gitattributes", "*.txt text\n*.big filter=shout\n");
    write(&dir, "x.txt", "a\r\nb\r\n");
    write(&dir, "x.big", "quiet");
    lab.git.commit_all(&lab.at(&dir), "m", &[]).expect("a commit");
    assert_eq!(lab.run(&dir, &["cat-file", "blob", "HEAD:x.txt"]), "a\nb");
    assert_eq!(lab.run(&dir, &["cat-file", "blob", "HEAD:x.big"]), "QUIET");
}

#[test]
fn the_lines_that_a_commit_adds_are_told_by_git_alone_and_run_nothing() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let (mark, file) = (lab.path("ran"), lab.path("lines"));
    let touch = format!("touch '{}'; cat", mark.display());
    lab.run(&dir, &["config", "diff.external", &touch]);
    lab.run(&dir, &["config", "diff.own.textconv", &touch]);
    lab.run(&dir, &["config", "diff.noprefix", "false"]);
    write(&dir, ".gitattributes", "*.txt diff=own\n");
    write(&dir, "new.txt", "one\ntwo\n");
    let git = lab.git_with(&[]);
    let repo = lab.facts(&dir).repository;
    let done = git.commit_all(&repo, "x", &[]).expect("it is committed");
    git.added_lines(&repo, &done.commit, &file).expect("git tells them");
    let told = std::fs::read_to_string(&file).expect("text");
    assert!(told.contains("+++ new.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n"), "{told}");
    assert!(!mark.exists(), "a program of the repository was run");
}
