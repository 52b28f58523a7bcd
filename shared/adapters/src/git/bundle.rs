//! Commits in a file. What comes in is hostile until git has looked at every object of it, and it
//! names no ref here. Format: gitformat-bundle(5).

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};

use super::{GitCli, history, name, oid};
use crate::disk;

/// Bytes of a bundle's header at most: what it needs and what it holds, one line each.
const MOST_HEADER: u64 = 4 << 20;

/// The name that a bundle of uncommitted work has for it; no ref here.
pub(super) const WORK: &str = "refs/convosync/work";

pub(super) fn bundle(
    git: &GitCli,
    repo: &Repository,
    commit: &Oid,
    known: &[Oid],
    file: &Path,
) -> Result<Option<Vec<Oid>>, GitError> {
    // A bundle is of refs, and only this one is sure to be at the commit and nobody else's.
    let reference = name::own_ref("out", commit.as_str())?;
    let mut revisions = format!("{reference}\n");
    for oid in present(git, repo, known)? {
        revisions.push_str(&format!("^{oid}\n"));
    }
    git.write(&repo.root, "update-ref").args([&reference, commit.as_str()]).ok()?;
    let written = write(git, repo, revisions, file);
    let removed = git.write(&repo.root, "update-ref").args(["-d", &reference]).tidying_up().ok();
    let written = written?;
    removed?;
    if !written {
        return Ok(None);
    }
    Ok(Some(Header::read(&mut open(file)?)?.needs))
}

/// Says whether there was anything to write.
///
/// Goes through standard output: given a name, git would put a new file in the place of the one
/// that the caller holds open.
fn write(
    git: &GitCli,
    repo: &Repository,
    revisions: String,
    file: &Path,
) -> Result<bool, GitError> {
    let target = disk::create(OpenOptions::new().write(true).create(true).truncate(true), file);
    let target = target.map_err(|error| failed(&error.to_string()))?;
    let args = ["create", "--quiet", "-", "--stdin"];
    // Objects can take their time, as a commit's hooks can.
    let call = git.write(&repo.root, "bundle").args(args).input(revisions).output_file(target);
    let output = call.run()?;
    if output.success() {
        return Ok(true);
    }
    if output.stderr.contains("Refusing to create empty bundle") {
        return Ok(false);
    }
    Err(git.failure(&output))
}

/// Those of `oids` that are here.
pub(super) fn present(
    git: &GitCli,
    repo: &Repository,
    oids: &[Oid],
) -> Result<BTreeSet<Oid>, GitError> {
    if oids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let asked: String = oids.iter().map(|oid| format!("{oid}\n")).collect();
    // A partial clone would fetch what is missing, one by one (the variable is of git 2.45).
    let call = git.read(&repo.root, "cat-file").env("GIT_NO_LAZY_FETCH", "1");
    let out =
        call.args(["--buffer", "--batch-check=%(objecttype) %(objectname)"]).input(asked).ok()?;
    let text = String::from_utf8_lossy(&out);
    let here = text.lines().filter_map(|line| match line.split_once(' ')? {
        ("commit" | "tag", id) => oid(id),
        _ => None, // `<oid> missing`
    });
    Ok(here.collect())
}

pub(super) fn unbundle(
    git: &GitCli,
    repo: &Repository,
    file: &Path,
    commit: &Oid,
    name: &str,
) -> Result<(), GitError> {
    let reference = name::own_ref("in", name)?;
    let mut bundle = open(file)?;
    let header = Header::read(&mut bundle)?;
    if !header.holds.contains(commit) {
        return Err(failed(&format!("it does not hold {commit}")));
    }
    let here = present(git, repo, &header.needs)?;
    if let Some(missing) = header.needs.iter().find(|oid| !here.contains(*oid)) {
        return Err(failed(&format!("it needs {missing}, which is not here")));
    }
    index_pack(git, repo, bundle)?;
    if !history::has_commit(git, repo, commit)? {
        return Err(failed("it lacks objects that its commits need"));
    }
    git.write(&repo.root, "update-ref").args([&reference, commit.as_str()]).ok()?;
    Ok(())
}

/// Takes the objects in. Git checks the form of each, also where the user's fetches do not.
fn index_pack(git: &GitCli, repo: &Repository, pack: File) -> Result<(), GitError> {
    let args = ["--stdin", "--fix-thin", "--fsck-objects"];
    let output = git.write(&repo.root, "index-pack").args(args).input_file(pack).run()?;
    if output.success() {
        return Ok(());
    }
    if output.stderr.contains("unresolved deltas") {
        return Err(failed("it needs objects that are not here"));
    }
    Err(git.failure(&output))
}

/// A bundle before its pack.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    needs: Vec<Oid>,
    holds: Vec<Oid>,
}

impl Header {
    /// Reads it, and leaves the file where the pack begins.
    fn read(file: &mut File) -> Result<Self, GitError> {
        let mut reader = BufReader::new(&mut *file).take(MOST_HEADER);
        let mut header = Self { needs: Vec::new(), holds: Vec::new() };
        let mut length = 0;
        let mut line = Vec::new();
        let mut first = true;
        loop {
            line.clear();
            let count =
                reader.read_until(b'\n', &mut line).map_err(|error| failed(&error.to_string()))?;
            length += count as u64;
            match line.strip_suffix(b"\n") {
                Some(b"") if !first => break,
                Some(line) if first => signature(line)?,
                Some(line) => header.take(line)?,
                None => return Err(failed("it is no bundle, or cut off")),
            }
            first = false;
        }
        file.seek(SeekFrom::Start(length)).map_err(|error| failed(&error.to_string()))?;
        Ok(header)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), GitError> {
        if let Some(capability) = line.strip_prefix(b"@") {
            // A pack with a filter would be taken for a whole one.
            return if capability.starts_with(b"object-format=") {
                Ok(())
            } else {
                Err(failed("it has a capability that is not known"))
            };
        }
        let (list, line) = match line.strip_prefix(b"-") {
            Some(rest) => (&mut self.needs, rest),
            None => (&mut self.holds, line),
        };
        let id = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let id = std::str::from_utf8(id).ok().and_then(oid);
        list.push(id.ok_or_else(|| failed("a line of its header can't be read"))?);
        Ok(())
    }
}

fn signature(line: &[u8]) -> Result<(), GitError> {
    match line {
        b"# v2 git bundle" | b"# v3 git bundle" => Ok(()),
        _ => Err(failed("it is no bundle")),
    }
}

fn open(file: &Path) -> Result<File, GitError> {
    File::open(file).map_err(|error| failed(&error.to_string()))
}

fn failed(why: &str) -> GitError {
    GitError::Failed { what: "bundle".to_owned(), output: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: &[u8]) -> Result<(Header, Vec<u8>), GitError> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("room");
        file.rewind().expect("a file goes back");
        let header = Header::read(&mut file)?;
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).expect("the rest");
        Ok((header, rest))
    }

    #[test]
    fn a_header_ends_where_the_pack_begins() {
        let (a, b) = ("1".repeat(40), "2".repeat(40));
        let text =
            format!("# v3 git bundle\n@object-format=sha1\n-{a} subject\n{b} refs/x\n\nPACK\n");
        let (header, rest) = read(text.as_bytes()).expect("a header");
        assert_eq!(header.needs, [oid(&a).expect("an id")]);
        assert_eq!(header.holds, [oid(&b).expect("an id")]);
        assert_eq!(rest, b"PACK\n");
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        let id = "1".repeat(40);
        for text in [
            "".to_owned(),
            "\n".to_owned(),
            "PACK".to_owned(),
            "# v2 git bundle\n".to_owned(),
            "# v2 git bundle\nxyz refs/a\n\n".to_owned(),
            format!("# v3 git bundle\n@filter=blob:none\n{id} refs/a\n\n"),
            format!("# v2 git bundle\n{id} refs/{}\n\n", "a".repeat(5 << 20)),
        ] {
            assert!(read(text.as_bytes()).is_err(), "{:.40}", text);
        }
    }
}
