//! AWS's shared configuration files
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>): sections of `key = value`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use super::service::set;

/// What the files say of one profile.
#[derive(Default)]
pub(super) struct Profile {
    settings: BTreeMap<String, String>,
}

impl fmt::Debug for Profile {
    /// It may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.settings.keys()).finish()
    }
}

impl Profile {
    /// Reads the profile that `AWS_PROFILE` names, else `default`, from the files that
    /// `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name, else from `~/.aws`. `None` if no
    /// file knows it.
    pub(super) fn read(env: &BTreeMap<String, String>) -> Option<Self> {
        let name = chosen(env);
        let file = |variable: &str, own: &str| {
            let text = fs::read_to_string(place(env, variable, own)?).ok();
            Some(sections(&text?))
        };
        let config = file("AWS_CONFIG_FILE", "config").unwrap_or_default();
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials").unwrap_or_default();
        // In `config` every name but `default` follows the word `profile`.
        let spelled = format!("profile {name}");
        let plain = config.get(name).filter(|_| name == "default");
        let parts = [config.get(&spelled).or(plain), credentials.get(name)];
        let mut known = parts.into_iter().flatten().peekable();
        known.peek()?;
        // Credentials go before the configuration.
        Some(Self { settings: known.flat_map(|part| part.clone()).collect() })
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }
}

/// The name of the profile.
pub(super) fn chosen(env: &BTreeMap<String, String>) -> &str {
    let named = set(env, "AWS_PROFILE").or_else(|| set(env, "AWS_DEFAULT_PROFILE"));
    named.unwrap_or("default")
}

fn place(env: &BTreeMap<String, String>, variable: &str, own: &str) -> Option<PathBuf> {
    let home = env.get("HOME").map(Path::new);
    match set(env, variable) {
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => Some(home?.join(rest)),
            None => Some(PathBuf::from(path)),
        },
        None => Some(home?.join(".aws").join(own)),
    }
}

fn sections(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        // An indented line belongs to a setting that has settings of its own; none matters here.
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        if let Some(name) = line.trim_end().strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let words: Vec<_> = name.split_whitespace().collect();
            current = Some(words.join(" ").replace(['"', '\''], ""));
        } else if let (Some(section), Some((key, value))) = (&current, line.split_once('=')) {
            let value = value.split(" #").next().unwrap_or_default().trim();
            let settings = sections.entry(section.clone()).or_default();
            settings.insert(key.trim().to_ascii_lowercase(), value.to_owned());
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# a comment
[default]
region = eu-west-1
[profile work]
region=us-east-2   # over there
endpoint_url = https://objects.example.org
s3 =
    max_concurrent_requests = 5
aws_access_key_id = of-config
";
    const CREDENTIALS: &str = "\
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = hunter2=/+
[work]
aws_access_key_id = AKIAWORK
AWS_SECRET_ACCESS_KEY = hunter3
";

    fn read(extra: &[(&str, &str)]) -> Option<Profile> {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
        fs::write(home.path().join(".aws/credentials"), CREDENTIALS).unwrap();
        let mut env = BTreeMap::from([("HOME".to_owned(), home.path().display().to_string())]);
        env.extend(extra.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        Profile::read(&env)
    }

    #[test]
    fn without_a_name_it_is_the_default() {
        let profile = read(&[]).unwrap();
        assert_eq!(profile.get("region"), Some("eu-west-1"));
        assert_eq!(profile.get("aws_access_key_id"), Some("AKIADEFAULT"));
        assert_eq!(profile.get("aws_secret_access_key"), Some("hunter2=/+"));
    }

    #[test]
    fn a_named_one_is_made_of_both_files_and_credentials_go_first() {
        let profile = read(&[("AWS_PROFILE", "work")]).unwrap();
        assert_eq!(profile.get("region"), Some("us-east-2"));
        assert_eq!(profile.get("endpoint_url"), Some("https://objects.example.org"));
        assert_eq!(profile.get("aws_access_key_id"), Some("AKIAWORK"));
        assert_eq!(profile.get("aws_secret_access_key"), Some("hunter3"));
        assert_eq!(profile.get("max_concurrent_requests"), None);
    }

    #[test]
    fn one_that_no_file_knows_is_none() {
        assert!(read(&[("AWS_PROFILE", "play")]).is_none());
        assert!(Profile::read(&BTreeMap::new()).is_none());
    }

    #[test]
    fn what_it_shows_has_no_secret() {
        let shown = format!("{:?}", read(&[]));
        assert!(shown.contains("aws_secret_access_key") && !shown.contains("hunter2"), "{shown}");
    }
}
