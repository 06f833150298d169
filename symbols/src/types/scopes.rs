//! What a unit is written in, and which namespaces and types its DIEs stand in: DIEs do not know
//! their parents, so full names need one pass over the unit, made once and kept.

use super::die::{self, Visit};
use crate::dwarf::{DebugInfo, Slice};
use gimli::{UnitOffset, UnitRef};
use std::sync::Arc;

/// Most enclosing names in a path.
const MAX_PATH: usize = 64;

/// A DIE that names what is in it.
struct Scope {
    start: usize,
    end: usize,
    parent: Option<u32>,
}

/// What is known of a unit as a whole.
pub(crate) struct UnitFacts {
    /// Whether it was written in Rust.
    pub rust: bool,
    scopes: Vec<Scope>,
    /// The dimensions of arrays beyond the first of each, and the arrays, by their offsets.
    rows: Vec<(usize, usize)>,
}

impl UnitFacts {
    /// Reads a unit; one that cannot be read has no scopes.
    pub fn read(info: &DebugInfo<'_>, unit: u32) -> Self {
        let Some(unit) = info.unit(unit) else {
            return UnitFacts {
                rust: false,
                scopes: Vec::new(),
                rows: Vec::new(),
            };
        };
        let root = unit.header.root_offset();
        let language = unit
            .entry(root)
            .ok()
            .and_then(|root| root.attr_value(gimli::DW_AT_language));
        let (scopes, rows) = scopes(&unit, root);
        UnitFacts {
            rust: matches!(
                language,
                Some(gimli::AttributeValue::Language(gimli::DW_LANG_Rust))
            ),
            scopes,
            rows,
        }
    }

    /// The array that the DIE at `offset` describes a dimension of, unless that is its first.
    pub fn array_of(&self, offset: usize) -> Option<usize> {
        let at = self.rows.binary_search_by_key(&offset, |(row, _)| *row);
        Some(self.rows.get(at.ok()?)?.1)
    }

    /// The names around the DIE at `offset`, outermost first.
    pub fn path(&self, unit: &UnitRef<'_, Slice<'_>>, offset: usize) -> Vec<Arc<str>> {
        let next = self.scopes.partition_point(|scope| scope.start < offset);
        let mut at = next
            .checked_sub(1)
            .and_then(|index| u32::try_from(index).ok());
        let mut path = Vec::new();
        while let Some(scope) = at.and_then(|index| self.scopes.get(index as usize)) {
            if scope.end > offset && path.len() < MAX_PATH {
                let name = unit
                    .entry(UnitOffset(scope.start))
                    .ok()
                    .and_then(|entry| die::name(unit, &entry));
                path.push(name.unwrap_or_else(|| "{anonymous}".into()));
            }
            at = scope.parent;
        }
        path.reverse();
        path
    }
}

/// The namespaces and types with DIEs in them, and the inner dimensions of arrays, in the order in
/// which they stand.
fn scopes(unit: &UnitRef<'_, Slice<'_>>, root: UnitOffset) -> (Vec<Scope>, Vec<(usize, usize)>) {
    let mut scopes: Vec<Scope> = Vec::new();
    let mut rows = Vec::new();
    // The array whose children come next, their depth, and whether the first has been passed.
    let mut array: Option<(usize, isize, bool)> = None;
    // The scopes that are open, with their depth.
    let mut open: Vec<(isize, u32)> = Vec::new();
    let unit_end = unit.header.length_including_self();
    die::walk(unit, root, |entry, depth| {
        let offset = entry.offset().0;
        match (entry.tag(), &mut array) {
            (gimli::DW_TAG_array_type, _) => array = Some((offset, depth + 1, false)),
            (gimli::DW_TAG_subrange_type, Some((of, at, passed))) if *at == depth => {
                if *passed {
                    rows.push((offset, *of));
                }
                *passed = true;
            }
            _ => {}
        }
        while let Some(&(_, index)) = open.last().filter(|(open, _)| *open >= depth) {
            if let Some(scope) = scopes.get_mut(index as usize) {
                scope.end = offset;
            }
            open.pop();
        }
        let names_its_children = matches!(
            entry.tag(),
            gimli::DW_TAG_namespace
                | gimli::DW_TAG_module
                | gimli::DW_TAG_structure_type
                | gimli::DW_TAG_class_type
                | gimli::DW_TAG_union_type
                | gimli::DW_TAG_enumeration_type
        );
        if names_its_children
            && entry.has_children()
            && let Ok(index) = u32::try_from(scopes.len())
        {
            scopes.push(Scope {
                start: offset,
                end: unit_end,
                parent: open.last().map(|(_, index)| *index),
            });
            open.push((depth, index));
        }
        Visit::Descend
    });
    (scopes, rows)
}
