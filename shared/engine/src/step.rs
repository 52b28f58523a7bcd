//! How the code here stands to the code that a conversation was saved with.

use convosync_core::{Card, SessionId};
use convosync_wire::{Note, SessionRow, SessionState, Standing, Step};

use crate::bind::Binding;
use crate::engine::Engine;
use crate::member::Member;
use crate::ports::{Facts, GitError, HeadState, Relation};
use crate::trouble::Trouble;

/// A session that was brought back to a work tree on other code, which still is on other code.
pub(crate) struct Away {
    session: SessionId,
    /// The session's branch and commit.
    saved: String,
    /// Those of the work tree.
    here: String,
}

impl Away {
    /// Says so in the session's row, unless that has worse to tell.
    pub(crate) fn mark(&self, rows: &mut [SessionRow]) {
        for row in rows.iter_mut().filter(|row| row.session_id == self.session.as_str()) {
            if matches!(row.state, SessionState::Synced | SessionState::Unpushed) {
                row.state = SessionState::OutOfStep;
            }
        }
    }

    /// What the user should know, and what to do.
    pub(crate) fn note(&self) -> Note {
        let Self { session, saved, here } = self;
        Note {
            code: "convosync::session::out-of-step".to_owned(),
            text: format!(
                "code and conversation are not in step: {session} is on {saved}, this work tree on {here}"
            ),
            help: Some(format!("convosync resume {session} --switch-branch")),
        }
    }
}

impl Engine<'_> {
    /// Of these saves, those that a work tree here is on and whose code it is not on. Costs nothing
    /// unless a session came back to other code; that this is over is remembered.
    ///
    /// # Errors
    ///
    /// If the user cancelled, or this device's index fails.
    pub(crate) fn out_of_step(
        &self,
        member: &Member,
        tips: &[&Card],
    ) -> Result<Vec<Away>, Trouble> {
        let mut away = Vec::new();
        for binding in self.bindings(member)?.into_iter().filter(|binding| binding.elsewhere) {
            let is_tip =
                |card: &&&Card| card.session == binding.session && card.save == binding.tip;
            let Some(card) = tips.iter().find(is_tip) else { continue };
            let standing = self.facts(&binding.root).and_then(|facts| {
                Ok(self.standing_of(&facts, card)?.filter(|here| here.step == Step::OutOfStep))
            });
            match standing {
                Ok(Some(here)) => away.push(Away {
                    session: binding.session,
                    saved: place(card.branch.as_deref(), card.commit.as_ref().map(|c| c.as_str())),
                    here: place(here.branch.as_deref(), here.commit.as_deref()),
                }),
                Ok(None) => {
                    let over = Binding { elsewhere: false, ..binding };
                    self.ports.index.apply(&[self.bind(member, &over)])?;
                }
                Err(GitError::Cancelled) => return Err(Trouble::Cancelled),
                // The work tree is gone, or git can't read it now.
                Err(_) => {}
            }
        }
        Ok(away)
    }

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

/// `feature/oauth @ abc1234`.
fn place(branch: Option<&str>, commit: Option<&str>) -> String {
    let commit = commit.map_or("no commit", |commit| commit.get(..7).unwrap_or(commit));
    format!("{} @ {commit}", branch.unwrap_or("no branch"))
}

fn is_on_branch(facts: &Facts, card: &Card) -> bool {
    card.branch.as_deref() == Some(facts.head.name())
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
