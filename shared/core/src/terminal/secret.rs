//! What looks like a secret. Wrong in doubt: what stays behind is named, and can be set by hand.

/// Parts of names that speak of secrets.
const NAMED: &[&str] = &[
    "APIKEY",
    "AUTH",
    "BEARER",
    "COOKIE",
    "CREDENTIAL",
    "JWT",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE",
    "SECRET",
    "SIGNATURE",
    "TOKEN",
    "WEBHOOK",
];

/// Words of names that do.
const WORDS: &[&str] = &["DSN", "OTP", "PASS", "PAT", "PIN", "PSK", "PW", "PWD", "SALT", "SAS"];

/// How the keys of well-known services begin, as their documentation and the scanners of forges
/// have them.
const BEGINNINGS: &[&str] = &[
    "AGE-SECRET-KEY-",
    "AIza",
    "AKIA",
    "ASIA",
    "EAACEdEose0cBA",
    "SG.",
    "dckr_pat_",
    "dop_v1_",
    "eyJhbGciOi",
    "eyJ0eXAiOi",
    "ghp_",
    "gho_",
    "ghr_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "hf_",
    "hvs.",
    "lin_api_",
    "npm_",
    "pypi-",
    "rk_live_",
    "sk-",
    "sk_live_",
    "sk_test_",
    "sntrys_",
    "whsec_",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "ya29.",
];

/// A word shorter than this can be guessed anyway, or is no word of chance.
const SHORTEST: usize = 20;

/// Whether the name of a variable, an option or a field speaks of a secret.
pub(super) fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let mut words =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    NAMED.iter().any(|part| name.contains(part))
        || words.any(|word| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            WORDS.contains(&word) || word.ends_with("KEY") || word.ends_with("KEYS")
        })
}

/// Whether a text may hold a secret: the value of a variable, or a command.
#[must_use]
pub fn may_hold_a_secret(text: &str) -> bool {
    text.contains("-----BEGIN ")
        || has_login(text)
        || given_by_name(text)
        || words(text).any(is_key)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'`,;()[]{}<>|&$".contains(c))
}

/// A URL with a password: `scheme://user:password@host`.
fn has_login(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let authority = rest.split(['/', '?', '#', ' ', '\n']).next().unwrap_or_default();
        let login = authority.rsplit_once('@').map(|(login, _)| login);
        login.and_then(|login| login.split_once(':')).is_some_and(|(_, pass)| !pass.is_empty())
    })
}

/// `TOKEN=…`, `$env.TOKEN = …`, `--password …`, `"secret": …`, `Authorization: …`: what follows a
/// name that speaks of a secret, unless it is only looked up.
fn given_by_name(text: &str) -> bool {
    let mut pieces = text.split_whitespace().peekable();
    while let Some(piece) = pieces.next() {
        let plain = piece.trim_start_matches(['"', '\'', '{', '(', '$']);
        let (name, value) = match plain.find(['=', ':']) {
            Some(at) => (&plain[..at], plain[at + 1..].trim_matches(['"', '\'', '='])),
            None => (plain.trim_end_matches(['"', '\'']), ""),
        };
        let option = piece.starts_with("--");
        let assigned = plain.contains(['=', ':']) || pieces.peek().is_some_and(|next| *next == "=");
        if !(option || assigned) || !names_a_secret(name.trim_start_matches('-')) {
            continue;
        }
        let value = if value.is_empty() {
            pieces.find(|piece| *piece != "=").unwrap_or_default()
        } else {
            value
        };
        if !value.is_empty() && !is_looked_up(value) {
            return true;
        }
    }
    false
}

/// A variable, the output of a command, or another option: no secret by itself.
fn is_looked_up(value: &str) -> bool {
    value.trim_start_matches(['"', '\'']).starts_with(['$', '(', '`', '-'])
}

/// Whether a word is a key by its beginning, or one that only chance makes.
fn is_key(word: &str) -> bool {
    let known = |word: &str| {
        let known = BEGINNINGS.iter().any(|start| word.starts_with(start));
        known && word.len() >= SHORTEST
    };
    let parts = || word.split(['=', ':', '@', '?', '#']);
    // A path has words of people between its slashes; base64 has slashes too.
    let is_path = word.contains("://") || word.starts_with(['/', '~', '.']);
    parts().any(known)
        || parts().flat_map(|part| part.split(['/', '-', '.', '\\'])).any(is_random)
        || (!is_path && parts().any(|part| part.len() >= 32 && is_random(part)))
}

/// Digits and letters of both cases in one word, or much hexadecimal, with few repetitions.
fn is_random(word: &str) -> bool {
    if word.len() < SHORTEST
        || !word.chars().all(|c| c.is_ascii_alphanumeric() || "+/_=".contains(c))
    {
        return false;
    }
    let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    let digits = has(char::is_ascii_digit);
    let cases = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    let hex = word.len() >= 32 && digits && word.chars().all(|c| c.is_ascii_hexdigit());
    (digits && cases || hex) && bits_a_character(word) >= 3.0
}

/// Shannon's entropy of the characters.
fn bits_a_character(word: &str) -> f64 {
    let mut counts = [0_u32; 128];
    for byte in word.bytes().filter(u8::is_ascii) {
        counts[usize::from(byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a word has few characters")]
    let whole = word.len() as f64;
    let share = |count: &u32| f64::from(*count) / whole;
    counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum()
}
