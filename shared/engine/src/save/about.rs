//! What a save tells of files that will not be the same elsewhere. Pure.

use convosync_wire::Note;

use super::listed;
use crate::ports::Submodule;

/// Files that stayed: those that may hold secrets, and repositories inside this one, which end
/// with a slash.
pub(super) fn kept_back(paths: &[String]) -> Vec<Note> {
    let (inside, secret): (Vec<_>, Vec<_>) =
        paths.iter().cloned().partition(|path| path.ends_with('/'));
    let secret = (!secret.is_empty()).then(|| Note {
        code: "convosync::save::excluded".to_owned(),
        text: format!("stayed on this device, since they may hold secrets:\n{}", listed(&secret)),
        help: Some("`git add -f FILE` and commit it yourself if it shall travel".to_owned()),
    });
    let inside = (!inside.is_empty()).then(|| Note {
        code: "convosync::save::repository-inside".to_owned(),
        text: format!(
            "stayed on this device, since git takes no file of a repository inside:\n{}",
            listed(&inside)
        ),
        help: Some(
            "save it by itself, or make it a submodule: `git submodule add URL DIR`".to_owned(),
        ),
    });
    secret.into_iter().chain(inside).collect()
}

/// Names that differ in case alone.
pub(super) fn case_clashes(clashes: &[(String, String)]) -> Option<Note> {
    let pairs: Vec<_> = clashes.iter().map(|(new, other)| format!("{new} and {other}")).collect();
    (!pairs.is_empty()).then(|| Note {
        code: "convosync::save::case-clash".to_owned(),
        text: format!(
            "names that differ in case alone, which are one file on macOS and Windows:\n{}",
            listed(&pairs)
        ),
        help: Some("rename one of each: the session can't be resumed there".to_owned()),
    })
}

/// Submodules whose work stays here.
pub(super) fn submodules(submodules: &[Submodule]) -> Option<Note> {
    let lines: Vec<_> = submodules.iter().map(told).collect();
    (!lines.is_empty()).then(|| Note {
        code: "convosync::save::submodules".to_owned(),
        text: format!("of these submodules something stays on this device:\n{}", listed(&lines)),
        help: Some(
            "commit and push inside of each, then save again: a save holds their commit ids alone"
                .to_owned(),
        ),
    })
}

fn told(submodule: &Submodule) -> String {
    let why = match (submodule.dirty, submodule.unpushed) {
        (true, true) => "uncommitted changes, and a commit that no remote has",
        (true, false) => "uncommitted changes",
        (false, _) => "a commit that no remote has",
    };
    format!("{} ({why})", submodule.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_inside_is_no_secret() {
        let told = kept_back(&[".env".to_owned(), "inner/".to_owned()]);
        let codes: Vec<_> = told.iter().map(|note| note.code.as_str()).collect();
        assert_eq!(codes, ["convosync::save::excluded", "convosync::save::repository-inside"]);
        assert!(told[1].text.ends_with("  • inner/"), "{told:?}");
        assert_eq!(kept_back(&[]), []);
    }

    #[test]
    fn what_stays_of_a_submodule_is_told_by_its_name() {
        assert_eq!(submodules(&[]), None);
        let one = |path: &str, dirty, unpushed| Submodule { path: path.into(), dirty, unpushed };
        let note =
            submodules(&[one("a", true, false), one("b", false, true), one("c", true, true)]);
        assert_eq!(
            note.expect("a note").text,
            "of these submodules something stays on this device:\n  \
             • a (uncommitted changes)\n  • b (a commit that no remote has)\n  \
             • c (uncommitted changes, and a commit that no remote has)"
        );
    }
}
