//! Histories in plain text. None of them says where a command was run.

use convosync_core::Ran;

/// The commands of a shell's history, oldest first.
pub(super) fn parse(shell: Option<&str>, bytes: &[u8]) -> Vec<Ran> {
    match shell {
        Some("bash") => bash(&String::from_utf8_lossy(bytes)),
        Some("zsh") => zsh(&String::from_utf8_lossy(&unmetafied(bytes))),
        Some("fish") => fish(&String::from_utf8_lossy(bytes)),
        Some("nu") => nushell(&String::from_utf8_lossy(bytes)),
        _ => Vec::new(),
    }
}

fn ran(command: &str, seconds: Option<i64>) -> Ran {
    let time_ms = seconds.and_then(|seconds| seconds.checked_mul(1000));
    Ran { command: command.to_owned(), time_ms, exit: None, directory: None }
}

/// A command a line. With `HISTTIMEFORMAT` a line `#1700000000` goes before each command, which
/// then may have several lines (bash 5.2 manual, "HISTTIMEFORMAT").
fn bash(text: &str) -> Vec<Ran> {
    let mut commands: Vec<Ran> = Vec::new();
    let mut since = None;
    let mut goes_on = false;
    for line in text.lines() {
        let time = line.strip_prefix('#').and_then(|digits| digits.parse::<i64>().ok());
        match (time, commands.last_mut()) {
            (Some(time), _) => (since, goes_on) = (Some(time), false),
            (None, Some(last)) if goes_on => {
                last.command.push('\n');
                last.command.push_str(line);
            }
            (None, _) => {
                commands.push(ran(line, since));
                goes_on = since.is_some();
            }
        }
    }
    commands
}

/// A command a line; a backslash before the line's end goes on. With `EXTENDED_HISTORY` a line
/// starts with `: 1700000000:0;` (zsh 5.9 manual, "EXTENDED_HISTORY").
fn zsh(text: &str) -> Vec<Ran> {
    let mut commands: Vec<Ran> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let more = line.strip_suffix('\\');
        let shown = more.unwrap_or(line);
        match commands.last_mut() {
            Some(last) if goes_on => {
                last.command.push('\n');
                last.command.push_str(shown);
            }
            _ => commands.push(extended(shown).unwrap_or_else(|| ran(shown, None))),
        }
        goes_on = more.is_some();
    }
    commands
}

fn extended(line: &str) -> Option<Ran> {
    let (times, command) = line.strip_prefix(": ")?.split_once(';')?;
    let (start, _seconds) = times.split_once(':')?;
    Some(ran(command, Some(start.trim().parse().ok()?)))
}

/// zsh writes some bytes as 0x83 and the byte with its sixth bit turned (Src/utils.c, `unmetafy`).
fn unmetafied(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            0x83 => plain.extend(bytes.next().map(|next| next ^ 0x20)),
            byte => plain.push(*byte),
        }
    }
    plain
}

/// `- cmd: …`, then `  when: 1700000000`; line breaks and backslashes are escaped
/// (fish 3.6, src/history.cpp).
fn fish(text: &str) -> Vec<Ran> {
    let mut commands: Vec<Ran> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("- cmd: ") {
            commands.push(ran(&unescaped(command), None));
        } else if let Some(time) = line.trim_start().strip_prefix("when: ")
            && let Some(last) = commands.last_mut()
        {
            last.time_ms = time.trim().parse::<i64>().ok().and_then(|time| time.checked_mul(1000));
        }
    }
    commands
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            (c, false) => plain.push(c),
        }
    }
    plain
}

/// A command a line, with `<\n>` for a line break (reedline 0.49, src/history/file_backed.rs).
fn nushell(text: &str) -> Vec<Ran> {
    text.lines().map(|line| ran(&line.replace("<\\n>", "\n"), None)).collect()
}
