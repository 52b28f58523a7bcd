//! What the plugin takes in the real Zellij. The figures are printed; of the processor's time only so
//! much is asked that one which spins is found: a machine may be busy.

use std::fs;
use std::time::{Duration, Instant};

use convosync_tests::{Session, World, Zellij, watcher_of};
use serde_json::Value;

const TALK: &str = "11111111-2222-4333-8444-555555555555";

/// How often each is measured.
const TIMES: u32 = 20;

/// Keys that each have the column drawn anew.
const KEYS: u32 = 100;

/// What is typed into the filter behind them: it is on the screen when all of them were heard.
const LAST: [&str; 6] = ["/", "o", "k", "a", "p", "i"];

/// Processor time for a key and its redraw, at most; it takes a tenth of that.
const MOST_FOR_A_KEY: Duration = Duration::from_millis(50);

/// Processor time in five seconds without a change, at most.
const MOST_IDLE: Duration = Duration::from_secs(1);

/// The processor time that a process has taken so far. Linux counts it in hundredths of a second.
fn processor_time(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<&str> =
        stat.rsplit(')').next().expect("behind the name").split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

/// The median of a call of `zellij pipe` with this name, and what it answered last.
fn piped(session: &Session<'_>, name: &str) -> (Duration, String) {
    let mut answer = String::new();
    let mut times: Vec<_> = (0..TIMES)
        .map(|_| {
            let begin = Instant::now();
            answer = session.pipe(&["--name", name, "--", "x"]);
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[times.len() / 2], answer)
}

#[test]
fn the_plugin_answers_and_draws_and_it_is_printed_how_fast() {
    let files = [("src/login.rs", "fn login() {}\n")];
    let (_world, _desktop, laptop, _) = World::pair_with_a_session(TALK, &files);
    let zellij = Zellij::with_plugin(&laptop);
    let session = zellij.start_with_column("work");
    session.wait_for_calm("feature/oauth");
    session.wait_until("a watch", |_| watcher_of(&laptop).is_some());
    let server = session.server();

    let (nothing, _) = piped(&session, "of-nobody");
    let (snapshot, answer) = piped(&session, "convosync-snapshot");
    let line = answer.lines().next().expect("a snapshot is one line");
    let told: Value = serde_json::from_str(line).expect("it is JSON");
    assert_eq!(told["session"], "work", "{told}");

    let calm = Duration::from_secs(5);
    let before = processor_time(server);
    std::thread::sleep(calm);
    let idle = processor_time(server) - before;

    session.go_to_column();
    let before = processor_time(server);
    for _ in 0..KEYS {
        session.press(&["?", "?"]);
    }
    session.press(&LAST);
    session.wait_for("okapi");
    let drawn = (processor_time(server) - before) / (2 * KEYS);

    println!("a pipe that nobody answers: {nothing:?}, one for a snapshot: {snapshot:?}");
    println!("processor time of the server for a key and its redraw: {drawn:?}");
    println!("processor time of the server in {calm:?} without a change: {idle:?}");
    assert!(drawn < MOST_FOR_A_KEY && idle < MOST_IDLE);
}
