//! `convosync list`

use convosync_wire::{ListArgs, Reply, Rows, SessionRow, Since, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, PluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{
    Example, LabeledError, ListStream, PipelineData, SignalAction, Signature, Span, Spanned,
    SyntaxShape, Type, Value,
};

use crate::ConvoSyncPlugin;
use crate::argument::{refuse_both, text_flag};
use crate::complete::{Offer, offers};
use crate::failure::wrong;
use crate::front::{Front, tell};
use crate::helper::Cancel;
use crate::value::{Shape, sample, session_type};
use crate::watch::{self, Watch};

/// The saved sessions.
pub(crate) struct List;

impl PluginCommand for List {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync list"
    }

    fn description(&self) -> &str {
        "List the saved sessions, one row each."
    }

    fn extra_description(&self) -> &str {
        "Shows the 10 newest of all repositories, those of this repository first. `state` is synced, \
         queued (not on other devices yet), unpushed (its commit travels sealed), arriving, or \
         conflict (two devices went on from the same save). `commit` has the first 7 digits."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["sessions", "recent"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .switch("all", "every session, not the 10 newest", Some('a'))
            .named("limit", SyntaxShape::Int, "at most so many", Some('n'))
            .param(text_flag("branch", "only this branch").short('b'))
            .param(text_flag("device", "only what this device saved (name or id)").short('d'))
            .param(
                text_flag("repo", "only this repository: `.` for the one here, or part of its URL")
                    .short('r'),
            )
            .switch(
                "here",
                "only what was saved in this folder of this repository, or below it",
                Some('H'),
            )
            .named(
                "since",
                SyntaxShape::OneOf(vec![SyntaxShape::Duration, SyntaxShape::DateTime]),
                "only what was saved since then: 3day, 2wk, 2026-03-01",
                Some('s'),
            )
            .switch("offline", "what this device knows already; the store is not asked", None)
            .switch("deleted", "the deleted sessions that can still be brought back", None)
            .switch("watch", "stream what other devices save as it comes, until Ctrl-C", Some('w'))
            .input_output_type(Type::Nothing, session_type())
    }

    fn examples(&self) -> Vec<Example<'_>> {
        vec![
            Example {
                example: "convosync list",
                description: "The newest sessions",
                result: Some(Shape::at(Span::test_data()).sessions(&sample::sessions())),
            },
            Example {
                example: "(convosync list --all).message.0",
                description: "What was done last",
                result: Some(Value::test_string("Implemented OAuth login")),
            },
            Example {
                example: "convosync list | where branch == feature/oauth | first | convosync resume",
                description: "Go on with the newest session of a branch",
                result: None,
            },
            Example {
                example: "convosync list --here --since 2wk",
                description: "What was done in this folder of a big repository of late",
                result: None,
            },
            Example {
                example: "convosync list --watch | each {|save| print $\"($save.device): ($save.message)\" }",
                description: "Tell what other devices save, as it comes",
                result: None,
            },
            Example {
                example: "convosync list --all | where size > 1mb and timestamp < (date now) - 4wk",
                description: "Big sessions that are old",
                result: None,
            },
        ]
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        _input: PipelineData,
    ) -> Result<PipelineData, LabeledError> {
        refuse_both(call, "here", "repo")?;
        for other in ["all", "limit", "since", "offline", "deleted"] {
            refuse_both(call, "watch", other)?;
        }
        let front = Front::new(engine, call, &[])?;
        let args = ListArgs {
            all: call.has_flag("all")?,
            limit: limit(call)?,
            branch: call.get_flag("branch")?,
            device: call.get_flag("device")?,
            repo: call.get_flag("repo")?,
            here: call.has_flag("here")?,
            since: since(call)?,
            offline: call.has_flag("offline")?,
            deleted: call.has_flag("deleted")?,
            news: false,
        };
        if call.has_flag("watch")? {
            return watched(front, args);
        }
        let listed = listed(&front, Verb::List(args))?;
        tell(&listed.notes);
        let rows = Shape::at(call.head).sessions(&listed.rows);
        Ok(PipelineData::value(rows, None))
    }

    offers! {
        ArgType::Flag(name) if name == "branch" => Offer::Branches,
        ArgType::Flag(name) if name == "device" => Offer::Savers,
        ArgType::Flag(name) if name == "repo" => Offer::Repositories,
    }
}

fn listed(front: &Front<'_>, verb: Verb) -> Result<Rows<SessionRow>, LabeledError> {
    match front.reply(verb)? {
        Reply::Sessions(listed) => Ok(listed),
        _ => Err(front.unexpected()),
    }
}

/// What other devices save from now on, row by row.
fn watched(front: Front<'_>, args: ListArgs) -> Result<PipelineData, LabeledError> {
    let interval = front.caller().configuration().watch_interval.unwrap_or(watch::INTERVAL);
    let verb = Verb::List(args.watched());
    let known = listed(&front, verb.clone())?;
    tell(&known.notes);
    watch::begun();
    let (engine, head) = (front.engine(), front.head());
    let cancel = Cancel::default();
    let handle = cancel.clone();
    let until_the_end = engine.register_signal_handler(Box::new(move |action| {
        if action == SignalAction::Interrupt {
            handle.call_off();
        }
    }))?;
    let signals = engine.signals().clone();
    let rows = Watch::new(
        front.into_caller(),
        (verb, known.rows),
        interval,
        (head, signals.clone()),
        (cancel, until_the_end),
    );
    Ok(PipelineData::list_stream(ListStream::new(rows, head, signals), None))
}

fn limit(call: &EvaluatedCall) -> Result<Option<u64>, LabeledError> {
    let Some(Spanned { item, span }) = call.get_flag::<Spanned<i64>>("limit")? else {
        return Ok(None);
    };
    match u64::try_from(item) {
        Ok(limit @ 1..) => Ok(Some(limit)),
        _ => Err(wrong("a limit is at least 1", "use --all for every session", span)),
    }
}

/// A duration has passed since then, or it is a date.
fn since(call: &EvaluatedCall) -> Result<Option<Since>, LabeledError> {
    match call.get_flag_value("since") {
        None => Ok(None),
        Some(Value::Duration { val, .. }) => Ok(Some(Since::Ago(val.saturating_abs() / 1_000_000))),
        Some(Value::Date { val, .. }) => Ok(Some(Since::At(val.timestamp_millis()))),
        Some(other) => Err(wrong(
            "this is no time",
            "give a duration or a date: 3day, 2026-03-01",
            other.span(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    fn script() -> Script {
        Script::new().answers("list", &Reply::Sessions(sample::sessions().into()))
    }

    #[test]
    fn examples_hold() {
        script().examples(&List);
    }

    #[test]
    fn every_flag_reaches_the_helper() {
        let script = script();
        script
            .eval("convosync list --all --limit 3 --branch main --device laptop --repo . --since 3day --offline --deleted")
            .unwrap();
        let want = ListArgs {
            all: true,
            limit: Some(3),
            branch: Some("main".to_owned()),
            device: Some("laptop".to_owned()),
            repo: Some(".".to_owned()),
            here: false,
            since: Some(Since::Ago(3 * 86_400_000)),
            offline: true,
            deleted: true,
            news: false,
        };
        assert_eq!(script.verbs(), [Verb::List(want)]);
    }

    #[test]
    fn a_date_and_short_flags_reach_it_too() {
        let script = script();
        script.eval("convosync list -a -b main -d laptop -H -s 2026-03-01T00:00:00Z").unwrap();
        let want = ListArgs {
            all: true,
            branch: Some("main".to_owned()),
            device: Some("laptop".to_owned()),
            here: true,
            since: Some(Since::At(1_772_323_200_000)),
            ..ListArgs::default()
        };
        assert_eq!(script.verbs(), [Verb::List(want)]);
        let both = script.error("convosync list --here --repo x");
        assert_eq!(both.msg, "--here and --repo contradict each other");
    }

    #[test]
    fn a_watch_streams_what_comes_after_its_first_look() {
        let rows = sample::sessions();
        let answer = |rows: &[convosync_wire::SessionRow]| {
            let reply = Reply::Sessions(rows.to_vec().into());
            serde_json::to_string(&convosync_wire::Answer::Reply(Box::new(reply))).unwrap()
        };
        let script = Script::new();
        std::fs::write(script.file("before"), answer(&rows[1..])).unwrap();
        std::fs::write(script.file("after"), answer(&rows)).unwrap();
        let script = script.runs(
            "list",
            r#"if test -e "$folder/seen"; then cat "$folder/after"; else touch "$folder/seen"; cat "$folder/before"; fi; echo"#,
        );
        let line = format!(
            "$env.config.plugins.convosync = {{helper: {:?}, watch_interval: 10ms}}; \
             convosync list --watch --branch main",
            script.program().display().to_string()
        );
        let PipelineData::ListStream(stream, _) = script.engine().eval(&line).unwrap() else {
            panic!("it does not stream");
        };
        let first = stream.into_iter().next().unwrap();
        let message = first.get_data_by_key("message").unwrap();
        assert_eq!(message.as_str().unwrap(), rows[0].message);
        let asked = |verb: &Verb| matches!(verb, Verb::List(args) if args.news && args.all && args.branch.is_some());
        assert!(script.verbs().iter().all(asked), "{:?}", script.verbs());
    }

    #[test]
    fn a_watch_can_not_be_limited() {
        for other in ["--all", "--limit 3", "--since 3day", "--offline", "--deleted"] {
            let error = script().error(&format!("convosync list --watch {other}"));
            assert!(error.msg.starts_with("--watch and "), "{}", error.msg);
        }
    }

    #[test]
    fn a_limit_of_nothing_is_refused_where_it_stands() {
        let error = script().error("convosync list --limit 0");
        assert_eq!(error.msg, "a limit is at least 1");
        assert_eq!(script().marked("convosync list --limit -2"), "--limit -2");
    }
}
