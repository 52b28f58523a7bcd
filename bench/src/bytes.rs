//! Bytes that go to the store.

use std::convert::Infallible;
use std::io::Cursor;

use convosync_core::{ClaudeCode, FileState, PackInput, ReadSeek, Rules as _, pack};
use convosync_tests::World;

use crate::corpus::{Corpus, Scenario};
use crate::rivals;
use crate::stand;
use crate::table::{Limit, Table, Unit};

const ID: &str = "11111111-2222-4333-8444-555555555555";

pub(crate) fn measure(corpus: &Corpus, table: &mut Table) {
    for scenario in &corpus.scenarios {
        let sizes: Vec<_> = scenario.steps.iter().map(|step| step.len() / 1000).collect();
        table.section(&format!("Bytes uploaded: {} (files of {sizes:?} kB)", scenario.name));
        one(scenario, table);
    }
}

fn one(scenario: &Scenario, table: &mut Table) {
    let steps = &scenario.steps;
    let mut row = |what: &str, bytes: u64, limit, command: &str| {
        table.row(what, (bytes as f64, Unit::Bytes), limit, command);
    };
    let patches = rivals::patches(steps);
    let limit = |times: f64| patches.map_or(Limit::None, |sum| Limit::AtMost(sum as f64 * times));
    let (segments, units) = scenario.limits;
    row(
        "**ConvoSync, segments**",
        packed(steps),
        limit(segments),
        "cargo xtask bench --only bytes",
    );
    let command = "convosync save; du -b STORE/v1/s STORE/v1/o";
    row("**ConvoSync, sealed units**", sealed(steps), limit(units), command);
    if let Some(sum) = patches {
        row("zstd", sum, Limit::None, "zstd -19 --long=27 --patch-from=OLD NEW");
    }
    row("gzip of what was appended", rivals::gzip_deltas(steps), Limit::None, "gzip -9 < DELTA");
    row("gzip of the whole file", rivals::whole_files(steps), Limit::None, "gzip -9 < FILE");
    let command = "git commit; git gc --aggressive --prune=now; du -b .git/objects/pack";
    row("git", rivals::git_packs(steps), Limit::None, command);
    match rivals::restic(steps) {
        Some(sum) => row("restic", sum, Limit::None, "restic backup --compression max FILE"),
        None => table.note("restic is not on the PATH: left out"),
    }
    if patches.is_none() {
        table.note("zstd is not on the PATH: no limits of bytes");
    }
}

/// Bytes of the segments alone.
fn packed(steps: &[Vec<u8>]) -> u64 {
    let mut state: Option<FileState> = None;
    let mut before: &[u8] = &[];
    let mut sum = 0;
    for step in steps {
        let mut scan = ClaudeCode.scan();
        step.split(|byte| *byte == b'\n').for_each(|line| scan.line(line));
        let mut old_file = Cursor::new(before);
        let input = PackInput {
            key: &[1; 32],
            old: state.as_ref(),
            old_file: Some(&mut old_file as &mut dyn ReadSeek),
            new_file: &mut Cursor::new(&step[..]),
            new_len: step.len() as u64,
            blocks: None,
            messages: scan.summary().messages,
        };
        let next = pack::<Infallible>(input, &mut |_, packed| {
            sum += packed.len() as u64;
            Ok(())
        });
        state = Some(next.expect("memory holds the files"));
        before = step;
    }
    sum
}

/// Bytes of the objects that saves put into a store.
fn sealed(steps: &[Vec<u8>]) -> u64 {
    let world = World::new();
    let device = world.first_device("desktop", "app");
    let mut sum = 0;
    for step in steps {
        stand::talk(&device, ID, step);
        sum += stand::run(&world, &device, stand::save(ID)).traffic.up;
    }
    sum
}
