//! Whether the name of a map's entry (`["key"]`, `[(1, 2)]`) is a part of an expression that leads
//! back to it: what keys look like is for people, and not all of it can be read again.

/// Whether expressions read `name`, which an entry of a map has as a child, as the key that it
/// stands for. What does not lead back: keys that were cut, dates and the like, sets in keys, …
#[must_use]
pub fn leads_back(name: &str) -> bool {
    let Some(key) = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')) else {
        return false;
    };
    let mut rest = key;
    // What may stand before a word: the beginning, a bracket, a comma, a colon.
    let mut due = true;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' if due => quoted(rest, first),
            '-' | '0'..='9' if due => number(rest),
            'a'..='z' | 'A'..='Z' | '_' if due => Some(word(rest)),
            '&' if due => Some(if rest.starts_with("&mut ") { 5 } else { 1 }),
            '(' | '[' | '{' | ')' | ']' | '}' | ',' | ':' | ' ' => Some(1),
            _ => None,
        };
        let Some((token, after)) = length.and_then(|length| rest.split_at_checked(length)) else {
            return false;
        };
        rest = after;
        due = match token {
            // `{"a"}` is a set, which no pattern is.
            "{" if rest.starts_with(|c: char| c != ' ' && c != '}') => return false,
            // The state of a cell.
            ")" if rest.starts_with(" {") => return false,
            "(" | "[" | "{" | "," | ":" => true,
            " " => due,
            _ => token.starts_with('&'),
        };
    }
    !key.is_empty()
}

/// The length of a text or a character in quotes, to the end of it.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at.checked_add(1),
            _ => {}
        }
    }
    None
}

/// The length of a number that nothing but an end follows: `2024-02-29` is none.
fn number(text: &str) -> Option<usize> {
    let end = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_'))
        .map_or(text.len(), |(at, _)| at);
    let (number, after) = text.split_at_checked(end)?;
    let digits = number.trim_start_matches('-');
    let plain = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && !digits.ends_with('.');
    let ends = after.is_empty() || after.starts_with([',', ')', ']', '}', ' ']);
    (plain && ends).then_some(end)
}

/// The length of a path.
fn word(text: &str) -> usize {
    let mut end = 0;
    let mut rest = text;
    loop {
        let name = rest
            .char_indices()
            .find(|(_, c)| !c.is_alphanumeric() && *c != '_')
            .map_or(rest.len(), |(at, _)| at);
        end += name;
        match rest.get(name..).and_then(|rest| rest.strip_prefix("::")) {
            Some(after) if after.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                end += 2;
                rest = after;
            }
            _ => return end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::leads_back;

    #[test]
    fn keys_that_are_literals_lead_back() {
        let table = [
            ("[\"k\"]", true),
            ("[\"a ] \\\" b\"]", true),
            ("[7]", true),
            ("[-7]", true),
            ("[1.5]", true),
            ("['é']", true),
            ("[true]", true),
            ("[Red]", true),
            ("[Color::Red]", true),
            ("[(1, \"a\")]", true),
            ("[(1, &\"a\")]", true),
            ("[[1, 2]]", true),
            ("[Some((1, 2))]", true),
            ("[Point { x: 1, y: -2 }]", true),
            ("[\"cut\"… (300 bytes)]", false),
            ("[[1, 2, … 7 more]]", false),
            ("[2024-02-29]", false),
            ("[67e55044-10b1-426f-9247-bb680e5fe0c8]", false),
            ("[12:34:56]", false),
            ("[1.5s]", false),
            ("[{1, 2}]", false),
            ("[Rc(strong 1, weak 0) 5]", false),
            ("[Mutex(locked) { data: 1 }]", false),
            ("[<out of bounds>]", false),
            ("[0x400 -> 5]", false),
            ("[1..5]", false),
            ("[b\"raw\"]", false),
            ("[\"a\\xff\" (not UTF-8)]", false),
            ("[]", false),
            ("[…]", false),
            ("x", false),
            ("", false),
        ];
        for (name, leads) in table {
            assert_eq!(leads_back(name), leads, "{name}");
        }
    }
}
