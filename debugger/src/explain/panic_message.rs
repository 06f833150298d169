//! Panic messages, read out of what a guest wrote to standard error.
//!
//! The standard library's hook writes, since Rust 1.73,
//!
//! ```text
//! thread 'main' panicked at src/main.rs:4:5:
//! the message, of any number of lines
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! ```
//!
//! (with the thread's number in parentheses after its name since 1.91), and before that
//! `thread 'main' panicked at 'message', src/main.rs:4:5`. A guest can write the same text
//! without panicking: whether it panicked is for the stack to say, not for this module.

/// A panic as the standard library printed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PrintedPanic {
    pub message: String,
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// A panic inside a panic, or in a function that must not: "thread panicked while processing
    /// panic", "panic in a destructor during cleanup", "panic in a function that cannot unwind".
    pub aborted: bool,
}

/// What the standard library itself writes when a second panic ends the program; no message of
/// the user's.
const ABORTS: [&str; 3] = [
    "panic in a destructor during cleanup",
    "panic in a function that cannot unwind",
    "thread panicked while processing panic. aborting.",
];

/// The last panic in `stderr` that is the program's own; a panic that only tells of another one
/// being cut short marks that other one as aborted.
pub(super) fn last_panic(stderr: &str) -> Option<PrintedPanic> {
    // The second is how a `PanicHookInfo` displays itself, which hooks of the user's print. In a
    // message of the standard library's own hook it may be quoted.
    last_beginning(stderr, "thread '").or_else(|| last_beginning(stderr, "panicked at "))
}

fn last_beginning(stderr: &str, beginning: &str) -> Option<PrintedPanic> {
    let mut last: Option<PrintedPanic> = None;
    let mut aborted = false;
    let lines = stderr.match_indices('\n').map(|(at, _)| at + 1);
    for line_at in std::iter::once(0).chain(lines) {
        let header = stderr.get(line_at..).unwrap_or_default();
        if !header.starts_with(beginning) {
            continue;
        }
        let Some(panic) = parse(header) else { continue };
        if ABORTS.iter().any(|text| panic.message.starts_with(text)) {
            aborted = true;
            last = last.or(Some(panic));
        } else {
            last = Some(panic);
            aborted = false;
        }
    }
    aborted |= last.is_some()
        && ABORTS.iter().any(|text| {
            stderr
                .lines()
                .next_back()
                .is_some_and(|l| l.starts_with(text))
        });
    last.map(|panic| PrintedPanic { aborted, ..panic })
}

/// Parses one panic; `text` begins with its header and may go on behind it.
fn parse(text: &str) -> Option<PrintedPanic> {
    let (header, rest) = text.split_once('\n').unwrap_or((text, ""));
    // A thread may call itself anything, ` panicked at ` included: the last one counts, except
    // in the old form, whose message may hold anything too.
    let (_, at) = header.rsplit_once("panicked at ")?;
    if let Some((file, line, column)) = at.strip_suffix(':').and_then(location) {
        let message = message(rest);
        return Some(PrintedPanic {
            message,
            file,
            line,
            column,
            aborted: false,
        });
    }
    let (_, after) = header.split_once("' ")?;
    old_form(after.split_once("panicked at '")?.1, rest)
}

/// The lines of a message, up to what the hook itself says after it.
fn message(rest: &str) -> String {
    let end = [
        "\nnote: run with `RUST_BACKTRACE",
        "\nstack backtrace:\n",
        "\nthread '",
    ]
    .iter()
    .filter_map(|mark| rest.find(mark))
    .min();
    let message = match end {
        Some(end) => rest.get(..end).unwrap_or_default(),
        // Whatever the hook said at once, and nothing after it.
        None if rest.starts_with("note: run with `RUST_BACKTRACE") => "",
        None => rest,
    };
    let mut lines: Vec<&str> = message.lines().collect();
    // What the standard library adds when it then aborts is not the message.
    while lines
        .last()
        .is_some_and(|line| line.trim().is_empty() || ABORTS.contains(line))
    {
        lines.pop();
    }
    lines.join("\n")
}

/// `message', src/main.rs:4:5`, over several lines if the message has them.
fn old_form(first: &str, rest: &str) -> Option<PrintedPanic> {
    let mut text = first.to_owned();
    let mut rest = rest.lines();
    // Messages of the old form end on the line that ends in a place.
    for _ in 0..1000 {
        if let Some((message, place)) = text.rsplit_once("', ")
            && let Some((file, line, column)) = location(place)
        {
            let message = message.to_owned();
            return Some(PrintedPanic {
                message,
                file,
                line,
                column,
                aborted: false,
            });
        }
        text.push('\n');
        text.push_str(rest.next()?);
    }
    None
}

/// `src/main.rs:4:5`.
fn location(text: &str) -> Option<(String, u32, u32)> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    if file.is_empty() {
        return None;
    }
    Some((file.to_owned(), line.parse().ok()?, column.parse().ok()?))
}

/// The number of bytes in "memory allocation of 123 bytes failed", as the last thing that the
/// standard library printed.
pub(super) fn failed_allocation(stderr: &str) -> Option<u64> {
    let (_, rest) = stderr.rsplit_once("memory allocation of ")?;
    let (bytes, rest) = rest.split_once(' ')?;
    let ends_so = rest.starts_with("bytes failed");
    bytes.parse().ok().filter(|_| ends_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panic(message: &str) -> PrintedPanic {
        PrintedPanic {
            message: message.into(),
            file: "src/main.rs".into(),
            line: 4,
            column: 5,
            aborted: false,
        }
    }

    const NOTE: &str =
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";

    #[test]
    fn every_form_the_standard_library_has_had() {
        for header in ["thread 'main' panicked at", "thread 'main' (1) panicked at"] {
            let text = format!("before\n\n{header} src/main.rs:4:5:\nno such shelf\n{NOTE}");
            assert_eq!(last_panic(&text), Some(panic("no such shelf")), "{header}");
        }
        let old = format!("thread 'main' panicked at 'no such shelf', src/main.rs:4:5\n{NOTE}");
        assert_eq!(last_panic(&old), Some(panic("no such shelf")));
    }

    #[test]
    fn messages_of_several_lines() {
        let message = "assertion `left == right` failed: totals\n  left: 3\n right: 4";
        let text = format!("thread 'main' (1) panicked at src/main.rs:4:5:\n{message}\n{NOTE}");
        assert_eq!(last_panic(&text), Some(panic(message)));
        let old = format!("thread 'main' panicked at '{message}', src/main.rs:4:5\n{NOTE}");
        assert_eq!(last_panic(&old), Some(panic(message)));
    }

    #[test]
    fn no_message_and_no_note() {
        let text = format!("thread 'main' panicked at src/main.rs:4:5:\n{NOTE}");
        assert_eq!(last_panic(&text), Some(panic("")));
        assert_eq!(
            last_panic("thread 'main' panicked at src/main.rs:4:5:\nmessage"),
            Some(panic("message"))
        );
    }

    #[test]
    fn hooks_that_print_what_they_are_given() {
        let text = "my tool crashed\npanicked at src/main.rs:4:5:\nno such shelf\n";
        assert_eq!(last_panic(text), Some(panic("no such shelf")));
        let quoted = "thread 'main' panicked at src/main.rs:4:5:\nworker failed:\n\
                      panicked at src/worker.rs:9:9:\ninner\n";
        let message = "worker failed:\npanicked at src/worker.rs:9:9:\ninner";
        assert_eq!(last_panic(quoted), Some(panic(message)));
    }

    #[test]
    fn the_last_panic_counts() {
        let text = "thread 'a' panicked at src/a.rs:1:1:\nfirst\n\
                    thread 'main' (1) panicked at src/main.rs:4:5:\nsecond\n";
        assert_eq!(last_panic(text), Some(panic("second")));
    }

    #[test]
    fn a_panic_that_tells_of_another_leaves_it_its_place() {
        let text = "thread 'main' panicked at src/main.rs:4:5:\nfirst\n\
                    thread 'main' panicked at /rustc/abc/library/core/src/panicking.rs:233:5:\n\
                    panic in a destructor during cleanup\n\
                    thread caused non-unwinding panic. aborting.\n";
        let expected = PrintedPanic {
            aborted: true,
            ..panic("first")
        };
        assert_eq!(last_panic(text), Some(expected));
    }

    #[test]
    fn text_that_only_looks_alike_is_no_panic() {
        for text in [
            "",
            "thread 'main' panicked at nowhere\n",
            "he said: thread 'main' panicked at src/main.rs:4:5:\nno\n",
            "thread 'main' panicked at :4:5:\nno\n",
            "thread 'main' panicked at src/main.rs:99999999999:5:\nno\n",
            "thread '",
            "thread 'main' panicked at 'unending",
        ] {
            assert_eq!(last_panic(text), None, "{text}");
        }
    }

    #[test]
    fn allocations() {
        assert_eq!(
            failed_allocation("x\nmemory allocation of 67108864 bytes failed\n"),
            Some(64 << 20)
        );
        assert_eq!(
            failed_allocation("memory allocation of much bytes failed"),
            None
        );
        assert_eq!(
            failed_allocation("memory allocation of 12 pages failed"),
            None
        );
    }
}
