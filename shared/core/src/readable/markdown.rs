//! A conversation as Markdown.
//!
//! Prose keeps its emphasis and lists. What could be more than that to a viewer is escaped: tags,
//! links and pictures (they would be fetched), headings (they would pass for a speaker's), fences.
//! Code is fenced anew with more backticks than it holds, so it can't end early.

use std::io::{self, Write};

use super::harmless::{harmless, harmless_line};
use super::text::{Block, blocks};
use super::{Page, shortened};

pub(super) struct Markdown<'a> {
    pub(super) out: &'a mut dyn Write,
}

impl Page for Markdown<'_> {
    fn start(&mut self, title: &str, facts: &[(&str, String)]) -> io::Result<()> {
        writeln!(self.out, "# {}\n", prose(&harmless_line(title)))?;
        for (name, value) in facts {
            writeln!(self.out, "- {name}: {}", prose(&harmless_line(value)))?;
        }
        Ok(())
    }

    fn speaker(&mut self, who: &str, time: Option<&str>) -> io::Result<()> {
        match time {
            Some(time) => writeln!(self.out, "\n## {who} · {time}"),
            None => writeln!(self.out, "\n## {who}"),
        }
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        let text = harmless(text);
        for block in blocks(&text) {
            match block {
                Block::Prose(text) => writeln!(self.out, "\n{}", prose(text))?,
                Block::Code { language, text } => self.code(language, text)?,
            }
        }
        Ok(())
    }

    fn folded(&mut self, summary: &str, text: &str) -> io::Result<()> {
        let summary = escaped(&harmless_line(summary));
        writeln!(self.out, "\n<details><summary>{summary}</summary>")?;
        let (text, more) = shortened(text);
        self.code("", &harmless(text))?;
        if more > 0 {
            writeln!(self.out, "\n… and {more} more letters")?;
        }
        writeln!(self.out, "\n</details>")
    }

    fn named(&mut self, what: &str) -> io::Result<()> {
        writeln!(self.out, "\n*({})*", prose(&harmless_line(what)))
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Markdown<'_> {
    fn code(&mut self, language: &str, text: &str) -> io::Result<()> {
        let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
        let text = text.trim_end_matches('\n');
        writeln!(self.out, "\n{fence}{language}\n{text}\n{fence}")
    }
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

/// Prose in which nothing is a tag, a link, a picture, a heading, a rule or a fence.
fn prose(text: &str) -> String {
    text.lines().map(prose_line).collect::<Vec<_>>().join("\n")
}

fn prose_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let inner = line.trim();
    let start = line.len() - line.trim_start().len();
    // Four spaces would make code of it, in which escapes show; the order of lists needs two.
    out.push_str(&line[..start.min(3)].replace('\t', " "));
    let rule = !inner.is_empty() && inner.chars().all(|c| "=-_* ".contains(c));
    if inner.starts_with('#') || rule {
        out.push('\\');
    }
    let fences = ["```", "~~~"].iter().any(|fence| inner.contains(fence));
    for c in line.trim_start().chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '[' | ']' => out.extend(['\\', c]),
            '`' | '~' if fences => out.extend(['\\', c]),
            // A heading inside a list or a quotation.
            '#' if out.ends_with([' ', '>']) && start < line.len() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// For a line of HTML; some viewers look for links even there.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('[', "&#91;").replace(']', "&#93;")
}
