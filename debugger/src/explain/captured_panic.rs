//! Panic messages that never reached standard error, read out of the guest's memory.
//!
//! A test harness captures what its tests print, so that the panic hook's text ends in a buffer of
//! the guest's own. The text is found by its form, and believed only when the place it names is
//! that of a frame on the stack and when its end is certain: memory is full of leftovers. What a
//! hook of another form wrote is not found.

use super::panic_message::{self, PrintedPanic};
use memchr::memmem;
use std::str;

/// What every header of the standard library's hook has in its middle.
const MARK: &[u8] = b" panicked at ";
/// What it begins with.
const START: &[u8] = b"thread '";
/// What the hook writes after the message.
const ENDS: [&str; 2] = ["\nnote: run with `RUST_BACKTRACE", "\nstack backtrace:\n"];
/// Occurrences of the mark that are looked at.
const MAX_MARKS: usize = 1 << 16;
/// Texts that are read whole.
const MAX_CANDIDATES: usize = 32;
/// Headers that are read in one text, a panic within a panic being two or three.
const MAX_HEADERS: usize = 8;
/// The longest name of a thread, number included.
const MAX_NAME: usize = 512;
/// The longest path with its line and column.
const MAX_PLACE: usize = 4096;
/// The longest message.
const MAX_MESSAGE: usize = 64 << 10;

/// How sure it is where a message ends; the later, the surer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum End {
    /// It is longer than what is read.
    Cut,
    /// A line's end with nothing behind it.
    Nothing,
    /// What the hook says after the message.
    Said,
}

/// The panic in `memory` whose place `is_on_stack` (given file, line and column) knows.
pub(super) fn find(
    memory: &[u8],
    is_on_stack: impl Fn(&str, u32, u32) -> bool,
) -> Option<PrintedPanic> {
    let known = |panic: &PrintedPanic| is_on_stack(&panic.file, panic.line, panic.column);
    let mut best: Option<(End, PrintedPanic)> = None;
    let mut candidates = 0;
    for mark in memmem::find_iter(memory, MARK).take(MAX_MARKS) {
        let Some(start) = header_start(memory, mark) else {
            continue;
        };
        if !header_panic(memory, start).is_some_and(|panic| known(&panic)) {
            continue;
        }
        candidates += 1;
        if candidates > MAX_CANDIDATES {
            break;
        }
        let Some((end, panic)) = read(memory, start).filter(|(_, panic)| known(panic)) else {
            continue;
        };
        // Leftovers of a buffer that grew are as good as what it became, or shorter.
        let rank = |end: End, panic: &PrintedPanic| (end, panic.aborted, panic.message.len());
        if best
            .as_ref()
            .is_none_or(|(known_end, known)| rank(end, &panic) > rank(*known_end, known))
        {
            best = Some((end, panic));
        }
    }
    best.map(|(_, panic)| panic)
}

/// Where the header begins whose mark is at `mark`.
fn header_start(memory: &[u8], mark: usize) -> Option<usize> {
    let earliest = mark.saturating_sub(MAX_NAME);
    let before = memory.get(earliest..mark)?;
    let start = memmem::rfind(before, START)?;
    let name = before.get(start..)?;
    (!name.contains(&b'\n') && !name.contains(&0)).then_some(earliest.checked_add(start)?)
}

/// What the header at `start` says, the message aside.
fn header_panic(memory: &[u8], start: usize) -> Option<PrintedPanic> {
    let text = bounded(memory, start, MAX_NAME + MAX_PLACE);
    let line = memchr::memchr(b'\n', text)?;
    panic_message::last_panic(str::from_utf8(text.get(..=line)?).ok()?)
}

/// The panic whose header is at `start`, and how sure its end is; `None` when it is not at all.
fn read(memory: &[u8], start: usize) -> Option<(End, PrintedPanic)> {
    let limit = MAX_NAME + MAX_PLACE + MAX_MESSAGE;
    let bytes = bounded(memory, start, limit);
    let whole = memchr::memchr(0, bytes);
    let bytes = whole.and_then(|end| bytes.get(..end)).unwrap_or(bytes);
    let (text, is_text) = match str::from_utf8(bytes) {
        Ok(text) => (text, true),
        // A character that the limit cut, or what is no text any more.
        Err(error) => {
            let valid = str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?;
            (valid, error.error_len().is_none())
        }
    };
    // Text that is made of headers is nobody's message.
    if text.match_indices("thread '").nth(MAX_HEADERS).is_some() {
        return None;
    }
    if let Some(end) = ENDS.iter().filter_map(|end| text.find(end)).min() {
        // To the note's end, for what is said there about a second panic.
        let note = text.get(end..)?;
        let after = note.find("\n\n").unwrap_or(note.len());
        let text = text.get(..end.checked_add(after)?)?;
        return Some((End::Said, panic_message::last_panic(text)?));
    }
    let end = match whole {
        Some(_) if is_text && text.ends_with('\n') => End::Nothing,
        None if is_text && bytes.len() >= limit => End::Cut,
        // A text that ends where memory does.
        None if is_text && text.ends_with('\n') => End::Nothing,
        _ => return None,
    };
    let mut panic = panic_message::last_panic(text)?;
    if end == End::Cut {
        panic.message.push('…');
    }
    Some((end, panic))
}

fn bounded(memory: &[u8], start: usize, limit: usize) -> &[u8] {
    let end = start.saturating_add(limit).min(memory.len());
    memory.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "note: run with `RUST_BACKTRACE=1` environment variable to display a \
                        backtrace\n";

    /// Memory with these texts in it, noise that is no text between them.
    fn memory(texts: &[&str]) -> Vec<u8> {
        let mut memory = vec![0xff; 100];
        for text in texts {
            memory.extend_from_slice(text.as_bytes());
            memory.extend_from_slice(&[0, 0x80, b'x', 0xff, 0]);
        }
        memory
    }

    fn message(memory: &[u8]) -> Option<String> {
        let panic = find(memory, |file, line, column| {
            (file, line, column) == ("src/main.rs", 4, 5)
        })?;
        Some(panic.message)
    }

    fn header(rest: &str) -> String {
        format!("\nthread 'tests::fails' (1) panicked at src/main.rs:4:5:\n{rest}")
    }

    #[test]
    fn a_captured_message_ends_where_the_hook_goes_on() {
        for (rest, expected) in [
            (format!("the sum is wrong\n{NOTE}"), "the sum is wrong"),
            (
                format!("a\n  left: 2\n right: 3\n{NOTE}\nx"),
                "a\n  left: 2\n right: 3",
            ),
            ("late\nstack backtrace:\n   0: x\n".to_owned(), "late"),
            (format!("\n{NOTE}"), ""),
            // Without a backtrace to advertise: an end of the line with nothing behind it.
            ("quiet\n".to_owned(), "quiet"),
        ] {
            let memory = memory(&["printed before\n", &header(&rest)]);
            assert_eq!(message(&memory).as_deref(), Some(expected), "{rest}");
        }
    }

    #[test]
    fn an_end_that_is_not_certain_is_not_guessed() {
        // Overwritten in the middle, cut short, followed by a leftover.
        let mut overwritten = header("the sum is wrong\n").into_bytes();
        let middle = overwritten.len() - 6;
        overwritten[middle] = 0xc3;
        assert_eq!(message(&overwritten), None);
        assert_eq!(message(&memory(&[&header("the sum")])), None);
        let leftover = [header("the sum\n").as_bytes(), b"left\x80\0"].concat();
        assert_eq!(message(&leftover), None);
    }

    #[test]
    fn only_a_place_on_the_stack_counts() {
        let other = header(&format!("other\n{NOTE}")).replace(":4:5", ":9:5");
        let own = header(&format!("own\n{NOTE}"));
        assert_eq!(message(&memory(&[&other])), None);
        assert_eq!(
            message(&memory(&[&other, &own, &other])).as_deref(),
            Some("own")
        );
        // The format string itself, a name that runs over lines, a place that is none.
        for text in [
            "thread '",
            "' panicked at ",
            "thread 'a\nb' panicked at src/main.rs:4:5:\nm\n",
        ] {
            assert_eq!(message(&memory(&[text])), None, "{text}");
        }
    }

    #[test]
    fn a_leftover_of_a_growing_buffer_is_no_rival() {
        let whole = header(&format!("one\ntwo\n{NOTE}"));
        let part = header("one\n");
        for texts in [[&whole, &part], [&part, &whole]] {
            let texts = texts.map(String::as_str);
            assert_eq!(message(&memory(&texts)).as_deref(), Some("one\ntwo"));
        }
    }

    #[test]
    fn a_memory_full_of_marks_and_an_endless_message_are_bounded() {
        let marks = "thread 'x' panicked at src/main.rs:4:5:\n".repeat(20_000);
        assert_eq!(message(marks.as_bytes()), None);
        let endless = header(&"é".repeat(200_000));
        let message = message(endless.as_bytes()).expect("it is text as far as it is read");
        assert!(message.ends_with("é…") && message.len() < 70 << 10);
    }
}
