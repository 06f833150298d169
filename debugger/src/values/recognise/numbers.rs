//! Numbers in newtypes, atomics, ranges, and times.

use super::{boolean, field, innermost, only_field, peeled, signed_number, unsigned};
use crate::values::Reader;
use crate::values::memory::Typed;
use crate::values::view::{Member, View};
use std::time::Duration;
use wasmscope_symbols::Unavailable;
use wasmscope_symbols::types::Encoding;

pub(super) const SECONDS_A_DAY: i64 = 86_400;

/// `NonZero`: the number in its newtypes.
pub(super) fn non_zero(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let number = innermost(reader, typed)?;
    let view = super::plain(reader, &number);
    Some(view.and_then(|view| match view {
        View::Number { bits: 0, .. } => Err(Unavailable::Other(
            "the bytes here are no NonZero (zero)".into(),
        )),
        view => Ok(view),
    }))
}

/// A number in newtypes that say of which range it is.
pub(super) fn newtype(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    Some(super::plain(reader, &innermost(reader, typed)?))
}

/// `AtomicU32`, `Atomic<u32>`, …
pub(super) fn atomic(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let value = field(reader, typed, "v").or_else(|| field(reader, typed, "p"))?;
    let view = seen_through(reader, &peeled(reader, &value))?;
    let is_bool = matches!(&*typed.ty.name, "AtomicBool" | "Atomic<bool>");
    Some(view.map(|view| match view {
        View::Number { bits, size: 1, .. } if is_bool => View::Number {
            encoding: Encoding::Bool,
            bits,
            size: 1,
        },
        view => view,
    }))
}

/// The ranges of `core::ops`.
pub(super) fn range(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let end_of = |name: &str| field(reader, typed, name);
    let member = |name: &str, end: &Typed| Some(Member::of(name, end));
    let name = super::bare_name(&typed.ty);
    let (start, end) = (end_of("start"), end_of("end"));
    let (from, to, sign) = match (&*name, &start, &end) {
        ("Range", Some(start), Some(end)) => (member("start", start), member("end", end), ".."),
        ("RangeFrom", Some(start), None) => (member("start", start), None, ".."),
        ("RangeTo", None, Some(end)) => (None, member("end", end), ".."),
        ("RangeToInclusive", None, Some(end)) => (None, member("end", end), "..="),
        ("RangeFull", None, None) => (None, None, ".."),
        ("RangeInclusive", Some(start), Some(end)) => {
            (member("start", start), member("end", end), "..=")
        }
        _ => return None,
    };
    let exhausted = match end_of("exhausted") {
        Some(flag) => boolean(reader, &flag)?,
        None if &*name == "RangeInclusive" => return None,
        None => Ok(false),
    };
    Some(exhausted.map(|exhausted| View::Range {
        from,
        to,
        sign,
        after: if exhausted { ", exhausted" } else { "" },
    }))
}

/// `Duration`, as it prints itself.
pub(super) fn duration(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let seconds = unsigned(reader, &field(reader, typed, "secs")?)?;
    let nanos = unsigned(reader, &field(reader, typed, "nanos")?)?;
    let view = || {
        let nanos = nanoseconds(nanos?, "Duration")?;
        let duration = Duration::new(seconds?, nanos);
        Ok(View::Word(format!("{duration:?}")))
    };
    Some(view())
}

fn nanoseconds(nanos: u64, what: &str) -> Result<u32, Unavailable> {
    let fitting = u32::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000);
    fitting.ok_or_else(|| {
        Unavailable::Other(format!("the bytes here are no {what} ({nanos} nanoseconds)").into())
    })
}

/// Seconds and nanoseconds in what a system keeps a time in.
fn timespec(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<(Result<i64, Unavailable>, Result<u64, Unavailable>)> {
    let mut at = typed.clone();
    for _ in 0..4 {
        let seconds = field(reader, &at, "tv_sec").or_else(|| field(reader, &at, "secs"));
        let nanos = field(reader, &at, "tv_nsec").or_else(|| field(reader, &at, "nanos"));
        if let (Some(seconds), Some(nanos)) = (seconds, nanos) {
            let seconds = match signed_number(reader, &seconds) {
                Some(seconds) => seconds,
                None => unsigned(reader, &seconds)?.and_then(|seconds| {
                    i64::try_from(seconds)
                        .map_err(|_| Unavailable::Other("a time beyond all calendars".into()))
                }),
            };
            return Some((seconds, unsigned(reader, &nanos)?));
        }
        at = only_field(reader, &at)?;
    }
    None
}

/// `SystemTime`: a moment in universal time.
pub(super) fn system_time(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let (seconds, nanos) = timespec(reader, typed)?;
    let view = || {
        let nanos = nanoseconds(nanos?, "SystemTime")?;
        Ok(View::Word(moment(seconds?, nanos)))
    };
    Some(view())
}

/// `Instant`: the time since something that only the host knows.
pub(super) fn instant(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let (seconds, nanos) = timespec(reader, typed)?;
    let view = || {
        let nanos = nanoseconds(nanos?, "Instant")?;
        let seconds = u64::try_from(seconds?).map_err(|_| {
            Unavailable::Other("the bytes here are no Instant (a negative time)".into())
        })?;
        Ok(View::Word(format!(
            "Instant({:?})",
            Duration::new(seconds, nanos)
        )))
    };
    Some(view())
}

/// ISO 8601 (the proleptic Gregorian calendar), with as many digits as it takes.
fn moment(seconds: i64, nanos: u32) -> String {
    let days = seconds.div_euclid(SECONDS_A_DAY);
    let of_day = seconds.rem_euclid(SECONDS_A_DAY);
    let (year, month, day) = date(days);
    let mut text = format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    );
    if nanos > 0 {
        let digits = format!("{nanos:09}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push('Z');
    text
}

/// The date so many days after 1970-01-01. Years are counted from March on, so that the day that
/// leap years have more is the last of a year; 400 years have 146,097 days.
pub(super) fn date(days: i64) -> (i64, i64, i64) {
    let since = i128::from(days) + 719_468;
    let era = since.div_euclid(146_097);
    let day_of_era = since.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    let narrow = |number: i128| i64::try_from(number).unwrap_or(i64::MAX);
    (narrow(year), narrow(month), narrow(day))
}

/// `Pin`: the pointer inside.
pub(super) fn pin(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    seen_through(reader, &only_field(reader, typed)?)
}

/// `NonNull`, `Unique`: a raw pointer.
pub(super) fn raw_pointer(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    seen_through(reader, &field(reader, typed, "pointer")?)
}

/// The view of what is inside of something that means nothing itself. One such thing in another is
/// shown as it is: types that contain themselves would go on for ever.
pub(super) fn seen_through(
    reader: &Reader<'_>,
    inner: &Typed,
) -> Option<Result<View, Unavailable>> {
    let again = match super::crate_and_name(&inner.ty.full_name) {
        Some(("core", name)) => {
            ["Pin", "NonNull", "Unique"].contains(&name) || name.starts_with("Atomic")
        }
        Some(("std", name)) => ["EagerStorage", "LazyStorage"].contains(&name),
        _ => false,
    };
    (!again).then(|| super::view(reader, inner))
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments_are_dates_and_times() {
        let table = [
            (0, 0, "1970-01-01T00:00:00Z"),
            (951_782_400, 0, "2000-02-29T00:00:00Z"),
            (951_868_799, 500_000_000, "2000-02-29T23:59:59.5Z"),
            (951_868_800, 0, "2000-03-01T00:00:00Z"),
            (-1, 1, "1969-12-31T23:59:59.000000001Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00Z"),
            (4_107_456_000, 0, "2100-02-28T00:00:00Z"),
            (1_700_000_000, 250_000_000, "2023-11-14T22:13:20.25Z"),
            (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        ];
        for (seconds, nanos, shown) in table {
            assert_eq!(moment(seconds, nanos), shown);
        }
        // No number is too large.
        moment(i64::MAX, 0);
        moment(i64::MIN, 999_999_999);
    }
}
