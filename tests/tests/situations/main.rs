//! Every situation that a git repository can be in, played on real repositories, with what people
//! see of it in `tests/screens/`. `docs/situations.md` lists them; `table` holds the two together.

mod branches;
mod files;
mod heads;
mod hooks;
mod hostile;
mod pushes;
mod remotes;
mod repositories;
mod submodules;
mod table;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use convosync_tests::{Device, World, text};

/// The conversation that every play speaks of.
const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The first device alone, with something to save.
fn at_work() -> (World, Device) {
    let world = World::new();
    let desktop = world.first_device("desktop", "projects/myapp");
    work(&desktop, "app.js", "one\n");
    (world, desktop)
}

/// Two devices, of which the first has something to save.
fn two_at_work() -> (World, Device, Device) {
    let (world, desktop, laptop) = World::pair();
    work(&desktop, "app.js", "one\n");
    (world, desktop, laptop)
}

/// A file is written and spoken of.
fn work(device: &Device, path: &str, contents: &str) {
    device.write(path, contents);
    device.talk(ID, 1);
}

/// Commits a file with plain git.
fn commit(device: &Device, path: &str, contents: &str) -> String {
    device.write(path, contents);
    device.git(&["add", "--all"]);
    device.git(&["commit", "-q", "-m", &format!("write {path}")]);
    device.head()
}

/// Writes a program.
fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can run");
}

/// A hook of the user's.
fn hook(device: &Device, name: &str, text: &str) {
    script(&device.work_tree.join(".git/hooks").join(name), text);
}

/// A hook of the server's.
fn server_hook(world: &World, name: &str, text: &str) {
    script(&world.origin().join("hooks").join(name), text);
}

/// The commit of a branch on the origin; empty if it is not there.
fn on_origin(world: &World, device: &Device, branch: &str) -> String {
    let reference = format!("refs/heads/{branch}");
    device.git_in(&world.origin(), &["for-each-ref", "--format=%(objectname)", &reference])
}
