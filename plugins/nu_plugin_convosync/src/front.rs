//! One call of a command: who calls, from where, and what the helper answers.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use convosync_meter::{Meter, Signs};
use convosync_wire::{
    Answer, Choice, Decision, Failure, PROTOCOL, Progress, Reply, Request, SHOWN_ONCE, Secret,
    Verb, unlock,
};
use nu_plugin::{EngineInterface, EvaluatedCall};
use nu_protocol::{HistoryConfig, LabeledError, SignalAction, Span, Value};

use crate::ask::{Dialog, hidden_line};
use crate::configuration::Configuration;
use crate::environment::Environment;
use crate::failure::{CANCELLED, cancelled, failure, labeled, unanswered};
use crate::helper::{Cancel, Helper, Outcome};
use convosync_wire::harmless;

/// A verb of few questions asks each of them once; more is a helper that goes round in circles.
const ROUNDS: usize = 4;

/// Who calls, from where, and the helper that will answer.
pub(crate) struct Caller {
    helper: Helper,
    configuration: Configuration,
    directory: String,
    /// Where the caller's shell keeps its history, if the helper may have to know.
    history: Option<String>,
    /// What opens this device's key, once somebody was asked.
    passphrase: RefCell<Option<Secret>>,
}

impl Caller {
    /// Asks the engine for the caller's directory, environment and configuration.
    pub(crate) fn of(engine: &EngineInterface, head: Span) -> Result<Self, LabeledError> {
        let env = Environment::of(engine.get_env_vars()?);
        let configuration = Configuration::of(engine.get_plugin_config()?)?;
        let helper = Helper::find(env, configuration.helper.as_deref())
            .map_err(|failure| labeled(&failure, head))?;
        let (directory, passphrase) = (engine.get_current_dir()?, RefCell::default());
        Ok(Self { helper, configuration, directory, passphrase, history: None })
    }

    /// The caller's directory, absolute.
    pub(crate) fn directory(&self) -> &str {
        &self.directory
    }

    /// The caller's environment.
    pub(crate) fn environment(&self) -> &Environment {
        self.helper.env()
    }

    /// The caller's home directory.
    pub(crate) fn home(&self) -> Option<&str> {
        self.helper.env().home()
    }

    /// What the user has set.
    pub(crate) fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Asks once more what was asked before, without progress and questions.
    pub(crate) fn again(&self, verb: Verb, cancel: &Cancel) -> Result<Answer, Failure> {
        let outcome = self.helper.ask(&self.request(verb), cancel, None, &mut |_| {});
        outcome.map(|outcome| outcome.answer)
    }

    /// What the helper knows by heart, if it says so within `limit`.
    pub(crate) fn quickly(&self, verb: Verb, limit: Duration) -> Option<Reply> {
        let request = self.request(verb);
        let outcome = self.helper.ask(&request, &Cancel::default(), Some(limit), &mut |_| {});
        match outcome.ok()?.answer {
            Answer::Reply(reply) => Some(*reply),
            _ => None,
        }
    }

    fn request(&self, verb: Verb) -> Request {
        let mut env = self.helper.env().for_request();
        env.extend(self.history.clone().map(|path| (HISTORY.to_owned(), path)));
        Request {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            directory: self.directory.clone(),
            env,
            shell: Some("nu".to_owned()),
            passphrase: self.passphrase.borrow().clone(),
            verb,
        }
    }
}

/// The variable in which the helper learns where the shell keeps its history.
const HISTORY: &str = "CONVOSYNC_HISTORY";

/// The history of the Nushell that calls. Its configuration folder is known to nobody but itself;
/// the usual one is taken (nu-path, `nu_config_dir`).
fn history_path(history: &HistoryConfig, env: &Environment) -> Option<String> {
    let chosen = env.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = || {
        let folder =
            if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        Some(Path::new(env.home()?).join(folder))
    };
    let folder = chosen.or_else(usual)?.join("nushell");
    history.file_path(&folder)?.into_os_string().into_string().ok()
}

/// A command that is running.
pub(crate) struct Front<'a> {
    engine: &'a EngineInterface,
    call: &'a EvaluatedCall,
    positionals: &'static [&'static str],
    piped: Option<Span>,
    caller: Caller,
}

impl<'a> Front<'a> {
    /// Gets ready to ask. `positionals` are the names of the command's positional arguments, in
    /// order, as failures name them.
    pub(crate) fn new(
        engine: &'a EngineInterface,
        call: &'a EvaluatedCall,
        positionals: &'static [&'static str],
    ) -> Result<Self, LabeledError> {
        let caller = Caller::of(engine, call.head)?;
        Ok(Self { engine, call, positionals, piped: None, caller })
    }

    /// Where the first argument came through the pipeline from, if it was not given.
    pub(crate) fn piped_from(mut self, place: Span) -> Self {
        self.piped = Some(place);
        self
    }

    /// Tells the helper where this shell keeps its history.
    pub(crate) fn with_history(mut self) -> Result<Self, LabeledError> {
        let config = self.engine.get_config()?;
        let path = history_path(&config.history, self.caller.helper.env());
        // Empty: it keeps none.
        self.caller.history = Some(path.unwrap_or_default());
        Ok(self)
    }

    /// Who called, for what goes on after this.
    pub(crate) fn into_caller(self) -> Caller {
        self.caller
    }

    /// The engine that called.
    pub(crate) fn engine(&self) -> &'a EngineInterface {
        self.engine
    }

    /// Where the command's name stands in the user's line.
    pub(crate) fn head(&self) -> Span {
        self.call.head
    }

    /// Who calls.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Asks for a verb that puts no questions to the user.
    pub(crate) fn reply(&self, verb: Verb) -> Result<Reply, LabeledError> {
        match self.ask(verb)? {
            Answer::Reply(reply) => Ok(*reply),
            Answer::NeedsDecision(decision) => Err(unanswered(&decision, self.head())),
            Answer::Failure(failure) => Err(self.place_failure(&failure)),
            Answer::Progress(_) => Err(self.unexpected()),
        }
    }

    /// Asks, with progress on the terminal; Ctrl-C calls it off. The passphrase of this device's key
    /// is asked for if the helper wants it and somebody is there.
    pub(crate) fn ask(&self, verb: Verb) -> Result<Answer, LabeledError> {
        for _ in 0..unlock::TRIES {
            let answer = self.ask_once(verb.clone())?;
            match &answer {
                Answer::Failure(failure) if unlock::is_wanted(failure) => {}
                _ => return Ok(answer),
            }
            let again = self.caller.passphrase.borrow().is_some();
            let prompt = if again { unlock::WRONG_PROMPT } else { unlock::PROMPT };
            let Some(typed) = hidden_line(self.engine, self.head(), prompt)? else {
                return Ok(answer);
            };
            self.caller.passphrase.replace(Some(Secret(typed)));
        }
        self.ask_once(verb)
    }

    fn ask_once(&self, verb: Verb) -> Result<Answer, LabeledError> {
        let name = verb.name();
        let request = self.caller.request(verb);
        let cancel = Cancel::default();
        let handle = cancel.clone();
        let _until_the_end = self.engine.register_signal_handler(Box::new(move |action| {
            if action == SignalAction::Interrupt {
                handle.call_off();
            }
        }))?;
        if self.engine.signals().interrupted() {
            cancel.call_off();
        }
        let meter = self.meter();
        let mut show = |progress: &Progress| {
            meter.show(harmless::line(&progress.text), progress.counted);
        };
        let outcome = self.caller.helper.ask(&request, &cancel, None, &mut show);
        drop(meter);
        self.settled(name, outcome.map_err(|failure| labeled(&failure, self.head()))?)
    }

    /// The line of progress, where the caller's terminal can have one.
    fn meter(&self) -> Meter {
        let env = self.caller.helper.env();
        if env.get("TERM").is_none_or(|term| term == "dumb") {
            return Meter::hidden();
        }
        let signals = self.engine.signals().clone();
        Meter::begin(Signs::Unicode, move || signals.interrupted())
    }

    /// Asks for a verb that clears up after Ctrl-C, so that does not call it off. If it can't be
    /// done, what is left does no harm.
    pub(crate) fn clear_up(&self, verb: Verb) {
        let request = self.caller.request(verb);
        let _ = self.caller.helper.ask(&request, &Cancel::default(), None, &mut |_| {});
    }

    /// Asks and lets the user decide what has to be decided, until nothing is left to ask. `take`
    /// takes a choice down in the verb's arguments; false: it has no such choice.
    pub(crate) fn settle(
        &self,
        verb: Verb,
        take: impl Fn(&mut Verb, &Decision, &Choice) -> Result<bool, LabeledError>,
    ) -> Result<Reply, LabeledError> {
        self.settle_within(ROUNDS, verb, take)?.ok_or_else(|| self.unexpected())
    }

    /// As [`Front::settle`]. None: more questions came than `rounds` allow.
    pub(crate) fn settle_within(
        &self,
        rounds: usize,
        mut verb: Verb,
        take: impl Fn(&mut Verb, &Decision, &Choice) -> Result<bool, LabeledError>,
    ) -> Result<Option<Reply>, LabeledError> {
        for _ in 0..rounds {
            let decision = match self.ask(verb.clone())? {
                Answer::Reply(reply) => return Ok(Some(*reply)),
                Answer::Failure(failure) => return Err(self.place_failure(&failure)),
                Answer::NeedsDecision(decision) => decision,
                Answer::Progress(_) => return Err(self.unexpected()),
            };
            let choice = self.decide(&decision)?;
            if !take(&mut verb, &decision, choice)? {
                return Err(self.unexpected());
            }
        }
        Ok(None)
    }

    /// The user's choice, where somebody can choose.
    ///
    /// # Errors
    ///
    /// `convosync::decision::…` where nobody can, `convosync::cancelled` if it was called off.
    pub(crate) fn decide<'d>(&self, decision: &'d Decision) -> Result<&'d Choice, LabeledError> {
        let Some(dialog) = Dialog::open(self.engine, self.head()) else {
            return Err(unanswered(decision, self.head()));
        };
        match dialog.decide(decision)? {
            Some(choice) if choice.value != Choice::CANCEL => Ok(choice),
            _ => Err(cancelled(self.head())),
        }
    }

    fn settled(&self, verb: &str, outcome: Outcome) -> Result<Answer, LabeledError> {
        match outcome.answer {
            Answer::Reply(_) if outcome.interrupted => Err(self.too_late(verb)),
            Answer::NeedsDecision(_) if outcome.interrupted => Err(cancelled(self.head())),
            answer => Ok(answer),
        }
    }

    /// A failure at the argument that it names.
    pub(crate) fn place_failure(&self, failure: &Failure) -> LabeledError {
        labeled(failure, self.place(failure.argument.as_deref()))
    }

    /// A reply of another verb: a helper that speaks the protocol does not give it.
    pub(crate) fn unexpected(&self) -> LabeledError {
        labeled(
            &failure(
                "convosync::helper::protocol",
                "the helper answered something else than what was asked",
                "install plugin and helper from the same release",
            ),
            self.head(),
        )
    }

    fn too_late(&self, verb: &str) -> LabeledError {
        labeled(
            &failure(
                CANCELLED,
                format!("interrupted too late: `convosync {verb}` had finished already"),
                "run `convosync status` to see where things stand",
            ),
            self.head(),
        )
    }

    fn place(&self, argument: Option<&str>) -> Span {
        let Some(argument) = argument else { return self.head() };
        if let Some(flag) = argument.strip_prefix("--") {
            let value = self.call.get_flag_value(flag).map(|value| value.span());
            return value.or(self.call.get_flag_span(flag)).unwrap_or(self.head());
        }
        let index = self.positionals.iter().position(|name| *name == argument);
        let given = index.and_then(|index| self.call.positional.get(index)).map(Value::span);
        given.or(self.piped.filter(|_| index == Some(0))).unwrap_or(self.head())
    }
}

/// Tells what stopped nothing but should be known, where a person is watching: a narrow table
/// shows only how many notes there are.
pub(crate) fn tell(notes: &[convosync_wire::Note]) {
    use std::io::{IsTerminal, Write};
    let stderr = std::io::stderr();
    if !stderr.is_terminal() {
        return;
    }
    for note in notes {
        let help = note.help.as_deref().map(|help| format!("\n  {}", harmless::text(help)));
        // A terminal that is gone is no reason to fail.
        let _ = writeln!(&stderr, "! {}{}", harmless::text(&note.text), help.unwrap_or_default());
    }
}

/// Tells that recovery words are shown this once: the record that has them does not say so.
pub(crate) fn tell_of_words(words: Option<&str>) {
    let note = words.map(|_| convosync_wire::Note {
        code: String::new(),
        text: SHOWN_ONCE.replace('\n', "\n  "),
        help: None,
    });
    tell(note.as_slice());
}

#[cfg(test)]
mod tests;
