//! `convosync config`: the file of settings, without the engine. A file that is wrong can so be
//! looked at and mended.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use convosync_adapters::{Setting, SettingsError, SettingsFile};
use convosync_engine::Refusal;
use convosync_wire::{ConfigArgs, ConfigReport, Failure, SettingRow};

use crate::editor;
use crate::surroundings::Env;

/// Does what is asked of the file.
pub(crate) fn config(file: &SettingsFile, args: &ConfigArgs) -> Result<ConfigReport, Refusal> {
    let mut report = ConfigReport {
        path: file.path().display().to_string(),
        exists: file.path().exists(),
        changed: false,
        settings: Vec::new(),
        text: None,
        notes: Vec::new(),
    };
    match args {
        ConfigArgs::Show => report.settings = rows(file.all().map_err(refusal)?),
        ConfigArgs::Get { key } => report.settings = rows(vec![file.one(key).map_err(refusal)?]),
        ConfigArgs::Set { key, value, .. } => {
            report.changed = file.set(key, value).map_err(refusal)?;
            report.settings = rows(vec![file.one(key).map_err(refusal)?]);
        }
        ConfigArgs::Text => report.text = Some(file.text().map_err(refusal)?),
        ConfigArgs::Replace { text } => report.changed = file.replace(text).map_err(refusal)?,
    }
    Ok(report)
}

/// Why the settings can't be used, as the engine says such things.
pub(crate) fn refusal(error: SettingsError) -> Refusal {
    Refusal::new(error.code(), error.to_string()).help(error.help())
}

fn rows(settings: Vec<Setting>) -> Vec<SettingRow> {
    let row = |setting: Setting| SettingRow {
        key: setting.key.to_owned(),
        value: setting.value,
        default: setting.default,
        set: setting.set,
        about: setting.about.to_owned(),
        not_yet: setting.not_yet.map(str::to_owned),
    };
    settings.into_iter().map(row).collect()
}

/// A text in the user's editor, in a file beside the one of settings: what the check refuses stays
/// there, and the next edit starts from it.
pub(crate) struct Draft {
    path: PathBuf,
}

impl Draft {
    /// Puts the text where the editor will find it, unless a draft is there still.
    pub(crate) fn of(path: &str, text: &str) -> Result<Self, Failure> {
        let path = Path::new(path).with_extension("draft.toml");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| unwritable(&path, &error))?;
        }
        let new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match new {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).map_err(|error| unwritable(&path, &error))?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unwritable(&path, &error)),
        }
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the user edit it, and gives what came of it.
    pub(crate) fn edited(&self, env: &Env) -> Result<String, Failure> {
        editor::edit(env, None, [&self.path]).map_err(|why| no_editor(editor::name(env), &why))?;
        fs::read_to_string(&self.path).map_err(|error| unwritable(&self.path, &error))
    }

    /// Removes it: its text is in the file now.
    pub(crate) fn done(self) {
        // What stays is only taken up again by the next edit.
        let _ = fs::remove_file(self.path);
    }
}

fn no_editor(editor: &str, why: &str) -> Failure {
    Failure {
        code: "convosync::config::editor".into(),
        message: format!("the editor `{}` did not do it: {why}", editor.escape_debug()),
        help: Some(
            "set EDITOR, or use `convosync config set KEY VALUE`; nothing was changed".into(),
        ),
        argument: None,
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure {
        code: "convosync::config::io".into(),
        message: format!("can't use {}: {error}", path.display()),
        help: Some("nothing was changed".into()),
        argument: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_that_is_refused_is_taken_up_again() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("config.toml").display().to_string();
        let env = |editor: &str| Env::from([("EDITOR".into(), editor.into())]);
        let draft = Draft::of(&path, "metered = true\n").expect("written");
        let text = draft.edited(&env("sed -i s/true/tru/")).expect("edited");
        assert_eq!(text, "metered = tru\n");
        let again = Draft::of(&path, "metered = true\n").expect("still there");
        assert_eq!(again.edited(&env("true")).expect("as it was"), "metered = tru\n");
        assert!(again.edited(&env("false")).is_err());
        again.done();
        assert!(!draft.path().exists());
    }
}
