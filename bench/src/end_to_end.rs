//! `convosync save` and `convosync resume` as they are typed, from the start of the process to its
//! end, beside git alone with the same change.
//!
//! Two worlds have the same files and go the same way. In one the change is saved and resumed; in the
//! other it is `git commit` with `git push`, and `git pull`. They take turns, so that what else the
//! machine does meets both.

use std::process::Command;
use std::time::Duration;

use convosync_tests::{Device, World};

use crate::corpus;
use crate::cost::median;
use crate::distant::Distant;
use crate::lists;
use crate::running::{Running, run};
use crate::table::{Limit, Table, Unit};

const ROUNDS: usize = 7;
const CONVERSATION: &str = "11111111-2222-4333-8444-555555550001";

/// What a turn adds to the conversation.
const TURN: usize = 200_000;

/// How much more than git alone a save and a resume may take.
const SAVE: f64 = 1.3;
const RESUME: f64 = 1.5;

/// One kind of user.
struct Case {
    title: &'static str,
    world: fn() -> World,
    conversation: usize,
    sessions: u64,
    files: usize,
    /// How long a byte is on its way to the git remote; none: it is in the next folder.
    one_way: Option<Duration>,
}

/// Everybody else differs from this one in one thing.
const COMMON: Case = Case {
    title: "a conversation of 3.7 MB, 100 sessions, 100 files, folder store",
    world: World::new,
    conversation: 3_700_000,
    sessions: 100,
    files: 100,
    one_way: None,
};

const CASES: [Case; 8] = [
    COMMON,
    Case { title: "a git remote 20 ms away", one_way: Some(Duration::from_millis(20)), ..COMMON },
    Case { title: "a conversation of 0.2 MB", conversation: 200_000, ..COMMON },
    Case { title: "a conversation of 100 MB", conversation: 100_000_000, ..COMMON },
    Case { title: "10,000 sessions", sessions: 10_000, ..COMMON },
    Case { title: "100,000 sessions", sessions: 100_000, ..COMMON },
    Case { title: "50,000 files", files: 50_000, ..COMMON },
    // What fills a store by hand writes files, not refs.
    Case { title: "git store, 1 session", world: World::with_git_store, sessions: 0, ..COMMON },
];

pub(crate) fn measure(table: &mut Table) {
    for case in &CASES {
        table.section(&format!("As it is typed: {}", case.title));
        tell(&rounds(case), table);
    }
}

/// Two devices of one world.
struct Pair {
    /// Held for as long as it is needed.
    #[expect(dead_code, reason = "gone when dropped")]
    remote: Option<Distant>,
    world: World,
    desktop: Device,
    laptop: Device,
}

impl Pair {
    fn of(case: &Case) -> Self {
        let (world, desktop, laptop) = (case.world)().with_pair();
        let remote = case.one_way.map(|one_way| Distant::new(&world.origin(), one_way));
        for device in [&desktop, &laptop] {
            if let Some(remote) = &remote {
                device.git(&["remote", "set-url", "origin", &remote.url()]);
            }
        }
        desktop.git(&["switch", "-q", "-c", "feature/oauth"]);
        for file in 0..case.files {
            let path = format!("src/part-{}/module-{file}.js", file % 100);
            desktop.write(&path, &format!("export const value = {file};\n"));
        }
        desktop.write("auth.js", "login\n");
        desktop.git(&["add", "-A"]);
        desktop.git(&["commit", "-q", "-m", "all files"]);
        desktop.git(&["push", "-q", "-u", "origin", "feature/oauth"]);
        laptop.git(&["fetch", "-q"]);
        laptop.git(&["switch", "-q", "feature/oauth"]);
        Self { remote, world, desktop, laptop }
    }

    fn with_sessions(self, case: &Case, talk: &[u8]) -> Self {
        lists::fill(&self.world, &self.desktop, case.sessions);
        crate::stand::talk(&self.desktop, CONVERSATION, talk);
        self.desktop.ok(&["save", "begin", "--conversation", CONVERSATION]);
        self.laptop.ok(&["list"]);
        self.laptop.ok(&["resume", "--latest"]);
        self
    }
}

/// What one round took.
struct Round {
    save: Running,
    push: f64,
    resume: Running,
    pull: f64,
}

fn rounds(case: &Case) -> Vec<Round> {
    let mut talk = corpus::conversation(6, case.conversation);
    let ours = Pair::of(case).with_sessions(case, &talk);
    let plain = Pair::of(case);
    let mut round = |number: usize| {
        talk.extend(corpus::conversation(7 + number as u64, TURN));
        crate::stand::talk(&ours.desktop, CONVERSATION, &talk);
        let source = format!("login\nattempt {number}\n");
        for pair in [&ours, &plain] {
            pair.desktop.write("auth.js", &source);
        }
        let save = run(ours.desktop.command(&["save", "more"]));
        let push = git(&plain.desktop, &[&["commit", "-q", "-a", "-m", "more"], &["push", "-q"]]);
        let resume = run(ours.laptop.command(&["resume"]));
        let pull = git(&plain.laptop, &[&["pull", "-q", "--ff-only"]]);
        assert_eq!(ours.laptop.read("auth.js"), source, "the code was brought");
        Round { save, push, resume, pull }
    };
    // The first one warms what both have.
    round(0);
    (1..=ROUNDS).map(round).collect()
}

/// Milliseconds of these commands, one after the other.
fn git(device: &Device, commands: &[&[&str]]) -> f64 {
    let command = |args: &&[&str]| -> Command { device.git_command(args) };
    commands.iter().map(command).map(|command| run(command).ms).sum()
}

fn tell(rounds: &[Round], table: &mut Table) {
    let middle = |of: &dyn Fn(&Round) -> f64| median(rounds.iter().map(of).collect());
    let (save, push) = (middle(&|round| round.save.ms), middle(&|round| round.push));
    let (resume, pull) = (middle(&|round| round.resume.ms), middle(&|round| round.pull));
    let mut time = |what: &str, figure: f64| {
        table.row(what, (figure, Unit::Milliseconds), Limit::None, format!("time {what}"));
    };
    time("convosync save more", save);
    time("git commit -qam more && git push -q", push);
    time("convosync resume", resume);
    time("git pull -q --ff-only", pull);
    let mut ratio = |what: &str, figure: f64, limit: f64| {
        let command = "cargo xtask bench --only end-to-end";
        table.row(what, (figure, Unit::Times), Limit::AtMost(limit), command);
    };
    ratio("save / git", save / push, SAVE);
    ratio("resume / git", resume / pull, RESUME);
    let last = rounds.last().expect("there are rounds");
    for (verb, running) in [("save", &last.save), ("resume", &last.resume)] {
        let what = format!("{verb}: calls that read, git's as well");
        let command = format!("strace -f -c -e trace=read,pread64 convosync {verb}");
        table.row(what, (running.reads, Unit::Calls), Limit::None, command);
    }
}
