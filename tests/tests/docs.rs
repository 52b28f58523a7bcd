//! What the pages say holds: every code is explained, and none that there is no more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How every code begins.
const START: &str = "convosync::";

/// Where codes are given; what only tests use is left out.
const SOURCES: [&str; 3] = ["shared", "plugins", "nushell"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

#[test]
fn every_code_is_on_the_page_of_errors_and_none_else() {
    let (given, told) = (codes_given(), codes_told());
    let missing: Vec<_> = given.difference(&told).collect();
    let stale: Vec<_> = told.difference(&given).collect();
    assert!(missing.is_empty(), "docs/errors.md does not explain {missing:#?}");
    assert!(stale.is_empty(), "docs/errors.md explains what nothing gives: {stale:#?}");
}

#[test]
fn every_entry_of_the_page_of_errors_has_its_cause_and_what_to_do() {
    let page = read(&root().join("docs/errors.md"));
    let entries: Vec<_> = page.split("\n### ").skip(1).collect();
    for entry in &entries {
        let body: Vec<_> = entry.split("\n## ").next().unwrap_or_default().lines().collect();
        let (code, rest) = body.split_first().expect("a heading");
        let (help, cause): (Vec<&str>, Vec<&str>) = rest
            .iter()
            .copied()
            .filter(|line| !line.is_empty())
            .partition(|line| line.starts_with("→ "));
        assert!(!cause.is_empty() && help.len() == 1, "{code}: {body:#?}");
    }
    let codes: Vec<_> = entries.iter().map(|entry| entry.lines().next()).collect();
    let once: BTreeSet<_> = codes.iter().collect();
    assert_eq!(once.len(), codes.len(), "a code stands there twice");
}

#[test]
fn a_code_is_found_in_the_code_alone() {
    let found = |text: &str| codes_in(text).into_iter().collect::<Vec<_>>();
    assert_eq!(found("Refusal::new(\"convosync::a::b-c\", x)"), ["convosync::a::b-c"]);
    assert_eq!(found("starts_with(\"convosync::\") && \"convosync::a::\""), [""; 0]);
    assert_eq!(
        found("\"convosync::a\"\n#[cfg(test)]\nmod tests {\n\"convosync::t\""),
        ["convosync::a"]
    );
    assert_eq!(found("code: \"convosync::nu\""), ["convosync::nu"]);
}

/// The headings of the page.
fn codes_told() -> BTreeSet<String> {
    let page = read(&root().join("docs/errors.md"));
    let headings = page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    headings.map(str::to_owned).collect()
}

/// The codes in the sources, and those of the questions, which are put together.
fn codes_given() -> BTreeSet<String> {
    let mut files = Vec::new();
    SOURCES.iter().for_each(|folder| sources(&root().join(folder), &mut files));
    assert!(files.len() > 100, "the sources were not found: {files:?}");
    let mut codes: BTreeSet<_> = files.iter().flat_map(|file| codes_in(&read(file))).collect();
    codes.extend(questions().iter().map(|question| format!("{START}decision::{question}")));
    codes
}

/// The names of the questions, as the wire gives them.
fn questions() -> Vec<String> {
    let source = read(&root().join("shared/wire/src/decision.rs"));
    let names = source.split("pub fn as_str").nth(1).expect("questions have names");
    let names = names.split("\n    }\n").next().unwrap_or_default();
    let quoted = names.split('"').skip(1).step_by(2).map(str::to_owned);
    quoted.collect()
}

/// The whole codes in quotes before the tests of a file.
fn codes_in(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let quoted = code.split('"').filter_map(|text| text.strip_prefix(START));
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == ':';
    quoted
        .filter(|rest| !rest.is_empty() && !rest.ends_with("::") && rest.chars().all(is_name))
        .map(|rest| format!("{START}{rest}"))
        .collect()
}

/// Sources that are no tests.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let tests = ["tests", "testing", "tests.rs", "testing.rs", "sample.rs", "data"];
        if tests.contains(&name.as_str()) {
            continue;
        }
        match path.extension().and_then(|end| end.to_str()) {
            _ if path.is_dir() => sources(&path, files),
            Some("rs" | "nu") => files.push(path),
            _ => {}
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_test_that_the_page_of_wishes_names_is_there() {
    let page = read(&root().join("docs/spec.md"));
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what"));
    let played: Vec<_> = rows
        .map(|row| row.trim_end_matches(" |").rsplit("| ").next().unwrap_or_default())
        .collect();
    assert!(played.len() > 50, "the table was not found");
    let tests = tests_there();
    for by in played.iter().filter(|by| !["not yet", "later"].contains(by)) {
        let name = by.trim_matches('`');
        assert!(tests.contains(name), "docs/spec.md names the test {by}, and there is none");
    }
}

#[test]
fn every_promise_of_the_page_of_threats_names_tests_that_are_there() {
    let page = read(&root().join("docs/threat-model.md"));
    let tests = tests_there();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.contains("| shown by"));
    let mut shown = 0;
    for row in rows {
        let last = row.trim_end_matches(" |").rsplit("| ").next().unwrap_or_default();
        assert!(last.starts_with('`'), "this is shown by nothing: {row}");
        for name in last.split(", ").map(|name| name.trim_matches('`')) {
            assert!(tests.contains(name), "docs/threat-model.md names {name}, and there is none");
            shown += 1;
        }
    }
    assert!(shown > 80, "the tables were not found");
}

#[test]
fn every_test_that_the_page_of_faults_names_is_there() {
    let page = read(&root().join("docs/faults.md"));
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| ")).collect();
    let is_name = |word: &&str| {
        word.contains('_') && word.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
    };
    let named: Vec<_> = rows.iter().flat_map(|row| row.split('`')).filter(is_name).collect();
    assert!(named.len() > 60, "the tables were not found");
    let tests = tests_there();
    for name in named {
        assert!(tests.contains(name), "docs/faults.md names the test `{name}`, and there is none");
    }
}

/// The name of every test of the workspace.
fn tests_there() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["tests", "shared", "plugins", "xtask"] {
        rust_files(&root().join(folder), &mut files);
    }
    let names = |source: &str| -> Vec<String> {
        let after = source.split("#[test]").skip(1);
        let named = after.filter_map(|text| Some(text.split_once("fn ")?.1.split_once('(')?.0));
        named.map(str::to_owned).collect()
    };
    files.iter().flat_map(|file| names(&read(file))).collect()
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}
