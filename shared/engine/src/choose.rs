//! Where sealed sessions go, as a question.

use convosync_wire::{Decision, InitArgs, Question};

use crate::choice::{cancel, choice};
use crate::engine::Engine;
use crate::word::word;

impl Engine<'_> {
    /// The question of an `init` that names no store. What is recommended changes nothing outside
    /// of this machine unless a folder is there that something carries to others already.
    pub(crate) fn which_store(&self) -> Decision {
        let carried = self.ports.host.carried.as_ref();
        let home = self.ports.host.home.as_deref();
        let folder = match (carried, home) {
            (Some(carried), _) => carried.join("convosync"),
            (None, Some(home)) => home.join("Sync/convosync"),
            (None, None) => "/path/to/Sync/convosync".into(),
        };
        let found = carried.is_some();
        let origin = self.origin_here().is_ok();
        let mut choices = vec![
            choice(
                InitArgs::HERE,
                "--yes",
                "This Machine Only",
                "nothing leaves it; share later with `convosync init --store URL`",
                !found,
            ),
            choice(
                InitArgs::FOLDER,
                &store(&folder.to_string_lossy()),
                "A Folder",
                "that Syncthing, Dropbox, a network drive or the like carries to your other devices",
                found,
            ),
            choice(
                InitArgs::GIT,
                &store("git+ssh://git@example.org/me/sessions.git"),
                "A Git Repository",
                "private and of its own, for the sessions of all repositories",
                false,
            ),
            choice(
                InitArgs::BUCKET,
                &store("s3://bucket/convosync"),
                "A Bucket",
                "of S3 or what speaks it; credentials come from the usual environment and files",
                false,
            ),
        ];
        if origin {
            choices.push(choice(InitArgs::ORIGIN, &store(InitArgs::ORIGIN), "Each Repository's Origin", "sealed sessions travel with their code; who can fetch it can fetch them; asked once per repository", false));
        }
        choices.push(cancel("", false));
        choices.sort_by_key(|choice| !choice.recommended);
        Decision {
            question: Question::Store,
            title: "Where Do Your Sealed Sessions Go?".to_owned(),
            details: vec![
                "They are encrypted before they leave this device; whoever keeps them can't read them.".to_owned(),
            ],
            choices,
        }
    }
}

fn store(url: &str) -> String {
    format!("--store {}", word(url))
}
