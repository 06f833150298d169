//! One round of a recursion in a few words: which functions, and not too many of them.

/// Functions that are named.
const MAX_FUNCTIONS: usize = 3;
/// A name longer than this, in characters, is given without the paths in it, and then cut.
const MAX_NAME: usize = 60;

/// `even → odd`; of a long round the first few and how many there are. `functions` are those of
/// one round, caller before callee.
pub fn round_in_words(functions: &[String]) -> String {
    let named: Vec<String> = functions
        .iter()
        .take(MAX_FUNCTIONS)
        .map(|name| brief(name))
        .collect();
    let text = named.join(" → ");
    match functions.len() {
        all if all > MAX_FUNCTIONS => format!("{text} → … ({all} functions)"),
        _ => text,
    }
}

/// A name short enough for a sentence: the standard library's without its paths, as everybody
/// knows where `Vec` is, and others when they are long.
fn brief(name: &str) -> String {
    let owner = name.trim_start_matches(['<', '&', '(', '[']);
    let std = ["core::", "alloc::", "std::"]
        .iter()
        .any(|start| owner.starts_with(start));
    let long = |name: &str| name.chars().nth(MAX_NAME).is_some();
    if !std && !long(name) {
        return name.to_owned();
    }
    let short = without_paths(name);
    if !long(&short) {
        return short;
    }
    let mut cut: String = short.chars().take(MAX_NAME - 1).collect();
    cut.push('…');
    cut
}

/// `core::ptr::drop_in_place<alloc::boxed::Box<list::Node>>` as `drop_in_place<Box<Node>>`. A part
/// that says nothing by itself, such as `{closure}`, keeps what it belongs to.
fn without_paths(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(character) = rest.chars().next() {
        match rest.strip_prefix("::") {
            Some(after) => {
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                let word = out.len() - out.trim_end_matches(is_word).len();
                if word > 0 && !after.starts_with(['{', '<']) {
                    out.truncate(out.len() - word);
                } else {
                    out.push_str("::");
                }
                rest = after;
            }
            None => {
                out.push(character);
                rest = rest.get(character.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_librarys_names_lose_their_paths() {
        for (name, expected) in [
            ("list::push", "list::push"),
            (
                "core::ptr::drop_in_place<alloc::boxed::Box<list::Node>>",
                "drop_in_place<Box<Node>>",
            ),
            (
                "<alloc::boxed::Box<T> as core::ops::drop::Drop>::drop",
                "<Box<T> as Drop>::drop",
            ),
            ("std::rt::lang_start::{closure}", "lang_start::{closure}"),
            ("core::é::x", "x"),
            ("core::", ""),
        ] {
            assert_eq!(brief(name), expected);
        }
        let long = brief(&format!("list::{}", "x".repeat(100)));
        assert_eq!(long.chars().count(), MAX_NAME);
    }

    #[test]
    fn a_long_round_is_counted() {
        let names = |count: usize| vec!["f".to_owned(); count];
        assert_eq!(round_in_words(&names(1)), "f");
        assert_eq!(round_in_words(&names(3)), "f → f → f");
        assert_eq!(round_in_words(&names(40)), "f → f → f → … (40 functions)");
    }
}
