//! The panes of a session: what of them a save takes along, and what a resume opens.

mod world;

use std::path::{Path, PathBuf};

use convosync_core::{Area, ConversationId, FilePath, Label, Size, Tab, Tile};
use convosync_engine::ports::{InPane, InStack, NewPane, NewRuns, Screen, ScreenPane, ScreenTab};
use convosync_engine::testing::Opened;
use convosync_wire::{
    Note, PanesInto, PanesWay, Reply, ResumeArgs, ResumeReport, SaveArgs, SaveReport, Secret, Verb,
};

use world::{Device, OLD, World, init, join};

const TALK: &str = "3f0e8c5a-0000-4000-8000-000000000001";

fn talk() -> ConversationId {
    TALK.parse().expect("an id")
}

/// Two devices of one account that have the same commit.
fn pair(world: &World) -> (Device, Device) {
    let (desk, lap) = (world.device("desk", 1), world.device("lap", 2));
    let Reply::Initialised(made) = desk.ok(&init(OLD)) else { panic!("an init") };
    lap.ok(&join(&Secret(made.recovery_words.expect("a new account shows its words"))));
    (desk, lap)
}

/// A conversation with one message in the work tree of a device.
fn converse(device: &Device) {
    let line = format!(
        "{{\"type\":\"user\",\"uuid\":\"1\",\"sessionId\":\"{TALK}\",\"cwd\":\"{}\",\
         \"message\":{{\"role\":\"user\",\"content\":\"hi\"}}}}\n",
        device.tree.display()
    );
    let path: FilePath = "transcript.jsonl".parse().expect("a path");
    device.assistant.write(&talk(), &device.tree, path, line.into_bytes());
}

fn pane(id: u32, x: u16, columns: u16, directory: &Path) -> ScreenPane {
    ScreenPane {
        id,
        area: Area { x, y: 0, size: Size { columns, rows: 40 } },
        directory: Some(directory.to_owned()),
        ..ScreenPane::default()
    }
}

fn runs(pane: ScreenPane, words: &[&str]) -> ScreenPane {
    let command = Some(words.iter().map(|&word| word.to_owned()).collect());
    ScreenPane { command, ..pane }
}

fn tab(id: u64, name: &str, panes: Vec<ScreenPane>) -> ScreenTab {
    ScreenTab {
        id,
        name: name.to_owned(),
        focused: matches!(id, 0 | 7),
        size: Size { columns: 120, rows: 40 },
        hides_floating: false,
        panes,
    }
}

fn screen(tabs: Vec<ScreenTab>) -> Screen {
    Screen { session: "main".to_owned(), tabs, partial: false }
}

#[track_caller]
fn save(device: &Device, args: SaveArgs) -> SaveReport {
    let message = Some("saved".to_owned());
    match device.ok(&Verb::Save(SaveArgs { message, ..args })) {
        Reply::Saved(report) => report,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn resume(device: &Device, saved: &SaveReport, args: ResumeArgs) -> ResumeReport {
    let session = Some(saved.session_id.clone());
    match device.ok(&Verb::Resume(ResumeArgs { session, ..args })) {
        Reply::Resumed(report) => report,
        other => panic!("{other:?}"),
    }
}

fn codes(notes: &[Note]) -> Vec<&str> {
    let codes = notes.iter().map(|note| note.code.as_str());
    codes.filter(|code| code.starts_with("convosync::panes")).collect()
}

#[track_caller]
fn opened(device: &Device) -> Vec<Tab<NewPane>> {
    match device.panes.opened().as_slice() {
        [Opened::Tabs(tabs)] => tabs.clone(),
        other => panic!("{other:?}"),
    }
}

fn waits(pane: &NewPane) -> Option<String> {
    match &pane.runs {
        NewRuns::Waiting(command) => Some(command.to_string()),
        _ => None,
    }
}

/// A tab with a conversation, a command and a shell; a device that has it, and one in another
/// terminal session.
fn two_in_panes(world: &World) -> (Device, Device) {
    let (desk, lap) = pair(world);
    converse(&desk);
    let here = desk.tree.clone();
    desk.panes.show(screen(vec![tab(
        0,
        "work",
        vec![
            ScreenPane { focused: true, ..runs(pane(0, 0, 60, &here), &["claude"]) },
            runs(pane(1, 60, 30, &here.join("web")), &["npm", "run", "a  b"]),
            runs(pane(2, 90, 30, Path::new("/home/desk/notes")), &["/bin/bash"]),
        ],
    )]));
    let session = "main".to_owned();
    desk.assistant.set_in_panes(vec![InPane { id: talk(), session, pane: 0 }]);
    lap.panes.show(screen(vec![tab(7, "mine", vec![pane(0, 0, 120, Path::new("/home/lap"))])]));
    (desk, lap)
}

#[test]
fn panes_come_back_where_they_were_and_nothing_runs_by_itself() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    let saved = save(&desk, SaveArgs::default());
    assert_eq!((saved.tabs, saved.panes), (1, 3));
    let report = resume(&lap, &saved, ResumeArgs::default());
    let panes = report.panes.expect("they were opened");
    assert_eq!((panes.way, panes.tabs, panes.panes), (PanesWay::NewTabs, 1, 3));
    let tabs = opened(&lap);
    assert_eq!(tabs[0].name.as_ref().map(Label::as_str), Some("work"));
    let Some(Tile::Split { parts, .. }) = &tabs[0].tiled else { panic!("{tabs:?}") };
    assert_eq!(parts.iter().map(|(size, _)| *size).collect::<Vec<_>>(), [60, 30, 30]);
    let told: Vec<_> = tabs[0].panes().map(|pane| (waits(pane), pane.focused)).collect();
    let want = [
        (Some(format!("claude --resume {TALK}")), true),
        (Some("npm run a  b".to_owned()), false),
        (None, false),
    ];
    assert_eq!(told, want);
    // None of the directories is there: these devices are in memory.
    assert_eq!(codes(&report.notes), ["convosync::panes::directories"]);
}

#[test]
fn with_run_only_the_conversation_starts_and_only_in_its_pane() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    let saved = save(&desk, SaveArgs::default());
    let report = resume(&lap, &saved, ResumeArgs { run: true, ..ResumeArgs::default() });
    assert!(report.run.is_empty(), "it would be started twice");
    let tabs = opened(&lap);
    let running = tabs[0].panes().filter(|pane| matches!(pane.runs, NewRuns::Running(_)));
    assert_eq!(running.count(), 1);
}

#[test]
fn a_tab_that_has_the_session_is_gone_to() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    let saved = save(&desk, SaveArgs::default());
    let focused = |device: &Device| {
        let report = resume(device, &saved, ResumeArgs::default());
        assert_eq!(report.panes.map(|panes| panes.way), Some(PanesWay::Focused));
        device.panes.opened()
    };
    assert_eq!(focused(&desk), [Opened::Focused(0)], "its conversation is open there");
    desk.assistant.set_in_panes(Vec::new());
    assert_eq!(focused(&desk), [Opened::Focused(0)], "it was saved there");

    resume(&lap, &saved, ResumeArgs::default());
    opened(&lap);
    let shell = pane(4, 0, 120, &lap.tree);
    let new = tab(100, "work", vec![shell.clone()]);
    lap.panes.show(screen(vec![tab(7, "mine", vec![pane(0, 0, 120, &lap.tree)]), new]));
    assert_eq!(focused(&lap), [Opened::Focused(100)], "it was opened there");
    let open_with = ["claude", "--resume", TALK];
    lap.panes.show(screen(vec![tab(9, "work", vec![runs(shell, &open_with)])]));
    assert_eq!(focused(&lap), [Opened::Focused(9)], "its conversation waits there");
    lap.panes.show(screen(vec![tab(100, "other", vec![pane(0, 0, 120, Path::new("/home/lap"))])]));
    resume(&lap, &saved, ResumeArgs::default());
    opened(&lap);
}

#[test]
fn another_tab_or_session_is_used_if_the_user_says_so() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    let saved = save(&desk, SaveArgs::default());
    let into = |into| ResumeArgs { layout: Some(into), ..ResumeArgs::default() };
    resume(&lap, &saved, into(PanesInto::Session));
    let done = lap.panes.opened();
    assert!(matches!(&done[..], [Opened::Session(name, _)] if *name == saved.session_id));
    resume(&lap, &saved, into(PanesInto::Here));
    let done = lap.panes.opened();
    assert!(matches!(&done[..], [Opened::Tabs(none), Opened::Replaced(_)] if none.is_empty()));
    let left = resume(&lap, &saved, ResumeArgs { no_layout: true, ..ResumeArgs::default() });
    assert_eq!((left.panes, lap.panes.opened()), (None, Vec::new()));
}

#[test]
fn the_tab_in_front_is_not_replaced_if_it_is_not_the_callers() {
    let world = World::new();
    let (desk, mut lap) = two_in_panes(&world);
    let saved = save(&desk, SaveArgs::default());
    lap.env.insert("ZELLIJ_PANE_ID".to_owned(), "3".to_owned());
    let into = ResumeArgs { layout: Some(PanesInto::Here), ..ResumeArgs::default() };
    let report = resume(&lap, &saved, into);
    assert!(codes(&report.notes).contains(&"convosync::panes::not-opened"));
    assert_eq!(lap.panes.opened(), []);
}

#[test]
fn outside_of_a_terminal_session_it_is_said_how_to_open_them() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    let saved = save(&desk, SaveArgs::default());
    lap.panes.leave();
    let report = resume(&lap, &saved, ResumeArgs::default());
    let panes = report.panes.expect("there are some");
    assert_eq!(panes.way, PanesWay::Later);
    let open_with = format!("convosync resume {} --zellij", saved.session_id);
    assert_eq!(panes.open_with, Some(open_with));
    let report = resume(&lap, &saved, ResumeArgs { zellij: true, ..ResumeArgs::default() });
    assert_eq!(report.run, ["zellij", "--session", &saved.session_id]);
    assert_eq!(report.panes.map(|panes| panes.way), Some(PanesWay::Starts));
}

#[test]
fn panes_that_were_told_in_part_travel_and_this_is_said() {
    let world = World::new();
    let (desk, _) = two_in_panes(&world);
    let tab = tab(0, "work", vec![pane(0, 0, 120, &desk.tree)]);
    desk.panes.show(Screen { partial: true, ..screen(vec![tab]) });
    let saved = save(&desk, SaveArgs::default());
    assert_eq!(codes(&saved.notes), ["convosync::panes::partial"]);
    assert_eq!(saved.panes, 1);
}

#[test]
fn a_terminal_that_can_not_be_asked_stops_neither_a_save_nor_a_resume() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    desk.panes.fail(true);
    let saved = save(&desk, SaveArgs::default());
    assert_eq!((codes(&saved.notes), saved.panes), (vec!["convosync::panes::unreadable"], 0));
    desk.panes.fail(false);
    let saved = save(&desk, SaveArgs::default());
    lap.panes.fail(true);
    let report = resume(&lap, &saved, ResumeArgs::default());
    assert_eq!((codes(&report.notes), report.panes), (vec!["convosync::panes::not-opened"], None));
}

#[test]
fn the_pane_that_a_save_was_typed_into_is_a_shell() {
    let world = World::new();
    let (mut desk, lap) = two_in_panes(&world);
    desk.env.insert("ZELLIJ_PANE_ID".to_owned(), "1".to_owned());
    let here = desk.tree.clone();
    let typed = runs(pane(1, 0, 60, &here), &["/usr/bin/convosync", "save", "done for today"]);
    let other = runs(pane(2, 60, 60, &here), &["convosync", "watch"]);
    desk.panes.show(screen(vec![tab(0, "work", vec![typed, other])]));
    let saved = save(&desk, SaveArgs::default());
    resume(&lap, &saved, ResumeArgs::default());
    let told: Vec<_> = opened(&lap)[0].panes().map(waits).collect();
    assert_eq!(told, [None, Some("convosync watch".to_owned())]);
}

#[test]
fn what_is_not_asked_for_or_may_be_secret_stays() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    let left_out = save(&desk, SaveArgs { no_terminal: true, ..SaveArgs::default() });
    assert_eq!(left_out.panes, 0);
    let secret = ["curl", "-H", "Authorization: Bearer abcdefghijklmnopqrstuvwx"];
    let here = desk.tree.clone();
    let panes = vec![runs(pane(1, 0, 60, &here), &secret), runs(pane(2, 60, 60, &here), &["top"])];
    desk.panes.show(screen(vec![tab(0, "work", panes)]));
    desk.panes.write(1, "text");
    let saved = save(&desk, SaveArgs::default());
    assert_eq!(codes(&saved.notes), ["convosync::panes::held-back"]);
    resume(&lap, &saved, ResumeArgs::default());
    let tabs = opened(&lap);
    let told: Vec<_> = tabs[0].panes().map(|pane| (waits(pane), pane.text.clone())).collect();
    assert_eq!(told, [(None, None), (Some("top".to_owned()), None)]);
}

#[test]
fn the_text_of_panes_travels_if_it_is_asked_for_without_what_acts_on_a_terminal() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    let here = desk.tree.clone();
    let shell = |id, x| runs(pane(id, x, 30, &here), &["/bin/bash"]);
    let in_tree = |pane| ScreenPane { work_tree: Some(here.clone()), ..pane };
    desk.panes.show(screen(vec![tab(
        0,
        "work",
        vec![
            in_tree(shell(0, 0)),
            in_tree(runs(pane(1, 30, 30, &here), &["top"])),
            in_tree(shell(2, 60)),
            runs(pane(3, 90, 30, Path::new("/home/desk")), &["/bin/bash"]),
        ],
    )]));
    desk.panes.write(2, "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}\nlast\n");
    desk.panes.write(1, "where a command waits nothing else is shown");
    desk.panes.write(3, "of something else");
    let saved = save(&desk, SaveArgs { scrollback: true, ..SaveArgs::default() });
    assert_eq!(codes(&saved.notes), ["convosync::panes::no-text"], "one pane could not be read");
    assert_eq!((saved.panes, saved.texts), (4, 2), "{saved:?}");
    resume(&lap, &saved, ResumeArgs::default());
    let tabs = opened(&lap);
    let texts: Vec<_> = tabs[0].panes().map(|pane| pane.text.clone()).collect();
    assert_eq!(texts, [None, None, Some("\u{1b}[31mred\u{1b}[0m\nlast\n".to_owned()), None]);
}

#[test]
fn tabs_of_other_work_trees_travel_with_theirs() {
    let world = World::new();
    let (desk, lap) = two_in_panes(&world);
    let in_tree = |pane: ScreenPane, tree: Option<&Path>| ScreenPane {
        work_tree: tree.map(Path::to_owned),
        ..pane
    };
    let (here, other) = (desk.tree.clone(), PathBuf::from("/home/desk/other"));
    let ours = in_tree(pane(0, 0, 60, &here), Some(&here));
    let logs = in_tree(pane(1, 0, 60, Path::new("/var/log")), None);
    let theirs = in_tree(pane(2, 0, 60, &other), Some(&other));
    let mixed = vec![
        in_tree(pane(3, 0, 60, &other), Some(&other)),
        in_tree(pane(4, 60, 60, &here), Some(&here)),
    ];
    desk.panes.show(screen(vec![
        tab(0, "ours", vec![ours]),
        tab(1, "logs", vec![logs]),
        tab(2, "theirs", vec![theirs]),
        tab(3, "mixed", mixed),
    ]));
    let saved = save(&desk, SaveArgs::default());
    resume(&lap, &saved, ResumeArgs::default());
    let names = opened(&lap).into_iter().map(|tab| tab.name.expect("a name").to_string());
    assert_eq!(names.collect::<Vec<_>>(), ["ours", "logs", "mixed"]);
}

#[test]
fn what_is_not_here_is_told_and_the_rest_opens() {
    let world = World::new();
    let (desk, lap) = pair(&world);
    let here = desk.tree.clone();
    let plugin = |id, x, url: &str| ScreenPane {
        plugin: Some(url.to_owned()),
        directory: None,
        ..pane(id, x, 30, &here)
    };
    let stacked = |id, at| {
        let stack = Some(InStack { stack: 0, at, unfolded: at == 1 });
        ScreenPane { stack, ..pane(id, 60, 30, &here) }
    };
    desk.panes.show(screen(vec![tab(
        0,
        "work",
        vec![
            runs(pane(0, 0, 30, &here), &["bacon", "-j", "test"]),
            plugin(1, 30, "file:/home/desk/mine.wasm"),
            stacked(3, 1),
            stacked(2, 0),
            plugin(4, 90, "zellij:strider"),
        ],
    )]));
    let saved = save(&desk, SaveArgs::default());
    lap.panes.show(screen(vec![tab(7, "mine", vec![pane(0, 0, 120, Path::new("/home/lap"))])]));
    lap.panes.lack("bacon");
    let args = ResumeArgs {
        dry_run: true,
        session: Some(saved.session_id.clone()),
        ..ResumeArgs::default()
    };
    let Reply::Planned(plan) = lap.ok(&Verb::Resume(args)) else { panic!("a plan") };
    let step = "open 4 panes in 1 tab, or go to the tab that has the session";
    assert!(plan.steps.iter().any(|told| told == step), "{:?}", plan.steps);
    let report = resume(&lap, &saved, ResumeArgs::default());
    let want = ["convosync::panes::programs", "convosync::panes::plugins"];
    assert_eq!((codes(&plan.notes), codes(&report.notes)), (want.to_vec(), want.to_vec()));
    let tabs = opened(&lap);
    let Some(Tile::Split { parts, .. }) = &tabs[0].tiled else { panic!("{tabs:?}") };
    assert!(matches!(&parts[1].1, Tile::Stack { panes, unfolded: 1 } if panes.len() == 2));
    assert_eq!(
        tabs[0].panes().last().map(|pane| &pane.runs),
        Some(&NewRuns::Plugin("strider".into()))
    );
}

#[test]
fn one_shell_is_nothing_to_bring_back() {
    let world = World::new();
    let (desk, lap) = pair(&world);
    desk.panes.show(screen(vec![tab(0, "work", vec![pane(0, 0, 120, &desk.tree)])]));
    let saved = save(&desk, SaveArgs::default());
    lap.panes.show(screen(vec![tab(7, "mine", vec![pane(0, 0, 120, Path::new("/home/lap"))])]));
    let report = resume(&lap, &saved, ResumeArgs::default());
    assert_eq!((report.panes, lap.panes.opened()), (None, Vec::new()));
}
