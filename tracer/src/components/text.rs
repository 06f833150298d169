//! From the text that Wasmtime formats to values: numbers, strings, structures and resources where
//! the text is one of those, the text itself otherwise.
//!
//! The text is what Rust's `Debug` makes of the bindings' types. Nothing here fails, and nesting is
//! followed only so far.

use crate::call::{Arg, Bytes, Value};
use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::net::SocketAddr;

/// Structures are followed this deep.
const MAX_DEPTH: u32 = 6;

/// At most this many parts of a structure.
const MAX_PARTS: usize = 32;

/// The value that a text of Wasmtime stands for.
pub(super) fn value(text: &str, cut: bool) -> Value {
    if text == "\"...\"" {
        return whole(String::new(), true);
    }
    if let Some(names) = flags(text) {
        return whole(names.to_owned(), cut);
    }
    if let Some(error) = text.strip_prefix("LastOperationFailed(") {
        let value = whole(unclosed(error).to_owned(), cut);
        return Value::Record(vec![arg("last-operation-failed".to_owned(), value)]);
    }
    // Errors are shown with their number.
    let plain = match text.rsplit_once(" (error ") {
        Some((name, _)) if !text.starts_with('"') => name,
        _ => text,
    };
    let mut parser = Parser { rest: plain };
    match parser.value(0) {
        Some(value) if !cut && parser.rest.is_empty() => value,
        _ => whole(plain.to_owned(), cut),
    }
}

/// A text without the parenthesis at its end that was opened before it began. Where the host's own
/// stack has been left out, that is gone too.
fn unclosed(text: &str) -> &str {
    let count = |c: char| text.matches(c).count();
    match count(')') > count('(') {
        true => text.strip_suffix(')').unwrap_or(text),
        false => text,
    }
}

fn whole(text: String, cut: bool) -> Value {
    Value::Text { text, cut }
}

/// The names in a set of flags, `(READ|WRITE)`.
fn flags(text: &str) -> Option<&str> {
    let names = text.strip_prefix('(')?.strip_suffix(')')?;
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_|".contains(c);
    let is_letter = |c: char| c.is_ascii_uppercase();
    match names {
        // No flags at all look like no value at all.
        "" => None,
        names => (names.starts_with(is_letter) && names.chars().all(is_name)).then_some(names),
    }
}

/// Formats until `out` has `limit` bytes, and says whether it was all.
///
/// Wasmtime adds the host's own stack to errors where `RUST_BACKTRACE` is set. It is left out, and
/// not even made: finding the names for it takes a fraction of a second.
pub(super) fn write_bounded(out: &mut String, limit: usize, value: &dyn fmt::Debug) -> bool {
    let start = out.len();
    let mut bounded = Bounded {
        out,
        limit,
        at_stack: false,
    };
    let is_all = write!(bounded, "{value:?}").is_ok();
    let at_stack = bounded.at_stack;
    if at_stack {
        let says = out.get(start..).unwrap_or_default().trim_end().len();
        out.truncate(start.saturating_add(says));
    }
    is_all || at_stack
}

/// The heading that Wasmtime puts before the host's stack.
const STACK: &str = "Stack backtrace:";

struct Bounded<'a> {
    out: &'a mut String,
    limit: usize,
    /// Whether the host's stack was about to follow.
    at_stack: bool,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Most pieces are too short for it.
        let (text, rest) = match text.len() < STACK.len() {
            true => (text, None),
            false => text
                .split_once(STACK)
                .map_or((text, None), |(before, after)| (before, Some(after))),
        };
        let room = self.limit.saturating_sub(self.out.len());
        if text.len() > room {
            let fits = text.get(..text.floor_char_boundary(room));
            self.out.push_str(fits.unwrap_or_default());
            // An error is the only way to make the rest of the formatting stop.
            return Err(fmt::Error);
        }
        self.out.push_str(text);
        // In a string of the guest's these words may stand as well; a heading comes after a line.
        match rest {
            Some(_) if self.out.ends_with('\n') => {
                self.at_stack = true;
                Err(fmt::Error)
            }
            Some(rest) => {
                self.out.push_str(STACK);
                self.write_str(rest)
            }
            None => Ok(()),
        }
    }
}

/// The exit code in the error with which Wasmtime ends a guest that exits.
pub(super) fn exit_code(error: &str) -> Option<i32> {
    let (_, code) = error.split_once("Exited with i32 exit status ")?;
    code.parse().ok()
}

/// What is between `open` and the `)` that ends the text; all of the rest when that has been cut off.
pub(super) fn inside<'a>(text: &'a str, open: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(open)?;
    Some(rest.strip_suffix(')').unwrap_or(rest))
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    /// The longest start of the rest whose characters are all of a sort; `None` when there is none.
    fn run(&mut self, is: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.rest.find(|c| !is(c)).unwrap_or(self.rest.len());
        let (found, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!found.is_empty()).then_some(found)
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.rest.chars().next()? {
            '"' => self.string(),
            '-' | '0'..='9' => self.number(),
            '(' => self.tuple(depth),
            _ => self.named(depth),
        }
    }

    fn number(&mut self) -> Option<Value> {
        let number = self.run(|c| c == '-' || c.is_ascii_digit())?;
        match number.parse() {
            Ok(number) => Some(Value::Unsigned(number)),
            Err(_) => number.parse().ok().map(Value::Signed),
        }
    }

    /// A string with Rust's escapes.
    fn string(&mut self) -> Option<Value> {
        self.eat("\"")?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(Value::Bytes(bytes(text)));
                }
                '\\' => text.push(escaped(&mut chars)?),
                c => text.push(c),
            }
        }
        None
    }

    fn tuple(&mut self, depth: u32) -> Option<Value> {
        self.eat("(")?;
        let items = self.items(depth)?;
        let count = items.len() as u64;
        Some(match count {
            // A set of no flags.
            0 => whole("0".to_owned(), false),
            _ => Value::List { items, count },
        })
    }

    /// Values with commas between them, up to a closing parenthesis.
    fn items(&mut self, depth: u32) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        while self.eat(")").is_none() {
            if items.len() >= MAX_PARTS {
                return None;
            }
            items.push(self.value(depth + 1)?);
            if self.eat(", ").is_none() {
                // A tuple of one has a comma too.
                let _ = self.eat(",");
            }
        }
        Some(items)
    }

    /// `Name`, `Path::Name`, `Name(…)` or `Name { … }`.
    fn named(&mut self, depth: u32) -> Option<Value> {
        let name = self.run(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':'))?;
        let name = name.rsplit("::").next().unwrap_or(name);
        if self.eat(" { ").is_some() {
            return self.structure(name, depth);
        }
        if self.eat("(").is_none() {
            return Some(whole(kebab(name), false));
        }
        if self.eat("())").is_some() {
            // A case without a value, `Err(())`.
            return Some(whole(kebab(name), false));
        }
        let mut items = self.items(depth)?;
        let item = match items.len() {
            1 => items.pop()?,
            _ => return None,
        };
        match name {
            "Some" | "Ok" => Some(item),
            // An address says itself which sort it is.
            "Ipv4" | "Ipv6" if matches!(item, Value::Text { .. }) => Some(item),
            _ => Some(Value::Record(vec![arg(kebab(name), item)])),
        }
    }

    /// The fields of a structure, up to its closing brace.
    fn structure(&mut self, name: &str, depth: u32) -> Option<Value> {
        let mut fields = Vec::new();
        while self.eat(" }").is_none() {
            if fields.len() >= MAX_PARTS {
                return None;
            }
            let name = self.run(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))?;
            self.eat(": ")?;
            let mut field = arg(kebab(name), self.value(depth + 1)?);
            field.detail = is_detail(&field.name);
            fields.push(field);
            let _ = self.eat(", ").or_else(|| self.eat(","));
        }
        Some(match (name, fields.as_slice()) {
            (
                "Resource",
                [
                    Arg {
                        value: Value::Unsigned(id),
                        ..
                    },
                    ..,
                ],
            ) => Value::Resource {
                kind: Cow::Borrowed("resource"),
                id: u32::try_from(*id).ok()?,
                label: None,
            },
            (
                "Datetime",
                [
                    Arg {
                        value: Value::Unsigned(seconds),
                        ..
                    },
                    Arg {
                        value: Value::Unsigned(ns),
                        ..
                    },
                ],
            ) => Value::WallClock(seconds.checked_mul(1_000_000_000)?.checked_add(*ns)?),
            ("Ipv4SocketAddress" | "Ipv6SocketAddress", fields) => match address(fields) {
                Some(address) => whole(address.to_string(), false),
                None => Value::Record(fields.to_vec()),
            },
            _ => Value::Record(fields),
        })
    }
}

/// The address in a structure of the socket interfaces.
fn address(fields: &[Arg]) -> Option<SocketAddr> {
    let field = |name: &str| {
        let found = fields.iter().find(|field| field.name == name)?;
        Some(&found.value)
    };
    let number = |value: &Value| match value {
        Value::Unsigned(number) => Some(*number),
        _ => None,
    };
    let port = u16::try_from(number(field("port")?)?).ok()?;
    let Value::List { items, .. } = field("address")? else {
        return None;
    };
    let parts: Option<Vec<u64>> = items.iter().map(number).collect();
    Some(match parts?.as_slice() {
        parts @ [_, _, _, _] => {
            let parts: Vec<u8> = narrow(parts)?;
            let parts: [u8; 4] = parts.try_into().ok()?;
            SocketAddr::from((parts, port))
        }
        parts => {
            let parts: Vec<u16> = narrow(parts)?;
            let parts: [u16; 8] = parts.try_into().ok()?;
            SocketAddr::from((parts, port))
        }
    })
}

/// Numbers in fewer bits, if all of them fit.
fn narrow<T: TryFrom<u64>>(numbers: &[u64]) -> Option<Vec<T>> {
    numbers
        .iter()
        .map(|number| T::try_from(*number).ok())
        .collect()
}

/// Whether a field of a structure is left out of lines: what preview 1's rows leave out of a file's
/// attributes too.
fn is_detail(field: &str) -> bool {
    matches!(
        field,
        "link-count" | "data-access-timestamp" | "status-change-timestamp"
    )
}

/// The character that an escape stands for, after its backslash.
fn escaped(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    Some(match chars.next()?.1 {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'u' => {
            let mut number = 0_u32;
            let mut open = chars.next()?.1 == '{';
            while open {
                match chars.next()?.1 {
                    '}' => open = false,
                    digit => number = number.checked_mul(16)?.checked_add(digit.to_digit(16)?)?,
                }
            }
            char::from_u32(number)?
        }
        c @ ('"' | '\'' | '\\') => c,
        _ => return None,
    })
}

fn bytes(text: String) -> Bytes {
    Bytes {
        length: text.len() as u64,
        kept: text.into_bytes(),
        unavailable: None,
    }
}

fn arg(name: String, value: Value) -> Arg {
    Arg {
        name: Cow::Owned(name),
        value,
        detail: false,
    }
}

/// A name in the interface's spelling: `RegularFile` is `regular-file`.
fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (at, c) in name.trim_end_matches('_').chars().enumerate() {
        match c {
            '_' => out.push('-'),
            c if c.is_ascii_uppercase() => {
                if at > 0 {
                    out.push('-');
                }
                out.push(c.to_ascii_lowercase());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{LineStyle, plain};

    #[test]
    fn texts_become_values() {
        let cases = [
            ("0", "0"),
            ("-3", "-3"),
            ("18446744073709551615", "18446744073709551615"),
            ("true", "true"),
            (r#""in \"x\"\n\u{e9}""#, r#""in \"x\"\né""#),
            ("Resource { rep: 3, state: \"borrow\" }", "resource#3"),
            (
                "(Resource { rep: 3, state: \"own\" }, Resource { rep: 4, state: \"own\" })",
                "[resource#3, resource#4]",
            ),
            ("Some(Resource { rep: 3, state: \"own\" })", "resource#3"),
            ("None", "none"),
            ("Err(())", "err"),
            ("()", "0"),
            ("(READ|WRITE)", "READ|WRITE"),
            ("(READ)", "READ"),
            ("no-entry (error 20)", "no-entry"),
            ("DescriptorType::RegularFile", "regular-file"),
            (
                "Datetime { seconds: 1, nanoseconds: 500000000 }",
                "1970-01-01T00:00:01.5Z",
            ),
            (
                "DirectoryEntry { type: DescriptorType::Directory, name: \"a, b }\" }",
                "{type=directory, name=\"a, b }\"}",
            ),
            (
                "IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 80, address: (127, 0, 0, 1) })",
                "127.0.0.1:80",
            ),
            (
                "Ipv6(Ipv6SocketAddress { port: 80, flow-info: 0, address: (0, 0, 0, 0, 0, 0, 0, 1), scope-id: 0 })",
                "[::1]:80",
            ),
            (
                "Ipv4(Ipv4SocketAddress { port: 80, address: (127, 0, 0, 300) })",
                "{ipv4={port=80, address=[127, 0, 0, 300]}}",
            ),
            (
                "LastOperationFailed(Bad file descriptor (os error 9))",
                "{last-operation-failed=Bad file descriptor (os error 9)}",
            ),
            (
                "LastOperationFailed(Bad file descriptor (os error 9)",
                "{last-operation-failed=Bad file descriptor (os error 9)}",
            ),
            // What is none of these stays as it is.
            ("Weird { a b }", "Weird { a b }"),
            ("\"open", "\"open"),
            ("(1, 2", "(1, 2"),
            (r#""\q""#, r#""\q""#),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(&value(text, false), &LineStyle::default()), expected);
        }
    }

    #[test]
    fn nesting_and_length_are_bounded() {
        let deep = "Some(".repeat(100_000);
        assert!(matches!(value(&deep, false), Value::Text { .. }));
        let long = format!("({})", "1, ".repeat(100_000));
        assert!(matches!(value(&long, false), Value::Text { .. }));
    }

    #[test]
    fn the_hosts_own_stack_is_left_out() {
        struct Failed(&'static str);
        impl fmt::Debug for Failed {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
        let show = |text: &'static str| {
            let mut out = String::from("x");
            let all = write_bounded(&mut out, 60, &Failed(text));
            (out, all)
        };
        assert_eq!(
            show("io (error 8)\n\nStack backtrace:\n 0: main"),
            ("xio (error 8)".to_owned(), true)
        );
        assert_eq!(
            show("a Stack backtrace: b"),
            ("xa Stack backtrace: b".to_owned(), true)
        );
        let (out, all) = show("0123456789012345678901234567890123456789012345678901234567890");
        assert_eq!((out.len(), all), (60, false));
    }

    #[test]
    fn what_was_cut_says_so() {
        assert_eq!(
            value("12", true),
            Value::Text {
                text: "12".into(),
                cut: true
            }
        );
    }
}
