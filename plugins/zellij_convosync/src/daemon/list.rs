//! The sessions that sidebars show: asked for page by page, and kept within a message.

use convosync_wire::{Failure, ListArgs, SessionRow, Verb};

use super::{Daemon, For, is_of_helper, understood};
use crate::answer::Answer;
use crate::helper;
use crate::host::Effect;
use crate::talk::Sessions;

/// Sessions that are asked for at once.
pub(super) const PAGE: u64 = 100;

/// Most sessions that are kept: all sidebars have a copy of them in 16 MiB each.
pub(super) const MOST_SESSIONS: usize = 300;

/// Most bytes of their rows: with what is around them they are a message of less than
/// [`MOST_BYTES`](convosync_wire::zellij::MOST_BYTES).
const MOST_OF_ROWS: usize = 200 * 1024;

/// Most letters of a message or a title that are kept: nothing shows more.
pub(super) const LONGEST: usize = 200;

impl Daemon {
    /// Asks for the sessions; `offline` asks no store.
    pub(super) fn list(&mut self, offline: bool) -> Vec<Effect> {
        if self.running.values().any(|what| matches!(what, For::List { .. })) {
            self.again.insert(offline);
            return Vec::new();
        }
        vec![self.list_from(offline, 0)]
    }

    fn list_from(&mut self, offline: bool, skip: u64) -> Effect {
        let args = ListArgs { limit: Some(self.wanted), offline, ..ListArgs::default() };
        let place = self.terminal.active().map(|tab| self.terminal.place(tab)).unwrap_or_default();
        let call = helper::call(self.next, skip, None, &helper::written(&Verb::List(args)));
        let argv = helper::argv(&self.program, place.directory.as_deref(), call);
        self.run(For::List { offline, skip }, argv, None)
    }

    pub(super) fn listed(
        &mut self,
        offline: bool,
        skip: u64,
        returned: Result<(String, u64), Failure>,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        match understood(returned) {
            Ok((Answer::Sessions(listed), left)) => {
                let came = listed.rows.len() as u64;
                let has_room = self.take_rows(skip, listed.rows);
                if left > 0 && came > 0 && has_room {
                    effects.push(self.list_from(offline, skip + came));
                    return effects;
                }
                let more = has_room && skip + came >= self.wanted;
                let is_newest = self.again.is_empty();
                let sessions = self.sessions_mut();
                (sessions.more, sessions.listed) = (more, true);
                if is_newest {
                    let rows = &sessions.rows;
                    sessions.fresh.retain(|id| rows.iter().any(|row| row.session_id == *id));
                }
                self.trouble.take_if(|failure| is_of_helper(failure));
            }
            Ok((Answer::Failed(failure), _)) | Err(failure) => self.trouble = Some(failure),
            Ok(_) => self.trouble = Some(helper::unexpected()),
        }
        // The store's answer has all that a look without it has.
        if let Some(offline) = self.again.pop_first() {
            self.again.clear();
            effects.extend(self.list(offline));
        }
        effects
    }

    /// Takes as many rows as there is room for; whether there is room for more.
    pub(super) fn take_rows(&mut self, skip: u64, rows: Vec<SessionRow>) -> bool {
        let had = usize::try_from(skip).unwrap_or(usize::MAX);
        let kept = &mut self.sessions_mut().rows;
        kept.truncate(had);
        let mut bytes: usize = kept.iter().map(size).sum();
        for row in rows.into_iter().map(shortened) {
            bytes = bytes.saturating_add(size(&row));
            if kept.len() >= MOST_SESSIONS || bytes > MOST_OF_ROWS {
                return false;
            }
            kept.push(row);
        }
        kept.len() < MOST_SESSIONS
    }

    pub(super) fn sessions_mut(&mut self) -> &mut Sessions {
        self.revision += 1;
        &mut self.sessions
    }
}

/// Bytes of a row in a message.
fn size(row: &SessionRow) -> usize {
    serde_json::to_string(row).map_or(usize::MAX, |row| row.len())
}

fn shortened(row: SessionRow) -> SessionRow {
    let short = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let (message, title) = (short(&row.message), row.title.as_deref().map(short));
    SessionRow { message, title, ..row }
}
