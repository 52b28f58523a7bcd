//! What a work tree is working on: the session that its next save goes on with.

use std::path::{Path, PathBuf};

use convosync_core::{
    Account, ConversationId, SaveId, Sealed, SessionId, local_digest, open_value, seal_value,
};

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{IndexChange, Table};
use crate::trouble::Trouble;

/// A work tree's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) session: SessionId,
    /// The save that was made or brought back here last.
    pub(crate) tip: SaveId,
    /// The main conversation then.
    pub(crate) conversation: Option<ConversationId>,
    /// Whether the next save goes on with the session: false after `resume --at` of an old save.
    pub(crate) continues: bool,
    /// Whether it came back to other code than its own, as by `--stay-on-branch`; until then or
    /// until that is seen to be over.
    pub(crate) elsewhere: bool,
    /// The work tree.
    pub(crate) root: PathBuf,
}

impl Binding {
    /// One field a line; the path last, since it may hold anything.
    fn encode(&self) -> Vec<u8> {
        let conversation = self.conversation.as_ref().map_or("", ConversationId::as_str);
        let continues = if self.continues { "continues" } else { "ends" };
        let elsewhere = if self.elsewhere { " elsewhere" } else { "" };
        format!(
            "{}\n{}\n{}\n{}{}\n{}",
            self.session,
            self.tip,
            conversation,
            continues,
            elsewhere,
            self.root.display()
        )
        .into_bytes()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.splitn(5, '\n');
        let session = lines.next()?.parse().ok()?;
        let tip = lines.next()?.parse().ok()?;
        let conversation = match lines.next()? {
            "" => None,
            id => Some(id.parse().ok()?),
        };
        let words = lines.next()?;
        let continues = words.starts_with("continues");
        let elsewhere = words.ends_with(" elsewhere");
        let root = PathBuf::from(lines.next()?);
        Some(Self { session, tip, conversation, continues, elsewhere, root })
    }
}

const LABEL: &str = "work-tree";

pub(crate) fn key(account: &Account, root: &Path) -> String {
    local_digest(account, LABEL, root.as_os_str().as_encoded_bytes())
}

impl Engine<'_> {
    pub(crate) fn binding(&self, member: &Member, root: &Path) -> Result<Option<Binding>, Trouble> {
        let account = &member.profile.account;
        let Some(sealed) = self.ports.index.get(Table::WorkTrees, &key(account, root))? else {
            return Ok(None);
        };
        Ok(open_value(account, LABEL, &sealed).ok().and_then(|plain| Binding::decode(&plain)))
    }

    /// Whether two values of the index say the same of a work tree: each is sealed anew.
    pub(crate) fn same_binding(
        &self,
        member: &Member,
        one: Option<&[u8]>,
        other: Option<&[u8]>,
    ) -> bool {
        let read = |bytes: Option<&[u8]>| {
            let sealed = Sealed::received(bytes?.to_vec());
            let plain = open_value(&member.profile.account, LABEL, &sealed).ok()?;
            Binding::decode(&plain)
        };
        read(one) == read(other)
    }

    /// Every work tree of this device that has a session.
    pub(crate) fn bindings(&self, member: &Member) -> Result<Vec<Binding>, Trouble> {
        let account = &member.profile.account;
        let all = self.ports.index.all(Table::WorkTrees)?;
        Ok(all
            .iter()
            .filter_map(|(_, sealed)| open_value(account, LABEL, sealed).ok())
            .filter_map(|plain| Binding::decode(&plain))
            .collect())
    }

    pub(crate) fn bind(&self, member: &Member, binding: &Binding) -> IndexChange {
        let account = &member.profile.account;
        let sealed = seal_value(account, LABEL, &binding.encode(), &mut self.random());
        IndexChange::Put(Table::WorkTrees, key(account, &binding.root), sealed)
    }

    /// A value of the index that only this device needs.
    pub(crate) fn remembered(
        &self,
        member: &Member,
        table: Table,
        label: &str,
        of: &[u8],
    ) -> Result<Option<String>, Trouble> {
        let account = &member.profile.account;
        let sealed = self.ports.index.get(table, &local_digest(account, label, of))?;
        Ok(sealed
            .and_then(|sealed| open_value(account, label, &sealed).ok())
            .and_then(|plain| String::from_utf8(plain.to_vec()).ok()))
    }

    pub(crate) fn remember(
        &self,
        member: &Member,
        table: Table,
        label: &str,
        of: &[u8],
        value: &str,
    ) -> IndexChange {
        let account = &member.profile.account;
        let sealed = seal_value(account, label, value.as_bytes(), &mut self.random());
        IndexChange::Put(table, local_digest(account, label, of), sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_comes_back_and_one_of_an_older_version_too() {
        for (continues, elsewhere) in [(true, true), (true, false), (false, true), (false, false)] {
            let binding = Binding {
                session: "session-aaaaaaaa".parse().unwrap(),
                tip: "00000002-aaaaaaaa-2-aaaaaaaa".parse().unwrap(),
                conversation: None,
                continues,
                elsewhere,
                root: PathBuf::from("/w/a\nb"),
            };
            assert_eq!(Binding::decode(&binding.encode()), Some(binding));
        }
        let old = b"session-aaaaaaaa\n00000002-aaaaaaaa-2-aaaaaaaa\n\ncontinues\n/w";
        assert!(Binding::decode(old).is_some_and(|old| old.continues && !old.elsewhere));
    }
}
