//! The program: arguments in, text or JSON out, an exit code at the end.

mod watching;

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser as _;
use convosync_meter::{Meter, Signs};
use convosync_wire::{
    ApproveArgs, ConfigArgs, Decision, EnrolArgs, ExportFormat, ExportSessionArgs, Failure, Health,
    InitArgs, JoinArgs, ListArgs, PlanReport, Progress, ProtectArgs, Reply, Request, ResumeArgs,
    ResumeReport, SaveArgs, SaveForm, Secret, SessionRow, ShowArgs, UndoArgs, UndoState, Verb,
};

use crate::args::{Cli, Join, Wanted};
use crate::ask;
use crate::auto::{self, Moment};
use crate::caller;
use crate::complete;
use crate::config::Draft;
use crate::console::Console as _;
use crate::describe;
use crate::editor;
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::json;
use crate::outcome::{Outcome, run_caught};
use crate::output::{Reader, eput, put};
use crate::pager;
use crate::push::Plugins;
use crate::rpc;
use crate::shell;
use crate::start;
use crate::surroundings::{self, Env, Output};
use crate::terminal::{self, FullScreen, Terminal};
use crate::unlock;
use crate::view::{self, Look};
use crate::wiring;

/// Longest text of recovery words on standard input.
const LONGEST_WORDS: u64 = 64 * 1024;

/// Between two looks for an answer.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How often a pause looks whether it was interrupted.
const GLANCE: Duration = Duration::from_millis(50);

/// A resume has begun a merge that the user has to end.
const CONFLICTS: &str = "convosync::resume::conflicts";

/// A store that does not answer may answer the next time.
const UNREACHABLE: &str = "convosync::store::unreachable";

/// Parses the arguments and does what they say. Help, version and usage errors end here too.
pub(crate) fn main() -> Exit {
    if complete::answered() {
        return Exit::Done;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing is left to do if the output is gone.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let Ok(interrupt) = Interrupt::listen() else { return Exit::Internal };
    let Cli { json, color, directory, no_pager, passphrase_file, command } = cli;
    let wanted = match command.wanted() {
        Wanted::Rpc => return serve(&interrupt),
        Wanted::ShellInit(code) => return printed(&code),
        Wanted::Definitions(what) => return describe::told(&what),
        wanted => wanted,
    };
    let mut env = caller::environment();
    // Of the caller's shell alone: no hook of git is handed it.
    let handover = env.remove(shell::HANDOVER).map(PathBuf::from);
    env.extend(passphrase_file.map(|path| (unlock::VARIABLE.to_owned(), path)));
    let found = caller::directory(directory.as_deref());
    let place = found.as_deref().unwrap_or_default();
    let look = |output| Look {
        shell_follows: handover.is_some(),
        ..surroundings::look(output, color, &env, place, now_ms())
    };
    let (stdout, stderr) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    let columns = terminal::columns();
    let session = Session {
        json,
        asks: !json && stdout && stderr && io::stdin().is_terminal(),
        out: look(Output { terminal: stdout, columns: columns.filter(|_| stdout) }),
        err: look(Output { terminal: stderr, columns }),
        shows_progress: !json && stderr && env.get("TERM").is_some_and(|term| term != "dumb"),
        rows: terminal::rows().filter(|_| stdout && stderr && !no_pager),
        types_unseen: stderr && io::stdin().is_terminal(),
        passphrase_file: unlock::file(&env, place),
        passphrase: RefCell::default(),
        directory: place.to_owned(),
        handover: handover.clone(),
        env: &env,
        interrupt,
    };
    match found {
        Ok(_) => session.go(wanted),
        // Whoever leaves a directory may have removed it.
        Err(_) if matches!(wanted, Wanted::Auto | Wanted::Hook | Wanted::AutoSave) => Exit::Done,
        Err(failure) => match wanted {
            Wanted::Call(line) => printed(&rpc::called::refused(&line, failure)),
            _ => {
                session.failed(&failure);
                Exit::Usage
            }
        },
    }
}

/// One plugin's call.
fn serve(interrupt: &Interrupt) -> Exit {
    let request = rpc::read(io::stdin().lock());
    let listener = interrupt.clone();
    std::thread::spawn(move || {
        // Whatever else comes is no part of the protocol; its end is.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        listener.set();
    });
    let told = Cell::new(None);
    let run = |request: &Request, progress: &dyn Fn(&Progress)| {
        let mut request = request.clone();
        let file = unlock::file(&request.env, &request.directory);
        let call = |request: &Request| wiring::run(request, progress, interrupt);
        let outcome = unlock::with_file(&mut request, file.as_deref(), call);
        if let Outcome::Reply(reply) = &outcome {
            told.set(Some((request, reply.clone())));
        }
        outcome
    };
    if rpc::answer(request, &mut io::stdout(), &run).is_err() {
        return Exit::Failed;
    }
    if let Some((request, reply)) = told.take() {
        wiring::shown(&request, &reply);
        Plugins::tell_after(&request.verb, &request.env);
    }
    Exit::Done
}

/// Milliseconds since 1970; a clock before that counts as then.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// One run of the command line.
struct Session<'a> {
    json: bool,
    asks: bool,
    out: Look,
    err: Look,
    shows_progress: bool,
    /// Rows of the terminal that is written to; none where a pager is of no use.
    rows: Option<usize>,
    /// Somebody can be asked for a passphrase, wherever the output goes.
    types_unseen: bool,
    passphrase_file: Option<PathBuf>,
    /// What opened the key: asked for once, however many calls there are.
    passphrase: RefCell<Option<Secret>>,
    directory: String,
    /// Where the caller's shell reads what it is to do.
    handover: Option<PathBuf>,
    env: &'a Env,
    interrupt: Interrupt,
}

impl Session<'_> {
    fn go(&self, wanted: Wanted) -> Exit {
        let verb = match wanted {
            Wanted::Verb(Verb::Init(args)) => Verb::Init(InitArgs { choose: self.asks, ..args }),
            Wanted::Verb(Verb::Save(args)) => Verb::Save(SaveArgs { asks: self.asks, ..args }),
            Wanted::Join(join) => match self.words() {
                Some(words) => joining(join, words),
                None => return self.cancelled(),
            },
            Wanted::Enrol(join) => return self.enrol(join),
            Wanted::Approve { yes } => match self.six_words() {
                Some(words) => Verb::DeviceApprove(ApproveArgs { words, yes }),
                None => return self.cancelled(),
            },
            Wanted::Form(args) => match self.form(args) {
                Ok(args) => Verb::Save(args),
                Err(exit) => return exit,
            },
            Wanted::Pick(verb) => match self.pick(verb) {
                Ok(verb) => verb,
                Err(exit) => return exit,
            },
            Wanted::Edit => return self.edit(),
            Wanted::Watch(args, interval) => return self.watch(args, interval),
            Wanted::WatchMachine(watch) => return self.watch_machine(&watch),
            Wanted::Verb(verb) => match to_output(&verb) {
                Some(args) if is_packed(args) && io::stdout().is_terminal() => {
                    return self.failed(&packed_on_terminal());
                }
                _ => verb,
            },
            Wanted::Rpc => return serve(&self.interrupt),
            Wanted::Call(line) => return self.serve_call(&line),
            Wanted::ShellInit(code) => return printed(&code),
            Wanted::Definitions(what) => return describe::told(&what),
            Wanted::Auto => return auto::start(self.env, &self.directory, Moment::Leave),
            Wanted::Hook => return auto::hook(self.env, &self.directory),
            Wanted::AutoSave => return auto::work(self.env, &self.directory),
        };
        self.run(verb)
    }

    /// One call of the plugin inside Zellij.
    fn serve_call(&self, line: &str) -> Exit {
        let run = |request: &Request, progress: &dyn Fn(&Progress)| {
            let call = |request: &Request| wiring::run(request, progress, &self.interrupt);
            unlock::with_file(&mut request.clone(), self.passphrase_file.as_deref(), call)
        };
        printed(&rpc::called::answer(line, &self.directory, self.env, &run))
    }

    /// Lets a person edit the settings. What is refused stays in a draft.
    fn edit(&self) -> Exit {
        let ask = |args| caller::request(Verb::Config(args), &self.directory, self.env);
        let (path, text) = match self.call(&ask(ConfigArgs::Text)) {
            Outcome::Reply(reply) => match *reply {
                Reply::Config(report) => (report.path, report.text.unwrap_or_default()),
                _ => return Exit::Internal,
            },
            Outcome::Failure(failure) => return self.failed(&failure),
            Outcome::Decision(_) => return Exit::Internal,
        };
        let edited = Draft::of(&path, &text).and_then(|draft| Ok((draft.edited(self.env)?, draft)));
        let (text, draft) = match edited {
            Ok(edited) => edited,
            Err(failure) => return self.failed(&failure),
        };
        let request = ask(ConfigArgs::Replace { text });
        match self.call(&request) {
            Outcome::Reply(reply) => {
                draft.done();
                self.done(&reply, &request)
            }
            Outcome::Failure(failure) => {
                let kept = format!(
                    "your text stays in {}; `convosync config edit` goes on with it",
                    draft.path().display()
                );
                self.failed(&Failure { help: Some(kept), ..failure })
            }
            Outcome::Decision(_) => Exit::Internal,
        }
    }

    /// Runs a verb, asks what has to be decided, shows what came of it.
    fn run(&self, verb: Verb) -> Exit {
        let request = caller::request(verb.clone(), &self.directory, self.env);
        let outcome = if self.asks {
            let call = |request: &Request| self.call(request);
            ask::until_decided(request.clone(), &call, &mut self.terminal(), &self.err)
        } else {
            Some(self.call(&request))
        };
        match outcome {
            None => self.cancelled(),
            Some(Outcome::Reply(reply)) => self.done(&reply, &request),
            Some(Outcome::Decision(decision)) => self.undecided(&decision),
            Some(Outcome::Failure(failure)) => {
                let exit = self.failed(&failure);
                if self.asks && failure.code == CONFLICTS {
                    self.open_conflicts();
                }
                exit
            }
        }
    }

    /// Opens the files that a resume has just left in conflict.
    fn open_conflicts(&self) {
        let list = Verb::Undo(UndoArgs { list: true, ..UndoArgs::default() });
        let outcome = self.call(&caller::request(list, &self.directory, self.env));
        let Outcome::Reply(reply) = outcome else { return };
        let Reply::Undoable(listed) = *reply else { return };
        let waits = listed.rows.first().filter(|row| row.state == UndoState::Waits);
        let Some(row) = waits.filter(|row| !row.conflicts.is_empty()) else { return };
        let work_tree = Path::new(&row.work_tree);
        if let Err(why) = editor::edit(self.env, Some(work_tree), &row.conflicts) {
            let name = editor::name(self.env).escape_debug();
            eput(&format!("the editor `{name}` did not open them: {why}\n"));
        }
    }

    /// One call of the engine; the passphrase is asked for if the key wants one.
    fn call(&self, request: &Request) -> Outcome {
        self.call_by(request, &|request| self.call_once(request))
    }

    fn call_by(&self, request: &Request, once: &dyn Fn(&Request) -> Outcome) -> Outcome {
        let mut request = self.unlocked(request);
        let file = self.passphrase_file.as_deref();
        let mut outcome = unlock::with_file(&mut request, file, once);
        if self.types_unseen && file.is_none() {
            outcome = ask::until_unlocked(&mut request, outcome, &once, &mut self.terminal());
        }
        self.passphrase.replace(request.passphrase.clone());
        match outcome {
            Outcome::Failure(failure) if failure.code == ProtectArgs::WANTS_NEW => {
                self.with_new_passphrase(request, failure)
            }
            outcome => outcome,
        }
    }

    /// Asks for the new passphrase and calls again, where somebody can be asked.
    fn with_new_passphrase(&self, mut request: Request, failure: Failure) -> Outcome {
        if !self.types_unseen {
            return Outcome::Failure(failure);
        }
        let new = match ask::new_passphrase(&mut self.terminal()) {
            Ok(new) => new,
            Err(failure) => return Outcome::Failure(failure),
        };
        if let Verb::KeyProtect(args) = &mut request.verb {
            args.new = Some(new);
        }
        self.call_once(&request)
    }

    /// The request with what opened the key before.
    fn unlocked(&self, request: &Request) -> Request {
        Request { passphrase: self.passphrase.borrow().clone(), ..request.clone() }
    }

    /// One call of the engine behind a line of progress.
    fn call_once(&self, request: &Request) -> Outcome {
        let meter = self.meter();
        run_caught(
            &|request, progress| match to_output(&request.verb) {
                Some(args) => {
                    let out = &mut io::stdout().lock();
                    wiring::export(request, args, progress, &self.interrupt, out)
                }
                None => wiring::run(request, progress, &self.interrupt),
            },
            request,
            &|progress| meter.show(view::harmless_line(&progress.text), progress.counted),
        )
    }

    fn meter(&self) -> Meter {
        if !self.shows_progress {
            return Meter::hidden();
        }
        let interrupt = self.interrupt.clone();
        let signs = if self.err.unicode { Signs::Unicode } else { Signs::Ascii };
        Meter::begin(signs, move || interrupt.is_set())
    }

    fn terminal(&self) -> Terminal {
        Terminal::new(self.interrupt.clone())
    }

    /// The recovery words, from the terminal or from standard input.
    fn words(&self) -> Option<Secret> {
        if io::stdin().is_terminal() {
            return ask::recovery_words(&mut self.terminal());
        }
        Some(ask::words(&piped_words()))
    }

    /// The six words of another device, from the terminal or from standard input.
    fn six_words(&self) -> Option<Secret> {
        if io::stdin().is_terminal() {
            return self.terminal().ask("The six words on the other device: ").map(Secret);
        }
        Some(Secret(piped_words()))
    }

    /// Asks to join, shows the words, and waits for the answer.
    fn enrol(&self, join: Join) -> Exit {
        let (no_wait, timeout) = (join.no_wait, join.timeout);
        if !join.wait {
            let args = EnrolArgs { store: join.store, device: join.device, kind: join.kind };
            let request = caller::request(Verb::DeviceEnrol(args), &self.directory, self.env);
            let shown = match self.call(&request) {
                Outcome::Reply(reply) => self.done(&reply, &request),
                Outcome::Failure(failure) => return self.failed(&failure),
                Outcome::Decision(decision) => return self.undecided(&decision),
            };
            if no_wait || shown != Exit::Done {
                return shown;
            }
        }
        self.wait_to_join(timeout.map(Duration::from_secs))
    }

    /// Looks for the answer again and again, less and less often.
    fn wait_to_join(&self, timeout: Option<Duration>) -> Exit {
        let request = caller::request(Verb::DeviceEnrolled, &self.directory, self.env);
        let (start, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let outcome = self.call(&request);
            if self.shows_progress {
                eput("\r\u{1b}[2K");
            }
            if self.interrupt.is_set() {
                return self.give_up();
            }
            match outcome {
                Outcome::Reply(reply) => match *reply {
                    Reply::EnrolWaiting(_) if timeout.is_none_or(|most| start.elapsed() < most) => {
                    }
                    Reply::EnrolWaiting(_) => return self.failed(&not_answered()),
                    reply => return self.done(&reply, &request),
                },
                Outcome::Failure(failure) if failure.code == UNREACHABLE => {}
                Outcome::Failure(failure) => return self.failed(&failure),
                Outcome::Decision(decision) => return self.undecided(&decision),
            }
            if self.shows_progress {
                eput("\r\u{1b}[2KWaiting for a device to approve (Ctrl-C gives up)");
            }
            let until = Instant::now() + pause;
            while Instant::now() < until && !self.interrupt.is_set() {
                std::thread::sleep(GLANCE);
            }
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    /// Ctrl-C while waiting takes back what was asked.
    fn give_up(&self) -> Exit {
        let request = caller::request(Verb::DeviceGiveUp, &self.directory, self.env);
        // If it can't be taken back now, it expires by itself.
        let _ = wiring::run(&self.unlocked(&request), &|_| {}, &Interrupt::default());
        eput("\nGave up: the words are good for nothing any more.\n");
        Exit::Cancelled
    }

    /// Lets a person fill in what is saved.
    fn form(&self, args: SaveArgs) -> Result<SaveArgs, Exit> {
        if !self.asks {
            return Err(self.failed(&no_form()));
        }
        let dry = Verb::Save(SaveArgs { dry_run: true, ..args.clone() });
        let plan = match self.call(&caller::request(dry, &self.directory, self.env)) {
            Outcome::Reply(reply) => match *reply {
                Reply::Planned(PlanReport { save: Some(plan), .. }) => plan,
                _ => return Err(Exit::Internal),
            },
            Outcome::Failure(failure) => return Err(self.failed(&failure)),
            Outcome::Decision(decision) => return Err(self.undecided(&decision)),
        };
        let mut screen = self.screen().ok_or_else(|| self.failed(&no_form()))?;
        let filled = ask::fill(ask::Form::new(SaveForm::new(args, plan)), &mut screen, &self.err);
        drop(screen);
        filled.ok_or_else(|| self.cancelled())
    }

    /// Lets a person pick the session; off a terminal, and when there is none, the engine chooses.
    fn pick(&self, verb: Verb) -> Result<Verb, Exit> {
        if !self.asks {
            return Ok(verb);
        }
        let list = Verb::List(ListArgs { all: true, ..ListArgs::default() });
        match self.call(&caller::request(list, &self.directory, self.env)) {
            Outcome::Failure(failure) => Err(self.failed(&failure)),
            Outcome::Reply(reply) => match *reply {
                Reply::Sessions(mut listed) if !listed.rows.is_empty() => {
                    listed.rows.sort_by_key(|row| Reverse(row.timestamp));
                    let picked = self.picked(&listed.rows);
                    Ok(of_session(verb, picked.ok_or_else(|| self.cancelled())?))
                }
                _ => Ok(verb),
            },
            Outcome::Decision(_) => Ok(verb),
        }
    }

    /// The session that a person picks on the whole screen, or by its number where the terminal is
    /// too simple for that.
    fn picked(&self, rows: &[SessionRow]) -> Option<String> {
        match self.screen() {
            Some(mut screen) => ask::pick_on_screen(rows, &mut screen, &self.err),
            None => ask::pick(rows, &mut self.terminal(), &self.err),
        }
    }

    /// The terminal as a whole screen; none where it is too simple for that.
    fn screen(&self) -> Option<FullScreen> {
        let simple = self.env.get("TERM").is_none_or(|term| term == "dumb");
        if simple { None } else { FullScreen::open(self.interrupt.clone()) }
    }

    fn done(&self, reply: &Reply, request: &Request) -> Exit {
        let verb = &request.verb;
        let told = |look| match self.json {
            true => format!("{}\n", json::reply(reply)),
            false => view::reply(reply, verb, look),
        };
        if to_output(verb).is_some() {
            // The output was the conversation.
            eput(&told(&self.err));
            return Exit::Done;
        }
        let text = told(&self.out);
        if self.is_long(&text, verb) && pager::show(&text, self.env) {
            return Exit::Done;
        }
        match put(&text) {
            Err(error) => {
                eput(&format!("error: it was done, but could not be shown: {error}\n"));
                return Exit::Failed;
            }
            Ok(Reader::Gone) => {}
            Ok(Reader::There) if self.words_are_written(reply, verb) => {
                wiring::shown(&self.unlocked(request), reply);
            }
            Ok(Reader::There) => {}
        }
        self.hand_over(reply, verb);
        Plugins::tell_after(verb, self.env);
        if let Reply::Resumed(report) = reply
            && !report.run.is_empty()
        {
            return self.start(report);
        }
        if let Some(notes) = json::notes_beside(reply).filter(|_| self.json) {
            eput(&format!("{notes}\n"));
        }
        if let Reply::Examined(report) = reply
            && report.count(Health::Fail) > 0
        {
            return Exit::Failed;
        }
        Exit::Done
    }

    /// Starts the assistant where somebody can talk to it.
    fn start(&self, report: &ResumeReport) -> Exit {
        if self.asks {
            let directory = Path::new(&report.working_directory);
            return self.failed(&start::become_program(&report.run, directory));
        }
        if !self.json {
            let command = view::harmless_line(&report.run.join(" "));
            eput(&format!("convosync: not started, since there is no terminal: {command}\n"));
        }
        Exit::Done
    }

    /// Tells the caller's shell where to go.
    fn hand_over(&self, reply: &Reply, verb: &Verb) {
        let (Some(path), Reply::Resumed(report), Verb::Resume(args)) =
            (&self.handover, reply, verb)
        else {
            return;
        };
        if let Err(error) = shell::hand_over(path, report, args.history) {
            eput(&format!("convosync: your shell could not be moved: {error}\n"));
        }
    }

    /// Whether a text to be read is longer than the screen.
    fn is_long(&self, text: &str, verb: &Verb) -> bool {
        let to_be_read = matches!(verb, Verb::Show(_) | Verb::Log { .. });
        let rows = self.rows.filter(|_| to_be_read && !self.json);
        rows.is_some_and(|rows| text.lines().count() >= rows)
    }

    /// Recovery words are shown until a person says that they were written down.
    fn words_are_written(&self, reply: &Reply, verb: &Verb) -> bool {
        let asks = self.asks && !matches!(verb, Verb::Init(args) if args.yes);
        match wiring::words_in(reply).filter(|_| asks) {
            Some(words) => ask::words_are_written(words, &wiring::random(), &mut self.terminal()),
            None => true,
        }
    }

    /// Off a terminal the question itself is the output, so that a script can go on from it.
    fn undecided(&self, decision: &Decision) -> Exit {
        if self.asks {
            eput(&view::decision(decision, &self.err));
        } else {
            // Who reads none of it learns from the exit code.
            let _ = put(&format!("{}\n", json::decision(decision)));
        }
        if !self.json {
            let flags = decision.choices.iter().map(|choice| choice.flag.as_str());
            let flags = flags.filter(|flag| !flag.is_empty()).collect::<Vec<_>>().join(" | ");
            let text = format!("{}: decide with {flags}", decision.title);
            eput(&format!("convosync: {}\n", view::harmless_line(&text)));
        }
        Exit::Undecided
    }

    fn failed(&self, failure: &Failure) -> Exit {
        if failure.code == ask::NOT_TYPED {
            return self.cancelled();
        }
        if self.json {
            eput(&format!("{}\n", json::failure(failure)));
        } else {
            eput(&view::failure(failure, &self.err));
        }
        if self.interrupt.is_set() { Exit::Cancelled } else { Exit::of(failure) }
    }

    fn cancelled(&self) -> Exit {
        self.terminal().show("Cancelled: nothing was changed.\n");
        Exit::Cancelled
    }
}

/// A text that is all of the output.
fn printed(text: &str) -> Exit {
    if put(text).is_ok() { Exit::Done } else { Exit::Failed }
}

/// What is no text has no words; the engine says what is wrong with them.
fn piped_words() -> String {
    let mut text = String::new();
    let _ = io::stdin().lock().take(LONGEST_WORDS).read_to_string(&mut text);
    text
}

fn no_form() -> Failure {
    Failure {
        code: "convosync::save::no-terminal".into(),
        message: "--interactive needs a terminal".into(),
        help: Some(
            "say the same with options: `convosync save -m MESSAGE -b BRANCH --no-terminal`, `--on-large`"
                .into(),
        ),
        argument: Some("--interactive".into()),
    }
}

fn not_answered() -> Failure {
    Failure {
        code: "convosync::enrol::timeout".into(),
        message: "no device has answered yet".into(),
        help: Some("go on waiting with `convosync device join --wait`".into()),
        argument: Some("--timeout".into()),
    }
}

/// The verb, about the session that was picked.
fn of_session(verb: Verb, session: String) -> Verb {
    let session = Some(session);
    match verb {
        Verb::Resume(args) => Verb::Resume(ResumeArgs { session, ..args }),
        Verb::Show(args) => Verb::Show(ShowArgs { session, ..args }),
        other => other,
    }
}

fn joining(join: Join, words: Secret) -> Verb {
    Verb::DeviceJoin(JoinArgs { store: join.store, device: join.device, kind: join.kind, words })
}

/// The export whose output is standard output.
fn to_output(verb: &Verb) -> Option<&ExportSessionArgs> {
    match verb {
        Verb::Export(args) if args.output.is_none() => Some(args),
        _ => None,
    }
}

fn is_packed(args: &ExportSessionArgs) -> bool {
    args.format() == ExportFormat::JsonlGz
}

fn packed_on_terminal() -> Failure {
    Failure {
        code: "convosync::export::terminal".to_owned(),
        message: "packed bytes are nothing for a terminal".to_owned(),
        help: Some("add `--output FILE`, or `| cat`".to_owned()),
        argument: Some("--output".to_owned()),
    }
}
