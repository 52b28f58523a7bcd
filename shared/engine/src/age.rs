//! Ages as people say them.

/// How long ago something was, from milliseconds.
#[must_use]
pub(crate) fn ago(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    let said = |n: i64, unit: &str| match n {
        1 => format!("1 {unit} ago"),
        n => format!("{n} {unit}s ago"),
    };
    match minutes {
        0 => "just now".to_owned(),
        1..60 => said(minutes, "minute"),
        60..1440 => said(minutes / 60, "hour"),
        _ => said(minutes / 1440, "day"),
    }
}
