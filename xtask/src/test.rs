//! `cargo xtask test`: builds, sets up, runs every test, and ends with one line of counts.
//!
//! With cargo-nextest when it is on PATH (`.config/nextest.toml`), else with plain `cargo test`.

use std::io::IsTerminal;
use std::ops::AddAssign;
use std::process::Command;

use crate::fuzz::{self, Wish};
use crate::run::{self, Failed, Stream};
use crate::tools;
use crate::workspace::Workspace;
use crate::zellij;

/// How the names of the slow lane's test files begin: their tests drive real programs (Nushell,
/// Claude Code, tmux, servers of buckets), or take long.
const SLOW: [&str; 2] = ["real_", "long_"];

/// So long hostile bytes are tried on each target beside the tests: what is known to break is found,
/// and little more. `cargo xtask fuzz` takes longer.
const SECONDS: u64 = 5;

/// Which tests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    lane: Lane,
    /// Parts of the names of tests; none means every test.
    filters: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Fast,
    Slow,
    Both,
}

impl Selection {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failed> {
        let (flags, filters): (Vec<_>, Vec<_>) =
            arguments.iter().cloned().partition(|a| a.starts_with('-'));
        let lane = match flags.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => Lane::Both,
            ["--fast"] => Lane::Fast,
            ["--slow"] => Lane::Slow,
            _ => {
                return Err(Failed::new(format!("`{}` is not understood", flags.join(" ")))
                    .help(crate::USAGE));
            }
        };
        Ok(Self { lane, filters })
    }
}

/// Runs the selected tests; an error means that one failed or could not be run.
pub(crate) fn test(workspace: &Workspace, selection: &Selection) -> Result<(), Failed> {
    let build = ["build", "--locked", "--workspace", "--bins", "--tests"];
    run::run(run::cargo(workspace.root()).args(build))?;
    let wanted = if selection.lane == Lane::Fast { &[][..] } else { tools::ALL };
    let tools = tools::set_up(workspace, wanted)?;
    tools::tell_what_the_system_lacks();
    let plugin = (selection.lane != Lane::Fast).then(|| zellij::wasm(workspace)).transpose()?;
    let programs = workspace.programs("debug");

    let mut tally = Tally::default();
    let (mut command, stream) = runner(workspace, selection)?;
    command
        .env("CONVOSYNC_HELPER", &programs.helper)
        .env("CONVOSYNC_NU_PLUGIN", &programs.nu_plugin)
        .env("CONVOSYNC_TOOLS", tools.folder())
        .envs(plugin.map(|plugin| ("CONVOSYNC_ZELLIJ_PLUGIN", plugin)));
    let mut good = run::watch(&mut command, stream, |line| tally += Tally::read(line))?;
    if selection.lane != Lane::Slow {
        good &= documentation(workspace, selection, &mut tally)?;
    }
    if selection.lane != Lane::Fast && selection.filters.is_empty() {
        good &= fuzzed(workspace, &mut tally);
    }
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped);
    if !selection.filters.is_empty() && tally.passed + tally.failed == 0 {
        return Err(Failed::new(format!(
            "no test's name has `{}` in it",
            selection.filters.join("` or `")
        )));
    }
    if good { Ok(()) } else { Err(Failed::new("not every test passed")) }
}

/// Hostile bytes for every target: each is a test.
fn fuzzed(workspace: &Workspace, tally: &mut Tally) -> bool {
    match fuzz::fuzz(workspace, &Wish::in_tests(SECONDS)) {
        Ok(targets) => {
            tally.passed += targets;
            true
        }
        Err(failed) => {
            eprintln!("{failed}");
            tally.failed += 1;
            false
        }
    }
}

/// The run of all but the documentation's tests, and the stream that its counts are on.
fn runner(workspace: &Workspace, selection: &Selection) -> Result<(Command, Stream), Failed> {
    if run::output(Command::new("cargo-nextest").args(["nextest", "--version"])).is_ok() {
        return Ok((with_nextest(workspace, selection), Stream::Err));
    }
    Ok((with_cargo(workspace, selection)?, Stream::Out))
}

fn with_nextest(workspace: &Workspace, selection: &Selection) -> Command {
    let mut command = run::cargo(workspace.root());
    command.args(["nextest", "run", "--locked", "--workspace", "--no-tests=pass"]);
    command.arg(if std::io::stderr().is_terminal() { "--color=always" } else { "--color=never" });
    match selection.lane {
        Lane::Fast => command.args(["-E", &format!("not binary(/^({})/)", SLOW.join("|"))]),
        Lane::Slow => command.args(["-E", &format!("binary(/^({})/)", SLOW.join("|"))]),
        Lane::Both => &mut command,
    };
    command.args(&selection.filters);
    command
}

/// cargo can't leave a test file out, so the others are named.
fn with_cargo(workspace: &Workspace, selection: &Selection) -> Result<Command, Failed> {
    let mut command = run::cargo(workspace.root());
    command.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
    if selection.lane != Lane::Slow {
        command.args(["--lib", "--bins"]);
    }
    for name in test_files(workspace)? {
        let slow = SLOW.iter().any(|start| name.starts_with(start));
        let lane = if slow { Lane::Slow } else { Lane::Fast };
        if selection.lane == Lane::Both || selection.lane == lane {
            command.args(["--test", &name]);
        }
    }
    command.arg("--").args(&selection.filters);
    Ok(command)
}

/// Runs the examples in the documentation; silent unless one fails, since most crates have none.
fn documentation(
    workspace: &Workspace,
    selection: &Selection,
    tally: &mut Tally,
) -> Result<bool, Failed> {
    let mut command = run::cargo(workspace.root());
    command
        .args(["test", "--locked", "--workspace", "--doc", "--no-fail-fast", "--"])
        .args(&selection.filters);
    let output = run::finished(&mut command)?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines().for_each(|line| *tally += Tally::read(line));
    if !output.status.success() {
        eprintln!("{said}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}

/// The names of the files in each member's `tests`.
fn test_files(workspace: &Workspace) -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for member in workspace.members()? {
        let Ok(folder) = std::fs::read_dir(member.join("tests")) else { continue };
        let files = folder.flatten().map(|entry| entry.path());
        let is_test = |path: &std::path::PathBuf| {
            path.extension().is_some_and(|e| e == "rs") || path.join("main.rs").is_file()
        };
        let sources = files.filter(is_test);
        names.extend(sources.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())));
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// How many tests ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// The counts in a closing line of cargo test or nextest; nothing from any other line. nextest
    /// indents what a failed test printed, and so its closing line.
    fn read(line: &str) -> Self {
        let cargo = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "));
        let nextest =
            line.trim_start().strip_prefix("Summary [").and_then(|rest| rest.split_once(" run: "));
        let mut tally = Self::default();
        for count in cargo.or(nextest).map_or("", |(_, counts)| counts).split([',', ';', '(']) {
            let mut words = count.split_whitespace();
            let number = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
            match words.next() {
                Some("passed") => tally.passed += number,
                Some("failed" | "timed" | "exec") => tally.failed += number,
                Some("skipped" | "ignored") => tally.skipped += number,
                _ => {}
            }
        }
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, passed: u64, failed: u64, skipped: u64) {
        assert_eq!(Tally::read(line), Tally { passed, failed, skipped }, "{line}");
    }

    #[test]
    fn closing_lines_of_both_runners_are_counted() {
        check(
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 5 filtered out; finished in 0.06s",
            12,
            0,
            3,
        );
        check(
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            1,
            2,
            0,
        );
        check("     Summary [   0.012s] 4 tests run: 4 passed, 0 skipped", 4, 0, 0);
        check(
            "     Summary [  70.5s] 9 tests run: 6 passed (1 slow), 2 failed, 1 timed out, 7 skipped",
            6,
            3,
            7,
        );
        check("     Summary [   0.1s] 1/9 tests run: 0 passed, 1 failed, 0 skipped", 0, 1, 0);
    }

    #[test]
    fn what_a_test_prints_is_not_counted() {
        check("test plan::tests::it_holds ... ok", 0, 0, 0);
        check("3 passed, 1 failed", 0, 0, 0);
        check("    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured", 0, 0, 0);
    }

    #[test]
    fn a_lane_and_filters_are_understood() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let parsed = Selection::parse(&words("--fast save resume")).unwrap();
        assert_eq!(parsed, Selection { lane: Lane::Fast, filters: words("save resume") });
        assert_eq!(Selection::parse(&[]).unwrap().lane, Lane::Both);
        assert!(Selection::parse(&words("--fast --slow")).is_err());
        assert!(Selection::parse(&words("--quick")).is_err());
    }
}
