//! Which units have code at an offset, and which type unit has a signature.
//!
//! `.debug_aranges` is not read: it is often incomplete, and the units say it themselves. A unit
//! that says nothing, or only what cannot be (address 0), is known by its line rows, which are
//! read only when no other unit answers.

use super::ranges::PcRange;
use super::{DebugInfo, DieId};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::OnceLock;

/// From how many units on it pays to read them on several threads.
const PARALLEL_FROM: usize = 64;

/// A range of code that a unit claims.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    // First, for the order.
    end: u64,
    unit: u32,
    begin: u64,
    /// The smallest begin from here to the end of the list.
    lowest: u64,
}

/// Claims by rising end.
#[derive(Default)]
struct Claims(Vec<Claim>);

/// The units of a module by what they have.
pub(crate) struct UnitIndex {
    claims: Claims,
    /// Units with code that do not say where.
    unplaced: Vec<u32>,
    by_rows: OnceLock<Claims>,
    pub signatures: HashMap<u64, DieId>,
}

/// What one unit says about where its code is.
enum Place {
    Ranges(Vec<PcRange>),
    Unknown,
    Nowhere,
}

impl UnitIndex {
    pub fn build(info: &DebugInfo<'_>) -> Self {
        let count = info.unit_count();
        let places: Vec<Place> = if (count as usize) < PARALLEL_FROM {
            (0..count).map(|unit| place(info, unit)).collect()
        } else {
            let units = (0..count).into_par_iter().with_min_len(16);
            units.map(|unit| place(info, unit)).collect()
        };
        let mut claims = Vec::new();
        let mut unplaced = Vec::new();
        for (unit, place) in (0..).zip(places) {
            match place {
                Place::Ranges(ranges) => claims.extend(Claim::all(unit, ranges)),
                Place::Unknown => unplaced.push(unit),
                Place::Nowhere => {}
            }
        }
        UnitIndex {
            claims: Claims::sorted(claims),
            unplaced,
            by_rows: OnceLock::new(),
            signatures: signatures(info),
        }
    }

    /// The units that claim `offset`; then, if asked further, those known by their rows.
    pub fn units_at<'i>(
        &'i self,
        info: &'i DebugInfo<'_>,
        offset: u64,
    ) -> impl Iterator<Item = u32> + 'i {
        let by_rows = std::iter::once_with(move || {
            let rows = self.by_rows.get_or_init(|| self.read_rows(info));
            rows.at(offset)
        });
        self.claims.at(offset).chain(by_rows.flatten())
    }

    /// The units that have code, rising.
    pub fn units_with_code(&self, info: &DebugInfo<'_>) -> Vec<u32> {
        let by_rows = self.by_rows.get_or_init(|| self.read_rows(info));
        let claims = self.claims.0.iter().chain(&by_rows.0);
        let mut units: Vec<u32> = claims.map(|claim| claim.unit).collect();
        units.sort_unstable();
        units.dedup();
        units
    }

    fn read_rows(&self, info: &DebugInfo<'_>) -> Claims {
        let of_unit = |unit: &u32| -> Vec<Claim> {
            let lines = info.lines(*unit);
            let ranges = lines.into_iter().flat_map(|lines| lines.ranges());
            Claim::all(*unit, ranges).collect()
        };
        let claims: Vec<Vec<Claim>> = self.unplaced.par_iter().map(of_unit).collect();
        Claims::sorted(claims.into_iter().flatten().collect())
    }
}

impl Claim {
    fn all(unit: u32, ranges: impl IntoIterator<Item = PcRange>) -> impl Iterator<Item = Claim> {
        ranges.into_iter().map(move |range| Claim {
            begin: range.begin,
            end: range.end,
            unit,
            lowest: 0,
        })
    }
}

impl Claims {
    fn sorted(mut claims: Vec<Claim>) -> Self {
        claims.sort_unstable();
        let mut lowest = u64::MAX;
        for claim in claims.iter_mut().rev() {
            lowest = lowest.min(claim.begin);
            claim.lowest = lowest;
        }
        Claims(claims)
    }

    fn at(&self, offset: u64) -> impl Iterator<Item = u32> {
        let first = self.0.partition_point(|claim| claim.end <= offset);
        let rest = self.0.get(first..).unwrap_or_default();
        rest.iter()
            .take_while(move |claim| claim.lowest <= offset)
            .filter(move |claim| claim.begin <= offset)
            .map(|claim| claim.unit)
    }
}

/// Reads the root DIE of a unit for the ranges of its code.
fn place(info: &DebugInfo<'_>, index: u32) -> Place {
    place_of(info, index).unwrap_or(Place::Nowhere)
}

fn place_of(info: &DebugInfo<'_>, index: u32) -> Option<Place> {
    let header = &info.units.get(index as usize)?.header;
    if matches!(
        header.type_(),
        gimli::UnitType::Type { .. } | gimli::UnitType::SplitType { .. } | gimli::UnitType::Partial
    ) {
        return None;
    }
    let attributes = &info.root(index)?.place;
    let unit = info.skeleton(index)?;
    let mut ranges = Vec::new();
    // Code that starts where no code can: at the count of functions, as with a tombstone of 0.
    let mut impossible = false;
    attributes.for_each(info, unit, |range| match info.is_code_start(range.begin) {
        true => ranges.push(range),
        false => impossible = true,
    });
    Some(match ranges.is_empty() {
        false => Place::Ranges(ranges),
        true if attributes.is_empty() || impossible => Place::Unknown,
        true => Place::Nowhere,
    })
}

fn signatures(info: &DebugInfo<'_>) -> HashMap<u64, DieId> {
    let mut signatures = HashMap::new();
    for (index, entry) in info.units.iter().enumerate() {
        if let gimli::UnitType::Type {
            type_signature,
            type_offset,
        } = entry.header.type_()
        {
            let die = DieId::new(index, type_offset);
            signatures.entry(type_signature.0).or_insert(die);
        }
    }
    signatures
}
