//! Times as clients write them: `2026-01-31T23:59:59.999Z`.

/// Milliseconds since 1970; `None` if it is no such time.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    let (day, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let mut day = day.split('-').map(|part| number(part, 4));
    let (year, month, date) = (day.next()??, day.next()??, day.next()??);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut clock = clock.split(':').map(|part| number(part, 2));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let fits = (1..=12).contains(&month)
        && (1..=31).contains(&date)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !fits || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = number(&format!("{fraction:0<3}")[..3], 3)?;
    let seconds = days(year, month, date) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds * 1000 + thousandths)
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let plain = !text.is_empty() && text.len() <= digits;
    (plain && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Days since 1970 of a date of the Gregorian calendar. The year begins in March, so that its last
/// day is the one that may be missing (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `days_from_civil`).
fn days(year: i64, month: i64, date: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nonsense_is_none() {
        for (text, want) in [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("1970-01-01T00:00:01Z", Some(1000)),
            ("2026-01-02T03:04:05.678Z", Some(1_767_323_045_678)),
            ("2024-02-29T12:00:00.5Z", Some(1_709_208_000_500)),
            ("2000-03-01T00:00:00.123456Z", Some(951_868_800_123)),
            ("2026-01-02T03:04:05.678+01:00", None),
            ("2026-13-02T03:04:05Z", None),
            ("2026-01-02T03:04Z", None),
            ("2026-01-02T03:04:05.Z", None),
            ("yesterday", None),
            ("2026-01-02T03:04:+5Z", None),
            ("é-01-02T03:04:05.éZ", None),
        ] {
            assert_eq!(milliseconds(text), want, "{text}");
        }
    }
}
