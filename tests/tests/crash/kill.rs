//! `kill -9` of the helper at any moment of a save and of a resume.

use convosync_tests::World;

use crate::audit::audit;
use crate::moments::Moments;
use crate::scene::{
    End, ID, everywhere, has_one_head, is_saved, kill_after, last_prompt, store_has_all, time_of,
    work,
};

/// Kills for each command.
const KILLS: u32 = 20;

#[test]
fn a_save_that_was_killed_at_any_moment_succeeds_the_next_time() {
    let (world, desktop, laptop) = World::pair();
    let mut moments = Moments::new();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    work(&desktop, 1);
    let span = time_of(&desktop, &["save", "step 1"]);
    let mut killed = 0;
    for kill in 0..KILLS {
        let step = 2 + kill as usize;
        work(&desktop, step);
        let transcript = std::fs::read(desktop.transcript(ID)).expect("the transcript");
        let message = format!("step {step}");
        let delay = moments.within(span, kill, KILLS);
        let end = kill_after(desktop.command(&["save", &message]), delay);
        killed += u32::from(end == End::Killed);
        println!("seed {}, kill {kill} after {delay:?}: {end:?}", moments.seed);
        let saved = desktop.json(&["save", &message]);
        assert_eq!(saved["synced"], true, "{saved}");
        assert_eq!(saved["new_session"], false, "{saved}");
        is_saved(&desktop, step);
        assert!(std::fs::read(desktop.transcript(ID)).expect("still there") == transcript);
    }
    assert!(killed >= KILLS / 2, "only {killed} of {KILLS} kills hit: the span was {span:?}");
    let messages: Vec<_> = (0..2 + KILLS).map(|step| format!("step {step}")).collect();
    store_has_all(&world, &desktop, &messages);
    laptop.ok(&["resume"]);
    assert_eq!(laptop.head(), desktop.head());
    store_has_all(&world, &laptop, &messages);
}

#[test]
fn a_resume_that_was_killed_at_any_moment_succeeds_the_next_time() {
    let (world, desktop, laptop) = World::pair();
    let mut moments = Moments::new();
    work(&desktop, 0);
    desktop.ok(&["save", "step 0"]);
    laptop.ok(&["resume"]);
    let resume = ["resume", "--on-dirty", "stash"];
    let mut prompts = Vec::new();
    let mut span = std::time::Duration::ZERO;
    let mut killed = 0;
    for kill in 0..=KILLS {
        let step = 1 + kill as usize;
        work(&desktop, step);
        desktop.ok(&["save", &format!("step {step}")]);
        // The laptop has work of its own that the resume has to put aside.
        laptop.write("README.md", &format!("changed {step}\n"));
        laptop.write("notes.txt", &format!("notes {step}\n"));
        laptop.talk(ID, 1);
        prompts.push(last_prompt(&laptop));
        if kill == 0 {
            span = time_of(&laptop, &resume);
            continue;
        }
        let delay = moments.within(span, kill - 1, KILLS);
        let end = kill_after(laptop.command(&resume), delay);
        killed += u32::from(end == End::Killed);
        println!("seed {}, kill {kill} after {delay:?}: {end:?}", moments.seed);
        let resumed = laptop.json(&resume);
        assert_eq!(resumed["in_step"], true, "{resumed}");
        assert_eq!(laptop.head(), desktop.head(), "step {step}");
        assert_eq!(laptop.git(&["status", "--porcelain"]), "", "step {step}");
        has_one_head(&laptop);
    }
    assert!(killed >= KILLS / 2, "only {killed} of {KILLS} kills hit: the span was {span:?}");
    let steps = || 1..=1 + KILLS as usize;
    let (readme, notes) = (everywhere(&laptop, "README.md"), everywhere(&laptop, "notes.txt"));
    for step in steps() {
        assert!(readme.contains(&format!("changed {step}")), "step {step}: {readme:?}");
        assert!(notes.contains(&format!("notes {step}")), "step {step}: {notes:?}");
    }
    let saves = audit(&world, &laptop);
    for prompt in prompts {
        assert!(saves.holds(&prompt), "`{prompt}` is in no save");
    }
    let messages: Vec<_> = steps().map(|step| format!("step {step}")).collect();
    store_has_all(&world, &desktop, &messages);
}
