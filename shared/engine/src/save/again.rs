//! `save --retry`: the save that was begun here once more, as it was asked for.
//!
//! What a save was asked is kept, sealed, on this device: one option a line, `name` or
//! `name value`. A line that is not known is passed over, so a later version may add some. The
//! variables of `--env` are not kept: who retries with them asks for them again.

use std::borrow::Cow;
use std::path::Path;

use convosync_wire::{OnLarge, OnSecrets, Request, SaveArgs, SaveMode};

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Table};
use crate::trouble::Trouble;

const MESSAGE: &str = "intent";
const OPTIONS: &str = "intent-options";

impl Engine<'_> {
    /// With `--retry`, what the save is asked now over what the one before was asked.
    ///
    /// # Errors
    ///
    /// If git or the index fails.
    pub(super) fn as_asked<'a>(
        &self,
        member: Option<&Member>,
        request: &Request,
        args: &'a SaveArgs,
    ) -> Result<Cow<'a, SaveArgs>, Trouble> {
        let (true, Some(member)) = (args.retry, member) else { return Ok(Cow::Borrowed(args)) };
        let root = self.facts(Path::new(&request.directory))?.repository.root;
        let bytes = root.as_os_str().as_encoded_bytes();
        let begun = self.remembered(member, Table::Intents, MESSAGE, bytes)?;
        let message = match begun {
            Some(message) => Some(message),
            // The save itself went through, and only its push or its upload did not.
            None => self.last_message(member, &root)?,
        };
        let options = self.remembered(member, Table::Intents, OPTIONS, bytes)?.unwrap_or_default();
        let mut asked = repeated(args, &options);
        if asked.message.as_deref().is_none_or(|given| given.trim().is_empty()) {
            asked.message = message;
        }
        Ok(Cow::Owned(asked))
    }

    /// The message of a work tree's newest save.
    pub(super) fn last_message(
        &self,
        member: &Member,
        root: &Path,
    ) -> Result<Option<String>, Trouble> {
        let Some(binding) = self.binding(member, root)? else { return Ok(None) };
        let card = self.known_card(member, &binding.session, &binding.tip)?;
        Ok(card.map(|card| card.message))
    }

    /// Records what is being saved, for `--retry` after whatever happens.
    pub(super) fn begin(
        &self,
        member: &Member,
        root: &Path,
        message: &str,
        args: &SaveArgs,
    ) -> Result<(), Trouble> {
        let root = root.as_os_str().as_encoded_bytes();
        let message = self.remember(member, Table::Intents, MESSAGE, root, message);
        let options = self.remember(member, Table::Intents, OPTIONS, root, &lines(args));
        Ok(self.ports.index.apply(&[message, options])?)
    }

    /// Records that the save is safe here: its branch, session and title have it now.
    pub(super) fn end(&self, member: &Member, root: &Path, args: &SaveArgs) -> Result<(), Trouble> {
        let root = root.as_os_str().as_encoded_bytes();
        let key = convosync_core::local_digest(&member.profile.account, MESSAGE, root);
        let done = IndexChange::Remove(Table::Intents, key);
        let options = lines(&SaveArgs {
            no_push: args.no_push,
            no_notify: args.no_notify,
            no_code: args.no_code,
            no_conversation: args.no_conversation,
            no_terminal: args.no_terminal,
            scrollback: args.scrollback,
            redact: args.redact,
            mode: args.mode,
            ..SaveArgs::default()
        });
        let options = self.remember(member, Table::Intents, OPTIONS, root, &options);
        Ok(self.ports.index.apply(&[done, options])?)
    }
}

/// What a save was asked, but for its message.
fn lines(args: &SaveArgs) -> String {
    let flags = [
        ("no-push", args.no_push),
        ("no-notify", args.no_notify),
        ("new", args.new),
        ("accept-shrink", args.accept_shrink),
        ("force", args.force),
        ("no-code", args.no_code),
        ("no-conversation", args.no_conversation),
        ("no-terminal", args.no_terminal),
        ("scrollback", args.scrollback),
        ("redact", args.redact),
    ];
    let from_message = args.from_message.map(|number| number.to_string());
    let values = [
        ("branch", args.branch.as_deref()),
        ("session", args.session.as_deref()),
        ("conversation", args.conversation.as_deref()),
        ("title", args.title.as_deref()),
        ("mode", args.mode.map(SaveMode::as_str)),
        ("on-large", args.on_large.map(OnLarge::as_str)),
        ("on-secrets", args.on_secrets.map(OnSecrets::as_str)),
        ("from-message", from_message.as_deref()),
    ];
    let flags = flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| name.to_owned());
    // None that was accepted has a second line.
    let values = values.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let values = values.filter(|(_, value)| !value.contains('\n'));
    let values = values.map(|(name, value)| format!("{name} {value}"));
    flags.chain(values).collect::<Vec<_>>().join("\n")
}

/// What is asked now over what was asked then: what contradicts it does not count.
fn repeated(now: &SaveArgs, then: &str) -> SaveArgs {
    let mut args = now.clone();
    for line in then.lines() {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let text = |given: &Option<String>| given.clone().or_else(|| Some(value.to_owned()));
        match name {
            "no-push" => args.no_push = true,
            "no-notify" => args.no_notify = true,
            "accept-shrink" => args.accept_shrink = true,
            "force" => args.force = true,
            "new" => args.new |= now.session.is_none(),
            "no-code" => args.no_code |= now.branch.is_none(),
            "no-conversation" => args.no_conversation = true,
            "scrollback" => args.scrollback |= !now.no_terminal,
            "redact" => args.redact |= !now.no_terminal,
            "no-terminal" => args.no_terminal |= now.env.is_none(),
            "branch" if !now.no_code => args.branch = text(&args.branch),
            "session" if !now.new => args.session = text(&args.session),
            "conversation" => args.conversation = text(&args.conversation),
            "title" => args.title = text(&args.title),
            "mode" => args.mode = args.mode.or(value.parse().ok()),
            "on-large" => args.on_large = args.on_large.or(value.parse().ok()),
            "on-secrets" => args.on_secrets = args.on_secrets.or(value.parse().ok()),
            "from-message" => args.from_message = args.from_message.or(value.parse().ok()),
            _ => {}
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> SaveArgs {
        SaveArgs {
            no_push: true,
            no_notify: true,
            new: true,
            accept_shrink: true,
            force: true,
            no_conversation: true,
            no_terminal: true,
            branch: Some("feature/oauth".to_owned()),
            conversation: Some("1111".to_owned()),
            title: Some("two words".to_owned()),
            mode: Some(SaveMode::Commit),
            on_large: Some(OnLarge::Archive),
            from_message: Some(12),
            on_secrets: Some(OnSecrets::Push),
            ..SaveArgs::default()
        }
    }

    #[test]
    fn what_was_asked_is_asked_again() {
        assert_eq!(repeated(&SaveArgs::default(), &lines(&all())), all());
        let other = SaveArgs {
            session: Some("session-k3vq7m2a".to_owned()),
            title: Some(String::new()),
            no_code: true,
            ..SaveArgs::default()
        };
        assert_eq!(repeated(&SaveArgs::default(), &lines(&other)), other);
        assert_eq!(repeated(&SaveArgs::default(), ""), SaveArgs::default());
    }

    #[test]
    fn what_is_asked_now_counts_for_more() {
        let now = SaveArgs {
            session: Some("session-k3vq7m2a".to_owned()),
            title: Some("another".to_owned()),
            no_code: true,
            mode: Some(SaveMode::Stash),
            ..SaveArgs::default()
        };
        let asked = repeated(&now, &lines(&all()));
        assert_eq!((asked.new, asked.branch, asked.session), (false, None, now.session));
        assert_eq!((asked.title, asked.mode), (now.title, now.mode));
    }

    #[test]
    fn an_option_of_a_later_version_is_passed_over() {
        let asked = repeated(&SaveArgs::default(), "no-push\nsing loud\nmode shout\n\nbranch b");
        let want = SaveArgs { no_push: true, branch: Some("b".to_owned()), ..SaveArgs::default() };
        assert_eq!(asked, want);
    }
}
