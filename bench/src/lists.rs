//! Lists of many sessions.

use std::fs;
use std::process::Stdio;

use convosync_adapters::{KeyFile, Paths, SqliteIndex};
use convosync_core::{
    Card, CodeState, Devices, Profile, Salts, SaveId, SessionId, UnitBody, Vector, card_prefix,
    seal_unit,
};
use convosync_engine::ports::{Index as _, IndexChange, StoredCard, Vault as _};
use convosync_tests::{Device, World, helper, nu_plugin};

use crate::cost::median;
use crate::speed::timed;
use crate::table::{Limit, Table, Unit};

/// The clock of the first save, 2026-01-02.
const START_MS: i64 = 1_767_312_000_000;

pub(crate) fn measure(table: &mut Table) {
    for (count, limit) in [(1_000, 10.0), (100_000, 500.0)] {
        table.section(&format!("A list of {count} sessions"));
        let (_world, device) = with_sessions(count);
        let rounds = if count > 10_000 { 3 } else { 11 };
        let mut row = |args: &[&str], limit| {
            let what = format!("helper, `{}`", args.join(" "));
            let figure = (helper_ms(&device, args, rounds), Unit::Milliseconds);
            table.row(what, figure, limit, format!("time convosync {}", args.join(" ")));
        };
        row(&["list"], Limit::AtMost(limit));
        row(&["list", "--offline"], Limit::AtMost(limit));
        row(&["list", "--all", "--offline", "--json"], Limit::None);
        if count == 1_000 {
            in_nushell(&device, table);
        }
    }
}

fn helper_ms(device: &Device, args: &[&str], rounds: usize) -> f64 {
    let once = || timed(device.command(args).stdout(Stdio::null()));
    // The first one may have to tidy up after whatever filled the index.
    once();
    median((0..rounds).map(|_| once()).collect())
}

/// The plugin's table, by Nushell's own clock; Nushell and the plugin are running already.
fn in_nushell(device: &Device, table: &mut Table) {
    let tools = std::env::var_os("CONVOSYNC_TOOLS").map(std::path::PathBuf::from);
    let Some(nu) = tools.map(|tools| tools.join("bin/nu")).filter(|nu| nu.exists()) else {
        table.note("Nushell is not in CONVOSYNC_TOOLS: left out");
        return;
    };
    let plugins = format!("[{:?}]", nu_plugin().display().to_string());
    for (verb, limit) in
        [("convosync list", Limit::AtMost(25.0)), ("convosync list --all", Limit::None)]
    {
        let script = format!(
            "$env.config.plugins.convosync = {{helper: {:?}}}; {verb} | ignore; \
             1..11 | each {{ timeit {{ {verb} | table | ignore }} | into int }} | to json -r",
            helper().display().to_string()
        );
        let mut command = std::process::Command::new(&nu);
        command.args(["--no-config-file", "--plugins", &plugins, "--commands", &script]);
        command.env_clear().envs(device.env()).current_dir(&device.work_tree).stdin(Stdio::null());
        let output = command.output().expect("Nushell runs");
        let times: Option<Vec<f64>> = serde_json::from_slice(&output.stdout).ok();
        let Some(times) = times else {
            table.note(format!("Nushell did not measure: {}", convosync_tests::told(&output)));
            return;
        };
        let figure = median(times) / 1e6;
        let command = format!("timeit {{ {verb} \\| table }}");
        table.row(format!("Nushell, `{verb}`"), (figure, Unit::Milliseconds), limit, command);
    }
}

/// A device that knows so many sessions, all of them in its store.
fn with_sessions(count: u64) -> (World, Device) {
    let world = World::new();
    let device = world.first_device("desktop", "app");
    fill(&world, &device, count);
    (world, device)
}

/// Makes so many sessions in a folder store, which the device knows.
pub(crate) fn fill(world: &World, device: &Device, count: u64) {
    let paths = Paths::from_env(&device.env()).expect("a home");
    let profile = KeyFile::new(paths.profile()).load().expect("readable").expect("it was made");
    let hash = Devices::of(&profile.device).hash();
    let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).expect("the system has randomness");
    let mut rows = Vec::new();
    for number in 1..=count {
        let card = card(&profile, number);
        let (name, unit) =
            seal_unit(&profile, hash, &card, &UnitBody::default(), Salts::Fresh(&mut random))
                .expect("a small card fits");
        let path = world.store().join(name.to_string());
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, unit.as_bytes()).expect("an object");
        rows.push(IndexChange::PutCard(StoredCard {
            session: card.session,
            save: card.save,
            card: card_prefix(&unit).expect("it was just sealed"),
            size: unit.as_bytes().len() as u64,
        }));
    }
    let index = SqliteIndex::open(paths.index()).expect("the index opens");
    index.apply(&rows).expect("the index takes it");
}

fn card(profile: &Profile, number: u64) -> Card {
    let device = &profile.device;
    let save = SaveId::new(1, device.id.clone(), number, &number.to_le_bytes()).expect("a save id");
    Card {
        // The letters take five bits of each byte.
        session: SessionId::from_random(&std::array::from_fn(|at| (number >> (5 * at)) as u8 & 31)),
        vector: Vector::after([], &save),
        save,
        parents: Vec::new(),
        timestamp_ms: START_MS + number as i64 * 60_000,
        device_name: device.name.clone(),
        device_kind: device.kind,
        message: format!("Step {number}: the parser takes what the router gave it"),
        branch: Some(format!("feature/step-{}", number % 97)),
        commit: format!("{number:040x}").parse().ok(),
        code: CodeState::Pushed,
        repository: format!("git.example.org/team/project-{}", number % 13),
        folder: None,
        working_directory: "/home/alice/projects/app".to_owned(),
        conversation: None,
        message_count: number % 400,
        size: number * 1000 % 3_000_000,
        content: [0; 16],
        quiet: false,
        parked: false,
        note: false,
        title: None,
        terminal: true,
        uncommitted: 0,
    }
}
