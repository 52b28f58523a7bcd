//! The text of a message, cut into prose and code.

/// A piece of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block<'a> {
    Prose(&'a str),
    /// `language`: the word after the fence, letters, digits and `+-#.` only.
    Code {
        language: &'a str,
        text: &'a str,
    },
}

/// Cuts a text at its fences of three or more backticks or tildes. A fence that is never closed
/// reaches to the end.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let (mut at, mut from) = (0, 0);
    let mut fence: Option<(&str, &str)> = None;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        match fence {
            None => {
                let Some(opening) = opening(line) else { continue };
                push_prose(&mut found, &text[from..start]);
                (fence, from) = (Some(opening), end);
            }
            Some((mark, language)) if closes(line, mark) => {
                found.push(Block::Code { language, text: &text[from..start] });
                (fence, from) = (None, end);
            }
            Some(_) => {}
        }
    }
    match fence {
        Some((_, language)) => found.push(Block::Code { language, text: &text[from..] }),
        None => push_prose(&mut found, &text[from..]),
    }
    found
}

fn push_prose<'a>(found: &mut Vec<Block<'a>>, text: &'a str) {
    if !text.trim().is_empty() {
        found.push(Block::Prose(text.trim_matches('\n')));
    }
}

/// The marks and the language of a line that opens code.
fn opening(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let first = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = line.trim_start_matches(first);
    let mark = &line[..line.len() - rest.len()];
    if mark.len() < 3 || rest.contains('`') {
        return None;
    }
    let word = rest.split_whitespace().next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-#.".contains(c);
    Some((mark, if word.chars().all(plain) { word } else { "" }))
}

fn closes(line: &str, mark: &str) -> bool {
    let line = line.trim();
    line.starts_with(mark) && line.chars().all(|c| mark.starts_with(c))
}

/// A time of a line, as people read it; `None` if it is none.
pub(super) fn time(text: &str) -> Option<String> {
    let plain =
        text.len() <= 40 && text.bytes().all(|b| b.is_ascii_digit() || b"-:TZ.+".contains(&b));
    let (day, rest) = text.split_once('T').filter(|_| plain)?;
    match rest.strip_suffix('Z').and_then(|clock| clock.get(..5)) {
        Some(clock) => Some(format!("{day} {clock} UTC")),
        None => Some(text.to_owned()),
    }
}
