//! What is new in a list that is asked for again and again.

use std::collections::BTreeSet;

use crate::report::SessionRow;

/// The saves that a watcher has seen.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// Session, time and device of each; none before the first look.
    seen: Option<BTreeSet<(String, i64, String)>>,
}

impl News {
    /// The rows that were not there at an earlier look, oldest first. At the first look nothing is
    /// new.
    pub fn of(&mut self, rows: Vec<SessionRow>) -> Vec<SessionRow> {
        let first = self.seen.is_none();
        let seen = self.seen.get_or_insert_default();
        let mut news = rows;
        news.retain(|row| seen.insert((row.session_id.clone(), row.timestamp, row.device.clone())));
        if first {
            news.clear();
        }
        news.sort_by_key(|row| row.timestamp);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SessionState;

    fn row(session: &str, timestamp: i64) -> SessionRow {
        SessionRow {
            session_id: session.to_owned(),
            timestamp,
            device: "laptop".to_owned(),
            device_kind: "laptop".to_owned(),
            branch: None,
            commit: None,
            message: String::new(),
            message_count: 0,
            size: 0,
            repository: String::new(),
            working_directory: String::new(),
            conversation_id: None,
            state: SessionState::Synced,
            pinned: false,
            title: None,
            holds: Default::default(),
            uncommitted: Default::default(),
        }
    }

    #[test]
    fn only_saves_that_came_since_are_news_and_each_of_them_once() {
        let mut news = News::default();
        assert_eq!(news.of(vec![row("a", 1)]), []);
        assert_eq!(news.of(vec![row("a", 1)]), []);
        let (again, other) = (row("a", 5), row("b", 3));
        assert_eq!(news.of(vec![again.clone(), other.clone()]), [other, again]);
        // A store that lags behind shows an older one for a while.
        assert_eq!(news.of(vec![row("a", 1), row("b", 3)]), []);
    }

    #[test]
    fn where_nothing_was_saved_yet_the_first_save_is_news() {
        let mut news = News::default();
        assert_eq!(news.of(Vec::new()), []);
        assert_eq!(news.of(vec![row("a", 1)]), [row("a", 1)]);
    }
}
