//! Lines as Claude Code writes them, enough of them to be a conversation.

use serde_json::json;

/// One turn: a prompt, a tool call with its result, and an answer; 3 messages.
#[must_use]
pub fn turn(session: &str, number: usize, cwd: &str, who: &str) -> String {
    // No two devices make the same id.
    let device: u32 = who.bytes().map(u32::from).sum();
    let uuid = |n: usize| format!("00000000-0000-4000-8{device:03x}-{:012x}", number * 10 + n);
    let time = format!("2026-01-02T03:{:02}:{:02}.000Z", number / 60 % 60, number % 60);
    let base = |n: usize, kind: &str| {
        json!({
            "parentUuid": (n > 0).then(|| uuid(n - 1)), "isSidechain": false, "type": kind,
            "uuid": uuid(n), "timestamp": time, "userType": "external", "entrypoint": "cli",
            "cwd": cwd, "sessionId": session, "version": "2.1.328", "gitBranch": "main",
        })
    };
    let mut prompt = base(0, "user");
    prompt["message"] = json!({"role": "user", "content": format!("Prompt {number} on {who}")});
    prompt["promptId"] = json!(uuid(0));
    let mut call = base(1, "assistant");
    call["message"] = json!({
        "id": format!("msg_{number}_a"), "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "tool_use", "id": format!("toolu_{number}"), "name": "Read",
            "input": {"file_path": format!("{cwd}/README.md")}}],
        "usage": {"input_tokens": 10, "output_tokens": 5},
    });
    let mut result = base(2, "user");
    result["message"] = json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": format!("toolu_{number}"), "content": "hello"}]});
    result["toolUseResult"] = json!({"type": "text"});
    let snapshot = json!({
        "type": "file-history-delta", "messageId": uuid(0), "snapshotMessageId": uuid(0),
        "trackingPath": "README.md", "timestamp": time,
        "backup": {"backupFileName": "00112233aabbccdd@v1", "version": 1, "backupTime": time,
            "realParentDir": cwd},
    });
    let mut answer = base(3, "assistant");
    answer["message"] = json!({
        "id": format!("msg_{number}_b"), "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "text", "text": format!("Answer {number} on {who}")}],
        "usage": {"input_tokens": 12, "output_tokens": 7},
    });
    [prompt, call, result, snapshot, answer].map(|line| format!("{line}\n")).concat()
}

/// Letters without any order, the same every time: 6 bits each, so a quarter is all that a
/// compressor can save.
#[must_use]
pub fn noise(letters: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    random(letters).iter().map(|byte| char::from(LETTERS[usize::from(byte & 63)])).collect()
}

/// Bytes without any order, the same every time.
#[must_use]
pub fn random(bytes: usize) -> Vec<u8> {
    // The generator of xorshift64* (Vigna 2016); a test needs no better one.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let mut out: Vec<u8> = (0..bytes.div_ceil(8)).flat_map(|_| next().to_le_bytes()).collect();
    out.truncate(bytes);
    out
}
