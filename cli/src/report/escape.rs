//! Text of a guest's, made harmless for a terminal: what would move the cursor, change colours or
//! turn the reading direction is written as Rust would escape it.

/// One line: newlines are escaped too.
pub fn line(text: &str) -> String {
    escape(text, false)
}

/// Several lines: newlines stay.
pub fn lines(text: &str) -> String {
    escape(text, true)
}

fn escape(text: &str, newlines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' if newlines => out.push('\n'),
            '\t' if newlines => out.push_str("    "),
            character if is_harmful(character) => out.extend(character.escape_default()),
            character => out.push(character),
        }
    }
    out
}

/// A line of source, byte for byte as long as it was, so that columns stay right.
pub fn source(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => out.push('\t'),
            character if is_harmful(character) => out.push_str(&"?".repeat(character.len_utf8())),
            character => out.push(character),
        }
    }
    out
}

/// Control characters, and those that reorder or hide text (Unicode's bidirectional controls,
/// line separators, zero-width characters, tags).
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_harmful_passes() {
        assert_eq!(
            line("a\x1b[31m\r\n\u{9b}\u{202e}é"),
            "a\\u{1b}[31m\\r\\n\\u{9b}\\u{202e}é"
        );
        assert_eq!(lines("a\nb\rc"), "a\nb\\rc");
        let source_line = "\tlet x\u{202e} = \"\u{9b}é\";";
        assert_eq!(source(source_line).len(), source_line.len());
        assert_eq!(source(source_line), "\tlet x??? = \"??é\";");
    }
}
