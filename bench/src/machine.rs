//! What the figures were measured on.

use std::fs;
use std::process::Command;

use crate::corpus::Corpus;

/// Machine and data, in a few lines.
pub(crate) fn described(corpus: &Corpus) -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&cpu, "model name").unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: f64 = field(&memory, "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    format!(
        "- machine: {model}, {cores} cores, {:.0} GiB, Linux {}, load {load} at the end\n\
         - {}, release build of ConvoSync {}\n- data: {}\n",
        kib / 1024.0 / 1024.0,
        kernel.trim(),
        version("git"),
        env!("CARGO_PKG_VERSION"),
        corpus.source
    )
}

/// The page that is written to a file.
pub(crate) fn page(text: &str) -> String {
    format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench --write`; all figures are of one run. Times are medians. A \
         figure counts what its command would: the commands are for doing it again by hand.\n\n{text}"
    )
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| format!("no {program}"))
}
