//! `docs/situations.md` tells what there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use convosync_tests::screens;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// The tests that the page names, as `file.rs::test`; where nothing else is said, in `tests/tests`.
fn named() -> BTreeSet<(PathBuf, String)> {
    let page = fs::read_to_string(workspace().join("docs/situations.md")).expect("the page");
    let code = page.split('`').skip(1).step_by(2);
    let tests = code.filter_map(|code| code.split_once(".rs::"));
    let place = |file: &str| match file.starts_with("shared/") {
        true => workspace().join(format!("{file}.rs")),
        false => workspace().join(format!("tests/tests/{file}.rs")),
    };
    tests.map(|(file, test)| (place(file), test.to_owned())).collect()
}

/// The tests of a file.
fn tests_of(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let after = text.split("#[test]").skip(1);
    let names = after.filter_map(|text| text.split_once("fn ")?.1.split_once('('));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let named = named();
    assert!(named.len() > 40, "only {} tests are named", named.len());
    for (file, test) in named {
        assert!(tests_of(&file).contains(&test), "{}: there is no test {test}", file.display());
    }
}

#[test]
fn every_play_is_on_the_page() {
    let named = named();
    let here = workspace().join("tests/tests/situations");
    let own = ["main.rs", "table.rs"].map(|name| here.join(name));
    for entry in fs::read_dir(&here).expect("the plays").flatten() {
        let file = entry.path();
        if file.is_dir() || own.contains(&file) {
            continue;
        }
        for test in tests_of(&file) {
            assert!(named.contains(&(file.clone(), test.clone())), "{test} is not on the page");
        }
    }
}

#[test]
fn every_screen_belongs_to_a_play() {
    let tests = workspace().join("tests/tests");
    let places = [&tests, &tests.join("situations")].map(fs::read_dir);
    let files = places.into_iter().flat_map(|place| place.expect("the plays").flatten());
    let sources: String = files
        .filter(|entry| entry.path().is_file())
        .map(|entry| fs::read_to_string(entry.path()).expect("a source"))
        .collect();
    for entry in fs::read_dir(screens()).expect("the screens").flatten() {
        let name = entry.file_name().into_string().expect("plain names");
        let name = name.trim_end_matches(".txt");
        assert!(sources.contains(&format!("\"{name}\"")), "no play draws {name}");
    }
}
