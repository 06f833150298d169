//! Variables in values, as Compose has them: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
//! `${NAME:?message}`, `${NAME?message}`, `${NAME:+instead}`, `${NAME+instead}`, and `$$` for a
//! dollar. What stands after the sign may have variables in it.

use crate::values::shown;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Most bytes that one value becomes.
const LONGEST: usize = 1 << 20;

/// How deep defaults stand in defaults.
const DEPTH: usize = 16;

/// The variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    /// Those of the user's shell.
    host: HashMap<String, String>,
    /// Those of the project's `.env`.
    file: HashMap<String, String>,
}

impl Variables {
    pub fn new(host: HashMap<String, String>) -> Self {
        Self {
            host,
            file: HashMap::new(),
        }
    }

    /// Takes the variables of a file in addition; what is known counts.
    pub fn add(&mut self, more: Vec<(String, String)>) {
        for (name, value) in more {
            self.file.entry(name).or_insert(value);
        }
    }

    /// The value of one: the shell's before the file's.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.host.get(name).or_else(|| self.file.get(name));
        value.map(String::as_str)
    }
}

/// Puts values in the places of variables.
pub(crate) struct Interpolation<'v> {
    pub variables: &'v Variables,
    /// Variables that have no value, where there is no default either.
    pub unset: BTreeSet<String>,
}

impl<'v> Interpolation<'v> {
    pub fn new(variables: &'v Variables) -> Self {
        Self {
            variables,
            unset: BTreeSet::new(),
        }
    }

    /// In all text of a tree; the error says where in it.
    pub fn tree(&mut self, value: &Value, at: &str) -> Result<Value, (String, String)> {
        Ok(match value {
            Value::String(text) => {
                Value::String(self.text(text).map_err(|why| (at.to_owned(), why))?)
            }
            Value::Array(values) => {
                let mut out = Vec::with_capacity(values.len());
                for (index, value) in values.iter().enumerate() {
                    out.push(self.tree(value, &format!("{at}[{index}]"))?);
                }
                Value::Array(out)
            }
            Value::Object(map) => {
                let mut out = serde_json::Map::new();
                for (key, value) in map {
                    let at = format!("{at}.{}", shown(key));
                    out.insert(key.clone(), self.tree(value, &at)?);
                }
                Value::Object(out)
            }
            other => other.clone(),
        })
    }

    /// In one text.
    pub fn text(&mut self, text: &str) -> Result<String, String> {
        self.nested(text, 0)
    }

    fn nested(&mut self, text: &str, depth: usize) -> Result<String, String> {
        if depth > DEPTH {
            return Err(format!(
                "defaults stand deeper in each other than {DEPTH} levels"
            ));
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                out.push('$');
                rest = after;
            } else if let Some(after) = after.strip_prefix('{') {
                let end = closing(after)
                    .ok_or_else(|| format!("`${{{}` has no closing brace", shown(after)))?;
                let (inside, after) = after.split_at_checked(end).unwrap_or((after, ""));
                out.push_str(&self.braced(inside, depth)?);
                rest = after.strip_prefix('}').unwrap_or(after);
            } else {
                let (name, after) = split_name(after);
                if name.is_empty() {
                    return Err(format!(
                        "`${}` is no variable; a dollar that is one is written $$",
                        shown(after.chars().take(8).collect::<String>().as_str())
                    ));
                }
                out.push_str(&self.value(name));
                rest = after;
            }
            if out.len() > LONGEST {
                break;
            }
        }
        out.push_str(rest);
        if out.len() > LONGEST {
            return Err(format!("it becomes longer than {LONGEST} bytes"));
        }
        Ok(out)
    }

    fn braced(&mut self, inside: &str, depth: usize) -> Result<String, String> {
        let (name, rest) = split_name(inside);
        let wrong = || {
            format!(
                "`${{{}}}` is no variable: ${{NAME}}, ${{NAME:-default}}, ${{NAME:?message}} and \
                 ${{NAME:+instead}} are, and a dollar alone is $$",
                shown(inside)
            )
        };
        if name.is_empty() {
            return Err(wrong());
        }
        if rest.is_empty() {
            return Ok(self.value(name));
        }
        let (counts_empty, sign) = match rest.strip_prefix(':') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let value = self
            .variables
            .get(name)
            .filter(|value| !(counts_empty && value.is_empty()));
        let value = value.map(str::to_owned);
        if let Some(default) = sign.strip_prefix('-') {
            return match value {
                Some(value) => Ok(value),
                None => self.nested(default, depth.saturating_add(1)),
            };
        }
        if let Some(message) = sign.strip_prefix('?') {
            return match value {
                Some(value) => Ok(value),
                None => {
                    let message = self.nested(message, depth.saturating_add(1))?;
                    let message = match &*message {
                        "" => String::new(),
                        message => format!(": {}", shown(message)),
                    };
                    Err(format!(
                        "the variable {} has to be set{message}",
                        shown(name)
                    ))
                }
            };
        }
        if let Some(instead) = sign.strip_prefix('+') {
            return match value {
                Some(_) => self.nested(instead, depth.saturating_add(1)),
                None => Ok(String::new()),
            };
        }
        Err(wrong())
    }

    fn value(&mut self, name: &str) -> String {
        match self.variables.get(name) {
            Some(value) => value.to_owned(),
            None => {
                const NAMED: usize = 100;
                if self.unset.len() < NAMED {
                    self.unset.insert(name.to_owned());
                }
                String::new()
            }
        }
    }
}

/// A variable's name at the beginning of a text, and what follows it.
fn split_name(text: &str) -> (&str, &str) {
    let is_part = |(place, c): (usize, char)| {
        c == '_' || c.is_ascii_alphabetic() || (place > 0 && c.is_ascii_digit())
    };
    let end = text
        .char_indices()
        .find(|at| !is_part(*at))
        .map_or(text.len(), |(place, _)| place);
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Where the brace is that closes the one before this text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0usize;
    let bytes = text.as_bytes();
    let mut before = 0u8;
    for (place, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if before == b'$' => open = open.saturating_add(1),
            b'}' => match open.checked_sub(1) {
                Some(fewer) => open = fewer,
                None => return Some(place),
            },
            _ => {}
        }
        before = *byte;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_as_compose_has_them() {
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let host = [("SET", "s"), ("EMPTY", ""), ("_U1", "u")].map(pair);
        let mut variables = Variables::new(host.into_iter().collect());
        variables.add([("FILE", "f"), ("SET", "hidden")].map(pair).into());
        let mut interpolation = Interpolation::new(&variables);
        for (text, expected) in [
            ("plain", Ok("plain")),
            ("$SET-${SET}/$FILE$_U1", Ok("s-s/fu")),
            ("$$SET $${SET} 5$$", Ok("$SET ${SET} 5$")),
            ("${EMPTY:-d}|${EMPTY-d}|${NO:-d}|${NO-d}", Ok("d||d|d")),
            ("${NO:-${FILE}x}${NO:-a:-b}", Ok("fxa:-b")),
            ("${NO:-${NO:-${SET}}}", Ok("s")),
            ("${SET:+i}|${EMPTY:+i}|${EMPTY+i}|${NO+i}", Ok("i||i|")),
            ("${SET:?m}${EMPTY?m}", Ok("s")),
            ("a${NO}b", Ok("ab")),
            ("${NO:-{\"a\":1}}", Ok("{\"a\":1}")),
            (
                "${EMPTY:?say $SET}",
                Err("the variable EMPTY has to be set: say s"),
            ),
            ("${NO?}", Err("the variable NO has to be set")),
            ("${NO", Err("no closing brace")),
            ("cost: 5$", Err("written $$")),
            ("${1A}", Err("is no variable")),
            ("${SET!x}", Err("is no variable")),
        ] {
            let answer = interpolation.text(text);
            match expected {
                Ok(expected) => assert_eq!(answer.as_deref(), Ok(expected), "{text}"),
                Err(part) => {
                    let error = answer.expect_err(text);
                    assert!(error.contains(part), "{text}: {error}");
                }
            }
        }
        assert_eq!(interpolation.unset.iter().collect::<Vec<_>>(), ["NO"]);
    }

    #[test]
    fn what_grows_is_stopped() {
        let long = "x".repeat(400_000);
        let variables = Variables::new([("A".to_owned(), long)].into());
        let mut interpolation = Interpolation::new(&variables);
        assert!(interpolation.text(&"$A".repeat(500_000)).is_err());
        assert!(interpolation.text(&"${N:-".repeat(50_000)).is_err());
        let deep = format!("{}{}", "${N:-".repeat(100), "}".repeat(100));
        assert!(interpolation.text(&deep).is_err());
    }
}
