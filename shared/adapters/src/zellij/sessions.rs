//! The sessions of Zellij on this machine.

use std::collections::BTreeMap;

/// Sessions by name, and whether they run: those that ended can be brought to life again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sessions(BTreeMap<String, bool>);

impl Sessions {
    /// Reads `list-sessions --no-formatting`: `NAME [Created 1h ago] (EXITED - attach to resurrect)`.
    pub(super) fn parse(text: &str) -> Self {
        let session = |line: &str| {
            let (name, rest) = line.split_once(" [Created ")?;
            Some((name.to_owned(), !rest.contains("(EXITED")))
        };
        Self(text.lines().filter_map(session).collect())
    }

    pub(super) fn is_running(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|runs| *runs)
    }

    /// The name, or one like it that no session has: one that ended is the user's to bring back.
    pub(super) fn free(&self, name: &str) -> String {
        let more = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(more);
        names.find(|name| !self.0.contains_key(name)).expect("numbers do not end")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_that_ended_keep_their_names() {
        let text = "shop [Created 5s ago] (current)\n\
                    a b [Created 2h 3m ago] (EXITED - attach to resurrect)\nnoise\n";
        let sessions = Sessions::parse(text);
        assert!(sessions.is_running("shop") && !sessions.is_running("a b"));
        assert_eq!(sessions.free("a b"), "a b-2");
        assert_eq!(sessions.free("new"), "new");
    }
}
