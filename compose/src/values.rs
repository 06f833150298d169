//! Reading values of a tree as what they are meant to be: Compose lets many be written in two ways.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// Text out of a file, made fit for a message: short and without anything that could steer a
/// terminal.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 200;
    let escaped: String = text.escape_debug().collect();
    match escaped.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", escaped.get(..end).unwrap_or_default()),
        None => escaped,
    }
}

/// What kind of value it is, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Text, or what can stand for it.
pub(crate) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(yes) => Ok(yes.to_string()),
        other => Err(format!("text was expected, and it is {}", kind(other))),
    }
}

/// `true` or `false`, as text too.
pub(crate) fn switch(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(yes) => Ok(*yes),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        other => Err(format!(
            "true or false was expected, and it is {}",
            kind(other)
        )),
    }
}

/// A list of texts; one text is a list of one.
pub(crate) fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(values) => values.iter().map(text).collect(),
        one => text(one).map(|text| vec![text]),
    }
}

/// A list of anything; one value is a list of one.
pub(crate) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

/// Names and values: a mapping, or a list of `NAME=VALUE`. Without a value, it is `None`.
pub(crate) fn pairs(
    value: &Value,
    separators: &[char],
) -> Result<Vec<(String, Option<String>)>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| match value {
                Value::Null => Ok((name.clone(), None)),
                value => text(value)
                    .map(|text| (name.clone(), Some(text)))
                    .map_err(|why| format!("{}: {why}", shown(name))),
            })
            .collect(),
        Value::Array(values) => values
            .iter()
            .map(|value| {
                let text = text(value)?;
                Ok(match text.split_once(separators) {
                    Some((name, value)) => (name.trim().to_owned(), Some(value.to_owned())),
                    None => (text.trim().to_owned(), None),
                })
            })
            .collect(),
        other => Err(format!(
            "a mapping, or a list of NAME=VALUE, was expected, and it is {}",
            kind(other)
        )),
    }
}

/// The words of a command: a list, or text as a shell would split it. `None`: not said.
pub(crate) fn words(value: &Value) -> Result<Option<Vec<String>>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => shlex::split(text)
            .map(Some)
            .ok_or_else(|| format!("the quotes in `{}` are not closed", shown(text))),
        other => texts(other).map(Some),
    }
}

/// A path of the host's, from the file's folder.
pub(crate) fn host_path(text: &str, folder: &Path, home: Option<&str>) -> PathBuf {
    match (text.strip_prefix('~'), home) {
        (Some(""), Some(home)) => PathBuf::from(home),
        (Some(rest), Some(home)) if rest.starts_with('/') => {
            Path::new(home).join(rest.trim_start_matches('/'))
        }
        _ => {
            let path = Path::new(text);
            let path = path.strip_prefix("./").unwrap_or(path);
            match path == Path::new(".") || path.as_os_str().is_empty() {
                true => folder.to_owned(),
                false => folder.join(path),
            }
        }
    }
}
