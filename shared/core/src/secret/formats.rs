//! How the keys of well-known services look, as their documentation and the scanners of forges have
//! them.

use super::SecretKind;
use super::chance::bits_a_character;

/// The keys of one service.
pub(super) struct Format {
    pub(super) kind: SecretKind,
    /// How they begin.
    start: &'static str,
    rest: Alphabet,
    /// So many characters follow, at least and at most.
    length: (usize, usize),
    /// So many dots among them, at least.
    dots: usize,
}

#[derive(Clone, Copy)]
enum Alphabet {
    /// `A-Z2-7`.
    Base32,
    /// `0-9a-f`.
    Hex,
    /// `A-Za-z0-9`.
    Alnum,
    /// The same with `_` and `-`.
    Url,
    /// The same with `.`.
    Dotted,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Base32 => byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte),
            Self::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => Self::Url.has(byte) || byte == b'.',
        }
    }
}

/// Longer than any key.
const ANY: usize = 4096;

const fn format(
    kind: &'static str,
    start: &'static str,
    rest: Alphabet,
    least: usize,
    most: usize,
) -> Format {
    Format { kind: SecretKind(kind), start, rest, length: (least, most), dots: 0 }
}

const fn dotted(kind: &'static str, start: &'static str, least: usize, dots: usize) -> Format {
    let length = (least, ANY);
    Format { kind: SecretKind(kind), start, rest: Alphabet::Dotted, length, dots }
}

use Alphabet::{Alnum, Base32, Hex, Url};

/// Of two beginnings that fit, the one that stands first counts.
///
/// Sources: the services' own documentation where it tells the form ([GitHub][1], [AWS][2],
/// [Slack][3], [npm][4], [PyPI][5], [GitLab][6], [Vault][7], [age][8], [JSON web tokens][9]), else
/// the patterns that GitHub's secret scanning and gitleaks' `gitleaks.toml` have.
///
/// [1]: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
/// [2]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
/// [3]: https://docs.slack.dev/authentication/tokens/
/// [4]: https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/
/// [5]: https://warehouse.pypa.io/development/token-scanning.html
/// [6]: https://docs.gitlab.com/security/tokens/#token-prefixes
/// [7]: https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes
/// [8]: https://github.com/C2SP/C2SP/blob/main/age.md
/// [9]: https://www.rfc-editor.org/rfc/rfc7519
const FORMATS: &[Format] = &[
    format("a GitHub token", "github_pat_", Url, 82, 255),
    format("a GitHub token", "ghp_", Alnum, 36, 251),
    format("a GitHub token", "gho_", Alnum, 36, 251),
    format("a GitHub token", "ghu_", Alnum, 36, 251),
    format("a GitHub token", "ghs_", Alnum, 36, 251),
    format("a GitHub token", "ghr_", Alnum, 36, 251),
    format("a GitLab token", "glpat-", Url, 20, ANY),
    format("an AWS access key", "AKIA", Base32, 16, 16),
    format("an AWS access key", "ASIA", Base32, 16, 16),
    format("a Google API key", "AIza", Url, 35, 35),
    dotted("a Google access token", "ya29.", 30, 0),
    format("an Anthropic key", "sk-ant-", Url, 80, ANY),
    format("an OpenAI key", "sk-proj-", Url, 40, ANY),
    format("an OpenAI key", "sk-svcacct-", Url, 40, ANY),
    format("an OpenAI key", "sk-admin-", Url, 40, ANY),
    format("an OpenRouter key", "sk-or-", Url, 40, ANY),
    format("an OpenAI key", "sk-", Alnum, 48, 48),
    format("a Stripe key", "sk_live_", Alnum, 24, ANY),
    format("a Stripe key", "rk_live_", Alnum, 24, ANY),
    format("a Stripe key", "sk_test_", Alnum, 24, ANY),
    format("a webhook's secret", "whsec_", Alnum, 24, ANY),
    format("a Slack token", "xoxa-", Url, 20, ANY),
    format("a Slack token", "xoxb-", Url, 20, ANY),
    format("a Slack token", "xoxe-", Url, 20, ANY),
    format("a Slack token", "xoxp-", Url, 20, ANY),
    format("a Slack token", "xoxr-", Url, 20, ANY),
    format("a Slack token", "xoxs-", Url, 20, ANY),
    format("a Slack token", "xapp-", Url, 20, ANY),
    format("an npm token", "npm_", Alnum, 36, 36),
    format("a PyPI token", "pypi-", Url, 50, ANY),
    format("a Hugging Face token", "hf_", Alnum, 30, 40),
    format("an age key", "AGE-SECRET-KEY-1", Alnum, 58, 58),
    dotted("a SendGrid key", "SG.", 60, 1),
    format("a Docker Hub token", "dckr_pat_", Url, 27, 40),
    format("a DigitalOcean token", "dop_v1_", Hex, 64, 64),
    dotted("a Vault token", "hvs.", 24, 0),
    format("a Linear key", "lin_api_", Alnum, 40, 48),
    dotted("a Sentry token", "sntrys_", 40, 0),
    format("a Shopify token", "shpat_", Hex, 32, 32),
    format("a Grafana token", "glsa_", Url, 40, 48),
    format("a Facebook token", "EAACEdEose0cBA", Alnum, 20, ANY),
    dotted("a JSON web token", "eyJhbGciOi", 40, 2),
    dotted("a JSON web token", "eyJ0eXAiOi", 40, 2),
];

impl Format {
    /// The one whose keys begin as this word does.
    pub(super) fn that_begins(word: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| word.starts_with(format.start))
    }

    /// The one that a word is a whole key of. What follows the key may belong to the sentence, and
    /// not to a longer word.
    pub(super) fn of(word: &[u8]) -> Option<&'static Self> {
        // Most words end here: the table is long.
        if !matches!(word.first()?, b'A' | b'E' | b'S' | b'a'..=b'z') || word.len() < 18 {
            return None;
        }
        FORMATS.iter().find(|format| format.is_whole(word))
    }

    fn is_whole(&self, word: &[u8]) -> bool {
        let Some(rest) = word.strip_prefix(self.start.as_bytes()) else { return false };
        let len = rest.iter().take_while(|byte| self.rest.has(**byte)).count();
        let (key, after) = rest.split_at(len);
        let (least, most) = self.length;
        let fits = (least..=most).contains(&key.len())
            && key.iter().filter(|byte| **byte == b'.').count() >= self.dots
            && !after.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        fits && !is_made_up(key)
    }
}

/// What stands for a key in documentation: `xxxx…`, `AKIAIOSFODNN7EXAMPLE`.
fn is_made_up(key: &[u8]) -> bool {
    let example = |seven: &[u8]| seven.eq_ignore_ascii_case(b"EXAMPLE");
    bits_a_character(key) < 3.0 || key.windows(7).any(example)
}
