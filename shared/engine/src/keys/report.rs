//! What is told besides a new key.

use convosync_wire::Note;

use crate::member::Member;

/// What a revoked device can still do: no key brings that back.
pub(super) fn still_has(name: &str) -> Note {
    Note {
        code: "convosync::device::still-has".to_owned(),
        text: format!(
            "{name} still has everything that it fetched, its clones, and every key until now\n\
             Whoever has it may still read, replace or delete objects in the store"
        ),
        help: Some(
            "change the store's credentials at the provider (password, deploy key, shared folder), \
             and those of the code's remotes"
                .to_owned(),
        ),
    }
}

/// That there are new words.
pub(super) fn new_words() -> Note {
    Note {
        code: "convosync::key::new-words".to_owned(),
        text: "The recovery words of before open nothing that is saved from now on".to_owned(),
        help: None,
    }
}

/// That the words do not open the new key: the account was made before that was possible.
pub(super) fn lost_words(member: &Member) -> Option<Note> {
    member.profile.account.recovery.is_none().then(|| Note {
        code: "convosync::key::no-recovery".to_owned(),
        text: "The account has no recovery words that open the new key".to_owned(),
        help: Some("make some: `convosync key export`".to_owned()),
    })
}
