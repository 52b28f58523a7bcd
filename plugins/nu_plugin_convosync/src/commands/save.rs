//! `convosync save`

use convosync_wire::{OnLarge, OnSecrets, PlanReport, Reply, SaveArgs, SaveForm, SaveMode, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{
    Completion, Example, LabeledError, Signature, Span, Spanned, SyntaxShape, Type, Value,
};

use crate::ConvoSyncPlugin;
use crate::argument::{choice, refuse_both, text_flag, word_flag};
use crate::ask::Dialog;
use crate::complete::{Offer, offers};
use crate::decide::decided;
use crate::failure::{cancelled, failure, labeled, wrong};
use crate::front::{Front, tell};
use crate::value::{Shape, sample};
use crate::variables::caller_env;

/// Saves this moment.
pub(crate) struct Save;

impl SimplePluginCommand for Save {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync save"
    }

    fn description(&self) -> &str {
        "Save this moment: code, conversation, terminal."
    }

    fn extra_description(&self) -> &str {
        "Commits what changed, pushes it, and puts the conversation into the store, sealed. A save \
         that could not be sent is queued on this device: `synced` is false then, and `convosync \
         sync` sends it."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["commit", "push", "upload", "put down"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .optional("message", SyntaxShape::String, "what was done; becomes the commit's message")
            .param(text_flag("message", "the same as a flag").short('m'))
            .switch(
                "interactive",
                "fill in what is saved; large conversations are asked about",
                Some('i'),
            )
            .param(
                text_flag(
                    "branch",
                    "commit on this branch, push it, and stay on it; one that is not there is made",
                )
                .short('b'),
            )
            .param(text_flag("title", "what the session is called from now on"))
            .switch("no-code", "leave the code out: nothing is committed or pushed", None)
            .switch("no-conversation", "leave the conversation out", None)
            .switch("no-terminal", "leave out where you are, and the panes of your terminal", None)
            .switch("scrollback", "in Zellij: take the text of the panes along, with its colours", None)
            .switch("redact", "cut out of commands and variables what looks like a secret, and take the rest along", None)
            .switch("no-push", "commit here, but do not push: the commit travels sealed", None)
            .switch("no-notify", "other devices do not announce this save", None)
            .switch("dry-run", "tell what would be done", None)
            .switch("retry", "do again what failed, as it was asked for; options that you pass count for more", None)
            .switch("new", "start another session", None)
            .param(text_flag("session", "go on with this session (id or unique prefix)"))
            .param(text_flag(
                "conversation",
                "which conversation is the main one (id or unique prefix)",
            ))
            .switch("accept-shrink", "save a conversation that lost messages as it is now", None)
            .switch(
                "env",
                "take the variables along that the setting env.names names; never secrets",
                None,
            )
            .param(word_flag(
                "on-large",
                Completion::new_list(OnLarge::ALL),
                "when the conversation is large: save it as it is, or so that a resume begins later",
            ))
            .named(
                "from-message",
                SyntaxShape::Int,
                "with `--on-large archive`: a resume begins with this message",
                None,
            )
            .param(word_flag(
                "on-secrets",
                Completion::new_list(OnSecrets::ALL),
                "when what looks like a secret would be pushed; on a terminal it is asked",
            ))
            .switch(
                "force",
                "skip checks that protect convenience (a file over 100 MB, sync_branches), never those that protect data",
                None,
            )
            .switch(
                "stash",
                "carry uncommitted changes sealed; nothing is committed or pushed, no file is touched",
                None,
            )
            .switch("commit", "commit them, on the default branch too", None)
            .input_output_type(Type::Nothing, Type::record())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: r#"convosync save "Implemented OAuth login""#,
                description: "Commit, push and save the conversation",
                result: Some(Shape::at(Span::test_data()).saved(&sample::saved())),
            },
            Example {
                example: "(convosync save --stash).uncommitted",
                description: "Carry uncommitted changes without a commit, and tell how many",
                result: Some(Value::test_int(0)),
            },
            Example {
                example: "convosync save --dry-run | get steps",
                description: "What a save would do",
                result: None,
            },
            Example {
                example: r#"(convosync save -m "Half way" --no-push).synced"#,
                description: "Save without a push, and tell whether it is on other devices",
                result: Some(Value::test_bool(true)),
            },
        ]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        let front = Front::new(engine, call, &["message"])?.with_history()?;
        let shape = Shape::at(call.head);
        let mut args = args(call)?;
        args.asks = Dialog::open(engine, call.head).is_some();
        if call.has_flag("env")? {
            args.env = Some(caller_env(engine.get_env_vars()?));
        }
        if call.has_flag("interactive")? {
            args = filled(&front, args)?;
            if args.env.is_some() {
                args.env = Some(caller_env(engine.get_env_vars()?));
            }
        }
        match decided(&front, Verb::Save(args))? {
            Reply::Saved(report) => {
                tell(&report.notes);
                Ok(shape.saved(&report))
            }
            Reply::Planned(report) => Ok(shape.plan(&report)),
            _ => Err(front.unexpected()),
        }
    }

    offers! {
        ArgType::Flag(name) if name == "session" => Offer::Sessions,
        // A message is no file name.
        ArgType::Positional(_) => Offer::Nothing,
    }
}

/// What a person has filled in.
fn filled(front: &Front<'_>, args: SaveArgs) -> Result<SaveArgs, LabeledError> {
    let Some(dialog) = Dialog::open(front.engine(), front.head()) else {
        let help = "say the same with flags: `convosync save -m MESSAGE -b BRANCH --no-terminal`, `--on-large`";
        let failure =
            failure("convosync::save::no-terminal", "--interactive needs a terminal", help);
        return Err(labeled(&failure, front.head()));
    };
    let dry = SaveArgs { dry_run: true, ..args.clone() };
    let plan = match front.reply(Verb::Save(dry))? {
        Reply::Planned(PlanReport { save: Some(plan), .. }) => plan,
        _ => return Err(front.unexpected()),
    };
    let form = dialog.save(SaveForm::new(args, plan))?;
    form.map(SaveForm::into_args).ok_or_else(|| cancelled(front.head()))
}

fn args(call: &EvaluatedCall) -> Result<SaveArgs, LabeledError> {
    refuse_both(call, "new", "session")?;
    refuse_both(call, "branch", "no-code")?;
    refuse_both(call, "env", "no-terminal")?;
    refuse_both(call, "scrollback", "no-terminal")?;
    refuse_both(call, "redact", "no-terminal")?;
    refuse_both(call, "stash", "commit")?;
    Ok(SaveArgs {
        message: message(call)?,
        no_push: call.has_flag("no-push")?,
        no_notify: call.has_flag("no-notify")?,
        dry_run: call.has_flag("dry-run")?,
        retry: call.has_flag("retry")?,
        new: call.has_flag("new")?,
        session: call.get_flag("session")?,
        conversation: call.get_flag("conversation")?,
        accept_shrink: call.has_flag("accept-shrink")?,
        env: None,
        branch: call.get_flag("branch")?,
        force: call.has_flag("force")?,
        title: call.get_flag("title")?,
        no_code: call.has_flag("no-code")?,
        no_conversation: call.has_flag("no-conversation")?,
        no_terminal: call.has_flag("no-terminal")?,
        scrollback: call.has_flag("scrollback")?,
        redact: call.has_flag("redact")?,
        interactive: false,
        on_large: choice(call, "on-large")?,
        from_message: from_message(call)?,
        asks: false,
        on_secrets: choice(call, "on-secrets")?,
        mode: match (call.has_flag("stash")?, call.has_flag("commit")?) {
            (true, _) => Some(SaveMode::Stash),
            (_, true) => Some(SaveMode::Commit),
            _ => None,
        },
        remember: false,
        auto: false,
    })
}

/// Messages are counted from 1.
fn from_message(call: &EvaluatedCall) -> Result<Option<u64>, LabeledError> {
    let Some(Spanned { item, span }) = call.get_flag::<Spanned<i64>>("from-message")? else {
        return Ok(None);
    };
    match u64::try_from(item) {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(wrong("there is no such message", "messages are counted from 1", span)),
    }
}

fn message(call: &EvaluatedCall) -> Result<Option<String>, LabeledError> {
    let flag = call.get_flag::<Spanned<String>>("message")?;
    let positional = call.opt::<Spanned<String>>(0)?;
    match (flag, positional) {
        (Some(flag), Some(positional)) => {
            let help = "give the message once";
            Err(wrong("there are two messages", help, positional.span)
                .with_label("and this", flag.span))
        }
        (flag, positional) => Ok(flag.or(positional).map(|message| message.item)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;
    use convosync_wire::{Answer, EnvValue, Failure, PlanReport};

    fn script() -> Script {
        Script::new().answers("save", &Reply::Saved(sample::saved()))
    }

    #[test]
    fn examples_hold() {
        script().examples(&Save);
    }

    #[test]
    fn every_flag_reaches_the_helper() {
        let script = script();
        script
            .eval("convosync save -m hi --no-push --no-notify --dry-run --retry --session s --conversation c --accept-shrink -b x --force --title t --no-conversation --no-terminal --on-large archive --from-message 7 --on-secrets push --stash")
            .unwrap();
        script.eval("convosync save hi --new --no-code --scrollback --redact").unwrap();
        let all = SaveArgs {
            message: Some("hi".to_owned()),
            no_push: true,
            no_notify: true,
            dry_run: true,
            retry: true,
            new: false,
            session: Some("s".to_owned()),
            conversation: Some("c".to_owned()),
            accept_shrink: true,
            branch: Some("x".to_owned()),
            force: true,
            title: Some("t".to_owned()),
            no_code: false,
            no_conversation: true,
            no_terminal: true,
            scrollback: false,
            redact: false,
            interactive: false,
            on_large: Some(OnLarge::Archive),
            from_message: Some(7),
            asks: false,
            on_secrets: Some(OnSecrets::Push),
            env: None,
            mode: Some(SaveMode::Stash),
            remember: false,
            auto: false,
        };
        let new = SaveArgs {
            message: all.message.clone(),
            new: true,
            no_code: true,
            scrollback: true,
            redact: true,
            ..SaveArgs::default()
        };
        assert_eq!(script.verbs(), [Verb::Save(all), Verb::Save(new)]);
    }

    #[test]
    fn variables_go_along_with_their_types_and_only_if_that_is_wanted() {
        let script = script();
        script.eval("$env.APP = {on: true, ports: [80]}; convosync save hi --env").unwrap();
        script.eval("convosync save hi").unwrap();
        let envs: Vec<_> = script
            .verbs()
            .into_iter()
            .map(|verb| match verb {
                Verb::Save(args) => args.env,
                other => panic!("{other:?}"),
            })
            .collect();
        let wanted = envs[0].as_ref().expect("it was asked for");
        let app = wanted.variables.iter().find(|variable| variable.name == "APP").unwrap();
        let ports = EnvValue::List(vec![EnvValue::Int(80)]);
        let record = vec![("on".to_owned(), EnvValue::Bool(true)), ("ports".to_owned(), ports)];
        assert!(app.value == EnvValue::Record(record));
        assert_eq!(envs[1], None);
    }

    #[test]
    fn a_plan_is_shown_as_a_plan() {
        let plan = PlanReport {
            verb: "save".to_owned(),
            steps: vec!["commit 2 files".to_owned()],
            save: None,
            decisions: vec![],
            notes: vec![],
        };
        let script = Script::new().answers("save", &Reply::Planned(plan));
        let steps = script.eval("(convosync save --dry-run).steps.0").unwrap();
        assert_eq!(steps, Value::test_string("commit 2 files"));
    }

    #[test]
    fn contradictions_are_refused_before_the_helper_is_asked() {
        let script = script();
        let error = script.error("convosync save one -m two");
        assert_eq!((error.msg.as_str(), error.labels.len()), ("there are two messages", 2));
        let error = script.error("convosync save --new --session s");
        assert_eq!(error.msg, "--new and --session contradict each other");
        assert!(script.verbs().is_empty());
    }

    #[test]
    fn a_failure_marks_the_argument_that_it_names() {
        let failing = |argument: Option<&str>| {
            Script::new().says(
                "save",
                &[Answer::Failure(Failure {
                    code: "convosync::x".to_owned(),
                    message: "no".to_owned(),
                    help: None,
                    argument: argument.map(str::to_owned),
                })],
            )
        };
        let line = "convosync save hello --session abc --no-push";
        for (argument, marked) in [
            (Some("message"), "hello"),
            (Some("--session"), "--session abc"),
            (Some("--no-push"), "--no-push"),
            (Some("--conversation"), "convosync save"),
            (None, "convosync save"),
        ] {
            assert_eq!(failing(argument).marked(line), marked, "{argument:?}");
        }
    }
}
