use convosync_engine::ports::{Git, Relation};

use crate::lab::{Lab, patterns, write};

#[test]
fn the_commit_of_a_work_tree_is_foreseen_and_nothing_is_touched() {
    let lab = Lab::new();
    let dir = lab.repo("p");
    lab.commit(&dir, "gone", "x\n");
    write(&dir, "a", "staged\n");
    lab.run(&dir, &["add", "a"]);
    write(&dir, "a", "staged and more\n");
    write(&dir, "d/new", "untracked\n");
    write(&dir, ".env", "secret\n");
    std::fs::remove_file(dir.join("gone")).expect("removed");
    let excludes = patterns(&[".env"]);
    let (repo, head, before) = (lab.at(&dir), lab.head(&dir), lab.state(&dir));
    let refs = lab.run(&dir, &["for-each-ref"]);
    let index = std::fs::read(dir.join(".git/index")).expect("an index");
    let foreseen = lab.git.foresee_commit(&repo, &excludes).expect("foreseen");
    assert_eq!(std::fs::read(dir.join(".git/index")).expect("an index"), index);
    assert_eq!((lab.state(&dir), lab.run(&dir, &["for-each-ref"])), (before, refs));
    assert_eq!(lab.git.relation(&repo, &foreseen, &head).expect("asked"), Relation::Ahead(1));
    assert_eq!(
        std::fs::read_dir(dir.join(".git"))
            .expect("a folder")
            .flatten()
            .filter(|entry| { entry.file_name().to_string_lossy().starts_with("convosync") })
            .count(),
        0,
        "the copied index is gone"
    );

    let made = lab.git.commit_all(&repo, "m", &excludes).expect("a commit").commit;
    let tree = |commit: &str| lab.run(&dir, &["rev-parse", &format!("{commit}^{{tree}}")]);
    assert_eq!(tree(foreseen.as_str()), tree(made.as_str()));
}

#[test]
fn the_first_commit_is_foreseen_too() {
    let lab = Lab::new();
    let dir = lab.empty("p");
    write(&dir, "a", "one\n");
    let foreseen = lab.git.foresee_commit(&lab.at(&dir), &[]).expect("foreseen");
    assert_eq!(lab.run(&dir, &["ls-tree", "--name-only", foreseen.as_str()]), "a");
    assert_eq!(lab.run(&dir, &["log", "-1", "--format=%P", foreseen.as_str()]), "");
    assert!(lab.run(&dir, &["status", "--porcelain"]).contains("?? a"));
}
