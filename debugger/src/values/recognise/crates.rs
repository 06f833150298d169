//! Types of crates that many programs use: bytes, uuid, smallvec, chrono. As with std's, it is their
//! fields that are matched; a version that is built otherwise shows those.

use super::{address, cells, field, fits, only_field, sequences, unsigned};
use crate::values::Reader;
use crate::values::memory::{Slot, Typed};
use crate::values::view::View;
use wasmscope_symbols::{TypeKind, Unavailable};

/// Days of the months before each, in a year that is no leap year.
const DAYS_BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// `bytes::Bytes` and `BytesMut`: bytes that mostly are text.
pub(super) fn bytes(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let pointer = field(reader, typed, "ptr")?;
    let pointer = field(reader, &pointer, "pointer").unwrap_or(pointer);
    let (address, _) = address(reader, &pointer)?;
    let len = unsigned(reader, &field(reader, typed, "len")?)?;
    let view = || {
        let (address, len) = (address?, len?);
        if address == 0 || !fits(reader, address, len) {
            return Err(Unavailable::Other(
                format!("the bytes here are no Bytes: {len} bytes at {address:#x}").into(),
            ));
        }
        Ok(View::Marked {
            before: "b".to_owned(),
            view: Box::new(View::Text {
                first: Slot::Memory(address),
                len,
            }),
            after: "",
        })
    };
    Some(view())
}

/// `uuid::Uuid`.
pub(super) fn uuid(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let array = only_field(reader, typed)?;
    let TypeKind::Array(_) = array.ty.kind else {
        return None;
    };
    (array.ty.size == Some(16)).then(|| {
        let bits = array.slot.number(reader.memory, 16)?;
        let hex = format!("{:032x}", bits.swap_bytes());
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        Ok(View::Word(format!(
            "{}-{}-{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32)
        )))
    })
}

/// `smallvec::SmallVec`: elements inside of it, or in memory.
pub(super) fn small_vec(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    let capacity = unsigned(reader, &field(reader, typed, "capacity")?)?;
    let data = field(reader, typed, "data")?;
    let TypeKind::Variants(variants) = &data.ty.kind else {
        return None;
    };
    let body = |name: &str| {
        let mut variants = variants.variants.iter();
        let variant = variants.find(|variant| &*variant.name == name)?;
        let body = variant.body.as_ref()?;
        Some(reader.typed(body.type_id, data.slot.at(body.offset).ok()?))
    };
    let (inline, heap) = (body("Inline")?, body("Heap")?);
    let inline = cells::initialised(reader, &field(reader, &inline, "0")?)?;
    let TypeKind::Array(array) = &inline.ty.kind else {
        return None;
    };
    let (element, room, stride) = (array.element, array.count?, array.stride?);
    let pointer = field(reader, &heap, "ptr")?;
    let (pointer, _) = address(
        reader,
        &field(reader, &pointer, "pointer").unwrap_or(pointer),
    )?;
    let length = unsigned(reader, &field(reader, &heap, "len")?)?;
    let view = || {
        let active = super::active(reader, &data, variants)?;
        // In itself, what is called capacity is the length.
        let capacity = capacity?;
        let (first, len) = match &*active.name {
            "Inline" if capacity <= room => (inline.slot.clone(), capacity),
            "Heap" if capacity > room && length.clone()? <= capacity => {
                (Slot::Memory(pointer?), length?)
            }
            _ => {
                return Err(Unavailable::Other(
                    format!("the bytes here are no SmallVec (cap {capacity})").into(),
                ));
            }
        };
        sequences::checked(reader, element, &first, stride, len)
    };
    Some(view())
}

/// chrono's `NaiveDate`: year, day of the year and four flags in one number.
pub(super) fn chrono_date(reader: &Reader<'_>, typed: &Typed) -> Option<Result<View, Unavailable>> {
    Some(date_of(reader, typed)?.map(View::Word))
}

fn date_of(reader: &Reader<'_>, typed: &Typed) -> Option<Result<String, Unavailable>> {
    let number = super::signed_number(reader, &field(reader, typed, "yof")?)?;
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

/// chrono's `NaiveDateTime`, and `DateTime<Utc>`, which has one inside.
pub(super) fn chrono_moment(
    reader: &Reader<'_>,
    typed: &Typed,
) -> Option<Result<View, Unavailable>> {
    let (moment, zone) = match field(reader, typed, "datetime") {
        Some(inner) => {
            // Other zones have an offset, which the fields tell better.
            let zone = field(reader, typed, "offset")?;
            (zone.ty.size == Some(0)).then_some((inner, "Z"))?
        }
        None => (typed.clone(), ""),
    };
    let date = date_of(reader, &field(reader, &moment, "date")?)?;
    let time = time_of(reader, &field(reader, &moment, "time")?)?;
    let view = || Ok(View::Word(format!("{}T{}{zone}", date?, time?)));
    Some(view())
}

/// A date by its year and the number of its day, from 1 on.
fn date(year: i64, day: u32) -> Option<String> {
    let leap = year.rem_euclid(4) == 0 && year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0;
    if day == 0 || day > 365 + u32::from(leap) {
        return None;
    }
    let before = |month: usize| {
        let days = DAYS_BEFORE.get(month).copied().unwrap_or(365);
        days + u32::from(leap && month >= 2)
    };
    let month = (0..12).rev().find(|month| before(*month) < day)?;
    let day = day - before(month);
    Some(format!("{year:04}-{:02}-{day:02}", month + 1))
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
        let digits = format!("{nanos:09}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{date, time};

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
        assert_eq!(time(86_399, 1_500_000_000).as_deref(), Some("23:59:60.5"));
        assert_eq!(time(86_400, 0), None);
    }
}
