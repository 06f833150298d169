//! From YAML to a tree of values, with anchors and merge keys worked out, in bounded memory: what
//! aliases repeat counts each time.

use crate::error::ComposeError;
use crate::values::{kind, shown};
use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Most bytes of one file.
pub(crate) const FILE: u64 = 1 << 20;

/// Most values in one document.
const VALUES: usize = 100_000;

/// Most bytes that all text of one document has, repeated by aliases as often as it is.
const TEXT: usize = 8 << 20;

/// How deep values nest.
const DEPTH: usize = 48;

/// Reads a small file; `needed_by` is what names it.
pub(crate) fn read_text(file: &Path, needed_by: &str) -> Result<String, ComposeError> {
    let unreadable = |error| ComposeError::Unreadable {
        file: file.to_owned(),
        error,
        needed_by: match needed_by {
            "" => String::new(),
            name => format!(" ({name} names it)"),
        },
    };
    let facts = std::fs::metadata(file).map_err(unreadable)?;
    if !facts.is_file() {
        // Opening a pipe would wait for its other end.
        let kind = std::io::Error::other("it is no regular file");
        return Err(unreadable(kind));
    }
    let opened = File::open(file).map_err(unreadable)?;
    bounded(opened, file).and_then(|bytes| text(bytes, file))
}

/// All that a reader has.
pub(crate) fn bounded(reader: impl Read, file: &Path) -> Result<Vec<u8>, ComposeError> {
    let mut bytes = Vec::new();
    let read = reader.take(FILE.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| ComposeError::Unreadable {
        file: file.to_owned(),
        error,
        needed_by: String::new(),
    })?;
    if bytes.len() as u64 > FILE {
        return Err(ComposeError::TooMuch {
            file: file.to_owned(),
            what: format!("it has more than {FILE} bytes"),
            limit: FILE,
        });
    }
    Ok(bytes)
}

/// The text of these bytes.
pub(crate) fn text(bytes: Vec<u8>, file: &Path) -> Result<String, ComposeError> {
    String::from_utf8(bytes).map_err(|_| ComposeError::Malformed {
        file: file.to_owned(),
        why: "it is not UTF-8".into(),
    })
}

/// Reads a document.
pub(crate) fn parse(text: &str, file: &Path) -> Result<Value, ComposeError> {
    let options = granit_parser::options! {
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let malformed = |why: String| ComposeError::Malformed {
        file: file.to_owned(),
        why,
    };
    let mut tree = Tree::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let place = error.marker();
            malformed(format!("line {}: {}", place.line(), error.info()))
        })?;
        tree.event(event)
            .map_err(|why| malformed(format!("line {}: {why}", span.start.line())))?;
    }
    Ok(tree.document.unwrap_or_default())
}

/// A tree in the making.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    /// Values with an anchor, and their cost.
    anchors: HashMap<usize, (Value, Cost)>,
    spent: Cost,
    document: Option<Value>,
    documents: usize,
}

/// How many values, and how many bytes of text.
#[derive(Clone, Copy, Default)]
struct Cost {
    values: usize,
    text: usize,
}

impl Cost {
    fn plus(self, other: Self) -> Self {
        Self {
            values: self.values.saturating_add(other.values),
            text: self.text.saturating_add(other.text),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            values: self.values.saturating_sub(other.values),
            text: self.text.saturating_sub(other.text),
        }
    }
}

/// A list or a mapping that is not closed.
struct Open {
    anchor: usize,
    /// What was spent before it.
    before: Cost,
    kind: Kind,
}

enum Kind {
    List(Vec<Value>),
    Mapping {
        map: Map<String, Value>,
        key: Option<Key>,
        merged: Vec<Value>,
    },
}

enum Key {
    Named(String),
    Merge,
}

impl Tree {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) => {
                self.documents = self.documents.saturating_add(1);
                match self.documents {
                    1 => Ok(()),
                    _ => Err("a second document begins, and Compose files have one".into()),
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let before = self.spent;
                self.spend(Cost {
                    values: 1,
                    text: text.len(),
                })?;
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                if is_plain && text == "<<" && self.wants_key() {
                    return self.key(Key::Merge);
                }
                let value = match is_plain {
                    true => plain(&text),
                    false => Value::String(text.into_owned()),
                };
                self.done(value, anchor, before)
            }
            Event::Alias(anchor) => {
                let (value, cost) = self
                    .anchors
                    .get(&anchor)
                    .ok_or("an alias within its own anchor")?;
                let (value, cost, before) = (value.clone(), *cost, self.spent);
                self.spend(cost)?;
                self.done(value, 0, before)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(anchor, Kind::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                let kind = Kind::Mapping {
                    map: Map::new(),
                    key: None,
                    merged: Vec::new(),
                };
                self.begin(anchor, kind)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn spend(&mut self, cost: Cost) -> Result<(), String> {
        self.spent = self.spent.plus(cost);
        match self.spent.values > VALUES || self.spent.text > TEXT {
            true => Err("with all its aliases it is larger than any Compose file".into()),
            false => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                kind: Kind::Mapping { key: None, .. },
                ..
            })
        )
    }

    fn begin(&mut self, anchor: usize, kind: Kind) -> Result<(), String> {
        if self.open.len() >= DEPTH {
            return Err(format!("it nests deeper than {DEPTH} levels"));
        }
        let before = self.spent;
        self.spend(Cost { values: 1, text: 0 })?;
        self.open.push(Open {
            anchor,
            before,
            kind,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(open) = self.open.pop() else {
            return Err("something is closed that was not open".into());
        };
        let value = match open.kind {
            Kind::List(values) => Value::Array(values),
            Kind::Mapping {
                mut map, merged, ..
            } => {
                // What is said counts before what is merged, and the first of those before others.
                for (key, value) in merged.into_iter().flat_map(merged_maps) {
                    map.entry(key).or_insert(value);
                }
                Value::Object(map)
            }
        };
        self.done(value, open.anchor, open.before)
    }

    /// A value is whole: it goes where it belongs.
    fn done(&mut self, value: Value, anchor: usize, before: Cost) -> Result<(), String> {
        if anchor != 0 {
            // Kept a second time.
            let cost = self.spent.minus(before);
            self.spend(cost)?;
            self.anchors.insert(anchor, (value.clone(), cost));
        }
        if self.wants_key() {
            let key = match value {
                Value::String(key) => key,
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                other => return Err(format!("a key is {}, and not text", kind(&other))),
            };
            return self.key(Key::Named(key));
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.document = Some(value),
            Some(Kind::List(values)) => values.push(value),
            Some(Kind::Mapping { map, key, merged }) => match key.take() {
                Some(Key::Merge) => match &value {
                    Value::Object(_) | Value::Array(_) => merged.push(value),
                    other => {
                        return Err(format!("`<<` merges mappings, and this is {}", kind(other)));
                    }
                },
                Some(Key::Named(name)) => {
                    if map.contains_key(&name) {
                        return Err(format!("the key `{}` comes twice", shown(&name)));
                    }
                    map.insert(name, value);
                }
                None => return Err("a value has no key".into()),
            },
        }
        Ok(())
    }

    fn key(&mut self, next: Key) -> Result<(), String> {
        if let Some(Open {
            kind: Kind::Mapping { key, .. },
            ..
        }) = self.open.last_mut()
        {
            *key = Some(next);
        }
        Ok(())
    }
}

/// The entries of a mapping, or of several in a list.
fn merged_maps(value: Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(map) => map.into_iter().collect(),
        Value::Array(values) => values
            .into_iter()
            .filter_map(|value| match value {
                Value::Object(map) => Some(map),
                _ => None,
            })
            .flatten()
            .collect(),
        _ => Vec::new(),
    }
}

/// A value without quotes: YAML's core schema, and octal numbers as Compose reads them.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let begins = text.trim_start_matches(['-', '+']);
    let is_number = begins.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !is_number || text.len().saturating_sub(begins.len()) > 1 {
        return Value::String(text.to_owned());
    }
    integer(text)
        .map(Value::from)
        .or_else(|| {
            let is_float = |c: char| c.is_ascii_digit() || ".eE+-".contains(c);
            let float = text
                .parse::<f64>()
                .ok()
                .filter(|_| text.chars().all(is_float))?;
            Number::from_f64(float).map(Value::Number)
        })
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn integer(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches(['-', '+']);
    let (digits, radix) = match (digits.get(..2), digits.get(2..)) {
        (Some("0x"), Some(rest)) => (rest, 16),
        (Some("0o"), Some(rest)) => (rest, 8),
        _ if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        _ => (digits, 10),
    };
    if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let value = i64::from_str_radix(digits, radix).ok()?;
    match negative {
        true => value.checked_neg(),
        false => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Value, String> {
        parse(text, Path::new("c.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn anchors_and_merge_keys() {
        let text = "x-base: &base\n  A: 1\n  B: yes\nenv:\n  <<: *base\n  B: true\n  C: 1.5\n  D:\n  8: x\n";
        let read = self::tests::read(text).expect("valid");
        assert_eq!(
            read["env"],
            json!({ "A": 1, "B": true, "C": 1.5, "D": null, "8": "x" })
        );
        assert_eq!(read["x-base"]["B"], "yes");
        let text =
            "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n  \"<<\": no\n";
        let merged = self::tests::read(text).expect("valid");
        assert_eq!(merged["c"], json!({ "x": 3, "y": 1, "z": 2, "<<": "no" }));
    }

    #[test]
    fn values_without_quotes() {
        let text = "[~, , Null, True, no, 0x1F, 0o17, 0755, 08, -3, 1e3, .5, 1.10, 1.2.3, '8', !!str 9, 12:30, +, .nan, --1, 99999999999999999999]";
        assert_eq!(
            read(text.replace(", ,", ", '',").as_str()).expect("valid"),
            json!([
                null,
                "",
                null,
                true,
                "no",
                31,
                15,
                493,
                8.0,
                -3,
                1000.0,
                0.5,
                1.1,
                "1.2.3",
                "8",
                "9",
                "12:30",
                "+",
                ".nan",
                "--1",
                99999999999999999999f64
            ])
        );
    }

    #[test]
    fn bombs() {
        let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..20 {
            let last = level - 1;
            laughs += &format!("a{level}: &a{level} [*a{last}, *a{last}, *a{last}, *a{last}]\n");
        }
        let long = format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(200_000),
            "*a, ".repeat(90)
        );
        let deep = "[".repeat(10_000);
        let deep_blocks = (0..2_000)
            .map(|level| format!("{}a:\n", " ".repeat(level)))
            .collect::<String>();
        let wide = "- x\n".repeat(200_000);
        for bomb in [&laughs, &long, &deep, &deep_blocks, &wide] {
            let error = read(bomb).expect_err("too much");
            assert!(error.starts_with("c.yaml: is no Compose file: "), "{error}");
            assert!(error.len() < 1_000, "{error}");
        }
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        let error = read("services:\n  a: [\n").expect_err("cut off");
        assert!(error.contains("line"), "{error}");
        assert!(read("a: 1\n---\nb: 2\n").is_err());
        assert!(
            read("a: 1\na: 2\n")
                .expect_err("twice")
                .contains("line 2: the key `a` comes twice")
        );
        assert!(read("a: &a [*a]\n").is_err());
        assert!(read("a: *b\n").is_err());
        assert!(read("a: {<<: 1}\n").is_err());
        assert!(read("? [a]\n: b\n").is_err());
    }
}
