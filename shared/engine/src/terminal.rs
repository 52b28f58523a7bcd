//! The terminal of a save: what of it leaves this device, and what of another one's is let in.

use convosync_core::{
    EnvName, EnvValue, HeldBack, MOST_COMMANDS, Ran, SecretCommand, SecretKind, Terminal, Withheld,
    harmless_command, history_of,
};
use convosync_wire::{
    CallerEnv, CommandRow, EnvValue as WireValue, MissingVariable, Note, Request, SaveArgs,
    Variable, WhyMissing,
};

use crate::capture::relative;
use crate::engine::Engine;
use crate::ports::{Facts, HistoryOf};
use crate::save::listed;
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
        let redact = args.redact || self.ports.settings.redact;
        let history = self.history_now(request, facts, redact, &mut notes);
        let names = &self.ports.settings.env_names;
        let env = args.env.as_ref().map(|env| chosen(names, env, redact)).unwrap_or_default();
        let Chosen { travels: env, stays: missing, secrets } = env;
        notes.extend(env_note(&secrets));
        let directory = relative(&facts.repository.root, request.directory.as_ref());
        (
            Terminal {
                directory,
                shell: request.shell.clone(),
                history,
                env,
                missing,
                layout: None,
            },
            notes,
        )
    }

    fn history_now(
        &self,
        request: &Request,
        facts: &Facts,
        redact: bool,
        notes: &mut Vec<Note>,
    ) -> Vec<Ran> {
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
        let (history, held_back) = history_of(ran, redact);
        notes.extend(redacted_note(&held_back));
        notes.extend(held_back_note(&held_back, redact));
        history
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

    /// What of a save's variables may be set here, and what may not.
    pub(crate) fn let_in(&self, terminal: &Terminal) -> (Vec<Variable>, Vec<MissingVariable>) {
        let_in(&self.ports.settings.env_names, terminal)
    }
}

/// Variables by name, as a save has them.
#[derive(Default)]
struct Chosen {
    travels: Vec<(EnvName, EnvValue)>,
    stays: Vec<(EnvName, Withheld)>,
    /// Those with a secret in their value: what it looks like, and whether it was cut out; `None`:
    /// it could have been.
    secrets: Vec<(EnvName, SecretKind, Option<bool>)>,
}

/// The variables that the settings name: those that travel, and those that stay. Others are not
/// spoken of.
fn chosen(patterns: &[String], env: &CallerEnv, redact: bool) -> Chosen {
    let (mut travels, mut stays, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
    let named = |text: &str| text.parse().ok().filter(|name| is_named(patterns, name));
    for Variable { name, value } in &env.variables {
        let Some(name) = named(name) else { continue };
        let value = value_of(value);
        let verdict = value.may_travel(&name);
        let cut = value.without_secrets();
        let is_fit = verdict == Err(Withheld::Secret) && cut.may_travel(&name).is_ok();
        let cuts = redact && is_fit;
        let cut_out = (redact || !is_fit).then_some(cuts);
        secrets.extend(value.secrets().into_iter().map(|kind| (name.clone(), kind, cut_out)));
        match verdict {
            Ok(()) => travels.push((name, value)),
            Err(_) if cuts => travels.push((name, cut)),
            Err(why) => stays.push((name, why)),
        }
    }
    stays.extend(env.formless.iter().filter_map(|name| Some((named(name)?, Withheld::NoForm))));
    // A pattern is no name, so it misses nothing.
    let wanted = patterns.iter().filter_map(|pattern| pattern.parse::<EnvName>().ok());
    let is_there = |name: &EnvName| {
        let known = travels.iter().map(|(name, _)| name).chain(stays.iter().map(|(name, _)| name));
        known.into_iter().any(|known| known == name)
    };
    let unset: Vec<_> = wanted.filter(|name| !is_there(name)).collect();
    stays.extend(unset.into_iter().map(|name| (name, Withheld::NotSet)));
    travels.sort_by(|one, other| one.0.cmp(&other.0));
    stays.sort_by(|one, other| one.0.cmp(&other.0));
    Chosen { travels, stays, secrets }
}

fn is_named(patterns: &[String], name: &EnvName) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name.as_str()))
}

/// The settings of the device that resumes decide, and whatever they say, nothing that programs act
/// on is set: the save may come from a device that asked nothing.
fn let_in(patterns: &[String], terminal: &Terminal) -> (Vec<Variable>, Vec<MissingVariable>) {
    let (mut set, mut missing) = (Vec::new(), Vec::new());
    for (name, value) in &terminal.env {
        let verdict = match value.may_travel(name) {
            Ok(()) if !is_named(patterns, name) => Err(Withheld::NotAllowed),
            Ok(()) if value.is_redacted() => Err(Withheld::Redacted),
            verdict => verdict,
        };
        match verdict {
            Ok(()) => set.push(Variable { name: name.to_string(), value: wire_value(value) }),
            Err(why) => missing.push(missing_variable(name, why)),
        }
    }
    missing.extend(missing_variables(terminal));
    (set, missing)
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

/// What a plan says of a terminal that is saved.
pub(crate) fn told(terminal: &Terminal) -> Vec<String> {
    let history = terminal.history.len();
    let names: Vec<_> = terminal.env.iter().map(|(name, _)| name.as_str()).collect();
    let commands =
        (history > 0).then(|| format!("take along {history} commands that were run here"));
    let variables =
        (!names.is_empty()).then(|| format!("take along the variables {}", names.join(", ")));
    let stays = terminal.missing.iter().map(|(name, why)| {
        let missing = missing_variable(name, *why);
        format!("leave out {name}: {}", missing.why.told())
    });
    commands.into_iter().chain(variables).chain(stays).collect()
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
        Withheld::Redacted => WhyMissing::Redacted,
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

fn held_back_note(held_back: &HeldBack, redact: bool) -> Option<Note> {
    let why = match (held_back.secret.len(), held_back.long) {
        (0, 0) => return None,
        (secret, 0) => format!("{secret} may hold secrets"),
        (0, long) => format!("{long} are too long"),
        (secret, long) => format!("{secret} may hold secrets, {long} are too long"),
    };
    let text = format!("commands of the shell's history stayed on this device: {why}");
    let lines = command_lines(&held_back.secret);
    Some(Note {
        code: "convosync::history::held-back".to_owned(),
        text: if lines.is_empty() { text } else { format!("{text}\n{}", listed(&lines)) },
        help: (!lines.is_empty() && !redact)
            .then(|| "`--redact` takes them along with the secrets cut out".to_owned()),
    })
}

fn redacted_note(held_back: &HeldBack) -> Option<Note> {
    let lines = command_lines(&held_back.redacted);
    (!lines.is_empty()).then(|| Note {
        code: "convosync::history::redacted".to_owned(),
        text: format!(
            "of these commands of the shell's history, what looks like a secret was cut out:\n{}",
            listed(&lines)
        ),
        help: None,
    })
}

/// So many commands are named one by one.
const NAMED: usize = 10;

/// The newest first; of the command itself nothing but its program.
fn command_lines(commands: &[SecretCommand]) -> Vec<String> {
    let mut lines: Vec<_> = commands.iter().take(NAMED).map(command_line).collect();
    let more = commands.len().saturating_sub(NAMED);
    lines.extend((more > 0).then(|| format!("and {more} before these")));
    lines
}

fn command_line(command: &SecretCommand) -> String {
    let place = match command.back {
        1 => "the newest command".to_owned(),
        back => format!("{back} commands back"),
    };
    let program = command.program.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default();
    let kinds: Vec<_> = command.kinds.iter().map(ToString::to_string).collect();
    format!("{place}{program}: {}", kinds.join(", "))
}

/// Which variables hold what looks like a secret, and what became of it.
fn env_note(secrets: &[(EnvName, SecretKind, Option<bool>)]) -> Option<Note> {
    let line = |(name, kind, cut_out): &(EnvName, SecretKind, Option<bool>)| match cut_out {
        Some(true) => format!("{name}: {kind}, which was cut out"),
        Some(false) | None => format!("{name}: {kind}; it stayed on this device"),
    };
    let lines: Vec<_> = secrets.iter().map(line).collect();
    let could = secrets.iter().any(|(_, _, cut_out)| cut_out.is_none());
    (!lines.is_empty()).then(|| Note {
        code: "convosync::env::secrets".to_owned(),
        text: format!("these variables hold what looks like a secret:\n{}", listed(&lines)),
        help: could.then(|| "`--redact` takes along what is beside a secret in a value".to_owned()),
    })
}

/// The variables of a save whose secrets were cut out where it was made: what is left of each.
pub(crate) fn to_fill_in(missing: &[MissingVariable], terminal: &Terminal) -> Option<Note> {
    let cut = missing.iter().filter(|missing| missing.why == WhyMissing::Redacted);
    let lines: Vec<_> = cut.filter_map(|missing| left_of(terminal, &missing.name)).collect();
    (!lines.is_empty()).then(|| Note {
        code: "convosync::env::redacted".to_owned(),
        text: format!("set these by hand, their secrets stayed elsewhere:\n{}", listed(&lines)),
        help: None,
    })
}

/// `NAME=what is left`; it was looked at before: nothing in it acts on a terminal.
fn left_of(terminal: &Terminal, name: &str) -> Option<String> {
    let (_, value) = terminal.env.iter().find(|(known, _)| known.as_str() == name)?;
    Some(match value.as_text() {
        Some(text) => format!("{name}={}", text.replace('\n', " ")),
        None => name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://app:hunter2@db/app";

    fn patterns(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn text(name: &str, value: &str) -> Variable {
        Variable { name: name.to_owned(), value: WireValue::Text(value.to_owned()) }
    }

    fn hostile(env: &[(&str, &str)]) -> Terminal {
        let variable = |(name, value): &(&str, &str)| {
            (name.parse().expect("a name"), EnvValue::Text((*value).to_owned()))
        };
        Terminal { env: env.iter().map(variable).collect(), ..Terminal::default() }
    }

    #[test]
    fn a_save_takes_what_is_named_and_tells_exactly_what_it_does_not() {
        let env = CallerEnv {
            variables: vec![
                text("APP_MODE", "debug"),
                text("APP_TOKEN", "x"),
                text("OTHER", "not spoken of"),
                text("PATH", "/bin"),
                text("not a name", "x"),
            ],
            formless: vec!["APP_HOOKS".to_owned(), "config".to_owned()],
        };
        let Chosen { travels, stays, .. } =
            chosen(&patterns(&["APP_*", "PATH", "UNSET", "NONE_*"]), &env, false);
        let travels: Vec<_> = travels.iter().map(|(name, _)| name.as_str()).collect();
        let stays: Vec<_> = stays.iter().map(|(name, why)| (name.as_str(), *why)).collect();
        assert_eq!(travels, ["APP_MODE"]);
        let want = [
            ("APP_HOOKS", Withheld::NoForm),
            ("APP_TOKEN", Withheld::Secret),
            ("PATH", Withheld::Protected),
            ("UNSET", Withheld::NotSet),
        ];
        assert_eq!(stays, want);
    }

    #[test]
    fn a_secret_that_is_cut_out_is_named_where_it_was_and_asked_for_where_it_is_missing() {
        let env = CallerEnv {
            variables: vec![text("APP_DB", URL), text("APP_TOKEN", "x"), text("APP_MODE", "debug")],
            formless: Vec::new(),
        };
        let named = patterns(&["APP_*"]);
        let kept = chosen(&named, &env, false);
        let stay: Vec<_> = kept.stays.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(stay, ["APP_DB", "APP_TOKEN"]);
        let Note { text: told, help, .. } = env_note(&kept.secrets).expect("a note");
        assert!(told.ends_with("APP_DB: a password in a URL; it stayed on this device"), "{told}");
        assert!(help.is_some_and(|help| help.contains("--redact")));

        let cut = chosen(&named, &env, true);
        let Note { text: told, help, .. } = env_note(&cut.secrets).expect("a note");
        assert!(told.ends_with("APP_DB: a password in a URL, which was cut out"), "{told}");
        assert_eq!(help, None);
        let save = Terminal { env: cut.travels, missing: cut.stays, ..Terminal::default() };
        let (set, missing) = let_in(&named, &save);
        assert_eq!(set.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["APP_MODE"]);
        assert_eq!(missing[0].why, WhyMissing::Redacted);
        let asked = to_fill_in(&missing, &save).expect("a note").text;
        assert!(asked.ends_with("APP_DB=postgres://app:[redacted]@db/app"), "{asked}");
    }

    #[test]
    fn redact_is_offered_only_where_it_would_take_something_along() {
        let env = CallerEnv { variables: vec![text("APP_TOKEN", URL)], formless: Vec::new() };
        let kept = chosen(&patterns(&["APP_*"]), &env, false);
        assert_eq!(env_note(&kept.secrets).expect("a note").help, None, "the name tells of one");
        let secret = SecretCommand { back: 1, program: None, kinds: vec![SecretKind::LOGIN] };
        let held_back = HeldBack { secret: vec![secret], ..HeldBack::default() };
        let help = |redact| held_back_note(&held_back, redact).expect("a note").help;
        assert!(help(false).is_some_and(|help| help.contains("--redact")));
        assert_eq!(help(true), None);
    }

    #[test]
    fn a_hostile_save_sets_nothing_that_programs_act_on_whatever_the_settings_say() {
        for name in [
            "PATH",
            "LD_PRELOAD",
            "NU_LIB_DIRS",
            "PROMPT_COMMAND",
            "GIT_SSH_COMMAND",
            "EDITOR",
            "BASH_ENV",
            "PS1",
            "ENV_CONVERSIONS",
            "HTTPS_PROXY",
            "CONVOSYNC_HANDOVER",
            "PWD",
        ] {
            let (set, missing) = let_in(&patterns(&["*"]), &hostile(&[(name, "/tmp/evil")]));
            assert!(set.is_empty(), "{name} was let in");
            assert_eq!(missing[0].why, WhyMissing::Protected, "{name}");
        }
    }

    #[test]
    fn a_hostile_value_is_let_in_under_no_name() {
        for value in ["\u{1b}]0;owned\u{7}", "a\0b", "\r rm -rf /"] {
            let (set, missing) = let_in(&patterns(&["APP"]), &hostile(&[("APP", value)]));
            assert!(set.is_empty(), "{value:?}");
            assert_eq!(missing[0].why, WhyMissing::Control);
        }
    }

    #[test]
    fn this_devices_own_settings_decide_what_is_let_in() {
        let save = Terminal {
            missing: vec![("APP_TOKEN".parse().expect("a name"), Withheld::Secret)],
            ..hostile(&[("APP_MODE", "debug"), ("STAGE", "test")])
        };
        let names = |(set, missing): (Vec<Variable>, Vec<MissingVariable>)| {
            let set: Vec<_> = set.into_iter().map(|variable| variable.name).collect();
            let missing: Vec<_> = missing.into_iter().map(|m| (m.name, m.why)).collect();
            (set, missing)
        };
        let secret = ("APP_TOKEN".to_owned(), WhyMissing::Secret);
        let not = |name: &str| (name.to_owned(), WhyMissing::NotAllowed);
        assert_eq!(
            names(let_in(&patterns(&["APP_*"]), &save)),
            (patterns(&["APP_MODE"]), vec![not("STAGE"), secret.clone()])
        );
        let none = (Vec::new(), vec![not("APP_MODE"), not("STAGE"), secret]);
        assert_eq!(names(let_in(&[], &save)), none);
    }

    #[test]
    fn of_a_hostile_history_only_what_it_looks_like_goes_into_the_shells_own() {
        let ran = |command: &str| Ran {
            command: command.to_owned(),
            time_ms: None,
            exit: None,
            directory: None,
        };
        let history = vec![ran("cargo test"), ran("ls\u{1b}[2K\rrm -rf ~"), ran("git log")];
        let terminal = Terminal { history, ..Terminal::default() };
        let (rows, note) = commands(&terminal, true);
        let taken: Vec<_> = rows.iter().map(|row| row.command.as_str()).collect();
        assert_eq!(taken, ["cargo test", "git log"]);
        assert!(note.expect("it is told").text.starts_with("1 commands"));
        assert_eq!(commands(&terminal, false).0.len(), 3, "what is only shown is all shown");
    }
}
