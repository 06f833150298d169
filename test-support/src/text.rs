//! Small helpers over source text: line numbers by content, and text modules.

use std::path::Path;

/// The 1-based number of the only line of the file `source` that contains `needle`.
///
/// Tests name a line by what stands on it, so that editing a sample moves no number in a test.
pub fn line_of(source: &Path, needle: &str) -> u32 {
    let text = std::fs::read_to_string(source)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", source.display()));
    let mut found = text
        .lines()
        .zip(1u32..)
        .filter(|(line, _)| line.contains(needle))
        .map(|(_, number)| number);
    match (found.next(), found.next()) {
        (Some(number), None) => number,
        (None, _) => panic!("no line of {} contains `{needle}`", source.display()),
        (Some(first), Some(second)) => panic!(
            "`{needle}` is on lines {first} and {second} of {}, at least: say more of the line",
            source.display()
        ),
    }
}

/// The 1-based line of the sample `name` that carries the comment `// <- MARK`.
///
/// Samples mark the line that fails with `// <- fails`, and callers of interest with marks of
/// their own.
pub fn marked_line(name: &str, mark: &str) -> u32 {
    line_of(&crate::sample_source(name), &format!("// <- {mark}"))
}

/// The binary form of a module or component in the text format.
pub fn wat_to_wasm(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap_or_else(|error| panic!("the text module is wrong: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_its_content() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text.rs");
        assert_eq!(line_of(&here, concat!("//! Small", " helpers")), 1);
    }

    #[test]
    #[should_panic(expected = "say more of the line")]
    fn an_ambiguous_line_is_refused() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/text.rs");
        line_of(&here, "pub fn");
    }

    #[test]
    fn the_text_samples_assemble() {
        for (name, layer) in [("functions", 0), ("unknown_import", 0), ("calculator", 1)] {
            let text = std::fs::read_to_string(crate::wat_sample(name)).expect("it is there");
            assert_eq!(wat_to_wasm(&text)[6], layer, "{name}");
        }
    }

    #[test]
    fn text_modules_become_binary() {
        assert_eq!(wat_to_wasm("(module)"), b"\0asm\x01\0\0\0");
    }
}
