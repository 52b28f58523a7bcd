//! The few fields of a line that count, found without reading the rest.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::rules::Node;
use crate::time::milliseconds;

/// A value that is looked into when it is wanted: one of an unexpected type, or with half a
/// surrogate pair in it, is then as good as absent and does not make its line unreadable.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(super) struct Loose<'a>(#[serde(borrow)] Option<&'a RawValue>);

impl<'a> Loose<'a> {
    /// The value if it is a string.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let json = self.0?.get();
        let inner = json.strip_prefix('"')?.strip_suffix('"')?;
        match inner.contains('\\') {
            true => serde_json::from_str(json).ok().map(Cow::Owned),
            false => Some(Cow::Borrowed(inner)),
        }
    }

    fn as_it_stands(self) -> Option<Cow<'a, str>> {
        self.0.filter(|_| self.is_text()).map(|json| Cow::Borrowed(json.get()))
    }

    pub(super) fn is_text(self) -> bool {
        self.0.is_some_and(|json| json.get().starts_with('"'))
    }

    pub(super) fn is_true(self) -> bool {
        self.0.is_some_and(|json| json.get() == "true")
    }

    fn parsed<T: Deserialize<'a> + Default>(self) -> T {
        self.0.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
    }
}

/// A line of a transcript.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Line<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Loose<'a>,
    #[serde(borrow)]
    pub(super) uuid: Loose<'a>,
    #[serde(borrow)]
    pub(super) is_meta: Loose<'a>,
    #[serde(borrow)]
    pub(super) is_sidechain: Loose<'a>,
    #[serde(borrow)]
    pub(super) is_compact_summary: Loose<'a>,
    #[serde(borrow)]
    pub(super) cwd: Loose<'a>,
    #[serde(borrow)]
    pub(super) version: Loose<'a>,
    #[serde(borrow)]
    timestamp: Loose<'a>,
    #[serde(borrow)]
    git_branch: Loose<'a>,
    #[serde(borrow)]
    pub(super) custom_title: Loose<'a>,
    #[serde(borrow)]
    pub(super) ai_title: Loose<'a>,
    #[serde(borrow)]
    pub(super) summary: Loose<'a>,
    #[serde(borrow)]
    pub(super) relocated_cwd: Loose<'a>,
    #[serde(borrow)]
    pub(super) subtype: Loose<'a>,
    #[serde(borrow)]
    message: Loose<'a>,
}

/// Bytes of a branch's name at most; git and file systems allow no longer ones.
const LONGEST_BRANCH: usize = 255;

impl<'a> Line<'a> {
    /// When it was written, milliseconds since 1970.
    pub(super) fn time_ms(&self) -> Option<i64> {
        self.timestamp.text().and_then(|time| milliseconds(&time))
    }

    /// The branch that the client was on; detached, it says `HEAD`.
    pub(super) fn branch(&self) -> Option<Cow<'a, str>> {
        self.git_branch.text().filter(|name| !name.is_empty() && name.len() <= LONGEST_BRANCH)
    }

    /// Its `message`.
    pub(super) fn message(&self) -> Message<'a> {
        self.message.parsed()
    }
}

/// A line's `message`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Loose<'a>,
    #[serde(borrow)]
    content: Loose<'a>,
    #[serde(borrow)]
    usage: Loose<'a>,
}

/// What an answer cost: `usage` of the Messages API.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage<'a> {
    #[serde(borrow)]
    input_tokens: Loose<'a>,
    #[serde(borrow)]
    cache_creation_input_tokens: Loose<'a>,
    #[serde(borrow)]
    cache_read_input_tokens: Loose<'a>,
}

impl<'a> Message<'a> {
    /// Tokens that it was an answer to; `None` where it does not say. What the client itself says in
    /// the assistant's name cost none.
    pub(super) fn tokens_read(&self) -> Option<u64> {
        let usage: Usage<'_> = self.usage.parsed();
        let counts =
            [usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens];
        let sum = counts.into_iter().fold(0u64, |sum, count| sum.saturating_add(count.parsed()));
        (sum > 0).then_some(sum)
    }

    /// What it consists of.
    pub(super) fn content(&self) -> Content<'a> {
        match self.content.is_text() {
            true => Content { text: self.content, ..Content::default() },
            false => self.content.parsed(),
        }
    }
}

/// What a message consists of.
#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    /// Its text, or its first block of text.
    pub(super) text: Loose<'a>,
    /// Whether it holds the result of a tool.
    pub(super) tool_result: bool,
    /// Whether it holds anything else, e.g. an image.
    pub(super) other: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Loose<'a>,
    #[serde(borrow)]
    text: Loose<'a>,
}

impl<'de> Deserialize<'de> for Content<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Blocks;

        impl<'de> Visitor<'de> for Blocks {
            type Value = Content<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("blocks of content")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut content = Content::default();
                // One at a time: a line may hold millions.
                while let Some(block) = seq.next_element::<Loose<'_>>()? {
                    content.add(block.parsed());
                }
                Ok(content)
            }
        }

        from.deserialize_seq(Blocks)
    }
}

impl<'a> Content<'a> {
    fn add(&mut self, block: Block<'a>) {
        match block.kind.text().as_deref() {
            Some("tool_result") => self.tool_result = true,
            Some("text") if !self.text.is_text() => self.text = block.text,
            Some("text") => {}
            _ => self.other = true,
        }
    }
}

/// Reads a line; `None` if it is no JSON object.
pub(super) fn parse(line: &[u8]) -> Option<Line<'_>> {
    object(line)
}

/// Whether a line is a node of the conversation's tree.
pub(super) fn is_node(line: &[u8]) -> bool {
    object::<Place<'_>>(line).is_some_and(|place| place.uuid.is_text())
}

/// What a line is in the conversation's tree. Clients write times as
/// `2026-01-31T23:59:59.999Z`, whose order as text is that of time.
pub(super) fn node(line: &[u8]) -> Option<Node<'_>> {
    let place = object::<Place<'_>>(line)?;
    // A text with half a surrogate pair is still an id, as it stands.
    let id = place.uuid.text().or_else(|| place.uuid.as_it_stands())?;
    let time = place.timestamp.text().filter(|time| time.len() <= LONGEST_TIME);
    Some(Node { id, time })
}

/// Bytes of a time at most; longer ones are none.
const LONGEST_TIME: usize = 40;

/// Where a line stands.
#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow, default)]
    uuid: Loose<'a>,
    #[serde(borrow, default)]
    timestamp: Loose<'a>,
}

/// The derived readers take an array for an object, so the first letter is looked at.
fn object<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    line.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(line).ok())?
}
