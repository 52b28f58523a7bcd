//! The form of `save --interactive`, without its looks: what it says, and the options it comes to.

use crate::report::SavePlan;
use crate::request::SaveArgs;
use crate::terminal::CallerEnv;

/// A line of the form that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormPart {
    /// The commit and its push.
    Code,
    /// The conversation.
    Conversation,
    /// Where the user is, and what was run there.
    Terminal,
    /// Chosen variables; part of the terminal.
    Environment,
}

impl FormPart {
    /// Every part, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Code, Self::Conversation, Self::Terminal, Self::Environment];
}

/// What a person has filled in so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveForm {
    /// What was done.
    pub message: String,
    /// The branch to commit on.
    pub branch: String,
    on: [bool; 4],
    args: SaveArgs,
    plan: SavePlan,
}

impl SaveForm {
    /// The form with what the options say already, and what a save would take in.
    #[must_use]
    pub fn new(args: SaveArgs, plan: SavePlan) -> Self {
        let on = [
            !args.no_code,
            !args.no_conversation && plan.conversation.is_some(),
            !args.no_terminal,
            args.env.is_some(),
        ];
        Self {
            message: args.message.clone().unwrap_or_default(),
            branch: plan.branch.clone().unwrap_or_default(),
            on,
            args,
            plan,
        }
    }

    /// Whether a part is to be saved.
    #[must_use]
    pub fn is_on(&self, part: FormPart) -> bool {
        self.on[part as usize]
    }

    /// Turns a part on or off.
    ///
    /// # Errors
    ///
    /// Why it can't be, for people.
    pub fn toggle(&mut self, part: FormPart) -> Result<(), &'static str> {
        if part == FormPart::Conversation && self.plan.conversation.is_none() {
            return Err("There is no conversation here.");
        }
        let on = !self.is_on(part);
        self.on[part as usize] = on;
        match part {
            FormPart::Terminal if !on => self.on[FormPart::Environment as usize] = false,
            FormPart::Environment if on => self.on[FormPart::Terminal as usize] = true,
            _ => {}
        }
        Ok(())
    }

    /// Whether it can be saved as it is.
    ///
    /// # Errors
    ///
    /// What is missing, for people.
    pub fn ready(&self) -> Result<(), &'static str> {
        if self.message.trim().is_empty() {
            return Err("Say what was done.");
        }
        if self.on.iter().all(|on| !on) {
            return Err("Choose something to save.");
        }
        Ok(())
    }

    /// What a part is called.
    #[must_use]
    pub fn label(&self, part: FormPart) -> &'static str {
        match part {
            FormPart::Code if self.args.no_push => "Code changes (commit)",
            FormPart::Code => "Code changes (commit + push)",
            FormPart::Conversation => "Conversation history",
            FormPart::Terminal => "Terminal session state",
            FormPart::Environment => "Environment variables",
        }
    }

    /// What has changed.
    #[must_use]
    pub fn changes(&self) -> String {
        match (self.plan.modified_files, self.plan.new_files) {
            (0, 0) => "none".to_owned(),
            (modified, new) => format!("{} modified, {new} new", counted(modified, "file")),
        }
    }

    /// How much was said.
    #[must_use]
    pub fn conversation(&self) -> String {
        match &self.plan.conversation {
            None => "none found here".to_owned(),
            Some(talk) => {
                let large = if talk.large { " (large)" } else { "" };
                format!("{}{large}", counted(talk.message_count, "message"))
            }
        }
    }

    /// The options that say the same.
    #[must_use]
    pub fn into_args(self) -> SaveArgs {
        let [code, conversation, terminal, environment] = self.on;
        let branch = self.branch.trim();
        let same = branch.is_empty() || self.plan.branch.as_deref() == Some(branch);
        let branch = if same { self.args.branch.clone() } else { Some(branch.to_owned()) };
        SaveArgs {
            message: Some(self.message.trim().to_owned()),
            branch: branch.filter(|_| code),
            no_code: !code,
            no_conversation: !conversation && self.plan.conversation.is_some(),
            no_terminal: !terminal,
            env: if environment { self.args.env.or(Some(CallerEnv::default())) } else { None },
            interactive: true,
            ..self.args
        }
    }
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(conversation: bool) -> SaveForm {
        let talk = crate::report::PlannedConversation {
            assistant: "claude-code".to_owned(),
            conversation_id: "c".to_owned(),
            title: None,
            message_count: 1,
            size: 0,
            resume_tokens: None,
            large: true,
        };
        let plan = SavePlan {
            branch: Some("main".to_owned()),
            modified_files: 1,
            new_files: 0,
            conversation: conversation.then_some(talk),
            directory: "/w".to_owned(),
        };
        SaveForm::new(SaveArgs { message: Some("x".to_owned()), ..SaveArgs::default() }, plan)
    }

    #[test]
    fn an_untouched_form_is_the_same_save() {
        for conversation in [true, false] {
            let want = SaveArgs {
                message: Some("x".to_owned()),
                interactive: true,
                ..SaveArgs::default()
            };
            assert_eq!(form(conversation).into_args(), want);
        }
        assert_eq!(form(true).changes(), "1 file modified, 0 new");
        assert_eq!(form(true).conversation(), "1 message (large)");
    }

    #[test]
    fn variables_travel_with_the_terminal_alone() {
        let mut form = form(true);
        form.toggle(FormPart::Terminal).expect("off");
        form.toggle(FormPart::Environment).expect("on");
        assert!(form.is_on(FormPart::Terminal));
        form.toggle(FormPart::Terminal).expect("off");
        let args = form.into_args();
        assert_eq!((args.no_terminal, args.env), (true, None));
    }

    #[test]
    fn without_code_there_is_no_branch_and_without_anything_no_save() {
        let mut form = form(false);
        assert!(form.toggle(FormPart::Conversation).is_err());
        form.branch = "fix".to_owned();
        assert_eq!(form.clone().into_args().branch.as_deref(), Some("fix"));
        form.toggle(FormPart::Code).expect("off");
        assert_eq!(form.clone().into_args().branch, None);
        form.toggle(FormPart::Terminal).expect("off");
        assert_eq!(form.ready(), Err("Choose something to save."));
        form.message = " ".to_owned();
        assert_eq!(form.ready(), Err("Say what was done."));
    }
}
