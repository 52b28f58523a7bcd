//! Talking to the remote: its refs come to our copy, and a new tip goes to it.

use std::collections::BTreeMap;

use convosync_core::Oid;
use convosync_engine::ports::StoreError;

use super::failure::{self, Trouble};
use super::layout::{Place, REFS};
use super::mirror::{FILTER, Mirror, REMOTE};
use crate::git::{Output, fit_to_show};

/// How often a fetch is begun again because another process moved a ref of our copy meanwhile.
const FETCHES: usize = 5;

/// Brings the refs of the remote into our copy, with trees and cards, and returns them.
///
/// One process and one connection asks what is there and fetches what is new. There is no
/// `--depth`: our tips have no parents, and with it git asks for every ref again each time.
pub(super) fn fetch(mirror: &Mirror) -> Result<BTreeMap<Place, Oid>, Trouble> {
    let _lock = mirror.lock()?;
    for left in (0..FETCHES).rev() {
        let args = ["--prune", "--progress", "--no-write-fetch-head", "--no-recurse-submodules"];
        let call = mirror.network("fetch")?.args(args).args([FILTER, REMOTE]);
        let output = call.run().map_err(failure::remote)?;
        if output.success() {
            break;
        }
        let moved = output.stderr.contains("cannot lock ref");
        if !(moved && left > 0) {
            return Err(fetch_failed(&output));
        }
    }
    refs(mirror)
}

/// Brings one ref with all its objects, for servers that give out no single ones.
pub(super) fn fetch_whole(mirror: &Mirror, place: &Place) -> Result<(), Trouble> {
    let _lock = mirror.lock()?;
    let name = place.ref_name();
    let args = ["--refetch", "--no-filter", "--progress", "--no-write-fetch-head"];
    let call = mirror.network("fetch")?.args(args).arg("--no-recurse-submodules");
    let refspec = format!("+{name}:{name}");
    call.args(["--refmap=", "--", REMOTE, &refspec]).ok().map_err(failure::remote)?;
    Ok(())
}

/// Words of git about its own repository, not about the remote.
const OWN: &[&str] = &["loose object", "object file", "bad object", "packfile", "is corrupt"];

fn fetch_failed(output: &Output) -> Trouble {
    let words = fit_to_show(&output.stderr);
    let of_remote = words.lines().any(|line| line.starts_with("remote:"));
    if !of_remote && OWN.iter().any(|word| words.contains(word)) {
        return Trouble::Mirror(words);
    }
    failure::remote(output.error()).into()
}

/// The refs of our copy: what the remote said last.
pub(super) fn refs(mirror: &Mirror) -> Result<BTreeMap<Place, Oid>, Trouble> {
    let call = mirror.read("for-each-ref")?.args(["--format=%(objectname) %(refname)", REFS]);
    let out = call.ok().map_err(failure::local)?;
    let text = String::from_utf8_lossy(&out);
    let known = text.lines().filter_map(|line| {
        let (oid, name) = line.split_once(' ')?;
        Some((Place::of_ref(name)?, oid.parse().ok()?))
    });
    Ok(known.collect())
}

/// How a push ended.
#[derive(Debug)]
pub(super) enum Pushed {
    /// The ref is there as wished; perhaps it was before.
    Done,
    /// It is not, with git's reason. Another device may have moved it first.
    Refused(StoreError),
}

/// Moves a ref of the remote from `old` to `new`; with `None` it is made or removed.
///
/// The user's hooks do not run: what is sent is sealed and none of their business.
pub(super) fn push(
    mirror: &Mirror,
    name: &str,
    old: Option<&Oid>,
    new: Option<&Oid>,
) -> Result<Pushed, Trouble> {
    let text = |oid: Option<&Oid>| oid.map(ToString::to_string).unwrap_or_default();
    let grafts = match (old, new) {
        (Some(old), Some(new)) => Some(mirror.grafts(new, old)?),
        _ => None,
    };
    let lease = format!("--force-with-lease={name}:{}", text(old));
    let refspec = format!("{}:{name}", text(new));
    let args = ["--porcelain", "--progress", "--no-verify", "--no-follow-tags", "--no-signed"];
    // What the user wants of every push of code is left out.
    let call = mirror.network("push")?.config("push.pushOption=").config("push.negotiate=false");
    let mut call = call.args(args);
    if let Some(grafts) = &grafts {
        call = call.config("advice.graftFileDeprecated=false").env("GIT_GRAFT_FILE", &grafts.path);
    }
    let call = call.args(["--recurse-submodules=no", &lease, "--", REMOTE, &refspec]);
    let output = call.run().map_err(failure::remote)?;
    if output.success() {
        return Ok(Pushed::Done);
    }
    match summary(&output.text()) {
        Some(summary) => Ok(Pushed::Refused(refusal(&summary, &output.stderr))),
        None => Err(failure::remote(output.error()).into()),
    }
}

/// `! TAB from:to TAB summary`, as in git-push(1).
fn summary(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("!\t"))?;
    line.split_once('\t').map(|(_, summary)| summary.to_owned())
}

fn refusal(summary: &str, stderr: &str) -> StoreError {
    let mut words = fit_to_show(summary);
    let said = fit_to_show(stderr);
    for line in said.lines().filter(|line| line.starts_with("remote:")) {
        words.push('\n');
        words.push_str(line);
    }
    match failure::said(words) {
        // It did answer.
        StoreError::Unreachable(words) => StoreError::Denied(words),
        other => other,
    }
}

/// What a ref of the remote is now.
pub(super) fn look(mirror: &Mirror, name: &str) -> Result<Option<Oid>, Trouble> {
    let call = mirror.network("ls-remote")?.args(["--", REMOTE, name]);
    let out = call.ok().map_err(failure::remote)?;
    let text = String::from_utf8_lossy(&out);
    let line = text.lines().find_map(|line| line.split_once('\t').filter(|(_, of)| *of == name));
    Ok(line.and_then(|(oid, _)| oid.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_remotes_words() {
        let told = "To x\n!\tabc:refs/convosync/meta\t[remote rejected] (hook declined)\nDone\n";
        let summary = summary(told).expect("a line of it");
        let error = refusal(&summary, "remote: only heads and tags\nerror: failed to push");
        let StoreError::Denied(words) = error else { panic!("{error:?}") };
        assert_eq!(words, "[remote rejected] (hook declined)\nremote: only heads and tags");
        assert!(matches!(refusal("[rejected] (stale info)", ""), StoreError::Denied(_)));
        let full = refusal("[remote rejected] (unpacker error)", "remote: over quota");
        assert!(matches!(full, StoreError::Full(_)), "{full:?}");
    }
}
