//! What people see, in files that a reviewer reads: `tests/screens/<name>.txt`.
//!
//! What differs from run to run (paths, ids, sizes, ages) is replaced. `CONVOSYNC_SCREENS=write`
//! writes the files anew; look at the difference before you commit it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::device::{Device, World, told};

/// What was typed and what was seen, in its order.
#[must_use = "it says nothing until it is compared: `matches`"]
pub struct Screen {
    name: &'static str,
    world: String,
    seen: String,
}

impl Screen {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// If the world is gone.
    pub fn of(name: &'static str, world: &World) -> Self {
        let world = world.path().canonicalize().expect("it is there");
        Self { name, world: world.display().to_string(), seen: String::new() }
    }

    /// Runs the helper, which has to succeed.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[track_caller]
    pub fn done(&mut self, device: &Device, args: &[&str]) -> &mut Self {
        let output = device.run(args);
        assert!(output.status.success(), "{args:?}\n{}", told(&output));
        self.take(device, args, &output)
    }

    /// Runs the helper, which has to fail or to ask, and to change nothing.
    ///
    /// # Panics
    ///
    /// If it succeeds, or if anything has changed.
    #[track_caller]
    pub fn stopped(&mut self, device: &Device, args: &[&str]) -> &mut Self {
        let before = device.standing();
        let output = device.run(args);
        assert!(!output.status.success(), "{args:?}\n{}", told(&output));
        assert_eq!(device.standing(), before, "{args:?} has changed something");
        self.take(device, args, &output)
    }

    /// Takes what the helper printed, however it was started.
    ///
    /// # Panics
    ///
    /// If it was killed.
    pub fn take(&mut self, device: &Device, args: &[&str], output: &Output) -> &mut Self {
        let line: Vec<_> = args.iter().map(|arg| word(arg)).collect();
        self.printed(device, &format!("$ convosync {}", line.join(" ")), output)
    }

    /// Takes what a shell printed to this line.
    ///
    /// # Panics
    ///
    /// If it was killed.
    pub fn printed(&mut self, device: &Device, line: &str, output: &Output) -> &mut Self {
        self.seen.push_str(&format!("{} {line}\n", device.name));
        if output.status.code() == Some(3) {
            let decision = serde_json::from_slice(&output.stdout).expect("a decision is JSON");
            self.seen.push_str(&asked(&decision));
        } else {
            self.seen.push_str(&String::from_utf8_lossy(&output.stdout));
        }
        self.seen.push_str(&String::from_utf8_lossy(&output.stderr));
        let code = output.status.code().expect("it was not killed");
        if code != 0 {
            self.seen.push_str(&format!("[exit {code}]\n"));
        }
        self.seen.push('\n');
        self
    }

    /// Takes what a terminal showed.
    pub fn looked(&mut self, device: &Device, screen: &str) -> &mut Self {
        self.seen.push_str(&format!("{}, on a terminal:\n{screen}\n\n", device.name));
        self
    }

    /// A line of the play's own: what was done in between.
    pub fn then(&mut self, what: &str) -> &mut Self {
        self.seen.push_str(&format!("# {what}\n\n"));
        self
    }

    /// Compares it with the file.
    ///
    /// # Panics
    ///
    /// If they differ.
    #[track_caller]
    pub fn matches(&self) {
        let got = Masks::new(&self.world).masked(self.seen.trim_end()) + "\n";
        let file = screens().join(format!("{}.txt", self.name));
        if std::env::var("CONVOSYNC_SCREENS").is_ok_and(|how| how == "write") {
            fs::write(&file, &got).expect("a screen");
            return;
        }
        let want = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(got, want, "{}\n--- got\n{got}--- want\n{want}", file.display());
    }
}

/// Where the screens are.
#[must_use]
pub fn screens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("screens")
}

fn word(arg: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./@=:".contains(c);
    if arg.chars().all(plain) { arg.to_owned() } else { format!("'{arg}'") }
}

/// A decision as text: off a terminal it is data.
fn asked(decision: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![format!("? {}", text(&decision["title"]))];
    let details = decision["details"].as_array().expect("details");
    lines.extend(details.iter().map(|line| format!("  {}", text(line)).trim_end().to_owned()));
    for choice in decision["choices"].as_array().expect("choices") {
        let best = if choice["recommended"] == true { " (recommended)" } else { "" };
        let (label, flag) = (text(&choice["label"]), text(&choice["flag"]));
        lines.push(format!("  [{label}]{best} {flag}").trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

/// Replaces what differs from run to run; the same thing by the same name.
struct Masks<'w> {
    world: &'w str,
    names: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
}

impl<'w> Masks<'w> {
    fn new(world: &'w str) -> Self {
        Self { world, names: BTreeMap::new(), counts: BTreeMap::new() }
    }

    fn masked(mut self, text: &str) -> String {
        let text = text.replace(self.world, "/world");
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(start) = rest.find(is_of_word) {
            let (before, from) = rest.split_at(start);
            let (word, after) = from.split_at(from.find(|c| !is_of_word(c)).unwrap_or(from.len()));
            out.push_str(before);
            out.push_str(&self.word(word));
            rest = after;
        }
        out.push_str(rest);
        measures(&out)
    }

    fn word(&mut self, word: &str) -> String {
        if let Some(session) = word.strip_prefix("session-").and_then(|rest| rest.get(..8)) {
            let name = self.name("session", &format!("session-{session}"));
            let more = &word["session-".len() + 8..];
            // What is put aside is named by letters of its own, and by what it was.
            let letters = more.get(..9).filter(|more| more.starts_with('-'));
            return match letters.and_then(|letters| more.strip_prefix(letters)) {
                Some(what) if what.is_empty() || what.starts_with('-') => {
                    format!("{name}-letters{what}")
                }
                _ => name + more,
            };
        }
        if let Some(commit) = word.strip_prefix("kept-").filter(|rest| rest.len() == 7) {
            return format!("kept-{}", self.name("commit", commit));
        }
        let parts: Vec<&str> = word.split('-').collect();
        if let [generation, device, count, letters] = parts[..]
            && [generation, device, letters].iter().all(|part| part.len() == 8)
            && generation.bytes().all(|byte| byte.is_ascii_digit())
            && count.bytes().all(|byte| byte.is_ascii_digit())
        {
            return self.name("save", word);
        }
        let hex = word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        match word.len() {
            7 | 40 | 64 if hex => self.name("commit", &word[..7]),
            _ => word.to_owned(),
        }
    }

    fn name(&mut self, kind: &'static str, thing: &str) -> String {
        if let Some(name) = self.names.get(thing) {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let name = format!("{kind}-{count}");
        self.names.insert(thing.to_owned(), name.clone());
        name
    }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

/// Sizes, ages and ports.
fn measures(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        out.push_str(before);
        let unit = [" B)", " KB)", " MB)", " seconds ago", " second ago"];
        let is_port = before.ends_with("127.0.0.1:") || out.ends_with("127.0.0.1:");
        match unit.iter().any(|unit| after.starts_with(unit)) || is_port {
            true => out.push('N'),
            false => out.push_str(number),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[test]
fn what_differs_from_run_to_run_has_a_name() {
    let text = "at 0123abc of session-abcdefgh (41 KB, 2 files)\n\
        00000001-aaaaaaaa-1-bbbbbbbb 0123abcdef0123abcdef0123abcdef0123abcdef00\n\
        0123abcdef0123abcdef0123abcdef0123abcdef refs/convosync/park/session-abcdefgh-zzzzzzzz\n\
        refs/convosync/park/session-abcdefgh-zzzzzzzz-branch session-abcdefgh-x\n\
        /tmp/x/desktop http://127.0.0.1:4711/p 3 seconds ago (1.5 MB)";
    let want = "at commit-1 of session-1 (41 KB, 2 files)\n\
        save-1 0123abcdef0123abcdef0123abcdef0123abcdef00\n\
        commit-1 refs/convosync/park/session-1-letters\n\
        refs/convosync/park/session-1-letters-branch session-1-x\n\
        /world/desktop http://127.0.0.1:N/p N seconds ago (N MB)";
    assert_eq!(Masks::new("/tmp/x").masked(text), want);
}
