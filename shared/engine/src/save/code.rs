//! The code of a save that commits nothing: taken down as it is.

use std::io::SeekFrom;

use convosync_core::{FileState, PackInput, Work, pack, segment_key};
use convosync_wire::Note;

use crate::capture::{pack_trouble, scratch_error};
use crate::engine::Engine;
use crate::freeze::Packing;
use crate::member::Member;
use crate::ports::{CapturedWork, Committed, Facts, GitError, ScratchFile};
use crate::save::listed;
use crate::shelf::OpenSave;
use crate::trouble::{Refusal, Trouble};

/// Work that no commit holds, on its way into the save.
pub(super) struct TakenWork {
    pub(super) work: CapturedWork,
    bundle: Box<dyn ScratchFile>,
}

impl Engine<'_> {
    /// HEAD as it is, and the work on top of it.
    pub(super) fn take_work(
        &self,
        facts: &Facts,
    ) -> Result<(Committed, Option<TakenWork>), Trouble> {
        self.step("Taking down uncommitted changes")?;
        let bundle = self.ports.scratch.file()?;
        let git = self.ports.git;
        let work = git.capture_work(&facts.repository, &self.excludes(), bundle.path());
        let work = work.map_err(not_taken)?.map(|work| TakenWork { work, bundle });
        let submodules = work.iter().flat_map(|taken| taken.work.submodules.clone()).collect();
        Ok((Committed { submodules, ..as_it_is(facts)? }, work))
    }

    /// The work as the manifest has it. What the save before holds already is not packed again.
    pub(super) fn packed_work(
        &self,
        member: &Member,
        taken: &mut TakenWork,
        base: Option<&OpenSave>,
        packing: &mut Packing<'_>,
    ) -> Result<Work, Trouble> {
        let CapturedWork { commit, base: under, changes, .. } = taken.work.clone();
        let before = base.and_then(|base| base.manifest.code.as_ref());
        let known = before.and_then(|code| code.work.iter().find(|work| work.commit == commit));
        let bundle = match known {
            Some(known) => known.bundle.clone(),
            None => self.packed_bundle(member, &mut *taken.bundle, "the changes", packing)?,
        };
        Ok(Work { commit, base: under, changes, bundle })
    }

    /// A bundle as segments of the save.
    pub(super) fn packed_bundle(
        &self,
        member: &Member,
        file: &mut dyn ScratchFile,
        what: &str,
        packing: &mut Packing<'_>,
    ) -> Result<FileState, Trouble> {
        let len = file.seek(SeekFrom::End(0)).map_err(|error| scratch_error(&error))?;
        let key = segment_key(&member.profile.account, packing.session());
        let input = PackInput {
            key: key.as_bytes(),
            old: None,
            old_file: None,
            new_file: &mut { file },
            new_len: len,
            blocks: None,
            messages: 0,
        };
        pack(input, &mut |segment, bytes| packing.take(&segment, bytes))
            .map_err(|error| pack_trouble(what, error))
    }
}

/// HEAD, with nothing committed.
fn as_it_is(facts: &Facts) -> Result<Committed, Refusal> {
    let commit = facts.commit.clone().ok_or_else(|| {
        Refusal::new(
            "convosync::save::no-commit",
            "the branch has no commit yet, so there is nothing that changes could be on top of",
        )
        .help("save with `--commit`: it makes the first one")
        .argument("--stash")
    })?;
    Ok(Committed {
        commit,
        made: false,
        modified: 0,
        added: 0,
        excluded: facts.kept_back.clone(),
        clashes: Vec::new(),
        submodules: Vec::new(),
    })
}

fn not_taken(error: GitError) -> Trouble {
    match error {
        GitError::Failed { output, .. } => Refusal::new(
            "convosync::save::not-captured",
            format!("the uncommitted changes can't be taken down:\n{output}"),
        )
        .help("nothing was changed; `convosync save --commit` commits them instead")
        .into(),
        other => other.into(),
    }
}

/// Git LFS keeps the contents of some of the changed files, and only its own push sends them.
pub(super) fn pointers_note(work: &CapturedWork) -> Option<Note> {
    (!work.pointers.is_empty()).then(|| Note {
        code: "convosync::save::lfs-pointers".to_owned(),
        text: format!(
            "Git LFS keeps the contents of these; only their pointers travel:\n{}",
            listed(&work.pointers)
        ),
        help: Some("commit them and `git lfs push`, if they are to be there too".to_owned()),
    })
}
