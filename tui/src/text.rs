//! Text for a terminal: made harmless, measured in columns, cut to columns.
//!
//! Everything that came from a guest, a module or a file goes through [`clean`] before it is drawn;
//! nothing else in the crate looks at control characters.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns from one tab stop to the next.
pub const TAB: usize = 4;

/// A text with what would drive a terminal written out: control characters, and characters that
/// hide or reorder text. Tabs stay, for [`expand`].
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\t' && is_harmful(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(16));
    for character in text.chars() {
        if character != '\t' && is_harmful(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Control characters, and those that reorder or hide text (Unicode's bidirectional controls, line
/// separators, zero-width characters, tags).
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Bytes of a guest's as text on one line: what is no UTF-8 is `\xNN`, and harmful characters are
/// written out.
pub fn from_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&clean(chunk.valid()));
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// Columns that a clean text takes, tabs not counted.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Tabs as spaces; the text's first character is at `column`.
pub fn expand(text: &str, column: usize) -> Cow<'_, str> {
    if !text.contains('\t') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(16));
    let mut at = column;
    for grapheme in text.graphemes(true) {
        if grapheme == "\t" {
            let gap = TAB.saturating_sub(at.checked_rem(TAB).unwrap_or(0)).max(1);
            out.extend(std::iter::repeat_n(' ', gap));
            at = at.saturating_add(gap);
        } else {
            out.push_str(grapheme);
            at = at.saturating_add(width(grapheme));
        }
    }
    Cow::Owned(out)
}

/// What is left of a text when `columns` are taken off its left; a wide character cut in half is a
/// space.
pub fn skip(text: &str, columns: usize) -> Cow<'_, str> {
    if columns == 0 {
        return Cow::Borrowed(text);
    }
    let mut gone = 0usize;
    for (at, grapheme) in text.grapheme_indices(true) {
        if gone >= columns {
            let rest = text.get(at..).unwrap_or_default();
            return match gone.saturating_sub(columns) {
                0 => Cow::Borrowed(rest),
                half => Cow::Owned(format!("{}{rest}", " ".repeat(half))),
            };
        }
        gone = gone.saturating_add(width(grapheme));
    }
    Cow::Owned(" ".repeat(gone.saturating_sub(columns)))
}

/// The beginning of a text that fits into so many columns.
pub fn head(text: &str, columns: usize) -> &str {
    let mut used = 0usize;
    for (at, grapheme) in text.grapheme_indices(true) {
        used = used.saturating_add(width(grapheme));
        if used > columns {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// A text cut to so many columns, with `…` where something is missing.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    match columns.checked_sub(1) {
        None => Cow::Borrowed(""),
        Some(room) => Cow::Owned(format!("{}…", head(text, room))),
    }
}

/// The end of a text that fits into so many columns, with `…` in front when something is missing:
/// for paths, whose end matters.
pub fn fit_end(text: &str, columns: usize) -> Cow<'_, str> {
    let all = width(text);
    if all <= columns {
        return Cow::Borrowed(text);
    }
    match columns.checked_sub(1) {
        None => Cow::Borrowed(""),
        Some(room) => Cow::Owned(format!("…{}", skip(text, all.saturating_sub(room)))),
    }
}

/// A long text as lines of at most so many columns, broken at spaces where there are any.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let clean = clean(paragraph);
        let expanded = expand(&clean, 0);
        let mut line = String::new();
        for word in expanded.split_inclusive(' ') {
            let fits = width(&line).saturating_add(width(word.trim_end())) <= columns;
            if !fits && !line.is_empty() {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            let mut rest = word;
            while width(rest.trim_end()) > columns {
                let first = head(rest, columns);
                if first.is_empty() {
                    break;
                }
                lines.push(first.to_owned());
                rest = rest.get(first.len()..).unwrap_or_default();
            }
            line.push_str(rest);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len().saturating_add(8));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes in a fitting unit.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, one) in UNITS {
        if bytes >= one {
            let tenths = bytes.saturating_mul(10).checked_div(one).unwrap_or(0);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_written_out() {
        assert_eq!(
            clean("a\x1b[2J\u{202e}\u{9b}ü\t."),
            "a\\u{1b}[2J\\u{202e}\\u{9b}ü\t."
        );
        assert_eq!(from_bytes(b"\xffok\x07"), "\\xffok\\u{7}");
        assert!(matches!(clean("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn columns_are_counted_as_terminals_do() {
        assert_eq!(expand("\ta\tb", 0), "    a   b");
        assert_eq!(expand("\ta", 3), " a");
        assert_eq!(skip("日本語", 2), "本語");
        assert_eq!(skip("日本語", 3), " 語");
        assert_eq!(skip("ab", 5), "");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(fit_end("src/main.rs", 6), "…in.rs");
        assert_eq!(head("🦀🦀", 3), "🦀");
    }

    #[test]
    fn long_text_is_broken_at_spaces() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(12), "12");
        assert_eq!(size(1_572_864), "1.5 MiB");
    }
}
