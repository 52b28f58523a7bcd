//! The terminal of a save: what of it leaves this device, and what of another one's is let in.

use convosync_core::{
    EnvName, EnvValue, HeldBack, MOST_COMMANDS, Ran, Terminal, Withheld, harmless_command,
    history_of,
};
use convosync_wire::{
    CallerEnv, CommandRow, EnvValue as WireValue, MissingVariable, Note, Request, SaveArgs,
    Variable, WhyMissing,
};

use crate::capture::relative;
use crate::engine::Engine;
use crate::ports::{Facts, HistoryOf};
use crate::settings::{HistoryScope, matches};
use crate::trouble::Refusal;

/// Commands are dropped on the way, as secrets and repetitions: so many more are asked for.
const SPARE: usize = 5;

/// Commands that a resume shows; with `--history` all of them come back.
const SHOWN: usize = 5;

impl Engine<'_> {
    /// The terminal as it is now. What can't be read of it is told, and stops nothing.
    pub(crate) fn terminal_now(
        &self,
        request: &Request,
        args: &SaveArgs,
        facts: &Facts,
    ) -> (Terminal, Vec<Note>) {
        let mut notes = Vec::new();
        let history = self.history_now(request, facts, &mut notes);
        let (env, missing) = args.env.as_ref().map(|env| self.chosen(env)).unwrap_or_default();
        let directory = relative(&facts.repository.root, request.directory.as_ref());
        (Terminal { directory, shell: request.shell.clone(), history, env, missing }, notes)
    }

    fn history_now(&self, request: &Request, facts: &Facts, notes: &mut Vec<Note>) -> Vec<Ran> {
        let scope = self.ports.settings.history;
        if scope == HistoryScope::Off {
            return Vec::new();
        }
        let ran = self.ports.shells.history(&HistoryOf {
            shell: request.shell.as_deref(),
            env: &request.env,
            work_tree: &facts.repository.root,
            everywhere: scope == HistoryScope::Everywhere,
            most: MOST_COMMANDS * SPARE,
        });
        let ran = ran.unwrap_or_else(|error| {
            notes.push(unreadable(&error.to_string()));
            Vec::new()
        });
        let (history, held_back) = history_of(ran);
        notes.extend(held_back_note(held_back));
        history
    }

    /// The variables that the settings name: those that travel, and those that stay. Others are
    /// not spoken of.
    fn chosen(&self, env: &CallerEnv) -> (Vec<(EnvName, EnvValue)>, Vec<(EnvName, Withheld)>) {
        let (mut travels, mut stays) = (Vec::new(), Vec::new());
        let named = |text: &str| text.parse().ok().filter(|name| self.is_named(name));
        for Variable { name, value } in &env.variables {
            let Some(name) = named(name) else { continue };
            let value = value_of(value);
            match value.may_travel(&name) {
                Ok(()) => travels.push((name, value)),
                Err(why) => stays.push((name, why)),
            }
        }
        stays.extend(env.formless.iter().filter_map(|name| Some((named(name)?, Withheld::NoForm))));
        let is_there = |name: &EnvName| {
            travels.iter().any(|(known, _)| known == name)
                || stays.iter().any(|(known, _)| known == name)
        };
        let patterns = self.ports.settings.env_names.iter();
        // A pattern is no name, so it misses nothing.
        let unset =
            patterns.filter_map(|pattern| pattern.parse().ok()).filter(|name| !is_there(name));
        let unset: Vec<_> = unset.map(|name| (name, Withheld::NotSet)).collect();
        stays.extend(unset);
        travels.sort_by(|one, other| one.0.cmp(&other.0));
        stays.sort_by(|one, other| one.0.cmp(&other.0));
        (travels, stays)
    }

    fn is_named(&self, name: &EnvName) -> bool {
        self.ports.settings.env_names.iter().any(|pattern| matches(pattern, name.as_str()))
    }

    /// That `--env` takes nothing along is said before anything is done.
    pub(crate) fn env_is_named(&self, args: &SaveArgs) -> Result<(), Refusal> {
        if args.env.is_none() || !self.ports.settings.env_names.is_empty() {
            return Ok(());
        }
        let text = "no variable is named that may travel";
        Err(Refusal::new("convosync::env::no-names", text)
            .help("name some: `convosync config set env.names 'APP_*, RUST_LOG'`")
            .argument("--env"))
    }

    /// What of a save's variables may be set here, and what may not. The settings of this device
    /// decide, and whatever they say, nothing that programs act on is set.
    pub(crate) fn let_in(&self, terminal: &Terminal) -> (Vec<Variable>, Vec<MissingVariable>) {
        let (mut set, mut missing) = (Vec::new(), Vec::new());
        for (name, value) in &terminal.env {
            let verdict = match value.may_travel(name) {
                Ok(()) if !self.is_named(name) => Err(Withheld::NotAllowed),
                verdict => verdict,
            };
            match verdict {
                Ok(()) => set.push(Variable { name: name.to_string(), value: wire_value(value) }),
                Err(why) => missing.push(missing_variable(name, why)),
            }
        }
        missing.extend(terminal.missing.iter().map(|(name, why)| missing_variable(name, *why)));
        (set, missing)
    }
}

/// The commands of a save: the last few, or all that may go into the shell's own history.
pub(crate) fn commands(terminal: &Terminal, all: bool) -> (Vec<CommandRow>, Option<Note>) {
    let history = &terminal.history;
    if !all {
        let shown = history.iter().skip(history.len().saturating_sub(SHOWN));
        return (shown.map(command_row).collect(), None);
    }
    let good: Vec<_> = history.iter().filter(|ran| harmless_command(&ran.command)).collect();
    let left = history.len() - good.len();
    let note = (left > 0).then(|| Note {
        code: "convosync::history::left-out".to_owned(),
        text: format!("{left} commands were left out: they hold characters that act on a terminal"),
        help: None,
    });
    (good.into_iter().map(command_row).collect(), note)
}

fn command_row(ran: &Ran) -> CommandRow {
    CommandRow {
        command: ran.command.clone(),
        timestamp: ran.time_ms,
        exit_code: ran.exit,
        directory: ran.directory.clone(),
    }
}

/// What stayed of a save's variables.
pub(crate) fn missing_variables(terminal: &Terminal) -> Vec<MissingVariable> {
    terminal.missing.iter().map(|(name, why)| missing_variable(name, *why)).collect()
}

fn missing_variable(name: &EnvName, why: Withheld) -> MissingVariable {
    let why = match why {
        Withheld::NotSet => WhyMissing::NotSet,
        Withheld::Protected => WhyMissing::Protected,
        Withheld::Secret => WhyMissing::Secret,
        Withheld::Control => WhyMissing::Control,
        Withheld::TooBig => WhyMissing::TooBig,
        Withheld::NoForm => WhyMissing::NoForm,
        Withheld::NotAllowed => WhyMissing::NotAllowed,
    };
    MissingVariable { name: name.to_string(), why }
}

fn value_of(value: &WireValue) -> EnvValue {
    match value {
        WireValue::Nothing => EnvValue::Nothing,
        WireValue::Bool(flag) => EnvValue::Bool(*flag),
        WireValue::Int(number) => EnvValue::Int(*number),
        WireValue::Float(number) => EnvValue::Float(*number),
        WireValue::Duration(nanos) => EnvValue::Duration(*nanos),
        WireValue::Size(bytes) => EnvValue::Size(*bytes),
        WireValue::Date { nanos, offset } => EnvValue::Date { nanos: *nanos, offset: *offset },
        WireValue::Text(text) => EnvValue::Text(text.clone()),
        WireValue::List(values) => EnvValue::List(values.iter().map(value_of).collect()),
        WireValue::Record(fields) => EnvValue::Record(
            fields.iter().map(|(name, value)| (name.clone(), value_of(value))).collect(),
        ),
    }
}

fn wire_value(value: &EnvValue) -> WireValue {
    match value {
        EnvValue::Nothing => WireValue::Nothing,
        EnvValue::Bool(flag) => WireValue::Bool(*flag),
        EnvValue::Int(number) => WireValue::Int(*number),
        EnvValue::Float(number) => WireValue::Float(*number),
        EnvValue::Duration(nanos) => WireValue::Duration(*nanos),
        EnvValue::Size(bytes) => WireValue::Size(*bytes),
        EnvValue::Date { nanos, offset } => WireValue::Date { nanos: *nanos, offset: *offset },
        EnvValue::Text(text) => WireValue::Text(text.clone()),
        EnvValue::List(values) => WireValue::List(values.iter().map(wire_value).collect()),
        EnvValue::Record(fields) => WireValue::Record(
            fields.iter().map(|(name, value)| (name.clone(), wire_value(value))).collect(),
        ),
    }
}

fn unreadable(reason: &str) -> Note {
    Note {
        code: "convosync::history::unreadable".to_owned(),
        text: format!("the shell's history did not travel: {reason}"),
        help: None,
    }
}

fn held_back_note(HeldBack { secret, long }: HeldBack) -> Option<Note> {
    let why = match (secret, long) {
        (0, 0) => return None,
        (secret, 0) => format!("{secret} may hold secrets"),
        (0, long) => format!("{long} are too long"),
        (secret, long) => format!("{secret} may hold secrets, {long} are too long"),
    };
    Some(Note {
        code: "convosync::history::held-back".to_owned(),
        text: format!("commands of the shell's history stayed on this device: {why}"),
        help: None,
    })
}
