//! Questions to the user, put through Nushell's own `input list`.
//!
//! Nushell owns the terminal: what it asks itself needs no change of the foreground process group,
//! and Ctrl-C does not end the plugin.

use std::io::{IsTerminal, Write};

use convosync_wire::{Choice, Decision, FormPart, SaveForm, SessionRow};
use nu_plugin::{EngineInterface, EvaluatedCall};
use nu_protocol::{DeclId, IntoSpanned, LabeledError, PipelineData, Span, Value, record};

use crate::terminal;
use crate::value::Shape;
use convosync_wire::harmless;

/// A terminal with somebody at it.
pub(crate) struct Dialog<'a> {
    engine: &'a EngineInterface,
    list: DeclId,
    head: Span,
}

impl<'a> Dialog<'a> {
    /// A way to ask, where there is one: a terminal on both sides and Nushell's list.
    pub(crate) fn open(engine: &'a EngineInterface, head: Span) -> Option<Self> {
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let list = engine.find_decl("input list").ok().flatten()?;
        terminal.then_some(Self { engine, list, head })
    }

    /// Lets the user decide. None: called off.
    pub(crate) fn decide<'d>(
        &self,
        decision: &'d Decision,
    ) -> Result<Option<&'d Choice>, LabeledError> {
        let columns = terminal::columns();
        let _ = write!(std::io::stderr(), "{}", heading(decision, columns));
        let choices = recommended_first(&decision.choices);
        let rows = match fits(&choices, columns) {
            true => choices.iter().map(|choice| choice_row(choice, self.head)).collect(),
            // The list would show one of the two columns.
            false => {
                let _ = write!(std::io::stderr(), "{}", explained(&choices, columns));
                let label = |choice: &&Choice| Shape::at(self.head).line(&choice.label);
                choices.iter().map(label).collect()
            }
        };
        let index = self.pick("What now?", rows, false)?;
        Ok(index.and_then(|index| choices.get(index).copied()))
    }

    /// Lets the user pick a session. None: called off.
    pub(crate) fn session<'s>(
        &self,
        sessions: &'s [SessionRow],
    ) -> Result<Option<&'s SessionRow>, LabeledError> {
        let columns = terminal::columns();
        let room = (room_for_messages(sessions, columns), columns);
        let rows = sessions.iter().map(|row| session_row(row, room, self.head)).collect();
        let index = self.pick("Resume which session?", rows, true)?;
        Ok(index.and_then(|index| sessions.get(index)))
    }

    /// Lets the user fill in what is saved. None: called off.
    pub(crate) fn save(&self, mut form: SaveForm) -> Result<Option<SaveForm>, LabeledError> {
        let _ = write!(std::io::stderr(), "{}", form_heading(&form));
        if form.message.trim().is_empty() {
            self.edit("Commit message: ", &mut form.message)?;
        }
        loop {
            let lines = form_lines(&form);
            let rows = lines.iter().map(|(_, text)| Value::string(harmless::line(text), self.head));
            let picked = self.pick("What to save?", rows.collect(), false)?;
            match picked.and_then(|index| lines.get(index)).map(|(line, _)| line) {
                None | Some(FormLine::Cancel) => return Ok(None),
                Some(FormLine::Save) => match form.ready() {
                    Ok(()) => return Ok(Some(form)),
                    Err(wrong) => say(wrong),
                },
                Some(FormLine::Message) => self.edit("Commit message: ", &mut form.message)?,
                Some(FormLine::Branch) => self.edit("Branch: ", &mut form.branch)?,
                Some(FormLine::Part(part)) => {
                    if let Err(wrong) = form.toggle(*part) {
                        say(wrong);
                    }
                }
            }
        }
    }

    /// Asks for a text; what was there stays if nothing is typed.
    fn edit(&self, prompt: &str, text: &mut String) -> Result<(), LabeledError> {
        if let Some(typed) = line(self.engine, self.head, prompt)? {
            *text = typed;
        }
        Ok(())
    }

    fn pick(
        &self,
        prompt: &str,
        rows: Vec<Value>,
        fuzzy: bool,
    ) -> Result<Option<usize>, LabeledError> {
        let mut call = EvaluatedCall::new(self.head)
            .with_positional(Value::string(prompt, self.head))
            .with_flag("index".into_spanned(self.head));
        if fuzzy {
            call = call.with_flag("fuzzy".into_spanned(self.head));
        }
        let input = PipelineData::value(Value::list(rows, self.head), None);
        let picked = self.engine.call_decl(self.list, call, input, true, false)?;
        let picked = picked.into_value(self.head)?.as_int().ok();
        Ok(picked.and_then(|index| usize::try_from(index).ok()))
    }
}

/// Reads a line that is not shown while it is typed. None: nobody is there to type it.
pub(crate) fn hidden_line(
    engine: &EngineInterface,
    head: Span,
    prompt: &str,
) -> Result<Option<String>, LabeledError> {
    typed(engine, head, prompt, true)
}

/// Reads a line. None: nobody is there to type it, or nothing was typed.
pub(crate) fn line(
    engine: &EngineInterface,
    head: Span,
    prompt: &str,
) -> Result<Option<String>, LabeledError> {
    let typed = typed(engine, head, prompt, false)?.map(|line| line.trim().to_owned());
    Ok(typed.filter(|line| !line.is_empty()))
}

fn typed(
    engine: &EngineInterface,
    head: Span,
    prompt: &str,
    hidden: bool,
) -> Result<Option<String>, LabeledError> {
    let Some(input) = engine.find_decl("input")?.filter(|_| std::io::stdin().is_terminal()) else {
        return Ok(None);
    };
    let mut call = EvaluatedCall::new(head).with_positional(Value::string(prompt, head));
    if hidden {
        call = call.with_flag("suppress-output".into_spanned(head));
    }
    let typed = engine.call_decl(input, call, PipelineData::empty(), true, false)?;
    Ok(typed.into_value(head)?.into_string().ok())
}

/// A line of the form of a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FormLine {
    Save,
    Message,
    Branch,
    Part(FormPart),
    Cancel,
}

fn form_heading(form: &SaveForm) -> String {
    format!(
        "ConvoSync Save Session\n  Changes: {}\n  Conversation: {}\n",
        form.changes(),
        form.conversation()
    )
}

/// What can be picked, the usual first.
fn form_lines(form: &SaveForm) -> Vec<(FormLine, String)> {
    let mut lines = vec![
        (FormLine::Save, "Save & Sync".to_owned()),
        (FormLine::Message, format!("Commit message: {}", form.message)),
    ];
    if form.is_on(FormPart::Code) {
        lines.push((FormLine::Branch, format!("Branch: {}", form.branch)));
    }
    lines.extend(FormPart::ALL.map(|part| {
        let mark = if form.is_on(part) { "[x]" } else { "[ ]" };
        (FormLine::Part(part), format!("{mark} {}", form.label(part)))
    }));
    lines.push((FormLine::Cancel, "Cancel".to_owned()));
    lines
}

/// Where a person is filling in a form.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn heading(decision: &Decision, columns: usize) -> String {
    let mut text = terminal::folded(&decision.title, 0, columns);
    for line in &decision.details {
        text += &terminal::folded(line, 2, columns);
    }
    text
}

fn recommended_first(choices: &[Choice]) -> Vec<&Choice> {
    let mut choices: Vec<&Choice> = choices.iter().collect();
    choices.sort_by_key(|choice| !choice.recommended);
    choices
}

fn choice_row(choice: &Choice, head: Span) -> Value {
    let shape = Shape::at(head);
    Value::record(
        record! { "choice" => shape.line(&choice.label), "what it does" => shape.line(&choice.help) },
        head,
    )
}

/// Whether every choice has room beside what it does.
fn fits(choices: &[&Choice], columns: usize) -> bool {
    let widest = |text: fn(&Choice) -> &String| {
        choices.iter().map(|choice| terminal::width(&harmless::line(text(choice)))).max()
    };
    let texts = widest(|choice| &choice.label).zip(widest(|choice| &choice.help));
    // The list's marker, its separator, and its sign that there is more.
    texts.is_none_or(|(label, help)| label + help + 2 + 3 + 4 <= columns)
}

/// The choices with what they do, below each other.
fn explained(choices: &[&Choice], columns: usize) -> String {
    let line = |choice: &&Choice| {
        let help = terminal::folded(&choice.help, 4, columns);
        format!("  {}:\n{help}", harmless::line(&choice.label))
    };
    choices.iter().map(line).collect()
}

/// A message is cut here at the latest.
const LEAST_MESSAGE: usize = 20;

/// What the list needs beside the texts: its marker, three separators, the longest date (as in
/// `59 minutes ago`), and room for the sign that there is more to the right.
const FRAME: usize = 2 + 3 * 3 + 14 + 4;

/// From so many columns on, commit and number of messages are shown too.
const WIDE: usize = 110;

/// What those two take: their separators, 7 digits, and the longer heading.
const MORE: usize = 2 * 3 + 7 + 8;

/// A column that does not fit is not shown at all, so the message gets what the others leave.
fn room_for_messages(sessions: &[SessionRow], columns: usize) -> usize {
    let widest = |text: fn(&SessionRow) -> &str, title: &str| {
        sessions.iter().map(text).map(terminal::width).max().unwrap_or(0).max(title.len())
    };
    let branch = widest(|row| row.branch.as_deref().unwrap_or_default(), "branch");
    let more = if columns >= WIDE { MORE } else { 0 };
    let others = FRAME + widest(|row| &row.device, "device") + branch + more;
    columns.saturating_sub(others).max(LEAST_MESSAGE)
}

fn session_row(row: &SessionRow, (room, columns): (usize, usize), head: Span) -> Value {
    let shape = Shape::at(head);
    let mut record = record! {
        "saved" => shape.date(row.timestamp),
        "device" => shape.line(&row.device),
        "branch" => shape.line(row.branch.as_deref().unwrap_or_default()),
        "message" => shape.line(&terminal::shortened(&row.message, room)),
    };
    if columns >= WIDE {
        let commit: String = row.commit.iter().flat_map(|oid| oid.chars().take(7)).collect();
        record.push("commit", shape.line(&commit));
        record.push("messages", shape.line(&row.message_count.to_string()));
    }
    Value::record(record, head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use convosync_wire::{Question, SaveArgs, SavePlan};

    #[test]
    fn a_form_offers_to_save_first_and_no_branch_without_code() {
        let plan = SavePlan {
            branch: Some("main".to_owned()),
            modified_files: 3,
            new_files: 2,
            conversation: None,
            directory: "/w".to_owned(),
        };
        let mut form = SaveForm::new(SaveArgs::default(), plan);
        form.message = "Done\u{1b}[2J".to_owned();
        let texts = |form: &SaveForm| form_lines(form).into_iter().map(|(_, text)| text).collect();
        let all: Vec<String> = texts(&form);
        assert_eq!(all[..3], ["Save & Sync", "Commit message: Done\u{1b}[2J", "Branch: main"]);
        assert_eq!(
            all[3..],
            [
                "[x] Code changes (commit + push)",
                "[ ] Conversation history",
                "[x] Terminal session state",
                "[ ] Environment variables",
                "Cancel"
            ]
        );
        form.toggle(FormPart::Code).expect("off");
        let all: Vec<String> = texts(&form);
        assert!(!all.iter().any(|text| text.starts_with("Branch")), "{all:?}");
        let want = "ConvoSync Save Session\n  Changes: 3 files modified, 2 new\n  Conversation: none found here\n";
        assert_eq!(form_heading(&form), want);
    }

    fn choice(value: &str, recommended: bool) -> Choice {
        Choice {
            value: value.to_owned(),
            flag: format!("--on-dirty {value}"),
            label: value.to_owned(),
            help: String::new(),
            recommended,
        }
    }

    #[test]
    fn the_recommended_choice_is_offered_first_and_the_rest_keep_their_order() {
        let choices = [choice("commit", false), choice("cancel", false), choice("stash", true)];
        let order: Vec<_> = recommended_first(&choices).iter().map(|c| c.value.clone()).collect();
        assert_eq!(order, ["stash", "commit", "cancel"]);
    }

    #[test]
    fn what_a_choice_does_is_told_above_the_list_where_it_has_no_room_beside_it() {
        let help = "puts them aside in `git stash`\u{1b}[2J";
        let stash = Choice { help: help.to_owned(), ..choice("stash", true) };
        assert!(fits(&[&stash], 80) && !fits(&[&stash], 40));
        let told = explained(&[&stash, &choice("cancel", false)], 80);
        assert!(told.starts_with("  stash:\n    puts them aside in `git stash`"), "{told}");
        assert!(told.ends_with("  cancel:\n\n") && !told.contains('\u{1b}'), "{told}");
    }

    #[test]
    fn the_picker_shows_more_where_there_is_room() {
        let sessions = crate::value::sample::sessions();
        let shown = |columns| {
            let room = room_for_messages(&sessions, columns);
            let row = session_row(&sessions[0], (room, columns), Span::test_data());
            row.as_record().unwrap().columns().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(80), "saved device branch message");
        assert_eq!(shown(120), "saved device branch message commit messages");
        assert_eq!(room_for_messages(&sessions, 40), LEAST_MESSAGE);
    }

    #[test]
    fn a_heading_can_not_write_to_the_terminal() {
        let decision = Decision {
            question: Question::Dirty,
            title: "Uncommitted\x1b[2J Changes".to_owned(),
            details: vec!["a\n\x1b]0;x\x07b".to_owned()],
            choices: vec![],
        };
        assert_eq!(heading(&decision, 80), "Uncommitted[2J Changes\n  a ]0;xb\n");
    }
}
