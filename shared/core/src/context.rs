//! The git context of a conversation: on which branch and at which commit its messages were
//! written.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::id::Oid;

/// Spans of a conversation that are kept, the newest ones.
pub const MAX_SPANS: usize = 1000;

/// Messages whose times a reading keeps, the newest ones.
const MOST_TURNS: usize = 20_000;

/// One message, as far as its context counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// When it was written, milliseconds since 1970.
    pub time_ms: Option<i64>,
    /// The branch that the assistant's client was on.
    pub branch: Option<Arc<str>>,
}

/// The messages of a transcript in their order. Of a very long one the newest are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turns {
    dropped: u64,
    kept: VecDeque<Spoken>,
}

impl Turns {
    /// Adds a message.
    pub fn push(&mut self, turn: Spoken) {
        if self.kept.len() == MOST_TURNS {
            self.kept.pop_front();
            self.dropped += 1;
        }
        self.kept.push_back(turn);
    }

    /// The number of the last message.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.dropped + self.kept.len() as u64
    }

    /// Every message after this one, with its number; the first one is 1.
    pub fn after(&self, number: u64) -> impl Iterator<Item = (u64, &Spoken)> {
        let skip = usize::try_from(number.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        (self.dropped + 1..).zip(&self.kept).skip(skip)
    }

    /// The same without what follows on a message.
    #[must_use]
    pub fn up_to(&self, number: u64) -> Self {
        let keep = usize::try_from(number.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        Self {
            dropped: self.dropped.min(number),
            kept: self.kept.iter().take(keep).cloned().collect(),
        }
    }
}

/// Messages in a row that have the same context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The first message; 1 is the conversation's first.
    pub first: u64,
    /// The last message.
    pub last: u64,
    /// The branch, if it is known.
    pub branch: Option<String>,
    /// The commit, if it is known.
    pub commit: Option<Oid>,
    /// Whether the commit is that of the save which first held these messages; else it is where
    /// HEAD was at their time by the clone's own record.
    pub exact: bool,
}

/// That HEAD went to a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadMove {
    /// When, seconds since 1970.
    pub at_s: i64,
    /// Where to.
    pub to: Oid,
}

/// The code that a save holds.
#[derive(Debug, Clone, Copy)]
pub struct SavedCode<'a> {
    /// Its branch.
    pub branch: &'a str,
    /// Its commit.
    pub commit: &'a Oid,
}

/// The context of all messages: what was known of the first ones, and what a save tells of those
/// that came after them.
///
/// A message has the save's commit if it was written on its branch and HEAD has not been anywhere
/// else since. Else it has the commit that HEAD was at, if `moves` (in any order) tells.
#[must_use]
pub fn spans(
    before: &[Span],
    turns: &Turns,
    save: Option<SavedCode<'_>>,
    moves: &[HeadMove],
) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for span in before.iter().filter(|span| span.first <= turns.count()) {
        let last = span.last.min(turns.count());
        join(&mut spans, Span { last, ..span.clone() });
    }
    let known = spans.last().map_or(0, |span| span.last);
    let mut moves: Vec<&HeadMove> = moves.iter().collect();
    moves.sort_by_key(|moved| moved.at_s);
    let mut time = None;
    for (number, turn) in turns.after(known) {
        time = turn.time_ms.or(time);
        let (commit, exact) = commit_of(turn, time, save, &moves);
        let branch = turn.branch.as_deref().or(save.filter(|_| exact).map(|save| save.branch));
        let branch = branch.map(str::to_owned);
        join(&mut spans, Span { first: number, last: number, branch, commit, exact });
    }
    let surplus = spans.len().saturating_sub(MAX_SPANS);
    spans.drain(..surplus);
    spans
}

/// The commit of a message, and whether it is the save's.
fn commit_of(
    turn: &Spoken,
    time_ms: Option<i64>,
    save: Option<SavedCode<'_>>,
    moves: &[&HeadMove],
) -> (Option<Oid>, bool) {
    // HEAD moves in whole seconds: one in the same second came after the message.
    let seconds = time_ms.map(|ms| ms.div_euclid(1000));
    let since = seconds.map(|at| moves.partition_point(|moved| moved.at_s < at));
    if let Some(save) = save {
        let branch = turn.branch.as_deref().is_none_or(|branch| branch == save.branch);
        let stayed =
            since.is_some_and(|since| moves[since..].iter().all(|moved| moved.to == *save.commit));
        if branch && (stayed || moves.is_empty()) {
            return (Some(save.commit.clone()), true);
        }
    }
    let then = since.and_then(|since| moves.get(since.checked_sub(1)?));
    (then.map(|moved| moved.to.clone()), false)
}

/// Adds messages to those before, as one span where they have the same context.
fn join(spans: &mut Vec<Span>, next: Span) {
    match spans.last_mut() {
        Some(last)
            if last.last + 1 == next.first
                && (&last.branch, &last.commit, last.exact)
                    == (&next.branch, &next.commit, next.exact) =>
        {
            last.last = next.last;
        }
        _ => spans.push(next),
    }
}

/// Whether spans are what [`spans`] makes: they come from another device.
pub(crate) fn are_in_order(spans: &[Span]) -> bool {
    let each = spans.iter().all(|span| 0 < span.first && span.first <= span.last);
    each && spans.len() <= MAX_SPANS && spans.windows(2).all(|pair| pair[0].last < pair[1].first)
}

/// What two devices know alike from the first message on.
#[must_use]
pub fn common_spans(one: &[Span], other: &[Span]) -> Vec<Span> {
    let same = one.iter().zip(other).take_while(|(one, other)| one == other);
    same.map(|(span, _)| span.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(letter: char) -> Oid {
        letter.to_string().repeat(40).parse().expect("an id")
    }

    /// Messages by minute and branch.
    fn turns(of: &[(i64, &str)]) -> Turns {
        let mut turns = Turns::default();
        for (minute, branch) in of {
            turns.push(Spoken { time_ms: Some(minute * 60_000), branch: Some((*branch).into()) });
        }
        turns
    }

    fn moved(minute: i64, to: char) -> HeadMove {
        HeadMove { at_s: minute * 60, to: oid(to) }
    }

    #[track_caller]
    fn check(before: &[Span], turns: &Turns, save: (&str, char), moves: &[HeadMove], want: &str) {
        let commit = oid(save.1);
        let save = SavedCode { branch: save.0, commit: &commit };
        let got = spans(before, turns, Some(save), moves);
        assert_eq!(told(&got), want);
        assert!(are_in_order(&got), "{got:?}");
    }

    /// `1-2 main ~a, 3 oauth b`.
    fn told(spans: &[Span]) -> String {
        let told = spans.iter().map(|span| {
            let mark = if span.exact { "" } else { "~" };
            let commit = span.commit.as_ref().map_or("?", |oid| &oid.as_str()[..1]);
            let branch = span.branch.as_deref().unwrap_or("?");
            format!("{}-{} {branch} {mark}{commit}", span.first, span.last)
        });
        told.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn messages_on_the_saves_branch_have_its_commit_and_others_where_head_was() {
        let talk = turns(&[(1, "main"), (2, "main"), (4, "oauth"), (5, "oauth")]);
        let moves = [moved(0, 'a'), moved(3, 'a'), moved(6, 'b')];
        check(&[], &talk, ("oauth", 'b'), &moves, "1-2 main ~a, 3-4 oauth b");
    }

    #[test]
    fn what_was_committed_by_hand_in_between_is_told_by_heads_own_record() {
        let talk = turns(&[(1, "main"), (3, "main"), (5, "main")]);
        let moves = [moved(0, 'a'), moved(2, 'b'), moved(4, 'c'), moved(6, 'd')];
        check(&[], &talk, ("main", 'd'), &moves, "1-1 main ~a, 2-2 main ~b, 3-3 main d");
        // The record begins too late, as in a fresh clone.
        check(&[], &talk, ("main", 'd'), &moves[2..], "1-2 main ~?, 3-3 main d");
        // There is none at all.
        check(&[], &talk, ("main", 'd'), &[], "1-3 main d");
    }

    #[test]
    fn a_save_adds_to_what_is_known_and_changes_nothing_of_it() {
        let talk = turns(&[(1, "main"), (2, "main"), (3, "main")]);
        let commit = oid('a');
        let save = SavedCode { branch: "main", commit: &commit };
        let first = spans(&[], &talk.up_to(2), Some(save), &[]);
        check(&first, &talk, ("main", 'b'), &[moved(9, 'b')], "1-2 main a, 3-3 main b");
        check(&first, &talk, ("main", 'a'), &[], "1-3 main a");
        // Fewer messages than before: what is gone has no context.
        check(&first, &talk.up_to(1), ("main", 'b'), &[], "1-1 main a");
    }

    #[test]
    fn what_is_not_known_stays_blank() {
        let mut talk = Turns::default();
        talk.push(Spoken { time_ms: None, branch: None });
        assert_eq!(told(&spans(&[], &talk, None, &[moved(1, 'a')])), "1-1 ? ~?");
        check(&[], &talk, ("main", 'b'), &[moved(1, 'a')], "1-1 ? ~?");
        check(&[], &talk, ("main", 'b'), &[], "1-1 main b");
    }

    #[test]
    fn of_a_very_long_conversation_the_newest_messages_count() {
        let mut talk = Turns::default();
        for minute in 0..=MOST_TURNS as i64 {
            talk.push(Spoken { time_ms: Some(minute), branch: None });
        }
        assert_eq!(talk.count(), MOST_TURNS as u64 + 1);
        assert_eq!(talk.after(0).next().map(|(number, _)| number), Some(2));
        assert_eq!(talk.after(MOST_TURNS as u64).count(), 1);
        assert_eq!(talk.up_to(5).count(), 5);
    }

    #[test]
    fn of_two_devices_the_common_beginning_is_known() {
        let talk = turns(&[(1, "main"), (2, "oauth"), (3, "main")]);
        let (a, b) = (oid('a'), oid('b'));
        let on = |commit| Some(SavedCode { branch: "main", commit });
        let one = spans(&[], &talk, on(&a), &[]);
        let other = spans(&[], &talk, on(&b), &[]);
        assert_eq!(common_spans(&one, &one), one);
        assert!(common_spans(&one, &other).is_empty());
    }
}
