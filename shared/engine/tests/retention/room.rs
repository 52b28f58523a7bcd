//! How much of what was sent stays on a device.

use convosync_engine::testing::Knobs;
use convosync_wire::{Answers, OnDiverged, ResumeArgs, Verb};

use crate::world::{World, done, save};

#[test]
fn the_cache_keeps_to_its_size_and_the_oldest_sessions_leave_it_first() {
    let world = World::new();
    let device = &world.desktop;
    let noise = |message: &str| (0..40).map(|n| format!("{message} {n}\n")).collect::<String>();
    let sessions: Vec<String> = (0..6)
        .map(|number| {
            world.pass(1);
            save(device, &noise(&number.to_string()), true).session_id
        })
        .collect();
    let of = |session: &str| {
        let start = format!("v1/s/{session}/");
        let all = device.cache.contents();
        all.keys().filter(|name| name.to_string().starts_with(&start)).count()
    };
    let bytes = || device.cache.contents().values().map(|bytes| bytes.len() as u64).sum::<u64>();
    let all = bytes();
    assert!(sessions.iter().all(|session| of(session) == 1), "nothing had to leave");
    let tight = Knobs { cached: all / 2, ..Knobs::PLAIN };
    tight.turn();
    save(device, "too soon", true);
    assert!(bytes() > all, "it is looked at once a day");
    world.pass(1);
    let newest = save(device, "a day later", true).session_id;
    Knobs::PLAIN.turn();
    assert!(bytes() <= all / 2 + all / 6, "{} of {all}", bytes());
    assert_eq!((of(&sessions[0]), of(&newest)), (0, 1), "the work tree is on the newest");
    let answers = Answers { on_diverged: Some(OnDiverged::Merge), ..Answers::default() };
    let session = Some(sessions[0].clone());
    done(device, &Verb::Resume(ResumeArgs { session, answers, ..ResumeArgs::default() }));
    assert_eq!(of(&sessions[0]), 1, "the store has it");
}
