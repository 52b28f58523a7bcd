//! Names that become paths, refs and arguments.

use convosync_adapters::fuzzed;
use convosync_core::{ConversationId, DeviceId, FilePath, ObjectName, Oid, SaveId, SessionId};

/// A name that is taken for one is written as it was read, and can't be a path upwards or
/// several lines; what stands on git's command line can't be an option.
pub fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(name) = text.parse::<ObjectName>() {
        assert_eq!(name.to_string(), text);
        is_inside(&name.to_string());
    }
    if let Ok(path) = text.parse::<FilePath>() {
        assert_eq!(path.as_str(), text);
        is_inside(path.as_str());
    }
    let ids = [
        text.parse::<SessionId>().map(|id| id.to_string()).ok(),
        text.parse::<DeviceId>().map(|id| id.to_string()).ok(),
        text.parse::<SaveId>().map(|id| id.to_string()).ok(),
        text.parse::<ConversationId>().map(|id| id.to_string()).ok(),
        text.parse::<Oid>().map(|id| id.to_string()).ok(),
    ];
    for id in ids.into_iter().flatten() {
        assert_eq!(id, text);
        assert!(!id.contains('/') && !id.starts_with('-'), "{id:?}");
        is_inside(&id);
    }
    let git = fuzzed::git_names(&text);
    if git.branch || git.remote {
        // Git takes U+0080 to U+009F in a name; where it is shown they are made visible.
        assert!(
            !text.starts_with('-') && !text.contains(|c: char| c.is_ascii_control()),
            "{text:?}"
        );
        assert!(!text.contains("..") && !text.contains("@{"), "{text:?}");
    }
}

fn is_inside(path: &str) {
    assert!(!path.is_empty() && !path.starts_with('/'), "{path:?}");
    assert!(!path.contains(|c: char| c.is_control() || c == '\\'), "{path:?}");
    assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path:?}");
}
