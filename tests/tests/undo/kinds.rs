//! Kinds of repositories and cases of work: uncommitted work comes, and the resume that brought it
//! is taken back, until HEAD, refs, index, files, stash and conversations are as they were.

use std::fs;

use convosync_tests::{Device, World, text, told};

use super::{ID, make_dirty, same, taken_back};

/// What a repository can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Worktree,
    Sparse,
    Partial,
    Shallow,
    Sha256,
    Reftable,
    Submodule,
    SplitIndex,
    UntrackedCache,
}

/// What is resumed on the laptop, and how.
struct Case {
    name: &'static str,
    /// Makes work of the desktop's.
    work: fn(&Device),
    save: &'static [&'static str],
    /// What the laptop does before.
    before: fn(&Device),
    resume: &'static [&'static str],
}

/// Each begins where the one before it ended, which is where its undo led.
const CASES: &[Case] = &[
    Case {
        name: "work comes into a clean work tree",
        work: |desktop| work(desktop, "one"),
        save: &["one", "--stash"],
        before: |_| {},
        resume: &["--latest"],
    },
    Case {
        name: "own work is stashed first",
        work: |desktop| work(desktop, "two"),
        save: &["two", "--stash"],
        before: make_dirty,
        resume: &["--latest", "--on-dirty", "stash"],
    },
    Case {
        name: "own work is committed first, and set aside",
        work: |desktop| work(desktop, "three"),
        save: &["three", "--stash"],
        before: |_| {},
        resume: &["--latest", "--on-dirty", "commit", "--on-diverged", "discard"],
    },
    Case {
        name: "the work of the save before is lifted off",
        work: |desktop| work(desktop, "four"),
        save: &["four", "--stash"],
        before: |laptop| {
            laptop.json(&["resume", "--latest", "--on-dirty", "stash"]);
        },
        resume: &["--latest"],
    },
    Case {
        name: "a commit on another branch comes",
        work: |desktop| {
            desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
            work(desktop, "five");
        },
        save: &["five", "--commit"],
        before: |_| {},
        resume: &["--latest", "--switch-branch"],
    },
];

/// Staged, unstaged, untracked, deleted, renamed; where the checkout is sparse, outside of it too.
fn work(device: &Device, step: &str) {
    device.write("in/staged.txt", &format!("staged {step}\n"));
    device.git(&["add", "in/staged.txt"]);
    device.write("in/staged.txt", &format!("staged {step}, then changed\n"));
    device.write("README.md", &format!("unstaged {step}\n"));
    device.write(&format!("new/{step}.txt"), "untracked\n");
    let _ = fs::remove_file(device.work_tree.join("in/gone.txt"));
    if step == "one" {
        device.git(&["mv", "in/old-name.txt", "in/new-name.txt"]);
    }
    device.talk(ID, 1);
}

/// Two devices, each with a repository of this kind. None: this git has no such kind.
fn pair(kind: Kind) -> Option<(World, Device, Device)> {
    let world = World::new();
    if kind == Kind::Sha256 {
        hash_with_sha256(&world);
    }
    let (world, mut desktop, mut laptop) = world.with_pair();
    for name in ["in/gone.txt", "in/old-name.txt", "out/away.txt"] {
        desktop.write(name, &format!("{name}\n"));
    }
    if kind == Kind::Submodule {
        add_library(&world, &desktop);
    }
    desktop.git(&["add", "."]);
    desktop.git(&["commit", "-q", "-m", "files"]);
    desktop.git(&["push", "-q"]);
    laptop.git(&["pull", "-q", "--ff-only"]);
    for device in [&mut desktop, &mut laptop] {
        if !become_one(&world, device, kind) {
            return None;
        }
    }
    Some((world, desktop, laptop))
}

/// Git before 2.41 clones an empty repository without its hash, so it gets a commit.
fn hash_with_sha256(world: &World) {
    let (origin, visitor) = (world.origin(), world.visitor("nobody"));
    fs::remove_dir_all(&origin).expect("it was made");
    let init = ["init", "-q", "-b", "main", "--object-format=sha256"];
    visitor.git(&[&init[..], &["--bare", &text(&origin)]].concat());
    visitor.git(&init);
    let who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"];
    visitor.git(&[&who[..], &["commit", "-q", "--allow-empty", "-m", "seed"]].concat());
    visitor.git(&["push", "-q", &text(&origin), "main"]);
}

fn add_library(world: &World, device: &Device) {
    let lib = world.path().join("lib.git");
    device.git_in(&device.home, &["init", "-q", "--bare", &text(&lib)]);
    let first = device.home.join("lib");
    device.git_in(&device.home, &["clone", "-q", &text(&lib), &text(&first)]);
    device.git_in(&first, &["commit", "-q", "--allow-empty", "-m", "library"]);
    device.git_in(&first, &["push", "-q", "origin", "HEAD:main"]);
    device.git(&["submodule", "add", "-q", &text(&lib), "vendor/lib"]);
}

/// Clones the origin anew, with more options. False: git knows one of them not.
fn clone_again(world: &World, device: &Device, options: &[&str]) -> bool {
    fs::remove_dir_all(&device.work_tree).expect("removed");
    let (url, tree) = (format!("file://{}", text(&world.origin())), text(&device.work_tree));
    let args = [&["clone", "-q"], options, &[&url, &tree]].concat();
    let output = device.git_command(&args).current_dir(&device.home).output().expect("git runs");
    if !output.status.success() {
        println!("{}", told(&output));
    }
    output.status.success()
}

/// Makes a device's clone one of this kind. False: this git can't.
fn become_one(world: &World, device: &mut Device, kind: Kind) -> bool {
    let config = |device: &Device, name: &str| device.git(&["config", name]);
    match kind {
        Kind::Normal | Kind::Sha256 => {}
        Kind::Worktree => {
            let linked = device.home.join("linked");
            device.git(&["switch", "-q", "--detach"]);
            device.git(&["worktree", "add", "-q", &text(&linked), "main"]);
            device.work_tree = linked.canonicalize().expect("it was made");
        }
        Kind::Sparse => {
            device.git(&["sparse-checkout", "set", "--cone", "in"]);
            assert!(!device.work_tree.join("out").exists(), "it is sparse");
        }
        Kind::Partial => {
            let origin = world.origin();
            device.git_in(&origin, &["config", "uploadpack.allowFilter", "true"]);
            device.git_in(&origin, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
            assert!(clone_again(world, device, &["--filter=blob:none"]));
            assert_eq!(config(device, "remote.origin.partialclonefilter"), "blob:none");
        }
        Kind::Shallow => {
            assert!(clone_again(world, device, &["--depth=1"]));
            assert_eq!(device.git(&["rev-parse", "--is-shallow-repository"]), "true");
        }
        Kind::Reftable => {
            if !clone_again(world, device, &["--ref-format=reftable"]) {
                println!("NOT TESTED: this git has no reftable; 2.45 has");
                return false;
            }
            assert_eq!(config(device, "extensions.refstorage"), "reftable");
        }
        Kind::Submodule => {
            device.git(&["submodule", "--quiet", "update", "--init"]);
        }
        Kind::SplitIndex => {
            device.git(&["update-index", "--split-index"]);
        }
        Kind::UntrackedCache => {
            device.git(&["update-index", "--force-untracked-cache"]);
        }
    }
    true
}

#[track_caller]
fn holds(kind: Kind) {
    let Some((_world, desktop, laptop)) = pair(kind) else { return };
    if kind == Kind::Sha256 {
        assert_eq!(laptop.head().len(), 64);
    }
    for Case { name, work, save, before, resume } in CASES {
        let what = format!("{kind:?}: {name}");
        before(&laptop);
        work(&desktop);
        let source = desktop.picture();
        desktop.json(&[&["save"], *save].concat());
        if save.contains(&"--stash") {
            same(&desktop, &source, &format!("{what}: the source"));
        }
        taken_back(&laptop, resume, &what);
    }
}

#[test]
fn a_normal_repository_is_as_it_was() {
    holds(Kind::Normal);
}

#[test]
fn a_linked_work_tree_is_as_it_was() {
    holds(Kind::Worktree);
}

#[test]
fn a_sparse_checkout_is_as_it_was_with_what_lies_outside_of_it() {
    holds(Kind::Sparse);
}

#[test]
fn a_partial_clone_is_as_it_was() {
    holds(Kind::Partial);
}

#[test]
fn a_shallow_clone_is_as_it_was() {
    holds(Kind::Shallow);
}

#[test]
fn a_repository_of_sha256_is_as_it_was() {
    holds(Kind::Sha256);
}

#[test]
fn a_repository_with_reftable_is_as_it_was() {
    holds(Kind::Reftable);
}

#[test]
fn a_repository_with_submodules_is_as_it_was() {
    holds(Kind::Submodule);
}

#[test]
fn a_split_index_is_as_it_was() {
    holds(Kind::SplitIndex);
}

#[test]
fn an_index_with_an_untracked_cache_is_as_it_was() {
    holds(Kind::UntrackedCache);
}
