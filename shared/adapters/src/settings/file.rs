//! The file of settings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use convosync_engine::{SaveMode, Settings};
use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::error::SettingsError;
use super::keys::{KEYS, Key, Kind, apply, value};
use super::parse::{Parsed, given, parse, unknown};
use crate::durable;

/// Longer files are no settings.
const LONGEST: u64 = 1 << 20;

/// One setting as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name.
    pub key: &'static str,
    /// Its value.
    pub value: serde_json::Value,
    /// What it is where the file says nothing.
    pub default: serde_json::Value,
    /// Whether the file says it.
    pub set: bool,
    /// What it does.
    pub about: &'static str,
    /// Why it has no effect yet.
    pub not_yet: Option<&'static str>,
}

/// The user's file of settings. No file is as good as an empty one.
#[derive(Debug, Clone)]
pub struct SettingsFile {
    path: PathBuf,
}

impl SettingsFile {
    /// The name of every setting.
    #[must_use]
    pub fn keys() -> Vec<&'static str> {
        KEYS.iter().map(|key| key.name).collect()
    }

    /// The settings in this file.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if the file is there and is not one of settings; nothing is guessed.
    pub fn load(&self) -> Result<Settings, SettingsError> {
        self.parsed().map(|parsed| parsed.settings)
    }

    /// Every setting, in the order of the documentation.
    ///
    /// # Errors
    ///
    /// As [`SettingsFile::load`].
    pub fn all(&self) -> Result<Vec<Setting>, SettingsError> {
        let parsed = self.parsed()?;
        Ok(KEYS.iter().map(|key| setting(key, &parsed)).collect())
    }

    /// One setting.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Unknown`] with the nearest name, and as [`SettingsFile::load`].
    pub fn one(&self, name: &str) -> Result<Setting, SettingsError> {
        let key = find(name)?;
        Ok(setting(key, &self.parsed()?))
    }

    /// Sets one, in a file that is made if it is not there. All else in it stays, comments too.
    /// Gives whether anything changed.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Unknown`], [`SettingsError::Value`]; the file stays as it is.
    pub fn set(&self, name: &str, text: &str) -> Result<bool, SettingsError> {
        let (key, item) = checked(name, text)?;
        self.edit(|document| {
            let mut path: Vec<&str> = key.name.split('.').collect();
            let last = path.pop().unwrap_or_default();
            put(document, &path, last, item);
        })
    }

    /// Reads a setting as it would be if it were that; the others are as by default.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Unknown`], [`SettingsError::Value`].
    pub fn check(&self, name: &str, text: &str) -> Result<Settings, SettingsError> {
        let (key, item) = checked(name, text)?;
        let mut settings = Settings::default();
        apply(&mut settings, key.name, given(key, &item, None)?);
        Ok(settings)
    }

    /// Remembers how a repository's changes are saved. Gives whether anything changed.
    ///
    /// # Errors
    ///
    /// As [`SettingsFile::load`]; the file stays as it is.
    pub fn remember_mode(&self, repository: &str, mode: SaveMode) -> Result<bool, SettingsError> {
        let item = Item::Value(Value::from(mode.as_str()));
        self.edit(|document| put(document, &["save", "repositories"], repository, item))
    }

    fn edit(&self, change: impl FnOnce(&mut DocumentMut)) -> Result<bool, SettingsError> {
        let before = self.read()?.unwrap_or_default();
        parse(&before, &self.name())?;
        let mut document: DocumentMut = before.parse().map_err(|error: toml_edit::TomlError| {
            SettingsError::Syntax { place: self.name(), reason: error.message().to_owned() }
        })?;
        change(&mut document);
        let after = document.to_string();
        // What comes out is read again: an edit must never leave a file that stops every command.
        parse(&after, &self.name())?;
        if after == before {
            return Ok(false);
        }
        self.write(&after)?;
        Ok(true)
    }

    /// The file's text; where there is none, one that explains every setting and sets nothing.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn text(&self) -> Result<String, SettingsError> {
        Ok(self.read()?.unwrap_or_else(template))
    }

    /// Replaces the file, if the text is one of settings. Gives whether anything changed.
    ///
    /// # Errors
    ///
    /// As [`SettingsFile::load`] of the text; the file stays as it is.
    pub fn replace(&self, text: &str) -> Result<bool, SettingsError> {
        parse(text, "the new text")?;
        if self.read()?.as_deref() == Some(text) {
            return Ok(false);
        }
        self.write(text)?;
        Ok(true)
    }

    fn parsed(&self) -> Result<Parsed, SettingsError> {
        match self.read()? {
            Some(text) => parse(&text, &self.name()),
            None => Ok(Parsed::default()),
        }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn read(&self) -> Result<Option<String>, SettingsError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(facts) if !facts.is_file() || facts.len() > LONGEST => {
                return Err(self.failed("read", "it is no file of settings"));
            }
            _ => {}
        }
        let bytes =
            fs::read(&self.path).map_err(|error| self.failed("read", &error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| self.failed("read", "it is no UTF-8"))?;
        Ok(Some(text))
    }

    /// Writes beside the file and renames: the old one or the new one is there, never half of it.
    fn write(&self, text: &str) -> Result<(), SettingsError> {
        // A link to where the user really keeps it stays one.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        replace(&path, text.as_bytes()).map_err(|error| self.failed("write", &error.to_string()))
    }

    fn failed(&self, what: &str, reason: &str) -> SettingsError {
        let what = format!("can't {what} {}", self.path.display());
        SettingsError::Io { what, reason: reason.to_owned() }
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    durable::make_folder(path.parent().unwrap_or(Path::new("/")))?;
    durable::replace(path, ".config.toml.", None, bytes)
}

fn checked(name: &str, text: &str) -> Result<(&'static Key, Item), SettingsError> {
    let key = find(name)?;
    let item = Item::Value(typed(key.kind, text));
    given(key, &item, None)?;
    Ok((key, item))
}

fn find(name: &str) -> Result<&'static Key, SettingsError> {
    KEYS.iter().find(|key| key.name == name).ok_or_else(|| unknown(name, None))
}

fn setting(key: &Key, parsed: &Parsed) -> Setting {
    Setting {
        key: key.name,
        value: value(&parsed.settings, key.name),
        default: value(&Settings::default(), key.name),
        set: parsed.set.contains(&key.name),
        about: key.about,
        not_yet: key.not_yet,
    }
}

/// What a text from the command line means: TOML, or a text without quotes, or several with commas
/// between.
fn typed(kind: Kind, text: &str) -> Value {
    let text = text.trim();
    match (kind, text.parse::<Value>()) {
        (Kind::Texts, Ok(value)) if value.is_array() => value,
        (Kind::Texts, _) => {
            let items = text.split(',').map(|item| item.trim().trim_matches('"'));
            Value::Array(items.filter(|item| !item.is_empty()).collect::<Array>())
        }
        (_, Ok(value)) => value,
        (_, Err(_)) => Value::from(text),
    }
}

/// Puts a value into the table that these names lead to; what stands around an old one stays.
fn put(document: &mut DocumentMut, tables: &[&str], name: &str, item: Item) {
    let mut table: &mut dyn toml_edit::TableLike = document.as_table_mut();
    for part in tables {
        if !table.contains_key(part) {
            let mut new = Table::new();
            new.set_implicit(true);
            table.insert(part, Item::Table(new));
        }
        let Some(inner) = table.get_mut(part).and_then(Item::as_table_like_mut) else { return };
        table = inner;
    }
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            if let Ok(mut value) = item.into_value() {
                *value.decor_mut() = decor;
                *old = value;
            }
        }
        None => drop(table.insert(name, item)),
    }
}

/// A file that sets nothing and explains all.
fn template() -> String {
    let mut text = String::from(
        "# Settings of ConvoSync. Take the `#` away from what you change; all of it may be left out.\n\
         # Encryption is no setting: all that leaves this device is sealed, always.\n",
    );
    let mut group = "";
    for key in KEYS.iter().filter(|key| !key.name.contains('.')) {
        text += &lines(key, key.name);
    }
    for key in KEYS {
        let Some((above, name)) = key.name.split_once('.') else { continue };
        if above != group {
            text += &format!("\n[{above}]\n");
            group = above;
        }
        text += &lines(key, name);
    }
    text
}

fn lines(key: &Key, name: &str) -> String {
    let not_yet = key.not_yet.map(|why| format!(" Not in force yet: {why}.")).unwrap_or_default();
    let value = value(&Settings::default(), key.name);
    format!("\n# {}{not_yet}\n# {name} = {value}\n", key.about)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new(text: &str) -> (Self, SettingsFile) {
            let folder = tempfile::tempdir().unwrap();
            let file = SettingsFile::new(folder.path().join("convosync/config.toml"));
            if !text.is_empty() {
                fs::create_dir_all(file.path().parent().unwrap()).unwrap();
                fs::write(file.path(), text).unwrap();
            }
            (Self(folder), file)
        }
    }

    #[track_caller]
    fn refused(text: &str, code: &str, says: &str) {
        let (home, file) = Home::new(text);
        let error = file.load().expect_err(text);
        assert_eq!(error.code(), code, "{text}");
        let told = error.to_string().replace(&home.0.path().display().to_string(), "~");
        assert_eq!(told, says, "{text}");
    }

    #[test]
    fn no_file_is_the_defaults() {
        let (_home, file) = Home::new("");
        assert_eq!(file.load(), Ok(Settings::default()));
        assert!(
            file.all()
                .unwrap()
                .iter()
                .all(|setting| { !setting.set && setting.value == setting.default })
        );
    }

    #[test]
    fn every_setting_can_be_set_and_read_back_by_either_side() {
        let (_home, file) = Home::new("");
        for (key, text, json) in [
            ("save.mode", "stash", r#""stash""#),
            ("save.repositories", r#"{"a/b" = "commit"}"#, r#"{"a/b":"commit"}"#),
            ("auto_sync", "turn", "\"turn\""),
            ("sync_branches", "main, feature/*", r#"["main","feature/*"]"#),
            ("exclude_patterns", r#"["*.sqlite"]"#, r#"["*.sqlite"]"#),
            ("env.names", "APP_*, PORT", r#"["APP_*","PORT"]"#),
            ("terminal.history", "everywhere", r#""everywhere""#),
            ("large.messages", "300", "300"),
            ("large.size", "2 MB", r#""2 MB""#),
            ("offline", "true", "true"),
            ("metered", "true", "true"),
            ("terminal.redact", "true", "true"),
            ("terminal.scrollback", "true", "true"),
            ("require_unlock", "true", "true"),
            ("retention.days", "90", "90"),
            ("retention.sessions", "0", "0"),
            ("retention.auto", "true", "true"),
            ("retention.quota", "2 GB", r#""2 GB""#),
            ("retention.grace", "14", "14"),
        ] {
            assert_eq!(file.set(key, text), Ok(true), "{key}");
            let setting = file.one(key).unwrap();
            assert!(setting.set);
            assert_eq!(setting.value.to_string(), json, "{key}");
            assert_eq!(file.set(key, text), Ok(false), "{key} twice");
        }
        let settings = file.load().unwrap();
        assert_eq!(settings.retention.quota, 2_000_000_000);
        assert_eq!(settings.sync_branches, ["main", "feature/*"]);
        assert_eq!(file.all().unwrap().iter().filter(|setting| setting.set).count(), KEYS.len());
    }

    #[test]
    fn comments_and_order_stay() {
        let text = "# mine\nmetered = false # at home\n\n[retention]\n# long\ndays = 90\n";
        let (_home, file) = Home::new(text);
        file.set("metered", "true").unwrap();
        file.set("retention.auto", "true").unwrap();
        let want =
            "# mine\nmetered = true # at home\n\n[retention]\n# long\ndays = 90\nauto = true\n";
        assert_eq!(fs::read_to_string(file.path()).unwrap(), want);
    }

    #[test]
    fn the_mode_of_a_repository_is_remembered_beside_the_others() {
        let text = "metered = true # at home\n\n[save.repositories]\n# mine\n\"a/b\" = \"stash\"\n";
        let (_home, file) = Home::new(text);
        assert_eq!(file.remember_mode("host/c d.e", SaveMode::Commit), Ok(true));
        assert_eq!(file.remember_mode("host/c d.e", SaveMode::Commit), Ok(false));
        let after = fs::read_to_string(file.path()).unwrap();
        assert_eq!(after, format!("{text}\"host/c d.e\" = \"commit\"\n"));
        let modes = file.load().unwrap().save_modes;
        assert_eq!(modes["a/b"], SaveMode::Stash);
        assert_eq!(modes["host/c d.e"], SaveMode::Commit);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        refused(
            "metered = true\n[retention]\ndays = \"long\"\n",
            "convosync::config::value",
            "~/convosync/config.toml, line 3: `retention.days` is a whole number from 0 on, not \"long\"",
        );
        refused(
            "\nmeterd = true\n",
            "convosync::config::unknown",
            "~/convosync/config.toml, line 2: there is no setting `meterd`",
        );
        refused(
            "encryption = false",
            "convosync::config::encryption",
            "~/convosync/config.toml, line 1: encryption can't be turned off: there is no setting for it",
        );
        refused(
            "[save]\nmode = \"push\"",
            "convosync::config::value",
            "~/convosync/config.toml, line 2: `save.mode` is \"commit\", \"stash\" or \"ask\", not \"push\"",
        );
        for text in ["metered = ", "= 1", "[retention", "metered = true\nmetered = true", "\u{0}"] {
            let (_home, file) = Home::new(text);
            assert_eq!(file.load().expect_err(text).code(), "convosync::config::syntax", "{text}");
        }
        for text in ["retention = 3", "save = []", "[retention.days]\nx = 1", "[[retention]]"] {
            let (_home, file) = Home::new(text);
            assert!(file.load().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let (_home, file) = Home::new("metered = true\n");
        for (key, text) in [
            ("retention.grace", "0"),
            ("retention.days", "-1"),
            ("retention.quota", "much"),
            ("offline", "maybe"),
            ("encryption", "false"),
            ("encryptionEnabled", "false"),
            ("retention", "3"),
            ("save.mode", "push"),
            ("save.repositories", "{a = \"ask\"}"),
        ] {
            assert!(file.set(key, text).is_err(), "{key} = {text}");
        }
        assert!(file.replace("nonsense = 1").is_err());
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "metered = true\n");
    }

    #[test]
    fn the_first_text_of_an_editor_sets_nothing_and_is_valid_uncommented() {
        let (_home, file) = Home::new("");
        let text = file.text().unwrap();
        assert_eq!(parse(&text, "").unwrap().settings, Settings::default());
        let live: String = text
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|line| line.contains(" = ")).unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(parse(&live, "").unwrap().set.len(), KEYS.len(), "{live}");
        assert_eq!(parse(&live, "").unwrap().settings, Settings::default());
    }

    /// A row of the documentation: `| key | default | meaning |`.
    #[test]
    fn the_documentation_and_the_code_agree() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let page = fs::read_to_string(page).unwrap();
        let rows: Vec<Vec<&str>> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
            .collect();
        let want: Vec<Vec<String>> = KEYS
            .iter()
            .map(|key| {
                let default = value(&Settings::default(), key.name);
                let not_yet = key.not_yet.map(|why| format!(" **Not in force yet**: {why}."));
                let about = format!("{}{}", key.about, not_yet.unwrap_or_default());
                vec![format!("`{}`", key.name), format!("`{default}`"), about]
            })
            .collect();
        assert_eq!(rows, want);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z\\[\\]=.\"# \n0-9{},]{0,80}") {
            let _ = parse(&text, "x");
        }
    }
}
