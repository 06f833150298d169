//! The small grammar of command lines: words, numbers, counts, texts in quotes. Places are in
//! [`super::location`].

use super::table::shown;

/// The longest line that is taken.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

/// A command line taken apart: `x/16xb $sp` is `x`, `16xb` and `$sp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Words<'a> {
    /// The command's name.
    pub name: &'a str,
    /// What follows a `/` at the name.
    pub format: Option<&'a str>,
    /// The rest.
    pub rest: &'a str,
}

/// Takes a command line apart; `None` when there is nothing on it.
pub(super) fn words(line: &str) -> Option<Result<Words<'_>, String>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    if line.len() > LONGEST_LINE {
        return Some(Err(format!("the line is longer than {LONGEST_LINE} bytes")));
    }
    if let Some(rest) = line.strip_prefix('?') {
        return Some(Ok(Words {
            name: "help",
            format: None,
            rest: rest.trim(),
        }));
    }
    let end = line
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let word = line.split_whitespace().next().unwrap_or(line);
        return Some(Err(format!(
            "a command begins with a letter, and `{}` does not: `help` lists them",
            shown(word)
        )));
    }
    // `break /regex/` has a blank before its slash.
    let (format, rest) = match rest.strip_prefix('/') {
        Some(after) => {
            let end = after
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(after.len());
            let (format, rest) = after.split_at(end);
            (Some(format), rest)
        }
        None => (None, rest),
    };
    Some(Ok(Words {
        name,
        format,
        rest: rest.trim(),
    }))
}

/// The first word of a text, and the rest.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

/// A number: decimal, or hexadecimal, octal or binary after `0x`, `0o`, `0b`; `_` may part digits.
pub(super) fn number(text: &str) -> Option<u64> {
    let plain = text.trim();
    let (digits, radix) = match plain.get(..2) {
        Some("0x" | "0X") => (plain.get(2..)?, 16),
        Some("0o") => (plain.get(2..)?, 8),
        Some("0b") => (plain.get(2..)?, 2),
        _ => (plain, 10),
    };
    let starts = digits.starts_with(|c: char| c.is_digit(radix));
    if !starts || digits.len() > 80 {
        return None;
    }
    u64::from_str_radix(&digits.replace('_', ""), radix).ok()
}

/// A number that a command takes once, or an error that says what it is for.
pub(super) fn number_for(text: &str, what: &str) -> Result<u64, String> {
    number(text).ok_or_else(|| format!("`{}` is no number: {what}", shown(text)))
}

/// How many times: 1 without a word.
pub(super) fn count(text: &str) -> Result<u32, String> {
    if text.is_empty() {
        return Ok(1);
    }
    let count = number_for(text, "a count such as 5 is expected")?;
    match u32::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!("a count from 1 to {} is expected", u32::MAX)),
    }
}

/// `on` or `off`.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.trim() {
        "on" | "yes" | "true" | "1" | "" => Ok(true),
        "off" | "no" | "false" | "0" => Ok(false),
        other => Err(format!("`{}`: on or off is expected", shown(other))),
    }
}

/// The numbers of things: `1 2 5-7`.
pub(super) fn numbers(text: &str, what: &str) -> Result<Vec<u32>, String> {
    const MOST: u64 = 10_000;
    let one = |text: &str| -> Result<u32, String> {
        let number = number_for(text, &format!("the number of a {what} is expected"))?;
        u32::try_from(number).map_err(|_| format!("there is no {what} {number}"))
    };
    let mut all = Vec::new();
    for word in text.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
        match word.split_once('-') {
            Some((from, to)) if !from.is_empty() => {
                let (from, to) = (one(from)?, one(to)?);
                if u64::from(to.saturating_sub(from)) > MOST {
                    return Err(format!("`{}` are too many", shown(word)));
                }
                all.extend(from..=to);
            }
            _ => all.push(one(word)?),
        }
    }
    Ok(all)
}

/// Commands parted by `;`, which may stand in quotes, parentheses and brackets for itself.
pub(super) fn commands(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0u32);
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some('"'),
            (None, '(' | '[' | '{') => depth = depth.saturating_add(1),
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ';') if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// Whether a text is in double quotes, the last of which ends what the first one begins.
pub(super) fn is_quoted(text: &str) -> bool {
    let mut escaped = false;
    let closes = text.char_indices().skip(1).find(|(_, c)| {
        let closes = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        closes
    });
    text.starts_with('"') && closes.is_some_and(|(at, _)| at + 1 == text.len())
}

/// A text with Rust's escapes: in double quotes, or without them as it stands to the line's end.
pub(super) fn text(text: &str) -> Result<String, String> {
    let Some(inner) = text.strip_prefix('"') else {
        return Ok(text.to_owned());
    };
    let inner = inner
        .strip_suffix('"')
        .filter(|_| is_quoted(text))
        .ok_or("the text begins with a quotation mark and does not end with one")?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('0') => '\0',
            Some('\\') => '\\',
            Some('"') => '"',
            other => {
                let what = other.map_or(String::new(), String::from);
                return Err(format!(
                    "there is no escape `\\{}`: \\n, \\r, \\t, \\0, \\\\ and \\\" there are",
                    shown(&what)
                ));
            }
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fall_into_words() {
        let parts = |line| {
            let words = words(line).expect("a command").expect("well-formed");
            (words.name, words.format, words.rest)
        };
        assert_eq!(parts("  x/16xb &total "), ("x", Some("16xb"), "&total"));
        assert_eq!(parts("p order.lines[0]"), ("p", None, "order.lines[0]"));
        assert_eq!(parts("p/x -3"), ("p", Some("x"), "-3"));
        assert_eq!(parts("p ~order"), ("p", None, "~order"));
        assert_eq!(parts("p&x"), ("p", None, "&x"));
        assert_eq!(
            parts("break /a b/ if x/2 > 1"),
            ("break", None, "/a b/ if x/2 > 1")
        );
        assert_eq!(parts("? step"), ("help", None, "step"));
        assert_eq!(parts("list -"), ("list", None, "-"));
        for nothing in ["", "  \t", "# break main"] {
            assert_eq!(words(nothing), None);
        }
        for wrong in ["/x", "~a", "é", "-1", "\u{1b}[2J", ";", "1"] {
            assert!(matches!(words(wrong), Some(Err(_))), "{wrong:?}");
        }
        assert!(matches!(words(&"a".repeat(1 << 20)), Some(Err(_))));
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(number("12"), Some(12));
        assert_eq!(number("0xff_ff"), Some(0xffff));
        assert_eq!(number("0b101"), Some(5));
        assert_eq!(number("0xffffffffffffffff"), Some(u64::MAX));
        for wrong in [
            "",
            "0x",
            "_1",
            "+1",
            "-1",
            "1.5",
            "x",
            "99999999999999999999",
            "é1",
        ] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
        assert_eq!(numbers("1 3-5, 9", "breakpoint"), Ok(vec![1, 3, 4, 5, 9]));
        assert!(numbers("0-4000000000", "breakpoint").is_err());
        assert!(numbers("1 a", "breakpoint").is_err());
        assert_eq!(count(""), Ok(1));
        assert!(count("0").is_err());
        assert!(count("4294967296").is_err());
    }

    #[test]
    fn commands_are_parted() {
        assert_eq!(
            commands("print x == \";\"; bt ;; p f(a; b); c"),
            ["print x == \";\"", "bt", "p f(a; b)", "c"]
        );
        assert_eq!(commands(""), [""; 0]);
        assert_eq!(commands("p \"a\\\";b"), ["p \"a\\\";b"]);
    }

    #[test]
    fn texts_are_read() {
        assert_eq!(text("plain \\n"), Ok("plain \\n".into()));
        assert_eq!(text("\"a\\n\\\"b\\\"\""), Ok("a\n\"b\"".into()));
        assert!(text("\"open").is_err());
        assert!(text("\"two\" \"texts\"").is_err());
        assert!(text("\"open\\\"").is_err());
        assert!(text("\"").is_err());
        assert!(text("\"\\x\"").is_err());
    }
}
