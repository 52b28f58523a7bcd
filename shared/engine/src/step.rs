//! How the code here stands to the code that a conversation was saved with.

use convosync_core::Card;
use convosync_wire::{Standing, Step};

use crate::engine::Engine;
use crate::ports::{Facts, GitError, HeadState, Relation};

impl Engine<'_> {
    /// The code of a work tree beside that of a save; `None`: the save has none.
    ///
    /// # Errors
    ///
    /// If git fails.
    pub(crate) fn standing_of(
        &self,
        facts: &Facts,
        card: &Card,
    ) -> Result<Option<Standing>, GitError> {
        let Some(saved) = &card.commit else { return Ok(None) };
        let git = self.ports.git;
        let relation = match &facts.commit {
            Some(here) if here == saved => Some(Relation::Same),
            Some(here)
                if is_on_branch(facts, card) && git.has_commit(&facts.repository, saved)? =>
            {
                Some(git.relation(&facts.repository, here, saved)?)
            }
            _ => None,
        };
        let branch = match &facts.head {
            HeadState::Detached => None,
            head => head.branch().map(str::to_owned),
        };
        let commit = facts.commit.as_ref().map(ToString::to_string);
        Ok(Some(Standing { branch, commit, step: step(is_on_branch(facts, card), relation) }))
    }
}

fn is_on_branch(facts: &Facts, card: &Card) -> bool {
    let here = facts.head.branch().unwrap_or("HEAD");
    card.branch.as_deref() == Some(here)
}

/// What goes on from the conversation's code on its branch goes on with it.
fn step(is_on_branch: bool, relation: Option<Relation>) -> Step {
    match relation {
        Some(Relation::Same) if is_on_branch => Step::InStep,
        Some(Relation::Ahead(_)) if is_on_branch => Step::Ahead,
        _ => Step::OutOfStep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_branch_of_the_session_can_be_in_step() {
        assert_eq!(step(true, Some(Relation::Same)), Step::InStep);
        assert_eq!(step(true, Some(Relation::Ahead(2))), Step::Ahead);
        assert_eq!(step(true, Some(Relation::Behind(2))), Step::OutOfStep);
        assert_eq!(step(true, None), Step::OutOfStep);
        assert_eq!(step(false, Some(Relation::Same)), Step::OutOfStep);
    }
}
