//! A connection that is paid by the byte: what is big waits until the user asks for it.

use convosync_core::ObjectName;
use convosync_wire::Note;

use crate::engine::Engine;
use crate::member::Member;
use crate::ports::QueueRow;
use crate::trouble::Trouble;

/// What may be sent on a metered connection without asking: a save of an hour's work is smaller.
const MOST: u64 = 1_000_000;

impl Engine<'_> {
    /// That a save has to wait because it is big and the connection metered. A store on this
    /// machine costs nothing.
    pub(crate) fn too_dear(
        &self,
        member: &Member,
        row: &QueueRow,
    ) -> Result<Option<Note>, Trouble> {
        if !self.ports.settings.metered || member.profile.local_only {
            return Ok(None);
        }
        let unit = ObjectName::Unit { session: row.session.clone(), save: row.save.clone() };
        let parts = self.ports.outbox.list(&ObjectName::parts_of(&row.session))?;
        let units = self.ports.outbox.list(&unit.to_string())?;
        let bytes: u64 = parts.iter().chain(&units).map(|listed| listed.size).sum();
        Ok((bytes > MOST).then(|| Note {
            code: "convosync::config::metered".to_owned(),
            text: format!(
                "{} waits: {}.{} MB are much for a metered connection",
                row.session,
                bytes / 1_000_000,
                bytes / 100_000 % 10
            ),
            help: Some("send it all the same: `convosync sync`".to_owned()),
        }))
    }
}
