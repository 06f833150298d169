//! Dates and times of the crates that most programs have them from: chrono and time. As elsewhere it
//! is their fields that are matched; what is packed in a way that fields do not tell is left alone.

use super::numbers::{SECONDS_A_DAY, date as date_since};
use super::{field, innermost, signed_number, unsigned};
use crate::values::Reader;
use crate::values::memory::Typed;
use crate::values::view::View;
use std::time::Duration;
use wasmscope_symbols::Unavailable;

/// Days of the months before each, in a year that is no leap year.
const DAYS_BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// chrono's `NaiveDate`: year, day of the year and four flags in one number.
pub(super) fn chrono_date(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    Some(date_of(reader, typed)?.map(View::Word))
}

fn date_of(reader: &Reader<'_>, typed: &Typed) -> Option<Result<String, Unavailable>> {
    let number = signed_number(reader, &field(reader, typed, "yof")?)?;
    Some(number.and_then(|number| {
        let day = u32::try_from(number >> 4 & 0x1ff).unwrap_or(0);
        date(number >> 13, day).ok_or_else(|| {
            Unavailable::Other(format!("the bytes here are no NaiveDate ({number:#x})").into())
        })
    }))
}

/// chrono's `NaiveTime`: seconds of the day and nanoseconds, more of these in a leap second.
pub(super) fn chrono_time(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    Some(time_of(reader, typed)?.map(View::Word))
}

fn time_of(reader: &Reader<'_>, typed: &Typed) -> Option<Result<String, Unavailable>> {
    let seconds = unsigned(reader, &field(reader, typed, "secs")?)?;
    let fraction = unsigned(reader, &field(reader, typed, "frac")?)?;
    let time = || {
        let (seconds, fraction) = (seconds?, fraction?);
        time(seconds, fraction).ok_or_else(|| {
            Unavailable::Other(
                format!("the bytes here are no NaiveTime ({seconds} s, {fraction} ns)").into(),
            )
        })
    };
    Some(time())
}

/// chrono's `NaiveDateTime`, and `DateTime`, which has one inside, in universal time.
pub(super) fn chrono_moment(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<View, Unavailable>> {
    let (moment, offset) = match field(reader, typed, "datetime") {
        Some(inner) => (inner, Some(field(reader, typed, "offset")?)),
        None => (typed.clone(), None),
    };
    let date = field(reader, &moment, "date")?;
    let number = signed_number(reader, &field(reader, &date, "yof")?)?;
    let clock = field(reader, &moment, "time")?;
    let seconds = unsigned(reader, &field(reader, &clock, "secs")?)?;
    let fraction = unsigned(reader, &field(reader, &clock, "frac")?)?;
    let offset = match offset {
        None => None,
        // `Utc` has no size, `FixedOffset` is a number of seconds; what else there is, is left alone.
        Some(offset) if offset.ty.size == Some(0) => Some(Ok(0)),
        Some(offset) => Some(signed_number(
            reader,
            &field(reader, &offset, "local_minus_utc")?,
        )?),
    };
    let utc = field(reader, typed, "offset").is_some_and(|offset| offset.ty.size == Some(0));
    let view = || {
        let (number, seconds, fraction) = (number?, seconds?, fraction?);
        let offset = offset.transpose()?;
        let no = || {
            let name = super::bare_name(&typed.ty);
            Unavailable::Other(
                format!("the bytes here are no {name} ({number:#x}, {seconds} s)").into(),
            )
        };
        let by = offset.unwrap_or(0);
        if by.abs() >= SECONDS_A_DAY || seconds >= SECONDS_A_DAY.unsigned_abs() {
            return Err(no());
        }
        let local = i64::try_from(seconds).unwrap_or(0) + by;
        let date = shifted(number, local.div_euclid(SECONDS_A_DAY)).ok_or_else(no)?;
        let of_day = local.rem_euclid(SECONDS_A_DAY).unsigned_abs();
        let time = time(of_day, fraction).ok_or_else(no)?;
        let zone = match offset {
            None => String::new(),
            Some(_) if utc => "Z".to_owned(),
            Some(by) => zone(by),
        };
        Ok(View::Word(format!("{date}T{time}{zone}")))
    };
    Some(view())
}

/// The date in chrono's number, some days later or earlier.
fn shifted(number: i64, days: i64) -> Option<String> {
    let (year, day) = (number >> 13, number >> 4 & 0x1ff);
    let text = date(year, u32::try_from(day).ok()?)?;
    if days == 0 {
        return Some(text);
    }
    // Days before a year, since the year 0 of the Gregorian calendar, and of that since 1970.
    let before = year - 1;
    let since = before * 365 + before.div_euclid(4) - before.div_euclid(100)
        + before.div_euclid(400)
        - 719_162;
    let (year, month, day) = date_since(since + day - 1 + days);
    Some(written(year, month, day))
}

/// `+05:30`.
fn zone(seconds: i64) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (minutes, rest) = (seconds.abs() / 60, seconds.abs() % 60);
    let mut text = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    if rest > 0 {
        text.push_str(&format!(":{rest:02}"));
    }
    text
}

/// The `time` crate's `Time`: its parts, each a number in its range.
pub(super) fn time_of_day(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    Some(clock(reader, typed)?.map(View::Word))
}

fn clock(reader: &Reader<'_>, typed: &Typed) -> Option<Result<String, Unavailable>> {
    let part = |name: &str| ranged(reader, &field(reader, typed, name)?);
    let (hour, minute, second) = (part("hour")?, part("minute")?, part("second")?);
    let nanos = part("nanosecond")?;
    let text = || {
        let (hour, minute, second, nanos) = (hour?, minute?, second?, nanos?);
        let fitting = (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (0..1_000_000_000).contains(&nanos);
        if !fitting {
            return Err(Unavailable::Other(
                format!("the bytes here are no Time ({hour}:{minute}:{second}, {nanos} ns)").into(),
            ));
        }
        let digits = format!("{nanos:09}");
        let digits = match digits.trim_end_matches('0') {
            "" => "0",
            digits => digits,
        };
        Ok(format!("{hour}:{minute:02}:{second:02}.{digits}"))
    };
    Some(text())
}

/// A number that the `time` crate keeps in a range, in the newtypes that say which.
fn ranged(reader: &Reader<'_>, typed: &Typed) -> Option<Result<i64, Unavailable>> {
    let inner = innermost(reader, typed)?;
    match signed_number(reader, &inner) {
        Some(number) => Some(number),
        None => Some(unsigned(reader, &inner)?.and_then(|number| {
            i64::try_from(number).map_err(|_| Unavailable::malformed("a part of a time too large"))
        })),
    }
}

/// The `time` crate's `UtcOffset`.
pub(super) fn time_offset(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    Some(offset_of(reader, typed)?.map(View::Word))
}

fn offset_of(reader: &Reader<'_>, typed: &Typed) -> Option<Result<String, Unavailable>> {
    let part = |name: &str| ranged(reader, &field(reader, typed, name)?);
    let (hours, minutes, seconds) = (part("hours")?, part("minutes")?, part("seconds")?);
    let text = || {
        let (hours, minutes, seconds) = (hours?, minutes?, seconds?);
        let parts = [hours, minutes, seconds];
        let one_sign = parts.iter().all(|part| *part >= 0) || parts.iter().all(|part| *part <= 0);
        if !one_sign || hours.abs() > 25 || minutes.abs() > 59 || seconds.abs() > 59 {
            return Err(Unavailable::Other(
                format!("the bytes here are no UtcOffset ({hours}:{minutes}:{seconds})").into(),
            ));
        }
        let sign = if parts.iter().any(|part| *part < 0) {
            '-'
        } else {
            '+'
        };
        Ok(format!(
            "{sign}{:02}:{:02}:{:02}",
            hours.abs(),
            minutes.abs(),
            seconds.abs()
        ))
    };
    Some(text())
}

/// The `time` crate's `PlainDateTime` (also called `PrimitiveDateTime`), and `UtcDateTime` and
/// `OffsetDateTime`, which have one inside.
///
/// The number in a `Date` has been packed in two ways, and nothing in its own fields says in which.
/// The later one came before types were called so: it is the one here. A `Date` by itself is left
/// alone.
pub(super) fn time_moment(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let (plain, offset) = match (
        field(reader, typed, "local_date_time"),
        field(reader, typed, "inner"),
    ) {
        (Some(plain), _) => {
            let offset = offset_of(reader, &field(reader, typed, "offset")?)?;
            (plain, offset.map(|offset| format!(" {offset}")))
        }
        (None, Some(plain)) => (plain, Ok(" +00".to_owned())),
        (None, None) => (typed.clone(), Ok(String::new())),
    };
    if !plain.ty.full_name.ends_with("::PlainDateTime") {
        return None;
    }
    let date = ranged(
        reader,
        &field(reader, &field(reader, &plain, "date")?, "value")?,
    )?;
    let clock = clock(reader, &field(reader, &plain, "time")?)?;
    let view = || {
        let date = packed_date(date?)?;
        Ok(View::Word(format!("{date} {}{}", clock?, offset?)))
    };
    Some(view())
}

/// Year, whether it is a leap year, and the number of the day, from the highest bits on.
fn packed_date(number: i64) -> Result<String, Unavailable> {
    let year = number >> 10;
    let day = u32::try_from(number & 0x1ff).unwrap_or(0);
    let text = date(year, day).filter(|_| (number >> 9 & 1 == 1) == is_leap(year));
    text.ok_or_else(|| {
        Unavailable::Other(format!("the bytes here are no Date ({number:#x})").into())
    })
}

/// Durations that may be negative: chrono's `TimeDelta`, and the `time` crate's `SignedDuration`
/// (also called `Duration`), as std's are written.
pub(super) fn span(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let part = |name: &str, other: &str| {
        let part = field(reader, typed, name).or_else(|| field(reader, typed, other))?;
        ranged(reader, &part)
    };
    let (seconds, nanos) = (part("secs", "seconds")?, part("nanos", "nanoseconds")?);
    let view = || {
        let (seconds, nanos) = (seconds?, nanos?);
        if nanos.abs() >= 1_000_000_000 {
            let name = super::bare_name(&typed.ty);
            return Err(Unavailable::Other(
                format!("the bytes here are no {name} ({nanos} nanoseconds)").into(),
            ));
        }
        // chrono's nanoseconds count forwards from the seconds, those of `time` have their sign.
        let all = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let (whole, rest) = (
            all.unsigned_abs() / 1_000_000_000,
            all.unsigned_abs() % 1_000_000_000,
        );
        let duration = Duration::new(
            u64::try_from(whole).unwrap_or(u64::MAX),
            u32::try_from(rest).unwrap_or(0),
        );
        let sign = if all < 0 { "-" } else { "" };
        Ok(View::Word(format!("{sign}{duration:?}")))
    };
    Some(view())
}

/// A date by its year and the number of its day, from 1 on.
fn date(year: i64, day: u32) -> Option<String> {
    let leap = is_leap(year);
    if day == 0 || day > 365 + u32::from(leap) {
        return None;
    }
    let before = |month: usize| {
        let days = DAYS_BEFORE.get(month).copied().unwrap_or(365);
        days + u32::from(leap && month >= 2)
    };
    let month = (0..12).rev().find(|month| before(*month) < day)?;
    let day = day - before(month);
    Some(written(year, month as i64 + 1, i64::from(day)))
}

fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0
}

/// A date, with a sign where ISO 8601 wants one.
fn written(year: i64, month: i64, day: i64) -> String {
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:+05}-{month:02}-{day:02}"),
    }
}

/// A time of day.
fn time(seconds: u64, nanos: u64) -> Option<String> {
    if seconds >= 86_400 || nanos >= 2_000_000_000 {
        return None;
    }
    // A leap second is the sixtieth of its minute.
    let leap = nanos / 1_000_000_000;
    let nanos = nanos % 1_000_000_000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let mut text = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60 + leap);
    if nanos > 0 {
        // Thousandths, millionths or less, as chrono writes them.
        let (part, width) = match nanos {
            _ if nanos.is_multiple_of(1_000_000) => (nanos / 1_000_000, 3),
            _ if nanos.is_multiple_of(1_000) => (nanos / 1_000, 6),
            _ => (nanos, 9),
        };
        text.push_str(&format!(".{part:0width$}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{date, packed_date, shifted, time, zone};

    #[test]
    fn days_of_years_are_dates() {
        let table = [
            (2024, 60, Some("2024-02-29")),
            (2024, 61, Some("2024-03-01")),
            (2023, 60, Some("2023-03-01")),
            (2023, 1, Some("2023-01-01")),
            (2023, 365, Some("2023-12-31")),
            (2023, 366, None),
            (2024, 366, Some("2024-12-31")),
            (1900, 366, None),
            (2000, 366, Some("2000-12-31")),
            (2000, 0, None),
        ];
        for (year, day, shown) in table {
            assert_eq!(date(year, day).as_deref(), shown, "{year} {day}");
        }
        assert_eq!(time(45_296, 789_000_000).as_deref(), Some("12:34:56.789"));
        assert_eq!(time(86_399, 1_500_000_000).as_deref(), Some("23:59:60.500"));
        assert_eq!(time(86_400, 0), None);
        assert_eq!(date(-44, 74).as_deref(), Some("-0044-03-14"));
    }

    #[test]
    fn days_go_over_the_ends_of_years() {
        // The year, the number of the day, and flags that nothing here depends on.
        let number = |year: i64, day: i64| year << 13 | day << 4;
        let table = [
            (2024, 366, 1, Some("2025-01-01")),
            (2025, 1, -1, Some("2024-12-31")),
            (1970, 1, -1, Some("1969-12-31")),
            (2000, 60, 0, Some("2000-02-29")),
            (2000, 60, 1, Some("2000-03-01")),
            (-1, 365, 1, Some("0000-01-01")),
            (2023, 366, 1, None),
        ];
        for (year, day, by, shown) in table {
            let found = shifted(number(year, day), by);
            assert_eq!(found.as_deref(), shown, "{year} {day} {by}");
        }
        assert_eq!(zone(19_800), "+05:30");
        assert_eq!(zone(-39_601), "-11:00:01");
    }

    #[test]
    fn a_date_whose_year_is_no_leap_year_says_so() {
        assert_eq!(
            packed_date(2024 << 10 | 1 << 9 | 60).as_deref(),
            Ok("2024-02-29")
        );
        assert_eq!(packed_date(2023 << 10 | 365).as_deref(), Ok("2023-12-31"));
        assert!(packed_date(2024 << 10 | 60).is_err());
        assert!(packed_date(2023 << 10 | 1 << 9 | 60).is_err());
    }
}
