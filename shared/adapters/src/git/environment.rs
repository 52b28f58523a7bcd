//! The environment that git gets: the user's own, less what would point it elsewhere, plus what
//! keeps it from asking.

use std::collections::BTreeMap;

/// What names a repository or changes how paths are read: a caller inside a git hook has them set
/// for its own repository. From `git rev-parse --local-env-vars`; `GIT_CONFIG_COUNT` stays, people
/// set that one for every git they start.
const FOREIGN: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REFLOG_ACTION",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    "PWD",
    "OLDPWD",
];

/// What keeps git and ssh from asking anybody anything.
///
/// An empty `GIT_ASKPASS` turns `core.askPass` off too; credential helpers still work. ssh asks
/// through a program that refuses, also where it is started by the user's own command.
const UNASKING: &[(&str, &str)] = &[
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("SSH_ASKPASS", "false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
    ("GCM_INTERACTIVE", "never"),
    // `:` is git's own word for "no editor".
    ("GIT_EDITOR", ":"),
    ("GIT_SEQUENCE_EDITOR", ":"),
    ("GIT_MERGE_AUTOEDIT", "no"),
    ("GIT_PAGER", "cat"),
];

/// The environment of every git child.
pub(super) fn for_git(user: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut env = user.clone();
    env.retain(|name, _| !FOREIGN.contains(&name.as_str()));
    env.extend(UNASKING.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    speak_plainly(&mut env);
    env
}

/// English messages, which we read, in the user's character set, which their hooks rely on.
fn speak_plainly(env: &mut BTreeMap<String, String>) {
    let set = |name: &str| env.get(name).filter(|value| !value.is_empty()).cloned();
    let letters = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    env.remove("LC_ALL");
    env.remove("LANGUAGE");
    env.insert("LC_MESSAGES".to_owned(), "C".to_owned());
    if let Some(letters) = letters {
        env.insert("LC_CTYPE".to_owned(), letters);
    }
}

/// Whether the environment chooses the ssh program.
pub(super) fn chooses_ssh(env: &BTreeMap<String, String>) -> bool {
    ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| env.get(*name).is_some_and(|v| !v.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_hook_that_calls_us_does_not_point_git_at_its_own_repository() {
        let env = for_git(&env(&[
            ("GIT_DIR", "/elsewhere/.git"),
            ("GIT_INDEX_FILE", "/elsewhere/index"),
            ("GIT_AUTHOR_NAME", "me"),
            ("GIT_CONFIG_COUNT", "0"),
        ]));
        assert!(!env.contains_key("GIT_DIR") && !env.contains_key("GIT_INDEX_FILE"));
        assert_eq!(env["GIT_AUTHOR_NAME"], "me");
        assert!(env.contains_key("GIT_CONFIG_COUNT"));
    }

    #[test]
    fn messages_are_english_in_the_users_character_set() {
        let env = for_git(&env(&[("LC_ALL", "de_DE.UTF-8"), ("LANGUAGE", "de"), ("LANG", "C")]));
        assert_eq!((env["LC_MESSAGES"].as_str(), env["LC_CTYPE"].as_str()), ("C", "de_DE.UTF-8"));
        assert!(!env.contains_key("LC_ALL") && !env.contains_key("LANGUAGE"));
    }

    #[test]
    fn no_program_asks_the_user() {
        let env = for_git(&env(&[("SSH_ASKPASS", "/usr/bin/ksshaskpass"), ("GIT_ASKPASS", "gui")]));
        assert_eq!((env["SSH_ASKPASS"].as_str(), env["GIT_ASKPASS"].as_str()), ("false", ""));
        assert_eq!(env["GIT_TERMINAL_PROMPT"], "0");
    }
}
