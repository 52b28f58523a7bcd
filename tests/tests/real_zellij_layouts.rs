//! Panes of the real Zellij: saved, brought back on a device with another home and another clone, and
//! looked at again.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use convosync_adapters::ZellijPanes;
use convosync_engine::Cancel;
use convosync_engine::ports::{Panes as _, Screen, ScreenPane};
use convosync_tests::{Device, Session, Terminal, World, Zellij, is_noted};
use serde_json::Value;

/// How long Zellij may take until all panes are as wanted.
const PATIENCE: Duration = Duration::from_secs(60);

/// Folders of the repository, and of the home directory, whose names are hard to quote.
const IN_TREE: [&str; 3] = ["web", "odd \"q\" $x", "ünï 日本/it's {b}"];
const IN_HOME: [&str; 2] = ["notes", "a; b\\c"];

/// A layout by its name, with how many panes it has; `TREE` and `HOME` are the device's.
const LAYOUTS: [(&str, usize, &str); 13] = [
    (
        "beside",
        2,
        r#"tab name="beside" {
        pane split_direction="vertical" {
            pane size="30%" cwd="TREE"
            pane cwd="TREE/web" focus=true
        }
    }"#,
    ),
    (
        "nested",
        4,
        r#"tab name="nested" {
        pane split_direction="vertical" {
            pane size="25%" cwd="TREE"
            pane {
                pane size="70%" cwd="TREE/web"
                pane split_direction="vertical" {
                    pane cwd="HOME/notes"
                    pane size="60%" command="sleep" cwd="TREE" {
                        args "1000"
                    }
                }
            }
        }
    }"#,
    ),
    (
        "thirds",
        3,
        r#"tab name="thirds" {
        pane cwd="TREE"
        pane cwd="TREE/web"
        pane cwd="HOME"
    }"#,
    ),
    (
        "grid",
        4,
        r#"tab name="grid" {
        pane split_direction="vertical" {
            pane {
                pane cwd="TREE"
                pane cwd="TREE/web"
            }
            pane {
                pane cwd="HOME"
                pane cwd="HOME/notes"
            }
        }
    }"#,
    ),
    (
        "stacked",
        4,
        r#"tab name="stacked" {
        pane split_direction="vertical" {
            pane cwd="TREE"
            pane stacked=true {
                pane cwd="TREE/web"
                pane name="second" cwd="TREE" expanded=true
                pane command="sleep" cwd="HOME" start_suspended=true {
                    args "1001"
                }
            }
        }
    }"#,
    ),
    (
        "stack alone",
        2,
        r#"tab name="stack alone" {
        pane stacked=true {
            pane cwd="TREE"
            pane cwd="TREE/web"
        }
    }"#,
    ),
    (
        "floating",
        3,
        r#"tab name="floating" {
        pane cwd="TREE"
        floating_panes {
            pane name="over" cwd="TREE/web" x=10 y=5 width=50 height=12
            pane command="sleep" cwd="HOME" start_suspended=true x="50%" y="50%" width="40%" height="30%" {
                args "1002"
            }
        }
    }"#,
    ),
    (
        "hidden",
        3,
        r#"tab name="hidden" hide_floating_panes=true {
        pane cwd="TREE" command="sleep" {
            args "1003"
        }
        pane cwd="TREE/web"
        floating_panes {
            pane cwd="TREE/web"
        }
    }"#,
    ),
    (
        "tabs",
        5,
        r#"tab name="tab one" {
        pane cwd="TREE"
    }
    tab name="tab two" focus=true {
        pane cwd="TREE/web"
        pane cwd="HOME/notes"
    }
    tab name="tab three" {
        pane cwd="HOME"
        pane command="sleep" cwd="HOME" {
            args "1004"
        }
    }"#,
    ),
    (
        "plugins",
        2,
        r#"tab name="plugins" {
        pane split_direction="vertical" {
            pane size="30%" {
                plugin location="zellij:strider"
            }
            pane cwd="TREE"
        }
    }"#,
    ),
    (
        "names",
        2,
        r#"tab name="a \"tab\" } {" {
        pane name="x \" command=\"reboot" cwd="TREE"
        pane name="ünï 日本 // /* {" cwd="TREE/web"
    }"#,
    ),
    (
        "places",
        4,
        r#"tab name="places" {
        pane cwd="TREE/odd \"q\" $$x"
        pane cwd="TREE/ünï 日本/it's {b}"
        pane cwd="HOME/a; b\\c"
        pane cwd="/usr/share"
    }"#,
    ),
    (
        "commands",
        3,
        r#"tab name="commands" {
        pane command="bash" cwd="TREE" start_suspended=true {
            args "-c" "echo \"a  b\"; sleep $TIME # }" "--"
        }
        pane command="sleep" cwd="TREE" {
            args "1005"
        }
        pane command="sh" cwd="TREE/web" {
            args "-c" "sleep  1006; true"
        }
    }"#,
    ),
];

/// A device and its Zellij.
struct Desk {
    device: Device,
    zellij: Zellij,
}

impl Desk {
    fn of(device: Device) -> Self {
        for folder in IN_HOME {
            fs::create_dir_all(device.home.join(folder)).expect("a folder");
        }
        Self { zellij: Zellij::on(&device), device }
    }

    fn layout(&self, tabs: &str) -> String {
        let (tree, home) = (quoted(&self.device.work_tree), quoted(&self.device.home));
        format!("layout {{\n{}\n}}\n", tabs.replace("TREE", &tree).replace("HOME", &home))
    }

    /// The environment of a pane.
    fn env(&self, session: &Session<'_>, pane: &str) -> BTreeMap<String, String> {
        let mut env = self.zellij.env().clone();
        env.insert("ZELLIJ_SESSION_NAME".to_owned(), session.name().to_owned());
        env.insert("ZELLIJ_PANE_ID".to_owned(), pane.to_owned());
        env
    }

    /// What the helper says to a call from a pane.
    #[track_caller]
    fn ask(&self, session: &Session<'_>, args: &[&str]) -> Value {
        let mut command = self.device.command(&[&["--json"], args].concat());
        let output = command.envs(self.env(session, "0")).output().expect("the helper starts");
        assert!(output.status.success(), "{args:?}\n{}", convosync_tests::told(&output));
        serde_json::from_slice(&output.stdout).expect("it is JSON")
    }

    fn look(&self, session: &Session<'_>) -> Screen {
        let panes = ZellijPanes::new(self.device.home.join("scratch"), Cancel::new());
        let screen = panes.look(&self.env(session, "0"));
        // A session that is just starting is too busy to answer.
        screen.ok().flatten().unwrap_or_default()
    }

    /// Looks until what is there is as wanted and stays so: Zellij tells of its panes bit by bit.
    #[track_caller]
    fn look_for(
        &self,
        session: &Session<'_>,
        what: &str,
        wanted: impl Fn(&[Shown]) -> bool,
    ) -> Vec<Shown> {
        let end = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        loop {
            let now = self.shown(&self.look(session));
            if wanted(&now) && now == before {
                return now;
            }
            assert!(
                Instant::now() < end,
                "waited in vain for {what}: {now:#?}\n{}",
                session.screen()
            );
            before = now;
            sleep(Duration::from_millis(100));
        }
    }

    /// Panes as they have to be the same on every device.
    fn shown(&self, screen: &Screen) -> Vec<Shown> {
        let mut all = Vec::new();
        for tab in &screen.tabs {
            for pane in &tab.panes {
                all.push(self.one(&tab.name, tab.hides_floating, pane));
            }
        }
        // Zellij gives tiled panes in the order in which they were made.
        all.sort_by_key(|shown| {
            (shown.tab.clone(), shown.floats, shown.area[0], shown.area[1], shown.stack)
        });
        all
    }

    fn one(&self, tab: &str, hides: bool, pane: &ScreenPane) -> Shown {
        let directory = pane.directory.as_deref().map(Path::display).map(|path| path.to_string());
        let place = directory.map(|path| {
            path.replace(&self.device.work_tree.display().to_string(), "TREE")
                .replace(&self.device.home.display().to_string(), "HOME")
        });
        Shown {
            tab: tab.to_owned(),
            floats: pane.floats,
            hidden: hides,
            stack: pane.stack.map(|place| (place.at, place.unfolded)),
            focused: pane.focused,
            name: pane.name.clone(),
            place,
            command: pane.command.clone(),
            plugin: pane.plugin.clone(),
            area: [pane.area.x, pane.area.y, pane.area.size.columns, pane.area.size.rows],
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Shown {
    tab: String,
    floats: bool,
    hidden: bool,
    stack: Option<(usize, bool)>,
    focused: bool,
    name: Option<String>,
    place: Option<String>,
    command: Option<Vec<String>>,
    plugin: Option<String>,
    area: [u16; 4],
}

impl Shown {
    /// Zellij sizes panes by whole percents: a cell or two may go to the neighbour.
    fn is_like(&self, other: &Self) -> bool {
        let near = |(one, other): (&u16, &u16)| one.abs_diff(*other) <= 2;
        self.area.iter().zip(&other.area).all(near)
            && Self { area: other.area, ..self.clone() } == *other
    }

    /// Whether Zellij has told all of it: what has just started has no directory for a moment.
    fn is_settled(&self) -> bool {
        self.plugin.is_some() || (self.place.is_some() && self.command.is_some())
    }

    fn is_shell(&self) -> bool {
        self.command.as_ref().is_some_and(|words| words[..] == ["/bin/bash"])
    }
}

/// Whether these are all panes of a layout, with what they run.
fn are_all_of(shown: &[Shown], panes: usize, layout: &str) -> bool {
    let commands = shown.iter().filter(|pane| pane.plugin.is_none() && !pane.is_shell()).count();
    shown.len() == panes
        && commands == layout.matches(" command=\"").count()
        && shown.iter().all(Shown::is_settled)
}

fn quoted(path: &Path) -> String {
    path.display().to_string().replace('$', "$$")
}

/// Two devices; the repository has the folders, and the laptop is another user's elsewhere.
fn desks(world: &World) -> (Desk, Desk) {
    let desktop = world.first_device("desktop", "projects/app");
    for folder in IN_TREE {
        desktop.write(&format!("{folder}/file.txt"), "here");
    }
    desktop.git(&["add", "-A"]);
    desktop.git(&["commit", "-qm", "folders"]);
    desktop.git(&["push", "-q", "origin", "HEAD"]);
    let laptop = world.next_device("laptop", "src/clones/the app");
    (Desk::of(desktop), Desk::of(laptop))
}

/// Saves with all panes: a note says why they did not travel.
#[track_caller]
fn saved(desk: &Desk, session: &Session<'_>, more: &[&str]) -> Value {
    let report = desk.ask(session, &[&["save", "panes", "--new"], more].concat());
    let missing = ["unreadable", "partial"].map(|name| format!("convosync::panes::{name}"));
    assert!(missing.iter().all(|code| !is_noted(&report, code)), "{report:#}");
    assert!(report["panes"].as_u64() > Some(0), "{report:#}");
    report
}

fn session_of(report: &Value) -> String {
    report["session_id"].as_str().expect("a session").to_owned()
}

/// Brings a part of the layouts back one after the other.
#[track_caller]
fn come_back(part: Range<usize>) {
    let world = World::new();
    let (desktop, laptop) = desks(&world);
    let there = laptop.zellij.start("there", "layout {\n tab name=\"own\" {\n pane\n }\n}\n");
    for (number, (name, panes, tabs)) in LAYOUTS[part].iter().enumerate() {
        let here = desktop.zellij.start(&format!("here{number}"), &desktop.layout(tabs));
        let before = desktop.look_for(&here, name, |shown| are_all_of(shown, *panes, tabs));
        let report = saved(&desktop, &here, &[]);
        assert_eq!(report["panes"], before.len(), "{name}: {report:#}");
        let report = laptop.ask(&there, &["resume", &session_of(&report), "--force"]);
        assert_eq!(report["panes"]["way"], "new-tabs", "{name}: {report:#}");
        let theirs = |shown: &[Shown]| {
            shown.iter().filter(|pane| pane.tab != "own").cloned().collect::<Vec<_>>()
        };
        laptop.look_for(&there, name, |shown| {
            let after = theirs(shown);
            let alike = || before.iter().zip(&after).all(|(one, other)| one.is_like(other));
            after.len() == before.len() && after.iter().all(Shown::is_settled) && alike()
        });
        // A tab that Zellij is still busy with does not hear that it shall close.
        there.wait_until("the own tab alone", |_| {
            let look = laptop.look(&there);
            let others: Vec<_> = look.tabs.iter().filter(|tab| tab.name != "own").collect();
            for tab in &others {
                there.action(&["close-tab-by-id", &tab.id.to_string()]);
            }
            others.is_empty() && !look.tabs.is_empty()
        });
    }
}

#[test]
fn splits_and_stacks_come_back_in_another_home() {
    come_back(0..5);
}

#[test]
fn floating_panes_and_several_tabs_come_back_in_another_home() {
    come_back(5..9);
}

#[test]
fn plugins_names_places_and_commands_come_back_in_another_home() {
    come_back(9..LAYOUTS.len());
}

/// A script that is Claude Code as far as others see it: it notes itself and waits.
const CLAUDE: &str = r#"#!/bin/bash
mkdir -p "$HOME/.claude/sessions"
printf '{"pid":%d,"sessionId":"%s","cwd":"%s"}' $$ ID "$PWD" > "$HOME/.claude/sessions/$$.json"
exec sleep 2000
"#;

const TALK: &str = "3f0e8c5a-0000-4000-8000-000000000001";

/// A session on the desktop with a conversation, a command and a shell in one tab.
#[track_caller]
fn with_conversation(desktop: &Desk) -> Session<'_> {
    let claude = desktop.device.home.join("bin/claude");
    fs::write(&claude, CLAUDE.replace("ID", TALK)).expect("a script");
    fs::set_permissions(&claude, fs::Permissions::from_mode(0o755)).expect("a program");
    desktop.device.talk(TALK, 1);
    let tabs = r#"tab name="work" {
        pane split_direction="vertical" {
            pane command="claude" cwd="TREE" focus=true
            pane {
                pane command="sleep" cwd="TREE/web" {
                    args "1000"
                }
                pane cwd="TREE/web"
            }
        }
    }"#;
    let here = desktop.zellij.start("here", &desktop.layout(tabs));
    let talks = |shown: &[Shown]| {
        let is_there =
            |pane: &Shown| pane.command.as_ref().is_some_and(|words| words[0] == "sleep");
        shown.iter().filter(|pane| is_there(pane)).count() == 2
    };
    desktop.look_for(&here, "a conversation and a command", talks);
    here
}

fn own(laptop: &Desk) -> Session<'_> {
    laptop.zellij.start("there", "layout {\n tab name=\"own\" {\n pane\n }\n}\n")
}

#[track_caller]
fn commands(laptop: &Desk, session: &Session<'_>, panes: usize) -> Vec<Option<String>> {
    let of_tab = |shown: &[Shown]| shown.iter().filter(|pane| pane.tab == "work").count();
    let shown = laptop.look_for(session, "the panes", |shown| of_tab(shown) == panes);
    let of_tab = shown.into_iter().filter(|pane| pane.tab == "work");
    of_tab.map(|pane| pane.command.map(|words| words.join(" "))).collect()
}

#[test]
fn the_conversation_waits_in_its_pane_and_a_shell_has_the_text_that_was_there() {
    let world = World::new();
    let (desktop, laptop) = desks(&world);
    let here = with_conversation(&desktop);
    let shell = here.terminals().pop().expect("the last one is a shell").id();
    here.action(&["write-chars", "--pane-id", &shell, "echo was-$((40 + 2))\n"]);
    here.wait_for("was-42");
    let session = session_of(&saved(&desktop, &here, &["--scrollback"]));
    let there = own(&laptop);
    let report = laptop.ask(&there, &["resume", &session]);
    assert_eq!(report["panes"]["way"], "new-tabs", "{report:#}");
    let resume = format!("claude --resume {TALK}");
    let want = [Some(resume.clone()), Some("sleep 1000".to_owned())];
    assert_eq!(commands(&laptop, &there, 3)[..2], want);
    there.wait_for("was-42");
    there.wait_for("Waiting to run: claude --resume");

    // The second time its tab is gone to.
    there.action(&["go-to-tab", "1"]);
    let report = laptop.ask(&there, &["resume", &session]);
    assert_eq!(report["panes"]["way"], "focused", "{report:#}");
    there.wait_until("the tab that has it is in front, and no other was opened", |_| {
        let tabs = laptop.look(&there).tabs;
        let names: Vec<_> = tabs.iter().map(|tab| (tab.name.as_str(), tab.focused)).collect();
        names == [("own", false), ("work", true)]
    });
    // Layouts and texts were for Zellij alone.
    let scratch = laptop.device.home.join(".local/state/convosync/scratch");
    let left = fs::read_dir(scratch).expect("a folder").count();
    assert_eq!(left, 0);
}

#[test]
fn panes_come_into_this_tab_or_a_session_of_their_own_if_the_user_says_so() {
    let world = World::new();
    let (desktop, laptop) = desks(&world);
    let session = session_of(&saved(&desktop, &with_conversation(&desktop), &[]));
    let there = own(&laptop);
    let left = laptop.ask(&there, &["resume", &session, "--no-layout"]);
    let own_panes = there.terminals();
    assert_eq!((left["panes"].as_object(), own_panes.len()), (None, 1));
    let own_pane = own_panes[0].id();
    let early = laptop.ask(&there, &["resume", &session, "--layout", "here"]);
    assert!(is_noted(&early, "convosync::panes::not-opened"), "{early:#}");
    there.press(&["Enter"]);
    let report = laptop.ask(&there, &["resume", &session, "--layout", "here"]);
    assert_eq!(report["panes"]["way"], "here", "{report:#}");
    // What was in the tab is still there.
    assert_eq!(commands(&laptop, &there, 4).len(), 4);
    assert!(there.terminals().iter().any(|pane| pane.id() == own_pane), "{own_pane} was closed");
    laptop.look_for(&there, "one tab", |shown| shown.iter().all(|pane| pane.tab == "work"));
    let report = laptop.ask(&there, &["resume", &session, "--layout", "session"]);
    assert_eq!(report["panes"]["way"], "session", "{report:#}");
    there.wait_until("both sessions", |_| laptop.zellij.listening().len() == 2);
    there.wait_for("Waiting to run: sleep 1000");
    let both = laptop.zellij.listening();
    assert!(both.contains(&session), "{both:?}");
}

#[test]
fn outside_of_zellij_it_is_started_with_the_panes() {
    let world = World::new();
    let (desktop, laptop) = desks(&world);
    let session = session_of(&saved(&desktop, &with_conversation(&desktop), &[]));
    let mut command = laptop.device.command(&["--json", "resume", &session]);
    let output = command.envs(laptop.zellij.env()).output().expect("the helper starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(report["panes"]["way"], "later", "{report:#}");
    assert_eq!(report["panes"]["open_with"], format!("convosync resume {session} --zellij"));
    let shell =
        Terminal::of_size((120, 40), &laptop.device.work_tree, laptop.zellij.env(), "exec bash");
    shell.type_text(&format!("env -u TMUX convosync resume {session} --zellij"));
    shell.press(&["Enter"]);
    shell.wait_for("Waiting to run: sleep 1000");
    let sessions = laptop.zellij.sessions();
    laptop.zellij.run(&["kill-session", &session]);
    assert_eq!(sessions, [session]);
}
