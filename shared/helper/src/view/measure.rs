//! Ages, sizes and counts in words.

use jiff::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long ago: `3 minutes ago`, `Yesterday`, `2 days ago`; a date when over 30 days, and when
/// it lies ahead by more than clocks usually differ.
pub(crate) fn age(then_ms: i64, now_ms: i64) -> String {
    let seconds = now_ms.saturating_sub(then_ms) / 1000;
    match seconds {
        -120..MINUTE => "just now".to_owned(),
        MINUTE..HOUR => ago(seconds / MINUTE, "minute"),
        HOUR..DAY => ago(seconds / HOUR, "hour"),
        DAY..172_800 => "Yesterday".to_owned(),
        172_800..2_592_000 => ago(seconds / DAY, "day"),
        _ => date(then_ms),
    }
}

/// An age within a sentence: `yesterday`.
pub(crate) fn age_inside(then_ms: i64, now_ms: i64) -> String {
    match age(then_ms, now_ms) {
        age if age == "Yesterday" => "yesterday".to_owned(),
        age => age,
    }
}

fn ago(count: i64, unit: &str) -> String {
    format!("{} ago", counted(count.unsigned_abs(), unit))
}

/// The day in UTC; a time that no calendar has is said to be unknown.
fn date(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(
        |_| "at an unknown time".to_owned(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}

/// `1 message`, `15 messages`.
pub(crate) fn counted(count: u64, unit: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{end}")
}

/// Bytes by powers of 1000, as disks and networks count: `740 KB`, `2.3 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return counted(bytes, "byte");
    }
    let (mut unit, mut tenths) = (0, bytes.saturating_add(50) / 100);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        (unit, tenths) = (unit + 1, (tenths + 500) / 1000);
    }
    match tenths {
        0..100 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", (tenths + 5) / 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_as_people_say_them() {
        let now = 1_760_896_800_000; // 2025-10-19T18:00:00Z
        let check = |seconds: i64, want: &str| assert_eq!(age(now - seconds * 1000, now), want);
        check(0, "just now");
        check(-60, "just now");
        check(60, "1 minute ago");
        check(3 * MINUTE + 59, "3 minutes ago");
        check(2 * HOUR, "2 hours ago");
        check(DAY, "Yesterday");
        check(2 * DAY, "2 days ago");
        check(29 * DAY, "29 days ago");
        check(30 * DAY, "2025-09-19");
        check(-3 * DAY, "2025-10-22");
        assert_eq!(age(i64::MIN, i64::MAX), "at an unknown time");
        assert_eq!(age_inside(now - DAY * 1000, now), "yesterday");
    }

    #[test]
    fn sizes_are_short() {
        let check = |bytes: u64, want: &str| assert_eq!(size(bytes), want);
        check(0, "0 bytes");
        check(1, "1 byte");
        check(999, "999 bytes");
        check(1000, "1.0 KB");
        check(2_345_678, "2.3 MB");
        check(740_123, "740 KB");
        check(999_999, "1.0 MB");
        check(u64::MAX, "18446744 TB");
    }
}
