pub(super) mod stand;

use std::fs;
use std::path::Path;

use convosync_core::{Area, Direction, Floating, Label, PaneCommand, Size, Tab, Tile};
use convosync_engine::Cancel;
use convosync_engine::ports::{NewPane, NewRuns, Panes as _, ScreenTab};
use kdl::KdlDocument;

use super::call::{LIMIT, Zellij};
use super::dump::Dump;
use super::kdl as layouts;
use super::listing::Listing;
use stand::{ANSWERS, Stand};

/// Answers of Zellij 0.45.1, shortened to what is read: a row of two, on the right a column with a
/// stack whose second pane waits, over all a floating one; and a tab with a plugin.
const PANES: &str = include_str!("samples/panes.json");
const TABS: &str = include_str!("samples/tabs.json");
const DUMP: &str = include_str!("samples/layout.kdl");

fn listed(dump: &str) -> Vec<ScreenTab> {
    read(PANES).tabs(Dump::parse(dump), None)
}

fn listed_as(panes: &str) -> Vec<ScreenTab> {
    read(panes).tabs(Dump::parse(DUMP), None)
}

fn read(panes: &str) -> Listing {
    Listing::parse(panes, TABS).expect("they are understood")
}

#[test]
fn panes_are_told_with_what_only_the_layout_says() {
    let tabs = listed(DUMP);
    let told = tabs[0].panes.iter().map(|pane| {
        let command = pane.command.as_ref().map(|words| words.join("|"));
        (pane.id, pane.name.as_deref(), command, pane.stack.map(|place| (place.at, place.unfolded)))
    });
    let shell = || Some("/bin/bash".to_owned());
    let want = [
        (0, Some("left one"), shell(), None),
        (1, None, Some("sleep|1000".to_owned()), None),
        (2, None, shell(), Some((0, false))),
        (3, Some("st2"), Some("bash|-c|echo 'a  b'; sleep 5".to_owned()), Some((1, true))),
        (4, None, Some("false".to_owned()), Some((2, false))),
        (5, Some("fl"), shell(), None),
    ];
    assert_eq!(told.collect::<Vec<_>>(), want);
    assert_eq!((tabs[0].id, tabs[0].focused, tabs[0].hides_floating), (0, true, false));
}

#[test]
fn bars_are_no_panes_of_the_user_and_other_plugins_are() {
    let tabs = listed(DUMP);
    let plugins: Vec<_> = tabs[1].panes.iter().map(|pane| pane.plugin.as_deref()).collect();
    assert_eq!(plugins, [Some("zellij:strider"), None]);
    assert_eq!(tabs[1].name, "logs \"x\" }");
}

#[test]
fn without_the_layout_panes_are_known_by_less() {
    for dump in ["", "no kdl {", "layout {\n tab {\n pane\n }\n}\n"] {
        let tabs = listed(dump);
        // What is folded in a stack can't be told from what is hidden.
        let ids: Vec<_> = tabs[0].panes.iter().map(|pane| pane.id).collect();
        assert_eq!(ids, [0, 1, 3, 5], "{dump:?}");
        assert_eq!(tabs[0].panes[1].command, None, "where its words end is not known");
    }
}

#[test]
fn an_answer_that_is_none_is_told() {
    for answer in ["", "{}", "[{}]", "nonsense"] {
        assert!(Listing::parse(answer, TABS).is_err(), "{answer:?}");
        assert!(Listing::parse("[]", answer).is_err(), "{answer:?}");
    }
    let none = Listing::parse("[]", "[]").expect("there are none");
    assert_eq!(none.tabs(Dump::default(), None), []);
}

#[test]
fn answers_that_are_not_of_one_moment_are_told_from_those_that_are() {
    let listing = read(&running(PANES));
    assert!(listing.is_whole() && listing.is_of(&Dump::parse(DUMP)));
    let one_more = DUMP.replacen("tab ", "tab {\n pane\n}\ntab ", 1);
    let empty = DUMP.replace("pane ", "gone ");
    for dump in ["", &one_more, &empty] {
        assert!(!listing.is_of(&Dump::parse(dump)), "{dump}");
    }
    let homeless = PANES.replacen("\"pane_cwd\": \"/tmp\"", "\"pane_cwd\": null", 1);
    let elsewhere = PANES.replace("\"tab_id\": 1", "\"tab_id\": 7");
    for panes in [homeless, elsewhere] {
        assert!(!read(&running(&panes)).is_whole(), "{panes}");
    }
}

/// The same, and of the panes without a directory said why: one waits, and one has ended.
fn running(panes: &str) -> String {
    let mut rows: serde_json::Value = serde_json::from_str(panes).expect("it is JSON");
    for row in rows.as_array_mut().expect("rows") {
        row["is_held"] = (row["id"] == 3).into();
        row["exited"] = (row["id"] == 4).into();
    }
    rows.to_string()
}

#[test]
fn a_stack_of_frames_is_known_by_its_titles() {
    let panes = PANES.replace("\"is_suppressed\": true", "\"is_suppressed\": false");
    let mut rows: serde_json::Value = serde_json::from_str(&panes).expect("it is JSON");
    for (id, y, height) in [(2, 12, 1), (3, 13, 25), (4, 38, 1)] {
        let of_stack = |row: &&mut serde_json::Value| row["id"] == id && row["is_plugin"] == false;
        let row = rows.as_array_mut().expect("rows").iter_mut().find(of_stack).expect("a pane");
        (row["pane_y"], row["pane_rows"]) = (y.into(), height.into());
    }
    let tabs = listed_as(&rows.to_string());
    let stack = tabs[0].panes.iter().filter_map(|pane| Some((pane.id, pane.stack?.at)));
    assert_eq!(stack.collect::<Vec<_>>(), [(2, 0), (3, 1), (4, 2)]);
}

#[test]
fn a_pane_that_fills_the_tab_is_told_where_it_belongs() {
    let rows = PANES.replacen("\"is_fullscreen\": false", "\"is_fullscreen\": true", 4);
    let mut rows: serde_json::Value = serde_json::from_str(&rows).expect("it is JSON");
    for row in rows.as_array_mut().expect("rows") {
        let full = row["id"] == 0 && row["is_plugin"] == false;
        row["is_fullscreen"] = full.into();
        if full {
            (row["pane_x"], row["pane_columns"]) = (0.into(), 120.into());
        }
    }
    let tabs = listed_as(&rows.to_string());
    assert_eq!(tabs[0].panes[0].area.size.columns, 48);
}

#[test]
fn the_work_tree_of_a_pane_is_found_below_the_home_directory() {
    let home = tempfile::tempdir().expect("a folder");
    let real = home.path().canonicalize().expect("it is there");
    let tree = real.join("code/shop");
    fs::create_dir_all(tree.join(".git")).expect("a folder");
    fs::create_dir_all(tree.join("src")).expect("a folder");
    fs::create_dir_all(real.join(".git")).expect("a folder");
    let of = |path: &Path| {
        let panes = PANES.replace("/home/sam/code/shop", path.to_str().expect("text"));
        let tabs = read(&panes).tabs(Dump::default(), Some(&real));
        tabs[0].panes[0].work_tree.clone()
    };
    assert_eq!(of(&tree.join("src")), Some(tree));
    assert_eq!(of(&real.join("code")), None);
}

fn words(words: &[&str]) -> PaneCommand {
    PaneCommand::new(words.iter().map(|&word| word.to_owned()).collect()).expect("a command")
}

fn tab(tiled: Tile<NewPane>) -> Tab<NewPane> {
    Tab {
        name: Label::of("work"),
        focused: true,
        size: Size { columns: 120, rows: 40 },
        tiled: Some(tiled),
        floating: Vec::new(),
        hides_floating: false,
    }
}

fn pane(directory: &str, runs: NewRuns) -> NewPane {
    NewPane { directory: directory.into(), runs, ..NewPane::default() }
}

fn written(tab: &Tab<NewPane>, frame: Option<&str>, here: Option<Size>) -> String {
    let frame = frame.map(|frame| layouts::Frame::of(frame).expect("it has a place"));
    layouts::layout(std::slice::from_ref(tab), frame.as_ref(), here, &mut |_| Some("/f".into()))
}

#[test]
fn a_layout_is_written_one_node_on_each_line() {
    let waiting = NewRuns::Waiting(words(&["npm", "run", "a \"b\""]));
    let stack = Tile::Stack {
        panes: vec![pane("/w", NewRuns::Shell), pane("/w", NewRuns::Plugin("strider".into()))],
        unfolded: 1,
    };
    let parts = vec![
        (48, Tile::Pane(NewPane { focused: true, ..pane("/w", NewRuns::Shell) })),
        (
            72,
            Tile::Split {
                direction: Direction::Rows,
                parts: vec![
                    (
                        20,
                        Tile::Pane(NewPane {
                            name: Label::of("server"),
                            text: Some("hi".into()),
                            ..pane("/w/a $b", waiting)
                        }),
                    ),
                    (20, stack),
                ],
            },
        ),
    ];
    let mut tab = tab(Tile::Split { direction: Direction::Columns, parts });
    let area = Area { x: 12, y: 8, size: Size { columns: 60, rows: 10 } };
    let running = NewRuns::Running(words(&["claude", "--resume", "x"]));
    tab.floating = vec![Floating { area, pane: pane("/w", running) }];
    tab.hides_floating = true;
    let want = r#"layout {
    tab name="work" focus=true hide_floating_panes=true {
        pane split_direction="vertical" {
            pane focus=true cwd="/w" size="40%"
            pane {
                pane name="server" start_suspended=true command="npm" cwd="/w/a $$b" contents_file="/f" {
                    args "run" "a \"b\""
                }
                pane stacked=true {
                    pane cwd="/w"
                    pane expanded=true {
                        plugin location="zellij:strider"
                    }
                }
            }
        }
        floating_panes {
            pane command="claude" cwd="/w" x="10%" y="20%" width="50%" height="25%" {
                args "--resume" "x"
            }
        }
    }
}
"#;
    assert_eq!(written(&tab, None, None), want);
    let half = written(&tab, None, Some(Size { columns: 60, rows: 20 }));
    assert!(half.contains("x=6 y=4 width=30 height=5 {"), "{half}");
}

#[test]
fn panes_come_into_the_place_that_the_session_has_for_them() {
    let inside = tab(Tile::Pane(pane("/w", NewRuns::Shell)));
    let bars = written(&inside, Some(DUMP), None);
    let nodes = ["size=1 borderless=true", "tab-bar", "pane cwd=\"/w\"", "status-bar"];
    let mut at = 0;
    for node in nodes {
        at += bars[at..].find(node).unwrap_or_else(|| panic!("{node} is not after {at}\n{bars}"));
    }
    let sidebar = "layout {\n new_tab_template {\n pane split_direction=\"vertical\" {\n \
        pane size=34 {\n plugin location=\"file:/c.wasm\" {\n role \"sidebar\"\n }\n }\n \
        pane size=\"80%\" {\n pane\n pane\n }\n }\n }\n}\n";
    let framed = written(&inside, Some(sidebar), None);
    assert!(framed.contains("role \"sidebar\""), "{framed}");
    assert_eq!(framed.matches("cwd=\"/w\"").count(), 1, "{framed}");
    assert!(layouts::Frame::of("layout {\n pane {\n plugin location=\"x\"\n }\n}\n").is_none());
    assert!(layouts::Frame::of("nonsense {").is_none());
}

/// What would leave its quotes, its line or its node, if anything did.
const HOSTILE: &[&str] = &[
    "\"",
    "\\",
    "\\\"",
    "\" command=\"reboot\" x=\"",
    "a\n}\npane command=\"reboot\"\n",
    "}",
    "{",
    ";",
    "/*",
    "*/",
    "//",
    "/-",
    "r#\"x\"#",
    "\\u{22}",
    "$HOME",
    "$(reboot)",
    "${x:-y}",
    "-x",
    "--",
    "ünïcödé 日本語 🎉",
    "a\tb",
    "\r",
    "\u{85}\u{2028}",
    "'",
    "",
    " ",
    "null",
    "true",
    "1",
];

#[test]
fn no_text_gets_out_of_its_quotes() {
    for text in HOSTILE {
        let all = [&["prog"][..], &[*text], &["end"]].concat();
        let Ok(command) = PaneCommand::new(all.iter().map(|&word| word.to_owned()).collect())
        else {
            continue;
        };
        let runs = NewRuns::Waiting(command);
        let directory = format!("/w/{text}");
        let one = NewPane { name: Label::of(text), ..pane(&directory, runs) };
        let document: KdlDocument =
            written(&tab(Tile::Pane(one)), None, None).parse().expect("it is KDL");
        let tab = document.get("layout").and_then(|node| node.children()).expect("a layout");
        let panes = tab.get("tab").and_then(|node| node.children()).expect("a tab");
        assert_eq!((document.nodes().len(), tab.nodes().len(), panes.nodes().len()), (1, 1, 1));
        let node = &panes.nodes()[0];
        let text_of = |name: &str| node.get(name).and_then(|entry| entry.value().as_string());
        assert_eq!(text_of("cwd"), Some(directory.replace('$', "$$").as_str()), "{text:?}");
        assert_eq!(text_of("command"), Some("prog"), "{text:?}");
        assert_eq!(text_of("name"), Label::of(text).as_ref().map(Label::as_str), "{text:?}");
        let args = node.children().and_then(|children| children.get("args")).expect("arguments");
        let args: Vec<_> = args.entries().iter().map(|entry| entry.value().as_string()).collect();
        assert_eq!(args, [Some(*text), Some("end")], "{text:?}");
    }
}

#[test]
fn every_hostile_text_that_can_be_a_command_was_tried() {
    let refused = HOSTILE
        .iter()
        .filter(|text| PaneCommand::new(vec!["prog".to_owned(), (**text).to_owned()]).is_err());
    assert_eq!(refused.collect::<Vec<_>>(), [&"\r", &"\u{85}\u{2028}"]);
}

#[test]
fn sizes_of_nested_splits_are_parts_of_the_whole() {
    let shell = || Tile::Pane(pane("/w", NewRuns::Shell));
    let split = |direction, sizes: &[u16]| Tile::Split {
        direction,
        parts: sizes.iter().map(|size| (*size, shell())).collect(),
    };
    let inner = Tile::Split {
        direction: Direction::Rows,
        parts: vec![(28, shell()), (12, split(Direction::Columns, &[18, 72]))],
    };
    let outer =
        Tile::Split { direction: Direction::Columns, parts: vec![(30, shell()), (90, inner)] };
    let text = written(&tab(outer), None, None);
    let sizes: Vec<_> =
        text.split("size=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(sizes, ["25%", "30%", "15%"], "{text}");
    let even = written(&tab(split(Direction::Columns, &[40, 40, 41])), None, None);
    assert!(!even.contains("size"), "{even}");
    let many = written(&tab(split(Direction::Rows, &[[1; 60], [2; 60]].concat())), None, None);
    assert!(!many.contains("size"), "there are more than there are percents");
}

/// The tabs that are told as opened by a Zellij that does not tell their number, and begins with this
/// answer to which there are.
fn opened(first: &str) -> Vec<u64> {
    let answer = format!(r#"list-tabs) [ "$times" -gt 1 ] || {{ {first}; }};"#);
    let stand = Stand::new(&ANSWERS.replace("list-tabs)", &answer), &[]);
    let shell = tab(Tile::Pane(pane("/", NewRuns::Shell)));
    stand.panes().open(&stand.env, &[shell]).expect("it opens one")
}

#[test]
fn only_a_tab_that_was_surely_not_there_before_is_taken_for_the_new_one() {
    assert_eq!(opened("head -n2 tabs.json | tr -d '\n' | sed 's/,$/]/'; exit"), [1]);
    assert_eq!(opened("echo broken >&2; exit 1"), [0; 0]);
}

#[test]
fn who_does_not_want_to_wait_any_more_does_not() {
    let (stand, cancel) = (Stand::new(ANSWERS, &[]), Cancel::new());
    let zellij = Zellij::find(&stand.env, &cancel).expect("there is one");
    let mut asked = 0;
    let error = zellij.wait("go", LIMIT, "nobody is there", || {
        asked += 1;
        cancel.cancel();
        None::<()>
    });
    assert_eq!(error.expect_err("it did not happen").to_string(), "could not go: it was cancelled");
    assert_eq!(asked, 1);
}
