//! A conversation as one HTML page: no script, no picture, nothing that is fetched. The page's own
//! policy forbids all of that too, should an escape ever be forgotten.

use std::io::{self, Write};

use super::harmless::{harmless, harmless_line};
use super::text::{Block, blocks};
use super::{Page, shortened};

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
"#;

const STYLE: &str = "<style>
:root { --text: #1c1e21; --page: #fff; --quiet: #666; --box: #f4f5f7; --line: #d9dce1; --user: #0b57d0; --assistant: #146c2e }
@media (prefers-color-scheme: dark) {
:root { --text: #e3e5e8; --page: #17181b; --quiet: #9aa0a6; --box: #212327; --line: #3a3d42; --user: #8ab4f8; --assistant: #81c995 } }
body { color: var(--text); background: var(--page); font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } dl { color: var(--quiet); display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem } dd { margin: 0 }
section { border-top: 1px solid var(--line); padding: .5rem 0 } h2 { font-size: 1rem; margin: .3rem 0 } h2 time { color: var(--quiet); font-weight: normal }
.user h2 { color: var(--user) } .assistant h2 { color: var(--assistant) }
p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 } pre { background: var(--box); padding: .6rem; overflow-x: auto; border-radius: .4rem; font-size: .85rem }
details { margin: .4rem 0 } summary { color: var(--quiet); cursor: pointer; overflow-wrap: anywhere } .named { color: var(--quiet); font-style: italic }
</style>
";

pub(super) struct Html<'a> {
    pub(super) out: &'a mut dyn Write,
    /// Whether somebody speaks already.
    pub(super) open: bool,
}

impl Page for Html<'_> {
    fn start(&mut self, title: &str, facts: &[(&str, String)]) -> io::Result<()> {
        let title = escaped(&harmless_line(title));
        write!(
            self.out,
            "{HEAD}<title>{title}</title>\n{STYLE}</head><body>\n<h1>{title}</h1>\n<dl>\n"
        )?;
        for (name, value) in facts {
            let value = escaped(&harmless_line(value));
            writeln!(self.out, "<dt>{}</dt><dd>{value}</dd>", escaped(name))?;
        }
        writeln!(self.out, "</dl>")
    }

    fn speaker(&mut self, who: &str, time: Option<&str>) -> io::Result<()> {
        self.close()?;
        self.open = true;
        let class = who.to_ascii_lowercase();
        write!(self.out, "<section class=\"{}\"><h2>{}", escaped(&class), escaped(who))?;
        if let Some(time) = time {
            write!(self.out, " <time>{}</time>", escaped(time))?;
        }
        writeln!(self.out, "</h2>")
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        let text = harmless(text);
        for block in blocks(&text) {
            match block {
                Block::Prose(text) => writeln!(self.out, "<p>{}</p>", escaped(text))?,
                Block::Code { text, .. } => self.code(text)?,
            }
        }
        Ok(())
    }

    fn folded(&mut self, summary: &str, text: &str) -> io::Result<()> {
        let summary = escaped(&harmless_line(summary));
        writeln!(self.out, "<details><summary>{summary}</summary>")?;
        let (text, more) = shortened(text);
        self.code(&harmless(text))?;
        if more > 0 {
            writeln!(self.out, "<p class=\"named\">… and {more} more letters</p>")?;
        }
        writeln!(self.out, "</details>")
    }

    fn named(&mut self, what: &str) -> io::Result<()> {
        writeln!(self.out, "<p class=\"named\">({})</p>", escaped(&harmless_line(what)))
    }

    fn end(&mut self) -> io::Result<()> {
        self.close()?;
        writeln!(self.out, "</body></html>")
    }
}

impl Html<'_> {
    fn code(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "<pre><code>{}</code></pre>", escaped(text.trim_end_matches('\n')))
    }

    fn close(&mut self) -> io::Result<()> {
        if self.open { writeln!(self.out, "</section>") } else { Ok(()) }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
