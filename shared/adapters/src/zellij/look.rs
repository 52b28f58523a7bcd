//! One look at the panes: three answers of Zellij that fit together.

#[cfg(test)]
mod tests;

use std::path::Path;

use convosync_engine::ports::{PanesError, Screen};

use super::call::{PAUSE, Zellij};
use super::dump::Dump;
use super::listing::Listing;

/// How often answers that do not fit together are asked for. They are an accident: panes came or went
/// in between, or Zellij had not a tenth of a second for a pane's directory.
const ROUNDS: usize = 5;

/// The panes of the session, as Zellij told them last if it never told all of them at once.
pub(super) fn look(
    zellij: &Zellij<'_>,
    session: &str,
    home: Option<&Path>,
) -> Result<Screen, PanesError> {
    let mut rounds = 1..=ROUNDS;
    let answers = loop {
        let answers = Answers::of(zellij)?;
        let last = rounds.next() == Some(ROUNDS);
        if last || answers.as_ref().is_ok_and(Answers::are_final) {
            break answers;
        }
        std::thread::sleep(PAUSE);
    };
    let answers = answers.map_err(|reason| zellij.failed("understand its panes", &reason))?;
    let partial = !answers.know_the_same_tabs();
    let tabs = answers.listing.tabs(answers.dump.unwrap_or_default(), home);
    Ok(Screen { session: session.to_owned(), tabs, partial })
}

/// What Zellij says when it is asked for all that it knows.
struct Answers {
    listing: Listing,
    /// None: it was not told. It adds names and the bounds of words; the panes are known without.
    dump: Option<Dump>,
}

impl Answers {
    /// Gives why they can't be understood, if that is so.
    fn of(zellij: &Zellij<'_>) -> Result<Result<Self, String>, PanesError> {
        let what = "ask for the panes";
        // One after the other: Zellij confuses callers that come and go at the same time.
        let panes = zellij.ask(what, &["list-panes", "--all", "--json"])?;
        let tabs = zellij.ask(what, &["list-tabs", "--all", "--json"])?;
        let dump = zellij.ask(what, &["dump-layout"]);
        let dump = dump.ok().map(|text| Dump::parse(&text));
        Ok(Listing::parse(&panes, &tabs).map(|listing| Self { listing, dump }))
    }

    /// They fit together, or nothing more will come: for what was not told Zellij was asked long.
    fn are_final(&self) -> bool {
        self.dump.is_none() || (self.know_the_same_tabs() && self.listing.is_whole())
    }

    fn know_the_same_tabs(&self) -> bool {
        self.dump.as_ref().is_some_and(|dump| self.listing.is_of(dump))
    }
}
