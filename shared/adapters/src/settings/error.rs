//! Why settings could not be read or changed. The file stays as it is.

/// A setting or a file of settings that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file could not be read or written.
    #[error("{what}: {reason}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// It is no TOML.
    #[error("{place}: {reason}")]
    Syntax {
        /// The file and the line.
        place: String,
        /// What the parser said.
        reason: String,
    },
    /// There is no such setting.
    #[error("{}there is no setting `{key}`", at(place.as_deref()))]
    Unknown {
        /// The file and the line, if it stands in one.
        place: Option<String>,
        /// What was written.
        key: String,
        /// The setting that was perhaps meant.
        nearest: Option<&'static str>,
    },
    /// A setting can't have this value.
    #[error("{}`{key}` is {wanted}, not {got}", at(place.as_deref()))]
    Value {
        /// The file and the line, if it stands in one.
        place: Option<String>,
        /// The setting.
        key: &'static str,
        /// What it may be.
        wanted: &'static str,
        /// What was written.
        got: String,
    },
    /// Encryption is no setting.
    #[error("{}encryption can't be turned off: there is no setting for it", at(place.as_deref()))]
    Encryption {
        /// The file and the line, if it stands in one.
        place: Option<String>,
    },
}

fn at(place: Option<&str>) -> String {
    place.map(|place| format!("{place}: ")).unwrap_or_default()
}

impl SettingsError {
    /// Stable name for scripts and docs. Never reuse one.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "convosync::config::io",
            Self::Syntax { .. } => "convosync::config::syntax",
            Self::Unknown { .. } => "convosync::config::unknown",
            Self::Value { .. } => "convosync::config::value",
            Self::Encryption { .. } => "convosync::config::encryption",
        }
    }

    /// What the user can do.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Io { .. } => "check the file and its folder".to_owned(),
            Self::Syntax { .. } => "mend the line: `convosync config edit`".to_owned(),
            Self::Unknown { nearest: Some(nearest), .. } => {
                format!("did you mean `{nearest}`? `convosync config` shows every setting")
            }
            Self::Unknown { .. } => "`convosync config` shows every setting".to_owned(),
            Self::Value { place: Some(_), .. } => "mend it: `convosync config edit`".to_owned(),
            Self::Value { .. } => "nothing was changed".to_owned(),
            Self::Encryption { .. } => {
                "all that leaves this device is sealed, always; see docs/configuration.md"
                    .to_owned()
            }
        }
    }
}
