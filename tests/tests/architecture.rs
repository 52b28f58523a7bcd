//! The arrows between the crates are those of ARCHITECTURE.md, and the core touches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crate -> the workspace crates that it depends on.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Drive the whole from outside: they may use every crate, and no crate of the map may use them.
const OUTSIDE: [&str; 2] = ["convosync-bench", "convosync-tests"];

/// What the core may not name: it is handed time, randomness and bytes.
const OUTSIDE_WORLD: [&str; 6] =
    ["std::fs", "std::net", "std::env", "std::process", "SystemTime", "Instant"];

/// What changes the disk, or starts a program.
const CHANGES: [&str; 12] = [
    " fs::write(",
    "fs::rename(",
    "fs::remove_file(",
    "fs::remove_dir",
    "fs::create_dir",
    "fs::copy(",
    "fs::hard_link(",
    "fs::set_permissions(",
    "File::create(",
    "DirBuilder::",
    ".sync_all()",
    ".spawn()",
];

#[test]
fn crates_depend_on_each_other_only_as_the_map_says() {
    let mut actual = arrows(&metadata(), |kind| kind != Some("dev"));
    actual.retain(|name, _| !OUTSIDE.contains(&name.as_str()));
    assert_eq!(actual, map(), "left: the manifests; right: the block in ARCHITECTURE.md");
}

#[test]
fn tests_of_a_crate_reach_no_further_than_the_crate() {
    let map = map();
    for (name, seen) in arrows(&metadata(), |kind| kind == Some("dev")) {
        if OUTSIDE.contains(&name.as_str()) {
            continue;
        }
        let allowed = map.get(&name).unwrap_or_else(|| panic!("`{name}` is in the map"));
        // A crate's own features may be switched on for its tests.
        let beyond: Vec<_> = seen.difference(allowed).filter(|seen| **seen != name).collect();
        assert!(
            beyond.is_empty(),
            "`{name}` has development dependencies without arrow: {beyond:?}"
        );
    }
}

#[test]
fn the_core_names_nothing_of_the_outside_world() {
    let mut found = Vec::new();
    let files = rust_files(&root().join("shared/core/src"));
    assert!(files.len() > 50, "the sources were not found");
    for file in files {
        let source = fs::read_to_string(&file).expect("sources are readable text");
        found.extend(named(&source).into_iter().map(|name| format!("{}: {name}", file.display())));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_change_of_the_disk_by_an_adapter_goes_through_one_door() {
    let doors = ["disk.rs", "process.rs"];
    let mut found = Vec::new();
    let files = rust_files(&root().join("shared/adapters/src"));
    assert!(files.len() > 100, "the sources were not found");
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_of_tests = file.components().any(|part| part.as_os_str() == "tests");
        if doors.contains(&name) || name == "tests.rs" || is_of_tests {
            continue;
        }
        let source = fs::read_to_string(&file).expect("sources are readable text");
        let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let past = CHANGES.iter().filter(|change| code.contains(**change));
        found.extend(past.map(|change| format!("{}: {change}", file.display())));
    }
    assert!(found.is_empty(), "no test can let these be the last change: {found:#?}");
}

#[test]
fn a_name_is_found_however_it_is_imported() {
    let check = |source: &str, want: &[&str]| assert_eq!(named(source), want, "{source}");
    check("use std::fs;", &["std::fs"]);
    check("use std::{\n    fmt,\n    env::{self, vars},\n};", &["std::env"]);
    check("let t = std::time::Instant::now();", &["Instant"]);
    check("// std::fs would be wrong here\nfn instantiate() {}", &[]);
    check("struct InstantCoffee;", &[]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_owned()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("the cargo that built this test still runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// The arrows of the dependency kinds that `wanted` accepts (`None` is a normal dependency).
fn arrows(metadata: &Value, wanted: impl Fn(Option<&str>) -> bool) -> Arrows {
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    let ours: BTreeSet<&str> = packages.iter().map(|p| text(&p["name"])).collect();
    let targets = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("packages list dependencies");
        dependencies
            .iter()
            .filter(|d| wanted(d["kind"].as_str()) && ours.contains(text(&d["name"])))
            .map(|d| text(&d["name"]).to_owned())
            .collect()
    };
    packages.iter().map(|p| (text(&p["name"]).to_owned(), targets(p))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("names are text")
}

/// The fenced block `arrows` of ARCHITECTURE.md.
fn map() -> Arrows {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there");
    let block = page.split("```arrows\n").nth(1).expect("the page has a block `arrows`");
    let block = block.split("```").next().expect("the block is closed");
    let line = |line: &str| {
        let (from, to) = line.split_once("->").unwrap_or_else(|| panic!("no arrow in `{line}`"));
        (from.trim().to_owned(), to.split_whitespace().map(str::to_owned).collect())
    };
    block.lines().map(line).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// The names of [`OUTSIDE_WORLD`] in the code of `source`, comments left out.
fn named(source: &str) -> Vec<&'static str> {
    let code: String = source.lines().map(|l| l.split("//").next().unwrap_or(l)).collect();
    let imported = imported_from_std(&code);
    let is_named = |name: &&str| match name.strip_prefix("std::") {
        Some(module) => contains_word(&code, name) || imported.contains(module),
        None => contains_word(&code, name),
    };
    OUTSIDE_WORLD.into_iter().filter(is_named).collect()
}

/// The modules in every `std::{…}`.
fn imported_from_std(code: &str) -> BTreeSet<&str> {
    code.split("std::{").skip(1).flat_map(top_level_items).collect()
}

/// The first path segment of each item up to the brace that closes the group.
fn top_level_items(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                items.push(group[start..at].trim().split("::").next().unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        if c == '}' && start > at {
            break;
        }
    }
    items
}

fn contains_word(code: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| {
        !inside(code[..at].chars().next_back()) && !inside(code[at + word.len()..].chars().next())
    })
}

/// Whoever is in the middle is kept out by the checks of TLS and ssh: no source of ours turns one off.
#[test]
fn no_check_of_a_certificate_or_host_key_is_turned_off() {
    let folders = ["shared", "plugins"].map(|folder| rust_files(&root().join(folder)));
    let files = folders.into_iter().flatten();
    let of_tests = |file: &Path| file.components().any(|part| part.as_os_str() == "tests");
    let files: Vec<_> = files.filter(|file| !of_tests(file)).collect();
    assert!(files.len() > 100, "the sources were not found");
    let ways = ["danger_", "invalid_certs", "invalid_hostnames", "sslVerify", "StrictHostKey"];
    for file in files {
        let text = fs::read_to_string(&file).expect("a source");
        let found: Vec<_> = ways.iter().filter(|way| text.contains(**way)).collect();
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
}
