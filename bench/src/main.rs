//! Figures of ConvoSync and of what else could do its work, in one table: `cargo xtask bench`.
//!
//! All of a table is measured in one run on one machine, so that its rows can be compared. Nothing
//! here is a test: a figure depends on what else the machine does.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line for developers")]

mod bytes;
mod corpus;
mod cost;
mod distant;
mod end_to_end;
mod git_clock;
mod lists;
mod machine;
mod rivals;
mod running;
mod speed;
mod stand;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use corpus::Corpus;
use table::Table;

const USAGE: &str = "\
usage: convosync-bench [--only bytes|speed|lists|end-to-end]… [--write FILE]

  --only PART    only this part of the table, and no file
  --write FILE   write the table there too, with what machine it is of

The programs under test: CONVOSYNC_HELPER, CONVOSYNC_NU_PLUGIN. CONVOSYNC_DATA: a folder with
recorded transcripts; without it they are made up, the same ones every time.";

fn main() -> ExitCode {
    if let Some(code) = git_clock::if_called_as_git() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [child, task @ ..] = arguments.as_slice()
        && child == "--child"
    {
        return stand::child(task);
    }
    match Wanted::parse(&arguments) {
        Some(wanted) => bench(&wanted),
        None => {
            eprintln!("{USAGE}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Wanted {
    only: Vec<String>,
    write: Option<PathBuf>,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Option<Self> {
        let mut wanted = Self::default();
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            let value = rest.next()?;
            match flag.as_str() {
                "--only" if ["bytes", "speed", "lists", "end-to-end"].contains(&value.as_str()) => {
                    wanted.only.push(value.clone());
                }
                "--write" => wanted.write = Some(value.into()),
                _ => return None,
            }
        }
        Some(wanted)
    }

    fn has(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

fn bench(wanted: &Wanted) -> ExitCode {
    let corpus = Corpus::find();
    let mut table = Table::default();
    if wanted.has("bytes") {
        bytes::measure(&corpus, &mut table);
    }
    if wanted.has("speed") {
        speed::measure(&corpus, &mut table);
    }
    if wanted.has("lists") {
        lists::measure(&mut table);
    }
    if wanted.has("end-to-end") {
        end_to_end::measure(&mut table);
    }
    let text = format!("{}\n{}", machine::described(&corpus), table.markdown());
    println!("{text}");
    match &wanted.write {
        Some(file) if wanted.only.is_empty() => match std::fs::write(file, machine::page(&text)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {}: {error}", file.display());
                ExitCode::FAILURE
            }
        },
        _ => ExitCode::SUCCESS,
    }
}
