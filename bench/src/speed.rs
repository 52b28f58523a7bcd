//! Time, memory, processes and requests of a save and a resume.

use std::process::{Command, Stdio};
use std::time::Instant;

use convosync_tests::{Device, World, helper};
use convosync_wire::{ListArgs, Reply, Verb};

use crate::corpus::{self, Corpus};
use crate::cost::{median, ms};
use crate::stand::{self, Run};
use crate::table::{Limit, Table, Unit};

const ROUNDS: usize = 5;

/// A conversation of 100 MB.
const HUGE: usize = 100_000_000;

pub(crate) fn measure(corpus: &Corpus, table: &mut Table) {
    let (old, new) = (corpus::cut(&corpus.long, 3_700_000), corpus.scenarios[0].steps.last());
    let mut new = corpus::cut(new.expect("there are saves"), 200_000);
    new.splice(..0, old.iter().copied());
    let title = format!(
        "A warm save and a resume ({:.1} MB conversation, {:.0} kB new)",
        old.len() as f64 / 1e6,
        (new.len() - old.len()) as f64 / 1e3
    );
    table.section(&title);
    let rounds: Vec<_> = (0..ROUNDS).map(|round| save_and_resume(round, &old, &new)).collect();
    tell(&rounds, table);
    // Memory does not grow with the conversation: the same limit for both.
    for len in [3_700_000, HUGE] {
        table.section(&format!("A conversation of {} MB, each command alone", len as f64 / 1e6));
        alone(len, table);
    }
    table.section("Start-up");
    let version = command_ms(&helper(), &["--version"], 21);
    let limit = Limit::AtMost(10.0);
    table.row("helper", (version, Unit::Milliseconds), limit, "convosync --version");
}

/// What one round measured.
struct Round {
    save: Run,
    resume: Run,
    list: Run,
}

fn save_and_resume(round: usize, old: &[u8], new: &[u8]) -> Round {
    let id = format!("11111111-2222-4333-8444-55555555{round:04}");
    let (world, desktop, laptop) = World::pair();
    desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
    desktop.write("auth.js", "login\n");
    stand::talk(&desktop, &id, old);
    stand::run(&world, &desktop, stand::save(&id));
    stand::run(&world, &laptop, stand::resume());
    desktop.write("auth.js", "login\ngoogle\n");
    stand::talk(&desktop, &id, new);
    let save = stand::run(&world, &desktop, stand::save(&id));
    let resume = stand::run(&world, &laptop, stand::resume());
    assert!(matches!(&resume.reply, Reply::Resumed(report) if report.in_step), "in step");
    let list = stand::run(&world, &laptop, Verb::List(ListArgs::default()));
    Round { save, resume, list }
}

fn tell(rounds: &[Round], table: &mut Table) {
    let middle = |of: &dyn Fn(&Round) -> f64| median(rounds.iter().map(of).collect());
    let mut time = |what: &str, figure: f64, limit: Option<f64>, command: &str| {
        let limit = limit.map_or(Limit::None, Limit::AtMost);
        table.row(what, (figure, Unit::Milliseconds), limit, command);
    };
    let cpu = middle(&|round| ms(round.save.cost.cpu));
    time("save: processor, without git", cpu, Some(25.0), "perf stat convosync save M");
    let wall = middle(&|round| ms(round.save.wall_without_git()));
    time("save: clock beyond git's", wall, None, "time convosync save M");
    time("save: git", middle(&|round| ms(round.save.git.time)), None, "strace -f -e execve …");
    let cpu = middle(&|round| ms(round.resume.cost.cpu));
    time("resume: processor, without git", cpu, None, "perf stat convosync resume");
    let wall = middle(&|round| ms(round.resume.wall_without_git()));
    time("resume: clock beyond git's", wall, Some(60.0), "time convosync resume");
    time("resume: git", middle(&|round| ms(round.resume.git.time)), None, "strace -f -e execve …");
    let last = rounds.last().expect("there are rounds");
    let runs =
        [("save", &last.save, 8.0), ("resume", &last.resume, 10.0), ("list", &last.list, 2.0)];
    for (verb, run, limit) in runs {
        let command = format!("strace -f -e execve convosync {verb}");
        let processes = (run.git.processes as f64, Unit::Processes);
        table.row(format!("{verb}: git processes"), processes, Limit::AtMost(limit), command);
    }
    for (verb, run, _) in runs {
        let (traffic, command) = (run.traffic, "cargo xtask bench --only speed");
        let mut row = |what: &str, figure: u64, unit| {
            table.row(format!("{verb}: {what}"), (figure as f64, unit), Limit::None, command);
        };
        row("requests to the store", traffic.requests, Unit::Requests);
        row("bytes to the store", traffic.up, Unit::Bytes);
        row("bytes from the store", traffic.down, Unit::Bytes);
    }
}

fn alone(len: usize, table: &mut Table) {
    let id = "11111111-2222-4333-8444-555555559999";
    let (world, desktop, laptop) = World::pair();
    stand::talk(&desktop, id, &corpus::conversation(4, len));
    let (time, peak) = stand::alone(&world, &desktop, "save", id);
    table.row("first save", (time, Unit::Milliseconds), Limit::None, "time convosync save M");
    let command = "/usr/bin/time -v convosync save M";
    table.row("first save: memory", (peak, Unit::Mebibytes), Limit::AtMost(64.0), command);
    let (time, peak) = stand::alone(&world, &laptop, "resume", id);
    let most = if len == HUGE { 1000.0 } else { 60.0 };
    let (limit, command) = (Limit::AtMost(most), "time convosync resume");
    table.row("resume: clock beyond git's", (time, Unit::Milliseconds), limit, command);
    let command = "/usr/bin/time -v convosync resume";
    table.row("resume: memory", (peak, Unit::Mebibytes), Limit::AtMost(64.0), command);
    tell_rest(&world, &desktop, id, table);
}

/// A further save of the same conversation.
fn tell_rest(world: &World, desktop: &Device, id: &str, table: &mut Table) {
    let mut bytes = std::fs::read(desktop.transcript(id)).expect("it was written");
    bytes.extend(corpus::conversation(5, 200_000));
    stand::talk(desktop, id, &bytes);
    let (time, peak) = stand::alone(world, desktop, "save", id);
    table.row(
        "save of 200 kB more",
        (time, Unit::Milliseconds),
        Limit::None,
        "time convosync save M",
    );
    let command = "/usr/bin/time -v convosync save M";
    table.row("save of 200 kB more: memory", (peak, Unit::Mebibytes), Limit::AtMost(64.0), command);
}

/// The middle time of several runs of a program that succeeds.
pub(crate) fn command_ms(program: &std::path::Path, args: &[&str], runs: usize) -> f64 {
    let once = || {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
        timed(&mut command)
    };
    median((0..runs).map(|_| once()).collect())
}

/// Milliseconds of a command that succeeds.
pub(crate) fn timed(command: &mut Command) -> f64 {
    let began = Instant::now();
    let status = command.status().expect("it runs");
    assert!(status.success(), "{command:?} {status}");
    ms(began.elapsed())
}
