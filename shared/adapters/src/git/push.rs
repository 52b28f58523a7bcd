//! Pushing. No push is ever forced on anybody else's branch.

use std::thread::sleep;
use std::time::Duration;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Push, Repository, Underway};

use super::call::{Kind, Output, Started};
use super::remote::call;
use super::{GitCli, failure, name};

/// How often a push is tried while another one is at work, and how long it waits before each.
const MOST_TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(200);

/// Starts a push and returns while it is at work.
pub(super) fn start<'a>(
    git: &'a GitCli,
    repo: &Repository,
    remote: &str,
    branch: &str,
    commit: &Oid,
    track: bool,
) -> Result<Box<dyn Underway<Push> + 'a>, GitError> {
    let (remote, branch) = (name::remote(remote)?.to_owned(), name::branch(branch)?.to_owned());
    let target = Target { repo: repo.clone(), remote, branch, commit: commit.clone(), track };
    let first = target.start(git)?;
    Ok(Box::new(Pushing { git, target, first }))
}

/// What is pushed, and where to.
struct Target {
    repo: Repository,
    remote: String,
    branch: String,
    commit: Oid,
    track: bool,
}

impl Target {
    fn start<'a>(&self, git: &'a GitCli) -> Result<Started<'a>, GitError> {
        let refspec = format!("{}:refs/heads/{}", self.commit, self.branch);
        let args = ["--porcelain", "--progress", "--no-follow-tags", "--", &self.remote, &refspec];
        call(git, Kind::Push, &self.repo, "push")?.args(args).start()
    }
}

struct Pushing<'a> {
    git: &'a GitCli,
    target: Target,
    first: Started<'a>,
}

impl Underway<Push> for Pushing<'_> {
    fn finish(self: Box<Self>) -> Result<Push, GitError> {
        let Self { git, target, first } = *self;
        let mut output = first.finish()?;
        let mut tries_left = MOST_TRIES;
        while !output.success() {
            tries_left -= 1;
            match refused(git, &target.branch, &output)? {
                Push::Rejected { reason, .. } if tries_left > 0 && is_contended(&reason) => {
                    sleep(PAUSE);
                }
                refused => return Ok(refused),
            }
            output = target.start(git)?.finish()?;
        }
        if target.track {
            set_upstream(git, &target.repo, &target.remote, &target.branch)?;
        }
        Ok(Push::Done)
    }
}

/// Whether another push to the same branch was at work, of a helper that was killed perhaps.
fn is_contended(reason: &str) -> bool {
    ["cannot lock ref", "failed to update ref", "incorrect old value"]
        .iter()
        .any(|words| reason.contains(words))
}

/// Why a push that did not go through did not.
fn refused(git: &GitCli, branch: &str, output: &Output) -> Result<Push, GitError> {
    let text = output.text();
    let here = format!(":refs/heads/{branch}");
    // `!` TAB from:to TAB summary, as in git-push(1).
    let line = text.lines().filter_map(|line| line.strip_prefix("!\t")).find_map(|line| {
        let (refs, summary) = line.split_once('\t')?;
        refs.ends_with(&here).then_some(summary)
    });
    if let Some(summary) = line {
        return Ok(rejected(branch, summary, &output.stderr));
    }
    // Nothing was sent and git names no reason of its own: the user's pre-push hook said no.
    let error = git.failure(output);
    let own_reason = ["fatal:", "src refspec"].iter().any(|word| output.stderr.contains(word));
    let stopped = output.stderr.contains("failed to push some refs") && !text.contains("\nDone");
    if output.code == Some(1) && stopped && !own_reason {
        return Err(GitError::Hook { hook: "pre-push".to_owned(), output: output.said() });
    }
    Err(error)
}

/// `[remote rejected] (pre-receive hook declined)` and the like, with what the remote said to it.
fn rejected(branch: &str, summary: &str, stderr: &str) -> Push {
    let why = summary.find('(').map_or(summary, |at| &summary[at..]);
    let mut reason = format!("{branch} -> {branch} {}", failure::fit_to_show(why));
    let behind = ["(non-fast-forward)", "(fetch first)", "(stale info)"].contains(&why);
    if summary.starts_with("[remote") {
        for line in failure::fit_to_show(stderr).lines().filter(|line| line.starts_with("remote:"))
        {
            reason.push('\n');
            reason.push_str(line);
        }
    }
    Push::Rejected { reason, behind }
}

/// Makes the pushed branch the upstream of the branch of that name, if there is one here.
fn set_upstream(
    git: &GitCli,
    repo: &Repository,
    remote: &str,
    branch: &str,
) -> Result<(), GitError> {
    let upstream = format!("--set-upstream-to=refs/remotes/{remote}/{branch}");
    let output = git.write(&repo.root, "branch").args([&upstream, "--", branch]).run()?;
    if output.success() || output.stderr.contains(&format!("branch '{branch}' does not exist")) {
        return Ok(());
    }
    // A clone that does not track every branch has no such ref; the configuration needs none.
    let settings = [("remote", remote.to_owned()), ("merge", format!("refs/heads/{branch}"))];
    for (setting, value) in settings {
        let key = format!("branch.{branch}.{setting}");
        git.write(&repo.root, "config").args([&key, &value]).ok()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_is_told_in_gits_words() {
        let Push::Rejected { reason, behind } = rejected("main", "[rejected] (fetch first)", "")
        else {
            panic!("not rejected");
        };
        assert_eq!((reason.as_str(), behind), ("main -> main (fetch first)", true));
        let said = "remote: no secrets here\u{1b}[1m\nerror: failed to push";
        let Push::Rejected { reason, behind } =
            rejected("m", "[remote rejected] (pre-receive hook declined)", said)
        else {
            panic!("not rejected");
        };
        assert_eq!(reason, "m -> m (pre-receive hook declined)\nremote: no secrets here");
        assert!(!behind);
    }
}
