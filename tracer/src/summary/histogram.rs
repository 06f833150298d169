//! How long calls took, in buckets that are a sixteenth of their value wide: enough for quantiles, and
//! small whatever comes.

use std::collections::BTreeMap;

/// Buckets for each power of two.
const PARTS: u64 = 16;

/// Times in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    buckets: BTreeMap<u16, u64>,
    count: u64,
    range: Option<(u64, u64)>,
}

impl Histogram {
    pub(super) fn add(&mut self, ns: u64) {
        let count = self.buckets.entry(bucket(ns)).or_default();
        *count = count.saturating_add(1);
        self.count = self.count.saturating_add(1);
        let (min, max) = self.range.unwrap_or((ns, ns));
        self.range = Some((min.min(ns), max.max(ns)));
    }

    pub(super) fn join(&mut self, other: &Histogram) {
        for (bucket, more) in &other.buckets {
            let count = self.buckets.entry(*bucket).or_default();
            *count = count.saturating_add(*more);
        }
        self.count = self.count.saturating_add(other.count);
        self.range = match (self.range, other.range) {
            (Some((min, max)), Some((low, high))) => Some((min.min(low), max.max(high))),
            (one, other) => one.or(other),
        };
    }

    /// The shortest; 0 when there is none.
    pub(super) fn min(&self) -> u64 {
        self.range.map_or(0, |(min, _)| min)
    }

    /// The longest; 0 when there is none.
    pub(super) fn max(&self) -> u64 {
        self.range.map_or(0, |(_, max)| max)
    }

    /// A time that so many percent of all do not exceed, to a sixteenth of it.
    pub(super) fn quantile(&self, percent: u64) -> u64 {
        let rank = u128::from(self.count) * u128::from(percent.min(100));
        let rank = rank.div_ceil(100).max(1);
        let mut seen = 0_u128;
        for (bucket, count) in &self.buckets {
            seen += u128::from(*count);
            if seen >= rank {
                return last_of(*bucket).clamp(self.min(), self.max());
            }
        }
        self.max()
    }
}

/// The bucket of a number: numbers below [`PARTS`] have one each.
fn bucket(ns: u64) -> u16 {
    let exponent = ns.max(1).ilog2();
    match exponent.checked_sub(PARTS.ilog2()) {
        None => ns as u16,
        Some(shift) => {
            let part = (ns >> shift) - PARTS;
            ((u64::from(shift) + 1) * PARTS + part) as u16
        }
    }
}

/// The largest number of a bucket.
fn last_of(bucket: u16) -> u64 {
    let (row, part) = (u64::from(bucket) / PARTS, u64::from(bucket) % PARTS);
    match row.checked_sub(1) {
        None => part,
        Some(shift) => {
            let next = u128::from(PARTS + part + 1) << shift;
            u64::try_from(next - 1).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_they_say() {
        for ns in [
            0,
            1,
            15,
            16,
            17,
            31,
            32,
            1000,
            999_999,
            u64::MAX / 3,
            u64::MAX,
        ] {
            let last = last_of(bucket(ns));
            assert!(last >= ns && last - ns <= ns / 16, "{ns}: {last}");
            if last < u64::MAX {
                assert_eq!(bucket(last), bucket(ns));
                assert_eq!(bucket(last + 1), bucket(ns) + 1);
            }
        }
    }

    #[test]
    fn quantiles_are_near() {
        let mut times = Histogram::default();
        assert_eq!((times.min(), times.quantile(50), times.max()), (0, 0, 0));
        (1..=1000).for_each(|n| times.add(n * 1000));
        for (percent, exact) in [(1, 10_000), (50, 500_000), (99, 990_000), (100, 1_000_000)] {
            let found = times.quantile(percent);
            assert!(
                found >= exact && found <= exact + exact / 16,
                "{percent}: {found}"
            );
        }
        let mut both = Histogram::default();
        both.add(7);
        both.join(&times);
        assert_eq!((both.min(), both.max()), (7, 1_000_000));
    }
}
