//! Patterns as in gitignore(5), for files that stay behind. Knows nothing of a file system.

/// Patterns in their order: the last one that matches decides.
pub(super) struct Excludes(Vec<Pattern>);

struct Pattern {
    keep: bool,
    directories_only: bool,
    /// Matched against the whole path, not its last part.
    anchored: bool,
    parts: Vec<Vec<u8>>,
}

impl Excludes {
    pub(super) fn new<S: AsRef<str>>(patterns: &[S]) -> Self {
        Self(patterns.iter().filter_map(|text| Pattern::parse(text.as_ref())).collect())
    }

    /// Whether a file (its path with `/`, relative to the work tree) is excluded, itself or with a
    /// directory that it is in. A file can't be kept when its directory is excluded, as in git.
    pub(super) fn excluded(&self, path: &[u8]) -> bool {
        let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        (1..=parts.len()).any(|end| self.decides(&parts[..end], end < parts.len()))
    }

    fn decides(&self, parts: &[&[u8]], is_directory: bool) -> bool {
        let last = self.0.iter().rev().find(|pattern| pattern.matches(parts, is_directory));
        last.is_some_and(|pattern| !pattern.keep)
    }
}

impl Pattern {
    fn parse(line: &str) -> Option<Self> {
        let line = without_trailing_spaces(line.trim_end_matches(['\n', '\r']));
        if line.starts_with('#') {
            return None;
        }
        let (keep, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (directories_only, line) = match line.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let anchored = line.contains('/');
        let line = line.strip_prefix('/').unwrap_or(line).replace("\\/", "/");
        if line.is_empty() {
            return None;
        }
        let parts = line.split('/').map(|part| part.as_bytes().to_vec()).collect();
        Some(Self { keep, directories_only, anchored, parts })
    }

    fn matches(&self, path: &[&[u8]], is_directory: bool) -> bool {
        if self.directories_only && !is_directory {
            return false;
        }
        match path.last() {
            Some(name) if !self.anchored => matches_part(&self.parts[0], name),
            _ => matches_parts(&self.parts, path),
        }
    }
}

/// Spaces at the end do not count unless a backslash stands before them.
fn without_trailing_spaces(line: &str) -> &str {
    let short = line.trim_end_matches(' ');
    let slashes = short.len() - short.trim_end_matches('\\').len();
    let kept = usize::from(slashes % 2 == 1 && short.len() < line.len());
    &line[..short.len() + kept]
}

/// `**` as a part of its own stands for any number of directories; at the end, for at least one
/// name.
fn matches_parts(pattern: &[Vec<u8>], path: &[&[u8]]) -> bool {
    // reachable[i]: the pattern so far matches the first i parts of the path.
    let mut reachable = vec![false; path.len() + 1];
    reachable[0] = true;
    for (index, part) in pattern.iter().enumerate() {
        let mut next = vec![false; path.len() + 1];
        if part == b"**" {
            let least = usize::from(index + 1 == pattern.len());
            if let Some(first) = reachable.iter().position(|reached| *reached) {
                next.iter_mut().skip(first + least).for_each(|reached| *reached = true);
            }
        } else {
            for (at, name) in path.iter().enumerate() {
                next[at + 1] = reachable[at] && matches_part(part, name);
            }
        }
        reachable = next;
    }
    reachable[path.len()]
}

/// One name against one part of a pattern: `*`, `?`, `[…]`, `\x`.
fn matches_part(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    loop {
        if p < pattern.len() && pattern[p] == b'*' {
            p += 1;
            star = Some((p, n));
            continue;
        }
        if n == name.len() && p == pattern.len() {
            return true;
        }
        let step = if n < name.len() { one(&pattern[p..], name[n]) } else { None };
        if let Some(width) = step {
            p += width;
            n += 1;
        } else if let Some((after, from)) = star.filter(|(_, from)| *from < name.len()) {
            // The last star takes one byte more: that is all the going back there is.
            star = Some((after, from + 1));
            (p, n) = (after, from + 1);
        } else {
            return false;
        }
    }
}

/// Matches one byte with the head of a pattern, and returns how long that head is.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        b'\\' => (*pattern.get(1)? == byte).then_some(2),
        b'[' => class(pattern, byte),
        literal => (literal == byte).then_some(1),
    }
}

/// `[abc]`, `[a-z]`, `[!a]`, `[^a]`, `[[:digit:]]`; one that does not end matches nothing.
fn class(pattern: &[u8], byte: u8) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let mut at = 1 + usize::from(negated);
    let mut found = false;
    let mut first = true;
    loop {
        let start = *pattern.get(at)?;
        if start == b']' && !first {
            return (found != negated).then_some(at + 1);
        }
        first = false;
        if pattern[at..].starts_with(b"[:") {
            let end = at + 2 + pattern[at + 2..].windows(2).position(|pair| pair == b":]")?;
            found |= named(&pattern[at + 2..end], byte)?;
            at = end + 2;
            continue;
        }
        let (low, width) = literal(pattern, at)?;
        at += width;
        let is_range =
            pattern.get(at) == Some(&b'-') && !matches!(pattern.get(at + 1), None | Some(b']'));
        if is_range {
            let (high, width) = literal(pattern, at + 1)?;
            found |= (low..=high).contains(&byte);
            at += 1 + width;
        } else {
            found |= low == byte;
        }
    }
}

fn literal(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match *pattern.get(at)? {
        b'\\' => Some((*pattern.get(at + 1)?, 2)),
        byte => Some((byte, 1)),
    }
}

fn named(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], excluded: &[&str], kept: &[&str]) {
        let rules = Excludes::new(patterns);
        for path in excluded {
            assert!(rules.excluded(path.as_bytes()), "{path} is kept by {patterns:?}");
        }
        for path in kept {
            assert!(!rules.excluded(path.as_bytes()), "{path} is excluded by {patterns:?}");
        }
    }

    #[test]
    fn secrets_stay_and_examples_go() {
        check(
            &[".env", ".env.*", "!.env.example", "*.pem", "secrets/*.json", "/only-top", "cache/"],
            &[".env", "a/.env", ".env.local", "x.pem", "d/x.pem", "secrets/a.json", "only-top"],
            &[
                ".env.example",
                "env",
                "x.pem.txt",
                "a/secrets/b.json",
                "secrets/d/a.json",
                "a/only-top",
            ],
        );
        check(&["cache/"], &["cache/x", "a/cache/x"], &["cache", "a/cache"]);
        check(&["d/", "!d/x"], &["d/x"], &["x"]);
    }

    #[test]
    fn a_pattern_takes_no_exponential_time() {
        let name = "a".repeat(200);
        check(
            &[&"*a".repeat(100), &("**/".repeat(50) + "z")],
            &[],
            &[&(name.replace('a', "b/") + "c")],
        );
        check(&[&("*a".repeat(60) + "b")], &[], &[&name]);
    }

    /// What `git check-ignore` says of paths that are not there.
    fn gits_own(dir: &std::path::Path, patterns: &[&str], paths: &[&str]) -> Vec<String> {
        std::fs::write(dir.join(".git/info/exclude"), patterns.join("\n")).expect("a file");
        let output = std::process::Command::new("git")
            .args(["check-ignore", "--no-index", "--"])
            .args(paths)
            .current_dir(dir)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_DIR", dir.join(".git"))
            .output()
            .expect("git runs");
        String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
    }

    #[test]
    fn patterns_mean_what_they_mean_to_git() {
        let paths = [
            "a", "b", "a/b", "d/a", "d/e/a", "d/e/f", "a.b", ".env", "x y", "[a]", "d/a.b",
            "e/d/f", "a-b", "Z", "5", "d/.env.x", "a ", "#a",
        ];
        let pool = [
            "a",
            "/a",
            "a/",
            "*",
            "*.b",
            "d/*",
            "d/**",
            "**/a",
            "d/**/f",
            "!a",
            "!d/",
            "[a-c]",
            "[!a]",
            "[[:digit:]]",
            "?",
            "\\[a\\]",
            "d/e/",
            "/d/e",
            ".env*",
            "x\\ y",
            "a?b",
            "**",
            "d**",
            "*/a",
            "[^.]*",
            "[]-]",
            "#a",
            "\\#a",
            "a ",
            "a\\ ",
            "**/e/**",
            "[a",
            "!*.b",
            "e/d",
            "[Z-]",
            "!/d",
            "d/**/",
            "/",
            "!",
            "**/",
        ];
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join(".git/info")).expect("a folder");
        for name in ["objects", "refs"] {
            std::fs::create_dir(folder.path().join(".git").join(name)).expect("a folder");
        }
        std::fs::write(folder.path().join(".git/HEAD"), "ref: refs/heads/main\n").expect("a file");
        let mut seed = 1_u32;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        let singles = pool.iter().map(|pattern| vec![*pattern]).collect::<Vec<_>>();
        let mixed = (0..120).map(|_| (0..2 + next(3)).map(|_| pool[next(pool.len())]).collect());
        for patterns in singles.into_iter().chain(mixed.collect::<Vec<Vec<_>>>()) {
            let rules = Excludes::new(&patterns);
            let ours: Vec<&str> =
                paths.into_iter().filter(|path| rules.excluded(path.as_bytes())).collect();
            assert_eq!(ours, gits_own(folder.path(), &patterns, &paths), "{patterns:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[]a*?!/\\\\\\[:^-]{0,12}", path in "[a/b.]{0,8}") {
            let _ = Excludes::new(&[pattern]).excluded(path.as_bytes());
        }
    }
}
