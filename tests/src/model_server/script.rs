//! What the model does next, from what it was sent.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A block of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    Text(String),
    Tool { name: String, input: Value },
}

/// The scripts that prompts may name.
pub(super) struct Script<'a> {
    pub(super) named: &'a BTreeMap<String, String>,
}

/// One answer with a call, and how it all ends.
#[derive(Default)]
struct Steps {
    calls: Vec<Vec<Block>>,
    last: Vec<Block>,
}

impl Script<'_> {
    /// The blocks of the answer to a request.
    pub(super) fn next(&self, request: &Value) -> Vec<Block> {
        if let Some(schema) = wanted_form(request) {
            return vec![Block::Text(filled(schema))];
        }
        let messages = request["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let typed = messages.iter().rposition(is_typed);
        let prompt = typed.map_or_else(String::new, |at| said(&messages[at]));
        let after = &messages[typed.map_or(0, |at| at + 1)..];
        let answered = after.iter().filter(|message| message["role"] == "assistant").count();
        let steps = self.steps(&prompt);
        match steps.calls.get(answered) {
            Some(call) => call.clone(),
            None if !steps.last.is_empty() => steps.last,
            None => vec![Block::Text(format!("answer to {} messages", messages.len()))],
        }
    }

    fn steps(&self, prompt: &str) -> Steps {
        let mut steps = Steps::default();
        let mut said = Vec::new();
        let named = self.named_in(prompt).unwrap_or_default();
        for line in prompt.lines().chain(named.lines()) {
            let Some((verb, rest)) = line.trim().strip_prefix("@@").and_then(|l| l.split_once(' '))
            else {
                continue;
            };
            match verb {
                "SAY" => said.push(Block::Text(rest.to_owned())),
                "FINAL" => steps.last = vec![Block::Text(rest.to_owned())],
                name => {
                    said.push(call(name, rest));
                    steps.calls.push(std::mem::take(&mut said));
                }
            }
        }
        steps
    }

    fn named_in(&self, prompt: &str) -> Option<&str> {
        let name = prompt.split_once("[s:")?.1.split_once(']')?.0;
        self.named.get(name).map(String::as_str)
    }
}

/// A step that can't be read ends the script where a test sees it.
fn call(name: &str, input: &str) -> Block {
    match serde_json::from_str(input) {
        Ok(input) => Block::Tool { name: name.to_owned(), input },
        Err(error) => Block::Text(format!("the script's step {name} is no JSON: {error}")),
    }
}

/// The schema of an answer in a set form: the client asks for titles so.
fn wanted_form(request: &Value) -> Option<&Map<String, Value>> {
    let format = request["output_config"].get("format").or_else(|| request.get("output_format"))?;
    format["schema"]["properties"].as_object()
}

fn filled(properties: &Map<String, Value>) -> String {
    let fields = properties.keys().map(|name| (name.clone(), json!(format!("scripted {name}"))));
    Value::Object(fields.collect()).to_string()
}

/// Whether a message is a prompt, not only results of tools.
fn is_typed(message: &Value) -> bool {
    let blocks = message["content"].as_array();
    let is_result = blocks.is_some_and(|blocks| blocks.iter().any(|b| b["type"] == "tool_result"));
    let said = said(message);
    message["role"] == "user"
        && !said.is_empty()
        && (!is_result || said.lines().any(|line| line.starts_with("@@")))
}

/// What a message says without what the client adds.
fn said(message: &Value) -> String {
    let mut text = text_of(&message["content"]);
    while let Some(start) = text.find("<system-reminder>") {
        let end = text[start..].find("</system-reminder>");
        let end = end.map_or(text.len(), |end| start + end + "</system-reminder>".len());
        text.replace_range(start..end, "");
    }
    text.trim().to_owned()
}

/// The text of a message's content, whichever of its forms it has.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().filter_map(|block| block["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "Do it [s:more]\n@@SAY first\n@@Bash {\"command\":\"ls\"}\n@@FINAL done";

    #[track_caller]
    fn check(messages: Value, want: &[Block]) {
        let named = BTreeMap::from([("more".to_owned(), "@@Read {\"file_path\":\"/x\"}".into())]);
        let script = Script { named: &named };
        assert_eq!(script.next(&json!({ "messages": messages })), want);
    }

    fn text(text: &str) -> Block {
        Block::Text(text.to_owned())
    }

    fn tool(name: &str, input: Value) -> Block {
        Block::Tool { name: name.to_owned(), input }
    }

    #[test]
    fn steps_follow_each_other_and_end() {
        let prompt = json!({"role": "user", "content": PROMPT});
        let call = json!({"role": "assistant", "content": []});
        let result = json!({"role": "user", "content": [{"type": "tool_result"}]});
        let bash = tool("Bash", json!({"command": "ls"}));
        check(json!([prompt]), &[text("first"), bash]);
        let read = tool("Read", json!({"file_path": "/x"}));
        check(json!([prompt, call, result]), &[read]);
        check(json!([prompt, call, result, call, result]), &[text("done")]);
    }

    #[test]
    fn reminders_and_results_are_no_prompts() {
        let prompt = json!({"role": "user", "content": [
            {"type": "text", "text": "<system-reminder>@@FINAL no</system-reminder>"},
            {"type": "text", "text": "hello\n@@FINAL yes"},
        ]});
        let reminder = json!({"role": "user", "content": "<system-reminder>x</system-reminder>"});
        check(json!([prompt, reminder]), &[text("yes")]);
        check(json!([]), &[text("answer to 0 messages")]);
    }

    #[test]
    fn a_form_is_filled_in() {
        let request =
            json!({"output_config": {"format": {"schema": {"properties": {"title": {}}}}}});
        let named = BTreeMap::new();
        let blocks = Script { named: &named }.next(&request);
        assert_eq!(blocks, [text(r#"{"title":"scripted title"}"#)]);
    }
}
