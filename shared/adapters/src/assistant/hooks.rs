//! Hooks in Claude Code's own settings: that it calls ConvoSync after a turn, and at its end.
//!
//! The file is the user's. What is added is text between theirs, and it is taken out again as text:
//! their own spaces, order and numbers stay as they are, byte for byte.
//!
//! Format: `{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "…"}]}]}}`, as the
//! documentation of Claude Code 2.1 has it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::json::{self, Broken, Node};
use crate::durable;

/// Longer files are no settings.
const LONGEST: u64 = 4 << 20;

/// What a command of ours ends with, wherever the program lies.
const CALL: &str = " hook claude-code";

/// A file that holds nothing.
const EMPTY: &str = "{\n}\n";

/// When Claude Code calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookEvent {
    /// After each turn.
    Stop,
    /// At the end of a conversation.
    SessionEnd,
}

impl HookEvent {
    const ALL: [Self; 2] = [Self::Stop, Self::SessionEnd];

    /// As Claude Code calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "Stop",
            Self::SessionEnd => "SessionEnd",
        }
    }
}

/// Why the settings of Claude Code stay as they are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HooksError {
    /// They are no JSON, or `hooks` is something else than the documentation says.
    #[error("{path} can't be read as settings of Claude Code: {reason}")]
    Form {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// They can't be read or written.
    #[error("{path}: {reason}")]
    Io {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
}

/// The user's settings of Claude Code.
#[derive(Debug, Clone)]
pub struct ClaudeHooks {
    path: PathBuf,
}

impl ClaudeHooks {
    /// Those in Claude Code's folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join("settings.json") }
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether `program` would have to be added or taken out so that it is called at these events
    /// and at no other.
    ///
    /// # Errors
    ///
    /// [`HooksError`].
    pub fn differ(&self, events: &[HookEvent], program: &str) -> Result<bool, HooksError> {
        let before = self.read()?;
        Ok(self.arranged(&before, events, program)? != before)
    }

    /// Lets Claude Code call `program` at these events and at no other. Gives whether the file
    /// changed; all else in it stays.
    ///
    /// # Errors
    ///
    /// [`HooksError`]; the file is as before.
    pub fn arrange(&self, events: &[HookEvent], program: &str) -> Result<bool, HooksError> {
        let before = self.read()?;
        let after = self.arranged(&before, events, program)?;
        if after == before {
            return Ok(false);
        }
        self.write(&before, &after).map(|()| true)
    }

    fn arranged(
        &self,
        before: &str,
        events: &[HookEvent],
        program: &str,
    ) -> Result<String, HooksError> {
        let command = format!("{program}{CALL}");
        arrange(before, events, &command)
            .map_err(|Broken(reason)| HooksError::Form { path: self.shown(), reason })
    }

    fn read(&self) -> Result<String, HooksError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(EMPTY.to_owned()),
            Ok(facts) if !facts.is_file() || facts.len() > LONGEST => {
                return Err(self.io("it is no file of settings"));
            }
            _ => {}
        }
        let text = fs::read_to_string(&self.path).map_err(|error| self.io(&error.to_string()))?;
        Ok(if text.trim().is_empty() { EMPTY.to_owned() } else { text })
    }

    /// Writes beside the file and renames, unless somebody else wrote it meanwhile.
    fn write(&self, before: &str, after: &str) -> Result<(), HooksError> {
        // A link to where the user really keeps it stays one.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        if self.read()? != before {
            return Err(self.io("it was changed meanwhile"));
        }
        replace(&path, after.as_bytes()).map_err(|error| self.io(&error.to_string()))
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn io(&self, reason: &str) -> HooksError {
        HooksError::Io { path: self.shown(), reason: reason.to_owned() }
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    durable::make_folder(path.parent().unwrap_or(Path::new("/")))?;
    let mode = fs::metadata(path).map(|facts| facts.permissions()).ok();
    durable::replace(path, ".settings.json.", mode, bytes)
}

/// The text with our command at these events and at no other.
fn arrange(text: &str, events: &[HookEvent], command: &str) -> Result<String, Broken> {
    let mut text = text.to_owned();
    for event in HookEvent::ALL {
        if events.contains(&event) {
            text = add(&text, event.as_str(), command)?.unwrap_or(text);
            continue;
        }
        // Each time the text gets shorter, so this ends.
        while let Some(shorter) = take_out(&text, event.as_str())? {
            text = shorter;
        }
    }
    Ok(text)
}

/// Adds the command, or mends the path of it. `None`: it is there.
fn add(text: &str, event: &str, command: &str) -> Result<Option<String>, Broken> {
    let quoted = json::quoted(command);
    let call = format!(r#"{{"hooks": [{{"type": "command", "command": {quoted}}}]}}"#);
    let top = json::parse(text)?;
    let Some(hooks) = object(&top, "the file")?.member("hooks") else {
        let value = |indent: &str| match indent {
            "" => format!(r#"{{"{event}": [{call}]}}"#),
            of => format!("{{{of}  \"{event}\": [{of}    {call}{of}  ]{of}}}"),
        };
        return Ok(Some(top.with_member(text, "hooks", value)));
    };
    let Some(groups) = object(hooks, "`hooks`")?.member(event) else {
        let value = |indent: &str| match indent {
            "" => format!("[{call}]"),
            of => format!("[{of}  {call}{of}]"),
        };
        return Ok(Some(hooks.with_member(text, event, value)));
    };
    let groups = items(groups, event).map(|_| groups)?;
    match ours(groups) {
        None => Ok(Some(groups.with_item(text, &call))),
        Some(Found { text: old, said, .. }) if said != command => {
            Ok(Some([&text[..old.start], &quoted, &text[old.end..]].concat()))
        }
        Some(_) => Ok(None),
    }
}

/// Takes one of our commands out, with what would be left empty. `None`: there is none.
fn take_out(text: &str, event: &str) -> Result<Option<String>, Broken> {
    let top = json::parse(text)?;
    let Some(hooks) = top.member("hooks") else { return Ok(None) };
    let Some(groups) = hooks.member(event) else { return Ok(None) };
    let Some(found) = ours(groups) else { return Ok(None) };
    let group = &groups.items()[found.group];
    let calls = group.member("hooks").map_or(0, |calls| calls.items().len());
    Ok(Some(match (calls, groups.items().len(), hooks.len()) {
        (2.., ..) => {
            let calls = group.member("hooks").expect("it was found in there");
            calls.without(text, found.call)
        }
        (_, 2.., _) => groups.without(text, found.group),
        (_, _, 2..) => hooks.without_member(text, event),
        _ => top.without_member(text, "hooks"),
    }))
}

/// Where a command of ours stands.
struct Found {
    group: usize,
    call: usize,
    /// Its text with the quotes.
    text: std::ops::Range<usize>,
    said: String,
}

fn ours(groups: &Node) -> Option<Found> {
    groups.items().iter().enumerate().find_map(|(group, node)| {
        node.member("hooks")?.items().iter().enumerate().find_map(|(call, node)| {
            let command = node.member("command")?;
            let said = command.text()?.to_owned();
            said.ends_with(CALL).then(|| Found { group, call, text: command.span(), said })
        })
    })
}

fn object<'n>(node: &'n Node, what: &str) -> Result<&'n Node, Broken> {
    if node.is_object() { Ok(node) } else { Err(Broken(format!("{what} is no object"))) }
}

fn items<'n>(node: &'n Node, what: &str) -> Result<&'n [Node], Broken> {
    if node.is_array() {
        Ok(node.items())
    } else {
        Err(Broken(format!("`hooks.{what}` is no list")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "convosync hook claude-code";
    const BOTH: [HookEvent; 2] = HookEvent::ALL;

    /// Adds and takes out, which has to give back what was there.
    #[track_caller]
    fn there_and_back(text: &str) -> String {
        let with = arrange(text, &BOTH, OURS).expect("settings");
        assert_eq!(arrange(&with, &BOTH, OURS).expect("settings"), with, "twice is once");
        let value: serde_json::Value = serde_json::from_str(&with).expect("still JSON");
        for event in BOTH {
            let groups = value["hooks"][event.as_str()].as_array().expect("a list");
            let calls = groups.iter().flat_map(|group| group["hooks"].as_array().expect("a list"));
            assert_eq!(calls.filter(|call| call["command"] == OURS).count(), 1, "{with}");
        }
        assert_eq!(arrange(&with, &[], OURS).expect("settings"), text);
        with
    }

    #[test]
    fn what_is_added_stands_as_the_user_would_write_it() {
        let with = there_and_back("{\n  \"model\": \"opus\"\n}\n");
        let want = r#"{
  "model": "opus",
  "hooks": {
    "Stop": [
      {"hooks": [{"type": "command", "command": "convosync hook claude-code"}]}
    ],
    "SessionEnd": [
      {"hooks": [{"type": "command", "command": "convosync hook claude-code"}]}
    ]
  }
}
"#;
        assert_eq!(with, want);
    }

    #[test]
    fn no_byte_of_the_user_is_lost() {
        for text in [
            EMPTY,
            "{}",
            "{ }",
            r#"{"a":1}"#,
            "{\"a\": 1.50e3, \"\\u0061\": \"\\u00e4\\n\"}\n\n",
            "{\n\t\"permissions\": {\n\t\t\"allow\": [ \"Bash(ls:*)\" ]\n\t}\n}",
            "{\"hooks\": {\"PreToolUse\": [{\"matcher\": \"Bash\", \"hooks\": []}]}, \"z\":[]}",
            "{\n  \"hooks\": {\n    \"Stop\": [\n      {\n        \"hooks\": [\n          {\"type\": \"command\", \"command\": \"say done\"}\n        ]\n      }\n    ]\n  },\n  \"x\" : null }",
        ] {
            there_and_back(text);
        }
    }

    #[test]
    fn a_command_of_ours_among_the_users_own_is_taken_out_alone() {
        let text = r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"/opt/convosync hook claude-code"}, {"type":"command","command":"say done"}]}]}}"#;
        let without = arrange(text, &[], OURS).expect("settings");
        let want = r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"say done"}]}]}}"#;
        assert_eq!(without, want);
        // One that lies elsewhere now is mended, not doubled.
        let moved = arrange(text, &[HookEvent::Stop], OURS).expect("settings");
        assert_eq!(moved, text.replace("/opt/convosync", "convosync"));
    }

    #[test]
    fn a_program_of_any_name_is_added_once_and_taken_out() {
        for program in ["/opt/cs", "'/a b/helper'"] {
            let command = format!("{program}{CALL}");
            let with = arrange("{}", &BOTH, &command).expect("settings");
            assert_eq!(with.matches(CALL).count(), 2, "{with}");
            assert_eq!(arrange(&with, &BOTH, &command).expect("settings"), with);
            assert_eq!(arrange(&with, &[], &command).expect("settings"), "{}");
        }
    }

    #[test]
    fn what_is_no_settings_stays() {
        for text in ["", "[]", "{", "{\"hooks\": 3}", "{\"hooks\": {\"Stop\": {}}}", "{} x"] {
            assert!(arrange(text, &BOTH, OURS).is_err(), "{text}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let hooks = ClaudeHooks::new(folder.path());
        fs::write(hooks.path(), "{nonsense").expect("a file");
        assert!(hooks.arrange(&BOTH, "convosync").is_err());
        assert_eq!(fs::read_to_string(hooks.path()).expect("a file"), "{nonsense");
    }

    #[test]
    fn a_file_is_made_kept_linked_and_keeps_its_mode() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let hooks = ClaudeHooks::new(&folder.path().join("new"));
        assert!(hooks.differ(&BOTH, "convosync").expect("read"));
        assert!(hooks.arrange(&BOTH, "convosync").expect("made"));
        assert!(!hooks.arrange(&BOTH, "convosync").expect("as before"));
        let real = folder.path().join("dotfiles.json");
        fs::write(&real, "{}").expect("a file");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("a mode");
        fs::remove_file(hooks.path()).expect("removed");
        symlink(&real, hooks.path()).expect("a link");
        assert!(hooks.arrange(&[HookEvent::Stop], "convosync").expect("written"));
        assert!(hooks.path().is_symlink());
        assert!(fs::read_to_string(&real).expect("a file").contains("Stop"));
        let mode = fs::metadata(&real).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[{}\\[\\]\",: a-zé\\\\\n]{0,40}") {
            let _ = arrange(&text, &BOTH, OURS);
            let _ = arrange(&text, &[], OURS);
        }
    }
}
