//! Values with a syntax of their own: sizes, times, path mappings, the target with its arguments.

use anyhow::Context as _;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// A moved source folder: `--map FROM=TO`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathMapping {
    /// How paths begin in the debug info.
    pub from: String,
    /// Where that is here.
    pub to: PathBuf,
}

/// The target and the guest's arguments. The target's path may be any that the system allows; an
/// argument has to be UTF-8, since that is what WASI passes on.
pub fn target(all: &[OsString]) -> anyhow::Result<(PathBuf, Vec<String>)> {
    let mut all = all.iter();
    let target = PathBuf::from(all.next().cloned().unwrap_or_default());
    let argument = |(place, argument): (usize, &OsString)| {
        argument.to_str().map(str::to_owned).with_context(|| {
            format!(
                "argument {} of the guest, {argument:?}, is not UTF-8, which no WASI guest can \
                 receive",
                place + 1
            )
        })
    };
    let args = all.enumerate().map(argument).collect::<Result<_, _>>()?;
    Ok((target, args))
}

/// `FROM=TO`.
pub fn mapping(text: &str) -> Result<PathMapping, String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok(PathMapping {
            from: from.to_owned(),
            to: PathBuf::from(to),
        }),
        _ => Err("expected FROM=TO, such as /build/src=./src".into()),
    }
}

/// A number of bytes: plain, or with `k`, `M`, `G` (1024 to the power of 1, 2, 3; `KiB` and so on
/// mean the same).
pub fn size(text: &str) -> Result<u64, String> {
    let expected = || "expected a number of bytes, such as 1048576, 64M or 2GiB".to_owned();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "is more than can be addressed".into())
}

/// A time: `10s`, `500ms`, `1m30s`, `2h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a time, such as 10s, 500ms or 1m30s".to_owned();
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit())
            .ok_or_else(expected)?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let number: u64 = number.parse().map_err(|_| expected())?;
        let micros: u64 = match unit {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" | "min" => 60_000_000,
            "h" => 3_600_000_000,
            _ => return Err(expected()),
        };
        let part = number
            .checked_mul(micros)
            .ok_or_else(|| "is too long".to_owned())?;
        total = total
            .checked_add(Duration::from_micros(part))
            .ok_or_else(|| "is too long".to_owned())?;
        rest = after;
    }
    if text.is_empty() {
        Err(expected())
    } else {
        Ok(total)
    }
}

/// `y`, `yes`, `true` or nothing; `n`, `no`, `false`.
pub fn switch(text: Option<&str>) -> Result<bool, String> {
    match text {
        None | Some("y" | "yes" | "true") => Ok(true),
        Some("n" | "no" | "false") => Ok(false),
        Some(other) => Err(format!("expected y or n, not `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("1048576"), Ok(1 << 20));
        assert_eq!(size("64k"), Ok(64 << 10));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        for wrong in ["", "M", "-1", "1.5M", "1T", "99999999999G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "s", "10x", "1m30", "-1s", "99999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
