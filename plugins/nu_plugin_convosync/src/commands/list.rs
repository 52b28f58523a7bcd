//! `convosync list`

use convosync_wire::{ListArgs, Reply, Since, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::{Example, LabeledError, Signature, Span, Spanned, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::{refuse_both, text_flag};
use crate::failure::wrong;
use crate::front::{Front, tell};
use crate::value::{Shape, sample, session_type};

/// The saved sessions.
pub(crate) struct List;

impl SimplePluginCommand for List {
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
        _input: &Value,
    ) -> Result<Value, LabeledError> {
        refuse_both(call, "here", "repo")?;
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
        };
        match front.reply(Verb::List(args))? {
            Reply::Sessions(listed) => {
                tell(&listed.notes);
                Ok(Shape::at(call.head).sessions(&listed.rows))
            }
            _ => Err(front.unexpected()),
        }
    }
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
    fn a_limit_of_nothing_is_refused_where_it_stands() {
        let error = script().error("convosync list --limit 0");
        assert_eq!(error.msg, "a limit is at least 1");
        assert_eq!(script().marked("convosync list --limit -2"), "--limit -2");
    }
}
