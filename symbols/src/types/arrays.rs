//! Arrays: how long each dimension is. DWARF describes an array of several dimensions (C's `int
//! m[2][3]`) as one type with a subrange for each; here its elements are arrays, down to the last
//! dimension, and the subrange of a dimension names the array that begins with it.

use super::die;
use super::{Array, TypeId, TypeKind};
use crate::dwarf::{DebugInfo, DieId, Slice};
use gimli::{UnitOffset, UnitRef};

/// Most dimensions that are told apart.
const MAX_DIMENSIONS: usize = 16;

/// An array, or one of those that an array of several dimensions is made of.
pub(super) struct Shape {
    /// The type of what is in the last dimension.
    pub element: DieId,
    /// The number of elements in each dimension, from this array's own on; `None` where only the
    /// program knows.
    pub dimensions: Vec<Option<u64>>,
    /// The array that is an element of this one, if it has several dimensions.
    row: Option<DieId>,
    /// Bytes from one element of the last dimension to the next, where debug info says it.
    pub stride: Option<u64>,
}

impl Shape {
    /// How many elements of the last dimension there are; `None` when only the program knows.
    pub fn count(&self) -> Option<u64> {
        count(&self.dimensions)
    }

    /// What values of it are made of.
    pub fn kind(&self, info: &DebugInfo<'_>) -> TypeKind {
        let inner = self.dimensions.get(1..).unwrap_or_default();
        let stride = count(inner)
            .or(inner.is_empty().then_some(1))
            .and_then(|count| {
                let each = self
                    .stride
                    .or_else(|| super::describe::size_of(info, self.element));
                count.checked_mul(each?)
            });
        TypeKind::Array(Array {
            element: TypeId(self.row.unwrap_or(self.element)),
            count: self.dimensions.first().copied().flatten(),
            stride,
        })
    }
}

fn count(dimensions: &[Option<u64>]) -> Option<u64> {
    let (first, rest) = dimensions.split_first()?;
    rest.iter().try_fold((*first)?, |count, dimension| {
        count.checked_mul((*dimension)?)
    })
}

/// The array that a DIE describes; `None` when it is none.
pub(super) fn shape(info: &DebugInfo<'_>, id: DieId) -> Option<Shape> {
    let (unit, entry) = die::entry(info, id)?;
    let from = entry.offset();
    let array = match entry.tag() {
        gimli::DW_TAG_array_type => from,
        gimli::DW_TAG_subrange_type => {
            let facts = info.types.unit(info, id.unit);
            UnitOffset(facts.array_of(from.0)?)
        }
        _ => return None,
    };
    let array = unit.entry(array).ok()?;
    let element = die::reference(info, id.unit, &array, gimli::DW_AT_type)?;
    let (dimensions, row) = dimensions(&unit, array.offset(), from);
    Some(Shape {
        element,
        dimensions,
        row: row.map(|row| DieId {
            offset: row.0 as u64,
            ..id
        }),
        stride: die::unsigned(&array, gimli::DW_AT_byte_stride),
    })
}

/// The dimensions of an array from the one at `from` on (all, if that is the array itself), and
/// where the second of them is described.
fn dimensions(
    unit: &UnitRef<'_, Slice<'_>>,
    array: UnitOffset,
    from: UnitOffset,
) -> (Vec<Option<u64>>, Option<UnitOffset>) {
    let mut dimensions = Vec::new();
    let mut row = None;
    die::children(unit, array, |child| {
        let dimension = match child.tag() {
            gimli::DW_TAG_subrange_type => dimension(child),
            gimli::DW_TAG_enumeration_type => None,
            _ => return,
        };
        if child.offset() < from || dimensions.len() >= MAX_DIMENSIONS {
            return;
        }
        if dimensions.len() == 1 && child.tag() == gimli::DW_TAG_subrange_type {
            row = Some(child.offset());
        }
        dimensions.push(dimension);
    });
    (dimensions, row)
}

/// The number of elements in one dimension. Lower bounds default to 0 in Rust, C and C++.
fn dimension<'a>(subrange: &die::Entry<'a>) -> Option<u64> {
    if let Some(count) = subrange.attr_value(gimli::DW_AT_count) {
        return count.udata_value();
    }
    let upper = subrange
        .attr_value(gimli::DW_AT_upper_bound)?
        .sdata_value()?;
    let lower = match subrange.attr_value(gimli::DW_AT_lower_bound) {
        Some(lower) => lower.sdata_value()?,
        None => 0,
    };
    u64::try_from(upper.checked_sub(lower)?.checked_add(1)?).ok()
}
