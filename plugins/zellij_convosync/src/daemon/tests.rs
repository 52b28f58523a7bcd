use convosync_wire::zellij::{
    Call, Pane, PaneId, PluginPane, Push as Said, Returned, Snapshot, Tab,
};
use convosync_wire::{Answer as Full, Reply};
use convosync_wire::{Question, SessionRow};

use super::*;
use crate::sample;

const SIDEBAR: u32 = 7;

fn pane(id: PaneId, focused: bool) -> Pane {
    Pane { id, focused, columns: 80, rows: 24, selectable: true, ..Pane::default() }
}

fn session() -> Event {
    let tab = |id: usize, active| Tab { id, position: id, active, ..Tab::default() };
    let panes = BTreeMap::from([
        (0, vec![pane(PaneId::Plugin(SIDEBAR), false), pane(PaneId::Terminal(1), true)]),
        (1, vec![pane(PaneId::Terminal(2), true)]),
    ]);
    Event::Session { name: "brisk".into(), tabs: vec![tab(0, true), tab(1, false)], panes }
}

fn looked(pane: u32, directory: &str) -> Event {
    let command = vec!["bash".to_owned()];
    Event::Looked { pane, directory: Some(directory.into()), command, pid: Some(42) }
}

/// A daemon in a session, after Zellij has said where its terminals are.
fn daemon() -> (Daemon, Vec<Effect>) {
    let mut daemon = Daemon::new(3, "convosync".into(), 99);
    let mut effects = daemon.update(&session());
    effects.extend(daemon.update(&looked(1, "/tmp/app")));
    effects.extend(daemon.asked(SIDEBAR, Ask::Hello));
    (daemon, effects)
}

/// What is run: number, directory and call.
fn calls(effects: &[Effect]) -> Vec<(u64, Option<String>, Call)> {
    let call = |effect: &Effect| match effect {
        Effect::Run { call, argv, env } => {
            assert_eq!(env.get("ZELLIJ_SESSION_NAME").map(String::as_str), Some("brisk"));
            let json = argv.last().expect("arguments");
            let directory = (argv.get(1)? == "-C").then(|| argv[2].clone());
            Some((*call, directory, serde_json::from_str(json).ok()?))
        }
        _ => None,
    };
    effects.iter().filter_map(call).collect()
}

fn of_verb(effects: &[Effect], name: &str) -> Vec<(u64, Option<String>, Call)> {
    let mut calls = calls(effects);
    calls.retain(|(_, _, call)| call.verb.name() == name);
    calls
}

fn ends(daemon: &mut Daemon, call: u64, answer: Full, left: u64) -> Vec<Effect> {
    let output = serde_json::to_vec(&Returned { call, answer, left }).expect("JSON");
    daemon.update(&Event::Ended { call, exit: Some(0), output, errors: Vec::new() })
}

fn replies(daemon: &mut Daemon, call: u64, reply: Reply) -> Vec<Effect> {
    ends(daemon, call, Full::Reply(Box::new(reply)), 0)
}

fn told(effects: &[Effect]) -> Vec<Tell> {
    let tell = |effect: &Effect| match effect {
        Effect::Send { to: SIDEBAR, payload, .. } => serde_json::from_str(payload).ok(),
        _ => None,
    };
    effects.iter().filter_map(tell).collect()
}

fn pushed(daemon: &mut Daemon, push: &Said) -> Vec<Effect> {
    let payload = serde_json::to_string(push).expect("JSON");
    daemon.update(&Event::Pipe { id: Some("p".into()), name: pipe::PUSH.into(), payload })
}

/// The session that a program is the start of a watch for, if it is that.
fn watched_by(effect: &Effect) -> Option<&str> {
    let Effect::Run { argv, .. } = effect else { return None };
    let (start, end) = (["convosync", "--json", "watch", "--zellij"], ["--server", "99"]);
    let is_watch = argv.len() == 7 && argv[..4] == start && argv[5..] == end;
    is_watch.then(|| argv[4].as_str())
}

fn watched(effects: &[Effect]) -> Vec<&str> {
    effects.iter().filter_map(watched_by).collect()
}

#[test]
fn it_begins_with_a_watch_a_list_and_a_look_at_the_place() {
    let (_, effects) = daemon();
    assert!(effects.contains(&Effect::Look(vec![1, 2])));
    assert_eq!(watched(&effects), ["brisk"]);
    let lists = of_verb(&effects, "list");
    assert!(matches!(&lists[0].2.verb, Verb::List(args) if args.offline));
    assert_eq!(of_verb(&effects, "status")[0].1.as_deref(), Some("/tmp/app"));
}

#[test]
fn a_terminal_that_is_being_started_is_looked_at_again_but_not_for_ever() {
    let (mut daemon, _) = daemon();
    let nothing = Event::Looked { pane: 2, directory: None, command: Vec::new(), pid: None };
    let mut looks = 0;
    while daemon.update(&nothing).contains(&Effect::Wake(LOOK_AGAIN)) {
        assert!(daemon.update(&Event::Woken).contains(&Effect::Look(vec![2])));
        looks += 1;
    }
    assert!((2..20).contains(&looks), "{looks}");
    assert_eq!(daemon.update(&Event::Woken), []);
}

#[test]
fn what_was_said_already_is_not_said_again() {
    let (mut daemon, _) = daemon();
    assert_eq!(daemon.update(&session()), []);
    assert_eq!(daemon.update(&looked(1, "/tmp/app")), []);
}

#[test]
fn a_snapshot_is_answered_from_what_is_known() {
    let (mut daemon, _) = daemon();
    daemon.update(&Event::Command { pane: 1, command: vec!["vi".into()], foreground: true });
    let asked =
        Event::Pipe { id: Some("p".into()), name: pipe::SNAPSHOT.into(), payload: "".into() };
    let effects = daemon.update(&asked);
    let [Effect::Answer { pipe, text }] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(pipe == "p" && text.ends_with('\n'));
    let snapshot: Snapshot = serde_json::from_str(text).expect("JSON");
    let pane = &snapshot.tabs[0].panes[1];
    assert_eq!((pane.directory.as_deref(), pane.pid), (Some("/tmp/app"), Some(42)));
    assert_eq!((snapshot.session.as_str(), pane.command.as_slice()), ("brisk", &["vi".into()][..]));
}

#[test]
fn a_call_of_a_sidebar_acts_where_its_user_was() {
    let (mut daemon, _) = daemon();
    let verb = helper::written(&Verb::Save(Default::default()));
    let place = daemon.state_for(SIDEBAR).place();
    // The user goes elsewhere before the call is made.
    daemon.update(&looked(1, "/tmp/other"));
    let effects = daemon.asked(SIDEBAR, Ask::Call { number: 5, place, verb, changes: true });
    let (call, directory, _) = of_verb(&effects, "save").remove(0);
    assert_eq!(directory.as_deref(), Some("/tmp/app"));
    assert!(effects.iter().any(|effect| {
        matches!(effect, Effect::Run { env, .. } if env.get("ZELLIJ_PANE_ID").is_some_and(|id| id == "1"))
    }));
    let progress: convosync_wire::Progress = "Pushing".into();
    let effects = pushed(&mut daemon, &Said::Progress { call, progress: progress.clone() });
    assert_eq!(told(&effects), [Tell::Progress { number: 5, progress }]);
    let effects =
        ends(&mut daemon, call, Full::NeedsDecision(sample::decision(Question::Dirty)), 0);
    assert!(matches!(&told(&effects)[0], Tell::Returned { number: 5, answer: Ok(_) }));
    assert_eq!(of_verb(&effects, "status").len(), 0, "one look at a place runs already");
}

#[test]
fn a_focused_sidebar_does_not_hide_where_the_user_was() {
    let (mut daemon, _) = daemon();
    let panes = vec![pane(PaneId::Plugin(SIDEBAR), true), pane(PaneId::Terminal(1), false)];
    let effects = daemon.update(&Event::Panes(BTreeMap::from([(0, panes)])));
    assert_eq!(effects, []);
    assert_eq!(daemon.state_for(SIDEBAR).directory.as_deref(), Some("/tmp/app"));
}

#[test]
fn pages_of_a_list_are_put_together() {
    let (mut daemon, effects) = daemon();
    let call = of_verb(&effects, "list")[0].0;
    let rows = sample::rows();
    let first = Full::Reply(Box::new(Reply::Sessions(rows[..2].to_vec().into())));
    let effects = ends(&mut daemon, call, first, 2);
    let (call, _, next) = of_verb(&effects, "list").remove(0);
    assert_eq!(next.skip, 2);
    let effects = replies(&mut daemon, call, Reply::Sessions(rows[2..].to_vec().into()));
    let sessions = told(&effects).into_iter().find_map(|tell| match tell {
        Tell::Sessions(sessions) => Some(sessions),
        _ => None,
    });
    let sessions = sessions.expect("the sidebar was told");
    assert!(sessions.listed && sessions.rows == rows && !sessions.more);
}

#[test]
fn news_are_marked_until_somebody_looks() {
    let (mut daemon, effects) = daemon();
    let call = of_verb(&effects, "list")[0].0;
    replies(&mut daemon, call, Reply::Sessions(sample::rows().into()));
    let effects = pushed(&mut daemon, &Said::News { sessions: vec!["session-cccccccc".into()] });
    assert_eq!(of_verb(&effects, "list").len(), 1);
    assert!(daemon.sessions.fresh.contains("session-cccccccc"));
    daemon.asked(SIDEBAR, Ask::Seen("session-cccccccc".into()));
    assert!(daemon.sessions.fresh.is_empty());
}

#[test]
fn news_of_what_is_not_there_are_not_marked_for_ever() {
    let (mut daemon, effects) = daemon();
    let call = of_verb(&effects, "list")[0].0;
    let gone = sample::row("gone", "app", ("laptop", "laptop"), 5);
    pushed(
        &mut daemon,
        &Said::News { sessions: vec![gone.session_id, sample::rows().remove(2).session_id] },
    );
    let effects = replies(&mut daemon, call, Reply::Sessions(Vec::new().into()));
    assert_eq!(daemon.sessions.fresh.len(), 2, "that list is older than the news");
    let call = of_verb(&effects, "list")[0].0;
    replies(&mut daemon, call, Reply::Sessions(sample::rows().into()));
    assert_eq!(daemon.sessions.fresh, BTreeSet::from(["session-cccccccc".to_owned()]));
}

#[test]
fn sessions_fit_into_a_message_whatever_their_rows_hold() {
    let (mut daemon, _) = daemon();
    let long = |letters| SessionRow {
        message: "ö".repeat(letters),
        title: Some("\u{1}".repeat(letters)),
        repository: "r".repeat(letters),
        ..sample::rows().remove(0)
    };
    assert!(!daemon.take_rows(0, vec![long(2000); 400]));
    let sessions = &daemon.sessions;
    assert_eq!(sessions.rows[0].message, "ö".repeat(list::LONGEST));
    assert!(sessions.rows.len() > 20, "{}", sessions.rows.len());
    let payload = written(&Tell::Sessions(sessions.clone()));
    assert!(payload.len() < convosync_wire::zellij::MOST_BYTES, "{}", payload.len());
    assert!(!daemon.take_rows(0, vec![long(1); 400]));
    assert_eq!(daemon.sessions.rows.len(), MOST_SESSIONS);
}

#[test]
fn sessions_are_written_only_when_they_changed() {
    let (mut daemon, effects) = daemon();
    assert!(told(&effects).iter().any(|tell| matches!(tell, Tell::Sessions(_))));
    assert_eq!(daemon.changed_sessions(), None);
    daemon.sessions_mut().more = true;
    assert!(daemon.changed_sessions().is_some());
    daemon.tell_all();
    assert_eq!(daemon.changed_sessions(), None);
}

#[test]
fn a_call_is_heard_at_once() {
    let (mut daemon, _) = daemon();
    let place = daemon.state_for(SIDEBAR).place();
    let verb = helper::written(&Verb::Save(Default::default()));
    let effects = daemon.asked(SIDEBAR, Ask::Call { number: 5, place, verb, changes: true });
    assert!(matches!(told(&effects)[..], [Tell::State(_)]), "{effects:?}");
}

#[test]
fn news_come_under_a_session_s_new_name() {
    let (mut daemon, _) = daemon();
    let Event::Session { tabs, panes, .. } = session() else { panic!("a session") };
    let renamed = Event::Session { name: "calm".into(), tabs, panes };
    assert_eq!(watched(&daemon.update(&renamed)), ["calm"]);
    assert_eq!(watched(&daemon.update(&renamed)), [""; 0]);
}

#[test]
fn why_no_watch_was_started_is_told_in_its_own_words() {
    let (mut daemon, effects) = daemon();
    let is_watch = |effect: &Effect| match effect {
        Effect::Run { call, argv, .. } if argv.iter().any(|word| word == "watch") => Some(*call),
        _ => None,
    };
    let call = effects.iter().find_map(is_watch).expect("a watch");
    let errors = br#"{"code":"convosync::watch::start","message":"the disk is full","help":null}"#;
    let (output, errors) = (Vec::new(), errors.to_vec());
    daemon.update(&Event::Ended { call, exit: Some(1), output, errors });
    let watching = daemon.state_for(SIDEBAR).watching;
    let Some(Watching::Troubled(failure)) = watching else { panic!("{watching:?}") };
    assert_eq!(failure.code, "convosync::watch::start");
}

#[test]
fn a_helper_that_is_missing_is_told_and_forgotten_when_it_is_there() {
    let (mut daemon, effects) = daemon();
    let call = of_verb(&effects, "list")[0].0;
    let errors = b"sh: 2: convosync: not found".to_vec();
    daemon.update(&Event::Ended { call, exit: Some(127), output: Vec::new(), errors });
    let trouble = daemon.state_for(SIDEBAR).trouble.expect("it is told");
    assert_eq!(trouble.code, "convosync::helper::not-found");
    let effects = daemon.asked(SIDEBAR, Ask::Refresh);
    let call = of_verb(&effects, "list")[0].0;
    replies(&mut daemon, call, Reply::Sessions(Vec::new().into()));
    assert_eq!(daemon.state_for(SIDEBAR).trouble, None);
}

#[test]
fn a_command_that_ends_is_a_reason_to_look_at_the_place() {
    let (mut daemon, effects) = daemon();
    let call = of_verb(&effects, "status")[0].0;
    replies(&mut daemon, call, Reply::Here(Box::new(sample::here())));
    let ended = |pane| Event::Command { pane, command: vec!["bash".into()], foreground: false };
    assert_eq!(of_verb(&daemon.update(&ended(2)), "status"), [], "nobody sees that tab");
    assert_eq!(of_verb(&daemon.update(&ended(1)), "status").len(), 1);
}

#[test]
fn a_key_for_saving_goes_to_the_sidebar_that_is_seen() {
    let (mut daemon, _) = daemon();
    let effects =
        daemon.update(&Event::Pipe { id: None, name: pipe::SAVE.into(), payload: "".into() });
    assert!(effects.contains(&Effect::Focus(PaneId::Plugin(SIDEBAR))));
    assert_eq!(told(&effects), [Tell::AskToSave]);
}

#[test]
fn the_words_of_a_device_are_typed_into_a_terminal() {
    let (mut daemon, _) = daemon();
    let effects = daemon.asked(SIDEBAR, Ask::Approve);
    let argv = ["convosync", "device", "approve"].map(ToOwned::to_owned).to_vec();
    assert_eq!(effects, [Effect::Open(argv)]);
    let effects = daemon.asked(SIDEBAR, Ask::Leave);
    assert_eq!(effects, [Effect::Focus(PaneId::Terminal(1))]);
}

const URL: &str = "file:/p.wasm";

/// A key, where the panes are as they are told last.
fn key(daemon: &mut Daemon, name: &str) -> Vec<Effect> {
    let panes = daemon.terminal.snapshot().tabs.into_iter().flat_map(|tab| tab.panes).collect();
    key_among(daemon, name, panes)
}

/// A key, where these are the panes.
fn key_among(daemon: &mut Daemon, name: &str, panes: Vec<Pane>) -> Vec<Effect> {
    let event = Event::Pipe { id: None, name: name.to_owned(), payload: String::new() };
    let effects = daemon.update(&event);
    looked_at(daemon, effects, &panes)
}

/// What comes of effects when Zellij was asked where panes are.
fn looked_at(daemon: &mut Daemon, effects: Vec<Effect>, panes: &[Pane]) -> Vec<Effect> {
    let answer = |effect: &Effect| match effect {
        Effect::LookAtPanes(ids) => {
            let now = |id: &PaneId| panes.iter().find(|pane| pane.id == *id).cloned();
            Some(Event::PanesLooked(ids.iter().map(|id| (*id, now(id))).collect()))
        }
        _ => None,
    };
    match effects.iter().find_map(answer) {
        Some(event) => daemon.update(&event),
        None => effects,
    }
}

fn panes_of(event: &Event) -> Vec<Pane> {
    let Event::Session { panes, .. } = event else { panic!("{event:?}") };
    panes.values().flatten().cloned().collect()
}

/// What comes of it when the session is told to be so, and is so.
fn becomes(daemon: &mut Daemon, event: &Event) -> Vec<Effect> {
    let effects = daemon.update(event);
    looked_at(daemon, effects, &panes_of(event))
}

/// A tab that is shown, with one terminal and a column if there is one.
fn tab_with(column: Option<u32>) -> Event {
    let beside = usize::from(column.is_some()) * 34;
    let shell =
        Pane { x: beside, columns: 120 - beside, rows: 30, ..pane(PaneId::Terminal(1), true) };
    let plugin = PluginPane { url: URL.to_owned(), ..PluginPane::default() };
    let column = column.map(|id| Pane {
        columns: 34,
        rows: 30,
        plugin: Some(plugin),
        ..pane(PaneId::Plugin(id), false)
    });
    // Zellij counts what draws nothing to the first tab.
    let plugin = PluginPane { url: URL.to_owned(), ..PluginPane::default() };
    let hidden = Pane { suppressed: true, ..pane(PaneId::Plugin(3), false) };
    let hidden = Pane { plugin: Some(plugin), ..hidden };
    let panes = column.into_iter().chain([shell, hidden]).collect();
    let tab = Tab { active: true, columns: 120, rows: 30, ..Tab::default() };
    Event::Session { name: "brisk".into(), tabs: vec![tab], panes: BTreeMap::from([(0, panes)]) }
}

/// A daemon whose address is known, in a tab without a column.
fn without_column() -> Daemon {
    let mut daemon = Daemon::new(3, "convosync".into(), 99);
    daemon.update(&tab_with(None));
    let plugin = PluginPane { url: URL.to_owned(), ..PluginPane::default() };
    daemon.update(&Event::Plugins(BTreeMap::from([(3, plugin)])));
    daemon
}

#[test]
fn a_key_closes_the_column_and_puts_it_back() {
    let mut daemon = without_column();
    daemon.update(&tab_with(Some(SIDEBAR)));
    daemon.asked(SIDEBAR, Ask::Hello);
    assert!(key(&mut daemon, pipe::COLUMN).contains(&Effect::Close(SIDEBAR)));
    // Zellij tells of what it closed for a moment longer.
    daemon.update(&tab_with(Some(SIDEBAR)));
    let effects = key(&mut daemon, pipe::COLUMN);
    assert!(matches!(&effects[..], [Effect::Arrange(_)]), "{effects:?}");
    let effects = becomes(&mut daemon, &tab_with(Some(9)));
    assert!(effects.contains(&Effect::Focus(PaneId::Terminal(1))), "{effects:?}");
    let focus = Effect::Focus(PaneId::Terminal(1));
    assert!(!becomes(&mut daemon, &tab_with(Some(9))).contains(&focus));
}

#[test]
fn a_column_that_did_not_come_beside_the_panes_opens_over_them() {
    let mut daemon = without_column();
    key(&mut daemon, pipe::COLUMN);
    let effects = key(&mut daemon, pipe::COLUMN);
    assert!(matches!(&effects[..], [Effect::OpenColumn { url, .. }] if url == URL), "{effects:?}");
}

#[test]
fn a_column_that_gave_no_word_yet_is_closed_and_none_put_beside_it() {
    let mut daemon = without_column();
    key(&mut daemon, pipe::COLUMN);
    becomes(&mut daemon, &tab_with(Some(9)));
    assert_eq!(key(&mut daemon, pipe::FOCUS), []);
    // What Zellij tells is of a moment ago: it is asked.
    daemon.update(&tab_with(None));
    let now = panes_of(&tab_with(Some(9)));
    assert!(key_among(&mut daemon, pipe::COLUMN, now).contains(&Effect::Close(9)));
}

#[test]
fn a_save_where_there_is_no_column_brings_it_and_asks_there() {
    let mut daemon = without_column();
    let effects = key(&mut daemon, pipe::SAVE);
    assert!(matches!(&effects[..], [Effect::Arrange(_)]), "{effects:?}");
    becomes(&mut daemon, &tab_with(Some(SIDEBAR)));
    let effects = daemon.asked(SIDEBAR, Ask::Hello);
    assert!(effects.contains(&Effect::Focus(PaneId::Plugin(SIDEBAR))), "{effects:?}");
    // Without a place it could ask for nothing.
    let told = told(&effects);
    assert!(matches!(&told[..], [.., Tell::State(_), Tell::AskToSave]), "{told:?}");
}

#[test]
fn a_sidebar_that_an_older_list_of_panes_leaves_out_is_told_all_the_same() {
    let mut daemon = without_column();
    daemon.update(&tab_with(Some(SIDEBAR)));
    daemon.asked(SIDEBAR, Ask::Hello);
    // Zellij hands out what it wrote down a second ago, too.
    daemon.update(&tab_with(None));
    let again = told(&daemon.update(&tab_with(Some(SIDEBAR))));
    assert!(matches!(&again[..], [Tell::Sessions(_), Tell::State(_)]), "{again:?}");
    assert!(key(&mut daemon, pipe::COLUMN).contains(&Effect::Close(SIDEBAR)));
}

#[test]
fn panes_are_put_back_to_where_they_are_and_not_to_where_they_were() {
    let mut daemon = without_column();
    let mut now = panes_of(&tab_with(None));
    let (left, right) = (0..50, 50..120);
    let beside = |id, span: std::ops::Range<usize>| Pane {
        x: span.start,
        columns: span.len(),
        rows: 30,
        ..pane(PaneId::Terminal(id), true)
    };
    now.retain(|pane| pane.id != PaneId::Terminal(1));
    now.extend([beside(1, left)]);
    daemon.update(&Event::Panes(BTreeMap::from([(0, panes_of(&tab_with(None)))])));
    now.push(beside(2, right));
    let event = Event::Panes(BTreeMap::from([(0, now.clone())]));
    daemon.update(&event);
    now.iter_mut().filter(|pane| pane.id == PaneId::Terminal(1)).for_each(|pane| pane.columns = 60);
    now.iter_mut().filter(|pane| pane.id == PaneId::Terminal(2)).for_each(|pane| {
        (pane.x, pane.columns) = (60, 60);
    });
    let effects = key_among(&mut daemon, pipe::COLUMN, now);
    let [Effect::Arrange(layout)] = &effects[..] else { panic!("{effects:?}") };
    assert!(layout.contains("pane size=\"50%\""), "{layout}");
}

#[test]
fn a_column_that_somebody_else_closed_is_put_back() {
    let mut daemon = without_column();
    daemon.update(&tab_with(Some(SIDEBAR)));
    daemon.asked(SIDEBAR, Ask::Hello);
    let effects = key_among(&mut daemon, pipe::COLUMN, panes_of(&tab_with(None)));
    assert!(matches!(&effects[..], [Effect::Arrange(_)]), "{effects:?}");
}

#[test]
fn a_column_that_is_needed_stays() {
    let (mut daemon, _) = daemon();
    daemon.me = SIDEBAR;
    key(&mut daemon, pipe::COLUMN);
    let trouble = daemon.state_for(SIDEBAR).trouble.expect("it is told");
    assert_eq!(trouble.code, "convosync::plugin::needed");
}

#[test]
fn what_others_say_on_its_pipes_does_nothing() {
    let (mut daemon, _) = daemon();
    for payload in ["", "hello", "{\"push\":\"news\",\"data\":{\"rows\":3}}"] {
        let event =
            Event::Pipe { id: Some("p".into()), name: pipe::PUSH.into(), payload: payload.into() };
        assert_eq!(daemon.update(&event), [], "{payload}");
    }
    let event = Event::Ended { call: 12345, exit: None, output: Vec::new(), errors: Vec::new() };
    assert_eq!(daemon.update(&event), []);
}
