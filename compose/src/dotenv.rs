//! Files with environment variables: `.env` beside a Compose file, and those that `env_file` names.
//! `NAME=VALUE` a line; values may be quoted, over several lines too; variables are worked out but in
//! single quotes; `#` begins a comment.

use crate::interpolate::{Interpolation, Variables};
use crate::values::shown;

/// One file's variables, in order; `None`: the value is the host's.
pub(crate) type Entries = Vec<(String, Option<String>)>;

/// Most variables of one file.
const MOST: usize = 10_000;

/// Reads a file's text. Its own variables are known further down in it. The error says in which line
/// it is.
pub(crate) fn parse(text: &str, variables: &Variables) -> Result<Entries, String> {
    let mut known = variables.clone();
    let mut entries = Entries::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut line = 1usize;
    while !rest.is_empty() {
        let (entry, after) = next(rest, &known).map_err(|why| format!("line {line}: {why}"))?;
        let taken = rest.len().saturating_sub(after.len());
        let lines = rest.get(..taken).unwrap_or_default().matches('\n').count();
        line = line.saturating_add(lines);
        rest = after;
        if let Some((name, value)) = entry {
            if let Some(value) = &value {
                known.add(vec![(name.clone(), value.clone())]);
            }
            entries.push((name, value));
        }
        if entries.len() > MOST {
            return Err(format!("line {line}: it has more than {MOST} variables"));
        }
    }
    Ok(entries)
}

/// Reads a file's text in the format `raw`: nothing is special in values.
pub(crate) fn parse_raw(text: &str) -> Result<Entries, String> {
    let lines = text.lines().map(str::trim_end).filter(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    let entry = |line: &str| match line.split_once('=') {
        Some((name, value)) => (name.trim().to_owned(), Some(value.to_owned())),
        None => (line.trim().to_owned(), None),
    };
    let entries: Entries = lines.take(MOST.saturating_add(1)).map(entry).collect();
    match entries.len() > MOST {
        true => Err(format!("it has more than {MOST} variables")),
        false => Ok(entries),
    }
}

type Entry = Option<(String, Option<String>)>;

/// What the first line has, and what follows it.
fn next<'t>(text: &'t str, variables: &Variables) -> Result<(Entry, &'t str), String> {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    let trimmed = line.trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok((None, after));
    }
    let start = line.trim_start();
    let start = start.strip_prefix("export ").unwrap_or(start).trim_start();
    let end = start.find(['=', ':']).unwrap_or(start.len());
    let (name, _) = start.split_at_checked(end).unwrap_or((start, ""));
    let name = name.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-[]".contains(c);
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(format!("`{}` is no variable's name", shown(name)));
    }
    if end == start.len() {
        return Ok((Some((name.to_owned(), None)), after));
    }
    // From here on over all lines, as a quoted value may have several.
    let value_at = line
        .len()
        .saturating_sub(start.len())
        .saturating_add(end)
        .saturating_add(1);
    let value = text.get(value_at..).unwrap_or_default();
    let value = value.trim_start_matches([' ', '\t']);
    let (value, after) = match value.chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let (inside, after) = quoted(value.get(1..).unwrap_or_default(), quote)
                .ok_or_else(|| format!("the quotes of {} are not closed", shown(name)))?;
            // A comment may follow.
            let after = after.split_once('\n').map_or("", |(_, after)| after);
            let value = match quote {
                '"' => unescaped(inside, variables)?,
                _ => inside.to_owned(),
            };
            (value, after)
        }
        _ => {
            let (value, after) = value.split_once('\n').unwrap_or((value, ""));
            let comment = value
                .match_indices('#')
                .map(|(place, _)| place)
                .find(|place| {
                    let before = value.get(..*place).unwrap_or_default();
                    before.is_empty() || before.ends_with([' ', '\t'])
                });
            let value = value.get(..comment.unwrap_or(value.len())).unwrap_or(value);
            (Interpolation::new(variables).text(value.trim())?, after)
        }
    };
    Ok((Some((name.to_owned(), Some(value))), after))
}

/// What stands before the closing quote, and what after it.
fn quoted(text: &str, quote: char) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (place, c) in text.char_indices() {
        match c {
            '\\' if quote == '"' => escaped = !escaped,
            c if c == quote && !escaped => {
                return Some((text.get(..place)?, text.get(place.checked_add(1)?..)?));
            }
            _ => escaped = false,
        }
    }
    None
}

/// Escapes and variables of a value in double quotes.
fn unescaped(text: &str, variables: &Variables) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('$') => out.push_str("$$"),
                Some(c @ ('"' | '\\' | '\'')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    Interpolation::new(variables).text(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_as_people_write_them() {
        let text = "\u{feff}# a comment\n\nA=1\nexport B = two # rest\nC='$A #x'\nD=\"$A\\n\\$A #x\" # y\n\
                    E=a#b\nF\nG=\nH: yaml\nI=\"over\nlines\"\nJ=${A}${NO:-d}\r\nK=\"q\\\"\"\n";
        let entries = parse(text, &Variables::default()).expect("valid");
        let entries: Vec<_> = entries
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        assert_eq!(
            entries,
            [
                ("A", Some("1")),
                ("B", Some("two")),
                ("C", Some("$A #x")),
                ("D", Some("1\n$A #x")),
                ("E", Some("a#b")),
                ("F", None),
                ("G", Some("")),
                ("H", Some("yaml")),
                ("I", Some("over\nlines")),
                ("J", Some("1d")),
                ("K", Some("q\"")),
            ]
        );
        for (wrong, part) in [
            ("A=1\nB='x\n", "line 2: the quotes of B are not closed"),
            ("a b=1", "`a b` is no variable's name"),
            ("\n\n=1", "line 3: "),
            ("A=${B?}", "has to be set"),
        ] {
            let error = parse(wrong, &Variables::default()).expect_err(wrong);
            assert!(error.contains(part), "{error}");
        }
        let raw = parse_raw("A=\"$B\" # x\n# y\nC\n").expect("valid");
        assert_eq!(raw[0], ("A".into(), Some("\"$B\" # x".into())));
        assert_eq!(raw[1], ("C".into(), None));
    }
}
