//! Panics with values of types of well-known crates in scope, after printing each.

use arrayvec::{ArrayString, ArrayVec};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use indexmap::{IndexMap, IndexSet};
use smallvec::{SmallVec, smallvec};
use time::{Month, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset};
use uuid::Uuid;

/// Prints variables by the names of their function and their own, a line each.
macro_rules! show {
    ($function:ident: $($variable:ident)*) => {
        $(eprintln!(
            concat!(stringify!($function), ".", stringify!($variable), " = {:?}"),
            $variable
        );)*
    };
}

/// Says what a variable stands for.
macro_rules! say {
    ($function:ident: $($variable:ident = $text:literal),* $(,)?) => {
        $(eprintln!(
            concat!(stringify!($function), ".", stringify!($variable), " = {}"),
            $text
        );
        std::hint::black_box(&$variable);)*
    };
}

bitflags::bitflags! {
    /// The names of its bits are not in debug info.
    #[derive(Clone, Copy)]
    struct Rights: u32 {
        const READ = 1;
        const WRITE = 4;
    }
}

fn sequences() {
    let lent = Bytes::from_static(b"lent");
    let owned = Bytes::from("owned \"text\"\n".to_owned());
    let part = owned.slice(2..5);
    let no_bytes = Bytes::new();
    let mut growing = BytesMut::with_capacity(64);
    growing.extend_from_slice(b"growing");
    let taken = growing.split_to(4);
    let inside: SmallVec<[u32; 4]> = smallvec![1, 2, 3];
    let outside: SmallVec<[u32; 2]> = smallvec![1, 2, 3, 4, 5];
    let nothing: SmallVec<[u8; 8]> = SmallVec::new();
    let texts: SmallVec<[String; 1]> = smallvec!["a".to_owned(), "b".to_owned()];
    let full: SmallVec<[i8; 2]> = smallvec![-1, -2];
    let array: ArrayVec<u16, 4> = [7, 8].into_iter().collect();
    let text: ArrayString<16> = ArrayString::from("in place").unwrap_or_default();
    let rights = Rights::READ | Rights::WRITE;
    let no_rights = Rights::empty();
    say!(sequences: rights = "Rights(5)", no_rights = "Rights(0)");
    show!(sequences: lent owned part no_bytes growing taken inside outside nothing texts full array
        text);
    maps();
    show!(sequences: owned growing outside array);
}

fn maps() {
    let ordered: IndexMap<String, u32> = [("z".to_owned(), 1), ("a".to_owned(), 2)].into();
    let mut shuffled: IndexMap<u8, [char; 2]> = (0..9).map(|n| (n, ['x', 'y'])).collect();
    shuffled.swap_remove(&2);
    let empty: IndexMap<u8, u8> = IndexMap::new();
    let set: IndexSet<&str> = ["one", "two", "three"].into();
    let hashed: hashbrown::HashMap<u32, String> = (0..5).map(|n| (n, n.to_string())).collect();
    let hash_set: hashbrown::HashSet<u64> = (0..40).collect();
    let none: hashbrown::HashMap<u8, u8> = hashbrown::HashMap::new();
    show!(maps: ordered shuffled empty set hashed hash_set none);
    times();
    show!(maps: ordered hashed);
}

fn times() {
    let id = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
    let nil = Uuid::nil();
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap_or_default();
    let ancient = NaiveDate::from_ymd_opt(-44, 3, 15).unwrap_or_default();
    let time = NaiveTime::from_hms_milli_opt(12, 34, 56, 789).unwrap_or_default();
    let leap = NaiveTime::from_hms_milli_opt(23, 59, 59, 1_500).unwrap_or_default();
    let moment = NaiveDateTime::new(date, time);
    let utc: DateTime<Utc> = moment.and_utc();
    let far = utc.with_timezone(&FixedOffset::east_opt(5 * 3600 + 1800).unwrap_or(offset_of_utc()));
    let behind = utc.with_timezone(&FixedOffset::west_opt(11 * 3600).unwrap_or(offset_of_utc()));
    let span = TimeDelta::milliseconds(90_500);
    let before = TimeDelta::nanoseconds(-1_500);
    show!(times: id nil date ancient time leap moment utc far behind);
    say!(times: span = "90.5s", before = "-1.5µs");
    of_time();
    show!(times: id date utc);
}

fn offset_of_utc() -> FixedOffset {
    FixedOffset::east_opt(0).expect("no offset at all is one")
}

fn of_time() {
    let day = time::Date::from_calendar_date(2023, Month::December, 31);
    let date = day.expect("a day of that month");
    let clock = Time::from_hms_nano(1, 2, 3, 4_500).expect("a time of day");
    let noon = Time::from_hms(12, 0, 0).expect("a time of day");
    let offset = UtcOffset::from_hms(-3, -30, 0).expect("an offset");
    let plain = PrimitiveDateTime::new(date, noon);
    let offset_moment = OffsetDateTime::new_in_offset(date, clock, offset);
    let leap_day = OffsetDateTime::from_unix_timestamp(951_826_530).expect("a moment");
    let utc_moment = UtcDateTime::new(date, clock);
    let span = time::Duration::new(-90, -500_000_000);
    show!(of_time: clock noon offset plain offset_moment leap_day utc_moment);
    // How a date is packed has changed from version to version, and its type does not say it.
    say!(of_time: date = "Date { value: 2071917 }", span = "-90.5s");
    panic!("the end of the crates");
}

fn main() {
    sequences();
}
