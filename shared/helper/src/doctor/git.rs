//! What a save will need of git.

use std::path::Path;

use convosync_adapters::{GitCli, GitHealth, Hook, HookTrouble};
use convosync_engine::{Cancel, Trouble};
use convosync_wire::Check;

use super::failed;
use crate::surroundings::Env;

pub(super) fn checks(env: &Env, directory: &Path) -> Vec<Check> {
    let found = GitCli::find(env, Cancel::new()).and_then(|git| git.health(directory));
    match found {
        Ok(health) => all(&health),
        Err(error) => vec![failed("git", Trouble::from(error).failure())],
    }
}

fn all(health: &GitHealth) -> Vec<Check> {
    let mut checks = vec![version(health), identity(health)];
    checks.extend(signing(health));
    checks.extend(hooks(&health.hooks));
    checks
}

fn version(health: &GitHealth) -> Check {
    let text = format!("{} ({})", health.version, health.program.display());
    let check = Check::ok("git", "convosync::doctor::git-version", text);
    if health.too_old {
        return check.fail("install git 2.31 or newer");
    }
    match health.cannot_join {
        true => check.warn(
            "it can't foresee conflicts, nor merge what two devices made of one session: install git 2.38 or newer",
        ),
        false => check,
    }
}

fn identity(health: &GitHealth) -> Check {
    let check = |text: String| Check::ok("git", "convosync::doctor::git-identity", text);
    match &health.identity {
        Some(identity) => check(format!("commits are by {identity}")),
        None => check("git does not know whom a commit is by".to_owned()).fail(
            "git config --global user.name \"Your Name\"\ngit config --global user.email you@example.org",
        ),
    }
}

fn signing(health: &GitHealth) -> Option<Check> {
    let signing = health.signing.as_ref()?;
    let code = "convosync::doctor::git-signing";
    Some(match signing.found {
        true => Check::ok("git", code, format!("commits are signed by {}", signing.program)),
        false => Check::ok(
            "git",
            code,
            format!("commits can't be signed: there is no {}", signing.program),
        )
        .fail("install it, or `git config commit.gpgsign false`"),
    })
}

/// One line for those that run, one for each that can't.
fn hooks(hooks: &[Hook]) -> Vec<Check> {
    let code = "convosync::doctor::git-hooks";
    let good: Vec<_> =
        hooks.iter().filter(|hook| hook.trouble.is_none()).map(|hook| hook.name).collect();
    let mut checks = Vec::new();
    if !good.is_empty() {
        checks.push(Check::ok("git", code, format!("hooks that run: {}", good.join(", "))));
    }
    checks.extend(hooks.iter().filter_map(|hook| {
        let path = hook.path.display();
        Some(match hook.trouble.as_ref()? {
            HookTrouble::NotExecutable => Check::ok(
                "git",
                code,
                format!("the hook {} is not executable: git passes over it", hook.name),
            )
            .warn(format!("chmod +x {path}")),
            HookTrouble::NoInterpreter(program) => Check::ok(
                "git",
                code,
                format!("the hook {} needs {program}, which is not there", hook.name),
            )
            .fail(format!("install {program}, or mend {path}")),
        })
    }));
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use convosync_adapters::Signing;
    use convosync_wire::Health;

    fn health() -> GitHealth {
        GitHealth {
            version: "git version 2.47.3".into(),
            program: "/usr/bin/git".into(),
            too_old: false,
            cannot_join: false,
            identity: Some("Sam <sam@example.org>".into()),
            signing: None,
            hooks: Vec::new(),
        }
    }

    #[track_caller]
    fn check(health: &GitHealth, want: &[(&str, Health)]) {
        let all = all(health);
        let got: Vec<_> = all
            .iter()
            .map(|c| (c.code.trim_start_matches("convosync::doctor::git-"), c.state))
            .collect();
        assert_eq!(got, want);
        assert!(all.iter().all(|c| (c.state == Health::Ok) == c.help.is_none()), "{all:?}");
    }

    #[test]
    fn a_git_that_is_well_is_told_so() {
        check(&health(), &[("version", Health::Ok), ("identity", Health::Ok)]);
    }

    #[test]
    fn a_git_that_joins_nothing_is_good_for_all_else() {
        let old = GitHealth { cannot_join: true, ..health() };
        check(&old, &[("version", Health::Warn), ("identity", Health::Ok)]);
    }

    #[test]
    fn what_would_stop_a_commit_fails_and_says_what_to_do() {
        let hook = |name, trouble| Hook { name, path: "/w/.git/hooks/x".into(), trouble };
        let sick = GitHealth {
            too_old: true,
            identity: None,
            signing: Some(Signing { program: "gpg".into(), found: false }),
            hooks: vec![
                hook("pre-commit", None),
                hook("commit-msg", Some(HookTrouble::NotExecutable)),
                hook("pre-push", Some(HookTrouble::NoInterpreter("python9".into()))),
            ],
            ..health()
        };
        check(
            &sick,
            &[
                ("version", Health::Fail),
                ("identity", Health::Fail),
                ("signing", Health::Fail),
                ("hooks", Health::Ok),
                ("hooks", Health::Warn),
                ("hooks", Health::Fail),
            ],
        );
    }
}
