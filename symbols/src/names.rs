//! Names of functions: as the linker knows them, and as a person writes them.
//!
//! Rust's two mangling schemes are undone, and what is left is freed of what nobody wrote: hashes
//! (`::h0123456789abcdef`), crate disambiguators (`[a88812da5ee6ad9e]`), numbers of closures, and
//! the brackets around the type of an inherent method. The mangling of C++ is undone too. Names that
//! are not mangled (C) stay.

use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// How long a demangled name may be; a mangled one can be made to unfold endlessly.
const MAX_PRETTY: usize = 16 * 1024;

/// How deep the parts of a mangled name may nest.
const MAX_NESTING: u32 = 64;

/// The name of a function. Cheap to clone; the readable form is worked out when first asked for.
#[derive(Clone)]
pub struct FunctionName(Arc<Inner>);

struct Inner {
    raw: Box<str>,
    pretty: OnceLock<Box<str>>,
}

impl FunctionName {
    /// A name out of debug info or the name section, mangled or not.
    pub fn new(raw: impl Into<Box<str>>) -> Self {
        FunctionName(Arc::new(Inner {
            raw: raw.into(),
            pretty: OnceLock::new(),
        }))
    }

    /// The name as the file has it: the linkage name where there is one.
    pub fn raw(&self) -> &str {
        &self.0.raw
    }

    /// The name as a person reads it: `orders::Inventory::remove`.
    pub fn pretty(&self) -> &str {
        self.0
            .pretty
            .get_or_init(|| prettify(&self.0.raw).into_boxed_str())
    }
}

impl PartialEq for FunctionName {
    fn eq(&self, other: &Self) -> bool {
        self.raw() == other.raw()
    }
}

impl Eq for FunctionName {}

impl fmt::Debug for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.raw())
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pretty())
    }
}

impl Serialize for FunctionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.pretty())
    }
}

/// Makes a function's name readable, whether it is mangled, demangled by a linker, or plain.
pub fn prettify(raw: &str) -> String {
    let demangled = demangle(raw);
    let name = demangled.as_deref().unwrap_or(raw);
    let name = without_hash(name);
    let name = if name.contains('$') {
        // What some tools leave: a legacy path without its wrapping.
        decode_legacy(name)
    } else {
        name.to_owned()
    };
    unwrap_self_types(&without_marks(&name))
}

/// Undoes Rust's mangling, or that of C++; `None` when the name is mangled in neither way.
fn demangle(raw: &str) -> Option<String> {
    let Ok(demangled) = rustc_demangle::try_demangle(raw) else {
        return demangle_cpp(raw);
    };
    let mut text = Limited(String::new());
    if fmt::write(&mut text, format_args!("{demangled:#}")).is_err() {
        text.0.push('…');
    }
    Some(text.0)
}

/// Undoes the mangling of C++ (the Itanium ABI's). Parameters and results are left out: arguments
/// are shown with their values, and breakpoints are set by names.
fn demangle_cpp(raw: &str) -> Option<String> {
    if !raw.starts_with("_Z") || raw.len() > MAX_PRETTY {
        return None;
    }
    let symbol = cpp_demangle::Symbol::new_with_options(
        raw,
        &cpp_demangle::ParseOptions::default().recursion_limit(MAX_NESTING),
    );
    let options = cpp_demangle::DemangleOptions::new()
        .no_params()
        .no_return_type()
        .hide_expression_literal_types()
        .recursion_limit(MAX_NESTING);
    let mut text = Limited(String::new());
    symbol.ok()?.structured_demangle(&mut text, &options).ok()?;
    Some(text.0)
}

/// A string that takes no more than [`MAX_PRETTY`] bytes.
struct Limited(String);

impl fmt::Write for Limited {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len().saturating_add(part.len()) > MAX_PRETTY {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

/// Takes off the hash with which the legacy scheme ends.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            path
        }
        _ => name,
    }
}

/// The escapes of the legacy scheme, and what they stand for.
const LEGACY: &[(&str, &str)] = &[
    ("$LT$", "<"),
    ("$GT$", ">"),
    ("$RF$", "&"),
    ("$BP$", "*"),
    ("$LP$", "("),
    ("$RP$", ")"),
    ("$SP$", "@"),
    ("$C$", ","),
    ("$u20$", " "),
    ("$u22$", "\""),
    ("$u27$", "'"),
    ("$u2b$", "+"),
    ("$u3b$", ";"),
    ("$u5b$", "["),
    ("$u5d$", "]"),
    ("$u7b$", "{"),
    ("$u7d$", "}"),
    ("$u7e$", "~"),
];

fn decode_legacy(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    loop {
        // A path element that would start with an escape is given an underscore before it.
        let starts = text.is_empty() || text.ends_with("::");
        let escaped = match rest.strip_prefix('_') {
            Some(after) if starts && after.starts_with('$') => after,
            _ => rest,
        };
        let known = LEGACY
            .iter()
            .find_map(|(escape, is)| Some((*is, escaped.strip_prefix(escape)?)));
        if let Some((is, after)) = known {
            text.push_str(is);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("..") {
            text.push_str("::");
            rest = after;
        } else {
            let mut chars = rest.chars();
            let Some(next) = chars.next() else {
                return text;
            };
            text.push(next);
            rest = chars.as_str();
        }
    }
}

/// Leaves out crate disambiguators and the numbers of closures and other unnamed things.
fn without_marks(name: &str) -> String {
    if !name.contains(['{', '[', '#']) {
        return name.to_owned();
    }
    let name = name.replace("{{", "{").replace("}}", "}");
    let mut text = String::with_capacity(name.len());
    let mut rest = name.as_str();
    while let Some(at) = rest.find(['[', '#']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let after_name = before
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        let skipped = match from.as_bytes().first() {
            Some(b'[') if after_name => disambiguator(from),
            Some(b'#') if after_name && text.rfind('{') > text.rfind('}') => number(from),
            _ => None,
        };
        match skipped {
            Some(after) => rest = after,
            None => {
                let (mark, after) = from.split_at(1);
                text.push_str(mark);
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

/// What follows `[0123456789abcdef]` at the start of `text`, if that is what stands there.
fn disambiguator(text: &str) -> Option<&str> {
    let (inside, after) = text.strip_prefix('[')?.split_once(']')?;
    let hex = (1..=16).contains(&inside.len()) && inside.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then_some(after)
}

/// What follows `#0` at the start of `text`, when a closing brace does.
fn number(text: &str) -> Option<&str> {
    let after = text
        .strip_prefix('#')?
        .trim_start_matches(|c: char| c.is_ascii_digit());
    after.starts_with('}').then_some(after)
}

/// An angle bracket that is open.
struct Open {
    at: usize,
    /// Whether it may surround a self type: it does not follow a path.
    self_type: bool,
    has_as: bool,
}

/// `<orders::Inventory>::remove` → `orders::Inventory::remove`; `<T as Trait>::method` and
/// `<[T]>::len` stay.
fn unwrap_self_types(name: &str) -> String {
    if !name.contains('<') {
        return name.to_owned();
    }
    let bytes = name.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(b' ');
    let mut open: Vec<Open> = Vec::new();
    let mut dropped: Vec<usize> = Vec::new();
    for (index, byte) in bytes.iter().enumerate() {
        let before = index.checked_sub(1).map_or(b' ', at);
        match byte {
            b'<' => open.push(Open {
                at: index,
                self_type: !(before == b':' || before == b'_' || before.is_ascii_alphanumeric()),
                has_as: false,
            }),
            b'>' if before != b'-' => {
                let Some(opened) = open.pop() else { continue };
                let inside = name.get(opened.at + 1..index).unwrap_or_default();
                let path = inside.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && !inside.starts_with("dyn ")
                    && !inside.starts_with("impl ");
                let called = at(index + 1) == b':' && at(index + 2) == b':';
                if opened.self_type && !opened.has_as && path && called {
                    dropped.extend([opened.at, index]);
                }
            }
            b' ' if name
                .get(index..)
                .is_some_and(|rest| rest.starts_with(" as ")) =>
            {
                if let Some(innermost) = open.last_mut() {
                    innermost.has_as = true;
                }
            }
            _ => {}
        }
    }
    dropped.sort_unstable();
    name.char_indices()
        .filter(|(index, _)| dropped.binary_search(index).is_err())
        .map(|(_, c)| c)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::prettify;

    #[test]
    fn names_read_as_they_are_written() {
        let table = [
            // (as the file has it, as a person reads it)
            ("main", "main"),
            ("__wasm_call_ctors", "__wasm_call_ctors"),
            (
                "_ZN6orders9Inventory6remove17h0123456789abcdefE",
                "orders::Inventory::remove",
            ),
            (
                "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE.llvm.42",
                "core::fmt::Write::write_fmt",
            ),
            (
                "_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE",
                "<alloc::string::String as core::fmt::Write>::write_str",
            ),
            (
                "_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE",
                "std::rt::lang_start::{closure}",
            ),
            (
                "_RNvMCs9ltgdHTiPiY_6ordersNtB2_9Inventory6remove",
                "orders::Inventory::remove",
            ),
            (
                "_RNCNvCs9ltgdHTiPiY_6orders4main0B3_",
                "orders::main::{closure}",
            ),
            ("orders::main::h0123456789abcdef", "orders::main"),
            ("_Z4showi", "show"),
            ("_ZNK4shop4Item5priceEv", "shop::Item::price"),
            ("_ZN4shop4ItemD2Ev", "shop::Item::~Item"),
            (
                "_ZNSt6vectorIiSaIiEE9push_backERKi",
                "std::vector<int, std::allocator<int> >::push_back",
            ),
            ("_Znothing", "_Znothing"),
            (
                "<orders[a88812da5ee6ad9e]::Inventory>::remove::{closure#3}",
                "orders::Inventory::remove::{closure}",
            ),
            ("<[u8]>::len", "<[u8]>::len"),
            ("<T as Into<U>>::into", "<T as Into<U>>::into"),
            (
                "_$LT$T$u20$as$u20$core..convert..Into$LT$U$GT$$GT$::into::h0123456789abcdef",
                "<T as core::convert::Into<U>>::into",
            ),
            (
                "core::ops::function::FnOnce::call_once::<<a::B>::c::{closure#0}, ()>",
                "core::ops::function::FnOnce::call_once::<a::B::c::{closure}, ()>",
            ),
            ("f::<fn(u8) -> <A>::B>", "f::<fn(u8) -> A::B>"),
        ];
        for (raw, expected) in table {
            assert_eq!(prettify(raw), expected, "from {raw}");
        }
    }

    #[test]
    fn odd_names_do_no_harm() {
        let long = "<".repeat(100_000);
        for raw in [
            "",
            "<",
            ">",
            "a>b<",
            "{{",
            "x[",
            "x[]",
            "x#",
            "{é#",
            "_$",
            "$",
            "é<é>::é",
            &long,
        ] {
            let _ = prettify(raw);
        }
    }
}
