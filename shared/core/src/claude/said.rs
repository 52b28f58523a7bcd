//! What a line of a transcript says to people.

use serde_json::Value;

use crate::rules::{Said, SaidPart, Who};

/// What the line says; `None` if it is state of the client.
pub(super) fn said(line: &[u8]) -> Option<Said> {
    let line: Value = serde_json::from_slice(line).ok()?;
    let is = |name: &str| line.get(name).and_then(Value::as_bool).unwrap_or(false);
    if is("isMeta") || is("isSidechain") {
        return None;
    }
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let message = line.get("message").unwrap_or(&Value::Null);
    let (who, parts) = match line.get("type")?.as_str()? {
        "user" if is("isCompactSummary") => (Who::System, parts(message.get("content")?)),
        "user" => {
            let parts = parts(message.get("content")?);
            let results = parts.iter().all(|part| matches!(part, SaidPart::Result { .. }));
            (if results { Who::Tool } else { Who::User }, parts)
        }
        "assistant" => (Who::Assistant, parts(message.get("content")?)),
        "system" => (Who::System, vec![SaidPart::Text(text(&line, "content")?)]),
        _ => return None,
    };
    if parts.is_empty() {
        return None;
    }
    let id = text(message, "id").or_else(|| text(&line, "uuid"));
    Some(Said { who, id, time: text(&line, "timestamp"), parts })
}

fn parts(content: &Value) -> Vec<SaidPart> {
    match content {
        Value::String(text) => vec![SaidPart::Text(text.clone())],
        Value::Array(blocks) => blocks.iter().filter_map(part).collect(),
        _ => Vec::new(),
    }
}

fn part(block: &Value) -> Option<SaidPart> {
    let text = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match block.get("type")?.as_str()? {
        "text" => Some(SaidPart::Text(text("text"))),
        // The client empties what it does not keep.
        "thinking" if text("thinking").is_empty() => None,
        "thinking" => Some(SaidPart::Thinking(text("thinking"))),
        "redacted_thinking" => None,
        "tool_use" => {
            let input = block.get("input").unwrap_or(&Value::Null);
            let input = serde_json::to_string_pretty(input).unwrap_or_default();
            Some(SaidPart::Call { name: text("name"), input })
        }
        "tool_result" => {
            let failed = block.get("is_error").and_then(Value::as_bool).unwrap_or(false);
            let text = block.get("content").map(result).unwrap_or_default();
            Some(SaidPart::Result { text, failed })
        }
        other => Some(SaidPart::Other(other.to_owned())),
    }
}

/// The text of a tool's result; other things are named.
fn result(content: &Value) -> String {
    let texts = parts(content).into_iter().map(|part| match part {
        SaidPart::Text(text) => text,
        SaidPart::Other(what) => format!("({what})"),
        _ => String::new(),
    });
    texts.collect::<Vec<_>>().join("\n")
}
