//! The name of the folder in which Claude Code keeps a project's conversations.

/// Longer names are cut here and made unique by a hash.
const CUT: usize = 200;

/// Names the folder under `projects/` for a directory (absolute, symlinks resolved).
///
/// As measured with Claude Code 2.1.328: each UTF-16 unit of the path that is no ASCII letter or
/// digit becomes `-`, with no Unicode normalisation. More than 200 units: the first 200, `-`, and
/// the magnitude of Java's `String.hashCode` of the path in base 36. Two paths may share a name.
#[must_use]
pub fn project_slug(directory: &str) -> String {
    let plain = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
        _ => '-',
    };
    let mut slug: String = directory.encode_utf16().map(plain).collect();
    if slug.len() > CUT {
        slug.truncate(CUT);
        slug.push('-');
        slug.push_str(&base36(java_hash(directory).unsigned_abs()));
    }
    slug
}

fn java_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = char::from_digit(number % 36, 36).expect("a remainder of 36 is a digit");
        digits.push(digit);
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(directory: &str, want: &str) {
        assert_eq!(project_slug(directory), want, "{directory}");
    }

    #[test]
    fn all_but_letters_and_digits_become_dashes() {
        check("/home/alice/projects/my_app.v2", "-home-alice-projects-my-app-v2");
        check("/home/alice/a b", "-home-alice-a-b");
        check("/", "-");
    }

    #[test]
    fn different_directories_can_share_a_slug() {
        check("/a/b", "-a-b");
        check("/a-b", "-a-b");
    }

    #[test]
    fn units_are_those_of_utf_16_and_not_normalised() {
        check("/w/\u{e9}", "-w--");
        check("/w/e\u{301}", "-w-e-");
        check("/w/🦀x", "-w---x");
    }

    #[test]
    fn long_names_end_with_the_hash_of_the_path() {
        let exact = format!("/{}", "a".repeat(199));
        check(&exact, &format!("-{}", "a".repeat(199)));
        let long = format!("/{}", "a".repeat(200));
        let slug = project_slug(&long);
        assert_eq!(slug[..201], format!("-{}-", "a".repeat(199)));
        assert_eq!(slug[201..], base36(java_hash(&long).unsigned_abs()));
    }

    #[test]
    fn hashes_are_those_of_java() {
        assert_eq!(java_hash("hello"), 99_162_322);
        assert_eq!(java_hash("polygenelubricants"), i32::MIN);
        assert_eq!(base36(i32::MIN.unsigned_abs()), "zik0zk");
        assert_eq!(base36(0), "0");
    }
}
