//! Vtables of trait objects: which type a vtable in memory is of.
//!
//! rustc describes each vtable as a variable at a fixed address, of a struct whose
//! `DW_AT_containing_type` is the concrete type (a vendor's use of the attribute, which LLDB and gdb
//! read too). What a vtable holds beyond its header is not told here.

use crate::dwarf::{DebugInfo, DieId, Slice};
use crate::symbols::Symbols;
use crate::types::{TypeId, die};
use gimli::{AttributeValue, Operation};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::OnceLock;

/// How many vtables of one module are known.
const MAX_VTABLES: usize = 1_000_000;

/// The vtables of one module by their addresses, read when somebody asked.
#[derive(Default)]
pub(crate) struct KeptVtables(OnceLock<HashMap<u64, Vec<TypeId>>>);

impl Symbols {
    /// The types that the vtable at `address` is of. Mostly one; several where the linker or the
    /// optimiser put equal vtables of different types together. The first question reads the top
    /// level of every unit.
    pub fn vtable_types(&self, address: u64) -> Vec<TypeId> {
        let known = self.kept_vtables().0.get_or_init(|| self.with(read));
        known.get(&address).cloned().unwrap_or_default()
    }
}

fn read(info: &DebugInfo<'_>) -> HashMap<u64, Vec<TypeId>> {
    let units = 0..info.unit_count();
    let found: Vec<Vec<(u64, TypeId)>> = units
        .into_par_iter()
        .map(|unit| of_unit(info, unit))
        .collect();
    let mut all: HashMap<u64, Vec<TypeId>> = HashMap::new();
    for (address, ty) in found.into_iter().flatten().take(MAX_VTABLES) {
        let types = all.entry(address).or_default();
        if !types.contains(&ty) {
            types.push(ty);
        }
    }
    all
}

fn of_unit(info: &DebugInfo<'_>, index: u32) -> Vec<(u64, TypeId)> {
    let mut found = Vec::new();
    let Some(unit) = info.unit(index) else {
        return found;
    };
    die::children(&unit, unit.header.root_offset(), |entry| {
        if entry.tag() != gimli::DW_TAG_variable || found.len() >= MAX_VTABLES {
            return;
        }
        let Some(AttributeValue::Exprloc(location)) = entry.attr_value(gimli::DW_AT_location)
        else {
            return;
        };
        let is_vtable = die::name(&unit, entry).is_some_and(|name| name.ends_with("{vtable}"));
        if !is_vtable {
            return;
        }
        let Some(address) = fixed_address(info, unit.encoding(), location) else {
            return;
        };
        if let Some(ty) = concrete(info, index, entry) {
            found.push((address, ty));
        }
    });
    found
}

/// The address that a location is, where it is the same in every frame: one constant, or one
/// counted from a global that does not change (position-independent code).
fn fixed_address(
    info: &DebugInfo<'_>,
    encoding: gimli::Encoding,
    location: gimli::Expression<Slice<'_>>,
) -> Option<u64> {
    let mut operations = location.operations(encoding);
    let mut first = operations.next().ok()??;
    let mut base = None;
    if let Operation::WasmGlobal { index } = first {
        base = Some(info.module.constant_global(index)?.as_address()?);
        first = operations.next().ok()??;
    }
    let offset = match first {
        Operation::Address { address } => address,
        Operation::UnsignedConstant { value } => value,
        _ => return None,
    };
    let mut next = operations.next().ok()?;
    if base.is_some() && matches!(next, Some(Operation::Plus)) {
        next = operations.next().ok()?;
    }
    match next {
        None => base.unwrap_or(0).checked_add(offset),
        Some(_) => None,
    }
}

/// The type whose methods a vtable has.
fn concrete<'a>(info: &DebugInfo<'a>, unit: u32, variable: &die::Entry<'a>) -> Option<TypeId> {
    let of: DieId = die::reference(info, unit, variable, gimli::DW_AT_type)?;
    let (_, of_entry) = die::entry(info, of)?;
    die::reference(info, of.unit, &of_entry, gimli::DW_AT_containing_type).map(TypeId)
}
