//! `convosync show`

use convosync_wire::{MessageRange, Reply, ShowArgs, Verb};
use nu_plugin::{EngineInterface, EvaluatedCall, SimplePluginCommand};
use nu_protocol::engine::ArgType;
use nu_protocol::{Example, Flag, LabeledError, Signature, Span, SyntaxShape, Type, Value};

use crate::ConvoSyncPlugin;
use crate::argument::{Named, path, session, text_flag};
use crate::complete::{Offer, offers};
use crate::failure::wrong;
use crate::front::{Front, tell};
use crate::value::{Shape, sample};

/// A session to be read.
pub(crate) struct Show;

impl SimplePluginCommand for Show {
    type Plugin = ConvoSyncPlugin;

    fn name(&self) -> &str {
        "convosync show"
    }

    fn description(&self) -> &str {
        "Read a session: its conversation, and the code that each message was written on."
    }

    fn extra_description(&self) -> &str {
        "Changes nothing, here or anywhere. `messages` has the newest 500 messages unless --messages \
         takes others; `number` is empty for what the assistant's client says in between. A commit \
         that is `exact` is that of the save which first held the message; another one is where HEAD \
         was at its time, by the clone's own record. `here` says whether the code of this directory \
         is in-step, ahead, or out-of-step. Without a session it is this repository's newest.\n\n\
         --worktree makes a work tree of the clone here (`git worktree`) that is on no branch, and \
         says where; your own files, index and branches stay as they are. `git worktree remove` \
         takes it away."
    }

    fn search_terms(&self) -> Vec<&str> {
        vec!["read", "conversation", "messages", "timeline", "read-only"]
    }

    fn signature(&self) -> Signature {
        super::signature(self.name())
            .optional(
                "session",
                SyntaxShape::String,
                "session id or a unique prefix (or pipe a row of `list` or `log` in)",
            )
            .param(text_flag("at", "this save of the session, not its newest"))
            .param(messages_flag())
            .named("worktree", SyntaxShape::Filepath, WORKTREE, None)
            .input_output_types(super::piped_sessions(&Type::record()))
    }

    fn examples(&self) -> Vec<Example<'_>> {
        let result = Some(Shape::at(Span::test_data()).shown(&sample::shown()));
        [
            ("convosync show session-k3vq7m2a", "A session, to be read", result),
            (
                "convosync show session-k3vq --messages 10..20 | get messages | select role text",
                "Some of its messages",
                None,
            ),
            (
                "convosync list | first | convosync show | get messages | where role == user",
                "What was asked in the newest session",
                None,
            ),
            ("convosync show session-k3vq | get timeline", "On which code it was written", None),
            (
                "cd (convosync show session-k3vq --worktree ../review).worktree",
                "Its code, beside yours",
                None,
            ),
        ]
        .map(|(example, description, result)| Example { example, description, result })
        .into()
    }

    fn run(
        &self,
        _plugin: &ConvoSyncPlugin,
        engine: &EngineInterface,
        call: &EvaluatedCall,
        input: &Value,
    ) -> Result<Value, LabeledError> {
        let named = session(call, input)?;
        let front = Front::new(engine, call, &["session"])?.piped_from(input.span());
        shown(&front, args(call, &front, named)?)
    }

    offers! {
        ArgType::Positional(0) => Offer::Sessions,
    }
}

/// `--worktree`.
pub(super) const WORKTREE: &str = "lay its code out in this new folder, beside your work tree";

/// `--messages`.
pub(super) fn messages_flag() -> Flag {
    Flag::new("messages")
        .arg(SyntaxShape::OneOf(vec![SyntaxShape::Range, SyntaxShape::Int, SyntaxShape::String]))
        .desc("these messages, e.g. 10..20, 10.. or ..20")
}

/// What is shown of which save.
pub(super) fn args(
    call: &EvaluatedCall,
    front: &Front<'_>,
    named: Option<Named>,
) -> Result<ShowArgs, LabeledError> {
    let caller = front.caller();
    let (session, logged) = named.map_or((None, None), |named| (Some(named.session), named.save));
    let messages = call.get_flag::<Value>("messages")?.map(|value| range(&value)).transpose()?;
    let at = call.get_flag("at")?.or(logged);
    let worktree = path(call, "worktree", caller.directory(), caller.home())?;
    Ok(ShowArgs { session, at, messages: messages.unwrap_or_default(), worktree })
}

fn range(value: &Value) -> Result<MessageRange, LabeledError> {
    let text = match value {
        Value::Range { val, .. } => val.to_string(),
        Value::Int { val, .. } => val.to_string(),
        other => other.coerce_string()?,
    };
    // Nushell reads `..20` as a range from 0, and `20..10` as `20..19..10`.
    let text = text.strip_prefix("0..").map(|rest| format!("..{rest}")).unwrap_or(text);
    let parts: Vec<&str> = text.split("..").collect();
    let text = match parts[..] {
        [first, next, last] if is_next_below(first, next) => format!("{first}..{last}"),
        _ => text,
    };
    text.parse().map_err(|message: String| {
        wrong(message, "messages are counted from 1, and both ends belong to it", value.span())
    })
}

fn is_next_below(first: &str, next: &str) -> bool {
    let number = |text: &str| text.parse::<u64>().ok();
    number(next).is_some_and(|next| number(first) == next.checked_add(1))
}

/// Shows a save.
pub(super) fn shown(front: &Front<'_>, args: ShowArgs) -> Result<Value, LabeledError> {
    match front.reply(Verb::Show(args))? {
        Reply::Shown(report) => {
            tell(&report.notes);
            Ok(Shape::at(front.head()).shown(&report))
        }
        _ => Err(front.unexpected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Script;

    fn script() -> Script {
        Script::new().answers("show", &Reply::Shown(Box::new(sample::shown())))
    }

    fn asked(script: &Script) -> Vec<ShowArgs> {
        let args = |verb| match verb {
            Verb::Show(args) => args,
            other => panic!("{other:?}"),
        };
        script.verbs().into_iter().map(args).collect()
    }

    #[test]
    fn examples_hold() {
        script().examples(&Show);
    }

    #[test]
    fn a_session_is_named_or_piped_and_messages_are_a_range() {
        let script = script();
        script.eval("convosync show").unwrap();
        script.eval("convosync show session-a --messages 10..20").unwrap();
        script.eval("{session_id: session-a, save: '3'} | convosync show --messages 10..").unwrap();
        script.eval("[session-a] | convosync show --messages ..20").unwrap();
        script.eval("convosync show session-a --at 3 --messages 15").unwrap();
        let range = |first, last| MessageRange { first, last };
        let args = |at: Option<&str>, messages| ShowArgs {
            session: Some("session-a".to_owned()),
            at: at.map(str::to_owned),
            messages,
            worktree: None,
        };
        let want = [
            ShowArgs::default(),
            args(None, range(Some(10), Some(20))),
            args(Some("3"), range(Some(10), None)),
            args(None, range(None, Some(20))),
            args(Some("3"), range(Some(15), Some(15))),
        ];
        assert_eq!(asked(&script), want);
    }

    #[test]
    fn its_code_goes_where_the_user_says() {
        let script = script();
        script.eval("convosync show session-a --worktree /review").unwrap();
        assert_eq!(asked(&script)[0].worktree.as_deref(), Some("/review"));
    }

    #[test]
    fn a_range_that_is_none_is_marked() {
        let wrong = "convosync show a --messages 20..10";
        assert_eq!(script().marked(wrong), "--messages 20..10");
        let error = script().eval(wrong).unwrap_err();
        assert!(format!("{error:?}").contains("`20..10` is no range"), "{error:?}");
    }
}
