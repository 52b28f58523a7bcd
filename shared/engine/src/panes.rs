//! The panes of a save: what of them leaves this device.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use convosync_core::{
    Area, Conversation, ConversationId, FileState, Floating, Label, Layout, MOST_PANES, MOST_TABS,
    NoCommand, PackInput, Pane, PaneCommand, Place, PluginUrl, Runs, Tab, Tile, arranged,
    harmless_screen, pack, segment_key,
};
use convosync_wire::{Note, Request, SaveArgs};

use crate::capture::pack_trouble;
use crate::count::counted;
use crate::engine::Engine;
use crate::freeze::Packing;
use crate::member::Member;
use crate::ports::{Facts, InPane, InStack, Screen, ScreenPane, ScreenTab, Table};
use crate::trouble::Trouble;

/// Panes whose text can't be had before no other is asked for: whoever waits holds a lock.
const MOST_FAILED: usize = 3;

/// The variable that says which pane a call comes from.
const PANE: &str = "ZELLIJ_PANE_ID";

/// Panes on their way into a save.
pub(crate) struct Taken {
    layout: Layout<TakenPane>,
    notes: Vec<Note>,
    /// The terminal session, and its tabs that were taken.
    whence: (String, Vec<u64>),
}

/// A pane, and its number among terminals if its text may travel: it is in the work tree, or the
/// caller's. What stands in others is of something else.
type TakenPane = (Option<u32>, Pane);

impl Taken {
    /// What a plan says of them.
    pub(crate) fn told(&self, texts: bool) -> String {
        let panes = counted(self.layout.panes().count() as u64, "pane");
        let tabs = counted(self.layout.tabs.len() as u64, "tab");
        let texts = match self.layout.panes().filter(|(id, _)| id.is_some()).count() as u64 {
            some @ 1.. if texts => format!("; the text that is in {}", counted(some, "pane")),
            _ => String::new(),
        };
        format!("take along {panes} in {tabs}: where they are, and what runs in them{texts}")
    }

    pub(crate) fn notes(&self) -> &[Note] {
        &self.notes
    }
}

impl Engine<'_> {
    /// The panes around the caller, as far as they belong to this work tree. What can't be told of
    /// them is noted, and stops nothing.
    pub(crate) fn panes_now(
        &self,
        request: &Request,
        facts: &Facts,
        conversations: &[&ConversationId],
    ) -> Result<Option<Taken>, Note> {
        let screen = self.ports.panes.look(&request.env);
        let Some(screen) = screen.map_err(|error| unreadable(&error.to_string()))? else {
            return Ok(None);
        };
        let root = &facts.repository.root;
        let caller = caller_of(request);
        let tabs = || screen.tabs.iter().filter(|tab| belongs(tab, root, caller)).take(MOST_TABS);
        let sight = Sight {
            root: root.to_str().unwrap_or_default(),
            home: self.ports.host.home.as_deref().and_then(Path::to_str),
            caller,
            held: self.held_in(&screen),
            conversations: conversations.iter().map(|id| self.known_by(id)).collect(),
        };
        let mut held_back = HeldBack::default();
        let mut room = MOST_PANES;
        let taken = tabs().map(|tab| sight.tab(tab, &mut room, &mut held_back)).collect();
        let whence = (screen.session.clone(), tabs().map(|tab| tab.id).collect());
        let layout = Layout { tabs: taken };
        let some = layout.panes().next().is_some();
        let mut notes = held_back.notes();
        notes.extend(screen.partial.then(told_in_part));
        Ok(some.then_some(Taken { layout, notes, whence }))
    }

    /// The conversations that are open in the panes of a session, by pane.
    pub(crate) fn held_in(&self, screen: &Screen) -> Vec<InPane> {
        let open = self.ports.assistants.iter().filter_map(|assistant| assistant.in_panes().ok());
        open.flatten().filter(|held| held.session == screen.session).collect()
    }

    fn known_by(&self, id: &ConversationId) -> (ConversationId, Vec<String>) {
        let commands = self.ports.assistants.iter().map(|assistant| assistant.open_command(id));
        (id.clone(), commands.collect())
    }

    /// The panes as the save has them, with their texts if those are wanted.
    pub(crate) fn with_texts(
        &self,
        member: &Member,
        request: &Request,
        args: &SaveArgs,
        taken: Taken,
        packing: &mut Packing<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Layout, Trouble> {
        let Taken { layout, notes: told, whence } = taken;
        notes.extend(told);
        self.hold(member, &whence.0, &whence.1, packing.session().as_str());
        let wanted = self.wants_texts(args);
        let mut failed = Vec::new();
        let mut tabs = Vec::new();
        for tab in layout.tabs {
            let mut full = None;
            let tab = tab.map(&mut |(id, mut pane): TakenPane| {
                let goes_on = full.is_none() && failed.len() < MOST_FAILED;
                if let Some(id) = id.filter(|_| wanted && goes_on) {
                    match self.ports.panes.text(&request.env, id) {
                        Ok(text) => match self.packed_text(member, &text, packing) {
                            Ok(state) => pane.text = state,
                            Err(trouble) => full = Some(trouble),
                        },
                        Err(_) if self.ports.cancel.is_cancelled() => {
                            full = Some(Trouble::Cancelled);
                        }
                        Err(error) => failed.push(error.to_string()),
                    }
                }
                Some(pane)
            });
            full.map_or(Ok(()), Err)?;
            tabs.push(tab);
        }
        notes.extend(failed.first().map(|reason| no_text(reason)));
        Ok(Layout { tabs })
    }

    /// Whether the text of panes travels.
    pub(crate) fn wants_texts(&self, args: &SaveArgs) -> bool {
        args.scrollback || self.ports.settings.scrollback
    }

    fn packed_text(
        &self,
        member: &Member,
        text: &str,
        packing: &mut Packing<'_>,
    ) -> Result<Option<FileState>, Trouble> {
        let text = harmless_screen(text);
        if text.is_empty() {
            return Ok(None);
        }
        let key = segment_key(&member.profile.account, packing.session());
        let input = PackInput {
            key: key.as_bytes(),
            old: None,
            old_file: None,
            new_len: text.len() as u64,
            new_file: &mut Cursor::new(text.as_bytes()),
            blocks: None,
            messages: 0,
        };
        pack(input, &mut |segment, bytes| packing.take(&segment, bytes))
            .map(Some)
            .map_err(|error| pack_trouble("the text of a pane", error))
    }

    /// Remembers which session tabs hold, so that a resume goes to them and opens no others. Best
    /// effort: without it tabs are opened twice.
    pub(crate) fn hold(&self, member: &Member, terminal: &str, tabs: &[u64], session: &str) {
        let holds = |tab: &u64| {
            self.remember(member, Table::Misc, HELD, tab_key(terminal, *tab).as_bytes(), session)
        };
        let changes: Vec<_> = tabs.iter().map(holds).collect();
        let _ = self.ports.index.apply(&changes);
    }

    /// The session that a tab was last known to hold.
    pub(crate) fn held_by(&self, member: &Member, terminal: &str, tab: u64) -> Option<String> {
        let key = tab_key(terminal, tab);
        self.remembered(member, Table::Misc, HELD, key.as_bytes()).ok().flatten()
    }
}

const HELD: &str = "session of a tab";

fn tab_key(terminal: &str, tab: u64) -> String {
    format!("{terminal}\0{tab}")
}

/// The number of the pane that a call comes from.
pub(crate) fn caller_of(request: &Request) -> Option<u32> {
    request.env.get(PANE)?.parse().ok()
}

/// Whether a tab is about this work tree: one that the caller is in, or that has a pane in it; and
/// one that is about no work tree at all. Those of other work trees travel with theirs.
fn belongs(tab: &ScreenTab, root: &Path, caller: Option<u32>) -> bool {
    let is_callers = |pane: &ScreenPane| pane.plugin.is_none() && Some(pane.id) == caller;
    let here = |pane: &ScreenPane| pane.work_tree.as_deref() == Some(root);
    tab.panes.iter().any(|pane| is_callers(pane) || here(pane))
        || tab.panes.iter().all(|pane| pane.work_tree.is_none())
}

/// Where the panes of a terminal are seen from.
struct Sight<'a> {
    root: &'a str,
    caller: Option<u32>,
    home: Option<&'a str>,
    held: Vec<InPane>,
    /// The save's conversations, with the commands that open them.
    conversations: Vec<(ConversationId, Vec<String>)>,
}

impl Sight<'_> {
    fn tab(&self, tab: &ScreenTab, room: &mut usize, held_back: &mut HeldBack) -> Tab<TakenPane> {
        let (mut tiled, mut floating) = (Vec::new(), Vec::new());
        let mut stacks: BTreeMap<usize, Stack> = BTreeMap::new();
        for pane in &tab.panes {
            let Some(left) = room.checked_sub(1) else { break };
            *room = left;
            let taken = (self.with_text(pane).then_some(pane.id), self.pane(pane, held_back));
            match pane.stack {
                Some(place) => {
                    stacks.entry(place.stack).or_default().push((place, pane.area, taken))
                }
                None if pane.floats => floating.push(Floating { area: pane.area, pane: taken }),
                None => tiled.push((pane.area, Tile::Pane(taken))),
            }
        }
        tiled.extend(stacks.into_values().filter_map(stacked));
        Tab {
            name: Label::of(&tab.name),
            focused: tab.focused,
            size: tab.size,
            tiled: arranged(tiled),
            floating,
            hides_floating: tab.hides_floating,
        }
    }

    fn with_text(&self, pane: &ScreenPane) -> bool {
        let is_here = pane.work_tree.as_deref() == Some(Path::new(self.root));
        pane.plugin.is_none() && (is_here || Some(pane.id) == self.caller)
    }

    fn pane(&self, pane: &ScreenPane, held_back: &mut HeldBack) -> Pane {
        let directory = pane.directory.as_deref().and_then(Path::to_str);
        Pane {
            name: pane.name.as_deref().and_then(Label::of),
            place: directory.and_then(|path| Place::of(path, self.root, self.home)),
            runs: self.runs(pane, held_back),
            focused: pane.focused,
            text: None,
        }
    }

    fn runs(&self, pane: &ScreenPane, held_back: &mut HeldBack) -> Runs {
        if let Some(url) = &pane.plugin {
            return PluginUrl::of(url).map_or(Runs::Shell, Runs::Plugin);
        }
        if let Some(id) = self.conversation(pane) {
            return Runs::Conversation(id.clone());
        }
        if self.is_this_save(pane) {
            return Runs::Shell;
        }
        match pane.command.clone().map(PaneCommand::that_travels) {
            Some(Ok(command)) if !command.is_waiting_shell() => Runs::Command(command),
            None | Some(Ok(_)) => Runs::Shell,
            Some(Err(why)) => {
                held_back.count(why);
                Runs::Shell
            }
        }
    }

    /// Whether what runs in a pane is the call that looks: it was typed into a shell there.
    fn is_this_save(&self, pane: &ScreenPane) -> bool {
        let program = pane.command.as_ref().and_then(|words| Path::new(words.first()?).file_name());
        Some(pane.id) == self.caller && program.is_some_and(|name| name == "convosync")
    }

    /// The conversation of a pane, if the save has it: what is open in it, else what waits in it.
    fn conversation(&self, pane: &ScreenPane) -> Option<&ConversationId> {
        let open = self.held.iter().find(|held| held.pane == pane.id).map(|held| &held.id);
        let words = pane.command.as_ref().map(|words| words.join(" "));
        let mut known = self.conversations.iter();
        known
            .find(|(id, commands)| match (open, &words) {
                (Some(open), _) => id == open,
                (None, Some(words)) => commands.contains(words),
                _ => false,
            })
            .map(|(id, _)| id)
    }
}

/// The panes of a stack.
type Stack = Vec<(InStack, Area, TakenPane)>;

fn stacked(mut stack: Stack) -> Option<(Area, Tile<TakenPane>)> {
    stack.sort_by_key(|(place, ..)| place.at);
    let area = stack.iter().map(|(_, area, _)| *area).reduce(Area::around)?;
    let unfolded = stack.iter().position(|(place, ..)| place.unfolded).unwrap_or_default();
    let panes = stack.into_iter().map(|(_, _, pane)| pane).collect();
    Some((area, Tile::stack(panes, unfolded)?))
}

/// Commands of panes that stay on this device.
#[derive(Default)]
struct HeldBack {
    secret: usize,
    unfit: usize,
}

impl HeldBack {
    fn count(&mut self, why: NoCommand) {
        match why {
            NoCommand::Secret => self.secret += 1,
            NoCommand::Unfit => self.unfit += 1,
        }
    }

    fn notes(&self) -> Vec<Note> {
        let why = match (self.secret, self.unfit) {
            (0, 0) => return Vec::new(),
            (secret, 0) => format!("{secret} may hold secrets"),
            (0, unfit) => format!("{unfit} are too long, or act on a terminal"),
            (secret, unfit) => {
                format!("{secret} may hold secrets, {unfit} are too long, or act on a terminal")
            }
        };
        vec![Note {
            code: "convosync::panes::held-back".to_owned(),
            text: format!("commands that run in panes stayed on this device: {why}"),
            help: None,
        }]
    }
}

/// The ids of a save's conversations.
pub(crate) fn ids_of(conversations: &[Conversation]) -> Vec<&ConversationId> {
    conversations.iter().map(|conversation| &conversation.id).collect()
}

pub(crate) fn unreadable(reason: &str) -> Note {
    Note {
        code: "convosync::panes::unreadable".to_owned(),
        text: format!("the panes of the terminal did not travel: {reason}"),
        help: Some("all else was saved; save again for the panes, in Zellij 0.45".to_owned()),
    }
}

fn told_in_part() -> Note {
    Note {
        code: "convosync::panes::partial".to_owned(),
        text:
            "the terminal did not tell all of its panes: names, stacks or commands may be missing"
                .to_owned(),
        help: Some("save again when the machine is less busy".to_owned()),
    }
}

fn no_text(reason: &str) -> Note {
    Note {
        code: "convosync::panes::no-text".to_owned(),
        text: format!("the text of some panes did not travel: {reason}"),
        help: None,
    }
}
