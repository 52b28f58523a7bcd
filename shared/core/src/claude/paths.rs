//! Directories in checkpoint and relocation lines: native outside, tokens in the store.
//!
//! Works on the bytes between a value's quotes and never writes a line anew, so what is not
//! replaced stays as the client wrote it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr2, memmem};

use super::line;
use crate::rules::Roots;

/// What every token starts with. `//` is no start of a path that a client writes.
const TOKEN: &str = "//convosync/";
/// Stands for the work tree's top.
const REPO: &str = "//convosync/repo";
/// Stands for the home directory.
const HOME: &str = "//convosync/home";
/// Stands before a native value that starts like a token.
const LITERAL: &str = "//convosync/literal";

/// Directories of checkpoints, in `file-history-snapshot` and `file-history-delta` lines.
const PARENT_KEY: &[u8] = b"\"realParentDir\"";
/// The directory of a move, in `relocated` lines.
const RELOCATED_KEY: &[u8] = b"\"relocatedCwd\"";

/// The stored form of a line.
pub(super) fn canonical<'a>(line: &'a [u8], roots: &Roots) -> Cow<'a, [u8]> {
    let Some(key) = key_of(line) else { return Cow::Borrowed(line) };
    let native = Native::new(roots);
    replace(line, key, |value| native.token(value))
}

/// The local form of a stored line.
pub(super) fn expand<'a>(line: &'a [u8], roots: &Roots) -> Cow<'a, [u8]> {
    let Some(key) = key_of(line) else { return Cow::Borrowed(line) };
    let native = Native::new(roots);
    replace(line, key, |value| {
        expanded(value, native.repo.first().map(String::as_str), native.home.as_deref())
    })
}

/// The key whose values are directories, if the line is of a kind that has some.
fn key_of(line: &[u8]) -> Option<&'static [u8]> {
    // Nearly all lines end here, at the speed of memory.
    let key =
        [PARENT_KEY, RELOCATED_KEY].into_iter().find(|key| memmem::find(line, key).is_some())?;
    std::str::from_utf8(line).ok()?;
    let wanted = match line::parse(line)?.kind.text()?.as_ref() {
        "file-history-snapshot" | "file-history-delta" => PARENT_KEY,
        "relocated" => RELOCATED_KEY,
        _ => return None,
    };
    (key == wanted || memmem::find(line, wanted).is_some()).then_some(wanted)
}

/// The line with each value of `key` replaced for which `change` has something else.
fn replace<'a>(
    line: &'a [u8],
    key: &[u8],
    change: impl Fn(&str) -> Option<String>,
) -> Cow<'a, [u8]> {
    let mut changed = Vec::new();
    let mut copied = 0;
    for range in values(line, key) {
        let value = std::str::from_utf8(&line[range.clone()]).ok();
        if let Some(new) = value.and_then(&change) {
            changed.extend_from_slice(&line[copied..range.start]);
            changed.extend_from_slice(new.as_bytes());
            copied = range.end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(line);
    }
    changed.extend_from_slice(&line[copied..]);
    Cow::Owned(changed)
}

/// Where the string values of `key` stand, without their quotes. The line is valid JSON.
fn values(line: &[u8], key: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(string) = next_string(line, at) {
        at = string.end + 1;
        // In valid JSON a string before a colon is a key.
        let Some(value) = skip_colon(line, at) else { continue };
        if line[string.start - 1..=string.end] == *key && line.get(value) == Some(&b'"') {
            let Some(value) = next_string(line, value) else { break };
            at = value.end + 1;
            found.push(value);
        }
    }
    found
}

/// The next string from `at` on, without its quotes.
fn next_string(line: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + memchr::memchr(b'"', line.get(at..)?)? + 1;
    let mut end = start;
    loop {
        end += memchr2(b'"', b'\\', line.get(end..)?)?;
        if line[end] == b'"' {
            return Some(start..end);
        }
        end += 2;
    }
}

/// Where a value starts if a colon comes next.
fn skip_colon(line: &[u8], at: usize) -> Option<usize> {
    let skip = |from: usize| {
        from + line[from..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
    };
    let colon = skip(at);
    (line.get(colon) == Some(&b':')).then(|| skip(colon + 1))
}

/// The roots as the client writes them into a JSON string.
struct Native {
    repo: Vec<String>,
    home: Option<String>,
}

impl Native {
    fn new(roots: &Roots) -> Self {
        Self {
            repo: roots.repo.iter().filter_map(|root| written(root)).collect(),
            home: roots.home.as_deref().and_then(written),
        }
    }

    /// What is stored for a native value; `None`: the value itself.
    ///
    /// A value under a root that the work tree had before becomes the same token as under the
    /// present one, and expands to the present one: the files moved, the line did not.
    fn token(&self, value: &str) -> Option<String> {
        if value.starts_with(TOKEN) {
            return Some(format!("{LITERAL}{value}"));
        }
        // Under the present root every line comes back as it was, so that one goes first.
        let present = self.repo.first().filter(|root| rest_below(value, root).is_some());
        let longest = || {
            let under = self.repo.iter().filter(|root| rest_below(value, root).is_some());
            under.max_by_key(|root| root.len())
        };
        if let Some(root) = present.or_else(longest) {
            let token = format!("{REPO}{}", rest_below(value, root)?);
            return (expanded(&token, Some(root), None).as_deref() == Some(value)).then_some(token);
        }
        let home = self.home.as_deref()?;
        let token = format!("{HOME}{}", rest_below(value, home)?);
        (expanded(&token, None, Some(home)).as_deref() == Some(value)).then_some(token)
    }
}

/// A root as it stands between quotes; `None` for what can be no root.
fn written(root: &str) -> Option<String> {
    let root = root.trim_end_matches('/');
    if !root.starts_with('/') || root.starts_with("//") {
        return None;
    }
    let quoted = serde_json::to_string(root).ok()?;
    Some(quoted[1..quoted.len() - 1].to_owned())
}

/// What follows `root` in a path at or below it.
fn rest_below<'v>(value: &'v str, root: &str) -> Option<&'v str> {
    value.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The native value of a stored one; `None`: the stored one itself, since it is no token, is one
/// that this device has no root for, or would lead out of its root.
fn expanded(value: &str, repo: Option<&str>, home: Option<&str>) -> Option<String> {
    if let Some(native) = value.strip_prefix(LITERAL).filter(|rest| rest.starts_with(TOKEN)) {
        return Some(native.to_owned());
    }
    let (root, rest) = match (rest_below(value, REPO), rest_below(value, HOME)) {
        (Some(rest), _) => (repo?, rest),
        (None, rest) => (home?, rest?),
    };
    stays_inside(rest).then(|| format!("{root}{rest}"))
}

/// Whether each component is a plain name. What is written with escapes may be anything.
fn stays_inside(rest: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    rest.is_empty() || (!rest.contains('\\') && rest[1..].split('/').all(plain))
}
