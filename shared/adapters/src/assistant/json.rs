//! JSON (RFC 8259) with the place of each value, to change a text and leave the rest of it alone.

use std::ops::Range;

/// Deeper nesting is no file of settings.
const DEEPEST: usize = 64;

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken(pub(super) String);

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    span: Range<usize>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Text(String),
    Other,
}

#[derive(Debug)]
struct Member {
    name: String,
    /// From the name's first quote to the value's end.
    span: Range<usize>,
    value: Node,
}

impl Node {
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.kind, Kind::Object(_))
    }

    pub(super) fn is_array(&self) -> bool {
        matches!(self.kind, Kind::Array(_))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A member's value; of several with one name the last, which is the one that counts.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Object(members) => {
                members.iter().rev().find(|member| member.name == name).map(|member| &member.value)
            }
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Array(items) => items,
            _ => &[],
        }
    }

    /// Members or items.
    pub(super) fn len(&self) -> usize {
        self.parts().len()
    }

    fn parts(&self) -> Vec<Range<usize>> {
        match &self.kind {
            Kind::Object(members) => members.iter().map(|member| member.span.clone()).collect(),
            Kind::Array(items) => items.iter().map(Self::span).collect(),
            _ => Vec::new(),
        }
    }

    /// The text with a member more. `value` is told how its lines begin: with a line feed and
    /// spaces, or with nothing where all stands on one line.
    pub(super) fn with_member(
        &self,
        text: &str,
        name: &str,
        value: impl FnOnce(&str) -> String,
    ) -> String {
        let indent = self.indent(text);
        let lines = if indent.contains('\n') { indent.as_str() } else { "" };
        self.with(text, &indent, &format!("{}: {}", quoted(name), value(lines)))
    }

    /// The text with an item more.
    pub(super) fn with_item(&self, text: &str, item: &str) -> String {
        self.with(text, &self.indent(text), item)
    }

    /// Puts it behind the last one, as that stands; what stands before the end stays there.
    fn with(&self, text: &str, indent: &str, part: &str) -> String {
        let parts = self.parts();
        let (at, comma) = match parts.last() {
            Some(last) => (last.end, ","),
            None => (self.span.start + 1, ""),
        };
        [&text[..at], comma, indent, part, &text[at..]].concat()
    }

    /// What stands before the last member or item; for the first one of a text of several lines,
    /// a line of its own.
    fn indent(&self, text: &str) -> String {
        let parts = self.parts();
        if let Some(last) = parts.last() {
            let before = &text[self.span.start + 1..last.start];
            let spaces = before.len() - before.trim_end().len();
            return before[before.len() - spaces..].to_owned();
        }
        if !text.trim().contains('\n') {
            return String::new();
        }
        let line = text[..self.span.start].rsplit('\n').next().unwrap_or_default();
        let own: String = line.chars().take_while(|c| c.is_whitespace()).collect();
        format!("\n{own}  ")
    }

    /// The text without a member.
    pub(super) fn without_member(&self, text: &str, name: &str) -> String {
        let Kind::Object(members) = &self.kind else { return text.to_owned() };
        match members.iter().rposition(|member| member.name == name) {
            Some(at) => self.without(text, at),
            None => text.to_owned(),
        }
    }

    /// The text without a member or item, and without the comma that parted it.
    pub(super) fn without(&self, text: &str, at: usize) -> String {
        let parts = self.parts();
        let Some(part) = parts.get(at) else { return text.to_owned() };
        let gone = match (at.checked_sub(1).and_then(|before| parts.get(before)), parts.get(at + 1))
        {
            (Some(before), _) => before.end..part.end,
            (None, Some(after)) => part.start..after.start,
            (None, None) => self.span.start + 1..part.end,
        };
        [&text[..gone.start], &text[gone.end..]].concat()
    }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            char if char.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

/// Reads a text.
pub(super) fn parse(text: &str) -> Result<Node, Broken> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.value(0)?;
    reader.space();
    if reader.at == text.len() {
        Ok(node)
    } else {
        Err(reader.broken("something stands behind it"))
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn broken(&self, what: &str) -> Broken {
        let before = self.text.get(..self.at).unwrap_or_default();
        Broken(format!("{what} (line {})", before.matches('\n').count() + 1))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes over one byte, if it is this one.
    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn value(&mut self, depth: usize) -> Result<Node, Broken> {
        if depth > DEEPEST {
            return Err(self.broken("it is nested too deeply"));
        }
        self.space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Kind::Text(self.string()?),
            Some(_) => self.word()?,
            None => return Err(self.broken("it ends too early")),
        };
        Ok(Node { span: start..self.at, kind })
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Broken> {
        self.at += 1;
        let mut members = Vec::new();
        if self.eat(b'}') {
            return Ok(Kind::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.broken("a name is missing"));
            }
            let name = self.string()?;
            if !self.eat(b':') {
                return Err(self.broken("a `:` is missing"));
            }
            let value = self.value(depth + 1)?;
            members.push(Member { name, span: start..self.at, value });
            if self.eat(b'}') {
                return Ok(Kind::Object(members));
            }
            if !self.eat(b',') {
                return Err(self.broken("a `,` or `}` is missing"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Broken> {
        self.at += 1;
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Kind::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat(b']') {
                return Ok(Kind::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.broken("a `,` or `]` is missing"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Broken> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => return Err(self.broken("a text does not end")),
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let text = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(text).map_err(|error| self.broken(&error.to_string()))
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<Kind, Broken> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let len = rest.iter().take_while(is_part).count();
        let word = &self.text[self.at..self.at + len];
        if serde_json::from_str::<serde_json::Value>(word).is_err() {
            return Err(self.broken("this is no value"));
        }
        self.at += len;
        Ok(Kind::Other)
    }
}
