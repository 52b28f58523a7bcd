//! Times as people type them after `--since`.

use convosync_wire::Since;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// Reads what has passed (`3d`, `2 weeks ago`), a day, or a time.
///
/// # Errors
///
/// What it may be.
pub(super) fn parse(text: &str) -> Result<Since, String> {
    parse_in(text.trim(), &TimeZone::system())
}

fn parse_in(text: &str, zone: &TimeZone) -> Result<Since, String> {
    let passed = text.parse::<Span>().ok().and_then(passed).map(Since::Ago);
    let named = || text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    let here = || {
        let time = text.parse::<DateTime>().ok()?;
        Some(zone.to_ambiguous_timestamp(time).compatible().ok()?.as_millisecond())
    };
    passed
        .or_else(|| named().or_else(here).map(Since::At))
        .ok_or_else(|| "give 3d, 2w or 12h, or a day such as 2026-03-01".to_owned())
}

/// Milliseconds of what has passed; months and years have no length of their own.
fn passed(span: Span) -> Option<i64> {
    let days = SpanRelativeTo::days_are_24_hours();
    let passed: SignedDuration = span.abs().to_duration(days).ok()?;
    i64::try_from(passed.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    #[track_caller]
    fn check(text: &str, want: Since) {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(parse_in(text, &zone), Ok(want), "{text}");
    }

    #[test]
    fn what_has_passed_is_read_in_short_and_in_words() {
        check("3d", Since::Ago(3 * DAY));
        check("2w", Since::Ago(14 * DAY));
        check("12h", Since::Ago(12 * HOUR));
        check("90m", Since::Ago(90 * 60_000));
        check("1h 30m", Since::Ago(90 * 60_000));
        check("2 weeks", Since::Ago(14 * DAY));
        check("3 days ago", Since::Ago(3 * DAY));
    }

    #[test]
    fn a_day_and_a_time_are_of_this_time_zone_unless_they_name_another() {
        let midnight = 1_772_316_000_000; // 2026-02-28T22:00:00Z
        check("2026-03-01", Since::At(midnight));
        check("2026-03-01T14:30", Since::At(midnight + 14 * HOUR + HOUR / 2));
        check("2026-03-01 14:30", Since::At(midnight + 14 * HOUR + HOUR / 2));
        check("2026-03-01T14:30Z", Since::At(midnight + 16 * HOUR + HOUR / 2));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "soon", "3", "3 parsecs", "2026-13-01", "1mo", "99999999999w"] {
            let refused = parse_in(text, &TimeZone::UTC);
            assert!(refused.is_err(), "{text}: {refused:?}");
        }
    }
}
