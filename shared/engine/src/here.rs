//! What can be told at once of the place where the user is.

use std::path::Path;

use convosync_wire::{HereReport, Request};

use crate::engine::Engine;
use crate::ports::{Facts, GitError};
use crate::save::repository_name;
use crate::trouble::Trouble;

impl Engine<'_> {
    /// One look of git and what this device knows; no store is asked, no conversation is read.
    ///
    /// # Errors
    ///
    /// If git fails for another reason than that there is no work tree, or this device's index does.
    pub(crate) fn here(&self, request: &Request) -> Result<HereReport, Trouble> {
        let mut report = HereReport::default();
        let facts = match self.facts(Path::new(&request.directory)) {
            Ok(facts) => Some(facts),
            Err(GitError::NotARepository(_) | GitError::NoWorkTree(_)) => None,
            Err(error) => return Err(error.into()),
        };
        facts.iter().for_each(|facts| take_down(facts, &mut report));
        let Some(member) = self.member()? else { return Ok(report) };
        report.set_up = true;
        report.device = Some(member.profile.device.name.clone());
        report.queued = self.ports.index.queue()?.len() as u64;
        if let Some(facts) = &facts {
            report.waits = self.waiting_resume(&member, &facts.repository)?.is_some();
            let binding = self.binding(&member, &facts.repository.root)?;
            let binding = binding.filter(|binding| binding.continues);
            report.session = binding.map(|binding| binding.session.to_string());
        }
        Ok(report)
    }
}

fn take_down(facts: &Facts, report: &mut HereReport) {
    report.repository = Some(repository_name(facts));
    report.branch = Some(facts.head.name().to_owned());
    report.commit = facts.commit.as_ref().map(ToString::to_string);
    report.uncommitted = facts.changes.len() as u64;
    (report.ahead, report.behind) = (facts.ahead, facts.behind);
}
