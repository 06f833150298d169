//! Names of types: the full one, put together from the DIEs around a type and the types it is
//! made of, and the short one that people read.

use super::cache::Types;
use super::{TypeId, die};
use crate::dwarf::{DebugInfo, DieId};
use std::sync::Arc;

/// How many nested types without names (pointers to pointers to …) a name spells out.
const MAX_NESTING: usize = 16;

/// Type parameters that std fills in by itself: leaving them out of a name loses nothing.
const DEFAULTS: [&str; 3] = [
    ", alloc::alloc::Global",
    ", std::hash::random::RandomState",
    ", std::collections::hash::map::RandomState",
];

/// A type's name with all paths in it.
pub(crate) fn full_name(types: &Types, info: &DebugInfo<'_>, id: DieId) -> Arc<str> {
    spell(types, info, id, MAX_NESTING).into()
}

fn spell(types: &Types, info: &DebugInfo<'_>, id: DieId, fuel: usize) -> String {
    let Some((unit, entry)) = die::entry(info, id) else {
        return "{unknown}".to_owned();
    };
    if let Some(name) = die::name(&unit, &entry) {
        let facts = types.unit(info, id.unit);
        let mut path = String::new();
        for part in facts.path(&unit, entry.offset().0) {
            path.push_str(&part);
            path.push_str("::");
        }
        path.push_str(&name);
        return path;
    }
    let target = || {
        let target = die::reference(info, id.unit, &entry, gimli::DW_AT_type);
        match (target, fuel.checked_sub(1)) {
            (Some(target), Some(fuel)) => spell(types, info, target, fuel),
            (Some(_), None) => "…".to_owned(),
            (None, _) => "void".to_owned(),
        }
    };
    match entry.tag() {
        gimli::DW_TAG_pointer_type => format!("{} *", target()),
        gimli::DW_TAG_reference_type => format!("{} &", target()),
        gimli::DW_TAG_rvalue_reference_type => format!("{} &&", target()),
        gimli::DW_TAG_const_type => format!("const {}", target()),
        gimli::DW_TAG_volatile_type => format!("volatile {}", target()),
        gimli::DW_TAG_atomic_type => format!("_Atomic {}", target()),
        gimli::DW_TAG_restrict_type => format!("{} restrict", target()),
        gimli::DW_TAG_subroutine_type => format!("fn(…) -> {}", target()),
        gimli::DW_TAG_array_type | gimli::DW_TAG_subrange_type => array(types, info, id, fuel),
        gimli::DW_TAG_structure_type => "struct {…}".to_owned(),
        gimli::DW_TAG_class_type => "class {…}".to_owned(),
        gimli::DW_TAG_union_type => "union {…}".to_owned(),
        gimli::DW_TAG_enumeration_type => "enum {…}".to_owned(),
        _ => "{unnamed}".to_owned(),
    }
}

/// An array as its language writes it: `[u8; 4]`, `int[2][3]`.
fn array(types: &Types, info: &DebugInfo<'_>, id: DieId, fuel: usize) -> String {
    let Some(shape) = super::arrays::shape(info, id) else {
        return "{unnamed}".to_owned();
    };
    let element = match fuel.checked_sub(1) {
        Some(fuel) => spell(types, info, shape.element, fuel),
        None => "…".to_owned(),
    };
    if let (true, Some(count)) = (types.unit(info, id.unit).rust, shape.count()) {
        return format!("[{element}; {count}]");
    }
    let length = |length: &Option<u64>| match length {
        Some(length) => format!("[{length}]"),
        None => "[]".to_owned(),
    };
    let dimensions: String = shape.dimensions.iter().map(length).collect();
    format!("{element}{dimensions}")
}

/// The name people read: every path in `full` is cut to its last part and parameters that std
/// fills in by itself are left out. `alloc::vec::Vec<alloc::string::String, alloc::alloc::Global>`
/// is `Vec<String>`; closures keep the function that they stand in.
pub fn shorten(full: &str) -> String {
    let mut text = full.to_owned();
    for default in DEFAULTS {
        if text.contains(default) {
            text = text.replace(&format!("{default}>"), ">");
        }
    }
    let mut short = String::with_capacity(text.len());
    // Where the path that is being read begins in `short`.
    let mut path = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == ':' && rest.peek() == Some(&':') {
            rest.next();
            let after_generics = path == short.len();
            if after_generics || rest.peek() == Some(&'{') {
                short.push_str("::");
            } else {
                short.truncate(path);
            }
            continue;
        }
        short.push(c);
        if !(c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '#' | '$' | '.')) {
            path = short.len();
        }
    }
    short
}

/// [`full_name`] and [`shorten`] of it, with Rust's spelling of tuples of one.
pub(crate) fn names(
    types: &Types,
    info: &DebugInfo<'_>,
    id: TypeId,
    tuple_of_one: bool,
) -> (Arc<str>, Arc<str>) {
    let mut full = full_name(types, info, id.0);
    if tuple_of_one && let Some(inner) = full.strip_suffix(')') {
        full = format!("{inner},)").into();
    }
    (without_environments(&shorten(&full)).into(), full)
}

/// A short name in which what the compiler makes for closures and `async` code is called as people
/// do: `main::{closure_env#0}<T>` is `main::{closure}`, `crawl::{async_fn_env#0}` `crawl::{async fn}`.
fn without_environments(short: &str) -> String {
    const MARK: &str = "_env#";
    let mut text = String::with_capacity(short.len());
    let mut rest = short;
    while let Some(at) = rest.find(MARK) {
        let (before, after) = rest.split_at(at);
        let kind = before.rsplit('{').next().unwrap_or_default();
        let after = after.get(MARK.len()..).unwrap_or_default();
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let named =
            kind.len() < before.len() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let (true, Some(after)) = (named, after.strip_prefix('}')) else {
            let end = at.saturating_add(MARK.len());
            text.push_str(rest.get(..end).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default();
            continue;
        };
        text.push_str(before.get(..before.len() - kind.len()).unwrap_or_default());
        text.push_str(&kind.replace('_', " "));
        text.push('}');
        rest = after_parameters(after);
    }
    text.push_str(rest);
    text
}

/// What comes behind the parameters that a text begins with, if it does.
fn after_parameters(text: &str) -> &str {
    if !text.starts_with('<') {
        return text;
    }
    let mut depth = 0usize;
    let mut last = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth = depth.saturating_add(1),
            // The arrow of a function's result closes nothing.
            '>' if last != '-' => depth = depth.saturating_sub(1),
            _ => {}
        }
        last = c;
        if depth == 0 {
            return text.get(at.saturating_add(1)..).unwrap_or_default();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{shorten, without_environments};

    #[test]
    fn what_the_compiler_makes_is_called_as_people_do() {
        let table = [
            ("main::{closure_env#0}", "main::{closure}"),
            ("main::{closure_env#12}<u32, fn() -> T>", "main::{closure}"),
            (
                "Map<Iter<u32>, run::{closure#1}::{closure_env#0}<T>>",
                "Map<Iter<u32>, run::{closure#1}::{closure}>",
            ),
            (
                "Pin<&mut crawl::{async_fn_env#0}>",
                "Pin<&mut crawl::{async fn}>",
            ),
            ("run::{async_block_env#0}<T>", "run::{async block}"),
            ("a_env#0", "a_env#0"),
            ("{_env#", "{_env#"),
            ("{x_env#0", "{x_env#0"),
            ("{x_env#0}<", "{x}<"),
            ("Vec<String>", "Vec<String>"),
        ];
        for (short, shown) in table {
            assert_eq!(without_environments(short), shown);
        }
    }

    #[test]
    fn names_are_cut_to_what_people_read() {
        let table = [
            ("u32", "u32"),
            (
                "alloc::vec::Vec<alloc::string::String, alloc::alloc::Global>",
                "Vec<String>",
            ),
            (
                "std::collections::hash::map::HashMap<&str, orders::Order, std::hash::random::RandomState, alloc::alloc::Global>",
                "HashMap<&str, Order>",
            ),
            (
                "std::collections::hash::map::HashMap<u8, u8, my::Hasher>",
                "HashMap<u8, u8, Hasher>",
            ),
            ("&mut [core::option::Option<u8>]", "&mut [Option<u8>]"),
            ("(a::B, [c::D; 3])", "(B, [D; 3])"),
            (
                "fn(&a::B) -> core::result::Result<(), e::F>",
                "fn(&B) -> Result<(), F>",
            ),
            ("&dyn core::fmt::Debug", "&dyn Debug"),
            ("app::main::{closure_env#0}", "main::{closure_env#0}"),
            (
                "app::run::{closure#1}::{async_block_env#0}<a::T>",
                "run::{closure#1}::{async_block_env#0}<T>",
            ),
            ("<a::T as b::Trait>::Item", "<T as Trait>::Item"),
            ("app::{impl#2}::run::Local", "Local"),
            ("", ""),
            ("::", "::"),
            (":::", ":::"),
        ];
        for (full, short) in table {
            assert_eq!(shorten(full), short, "{full}");
        }
    }
}
