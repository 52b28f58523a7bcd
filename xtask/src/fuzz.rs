//! `cargo xtask fuzz`: hostile bytes, found by libFuzzer, for whatever reads what others wrote.
//!
//! The targets are in `fuzz/`, a workspace of its own. They are built by the pinned compiler: LLVM's
//! counters are switched on by flags that are stable, and no sanitizer is needed where no code is
//! unsafe. What a target begins with are the frozen samples of the project's own tests.

mod seeds;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::run::{self, Failed};
use crate::workspace::Workspace;

/// How long a target runs unless it is said.
const SECONDS: u64 = 60;

/// So many run at once.
const AT_ONCE: usize = 2;

/// Counters at every branch and comparison, as libFuzzer reads them: what `cargo fuzz` sets, without
/// a sanitizer. From <https://clang.llvm.org/docs/SanitizerCoverage.html>.
const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Half of each crate is not looked at.
    "-Aunused",
];

/// What is to be tried, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    seconds: u64,
    /// None: all.
    target: Option<String>,
    luck: Luck,
}

/// What tries are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Luck {
    /// The same ones each time: a test that was green stays so while nothing changes.
    Same,
    New,
}

impl Wish {
    /// Every target, for so long each, with the same tries each time.
    pub(crate) fn in_tests(seconds: u64) -> Self {
        Self { seconds, target: None, luck: Luck::Same }
    }

    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failed> {
        let mut wish = Self { seconds: SECONDS, target: None, luck: Luck::New };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--seconds" => {
                    let number = rest.next().and_then(|number| number.parse().ok());
                    wish.seconds = number
                        .filter(|seconds| *seconds > 0)
                        .ok_or_else(|| Failed::new("`--seconds` needs a number"))?;
                }
                name if !name.starts_with('-') && wish.target.is_none() => {
                    wish.target = Some(name.to_owned());
                }
                unknown => return Err(crate::unknown_argument(unknown)),
            }
        }
        Ok(wish)
    }
}

/// Builds the targets, seeds them, and runs each; how many there were. An error means that one found
/// something.
pub(crate) fn fuzz(workspace: &Workspace, wish: &Wish) -> Result<u64, Failed> {
    let lab = Lab::of(workspace)?;
    let all = lab.targets()?;
    let wanted: Vec<_> = match &wish.target {
        None => all,
        Some(name) if all.contains(name) => vec![name.clone()],
        Some(name) => {
            return Err(Failed::new(format!("there is no target `{name}`"))
                .help(format!("there are {}", all.join(", "))));
        }
    };
    lab.build()?;
    for target in &wanted {
        seeds::sow(workspace, target, &lab.corpus(target))?;
    }
    let found = lab.run(&wanted, wish);
    if found.is_empty() { Ok(wanted.len() as u64) } else { Err(Failed::new(found.join("\n"))) }
}

/// Where targets are built and what they find is kept.
struct Lab {
    package: PathBuf,
    target: PathBuf,
    host: String,
}

impl Lab {
    fn of(workspace: &Workspace) -> Result<Self, Failed> {
        let said = run::output(Command::new("rustc").arg("-vV").current_dir(workspace.root()))?;
        let host = said.lines().find_map(|line| line.strip_prefix("host: "));
        let host =
            host.ok_or_else(|| Failed::new("rustc does not say what it runs on"))?.to_owned();
        let package = workspace.root().join("fuzz");
        Ok(Self { package, target: workspace.target().join("fuzz"), host })
    }

    /// A program each.
    fn targets(&self) -> Result<Vec<String>, Failed> {
        let folder = self.package.join("src/bin");
        let files = fs::read_dir(&folder).map_err(Failed::at(&folder))?.flatten();
        let files = files.map(|file| file.path()).filter(|path| is_source(path));
        let names = files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
        let mut names: Vec<_> = names.collect();
        names.sort();
        if names.is_empty() {
            return Err(Failed::new(format!("there are no targets in {}", folder.display())));
        }
        Ok(names)
    }

    fn build(&self) -> Result<(), Failed> {
        let mut cargo = run::cargo(&self.package);
        // With a target named, build scripts and macros are built without the flags.
        cargo.args(["build", "--locked", "--bins", "--target", &self.host]);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
        run::run(cargo.env("CARGO_TARGET_DIR", &self.target).env("CARGO_INCREMENTAL", "0"))
    }

    fn corpus(&self, target: &str) -> PathBuf {
        self.target.join("corpus").join(target)
    }

    /// Runs targets, a few at once; what was found by each that found something.
    fn run(&self, targets: &[String], wish: &Wish) -> Vec<String> {
        let waiting: Mutex<VecDeque<_>> = Mutex::new(targets.iter().collect());
        let found = Mutex::new(Vec::new());
        let next = || waiting.lock().ok()?.pop_front();
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(target) = next() {
                        match self.run_one(target, wish) {
                            Ok(told) => println!("{target}: {told}"),
                            Err(failed) => {
                                let told = format!("{target}: {}", failed.told());
                                found.lock().map(|mut all| all.push(told)).unwrap_or_default();
                            }
                        }
                    }
                });
            }
        });
        found.into_inner().unwrap_or_default()
    }

    /// What was found once is tried first, until it is mended.
    fn run_one(&self, target: &str, wish: &Wish) -> Result<String, Failed> {
        let seconds = wish.seconds;
        let kept = self.target.join("found").join(target);
        fs::create_dir_all(&kept).map_err(Failed::at(&kept))?;
        let mut program = Command::new(self.target.join(&self.host).join("debug").join(target));
        // New cases go into the first folder.
        program.args([&self.corpus(target), &kept]);
        program.args([
            format!("-max_total_time={seconds}"),
            format!("-artifact_prefix={}/", kept.display()),
            // A text of a few messages; longer ones are slower and find no more.
            "-max_len=8192".to_owned(),
            "-timeout=20".to_owned(),
            "-rss_limit_mb=1024".to_owned(),
            "-print_final_stats=1".to_owned(),
        ]);
        if wish.luck == Luck::Same {
            program.arg("-seed=1");
        }
        let output = run::finished(&mut program)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(Failed::new("it found something").help(last(&said)));
        }
        let times = proven(&said).map_err(|lack| Failed::new(lack).help(last(&said)))?;
        Ok(format!("{times} times in {seconds} s, nothing found"))
    }
}

/// How often a target ran that found nothing; an error where that proves nothing.
fn proven(said: &str) -> Result<u64, &'static str> {
    counters(said).ok_or("it was built without counters, and so tried at random alone")?;
    executions(said).ok_or("it does not say how often it ran")
}

/// How many places of the code are counted, as libFuzzer says at its start.
fn counters(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains(" inline 8-bit counters)"))?;
    let number = line.split_once('(')?.1.split_whitespace().next()?;
    number.parse().ok().filter(|counters| *counters > 0)
}

/// How often a target ran, as libFuzzer says at its end.
fn executions(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line?.trim().parse().ok().filter(|times| *times > 0)
}

/// What a target said of its end: the panic, where the case is kept, and its bytes, for whoever has
/// no more of that machine than what it printed.
fn last(said: &str) -> String {
    let lines: Vec<_> = said.lines().filter(|line| !line.starts_with('#')).collect();
    let panic = lines.iter().position(|line| line.contains("panicked at"));
    let panic = panic.map_or(&[][..], |at| &lines[at..lines.len().min(at + 4)]);
    let is_kept = |line: &str| line.contains("Test unit written to") || line.starts_with("Base64:");
    let kept = lines.iter().filter(|line| is_kept(line));
    let told: Vec<_> = panic.iter().chain(kept).copied().collect();
    if told.is_empty() {
        lines[lines.len().saturating_sub(20)..].join("\n")
    } else {
        told.join("\n")
    }
}

/// The folder of the targets' own lockfile, for what looks at every lockfile.
pub(crate) const PACKAGE: &str = "fuzz/Cargo.toml";

/// Whether the folder is there to be read from: seeds come from the sources.
fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn seconds_and_one_target_are_understood() {
        let all = Wish { seconds: 60, target: None, luck: Luck::New };
        assert_eq!(Wish::parse(&[]).unwrap(), all);
        let wish = Wish::parse(&words("--seconds 5 units")).unwrap();
        assert_eq!(wish, Wish { seconds: 5, target: Some("units".to_owned()), ..all });
        for wrong in ["--seconds", "--seconds x", "--seconds 0", "a b", "--fast"] {
            assert!(Wish::parse(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_run_that_tried_nothing_or_saw_nothing_of_the_code_is_no_success() {
        let loaded = "INFO: Loaded 1 modules   (52 inline 8-bit counters): 52 [0x1, 0x2),\n";
        let ran = "stat::number_of_executed_units: 417\n";
        assert_eq!(counters(loaded), Some(52));
        assert_eq!(proven(&format!("{loaded}{ran}")), Ok(417));
        assert!(proven(ran).is_err() && proven(loaded).is_err());
        assert_eq!(counters(&loaded.replace("52", "0")), None);
        assert_eq!(executions("stat::number_of_executed_units: 417\n"), Some(417));
        assert_eq!(executions("stat::number_of_executed_units: 0\n"), None);
        assert_eq!(executions(""), None);
    }

    #[test]
    fn a_find_is_told_with_its_place_and_its_bytes() {
        let panic = "thread panicked at src/a.rs:1:1:\nleft\nright\n1: main";
        let kept = "Test unit written to /f\nBase64: YQ==";
        assert_eq!(last(&format!("#1 x\n{panic}\n2: x\n{kept}\n")), format!("{panic}\n{kept}"));
    }
}
