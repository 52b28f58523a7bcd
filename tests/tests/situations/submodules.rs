//! Repositories inside the repository.

use convosync_tests::{Device, Screen, World};

use super::{text, two_at_work};

/// A library with an origin of its own, as a submodule at `vendor/lib`.
fn add_library(world: &World, device: &Device) {
    let origin = world.path().join("lib.git");
    device.git_in(world.path(), &["init", "-q", "--bare", &text(&origin)]);
    let first = device.home.join("lib");
    device.git_in(&device.home, &["clone", "-q", &text(&origin), &text(&first)]);
    device.git_in(&first, &["commit", "-q", "--allow-empty", "-m", "library"]);
    device.git_in(&first, &["push", "-q", "origin", "HEAD:main"]);
    device.git_in(&origin, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    device.git(&["submodule", "add", "-q", &text(&origin), "vendor/lib"]);
}

#[test]
fn what_stays_of_a_submodule_is_named_by_the_save_and_the_resume() {
    let (world, desktop, laptop) = two_at_work();
    add_library(&world, &desktop);
    let mut screen = Screen::of("submodules", &world);
    screen.done(&desktop, &["save", "with a library"]);
    laptop.ok(&["resume"]);
    laptop.git(&["submodule", "--quiet", "update", "--init"]);

    let lib = desktop.work_tree.join("vendor/lib");
    desktop.write("vendor/lib/new.c", "int x;\n");
    screen.then("a file is written inside");
    desktop.talk(super::ID, 1);
    screen.done(&desktop, &["save", "two"]);
    desktop.git_in(&lib, &["add", "new.c"]);
    desktop.git_in(&lib, &["commit", "-q", "-m", "new"]);
    screen.then("it is committed inside, and not pushed");
    screen.done(&desktop, &["save", "three"]);
    desktop.git_in(&lib, &["push", "-q", "origin", "HEAD:main"]);
    screen.then("it is pushed");
    desktop.talk(super::ID, 1);
    screen.done(&desktop, &["save", "four"]);

    screen.done(&laptop, &["resume"]);
    let told = "git submodule update --init";
    laptop.shell(told);
    screen.then(told);
    screen.done(&laptop, &["resume"]);
    screen.matches();
    let there = laptop.git_in(&laptop.work_tree.join("vendor/lib"), &["rev-parse", "HEAD"]);
    assert_eq!(there, desktop.git_in(&lib, &["rev-parse", "HEAD"]));
}

#[test]
fn a_repository_inside_that_is_no_submodule_stays_and_is_named() {
    let (world, desktop, _laptop) = two_at_work();
    let inner = text(&desktop.work_tree.join("inner"));
    desktop.git(&["init", "-q", &inner]);
    desktop.write("inner/a.txt", "a\n");
    let mut screen = Screen::of("repository-inside", &world);
    screen.done(&desktop, &["save", "one"]);
    screen.matches();
    assert_eq!(desktop.git(&["ls-files"]), "README.md\napp.js");
}
