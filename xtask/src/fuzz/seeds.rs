//! What targets begin with: the samples that the project's own tests hold, and a few texts.

use std::fs;
use std::path::{Path, PathBuf};

use super::is_source;
use crate::run::Failed;
use crate::workspace::Workspace;

/// Forms that are stored, each of which reads every sample: the target takes the number from the
/// first byte.
const FORMS: u8 = 12;

/// Lines that front ends and the helper wrote.
const LINES: [&str; 4] = [
    r#"{"protocol":1,"verb":{"save":{"message":"one","no_push":true}},"directory":"/w","env":{"A":"b"},"shell":"nu"}"#,
    r#"{"protocol":1,"verb":{"resume":{"session":"session-k3vq7m2a","on_dirty":"stash"}},"directory":"/w"}"#,
    r#"{"protocol":1,"verb":"status","directory":"/w"}"#,
    r#"{"failure":{"code":"convosync::store::unreachable","message":"x","help":"y"}}"#,
];

/// Names of everything that has one.
const NAMES: [&str; 8] = [
    "v1/s/session-k3vq7m2a/00000001-t5kf2blg-1-iy5zfbib",
    "v1/store.json",
    "session-k3vq7m2a",
    "11111111-2222-4333-8444-555555555555",
    "0123456789abcdef0123456789abcdef01234567",
    "feature/oauth",
    "git@example.org:you/app.git",
    "subagents/agent-1.jsonl",
];

/// Puts seeds where a target finds them. What is there stays: it was found before.
pub(super) fn sow(workspace: &Workspace, target: &str, corpus: &Path) -> Result<(), Failed> {
    fs::create_dir_all(corpus).map_err(Failed::at(corpus))?;
    let core = workspace.root().join("shared/core/src");
    let seeds = match target {
        "units" => numbered(&samples(&core.join("format"))?, 0..FORMS),
        "layouts" => numbered(&layouts(&samples(&core.join("format"))?), 0..2),
        "transcripts" => texts(&core.join("claude"))?,
        "secrets" => texts(&core.join("secret"))?,
        "settings" => vec![
            fs::read(workspace.root().join("docs/configuration.md"))
                .map(|page| examples(&String::from_utf8_lossy(&page)).into_bytes())
                .map_err(Failed::at(corpus))?,
        ],
        "wire" => LINES.iter().map(|line| line.as_bytes().to_vec()).collect(),
        _ => NAMES.iter().map(|name| name.as_bytes().to_vec()).collect(),
    };
    if seeds.iter().all(Vec::is_empty) {
        return Err(Failed::new(format!("`{target}` has nothing to begin with")));
    }
    for (number, seed) in seeds.iter().enumerate() {
        let file = corpus.join(format!("seed-{number:04}"));
        fs::write(&file, seed).map_err(Failed::at(&file))?;
    }
    Ok(())
}

/// Each with each number before it.
fn numbered(samples: &[Vec<u8>], numbers: std::ops::Range<u8>) -> Vec<Vec<u8>> {
    let with =
        |number: u8| samples.iter().map(move |sample| [&[number][..], sample.as_slice()].concat());
    numbers.flat_map(with).collect()
}

/// A layout lies inside of a terminal's map; where it begins is found by trying each place.
fn layouts(samples: &[Vec<u8>]) -> Vec<Vec<u8>> {
    // A map with a few keys that begins with the version of a layout.
    let begins = |tail: &[u8]| matches!(tail, [0xa1..=0xa4, 0x00, 0x01, 0x01, ..]);
    let tails = samples.iter().flat_map(|sample| (0..sample.len()).map(move |at| &sample[at..]));
    let mut tails: Vec<_> = tails.filter(|tail| begins(tail)).map(<[u8]>::to_vec).collect();
    tails.extend(samples.iter().take(20).cloned());
    tails
}

/// The settings that a page shows, as a file has them.
fn examples(page: &str) -> String {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('`');
        let (name, value) = (cells.next()?, cells.nth(1)?);
        Some(format!("{name} = {value}\n"))
    });
    rows.collect()
}

/// The bytes that sources give in hexadecimal.
fn samples(folder: &Path) -> Result<Vec<Vec<u8>>, Failed> {
    let texts = sources(folder)?;
    let found = texts.iter().flat_map(|text| literals(text)).filter_map(|text| from_hex(&text));
    Ok(found.collect())
}

/// The texts that sources have in quotes.
fn texts(folder: &Path) -> Result<Vec<Vec<u8>>, Failed> {
    let texts = sources(folder)?;
    let raw = texts.iter().flat_map(|text| text.split("r#\"").skip(1));
    let raw = raw.filter_map(|text| Some(text.split_once("\"#")?.0.to_owned() + "\n"));
    let quoted = texts.iter().flat_map(|text| literals(text));
    let all = raw.chain(quoted.filter(|text| text.len() > 20).map(|text| text + "\n"));
    Ok(all.map(String::into_bytes).collect())
}

fn sources(folder: &Path) -> Result<Vec<String>, Failed> {
    let mut files: Vec<PathBuf> = Vec::new();
    let entries = fs::read_dir(folder).map_err(Failed::at(folder))?;
    files.extend(entries.flatten().map(|entry| entry.path()).filter(|path| is_source(path)));
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).map_err(Failed::at(file))).collect()
}

/// Texts in quotes, without the line ends that a backslash takes away.
fn literals(source: &str) -> Vec<String> {
    let parts: Vec<_> = source.split('"').skip(1).step_by(2).collect();
    let joined = |part: &str| {
        let mut lines = part.split("\\\n");
        let first = lines.next().unwrap_or_default().to_owned();
        lines.fold(first, |text, line| text + line.trim_start())
    };
    parts.into_iter().map(joined).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_hex = text.len() >= 8 && text.len().is_multiple_of(2);
    is_hex.then(|| pairs.map(byte).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_from_the_quotes_of_sources() {
        let source = "const A: &str = \"a1b2c3d4\\\n    e5\"; f(\"no hex\")";
        assert_eq!(literals(source), ["a1b2c3d4e5", "no hex"]);
        assert_eq!(from_hex("a1b2c3d4e5"), Some(vec![0xa1, 0xb2, 0xc3, 0xd4, 0xe5]));
        assert_eq!(from_hex("a1b2"), None);
    }

    #[test]
    fn every_kind_of_target_has_seeds() {
        let workspace = Workspace::find().unwrap();
        let core = workspace.root().join("shared/core/src");
        let stored = samples(&core.join("format")).unwrap();
        assert!(stored.len() > 10, "{}", stored.len());
        assert!(texts(&core.join("claude")).unwrap().len() > 10);
        assert!(layouts(&stored).len() > 20);
        let page = fs::read_to_string(workspace.root().join("docs/configuration.md")).unwrap();
        assert!(examples(&page).contains("retention.days = 30\n"), "{}", examples(&page));
    }
}
