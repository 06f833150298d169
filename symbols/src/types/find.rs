//! Types by name, as people write them.

use super::{TypeId, names};
use crate::dwarf::{DebugInfo, DieId, Slice};
use crate::functions::without_generics;
use crate::symbols::Symbols;
use gimli::UnitRef;
use rayon::prelude::*;
use std::collections::HashSet;

/// How many types one question is answered with.
const MAX_TYPES: usize = 1_000;

/// How many names of one unit are looked at in full.
const MAX_CANDIDATES: usize = 20_000;

impl Symbols {
    /// The types of this name, each once however many units describe it: `u32`, `orders::Order`,
    /// `Order`, `Vec<String>`, `&str`. Generic arguments may be left out, and then every instance
    /// is meant. Whole names come first. Reads every unit.
    ///
    /// Types without a name of their own (arrays, C's pointers) are not found.
    pub fn find_types(&self, name: &str) -> Vec<TypeId> {
        self.with(|info| find(info, name))
    }
}

/// A type that may be meant.
struct Candidate {
    die: DieId,
    /// It is a base type, called exactly so.
    base: bool,
}

fn find(info: &DebugInfo<'_>, name: &str) -> Vec<TypeId> {
    let wanted = squeeze(name);
    let Some(word) = word(&wanted) else {
        return Vec::new();
    };
    let units = (0..info.unit_count()).into_par_iter();
    let candidates = units.map(|unit| candidates(info, unit, name.trim(), word));
    let candidates: Vec<Candidate> = candidates.flatten().collect();
    if let Some(base) = candidates.iter().find(|candidate| candidate.base) {
        return vec![TypeId(base.die)];
    }
    let likeness = |candidate: &Candidate| {
        let full = names::full_name(&info.types, info, candidate.die);
        let rank = rank(&full, &wanted)?;
        Some((rank, full, TypeId(candidate.die)))
    };
    let mut found: Vec<_> = candidates.par_iter().filter_map(likeness).collect();
    found.sort();
    let mut seen = HashSet::new();
    found.retain(|(_, full, _)| seen.insert(std::sync::Arc::clone(full)));
    found.truncate(MAX_TYPES);
    found.into_iter().map(|(_, _, id)| id).collect()
}

/// How well a full name is what is wanted, 0 being best; `None` when it is not.
fn rank(full: &str, wanted: &str) -> Option<u8> {
    let whole = squeeze(full);
    if whole == wanted {
        return Some(0);
    }
    if squeeze(&names::shorten(full)) == wanted {
        return Some(1);
    }
    let ends = |name: &str| {
        let path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}' | '#');
        name.strip_suffix(wanted).is_some_and(|before| {
            before.is_empty() || (before.ends_with("::") && before.chars().all(path))
        })
    };
    if ends(&whole) {
        return Some(2);
    }
    let bare = without_generics(&whole);
    (!wanted.contains('<') && ends(&bare)).then_some(3)
}

/// Without the spaces that people put or leave out as they like.
fn squeeze(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.trim().chars() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if c.is_whitespace() {
            // Between words a space matters: `&mut u8`.
            if text.ends_with(word) {
                text.push(' ');
            }
            continue;
        }
        if !word(c) && text.ends_with(' ') {
            text.pop();
        }
        text.push(c);
    }
    text
}

/// The word that must stand in a DIE's own name: the last part of the first path in the name.
fn word(name: &str) -> Option<&str> {
    let identifier = |c: char| c.is_alphanumeric() || c == '_';
    let not_a_name = ["mut", "const", "dyn"];
    let mut rest = name;
    loop {
        rest = rest.trim_start_matches(|c| !identifier(c));
        let end = rest.find(|c| !identifier(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end)?;
        if word.is_empty() {
            return None;
        }
        if !behind.starts_with("::") && !not_a_name.contains(&word) {
            return Some(word);
        }
        rest = behind;
    }
}

fn candidates(info: &DebugInfo<'_>, index: u32, name: &str, word: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    if let Some(unit) = info.unit(index) {
        // Damage ends the reading; what came before it stays.
        let _ = read(unit, index, name, word, &mut found);
    }
    found
}

fn read<'a>(
    unit: UnitRef<'_, Slice<'a>>,
    index: u32,
    name: &str,
    word: &str,
    found: &mut Vec<Candidate>,
) -> gimli::Result<()> {
    let word = regex::bytes::Regex::new(&regex::escape(word)).ok();
    let mut entries = unit.entries_raw(None)?;
    while !entries.is_empty() && found.len() < MAX_CANDIDATES {
        let die = entries.next_offset();
        let Some(abbreviation) = entries.read_abbreviation()? else {
            continue;
        };
        if !is_type(abbreviation.tag()) {
            entries.skip_attributes(abbreviation.attributes())?;
            continue;
        }
        let (mut matches, mut exact, mut declaration) = (false, false, false);
        for spec in abbreviation.attributes() {
            let attribute = entries.read_attribute(*spec)?;
            match attribute.name() {
                gimli::DW_AT_name => {
                    let own = crate::dwarf::string(unit, &attribute.value()).unwrap_or_default();
                    exact = own == name.as_bytes();
                    matches = word.as_ref().is_some_and(|word| word.is_match(own));
                }
                gimli::DW_AT_declaration => declaration = true,
                _ => {}
            }
        }
        if matches && !declaration {
            found.push(Candidate {
                die: DieId::new(index as usize, die),
                base: exact && abbreviation.tag() == gimli::DW_TAG_base_type,
            });
        }
    }
    Ok(())
}

fn is_type(tag: gimli::DwTag) -> bool {
    matches!(
        tag,
        gimli::DW_TAG_base_type
            | gimli::DW_TAG_structure_type
            | gimli::DW_TAG_class_type
            | gimli::DW_TAG_union_type
            | gimli::DW_TAG_enumeration_type
            | gimli::DW_TAG_pointer_type
            | gimli::DW_TAG_typedef
    )
}

#[cfg(test)]
mod tests {
    use super::{rank, squeeze, word};

    #[test]
    fn names_are_compared_as_people_write_them() {
        let full = "alloc::vec::Vec<alloc::string::String, alloc::alloc::Global>";
        let table = [
            (full, Some(0)),
            ("Vec<String>", Some(1)),
            ("Vec < String >", Some(1)),
            (
                "vec::Vec<alloc::string::String,alloc::alloc::Global>",
                Some(2),
            ),
            ("Vec", Some(3)),
            ("alloc::vec::Vec", Some(3)),
            ("ec", None),
            ("Vec<u8>", None),
        ];
        for (wanted, expected) in table {
            assert_eq!(rank(full, &squeeze(wanted)), expected, "{wanted}");
        }
        assert_eq!(rank("&mut orders::Order", &squeeze("&mut  Order")), Some(1));
        assert_eq!(rank("&mut orders::Order", &squeeze("&Order")), None);
    }

    #[test]
    fn the_first_paths_last_part_is_looked_for() {
        let table = [
            ("u32", Some("u32")),
            ("orders::Order", Some("Order")),
            ("Vec<String>", Some("Vec")),
            ("&mut [a::B]", Some("B")),
            ("*const u8", Some("u8")),
            ("()", None),
            ("", None),
            ("a::", None),
        ];
        for (name, expected) in table {
            assert_eq!(word(name), expected, "{name}");
        }
    }
}
