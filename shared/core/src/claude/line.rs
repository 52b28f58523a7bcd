//! The few fields of a line that count, read leniently and without copying the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value that is wanted as text or as a flag; anything else is as good as absent.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Loose<'a> {
    #[default]
    Absent,
    Flag(bool),
    Text(Cow<'a, str>),
}

impl Loose<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        *self == Self::Flag(true)
    }
}

/// What `message.content` is.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Content<'a> {
    /// The text, or the first text block's.
    pub(super) text: Loose<'a>,
    /// Whether it holds anything but text that a person may have sent, e.g. an image.
    pub(super) other: bool,
    /// Whether it holds the result of a tool.
    pub(super) tool_result: bool,
}

/// A line's `message`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Message<'a> {
    pub(super) id: Loose<'a>,
    pub(super) content: Content<'a>,
}

/// A line of a transcript.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) kind: Loose<'a>,
    pub(super) uuid: Loose<'a>,
    pub(super) is_meta: Loose<'a>,
    pub(super) is_sidechain: Loose<'a>,
    pub(super) is_compact_summary: Loose<'a>,
    pub(super) version: Loose<'a>,
    pub(super) custom_title: Loose<'a>,
    pub(super) ai_title: Loose<'a>,
    pub(super) summary: Loose<'a>,
    pub(super) relocated_cwd: Loose<'a>,
    pub(super) message: Message<'a>,
}

/// Reads a line; `None` if it is no JSON object. As with the client, the last of two equal keys
/// counts.
pub(super) fn parse(line: &[u8]) -> Option<Line<'_>> {
    let starts = line.iter().find(|byte| !byte.is_ascii_whitespace());
    if starts != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(line).ok()
}

/// Says what to do with an object's fields and an array's items; all else is skipped.
macro_rules! lenient {
    ($name:ident, $($extra:tt)*) => {
        impl<'de> Deserialize<'de> for $name<'de> {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Fields;

                impl<'de> Visitor<'de> for Fields {
                    type Value = $name<'de>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("any JSON value")
                    }

                    fn visit_unit<E>(self) -> Result<Self::Value, E> {
                        Ok(Self::Value::default())
                    }

                    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                        Ok(Self::Value::default())
                    }

                    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                        Ok(Self::Value::default())
                    }

                    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                        Ok(Self::Value::default())
                    }

                    $($extra)*
                }

                from.deserialize_any(Fields)
            }
        }
    };
}

macro_rules! skip_scalars {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
}

macro_rules! skip_map {
    () => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

macro_rules! skip_seq {
    () => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

macro_rules! fields {
    ($($key:literal => $($field:ident).+),+ $(,)?) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = Self::Value::default();
            while let Some(Loose::Text(key)) = map.next_key()? {
                match key.as_ref() {
                    $($key => found.$($field).+ = map.next_value()?,)+
                    _ => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(found)
        }
    };
}

lenient! { Loose,
    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Loose::Flag(flag))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    skip_map!();
    skip_seq!();
}

lenient! { Line,
    skip_scalars!();
    skip_seq!();
    fields! {
        "type" => kind,
        "uuid" => uuid,
        "isMeta" => is_meta,
        "isSidechain" => is_sidechain,
        "isCompactSummary" => is_compact_summary,
        "version" => version,
        "customTitle" => custom_title,
        "aiTitle" => ai_title,
        "summary" => summary,
        "relocatedCwd" => relocated_cwd,
        "message" => message,
    }
}

lenient! { Message,
    skip_scalars!();
    skip_seq!();
    fields! { "id" => id, "content" => content }
}

/// One block of `message.content`.
#[derive(Debug, Default)]
struct Block<'a> {
    kind: Loose<'a>,
    text: Loose<'a>,
}

lenient! { Block,
    skip_scalars!();
    skip_seq!();
    fields! { "type" => kind, "text" => text }
}

lenient! { Content,
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Content::default())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Content { text: Loose::Text(Cow::Borrowed(text)), ..Content::default() })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content { text: Loose::Text(Cow::Owned(text.to_owned())), ..Content::default() })
    }

    skip_map!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut content = Content::default();
        while let Some(block) = seq.next_element::<Block<'_>>()? {
            match block.kind.text() {
                Some("tool_result") => content.tool_result = true,
                Some("text") if content.text == Loose::Absent => content.text = block.text,
                Some("text") => {}
                _ => content.other = true,
            }
        }
        Ok(content)
    }
}
