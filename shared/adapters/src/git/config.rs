//! What the facts need of the user's configuration, in one call.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use convosync_engine::ports::{GitError, Remote, Repository, Upstream};

use super::{GitCli, name, url};

/// The settings that matter here.
const WANTED: &str = r"^(remote\..*\.url|branch\..*\.(remote|merge|pushremote)|url\..*\.insteadof|core\.(sshcommand|fsmonitor|ignorecase|sparsecheckout)|index\.sparse|init\.defaultbranch|convosync\.remote|remote\.pushdefault|filter\.lfs\.(clean|process))$";

/// What git says is set.
#[derive(Debug)]
pub(super) struct Config {
    /// In the order in which git reads them: later ones win.
    settings: Vec<(String, String)>,
    /// The repository's own file when they were read.
    stamp: Option<Stamp>,
}

/// Tells whether a file was written since.
type Stamp = (SystemTime, u64);

/// Asks git, unless it was asked before and the repository's own file is still the same.
pub(super) fn config(git: &GitCli, repo: &Repository) -> Result<Arc<Config>, GitError> {
    let stamp = stamp(&repo.common_dir.join("config"));
    let known = git.memory().configs.get(&repo.root).cloned();
    if let Some(known) = known.filter(|known| stamp.is_some() && known.stamp == stamp) {
        return Ok(known);
    }
    let config = Arc::new(Config { settings: ask(git, &repo.root)?, stamp });
    git.memory().configs.insert(repo.root.clone(), Arc::clone(&config));
    Ok(config)
}

/// What is set in a directory, whether it is in a repository or not.
pub(super) fn in_directory(git: &GitCli, directory: &Path) -> Result<Config, GitError> {
    Ok(Config { settings: ask(git, directory)?, stamp: None })
}

fn ask(git: &GitCli, directory: &Path) -> Result<Vec<(String, String)>, GitError> {
    let output = git.read(directory, "config").args(["-z", "--get-regexp", WANTED]).run()?;
    match output.code {
        Some(0) => Ok(parse(&output.stdout)),
        Some(1) => Ok(Vec::new()), // nothing is set
        _ => Err(git.failure(&output)),
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = file.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// `key LF value NUL`; a key alone is a boolean and none of ours.
fn parse(out: &[u8]) -> Vec<(String, String)> {
    String::from_utf8_lossy(out)
        .split('\0')
        .filter_map(|record| record.split_once('\n'))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

impl Config {
    /// Whether an ssh program is set.
    pub(super) fn chooses_ssh(&self) -> bool {
        self.settings.iter().any(|(key, value)| key == "core.sshcommand" && !value.is_empty())
    }

    /// The branch that new repositories get.
    pub(super) fn default_branch(&self) -> Option<&str> {
        let mut set = self.settings.iter().rev();
        set.find(|(key, _)| key == "init.defaultbranch").map(|(_, value)| value.as_str())
    }

    /// The remotes that have a URL, `origin` first.
    pub(super) fn remotes(&self, root: &Path) -> Vec<Remote> {
        let mut remotes: Vec<Remote> = Vec::new();
        for (name, value) in self.named("remote.", ".url") {
            // Of several URLs git fetches from the first.
            if remotes.iter().all(|remote| remote.name != name) && name::is_remote(name) {
                let real = self.rewritten(value);
                let (normalised, shown) = (url::normalise_in(root, &real), url::shown(&real));
                remotes.push(Remote { name: name.to_owned(), normalised, shown });
            }
        }
        remotes.sort_by_key(|remote| remote.name != "origin");
        remotes
    }

    /// The remote if there is one, and its URL means the same wherever the work tree lies.
    pub(super) fn only_remote(&self) -> Option<Remote> {
        let mut remotes = self.remotes(Path::new(""));
        let remote = remotes.pop().filter(|_| remotes.is_empty())?;
        // Below nowhere a relative path stays relative.
        let elsewhere = self.remotes(Path::new("/"));
        elsewhere.contains(&remote).then_some(remote)
    }

    /// The upstream of a branch, if it is a branch of a remote that has a URL.
    pub(super) fn upstream(&self, branch: &str) -> Option<Upstream> {
        let last = |suffix| {
            self.named("branch.", suffix).filter(|(name, _)| *name == branch).last().map(|(_, v)| v)
        };
        let remote = last(".remote")?;
        let branch = last(".merge")?.strip_prefix("refs/heads/")?;
        let known = self.named("remote.", ".url").any(|(name, _)| name == remote);
        known.then(|| Upstream { remote: remote.to_owned(), branch: branch.to_owned() })
    }

    /// The remote that a branch is pushed to, if any setting names one; the nearest one wins, as in
    /// git-config(1), "branch.<name>.pushRemote".
    pub(super) fn pushes_to(&self, branch: Option<&str>) -> Option<String> {
        let own = self.last("convosync.remote");
        let of_branch = || {
            let named = self.named("branch.", ".pushremote");
            named.filter(|(name, _)| Some(*name) == branch).last().map(|(_, remote)| remote)
        };
        let named = own.or_else(of_branch).or_else(|| self.last("remote.pushdefault"));
        let upstream = || branch.and_then(|branch| self.upstream(branch));
        named.map(str::to_owned).or_else(|| upstream().map(|upstream| upstream.remote))
    }

    /// Whether git found, when it made the repository, that names which differ in case alone are
    /// one file there.
    pub(super) fn ignores_case(&self) -> bool {
        self.last("core.ignorecase").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether a program of the repository's choice would tell what has changed in it. `true` is
    /// git's own.
    pub(super) fn names_a_monitor(&self) -> bool {
        let own = ["", "true", "false", "yes", "no", "on", "off", "1", "0"];
        let named = self.last("core.fsmonitor");
        named.is_some_and(|value| !own.contains(&value.to_ascii_lowercase().as_str()))
    }

    /// Whether only a part of the files is to be there.
    pub(super) fn is_sparse(&self) -> bool {
        self.last("core.sparsecheckout").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether what lies outside of a sparse checkout is one entry a folder in the index.
    pub(super) fn has_sparse_index(&self) -> bool {
        let is_on = |value: &str| value.eq_ignore_ascii_case("true");
        self.is_sparse() && self.last("index.sparse").is_some_and(is_on)
    }

    /// Whether git knows which program keeps the files of git LFS.
    pub(super) fn has_lfs(&self) -> bool {
        ["filter.lfs.clean", "filter.lfs.process"].iter().any(|key| self.last(key).is_some())
    }

    /// The value that counts, if it is set to something.
    fn last(&self, wanted: &str) -> Option<&str> {
        let found = self.settings.iter().rfind(|(key, _)| key == wanted);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A URL after `url.<base>.insteadOf`; the longest match wins, as in git.
    fn rewritten(&self, url: &str) -> String {
        self.named("url.", ".insteadof")
            .filter(|(_, prefix)| !prefix.is_empty() && url.starts_with(*prefix))
            .max_by_key(|(_, prefix)| prefix.len())
            .map_or_else(
                || url.to_owned(),
                |(base, prefix)| format!("{base}{}", &url[prefix.len()..]),
            )
    }

    /// The names and values of `<prefix><name><suffix>`.
    fn named<'a>(
        &'a self,
        prefix: &'a str,
        suffix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.settings.iter().filter_map(move |(key, value)| {
            let name = key.strip_prefix(prefix)?.strip_suffix(suffix)?;
            Some((name, value.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config { settings: parse(text.as_bytes()), stamp: None }
    }

    #[test]
    fn origin_comes_first_and_shortcuts_are_expanded() {
        let config = config(
            "url.git@github.com:.insteadof\ngh:\0url.https://x/.insteadof\ng\0\
             remote.fork.url\nhttps://me:pw@host/p\0remote.origin.url\ngh:user/p.git\0\
             remote.origin.url\nsecond\0remote.-x.url\nevil\0flag.alone\0",
        );
        let remotes = config.remotes(Path::new("/r"));
        let seen: Vec<_> = remotes.iter().map(|r| (&*r.name, &*r.normalised, &*r.shown)).collect();
        assert_eq!(
            seen,
            [
                ("origin", "github.com/user/p", "git@github.com:user/p.git"),
                ("fork", "host/p", "https://host/p"),
            ]
        );
    }

    #[test]
    fn the_nearest_setting_says_where_a_branch_is_pushed_to() {
        let upstream = "remote.o.url\n/o\0branch.a.remote\no\0branch.a.merge\nrefs/heads/a\0";
        let default = format!("{upstream}remote.pushdefault\nfork\0");
        let of_branch = format!("{default}branch.a.pushremote\nmine\0");
        let own = format!("{of_branch}convosync.remote\nbackup\0");
        for (settings, want) in [
            ("", None),
            (upstream, Some("o")),
            (&default, Some("fork")),
            (&of_branch, Some("mine")),
            (&own, Some("backup")),
        ] {
            assert_eq!(config(settings).pushes_to(Some("a")).as_deref(), want, "{settings:?}");
        }
        assert_eq!(config(&of_branch).pushes_to(Some("b")).as_deref(), Some("fork"));
        assert_eq!(config(upstream).pushes_to(None), None);
    }

    #[test]
    fn an_upstream_is_a_branch_of_a_known_remote() {
        let config = config(
            "remote.o.url\n/o\0branch.a.b.remote\no\0branch.a.b.merge\nrefs/heads/x/y\0\
             branch.local.remote\n.\0branch.local.merge\nrefs/heads/a\0\
             branch.tag.remote\no\0branch.tag.merge\nrefs/tags/t\0",
        );
        let want = Upstream { remote: "o".to_owned(), branch: "x/y".to_owned() };
        assert_eq!(config.upstream("a.b"), Some(want));
        assert_eq!(config.upstream("local"), None);
        assert_eq!(config.upstream("tag"), None);
        assert_eq!(config.upstream("other"), None);
    }
}
