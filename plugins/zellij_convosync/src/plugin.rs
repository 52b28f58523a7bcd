//! Which role a plugin has, and who talks to whom.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use convosync_wire::Failure;
use convosync_wire::zellij::{Address, Pane, PaneId, PluginPane, configuration, pipe};

use crate::daemon::Daemon;
use crate::helper;
use crate::host::{Effect, Event};
use crate::line::Line;
use crate::sidebar::{Sidebar, Wish};
use crate::talk::Ask;

/// How long the daemon may take for a word, in milliseconds. It has nothing to do but to answer.
const PATIENCE: i64 = 8000;

/// A timer may ring so many milliseconds early by the other clock.
const SLACK: i64 = 100;

/// When Zellij is asked again for the plugins, in milliseconds.
const AGAIN: i64 = 1000;

/// How often Zellij is asked again for the plugins, until something changes.
const MOST_ASKED: u8 = 10;

/// How long a daemon waits for a sidebar before it asks for permissions itself, in milliseconds: two
/// questions at once for the same would confuse, and an answer to the sidebar is one to the daemon.
const ALONE: i64 = 30_000;

/// How long after another a plugin asks for permissions, in milliseconds, and how many do so: Zellij
/// writes down what is granted each time, and who asks meanwhile reads half of it.
const TURN: i64 = 40;
const TURNS: u32 = 8;

/// Most events that are kept until the permissions are granted.
const MOST_KEPT: usize = 200;

/// What Zellij loaded: the daemon, or a sidebar, or a sidebar that stands in for a daemon.
///
/// There is one daemon where the user loads one with the session. Where not, the sidebar with the
/// lowest number does its work.
#[derive(Debug)]
pub struct Plugin {
    me: u32,
    /// What its configuration says.
    told: BTreeMap<String, String>,
    program: String,
    server: u32,
    requested: bool,
    granted: bool,
    denied: bool,
    kept: VecDeque<Event>,
    daemon: Option<Daemon>,
    sidebar: Option<Sidebar>,
    /// Who is asked.
    home: Option<u32>,
    /// Those that did not answer.
    silent: BTreeSet<u32>,
    /// Since when an answer is missing.
    waits_since: Option<i64>,
    /// What the session, tabs and panes were last: they are told again and again without change.
    seen: BTreeMap<&'static str, Event>,
    /// The addresses of all plugins that have a pane, seen or not.
    addresses: BTreeMap<u32, String>,
    /// What Zellij said of the plugins when it was asked last.
    plugins: BTreeMap<u32, PluginPane>,
    /// When it is asked again, because it did not know all of them yet.
    asks_at: Option<i64>,
    /// How often it may be asked again.
    asks_left: u8,
    /// Requests of plugins that nothing is known of yet.
    unknown: Vec<(u32, Ask)>,
    /// Whether Zellij tells what happens in the session.
    follows: bool,
}

impl Plugin {
    /// The plugin that a Zellij server (its process id) gave this number, by its configuration.
    #[must_use]
    pub fn new(me: u32, server: u32, told: &BTreeMap<String, String>) -> Self {
        let is_daemon =
            told.get(configuration::ROLE).is_some_and(|role| role == configuration::DAEMON);
        let has_edge =
            told.get(configuration::EDGE).is_some_and(|edge| edge == configuration::LINE);
        let program = told.get(configuration::HELPER).filter(|path| !path.trim().is_empty());
        let program = program.cloned().unwrap_or_else(|| helper::NAME.to_owned());
        Self {
            me,
            told: told.clone(),
            requested: false,
            granted: false,
            denied: false,
            kept: VecDeque::new(),
            daemon: is_daemon.then(|| Daemon::new(me, program.clone(), server)),
            sidebar: (!is_daemon).then(|| Sidebar::with_edge(has_edge)),
            program,
            server,
            home: is_daemon.then_some(me),
            silent: BTreeSet::new(),
            waits_since: None,
            seen: BTreeMap::new(),
            addresses: BTreeMap::new(),
            plugins: BTreeMap::new(),
            asks_at: None,
            asks_left: MOST_ASKED,
            unknown: Vec::new(),
            follows: true,
        }
    }

    /// What to do at first; `remembered` says whether the permissions were granted in an earlier
    /// session. Nothing else is asked of Zellij before they are.
    pub fn start(&mut self, remembered: bool) -> Vec<Effect> {
        if self.sidebar.is_none() && !remembered {
            return vec![Effect::Wake(ALONE)];
        }
        match i64::from(self.me % TURNS) * TURN {
            0 => self.request(),
            turn => vec![Effect::Wake(turn)],
        }
    }

    fn request(&mut self) -> Vec<Effect> {
        let before = std::mem::replace(&mut self.requested, true);
        if before { Vec::new() } else { vec![Effect::RequestPermissions] }
    }

    /// Takes down what happened at a time (milliseconds since 1970), and says what to do. What
    /// comes before the permissions waits for them.
    pub fn update(&mut self, event: Event, now_ms: i64) -> Vec<Effect> {
        let mut effects = self.heard(event, now_ms);
        effects.extend(self.follow());
        effects
    }

    /// A sidebar beside a daemon is told by that one what it has to know: Zellij tells every plugin
    /// that wants it about once a second, whether something changed or not.
    fn follow(&mut self) -> Option<Effect> {
        let is_told = self.daemon.is_none() && self.home.is_some_and(|home| self.is_daemon(home));
        let before = std::mem::replace(&mut self.follows, !is_told);
        (before == is_told).then_some(Effect::Follow(!is_told))
    }

    fn heard(&mut self, event: Event, now_ms: i64) -> Vec<Effect> {
        match event {
            Event::Denied => {
                self.denied = true;
                vec![Effect::Redraw]
            }
            Event::Granted if self.granted => Vec::new(),
            Event::Granted => self.begin(now_ms),
            // Zellij tells these only to who may know: that is a grant, too.
            Event::Tabs(_) | Event::Panes(_) | Event::Session { .. } if !self.granted => {
                let mut effects = self.begin(now_ms);
                effects.extend(self.take(&event, now_ms));
                effects
            }
            Event::Size(..) => self.take(&event, now_ms),
            event if !self.granted => {
                // A sidebar has got its permissions, or there is none.
                let asks = matches!(event, Event::Message { .. } | Event::Woken);
                let effects = if asks { self.request() } else { Vec::new() };
                if self.kept.len() < MOST_KEPT && !matches!(event, Event::Key(_)) {
                    self.kept.push_back(event);
                }
                effects
            }
            event => self.take(&event, now_ms),
        }
    }

    fn begin(&mut self, now_ms: i64) -> Vec<Effect> {
        (self.granted, self.denied) = (true, false);
        let mut effects = vec![Effect::RememberGrant, Effect::Redraw];
        for event in std::mem::take(&mut self.kept) {
            effects.extend(self.take(&event, now_ms));
        }
        effects
    }

    fn take(&mut self, event: &Event, now_ms: i64) -> Vec<Effect> {
        if let Some(kind) = told_often(event) {
            if self.seen.get(kind) == Some(event) {
                return Vec::new();
            }
            self.seen.insert(kind, event.clone());
        }
        let mut effects = Vec::new();
        match event {
            Event::Session { panes, .. } | Event::Panes(panes) => {
                effects.extend(self.see_plugins(panes));
            }
            Event::Plugins(plugins) => {
                self.plugins.clone_from(plugins);
                effects.extend(self.find_home(now_ms));
                effects.extend(self.ask_again_later(now_ms));
            }
            _ => {}
        }
        if let Event::Message { from, name, payload } = event {
            effects.extend(self.message(*from, name, payload, now_ms));
            return effects;
        }
        if let Some(daemon) = &mut self.daemon {
            let mut told = Vec::new();
            // A sidebar can be closed: Zellij would open another one to tell it something.
            if self.sidebar.is_none() {
                let url = self.addresses.get(&self.me);
                told.extend(daemon.set_address(url.and_then(|url| Address::of(url, &self.told))));
            }
            told.extend(daemon.update(event));
            effects.extend(self.delivered(told, now_ms));
        }
        if let Some(sidebar) = &mut self.sidebar {
            let wishes = sidebar.update(event, now_ms);
            effects.extend(self.granted_wishes(wishes, now_ms));
        }
        if *event == Event::Woken {
            effects.extend(self.look_at_clock(now_ms));
        }
        effects.extend(self.look_at_unknown(event, now_ms));
        effects
    }

    /// Does what plugins asked of which something is known now, and forgets what those asked that
    /// Zellij does not know either.
    fn look_at_unknown(&mut self, event: &Event, now_ms: i64) -> Vec<Effect> {
        let mut effects = Vec::new();
        if matches!(event, Event::Plugins(_) | Event::Panes(_) | Event::Session { .. }) {
            for (from, ask) in std::mem::take(&mut self.unknown) {
                effects.extend(self.asked(from, ask, now_ms));
            }
        }
        if matches!(event, Event::Plugins(_)) && self.asks_at.is_none() {
            self.unknown.clear();
        }
        effects
    }

    /// Asks what the plugins were told whenever there are others.
    fn see_plugins(&mut self, panes: &BTreeMap<usize, Vec<Pane>>) -> Option<Effect> {
        let address = |pane: &Pane| match (pane.id, &pane.plugin) {
            (PaneId::Plugin(id), Some(plugin)) => Some((id, plugin.url.clone())),
            _ => None,
        };
        let addresses: BTreeMap<u32, String> =
            panes.values().flatten().filter_map(address).collect();
        let changed = addresses != self.addresses;
        self.addresses = addresses;
        if changed {
            self.asks_left = MOST_ASKED;
        }
        changed.then_some(Effect::LookAtPlugins)
    }

    /// Zellij writes down what it has loaded a little later.
    fn ask_again_later(&mut self, now_ms: i64) -> Option<Effect> {
        let mut seen = self.addresses.keys().chain(self.unknown.iter().map(|(from, _)| from));
        let known = |id: &u32| self.plugins.contains_key(id);
        self.asks_at = None;
        if self.asks_left == 0 || known(&self.me) && seen.all(known) {
            return None;
        }
        self.asks_left -= 1;
        self.asks_at = Some(now_ms.saturating_add(AGAIN));
        Some(Effect::Wake(AGAIN))
    }

    /// Finds out who is asked: a daemon, or the first of the sidebars.
    fn find_home(&mut self, now_ms: i64) -> Vec<Effect> {
        if self.sidebar.is_none() {
            return Vec::new();
        }
        let home = self.first();
        if home == self.home {
            return Vec::new();
        }
        let mut effects = self.leave_home(now_ms);
        self.home = home;
        if home == Some(self.me) {
            effects.extend(self.stand_in(now_ms));
            return effects;
        }
        self.daemon = None;
        effects.extend(self.ask(Ask::Hello, now_ms));
        effects
    }

    /// What the one that was asked until now runs for the sidebar is not heard of again.
    fn leave_home(&mut self, now_ms: i64) -> Vec<Effect> {
        let before = self.home.take();
        let Some(sidebar) = self.sidebar.as_mut().filter(|_| before.is_some()) else {
            return Vec::new();
        };
        let wishes = sidebar.lost_daemon();
        self.granted_wishes(wishes, now_ms)
    }

    /// The daemon, or the plugin of ours with the lowest number. Where Zellij writes nothing down of
    /// its sessions, the panes say who there is; a daemon was loaded before all others.
    fn first(&self) -> Option<u32> {
        if !self.plugins.contains_key(&self.me) && self.asks_left > 0 {
            return None;
        }
        let known = self.plugins.iter().map(|(id, plugin)| (*id, plugin.url.as_str()));
        let seen = self.addresses.iter().map(|(id, address)| (*id, address.as_str()));
        let all: BTreeMap<u32, &str> = seen.chain(known).collect();
        let ours = all.get(&self.me)?;
        let ids = all.iter().filter(|(id, address)| *address == ours && !self.silent.contains(id));
        let ids: Vec<u32> = ids.map(|(id, _)| *id).collect();
        ids.iter().find(|id| self.is_daemon(**id)).or(ids.first()).copied()
    }

    fn is_daemon(&self, plugin: u32) -> bool {
        let told = self.plugins.get(&plugin).map(|plugin| &plugin.configuration);
        let role = told.and_then(|told| told.get(configuration::ROLE));
        role.is_some_and(|role| role == configuration::DAEMON)
    }

    /// Does the daemon's work.
    fn stand_in(&mut self, now_ms: i64) -> Vec<Effect> {
        self.home = Some(self.me);
        self.waits_since = None;
        self.daemon = Some(Daemon::new(self.me, self.program.clone(), self.server));
        let mut effects = Vec::new();
        let plugins = Event::Plugins(self.plugins.clone());
        for event in self.seen.values().cloned().chain([plugins]).collect::<Vec<_>>() {
            let told = self.daemon.as_mut().map(|daemon| daemon.update(&event));
            effects.extend(self.delivered(told.unwrap_or_default(), now_ms));
        }
        effects.extend(self.ask(Ask::Hello, now_ms));
        effects
    }

    /// Asks the one that knows.
    fn ask(&mut self, ask: Ask, now_ms: i64) -> Vec<Effect> {
        let Some(home) = self.home else { return Vec::new() };
        if home == self.me {
            let told = self.daemon.as_mut().map(|daemon| daemon.asked(self.me, ask));
            return self.delivered(told.unwrap_or_default(), now_ms);
        }
        let payload = serde_json::to_string(&ask).unwrap_or_default();
        let mut effects = vec![Effect::Send { to: home, name: pipe::ASK, payload }];
        // These are answered at once: a daemon may have died since it was asked last.
        match ask {
            Ask::Hello => self.waits_since = Some(now_ms),
            Ask::Call { .. } => _ = self.waits_since.get_or_insert(now_ms),
            _ => return effects,
        }
        effects.push(Effect::Wake(PATIENCE));
        effects
    }

    /// What the daemon says to the sidebar in here needs no host.
    fn delivered(&mut self, effects: Vec<Effect>, now_ms: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send { to, payload, .. } if to == self.me => {
                    if let (Some(sidebar), Ok(tell)) =
                        (&mut self.sidebar, serde_json::from_str(&payload))
                    {
                        let wishes = sidebar.told(tell, now_ms);
                        out.extend(self.granted_wishes(wishes, now_ms));
                    }
                }
                effect => out.push(effect),
            }
        }
        out
    }

    fn granted_wishes(&mut self, wishes: Vec<Wish>, now_ms: i64) -> Vec<Effect> {
        let mut effects = Vec::new();
        for wish in wishes {
            match wish {
                Wish::Ask(Ask::Refresh) if self.home.is_none_or(|home| home != self.me) => {
                    // Whoever is silent is given another chance, and another patience.
                    self.silent.clear();
                    let before = self.home;
                    effects.extend(self.find_home(now_ms));
                    if self.home == before {
                        effects.extend(self.ask(Ask::Hello, now_ms));
                    }
                    effects.extend(self.ask(Ask::Refresh, now_ms));
                }
                Wish::Ask(ask) => effects.extend(self.ask(ask, now_ms)),
                Wish::Redraw => effects.push(Effect::Redraw),
                Wish::Wake(ms) => effects.push(Effect::Wake(ms)),
            }
        }
        effects
    }

    fn message(&mut self, from: u32, name: &str, payload: &str, now_ms: i64) -> Vec<Effect> {
        if name == pipe::ASK
            && let Ok(ask) = serde_json::from_str(payload)
        {
            // A plugin that was loaded this moment may ask before Zellij has told of it.
            if self.is_ours(from).is_some() {
                return self.asked(from, ask, now_ms);
            }
            self.asks_left = self.asks_left.max(2);
            let mut effects = self.asked(from, ask, now_ms);
            effects.push(Effect::LookAtPlugins);
            return effects;
        }
        let mut effects = Vec::new();
        if name == pipe::TELL && self.home == Some(self.me) && self.is_live_daemon(from) {
            self.silent.remove(&from);
            (self.home, self.daemon) = (Some(from), None);
            let wishes = self.sidebar.as_mut().map(Sidebar::lost_daemon).unwrap_or_default();
            effects.extend(self.granted_wishes(wishes, now_ms));
        }
        if name == pipe::TELL
            && self.home == Some(from)
            && let (Some(sidebar), Ok(tell)) = (&mut self.sidebar, serde_json::from_str(payload))
        {
            self.waits_since = None;
            let wishes = sidebar.told(tell, now_ms);
            effects.extend(self.granted_wishes(wishes, now_ms));
        }
        effects
    }

    /// Whether who says something is a daemon of ours, whose work is done here at the moment.
    fn is_live_daemon(&self, from: u32) -> bool {
        self.sidebar.is_some() && self.is_daemon(from) && self.is_ours(from) == Some(true)
    }

    /// Whether another plugin was loaded from where this one was; none while nobody can tell. A pane
    /// may have the name that the user's configuration gives an address, and another one the address.
    fn is_ours(&self, plugin: u32) -> Option<bool> {
        if let (Some(theirs), Some(ours)) = (self.plugins.get(&plugin), self.plugins.get(&self.me))
        {
            return Some(theirs.url == ours.url);
        }
        let same = self.addresses.get(&plugin)? == self.addresses.get(&self.me)?;
        (same || self.asks_left == 0).then_some(same)
    }

    /// Does what another plugin of ours asks; others may not have the helper called.
    fn asked(&mut self, from: u32, ask: Ask, now_ms: i64) -> Vec<Effect> {
        match self.is_ours(from) {
            Some(true) => {}
            Some(false) => return Vec::new(),
            None => {
                if self.unknown.len() < MOST_KEPT {
                    self.unknown.push((from, ask));
                }
                return Vec::new();
            }
        }
        let mut effects = Vec::new();
        // Who asks has found out that there is no daemon, or does not know of it yet: one that lives
        // answers.
        if self.daemon.is_none() {
            let daemon = self.home.filter(|home| self.is_daemon(*home));
            effects.extend(self.leave_home(now_ms));
            effects.extend(self.stand_in(now_ms));
            let payload = serde_json::to_string(&Ask::Hello).unwrap_or_default();
            effects.extend(daemon.map(|to| Effect::Send { to, name: pipe::ASK, payload }));
        }
        let told = self.daemon.as_mut().map(|daemon| daemon.asked(from, ask));
        effects.extend(self.delivered(told.unwrap_or_default(), now_ms));
        effects
    }

    /// A daemon that gives no word has died: it is said, and somebody else does its work.
    fn look_at_clock(&mut self, now_ms: i64) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.asks_at.is_some_and(|at| now_ms >= at.saturating_sub(SLACK)) {
            self.asks_at = None;
            effects.push(Effect::LookAtPlugins);
        }
        let over =
            self.waits_since.is_some_and(|since| now_ms.saturating_sub(since) >= PATIENCE - SLACK);
        let Some(home) = self.home.filter(|_| over) else { return effects };
        self.waits_since = None;
        self.silent.insert(home);
        if !self.follows {
            // Who was there then may be gone.
            self.addresses.clear();
            effects.push(Effect::LookAtPlugins);
        }
        if let Some(sidebar) = &mut self.sidebar {
            let wishes = sidebar.failed(silent(home));
            effects.extend(self.granted_wishes(wishes, now_ms));
        }
        effects.extend(self.find_home(now_ms));
        effects
    }

    /// The pane's lines: at most `height` of them, none wider than `width`.
    #[must_use]
    pub fn view(&self, width: usize, height: usize, now_ms: i64) -> Vec<Line> {
        match &self.sidebar {
            Some(_) if !self.granted && !self.requested => Vec::new(),
            _ if !self.granted => crate::sidebar::permissions(self.denied, width, height),
            Some(sidebar) => sidebar.view(width, height, now_ms),
            None => crate::sidebar::about_daemon(width, height),
        }
    }
}

/// What Zellij tells about once a second, whether it has changed or not.
fn told_often(event: &Event) -> Option<&'static str> {
    match event {
        Event::Session { .. } => Some("session"),
        Event::Tabs(_) => Some("tabs"),
        Event::Panes(_) => Some("panes"),
        _ => None,
    }
}

fn silent(plugin: u32) -> Failure {
    Failure {
        code: "convosync::plugin::silent".to_owned(),
        message: format!(
            "the part of ConvoSync that works in the background (plugin {plugin}) gives no word"
        ),
        help: Some("its work is done here for now; `zellij action start-or-reload-plugin` with its address starts it again".to_owned()),
        argument: None,
    }
}

#[cfg(test)]
mod tests;
