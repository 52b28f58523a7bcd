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

#[test]
fn the_lines_of_the_commit_are_foreseen_and_nothing_is_left_behind() {
    let lab = Lab::new();
    for base in ["none", "one"] {
        let dir = lab.empty(base);
        if base == "one" {
            lab.commit(&dir, "a", "before\n");
        }
        lab.run(&dir, &["config", "diff.external", "false"]);
        lab.run(&dir, &["config", "diff.mnemonicPrefix", "true"]);
        lab.run(&dir, &["config", "color.ui", "always"]);
        write(&dir, "a", "staged\n");
        lab.run(&dir, &["add", "a"]);
        write(&dir, "a", "as it lies there\n");
        write(&dir, "d/new", "one\ntwo\n");
        write(&dir, ".env", "secret\n");
        let (before, file) = (files(&dir), lab.path("lines"));
        let foreseen = lab.git.foresee_lines(&lab.at(&dir), &patterns(&[".env"]), &file);
        foreseen.expect("foreseen");
        assert_eq!(files(&dir), before, "{base}");
        let told = std::fs::read_to_string(&file).expect("text");
        assert!(told.contains("+++ d/new\n@@ -0,0 +1,2 @@\n+one\n+two\n"), "{base}: {told}");
        assert!(told.contains("\n+as it lies there\n") && !told.contains("secret"), "{told}");
    }
}

/// Every file of the repository, with what it holds.
fn files(dir: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.join(".git")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            match entry.file_type().expect("a type").is_dir() {
                true => folders.push(entry.path()),
                false => {
                    let bytes = std::fs::read(entry.path()).expect("a file");
                    found.push((entry.path(), bytes));
                }
            }
        }
    }
    found.sort();
    found
}
