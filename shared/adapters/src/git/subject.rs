//! The subject line of a commit.

use std::fs::File;
use std::io::Read;

use convosync_core::Oid;
use convosync_engine::ports::{GitError, Repository};
use flate2::read::ZlibDecoder;

use super::{GitCli, failure};

/// Bytes of a commit that are looked at for its subject.
const MOST: u64 = 64 << 10;

/// A commit never changes, so it is looked at once. One that is not packed yet, as fresh ones are,
/// is read from its file; that saves a process in every save.
pub(super) fn subject(git: &GitCli, repo: &Repository, commit: &Oid) -> Result<String, GitError> {
    if let Some(known) = git.memory().subjects.get(commit) {
        return Ok(known.clone());
    }
    let text = match loose(repo, commit) {
        Some(text) => text,
        None => asked(git, repo, commit)?,
    };
    let text = failure::printable(&text);
    git.memory().subjects.insert(commit.clone(), text.clone());
    Ok(text)
}

fn asked(git: &GitCli, repo: &Repository, commit: &Oid) -> Result<String, GitError> {
    let args = ["-1", "--no-show-signature", "--format=%s", "--end-of-options", commit.as_str()];
    let out = git.read(&repo.root, "log").args(args).arg("--").ok()?;
    Ok(String::from_utf8_lossy(&out).trim_end_matches('\n').to_owned())
}

/// From `objects/ab/cdef…`: zlib over `commit <length> NUL <headers> LF LF <message>`.
fn loose(repo: &Repository, commit: &Oid) -> Option<String> {
    let (folder, name) = commit.as_str().split_at(2);
    let file = File::open(repo.common_dir.join("objects").join(folder).join(name)).ok()?;
    let mut bytes = Vec::new();
    ZlibDecoder::new(file).take(MOST).read_to_end(&mut bytes).ok()?;
    // One that is cut off, or that is no UTF-8 (or says so in a header), is git's to read.
    let text = String::from_utf8(bytes).ok().filter(|text| (text.len() as u64) < MOST)?;
    let (headers, message) = text.strip_prefix("commit ")?.split_once("\n\n")?;
    let is_plain = !headers.lines().any(|line| line.starts_with("encoding "));
    is_plain.then(|| first_paragraph(message))
}

/// The lines up to the first blank one, as one line: what git calls the subject.
fn first_paragraph(message: &str) -> String {
    let lines = message.lines().map(str::trim_end).skip_while(|line| line.is_empty());
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_the_first_paragraph_in_one_line() {
        assert_eq!(first_paragraph("\n\na  \nb\n\nc\n"), "a b");
        assert_eq!(first_paragraph(""), "");
    }
}
