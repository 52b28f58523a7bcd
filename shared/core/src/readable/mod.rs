//! Conversations to be read by people: Markdown, or one HTML page.
//!
//! All that is in a conversation is foreign: what a tool printed, a web page that was read, a file
//! of somebody else's. None of it may act on the reader's browser, terminal or network, or pass
//! itself off as another speaker.

mod harmless;
mod html;
mod markdown;
mod text;

use std::io::{self, Read, Write};

use crate::lines::{Lines, Piece};
use crate::rules::{Rules, Said, SaidPart, Who};
use html::Html;
use markdown::Markdown;

/// Longer lines are only named: they hold pictures or files, and reading one takes many times its
/// size.
const LONGEST: usize = 4 << 20;

/// Letters of a tool's call or result that are shown.
const SHOWN: usize = 20_000;

/// How a conversation is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readable {
    /// Markdown, with folded tool calls where the viewer knows `<details>`.
    Markdown,
    /// One HTML page that asks for nothing else.
    Html,
}

/// Writes a transcript, in its local form, for people. `title` and `facts` (name, value) stand
/// above it.
///
/// # Errors
///
/// If `reader` or `writer` fails.
pub fn write_readable(
    how: Readable,
    rules: &dyn Rules,
    (title, facts): (&str, &[(&str, String)]),
    reader: &mut dyn Read,
    writer: &mut dyn Write,
) -> io::Result<()> {
    let mut page: Box<dyn Page> = match how {
        Readable::Markdown => Box::new(Markdown { out: writer }),
        Readable::Html => Box::new(Html { out: writer, open: false }),
    };
    page.start(title, facts)?;
    let mut lines = Lines::new(reader);
    let mut speaker = None;
    while let Some(piece) = lines.next()? {
        let said = match piece {
            Piece::Line { line, .. } if line.len() <= LONGEST => rules.said(line),
            Piece::Line { .. } | Piece::Part { last: true, .. } => Some(too_long()),
            Piece::Part { last: false, .. } => None,
        };
        if let Some(said) = said {
            write_said(page.as_mut(), &mut speaker, said)?;
        }
    }
    page.end()
}

/// Something that pages of each kind do in their own way.
trait Page {
    fn start(&mut self, title: &str, facts: &[(&str, String)]) -> io::Result<()>;
    /// The heading of what somebody says.
    fn speaker(&mut self, who: &str, time: Option<&str>) -> io::Result<()>;
    fn text(&mut self, text: &str) -> io::Result<()>;
    /// Something that is not read unless it is wanted.
    fn folded(&mut self, summary: &str, text: &str) -> io::Result<()>;
    /// Something that can't be shown, named.
    fn named(&mut self, what: &str) -> io::Result<()>;
    fn end(&mut self) -> io::Result<()>;
}

/// Whose heading stands above what is written next: a message may come in several lines, and
/// what a tool gave back belongs to whoever called it.
type Speaker = Option<(Who, Option<String>)>;

fn write_said(page: &mut dyn Page, speaker: &mut Speaker, said: Said) -> io::Result<()> {
    let goes_on = speaker.as_ref().is_some_and(|(who, id)| match said.who {
        Who::Tool => true,
        now => *who == now && said.id.is_some() && *id == said.id,
    });
    if !goes_on {
        let name = match said.who {
            Who::User => "User",
            Who::Assistant => "Assistant",
            Who::System | Who::Tool => "System",
        };
        page.speaker(name, said.time.as_deref().and_then(text::time).as_deref())?;
        *speaker = Some((said.who, said.id));
    }
    for part in said.parts {
        match part {
            SaidPart::Text(text) => page.text(&text)?,
            SaidPart::Thinking(text) => page.folded("Thinking", &text)?,
            SaidPart::Call { name, input } => page.folded(&format!("Tool: {name}"), &input)?,
            SaidPart::Result { text, failed: false } => page.folded("Result", &text)?,
            SaidPart::Result { text, failed: true } => page.folded("Result (an error)", &text)?,
            SaidPart::Other(what) => page.named(&what)?,
        }
    }
    Ok(())
}

fn too_long() -> Said {
    let parts = vec![SaidPart::Other("something too long to be shown".to_owned())];
    Said { who: Who::System, id: None, time: None, parts }
}

/// The beginning of a long text, and how many letters are left out.
fn shortened(text: &str) -> (&str, usize) {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => (&text[..at], text[at..].chars().count()),
        None => (text, 0),
    }
}

#[cfg(test)]
mod tests;
