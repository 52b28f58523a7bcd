use convosync_wire::zellij::Tab;
use proptest::prelude::*;

use super::*;
use crate::host::Key;
use crate::sample::NOW;

const URL: &str = "file:/p.wasm";
const DAEMON: u32 = 3;

fn told(role: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(configuration::ROLE.to_owned(), role.to_owned())])
}

fn plugins(ids: &[u32], daemon: bool) -> BTreeMap<u32, PluginPane> {
    let plugin = |role: &str| PluginPane { url: URL.into(), configuration: told(role) };
    let mut all: BTreeMap<u32, PluginPane> =
        ids.iter().map(|id| (*id, plugin(configuration::SIDEBAR))).collect();
    if daemon {
        all.insert(DAEMON, plugin(configuration::DAEMON));
    }
    all.insert(0, PluginPane { url: "zellij:compact-bar".into(), ..PluginPane::default() });
    all
}

/// A session in which these plugins have panes.
fn session(plugins: &BTreeMap<u32, PluginPane>) -> Event {
    let pane = |(id, plugin): (&u32, &PluginPane)| Pane {
        id: PaneId::Plugin(*id),
        plugin: Some(PluginPane { url: plugin.url.clone(), ..PluginPane::default() }),
        ..Pane::default()
    };
    let tabs = vec![Tab { active: true, ..Tab::default() }];
    let panes = BTreeMap::from([(0, plugins.iter().map(pane).collect())]);
    Event::Session { name: "brisk".into(), tabs, panes }
}

fn sidebar(me: u32, others: &[u32], daemon: bool) -> (Plugin, Vec<Effect>) {
    let mut plugin = Plugin::new(me, 1, &told(configuration::SIDEBAR));
    let mut ids = others.to_vec();
    ids.push(me);
    let all = plugins(&ids, daemon);
    let mut effects = plugin.update(session(&all), NOW);
    effects.extend(plugin.update(Event::Plugins(all), NOW));
    (plugin, effects)
}

fn asks(effects: &[Effect]) -> Vec<u32> {
    let ask = |effect: &Effect| match effect {
        Effect::Send { to, name, .. } if *name == pipe::ASK => Some(*to),
        _ => None,
    };
    effects.iter().filter_map(ask).collect()
}

fn runs(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Run { .. }))
}

#[test]
fn before_the_grant_nothing_is_asked_and_nothing_is_run() {
    let mut plugin = Plugin::new(8, 1, &told(configuration::SIDEBAR));
    assert_eq!(plugin.start(false), [Effect::RequestPermissions]);
    for event in [Event::Key(Key::Char('s')), Event::Visible(true), Event::Woken] {
        assert_eq!(plugin.update(event, NOW), []);
    }
    let seen = plugin.view(33, 20, NOW);
    assert!(seen.iter().any(|line| line.text().contains("press y")));
    assert!(plugin.update(Event::Granted, NOW).contains(&Effect::Redraw));
    assert!(!plugin.view(33, 20, NOW).iter().any(|line| line.text().contains("press y")));
}

#[test]
fn plugins_ask_one_after_the_other() {
    for (me, turn) in [(9, TURN), (15, 7 * TURN)] {
        let mut plugin = Plugin::new(me, 1, &told(configuration::SIDEBAR));
        assert_eq!(plugin.start(false), [Effect::Wake(turn)]);
        assert_eq!(plugin.view(33, 20, NOW), [], "it is not said that something is asked");
        assert_eq!(plugin.update(Event::Woken, NOW), [Effect::RequestPermissions]);
        assert_ne!(plugin.view(33, 20, NOW), []);
    }
}

#[test]
fn a_daemon_asks_for_permissions_when_a_sidebar_has_got_them_or_there_is_none() {
    let daemon = || Plugin::new(DAEMON, 1, &told(configuration::DAEMON));
    let hello = Event::Message { from: 5, name: pipe::ASK.into(), payload: "\"Hello\"".into() };
    for event in [hello, Event::Woken] {
        let mut plugin = daemon();
        assert_eq!(plugin.start(false), [Effect::Wake(ALONE)]);
        assert_eq!(plugin.update(event, NOW), [Effect::RequestPermissions]);
        assert_eq!(plugin.update(Event::Woken, NOW), [], "once");
        assert!(plugin.update(Event::Granted, NOW).contains(&Effect::RememberGrant));
    }
    assert_eq!(daemon().start(true), [Effect::Wake(i64::from(DAEMON) * TURN)]);
}

#[test]
fn a_denial_is_said_and_can_be_taken_back() {
    let mut plugin = Plugin::new(8, 1, &BTreeMap::new());
    plugin.start(false);
    plugin.update(Event::Denied, NOW);
    assert!(plugin.view(33, 20, NOW).iter().any(|line| line.text().contains("Without")));
    plugin.update(Event::Granted, NOW);
    assert!(!plugin.view(33, 20, NOW).iter().any(|line| line.text().contains("Without")));
}

#[test]
fn a_sidebar_asks_the_daemon_and_runs_nothing() {
    let (_, effects) = sidebar(5, &[4], true);
    assert_eq!(asks(&effects), [DAEMON]);
    assert!(!runs(&effects));
}

#[test]
fn without_a_daemon_the_first_sidebar_does_its_work() {
    let (_, effects) = sidebar(4, &[5], false);
    assert!(runs(&effects) && asks(&effects).is_empty());
    let (_, effects) = sidebar(5, &[4], false);
    assert!(!runs(&effects));
    assert_eq!(asks(&effects), [4]);
}

/// The arguments of the watch that is started.
fn watch(effects: &[Effect]) -> Vec<String> {
    let watch = |effect: &Effect| match effect {
        Effect::Run { argv, .. } if argv[2] == "watch" => Some(argv[3..].to_vec()),
        _ => None,
    };
    effects.iter().find_map(watch).expect("a watch is started")
}

#[test]
fn a_daemon_says_where_it_alone_is_told_and_a_sidebar_that_may_be_closed_does_not() {
    let mut daemon = Plugin::new(DAEMON, 1, &told(configuration::DAEMON));
    let effects = daemon.update(session(&plugins(&[5], true)), NOW);
    let mine = ["--plugin=file:/p.wasm", "--plugin-configuration=role=daemon"];
    assert_eq!(watch(&effects)[4..], mine);
    let (_, effects) = sidebar(5, &[], false);
    assert_eq!(watch(&effects).len(), 4);
}

#[test]
fn a_daemon_that_learns_later_where_it_is_tells_the_watch() {
    let mut daemon = Plugin::new(DAEMON, 1, &told(configuration::DAEMON));
    let effects = daemon.update(session(&plugins(&[5], false)), NOW);
    assert_eq!(watch(&effects).len(), 4);
    let effects = daemon.update(session(&plugins(&[5], true)), NOW);
    assert_eq!(watch(&effects).len(), 6);
}

#[test]
fn a_daemon_that_gives_no_word_is_told_of_and_replaced() {
    let (mut plugin, _) = sidebar(4, &[5], true);
    let effects = plugin.update(Event::Woken, NOW + PATIENCE);
    assert!(runs(&effects), "{effects:?}");
    assert!(plugin.view(33, 24, NOW).iter().any(|line| line.text().contains("plugin::silent")));
}

#[test]
fn a_sidebar_beside_a_daemon_is_told_nothing_by_zellij_as_long_as_that_one_lives() {
    let (_, effects) = sidebar(4, &[5], false);
    assert!(!effects.contains(&Effect::Follow(false)), "it may have to do a daemon's work");
    let (mut plugin, effects) = sidebar(5, &[4], true);
    assert!(effects.contains(&Effect::Follow(false)), "{effects:?}");
    let effects = plugin.update(Event::Woken, NOW + PATIENCE);
    assert!(effects.contains(&Effect::Follow(true)), "{effects:?}");
    // Meanwhile the other sidebar was closed.
    assert!(effects.contains(&Effect::LookAtPlugins));
    assert!(runs(&plugin.update(Event::Plugins(plugins(&[5], true)), NOW + PATIENCE)));
}

/// A word of a plugin to the sidebars that asked it.
fn state_of(from: u32) -> Event {
    let payload = serde_json::to_string(&crate::talk::Tell::State(Default::default()));
    Event::Message { from, name: pipe::TELL.into(), payload: payload.expect("JSON") }
}

#[test]
fn who_is_asked_in_place_of_a_daemon_that_lives_gives_its_work_back() {
    let (mut plugin, _) = sidebar(4, &[5], true);
    plugin.update(state_of(DAEMON), NOW);
    let hello = Event::Message { from: 5, name: pipe::ASK.into(), payload: "\"Hello\"".into() };
    let effects = plugin.update(hello, NOW);
    assert!(runs(&effects) && effects.contains(&Effect::Follow(true)), "{effects:?}");
    assert_eq!(asks(&effects), [DAEMON], "it may have died");
    let effects = plugin.update(state_of(DAEMON), NOW);
    assert!(effects.contains(&Effect::Follow(false)), "{effects:?}");
    let effects = plugin.update(Event::Key(Key::Char('r')), NOW);
    assert_eq!((runs(&effects), asks(&effects)), (false, vec![DAEMON, DAEMON]));
}

#[test]
fn a_daemon_that_answers_is_not_given_up() {
    let (mut plugin, _) = sidebar(4, &[5], true);
    plugin.update(state_of(DAEMON), NOW);
    assert!(!runs(&plugin.update(Event::Woken, NOW + PATIENCE)));
}

#[test]
fn a_daemon_that_died_is_noticed_when_it_is_asked_to_work() {
    for (me, other) in [(4, 5), (5, 4)] {
        let (mut plugin, _) = sidebar(me, &[other], true);
        let state = crate::talk::State { directory: Some("/app".into()), ..Default::default() };
        let payload =
            serde_json::to_string(&crate::talk::Tell::State(Box::new(state))).expect("JSON");
        plugin.update(Event::Message { from: DAEMON, name: pipe::TELL.into(), payload }, NOW);
        plugin.update(Event::Key(Key::Char('s')), NOW);
        let later = NOW + 10 * PATIENCE;
        let effects = plugin.update(Event::Key(Key::Enter), later);
        assert_eq!(asks(&effects), [DAEMON]);
        assert!(effects.contains(&Effect::Wake(PATIENCE)), "{effects:?}");
        let effects = plugin.update(Event::Woken, later + PATIENCE);
        assert_eq!((runs(&effects), asks(&effects).contains(&other)), (me < other, me > other));
        let seen = |plugin: &Plugin, words: &str| {
            plugin.view(60, 24, later).iter().any(|line| line.text().contains(words))
        };
        assert!(seen(&plugin, "plugin::silent"));
        plugin.update(Event::Key(Key::Esc), later);
        assert!(seen(&plugin, "who ran this is gone"), "the call is not waited for");
    }
}

#[test]
fn when_the_first_sidebar_is_closed_the_next_one_does_its_work() {
    let (mut plugin, _) = sidebar(5, &[4], false);
    let left = plugins(&[5], false);
    let effects = plugin.update(session(&left), NOW);
    assert!(effects.contains(&Effect::LookAtPlugins));
    assert!(runs(&plugin.update(Event::Plugins(left), NOW)));
}

#[test]
fn another_plugin_can_not_have_the_helper_called() {
    let (mut plugin, _) = sidebar(4, &[5], false);
    let payload = serde_json::to_string(&Ask::Refresh).expect("JSON");
    let ask = |from| Event::Message { from, name: pipe::ASK.into(), payload: payload.clone() };
    assert!(!runs(&plugin.update(ask(0), NOW)));
    assert!(!runs(&plugin.update(ask(77), NOW)), "nobody knows that one");
    // The first look at the sessions still runs, so one is asked for afterwards.
    let hello = serde_json::to_string(&Ask::Hello).expect("JSON");
    let effects =
        plugin.update(Event::Message { from: 5, name: pipe::ASK.into(), payload: hello }, NOW);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { to: 5, .. })));
}

#[test]
fn who_was_loaded_by_a_name_is_known_by_its_address() {
    let all = plugins(&[5], true);
    let mut named = all.clone();
    named.get_mut(&DAEMON).expect("a daemon").url = "convosync".into();
    let hello = Event::Message { from: 5, name: pipe::ASK.into(), payload: "\"Hello\"".into() };
    let is_told = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Send { to: 5, .. }))
    };
    for is_early in [true, false] {
        let mut daemon = Plugin::new(DAEMON, 1, &told(configuration::DAEMON));
        let mut effects = daemon.update(session(&named), NOW);
        if is_early {
            effects.extend(daemon.update(hello.clone(), NOW));
            assert!(effects.contains(&Effect::LookAtPlugins) && !is_told(&effects));
        }
        effects.extend(daemon.update(Event::Plugins(all.clone()), NOW));
        if !is_early {
            effects.extend(daemon.update(hello.clone(), NOW));
        }
        assert!(is_told(&effects), "{effects:?}");
    }
    let mut sidebar = Plugin::new(5, 1, &told(configuration::SIDEBAR));
    sidebar.update(session(&named), NOW);
    let effects = sidebar.update(Event::Plugins(all), NOW);
    assert!(asks(&effects) == [DAEMON] && !runs(&effects));
}

#[test]
fn what_an_unknown_plugin_asked_is_forgotten_when_zellij_does_not_know_it() {
    let (mut plugin, _) = sidebar(4, &[5], false);
    let ask = Event::Message { from: 77, name: pipe::ASK.into(), payload: "\"Hello\"".into() };
    plugin.update(ask, NOW);
    plugin.update(Event::Plugins(plugins(&[4, 5], false)), NOW);
    assert_eq!(plugin.unknown.len(), 1, "it may have been loaded this moment");
    for _ in 0..MOST_ASKED {
        plugin.update(Event::Plugins(plugins(&[4, 5], false)), NOW);
    }
    assert_eq!(plugin.unknown, []);
}

#[test]
fn the_same_again_is_no_work() {
    let (mut plugin, _) = sidebar(4, &[5], false);
    let again = session(&plugins(&[4, 5], false));
    assert_eq!(plugin.update(again, NOW), []);
}

fn event() -> impl Strategy<Value = Event> {
    let payload = prop_oneof![
        Just(String::new()),
        Just("\"Hello\"".to_owned()),
        Just("\"Refresh\"".to_owned()),
        Just("\"AskToSave\"".to_owned()),
        Just(r#"{"push":"changed"}"#.to_owned()),
        ".{0,30}",
    ];
    let name = prop::sample::select(vec![pipe::ASK, pipe::TELL, pipe::PUSH, pipe::SAVE, "other"]);
    prop_oneof![
        Just(Event::Granted),
        Just(Event::Denied),
        Just(Event::Woken),
        (any::<bool>(), prop::collection::vec(1..9u32, 0..4))
            .prop_map(|(daemon, ids)| session(&plugins(&ids, daemon))),
        (any::<bool>(), prop::collection::vec(1..9u32, 0..4))
            .prop_map(|(daemon, ids)| Event::Plugins(plugins(&ids, daemon))),
        Just(Event::Tabs(Vec::new())),
        Just(Event::Panes(BTreeMap::new())),
        (0..4u32, ".{0,9}").prop_map(|(pane, path)| Event::Directory(pane, path)),
        (0..4u32, any::<bool>()).prop_map(|(pane, foreground)| Event::Command {
            pane,
            command: Vec::new(),
            foreground
        }),
        (0..9u64, any::<Option<i32>>(), any::<Vec<u8>>(), any::<Vec<u8>>())
            .prop_map(|(call, exit, output, errors)| Event::Ended { call, exit, output, errors }),
        (0..9u32, name.clone(), payload.clone()).prop_map(|(from, name, payload)| Event::Message {
            from,
            name: name.into(),
            payload
        }),
        (any::<bool>(), name, payload).prop_map(|(waits, name, payload)| Event::Pipe {
            id: waits.then(|| "p".to_owned()),
            name: name.into(),
            payload
        }),
        any::<char>().prop_map(|letter| Event::Key(Key::Char(letter))),
        Just(Event::Key(Key::Enter)),
    ]
}

proptest! {
    #[test]
    fn no_order_of_events_ends_a_plugin(
        me in 1..9u32,
        daemon in any::<bool>(),
        events in prop::collection::vec((event(), any::<i64>()), 0..30),
    ) {
        let role = if daemon { configuration::DAEMON } else { configuration::SIDEBAR };
        let mut plugin = Plugin::new(me, 1, &told(role));
        for (event, now) in events {
            for effect in plugin.update(event, now) {
                let waits_for_itself = matches!(effect, Effect::Send { to, .. } if to == me);
                prop_assert!(!waits_for_itself);
            }
            prop_assert!(plugin.view(33, 12, now).len() <= 12);
        }
    }
}
