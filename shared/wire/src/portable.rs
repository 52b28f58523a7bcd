//! Sessions as files: `export` and `import`.

use serde::{Deserialize, Serialize};

use crate::report::Note;

/// `convosync export`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportSessionArgs {
    /// A session id or a unique prefix of one.
    pub session: String,
    /// None: as the file's name ends, else [`ExportFormat::Jsonl`].
    #[serde(default)]
    pub format: Option<ExportFormat>,
    /// This save of the session, not its head (id or unique prefix).
    #[serde(default)]
    pub at: Option<String>,
    /// The new file, counted from the caller's directory. None: standard output, which only the
    /// command line has.
    #[serde(default)]
    pub output: Option<String>,
}

impl ExportSessionArgs {
    /// The format that was asked for or that the file's name asks for.
    #[must_use]
    pub fn format(&self) -> ExportFormat {
        let named = || self.output.as_deref().and_then(ExportFormat::of_name);
        self.format.or_else(named).unwrap_or(ExportFormat::Jsonl)
    }
}

/// How a conversation is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportFormat {
    /// The assistant's own lines, byte for byte as it would have them on this device.
    #[serde(rename = "jsonl")]
    Jsonl,
    /// The same, as gzip (level 9).
    #[serde(rename = "jsonl.gz")]
    JsonlGz,
    /// To be read, as Markdown.
    #[serde(rename = "markdown")]
    Markdown,
    /// To be read, as one HTML page that needs nothing else.
    #[serde(rename = "html")]
    Html,
}

impl ExportFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Jsonl, Self::JsonlGz, Self::Markdown, Self::Html];

    /// The format as typed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::JsonlGz => "jsonl.gz",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// The format that the end of a file's name stands for.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        match () {
            () if ends(&[".jsonl"]) => Some(Self::Jsonl),
            () if ends(&[".gz"]) => Some(Self::JsonlGz),
            () if ends(&[".md", ".markdown"]) => Some(Self::Markdown),
            () if ends(&[".html", ".htm"]) => Some(Self::Html),
            () => None,
        }
    }
}

impl std::str::FromStr for ExportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| {
            format!("`{text}` is none of {}", Self::ALL.map(Self::as_str).join(", "))
        })
    }
}

/// What `export` wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportReport {
    /// The session.
    pub session_id: String,
    /// The save whose conversation it is.
    pub save: String,
    /// The conversation.
    pub conversation_id: String,
    /// Its messages.
    pub message_count: u64,
    /// How it was written.
    pub format: ExportFormat,
    /// Bytes written.
    pub bytes: u64,
    /// The file, absolute; none: standard output.
    pub output: Option<String>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// `convosync import`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportArgs {
    /// The file, counted from the caller's directory.
    pub file: String,
    /// The session's message. None: the conversation's title.
    #[serde(default)]
    pub message: Option<String>,
}

/// What `import` made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// The new session.
    pub session_id: String,
    /// Its save.
    pub save: String,
    /// What it is called in lists.
    pub message: String,
    /// The conversation, under the id that it has in the file.
    pub conversation_id: String,
    /// Its messages.
    pub message_count: u64,
    /// Its bytes.
    pub size: u64,
    /// The repository it belongs to now.
    pub repository: String,
    /// Whether it is in the store.
    pub synced: bool,
    /// What else to know.
    pub notes: Vec<Note>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_name_asks_for_a_format_and_a_flag_decides() {
        let named = |output: Option<&str>, format| {
            let output = output.map(str::to_owned);
            ExportSessionArgs { session: String::new(), format, at: None, output }.format()
        };
        assert_eq!(named(None, None), ExportFormat::Jsonl);
        assert_eq!(named(Some("a.jsonl.gz"), None), ExportFormat::JsonlGz);
        assert_eq!(named(Some("A.MD"), None), ExportFormat::Markdown);
        assert_eq!(named(Some("a.html"), None), ExportFormat::Html);
        assert_eq!(named(Some("notes.txt"), None), ExportFormat::Jsonl);
        assert_eq!(named(Some("a.html"), Some(ExportFormat::Jsonl)), ExportFormat::Jsonl);
    }

    #[test]
    fn a_format_is_on_the_wire_as_it_is_typed() {
        for format in ExportFormat::ALL {
            let json = serde_json::to_value(format).expect("a word");
            assert_eq!(json, format.as_str());
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert!("pdf".parse::<ExportFormat>().expect_err("unknown").contains("markdown"));
    }
}
