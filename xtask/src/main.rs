//! Set-up, tests, demo, figures and installation of ConvoSync: `cargo xtask help`.
//!
//! Knows none of the project's crates: it builds them and runs what comes out.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line for developers")]

mod bench;
mod demo;
mod docs;
mod fuzz;
mod install;
mod installed;
mod lint;
mod pages;
mod run;
mod test;
mod tools;
mod workspace;
mod zellij;

use std::path::PathBuf;
use std::process::ExitCode;

use run::Failed;
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask <task>

  test [--fast|--slow] [FILTER…]   run the tests: --fast leaves out those that drive real programs
                                   or take long (files `real_*`, `long_*`), --slow runs only those
  demo [--keep] [--store KIND]     save on one device, list and resume on another, in real Nushell;
                                   the store is a `folder`, a `git` repository or `s3` (SeaweedFS)
       [--zellij]                  by keys in two real Zellij sessions, with all panes
  install [--prefix DIR]           build, install helper, plugins, Nushell module, Zellij's layouts and
                                   configuration, register them
  uninstall [--prefix DIR]         take away what install put there; sessions and keys stay
  bench [--only PART] [--write]    what saving, resuming and listing cost, beside gzip, zstd, git and
                                   restic; --write keeps the table in docs/benchmarks.md
  fuzz [--seconds N] [TARGET]      try hostile bytes on what reads what others wrote, 60 s each; found cases
                                   are kept in target/fuzz/found
  wasm                             build Zellij's plugin, and say where it is
  docs                             write docs/commands.md anew from what the programs say
  screenshots                      draw docs/pictures anew from what the programs show
  tools                            only fetch what tests and demo need, into target/tools
  audit                            known weaknesses of all dependencies, from the RustSec database
  lint                             licences, bans, sources and number of dependencies; the glue of Zellij's plugin, for WebAssembly";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failed> {
    let (task, rest) = arguments
        .split_first()
        .map_or(("help", [].as_slice()), |(task, rest)| (task.as_str(), rest));
    let workspace = Workspace::find()?;
    match task {
        "test" => test::test(&workspace, &test::Selection::parse(rest)?),
        "demo" => demo::demo(&workspace, &demo::Telling::parse(rest)?),
        "install" => install::install(&workspace, prefix(rest)?),
        "uninstall" => install::uninstall(prefix(rest)?),
        "bench" => bench::bench(&workspace, rest),
        "fuzz" => fuzz::fuzz(&workspace, &fuzz::Wish::parse(rest)?).map(drop),
        "wasm" => only_flag(rest, "").and_then(|_| tell_wasm(&workspace)),
        "docs" => only_flag(rest, "").and_then(|_| docs::docs(&workspace)),
        "screenshots" => only_flag(rest, "").and_then(|_| docs::screenshots(&workspace)),
        "tools" => only_flag(rest, "").and_then(|_| set_up_everything(&workspace)),
        "audit" => only_flag(rest, "").and_then(|_| lint::audit(&workspace)),
        "lint" => only_flag(rest, "").and_then(|_| lint::lint(&workspace)),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        unknown => Err(Failed::new(format!("there is no task `{unknown}`")).help(USAGE)),
    }
}

fn set_up_everything(workspace: &Workspace) -> Result<(), Failed> {
    let tools = tools::set_up(workspace, tools::ALL)?;
    lint::wasm_target_is_there();
    tools::tell_what_the_system_lacks();
    println!("{}", tools.folder().display());
    Ok(())
}

fn tell_wasm(workspace: &Workspace) -> Result<(), Failed> {
    println!("{}", zellij::wasm(workspace)?.display());
    Ok(())
}

/// Whether `flag` was given; fails on anything else.
fn only_flag(arguments: &[String], flag: &str) -> Result<bool, Failed> {
    match arguments.iter().find(|a| *a != flag) {
        Some(unknown) => Err(unknown_argument(unknown)),
        None => Ok(!arguments.is_empty()),
    }
}

fn prefix(arguments: &[String]) -> Result<Option<PathBuf>, Failed> {
    match arguments {
        [] => Ok(None),
        [flag, dir] if flag == "--prefix" => Ok(Some(dir.into())),
        [joined] if joined.starts_with("--prefix=") => Ok(Some(joined["--prefix=".len()..].into())),
        [flag] if flag == "--prefix" => Err(Failed::new("`--prefix` needs a folder")),
        [unknown, ..] => Err(unknown_argument(unknown)),
    }
}

fn unknown_argument(argument: &str) -> Failed {
    Failed::new(format!("`{argument}` is not understood here")).help(USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_prefix_is_read_in_both_spellings() {
        assert_eq!(prefix(&words("")).unwrap(), None);
        assert_eq!(prefix(&words("--prefix /opt/x")).unwrap(), Some("/opt/x".into()));
        assert_eq!(prefix(&words("--prefix=/opt/x")).unwrap(), Some("/opt/x".into()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(prefix(&words("--prefix")).is_err());
        assert!(prefix(&words("--perfix /opt/x")).is_err());
        assert!(only_flag(&words("--kep"), "--keep").is_err());
        assert!(only_flag(&words("--keep"), "--keep").unwrap());
        assert!(!only_flag(&[], "--keep").unwrap());
    }
}
