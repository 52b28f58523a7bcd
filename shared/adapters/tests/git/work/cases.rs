//! Kinds of work and kinds of repositories.

#![expect(clippy::print_stdout, reason = "what this git can't do is told, not passed over")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::lab::{Lab, write};

/// What a user does to a work tree. Each touches paths of its own.
pub(crate) type Act = fn(&Lab, &Path);

/// Every kind of work, by name.
pub(crate) const ACTS: &[(&str, Act)] = &[
    ("staged", |lab, dir| {
        write(dir, "staged", "staged\n");
        lab.run(dir, &["add", "staged"]);
    }),
    ("staged and more", |lab, dir| {
        write(dir, "both", "staged\n");
        lab.run(dir, &["add", "both"]);
        write(dir, "both", "staged and more\n");
    }),
    ("staged and undone", |lab, dir| {
        write(dir, "undone", "staged\n");
        lab.run(dir, &["add", "undone"]);
        write(dir, "undone", "undone 1\n");
    }),
    ("unstaged", |_, dir| write(dir, "in/f", "unstaged\n")),
    ("untracked", |_, dir| {
        write(dir, "new/deep/file", "untracked\n");
        write(dir, "in/odd \"name\"\twith\nlines", "untracked\n");
    }),
    ("new and staged", |lab, dir| {
        write(dir, "in/added", "added\n");
        lab.run(dir, &["add", "in/added"]);
        write(dir, "in/added", "added and more\n");
    }),
    ("new, staged and gone", |lab, dir| {
        write(dir, "in/passing", "passing\n");
        lab.run(dir, &["add", "in/passing"]);
        fs::remove_file(dir.join("in/passing")).expect("removed");
    }),
    ("deleted", |_, dir| fs::remove_file(dir.join("gone")).expect("removed")),
    ("deleted and staged", |lab, dir| {
        lab.run(dir, &["rm", "-q", "gone-too"]);
    }),
    ("untracked again", |lab, dir| {
        lab.run(dir, &["rm", "-q", "--cached", "untracked-again"]);
    }),
    ("ignored at last", |lab, dir| {
        lab.run(dir, &["rm", "-q", "--cached", "secret.log"]);
    }),
    ("renamed", |lab, dir| {
        lab.run(dir, &["mv", "old-name", "new-name"]);
    }),
    ("renamed and changed", |lab, dir| {
        fs::rename(dir.join("older-name"), dir.join("newer-name")).expect("renamed");
        lab.run(dir, &["add", "-A", "older-name", "newer-name"]);
        write(dir, "newer-name", "older-name 1\nolder-name 2\nand more\n");
    }),
    ("mode", |_, dir| set_mode(&dir.join("run.sh"), 0o755)),
    ("mode staged", |lab, dir| {
        lab.run(dir, &["update-index", "--chmod=+x", "index.sh"]);
    }),
    ("symlink", |_, dir| {
        fs::remove_file(dir.join("link")).expect("removed");
        symlink("elsewhere", dir.join("link")).expect("a link");
        symlink("nowhere/at/all", dir.join("new-link")).expect("a link");
    }),
    ("file for symlink", |_, dir| {
        fs::remove_file(dir.join("was-link")).expect("removed");
        write(dir, "was-link", "a file now\n");
    }),
    ("folder for file", |_, dir| {
        fs::remove_file(dir.join("was-file")).expect("removed");
        write(dir, "was-file/inside", "a folder now\n");
    }),
    ("file for folder", |_, dir| {
        fs::remove_dir_all(dir.join("was-folder")).expect("removed");
        write(dir, "was-folder", "a file now\n");
    }),
    ("binary", |_, dir| {
        let bytes: Vec<u8> = (0..=255).rev().cycle().take(70_000).collect();
        fs::write(dir.join("binary"), bytes).expect("a file");
    }),
    ("intent to add", |lab, dir| {
        write(dir, "in/intended", "contents\n");
        lab.run(dir, &["add", "-N", "in/intended"]);
    }),
    ("pointer of Git LFS", |_, dir| {
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n",
            "b".repeat(64)
        );
        write(dir, "picture.lfs", &pointer);
    }),
    ("attributes", |lab, dir| {
        write(dir, "in/.gitattributes", "*.txt text eol=crlf\n");
        write(dir, "in/crlf.txt", "one\r\ntwo\r\n");
        lab.run(dir, &["add", "in/crlf.txt"]);
    }),
    ("not UTF-8", |_, dir| {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"in/\xff\xfe");
        fs::write(dir.join(name), "bytes\n").expect("a file");
    }),
];

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// The remote that every repository of a test is cloned from.
pub(crate) fn origin(lab: &Lab, init: &[&str]) -> PathBuf {
    let dir = lab.path("seed");
    let bare = lab.path("origin.git");
    let top = lab.path("");
    lab.run(&top, &[&["init", "-q"], init, &["seed"]].concat());
    lab.run(&top, &[&["init", "-q", "--bare"], init, &["origin.git"]].concat());
    for option in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        lab.run(&bare, &["config", option, "true"]);
    }
    for name in [
        "staged",
        "both",
        "undone",
        "in/f",
        "in/deep/f",
        "out/f",
        "gone",
        "gone-too",
        "untracked-again",
        "secret.log",
        "old-name",
        "older-name",
        "run.sh",
        "index.sh",
        "was-file",
        "was-folder/inside",
        "picture.lfs",
    ] {
        write(&dir, name, &format!("{name} 1\n{name} 2\n"));
    }
    write(&dir, "undone", "undone 1\n");
    write(&dir, ".gitignore", "*.log\n");
    write(&dir, ".gitattributes", "*.lfs filter=lfs -text\n");
    fs::write(dir.join("binary"), [0, 159, 146, 150]).expect("a file");
    symlink("in/f", dir.join("link")).expect("a link");
    symlink("in/f", dir.join("was-link")).expect("a link");
    lab.run(&dir, &["add", "-f", "."]);
    lab.run(&dir, &["commit", "-q", "-m", "first"]);
    write(&dir, "in/f", "second\n");
    lab.run(&dir, &["commit", "-q", "-am", "second"]);
    lab.run(&dir, &["remote", "add", "origin", &bare.display().to_string()]);
    lab.run(&dir, &["push", "-q", "-u", "origin", "main"]);
    bare
}

/// A kind of repository.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// What the remote is made with.
    pub(crate) init: &'static [&'static str],
    /// Makes a work tree.
    pub(crate) make: fn(&Lab, &Path, &Path),
}

fn clone(lab: &Lab, how: &[&str], origin: &Path, dir: &Path) {
    let (url, dir) = (format!("file://{}", origin.display()), dir.display().to_string());
    lab.run(&lab.path(""), &[&["clone", "-q"], how, &[&url, &dir]].concat());
}

/// Every kind, by name.
pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "normal", init: &[], make: |lab, from, dir| clone(lab, &[], from, dir) },
    Kind {
        name: "linked work tree",
        init: &[],
        make: |lab, from, dir| {
            let main = dir.with_extension("main");
            clone(lab, &[], from, &main);
            lab.run(&main, &["switch", "-q", "-c", "other"]);
            lab.run(&main, &["worktree", "add", "-q", &dir.display().to_string(), "main"]);
        },
    },
    Kind {
        name: "sparse",
        init: &[],
        make: |lab, from, dir| {
            clone(lab, &["--sparse"], from, dir);
            lab.run(dir, &["sparse-checkout", "set", "--cone", "in", "was-folder"]);
            assert!(!dir.join("out/f").exists(), "it is sparse");
        },
    },
    Kind {
        name: "sparse index",
        init: &[],
        make: |lab, from, dir| {
            clone(lab, &["--sparse"], from, dir);
            let set = ["sparse-checkout", "set", "--cone", "--sparse-index", "in", "was-folder"];
            lab.run(dir, &set);
        },
    },
    Kind {
        name: "partial",
        init: &[],
        make: |lab, from, dir| clone(lab, &["--filter=blob:none"], from, dir),
    },
    Kind {
        name: "shallow",
        init: &[],
        make: |lab, from, dir| clone(lab, &["--depth=1"], from, dir),
    },
    Kind {
        name: "sha256",
        init: &["--object-format=sha256"],
        make: |lab, from, dir| clone(lab, &[], from, dir),
    },
    Kind {
        name: "reftable",
        init: &[],
        make: |lab, from, dir| {
            let has = lab.try_run(&lab.path(""), &["init", "-q", "--ref-format=reftable", "probe"]);
            if !has {
                println!("NOT TESTED: git before 2.45 has no reftable; this one is normal");
            }
            clone(lab, if has { &["--ref-format=reftable"] } else { &[] }, from, dir);
        },
    },
    Kind {
        name: "split index",
        init: &[],
        make: |lab, from, dir| {
            clone(lab, &[], from, dir);
            lab.run(dir, &["update-index", "--split-index"]);
        },
    },
];
