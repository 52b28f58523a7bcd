//! The messages of a transcript one by one, as text. All of it is foreign: whoever shows it makes
//! it harmless first.

use std::collections::VecDeque;
use std::io::{self, Read};

use serde_json::Value;

use crate::context::Turns;
use crate::lines::{Lines, Piece};
use crate::rules::{Rules, Said, SaidPart, Scan, Who};
use crate::time::milliseconds;

/// Letters of one part of a message.
const LONGEST_PART: usize = 20_000;

/// Letters of what a tool was called with.
const LONGEST_CALL: usize = 120;

/// A message, or something that the client itself says in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number, as [`Summary::messages`](crate::Summary::messages) counts; none for what the
    /// client says.
    pub number: Option<u64>,
    /// Who says it.
    pub who: Who,
    /// When, milliseconds since 1970.
    pub time_ms: Option<i64>,
    /// What: its texts, with an empty line between.
    pub text: String,
    /// The tools that were called, each with what for.
    pub tools: Vec<String>,
}

/// Messages that were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// In the order of the file.
    pub messages: Vec<Message>,
    /// Messages of the wanted ones that are not among them, the first ones, since there was no
    /// room for all.
    pub left_out: u64,
    /// When and on which branch every message of the transcript was written.
    pub turns: Turns,
}

/// Reads the messages `first` to `last`, the first of all being 1, and what the client says in
/// between. Their texts take `room` bytes at most.
///
/// # Errors
///
/// If `reader` fails.
pub fn read_messages(
    rules: &dyn Rules,
    reader: &mut dyn Read,
    (first, last): (u64, u64),
    room: usize,
) -> io::Result<Reading> {
    let mut lines = Lines::new(reader);
    let mut scan = rules.scan();
    let mut wanted = Wanted { first, last, room, ..Wanted::default() };
    while let Some(piece) = lines.next()? {
        if let Piece::Line { line, .. } = piece {
            take(rules, scan.as_mut(), line, &mut wanted);
        }
    }
    let Wanted { messages, left_out, .. } = wanted;
    Ok(Reading { messages: messages.into(), left_out, turns: scan.summary().turns })
}

fn take(rules: &dyn Rules, scan: &mut dyn Scan, line: &[u8], wanted: &mut Wanted) {
    let before = scan.messages();
    scan.line(line);
    let now = scan.messages();
    if now < wanted.first || before > wanted.last {
        return;
    }
    let said = rules.said(line);
    match said {
        _ if now > before => wanted.begin(Some(now), said),
        Some(said) if said.who == Who::Assistant => wanted.go_on(said),
        // What a tool gave back belongs to whoever called it.
        Some(said) if said.who == Who::Tool => {}
        Some(said) => wanted.begin(None, Some(Said { who: Who::System, ..said })),
        None => {}
    }
}

/// What is kept of what is read.
#[derive(Default)]
struct Wanted {
    first: u64,
    last: u64,
    room: usize,
    messages: VecDeque<Message>,
    left_out: u64,
    /// Bytes of all texts.
    size: usize,
}

impl Wanted {
    fn begin(&mut self, number: Option<u64>, said: Option<Said>) {
        if number.is_some_and(|number| number > self.last) {
            return;
        }
        let who = said.as_ref().map_or(Who::Assistant, |said| said.who);
        let time_ms = said.as_ref().and_then(time);
        let (text, tools) = (String::new(), Vec::new());
        self.messages.push_back(Message { number, who, time_ms, text, tools });
        if let Some(said) = said {
            self.add(said);
        }
    }

    /// Further lines of the message before.
    fn go_on(&mut self, said: Said) {
        if self.messages.back().is_some_and(|message| message.who == Who::Assistant) {
            self.add(said);
        }
    }

    fn add(&mut self, said: Said) {
        let Some(message) = self.messages.back_mut() else { return };
        message.time_ms = message.time_ms.or_else(|| time(&said));
        let before = size(message);
        for part in said.parts {
            match part {
                SaidPart::Text(text) => paragraph(&mut message.text, &shortened(&text)),
                SaidPart::Other(what) => paragraph(&mut message.text, &format!("({what})")),
                SaidPart::Call { name, input } => message.tools.push(call(&name, &input)),
                SaidPart::Thinking(_) | SaidPart::Result { .. } => {}
            }
        }
        self.size += size(message) - before;
        while self.size > self.room && self.messages.len() > 1 {
            let oldest = self.messages.pop_front();
            self.size -= oldest.as_ref().map_or(0, size);
            self.left_out += oldest.and_then(|message| message.number).map_or(0, |_| 1);
        }
    }
}

fn size(message: &Message) -> usize {
    message.text.len() + message.tools.iter().map(String::len).sum::<usize>()
}

fn time(said: &Said) -> Option<i64> {
    said.time.as_deref().and_then(milliseconds)
}

fn paragraph(text: &mut String, more: &str) {
    let more = more.trim_matches('\n');
    if !text.is_empty() && !more.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_PART) {
        Some((at, _)) => {
            let more = text[at..].chars().count();
            format!("{}\n… and {more} more letters", &text[..at])
        }
        None => text.to_owned(),
    }
}

/// What a tool's input is about, by the names that tools give it.
const TELLING: [&str; 8] =
    ["command", "file_path", "path", "pattern", "query", "url", "description", "prompt"];

/// `Bash: cargo test`.
fn call(name: &str, input: &str) -> String {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let about = TELLING.iter().find_map(|key| input.get(key)?.as_str());
    let line = about.and_then(|text| text.lines().find(|line| !line.trim().is_empty()));
    let mut told: String = name.chars().take(LONGEST_CALL).collect();
    if let Some(line) = line.map(str::trim) {
        told += ": ";
        told.extend(line.chars().take(LONGEST_CALL));
        if line.chars().count() > LONGEST_CALL {
            told.push('…');
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::claude::ClaudeCode;

    fn transcript() -> String {
        let user = |text: &str| {
            json!({"type": "user", "uuid": "u", "timestamp": "1970-01-01T00:00:01.000Z",
                "gitBranch": "main", "message": {"role": "user", "content": text}})
        };
        let answer = |id: &str, block: Value| json!({"type": "assistant", "uuid": "a", "message": {"id": id, "content": [block]}});
        let lines = [
            user("Why is it empty?"),
            answer("m1", json!({"type": "thinking", "thinking": ""})),
            answer("m1", json!({"type": "text", "text": "Let me look."})),
            answer(
                "m1",
                json!({"type": "tool_use", "name": "Bash",
                "input": {"command": "\n  cargo test\nls", "timeout": 5}}),
            ),
            json!({"type": "user", "uuid": "r", "message": {"content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "ok"}]}}),
            answer("m1", json!({"type": "text", "text": "It is not."})),
            json!({"type": "mode", "mode": "plan"}),
            user("[Request interrupted by user]"),
            user("And now?"),
            answer("m2", json!({"type": "image", "source": {}})),
        ];
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// `1 user: …`, with the tools behind a bar.
    fn read(range: (u64, u64), room: usize) -> (Vec<String>, u64) {
        let text = transcript();
        let reading = read_messages(&ClaudeCode, &mut text.as_bytes(), range, room)
            .expect("memory can be read");
        assert_eq!(reading.turns.count(), 4);
        let told = reading.messages.iter().map(|message| {
            let number = message.number.map_or("-".to_owned(), |number| number.to_string());
            let who = format!("{:?}", message.who).to_lowercase();
            let tools = message.tools.join(",");
            format!("{number} {who}: {}|{tools}", message.text.replace('\n', "/"))
        });
        (told.collect(), reading.left_out)
    }

    #[test]
    fn messages_are_numbered_as_they_are_counted() {
        let want = [
            "1 user: Why is it empty?|",
            "2 assistant: Let me look.//It is not.|Bash: cargo test",
            "- system: [Request interrupted by user]|",
            "3 user: And now?|",
            "4 assistant: (image)|",
        ];
        assert_eq!(read((1, 9), 1000), (want.map(str::to_owned).to_vec(), 0));
        let text = transcript();
        let reading = read_messages(&ClaudeCode, &mut text.as_bytes(), (1, 1), 1000);
        assert_eq!(reading.expect("read").messages[0].time_ms, Some(1000));
    }

    #[test]
    fn a_range_has_its_messages_and_no_others() {
        let (told, _) = read((2, 3), 1000);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("2 ") && told[2].starts_with("3 "), "{told:?}");
        assert!(read((5, 9), 1000).0.is_empty());
    }

    #[test]
    fn where_there_is_no_room_for_all_the_newest_stay() {
        let (told, left_out) = read((1, 4), 20);
        assert_eq!((told.last().map(String::as_str), left_out), (Some("4 assistant: (image)|"), 2));
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let long = shortened(&"é".repeat(LONGEST_PART + 7));
        assert!(long.ends_with("\n… and 7 more letters"), "{}", long.len());
        assert_eq!(call("Read", "no json"), "Read");
    }
}
