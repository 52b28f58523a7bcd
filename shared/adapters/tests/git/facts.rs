use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use convosync_engine::ports::{ChangeKind, Git, GitError, HeadState, Operation, Upstream};

use crate::lab::{Lab, write};

#[test]
fn a_branch_with_an_upstream_is_told_whole() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    lab.commit(&dir, "b", "two\n");
    write(&dir, "a", "changed\n");
    write(&dir, "sub/new file", "x");
    let facts = lab.facts(&dir.join("sub"));
    assert_eq!(facts.repository.root, dir);
    assert_eq!(facts.repository.git_dir, dir.join(".git"));
    assert_eq!(facts.repository.common_dir, dir.join(".git"));
    assert_eq!(facts.head, HeadState::Branch("main".to_owned()));
    assert_eq!(facts.commit, Some(lab.head(&dir)));
    assert_eq!(facts.subject.as_deref(), Some("write b"));
    let want = Upstream { remote: "origin".to_owned(), branch: "main".to_owned() };
    assert_eq!((facts.upstream, facts.ahead, facts.behind), (Some(want), 1, 0));
    let changes: Vec<_> = facts.changes.iter().map(|c| (c.path.as_str(), c.kind)).collect();
    assert_eq!(changes, [("a", ChangeKind::Modified), ("sub/new file", ChangeKind::New)]);
    assert_eq!(facts.operation, None);
    let origin = lab.path("p-origin");
    assert_eq!(facts.remotes[0].normalised, origin.display().to_string());
}

#[test]
fn facts_take_few_processes() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    assert_eq!(lab.count(|| lab.facts(&dir)).0, 3);
    lab.commit(&dir, "sub/b", "two\n");
    assert_eq!(lab.count(|| lab.facts(&dir)).0, 1, "the rest is known");
    lab.run(&dir, &["config", "branch.main.remote", "none"]);
    assert_eq!(lab.count(|| assert_eq!(lab.facts(&dir).upstream, None)).0, 2, "it was changed");
    lab.run(&dir, &["gc", "-q"]);
    assert_eq!(
        lab.count(|| lab.git_with(&[]).facts(&dir, &[]).expect("facts")).0,
        4,
        "it is packed"
    );
    assert_eq!(lab.count(|| lab.facts(&dir.join("sub"))).0, 2, "where it lies is new");
}

#[test]
fn an_identity_is_what_the_facts_say_for_less() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let identity = |dir: &Path| lab.git_with(&[]).identity(dir);
    let (processes, one) = lab.count(|| identity(&dir.join(".")).expect("a repository"));
    assert_eq!((processes, &one.remotes), (1, &lab.facts(&dir).remotes));
    lab.run(&dir, &["config", "remote.origin.url", "../elsewhere"]);
    assert_eq!(identity(&dir).expect("a repository").remotes, lab.facts(&dir).remotes, "relative");
    lab.run(&dir, &["remote", "add", "second", "https://host/p"]);
    let (several, facts) = (identity(&dir).expect("a repository"), lab.facts(&dir));
    assert_eq!(several.remotes, facts.remotes);
    let bare = lab.repo("q");
    let none = identity(&bare).expect("a repository");
    assert_eq!(none.root, Some(lab.facts(&bare).repository.root));
}

#[test]
fn where_no_repository_is_no_process_is_started() {
    let lab = Lab::new();
    let outside = lab.path("outside");
    std::fs::create_dir_all(&outside).expect("a folder");
    let (processes, identity) = lab.count(|| lab.git_with(&[]).identity(&outside));
    assert!(matches!(identity, Err(GitError::NotARepository(_))), "{identity:?}");
    assert_eq!(processes, 0);
}

#[test]
fn a_subject_is_gits_subject() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    for message in ["one", "\n\none\ntwo \n\nbody", "", "t\tab\n \nx", "encoding x\n\nencoding y"] {
        let args =
            ["commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-m"];
        lab.run(&dir, &[&args[..], &[message]].concat());
        let want = lab.run(&dir, &["log", "-1", "--format=%s"]);
        assert_eq!(lab.facts(&dir).subject.as_deref(), Some(want.as_str()), "{message:?}");
    }
    let latin =
        ["-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-F", "m"];
    fs::write(dir.join("m"), b"\xfcber").expect("a file");
    lab.run(&dir, &latin);
    assert_eq!(lab.facts(&dir).subject.as_deref(), Some("\u{fc}ber"));
}

#[test]
fn no_repository_and_no_work_tree_are_told_apart() {
    let lab = Lab::new();
    let plain = lab.path("plain");
    fs::create_dir(&plain).expect("a folder");
    let dir = lab.pushed("p");
    let bare = lab.path("p-origin.git");
    for place in [plain, lab.path("absent")] {
        let facts = lab.git.facts(&place, &[]);
        assert!(matches!(facts, Err(GitError::NotARepository(_))), "{place:?}: {facts:?}");
    }
    for place in [bare, dir.join(".git")] {
        let facts = lab.git.facts(&place, &[]);
        assert!(matches!(facts, Err(GitError::NoWorkTree(_))), "{place:?}: {facts:?}");
    }
}

#[test]
fn unborn_and_detached_heads_are_told() {
    let lab = Lab::new();
    let dir = lab.empty("p");
    let facts = lab.facts(&dir);
    assert_eq!(facts.head, HeadState::Unborn("main".to_owned()));
    assert_eq!((facts.commit, facts.subject), (None, None));
    let first = lab.commit(&dir, "a", "one\n");
    lab.run(&dir, &["checkout", "-q", "--detach"]);
    let facts = lab.facts(&dir);
    assert_eq!((facts.head, facts.commit), (HeadState::Detached, Some(first)));
}

#[test]
fn what_was_begun_is_told() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    lab.commit(&dir, "a", "theirs\n");
    lab.run(&dir, &["switch", "-q", "main"]);
    lab.commit(&dir, "a", "ours\n");
    let operation = || lab.facts(&dir).operation;
    for (begin, end, want) in [
        (vec!["merge", "other"], vec!["merge", "--abort"], Operation::Merge),
        (vec!["rebase", "other"], vec!["rebase", "--abort"], Operation::Rebase),
        (vec!["cherry-pick", "other"], vec!["cherry-pick", "--abort"], Operation::CherryPick),
        (vec!["revert", "--no-edit", "HEAD~1"], vec!["revert", "--abort"], Operation::Revert),
        (vec!["bisect", "start"], vec!["bisect", "reset"], Operation::Bisect),
    ] {
        lab.try_run(&dir, &begin);
        assert_eq!(operation(), Some(want));
        lab.run(&dir, &end);
        assert_eq!(operation(), None);
    }
    lab.try_run(&dir, &["merge", "other"]);
    let changes = lab.facts(&dir).changes;
    assert_eq!(changes[0].kind, ChangeKind::Conflicted);
}

#[test]
fn a_reftable_tells_a_cherry_pick_too() {
    let lab = Lab::new();
    let dir = lab.path("p");
    fs::create_dir(&dir).expect("a folder");
    if !lab.try_run(&dir, &["init", "-q", "--ref-format=reftable"]) {
        return; // this git has none
    }
    lab.commit(&dir, "a", "one\n");
    lab.run(&dir, &["switch", "-q", "-c", "other"]);
    lab.commit(&dir, "a", "theirs\n");
    lab.run(&dir, &["switch", "-q", "main"]);
    let tip = lab.commit(&dir, "a", "ours\n");
    assert!(!lab.try_run(&dir, &["cherry-pick", "other"]));
    let facts = lab.facts(&dir);
    assert_eq!((facts.operation, facts.commit), (Some(Operation::CherryPick), Some(tip)));
    lab.run(&dir, &["cherry-pick", "--abort"]);
    write(&dir, "b", "x");
    let done = lab.git.commit_all(&lab.at(&dir), "m", &[]).expect("a commit");
    assert_eq!(done.commit, lab.head(&dir));
}

#[test]
fn odd_names_are_told() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    for name in ["-dash", " space ", "new\nline", "qu\"ote", "*"] {
        write(&dir, name, "x");
    }
    fs::write(dir.join(OsStr::from_bytes(b"latin\xe4")), "x").expect("a file");
    let mut want = ["-dash", " space ", "new\\nline", "qu\"ote", "*", "latin\\xE4"];
    want.sort_unstable();
    assert_eq!(lab.dirty(&dir), want);
}

#[test]
fn a_path_with_a_line_feed_is_found() {
    let lab = Lab::new();
    let dir = lab.repo("new\nline");
    assert_eq!(lab.at(&dir).git_dir, dir.join(".git"));
}

#[test]
fn a_linked_work_tree_and_a_symlink_are_seen_through() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    let linked = lab.path("linked");
    lab.run(&dir, &["worktree", "add", "-q", "-b", "other", &linked.display().to_string()]);
    let repo = lab.at(&linked);
    assert_eq!(repo.git_dir, dir.join(".git/worktrees/linked"));
    assert_eq!((repo.root.clone(), repo.common_dir.clone()), (linked.clone(), dir.join(".git")));
    write(&linked, "b", "x");
    let done = lab.git.commit_all(&repo, "in the linked tree", &[]).expect("a commit");
    assert_eq!(done.commit, lab.head(&linked));
    symlink(&dir, lab.path("link")).expect("a symlink");
    assert_eq!(lab.at(&lab.path("link")).root, dir);
}

#[test]
fn a_sparse_checkout_is_clean() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.commit(&dir, "in/f", "x");
    lab.commit(&dir, "out/f", "x");
    for index in ["--no-sparse-index", "--sparse-index"] {
        lab.run(&dir, &["sparse-checkout", "set", "--cone", index, "in"]);
        assert!(!dir.join("out/f").exists());
        assert_eq!(lab.dirty(&dir), [""; 0]);
    }
}

#[test]
fn a_repository_with_other_hashes_works() {
    let lab = Lab::new();
    let dir = lab.path("p");
    fs::create_dir(&dir).expect("a folder");
    lab.run(&dir, &["init", "-q", "--object-format=sha256"]);
    write(&dir, "a", "x");
    let repo = lab.at(&dir);
    let done = lab.git.commit_all(&repo, "m", &[]).expect("a commit");
    assert_eq!(done.commit.as_str().len(), 64);
    assert_eq!(lab.facts(&dir).commit, Some(done.commit));
}

#[test]
fn files_of_a_submodule_do_not_count_and_its_commit_does() {
    let lab = Lab::new();
    let inner = lab.repo("inner");
    let dir = lab.repo("p");
    lab.run(&dir, &["submodule", "add", "-q", &inner.display().to_string(), "sub"]);
    lab.run(&dir, &["commit", "-q", "-m", "sub"]);
    write(&dir, "sub/a", "changed\n");
    write(&dir, "sub/new", "x");
    assert_eq!(lab.dirty(&dir), [""; 0]);
    lab.run(&dir.join("sub"), &["add", "-A"]);
    lab.run(&dir.join("sub"), &["commit", "-q", "-m", "more"]);
    assert_eq!(lab.dirty(&dir), ["sub"]);
    let done = lab.git.commit_all(&lab.at(&dir), "m", &[]).expect("a commit");
    assert!(done.made && lab.dirty(&dir).is_empty());
}

#[test]
fn a_caller_inside_a_hook_does_not_lead_astray() {
    let lab = Lab::new();
    let (dir, other) = (lab.repo("p"), lab.repo("other"));
    let git_dir = other.join(".git").display().to_string();
    let index = other.join("index").display().to_string();
    let git = lab.git_with(&[("GIT_DIR", &git_dir), ("GIT_INDEX_FILE", &index)]);
    assert_eq!(git.facts(&dir, &[]).expect("facts").repository.root, dir);
}

#[test]
fn another_language_and_colours_change_nothing() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    for setting in ["color.ui", "color.status", "color.push", "color.advice", "color.transport"] {
        lab.run(&dir, &["config", setting, "always"]);
    }
    lab.run(&dir, &["config", "status.showUntrackedFiles", "no"]);
    lab.run(&dir, &["config", "log.showSignature", "true"]);
    write(&dir, "new", "x");
    let git = lab.git_with(&[("LC_ALL", "de_DE.UTF-8"), ("LANGUAGE", "de")]);
    let facts = git.facts(&dir, &[]).expect("facts");
    assert_eq!((facts.changes.len(), facts.subject.as_deref()), (1, Some("write a")));
}

#[test]
fn three_thousand_files_are_told_and_committed() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    for number in 0..3_000 {
        write(&dir, &format!("d{}/a file with a name of some length {number}", number % 50), "x");
    }
    assert_eq!(lab.dirty(&dir).len(), 3_000);
    let excludes = ["d7/".to_owned()];
    let done = lab.git.commit_all(&lab.at(&dir), "many", &excludes).expect("a commit");
    assert_eq!((done.added, done.modified, done.excluded.len()), (2_940, 0, 60));
    assert_eq!(lab.dirty(&dir).len(), 60);
}

#[test]
fn looking_runs_no_program_that_a_repository_names_as_its_monitor() {
    let lab = Lab::new();
    let dir = lab.pushed("p");
    let mark = lab.path("ran");
    lab.run(&dir, &["config", "core.fsmonitor", &format!("touch '{}'; false", mark.display())]);
    write(&dir, "a", "changed\n");
    assert_eq!(lab.facts(&dir).changes.len(), 1, "it is seen all the same");
    assert!(!mark.exists(), "the program was run");
    lab.run(&dir, &["status"]);
    assert!(mark.exists(), "git itself runs it");
}
