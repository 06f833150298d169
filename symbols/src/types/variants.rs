//! Enums that carry data: which variant a value is, by its discriminant.
//!
//! rustc describes them as `DW_TAG_variant_part` (DWARF 5, 5.7.10). A niche is an ordinary
//! discriminant whose default variant carries the data. Discriminants are compared in full width,
//! up to 128 bits.

use super::die::{self, Visit, constant, sign_extend, truncate};
use super::{Field, Fields, TypeId, members};
use crate::dwarf::{DebugInfo, DieId};
use gimli::{AttributeValue, Reader as _, UnitOffset};
use std::sync::Arc;

/// Most variants kept of one type, and most ranges of discriminants of one variant.
const MAX_VARIANTS: usize = 16 * 1024;

/// The variants of an enum that carries data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variants {
    /// Where the discriminant is; `None` when there is at most one variant, or the problem that
    /// [`problem`](Self::problem) names.
    pub discriminant: Option<Discriminant>,
    /// The variants, in the order of declaration.
    pub variants: Vec<Variant>,
    /// Fields that every variant has (coroutines).
    pub common: Vec<Field>,
    /// The type parameters of the enum.
    pub parameters: Vec<(Arc<str>, TypeId)>,
    /// Why no variant can be chosen, when DWARF says things that cannot be.
    pub problem: Option<&'static str>,
    /// Whether there were more variants than are kept.
    pub truncated: bool,
}

/// Where the discriminant of an enum is, and how it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Discriminant {
    /// Offset in bytes from the start of the value.
    pub offset: u64,
    /// Size in bytes: 1 to 16.
    pub size: u64,
    /// Whether it is signed.
    pub signed: bool,
}

/// Discriminants from `first` to `last`, both included; bits extended to 128 as the discriminant's
/// sign says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiscriminantRange {
    /// The lowest.
    pub first: u128,
    /// The highest.
    pub last: u128,
}

/// One variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variant {
    /// Its name.
    pub name: Arc<str>,
    /// The discriminants that mean it; empty for the default variant: any that no other has.
    pub discriminants: Vec<DiscriminantRange>,
    /// Its contents: a struct named like the variant; `None` when DWARF says none.
    pub body: Option<Field>,
    /// The source line it is declared on (coroutines: the line of the `await`).
    pub line: Option<u64>,
}

impl Variants {
    /// The variant that a value with this discriminant is. `bits` are the discriminant's bytes,
    /// little-endian; what lies beyond its size is ignored.
    ///
    /// `None` when no variant has this discriminant: the bytes are not a value of the type.
    pub fn select(&self, bits: u128) -> Option<&Variant> {
        if self.problem.is_some() {
            return None;
        }
        let Some(discriminant) = self.discriminant else {
            return self.variants.first();
        };
        let wanted = discriminant.order(bits);
        let named = self.variants.iter().find(|variant| {
            variant.discriminants.iter().any(|range| {
                discriminant.order(range.first) <= wanted
                    && wanted <= discriminant.order(range.last)
            })
        });
        named.or_else(|| self.variants.iter().find(|v| v.discriminants.is_empty()))
    }
}

impl Discriminant {
    /// A number that compares as the discriminants do.
    fn order(self, bits: u128) -> u128 {
        if self.signed {
            sign_extend(bits, self.size) ^ (1 << 127)
        } else {
            truncate(bits, self.size)
        }
    }
}

/// Reads the variants below the struct `id`, whose variant part is at `part`.
pub(super) fn variants(info: &DebugInfo<'_>, id: DieId, part: UnitOffset) -> Variants {
    let Fields {
        fields, parameters, ..
    } = members::fields(info, id, true);
    let mut found = Variants {
        discriminant: None,
        variants: Vec::new(),
        common: fields,
        parameters,
        problem: None,
        truncated: false,
    };
    let Some(unit) = info.unit(id.unit) else {
        return found;
    };
    let names_discriminant = unit
        .entry(part)
        .is_ok_and(|entry| entry.has_attr(gimli::DW_AT_discr));
    if names_discriminant {
        found.discriminant = discriminant(info, id.unit, part);
        if found.discriminant.is_none() {
            found.problem = Some("its debug info names a discriminant that cannot be read");
        }
    }
    let signed = found.discriminant.is_some_and(|d| d.signed);
    let mut bad_values = false;
    die::walk(&unit, part, |entry, depth| match (entry.tag(), depth) {
        (gimli::DW_TAG_variant, 1) => {
            if found.variants.len() >= MAX_VARIANTS {
                found.truncated = true;
                return Visit::Stop;
            }
            let discriminants = discriminants(entry, signed);
            bad_values |= discriminants.is_none();
            found.variants.push(Variant {
                name: Arc::from(""),
                discriminants: discriminants.unwrap_or_default(),
                body: None,
                line: die::unsigned(entry, gimli::DW_AT_decl_line),
            });
            Visit::Descend
        }
        (gimli::DW_TAG_member, 2) => {
            if let Some(variant) = found.variants.last_mut()
                && variant.body.is_none()
            {
                variant.body = members::field(info, id.unit, entry);
                if let Some(body) = &variant.body {
                    variant.name = Arc::clone(&body.name);
                }
                let line = die::unsigned(entry, gimli::DW_AT_decl_line);
                variant.line = variant.line.or(line);
            }
            Visit::Skip
        }
        _ => Visit::Skip,
    });
    found.problem = found.problem.or_else(|| problem(&found, bad_values));
    found
}

/// What makes choosing a variant impossible.
fn problem(variants: &Variants, bad_values: bool) -> Option<&'static str> {
    let defaults = variants
        .variants
        .iter()
        .filter(|variant| variant.discriminants.is_empty())
        .count();
    if bad_values {
        Some("its debug info gives discriminants that cannot be read")
    } else if variants.truncated {
        Some("it has too many variants")
    } else if variants.discriminant.is_some() && defaults > 1 {
        Some("its debug info gives several variants no discriminant")
    } else if variants.discriminant.is_none() && variants.variants.len() > 1 {
        Some("its debug info does not say where the discriminant is")
    } else {
        None
    }
}

/// The member that holds the discriminant.
fn discriminant(info: &DebugInfo<'_>, unit: u32, part: UnitOffset) -> Option<Discriminant> {
    let part_entry = info.unit(unit)?.entry(part).ok()?;
    let member = die::reference(info, unit, &part_entry, gimli::DW_AT_discr)?;
    let (_, member_entry) = die::entry(info, member)?;
    if member_entry.tag() != gimli::DW_TAG_member {
        return None;
    }
    let field = members::field(info, member.unit, &member_entry)?;
    let size = super::describe::size_of(info, field.type_id.0)?;
    if field.bits.is_some() || !(1..=16).contains(&size) {
        return None;
    }
    Some(Discriminant {
        offset: field.offset,
        size,
        signed: super::describe::is_signed(info, field.type_id.0),
    })
}

/// The discriminants of a variant: none for the default one, `None` when they cannot be read.
fn discriminants<'a>(entry: &die::Entry<'a>, signed: bool) -> Option<Vec<DiscriminantRange>> {
    if let Some(value) = entry.attr_value(gimli::DW_AT_discr_value) {
        let bits = constant(&value, signed)?;
        return Some(vec![DiscriminantRange {
            first: bits,
            last: bits,
        }]);
    }
    let Some(list) = entry.attr_value(gimli::DW_AT_discr_list) else {
        return Some(Vec::new());
    };
    let mut list = match list {
        AttributeValue::Block(block) => block,
        AttributeValue::Exprloc(expression) => expression.0,
        _ => return None,
    };
    let mut ranges = Vec::new();
    while !list.is_empty() {
        let kind = gimli::DwDsc(list.read_u8().ok()?);
        let mut value = || -> Option<u128> {
            if signed {
                list.read_sleb128().ok().map(|v| i128::from(v) as u128)
            } else {
                list.read_uleb128().ok().map(u128::from)
            }
        };
        let first = value()?;
        let last = match kind {
            gimli::DW_DSC_label => first,
            gimli::DW_DSC_range => value()?,
            _ => return None,
        };
        if ranges.len() >= MAX_VARIANTS {
            return None;
        }
        ranges.push(DiscriminantRange { first, last });
    }
    // An empty list means no discriminant at all, which is not the default variant.
    (!ranges.is_empty()).then_some(ranges)
}
