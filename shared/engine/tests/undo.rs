//! A resume is taken back whole, whatever the work tree was like, whatever was done since, and
//! wherever the resume or the undo died.

mod world;

use std::collections::BTreeMap;

use convosync_core::ConversationId;
use convosync_engine::Outcome;
use convosync_engine::ports::Entropy;
use convosync_engine::testing::TestEntropy;
use convosync_wire::{
    Answers, OnConflict, OnDirty, OnDiverged, OnMergeConflict, Reply, ResumeArgs, SaveArgs,
    UndoArgs, UndoReport, Verb,
};
use world::{Device, World};

const ID: &str = "11111111-2222-4333-8444-555555555555";
const TRANSCRIPT: &str = "transcript.jsonl";

fn id() -> ConversationId {
    ID.parse().expect("an id")
}

fn talk(device: &Device, said: &str) {
    let path = || TRANSCRIPT.parse().expect("a path");
    let before = device.assistant.read(&id(), &device.tree, TRANSCRIPT).unwrap_or_default();
    let line = format!(
        "{{\"type\":\"user\",\"uuid\":\"{said}\",\"sessionId\":\"{ID}\",\
         \"message\":{{\"role\":\"user\",\"content\":\"{said}\"}}}}\n"
    );
    let bytes = [before, line.into_bytes()].concat();
    device.assistant.write(&id(), &device.tree, path(), bytes);
}

/// All that has to be as before, but for what an undo keeps itself.
fn picture(device: &Device) -> String {
    let talks = device.assistant.in_directory(&device.tree).into_iter().map(|id| {
        let text = device.assistant.read(&id, &device.tree, TRANSCRIPT).unwrap_or_default();
        (id.to_string(), String::from_utf8_lossy(&text).into_owned())
    });
    let talks: BTreeMap<_, _> = talks.collect();
    let Reply::Status(status) = device.ok(&Verb::Status) else { panic!("a status") };
    let session = status.session.map(|row| row.session_id);
    format!("{}\n{talks:?}\n{session:?}", device.git.picture(&device.tree))
}

fn undo() -> Verb {
    Verb::Undo(UndoArgs::default())
}

fn redo() -> Verb {
    Verb::Undo(UndoArgs { redo: true, ..UndoArgs::default() })
}

#[track_caller]
fn undone(reply: Reply) -> UndoReport {
    match reply {
        Reply::Undone(report) => report,
        other => panic!("{other:?}"),
    }
}

/// A die that falls the same way for the same seed.
struct Die(TestEntropy);

impl Die {
    fn of(seed: u64) -> Self {
        Self(TestEntropy::new(seed))
    }

    fn pick(&self, sides: u8) -> u8 {
        let mut byte = [0];
        self.0.fill(&mut byte);
        byte[0] % sides
    }

    fn coin(&self) -> bool {
        self.pick(2) == 0
    }
}

/// A laptop in some state, a session of the desktop's, and answers to all questions.
struct Scene {
    _world: World,
    lap: Device,
    answers: Answers,
    session: String,
}

impl Scene {
    fn of(seed: u64) -> Self {
        let (die, world) = (Die::of(seed), World::new());
        let (desk, lap) = world.pair();
        let branch = if die.coin() { "main" } else { "feature" };
        lap.git.switch_to(&lap.tree, "since");
        lap.git.switch_to(&lap.tree, "main");
        desk.git.switch_to(&desk.tree, branch);
        talk(&desk, "first");
        if die.coin() {
            // The laptop knows an earlier save, or has a conversation of its own.
            desk.git.write(&desk.tree, "plan.txt", "a plan");
            let session = save(&desk, "plan");
            lap.run(&Verb::Resume(of(&session, &everything(&die))), None);
        }
        desk.git.write(&desk.tree, "login.txt", "login");
        talk(&desk, "second");
        let session = save(&desk, "login");
        if die.coin() {
            lap.git.write(&lap.tree, "own.txt", "mine");
            if die.coin() {
                // Not while the resume of before waits.
                lap.run(&Verb::Save(SaveArgs::default()), None);
            }
        }
        if die.coin() {
            lap.git.write(&lap.tree, "code.txt", "changed here");
            lap.git.write(&lap.tree, "new.txt", "new here");
        }
        if die.coin() {
            talk(&lap, "said here");
        }
        if die.coin() && lap.git.switch_to(&lap.tree, "other") {
            lap.git.write(&lap.tree, "other.txt", "on another branch");
        }
        let answers = everything(&die);
        Self { _world: world, lap, answers, session }
    }

    fn resume(&self, death: Option<u64>) -> Option<Outcome> {
        self.lap.run(&Verb::Resume(of(&self.session, &self.answers)), death)
    }

    /// What a user does after a resume. What that left alone is left alone here too: an undo
    /// does the same.
    fn go_on(&self, die: &Die, before: &str) {
        let Scene { lap, .. } = self;
        let resumed = picture(lap);
        let talked = before.lines().nth(6) != resumed.lines().nth(6);
        if before.lines().take(6).eq(resumed.lines().take(6)) {
            return;
        }
        if die.coin() {
            lap.git.write(&lap.tree, "login.txt", "worked on");
        }
        if die.coin() {
            lap.git.write(&lap.tree, "since.txt", "since");
        }
        if talked && die.coin() {
            talk(lap, "since");
        }
        if die.coin() {
            lap.run(&Verb::Save(SaveArgs::default()), None);
        }
        if die.coin() {
            lap.git.switch_to(&lap.tree, "since");
        }
    }
}

fn of(session: &str, answers: &Answers) -> ResumeArgs {
    let (session, answers) = (Some(session.to_owned()), answers.clone());
    ResumeArgs { session, answers, ..ResumeArgs::default() }
}

/// An answer to every question.
fn everything(die: &Die) -> Answers {
    Answers {
        on_dirty: Some(if die.coin() { OnDirty::Stash } else { OnDirty::Commit }),
        switch_branch: Some(die.pick(4) > 0),
        on_diverged: Some(if die.coin() { OnDiverged::Merge } else { OnDiverged::Discard }),
        on_conflict: Some(match die.pick(3) {
            0 => OnConflict::Merge,
            1 => OnConflict::UseRemote,
            _ => OnConflict::KeepLocal,
        }),
        on_merge_conflict: Some(OnMergeConflict::OpenFiles),
        ..Answers::default()
    }
}

#[track_caller]
fn save(device: &Device, message: &str) -> String {
    let args = SaveArgs { message: Some(message.to_owned()), ..SaveArgs::default() };
    match device.ok(&Verb::Save(args)) {
        Reply::Saved(report) => report.session_id,
        other => panic!("{other:?}"),
    }
}

/// How many resumes of the laptop are written down.
#[track_caller]
fn written_down(device: &Device) -> usize {
    match device.ok(&Verb::Undo(UndoArgs { list: true, ..UndoArgs::default() })) {
        Reply::Undoable(listed) => listed.rows.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_resume_is_taken_back_and_brought_back() {
    let mut taken = 0;
    for seed in 0..200 {
        let (scene, die) = (Scene::of(seed), Die::of(seed + 1_000));
        let before = picture(&scene.lap);
        let outcome = scene.resume(None);
        if matches!(outcome, Some(Outcome::Decision(_))) {
            panic!("{seed}: {outcome:?}");
        }
        let resumed = picture(&scene.lap);
        if resumed == before {
            continue;
        }
        scene.go_on(&die, &before);
        let worked = picture(&scene.lap);
        undone(scene.lap.ok(&undo()));
        assert_eq!(picture(&scene.lap), before, "{seed}: {outcome:?}");
        let waits = matches!(outcome, Some(Outcome::Failure(_)));
        if !waits {
            undone(scene.lap.ok(&redo()));
            assert_eq!(picture(&scene.lap), worked, "{seed}");
            undone(scene.lap.ok(&undo()));
            assert_eq!(picture(&scene.lap), before, "{seed}");
        }
        taken += 1;
    }
    assert!(taken > 100, "only {taken} resumes have changed something");
}

#[test]
fn a_resume_that_died_anywhere_is_taken_back() {
    for seed in 0..12 {
        for death in 0.. {
            let (scene, die) = (Scene::of(seed), Die::of(seed + death));
            let before = picture(&scene.lap);
            let known = written_down(&scene.lap);
            let finished = scene.resume(Some(death)).is_some();
            if written_down(&scene.lap) > known {
                scene.go_on(&die, &before);
                undone(scene.lap.ok(&undo()));
            }
            assert_eq!(picture(&scene.lap), before, "{seed}/{death}");
            if finished {
                break;
            }
        }
    }
}

#[test]
fn an_undo_that_died_anywhere_goes_on() {
    for seed in 0..12 {
        for death in 0.. {
            let (scene, die) = (Scene::of(seed), Die::of(seed + death));
            let before = picture(&scene.lap);
            scene.resume(None);
            let resumed = picture(&scene.lap);
            if resumed == before {
                break;
            }
            scene.go_on(&die, &before);
            let known = written_down(&scene.lap);
            let finished = scene.lap.run(&undo(), Some(death)).is_some();
            if !finished && picture(&scene.lap) != before {
                assert_eq!(written_down(&scene.lap), known);
                undone(scene.lap.ok(&undo()));
            }
            assert_eq!(picture(&scene.lap), before, "{seed}/{death}");
            if finished {
                break;
            }
        }
    }
}
