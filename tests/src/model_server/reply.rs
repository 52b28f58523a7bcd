//! An answer in the forms of the Messages API: whole, or as events.

use serde_json::{Value, json};

use super::script::Block;

/// An answer of the model.
pub(super) struct Reply {
    message: Value,
    content: Vec<Value>,
    stop_reason: &'static str,
}

impl Reply {
    /// `number`: the how-manieth answer it is; ids are made of it.
    pub(super) fn new(number: usize, request: &Value, blocks: Vec<Block>) -> Self {
        let calls = blocks.iter().any(|block| matches!(block, Block::Tool { .. }));
        let content = blocks.into_iter().enumerate().map(|(at, block)| match block {
            Block::Text(text) => json!({"type": "text", "text": text}),
            Block::Tool { name, input } => {
                let id = format!("toolu_scripted{number:06}_{at:02}");
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            }
        });
        let message = json!({
            "id": format!("msg_scripted{number:014}"), "type": "message", "role": "assistant",
            "model": request["model"], "content": [], "stop_reason": null, "stop_sequence": null,
            // Always the same: the client must not think that its context is full.
            "usage": {
                "input_tokens": 1000, "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0, "output_tokens": 10,
            },
        });
        let stop_reason = if calls { "tool_use" } else { "end_turn" };
        Self { message, content: content.collect(), stop_reason }
    }

    pub(super) fn whole(mut self) -> Value {
        self.message["content"] = Value::Array(self.content);
        self.message["stop_reason"] = json!(self.stop_reason);
        self.message
    }

    pub(super) fn events(&self) -> Vec<Value> {
        let mut events = vec![json!({"type": "message_start", "message": self.message})];
        for (index, block) in self.content.iter().enumerate() {
            let (empty, delta) = in_pieces(block);
            let event = |kind: &str, key: &str, value: Value| json!({"type": kind, "index": index, key: value});
            events.push(event("content_block_start", "content_block", empty));
            events.push(event("content_block_delta", "delta", delta));
            events.push(json!({"type": "content_block_stop", "index": index}));
        }
        let stop = json!({"stop_reason": self.stop_reason, "stop_sequence": null});
        let usage = json!({"output_tokens": 10});
        events.push(json!({"type": "message_delta", "delta": stop, "usage": usage}));
        events.push(json!({"type": "message_stop"}));
        events
    }
}

/// A block before it has contents, and its contents.
fn in_pieces(block: &Value) -> (Value, Value) {
    let mut empty = block.clone();
    if block["type"] == "text" {
        empty["text"] = json!("");
        return (empty, json!({"type": "text_delta", "text": block["text"]}));
    }
    empty["input"] = json!({});
    let input = block["input"].to_string();
    (empty, json!({"type": "input_json_delta", "partial_json": input}))
}
