//! The caller's environment as text. The plugin's own was frozen when Nushell started it.

use std::collections::{BTreeMap, HashMap};

use nu_protocol::Value;

/// Names that a request carries: where things are, how git and buckets are reached, and whether an
/// assistant is the caller. Everything else stays out of it.
const NAMES: &[&str] = &[
    "ALL_PROXY",
    "APPDATA",
    "CLAUDECODE",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CONFIG_DIR",
    "CLOUDSDK_CONFIG",
    "GNUPGHOME",
    "GPG_TTY",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LOCALAPPDATA",
    "LOGNAME",
    "NO_PROXY",
    "PATH",
    "SHELL",
    "SSL_CERT_FILE",
    "STORAGE_EMULATOR_HOST",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "USERPROFILE",
];

/// Beginnings of names that a request carries. Those of the services that keep buckets hold their
/// credentials: a request goes through a pipe, and what it carries is neither stored nor shown.
const PREFIXES: &[&str] =
    &["AWS_", "AZURE_", "CONVOSYNC_", "GIT_", "GOOGLE_", "LC_", "SSH_", "XDG_", "ZELLIJ"];

/// The caller's variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes what is text, number or a list of texts (joined as in `PATH`); records, closures and
    /// the like have no form that another program would understand.
    pub(crate) fn of(variables: HashMap<String, Value>) -> Self {
        // The child runs elsewhere: a `PWD` that is not its directory would mislead it.
        let elsewhere = |name: &str| matches!(name, "PWD" | "OLDPWD");
        Self(
            variables
                .into_iter()
                .filter(|(name, _)| !elsewhere(name))
                .filter_map(|(name, value)| Some((name, as_text(&value)?)))
                .collect(),
        )
    }

    /// The variable. Windows spells `Path` as it likes, so case counts for nothing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let exact = self.0.get(name);
        exact
            .or_else(|| self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|p| p.1))
            .map(String::as_str)
    }

    /// The user's home directory.
    pub(crate) fn home(&self) -> Option<&str> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).filter(|home| !home.is_empty())
    }

    /// Everything: git and its hooks run in the environment that the user would run them in.
    pub(crate) fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// What a request carries.
    pub(crate) fn for_request(&self) -> BTreeMap<String, String> {
        self.0
            .iter()
            .filter(|(name, _)| is_for_request(&name.to_ascii_uppercase()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

fn is_for_request(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn as_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String { val, .. } | Value::Glob { val, .. } => val.clone(),
        Value::Int { val, .. } => val.to_string(),
        Value::Float { val, .. } => val.to_string(),
        Value::Bool { val, .. } => val.to_string(),
        Value::List { vals, .. } => joined(vals)?,
        _ => return None,
    };
    // Neither a process nor a line of JSON can do anything with a NUL in it.
    (!text.contains('\0')).then_some(text)
}

fn joined(values: &[Value]) -> Option<String> {
    let parts: Vec<&str> = values.iter().map(|value| value.as_str().ok()).collect::<Option<_>>()?;
    std::env::join_paths(parts).ok()?.into_string().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nu_protocol::record;

    fn text(value: &str) -> Value {
        Value::test_string(value)
    }

    fn environment(variables: &[(&str, Value)]) -> Environment {
        Environment::of(variables.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    }

    #[test]
    fn lists_are_joined_and_what_is_no_text_is_left_out() {
        let env = environment(&[
            ("PATH", Value::test_list(vec![text("/a"), text("/b c")])),
            ("COLUMNS", Value::test_int(80)),
            ("CI", Value::test_bool(true)),
            ("config", Value::test_record(record! { "a" => Value::test_int(1) })),
            ("MIXED", Value::test_list(vec![text("/a"), Value::test_int(1)])),
            ("BAD", text("a\0b")),
            ("PWD", text("/repo")),
        ]);
        let all: Vec<_> = env.all().iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(all, [("CI", "true"), ("COLUMNS", "80"), ("PATH", "/a:/b c")]);
    }

    #[test]
    fn a_request_carries_the_credentials_of_buckets_and_no_other_secrets() {
        let env = environment(&[
            ("HOME", text("/home/me")),
            ("XDG_DATA_HOME", text("/data")),
            ("GIT_SSH_COMMAND", text("ssh -i key")),
            ("SSH_AUTH_SOCK", text("/run/agent")),
            ("LC_ALL", text("C")),
            ("CONVOSYNC_STORE", text("file:///s")),
            ("ANTHROPIC_API_KEY", text("sk-secret")),
            ("AWS_SECRET_ACCESS_KEY", text("the bucket's")),
            ("GITHUB_TOKEN", text("secret")),
        ]);
        let carried = env.for_request();
        assert!(carried.values().all(|value| !value.contains("secret")), "{carried:?}");
        assert_eq!(carried.len(), 7, "{carried:?}");
    }

    #[test]
    fn the_home_directory_is_found_under_either_name() {
        assert_eq!(environment(&[("HOME", text("/h"))]).home(), Some("/h"));
        assert_eq!(environment(&[("UserProfile", text("C:\\u"))]).home(), Some("C:\\u"));
        assert_eq!(environment(&[("HOME", text(""))]).home(), None);
    }
}
