//! What differs from one assistant to the next in the files of a conversation.

use std::borrow::Cow;

use crate::context::Turns;
use crate::id::ConversationId;
use crate::manifest::FilePath;

/// Directories of this device that a stored line speaks of by token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roots {
    /// The work tree's top, the present one first, then those it had on this device before.
    pub repo: Vec<String>,
    /// The home directory.
    pub home: Option<String>,
}

/// What a reading of a transcript tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// One for each user prompt, and one for all assistant lines that share a message id.
    pub messages: u64,
    /// When and on which branch each of them was written.
    pub turns: Turns,
    /// Its title: the user's, else the assistant's own, else its first prompt; one line, shortened
    /// to 80 characters, without control characters.
    pub title: Option<String>,
    /// Tokens that the assistant's last answer read, as its usage record says: what an answer after a
    /// resume reads again. None where it does not say, and after a compaction.
    pub context_tokens: Option<u64>,
    /// The newest client version named in it.
    pub client_version: Option<String>,
    /// The directory that its first line with one names, as it stands in the line.
    pub started_in: Option<String>,
    /// The directory that its last `relocated` line names, as it stands in the line.
    pub relocated: Option<String>,
    /// Lines that are no JSON object. They travel as they are.
    pub unreadable_lines: u64,
    /// Lines of types that these rules do not know. They travel as they are.
    pub unknown_lines: u64,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The user.
    User,
    /// The assistant.
    Assistant,
    /// A tool that the assistant called.
    Tool,
    /// The client itself.
    System,
}

/// What a line says to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who says it.
    pub who: Who,
    /// The message that it belongs to; several lines may.
    pub id: Option<String>,
    /// When, as it stands in the line.
    pub time: Option<String>,
    /// What.
    pub parts: Vec<SaidPart>,
}

/// A part of what is said. All of it is foreign text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaidPart {
    /// Text, often in Markdown.
    Text(String),
    /// What the assistant thought before it spoke.
    Thinking(String),
    /// A tool is called.
    Call {
        /// The tool.
        name: String,
        /// With what.
        input: String,
    },
    /// What a tool gave back.
    Result {
        /// As text.
        text: String,
        /// Whether it says that it did not work.
        failed: bool,
    },
    /// Something that is no text, by its name.
    Other(String),
}

/// Reads a transcript line by line.
pub trait Scan {
    /// Takes the next line, without its line feed.
    fn line(&mut self, line: &[u8]);

    /// What was found so far.
    fn summary(&self) -> Summary;

    /// [`Summary::messages`] alone, which costs nothing.
    fn messages(&self) -> u64;
}

/// A line that a transcript can begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// What came before was summed up: the assistant reads nothing before it.
    Compaction,
    /// The user says something.
    Prompt,
}

/// What becomes of two files that went on from the same lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merging {
    /// The lines of both make one file: the assistant reads its lines as a tree, and goes on from
    /// what the last ones say.
    Union,
    /// They stay two conversations.
    Apart,
}

/// A line that is a node of the conversation's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'a> {
    /// Its own id. A device never gives one to two lines.
    pub id: Cow<'a, str>,
    /// When it was written, as text whose order is that of time; none where the line does not say.
    pub time: Option<Cow<'a, str>>,
}

/// The rules of one assistant's files. Pure: bytes in, bytes out.
pub trait Rules {
    /// The stored form of a line (without its line feed): paths under this device's roots become
    /// tokens where the assistant needs them right on the next device, and nowhere else.
    ///
    /// [`Rules::expand_line`] with the same roots gives back the very same bytes.
    fn canonical_line<'a>(&self, line: &'a [u8], roots: &Roots) -> Cow<'a, [u8]>;

    /// The local form of a stored line.
    fn expand_line<'a>(&self, line: &'a [u8], roots: &Roots) -> Cow<'a, [u8]>;

    /// Whether a line adds to the conversation (it is a node of its tree). State that the client
    /// writes at every start does not.
    fn is_advance(&self, line: &[u8]) -> bool;

    /// The line that tells the client that the conversation goes on in another directory,
    /// in local form, with its line feed; none where the client needs none.
    fn relocated_line(&self, id: &ConversationId, directory: &str) -> Option<Vec<u8>>;

    /// What a line is in the conversation's tree; `None` for state, and for what is no line of this
    /// assistant.
    fn node<'a>(&self, line: &'a [u8]) -> Option<Node<'a>>;

    /// What becomes of two transcripts that went on from the same one.
    fn merging(&self) -> Merging;

    /// Where a second version of a file is kept beside the first, out of the way of the client;
    /// `None`: there is no such place. `mark`: a few letters and digits that tell it from others.
    fn beside(&self, path: &FilePath, mark: &str) -> Option<FilePath>;

    /// What a line says to people; `None` for state, and for what is no line of this assistant.
    fn said(&self, line: &[u8]) -> Option<Said>;

    /// Whether a transcript that begins with this line is one that the assistant goes on with.
    fn opening(&self, line: &[u8]) -> Option<Opening>;

    /// A reading of a transcript from its first line.
    fn scan(&self) -> Box<dyn Scan>;
}
