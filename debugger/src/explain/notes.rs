//! What a report says besides: what is missing and why, and what to do about it.

use super::cause::is_machinery;
use super::classify::rustc_path;
use super::headline::bytes;
use super::report::{Cause, FrameKind, Note, PanicSource, Place, Report, WhichStack};
use super::stack::Stack;
use super::{ExplainOptions, FailedState, LocalsMode, RanAs};
use crate::sources::Sources;
use wasmscope_runner::RefusedBy;
use wasmscope_symbols::Symbols;

/// Most problems of the debug info that are told.
const MAX_PROBLEMS: usize = 3;

/// What became of the source file that was to be shown.
pub(super) struct Source {
    /// Whether it has been changed since the program was built.
    pub changed: bool,
    /// Why there is no excerpt, if that is because of the file.
    pub missing: Option<MissingSource>,
}

/// A source file that could not be shown.
pub(super) struct MissingSource {
    /// The file as the debug info has it.
    raw: String,
    /// Where it was looked for.
    looked_for: String,
}

impl MissingSource {
    pub(super) fn of(place: &Place, stack: &Stack, sources: &Sources) -> Self {
        let frame = stack.frames.iter().position(|frame| {
            frame
                .place
                .as_ref()
                .is_some_and(|own| own.file == place.file)
        });
        let raw = frame.and_then(|frame| stack.raw_file(frame));
        // A panic's own place need not be on the stack.
        let raw = raw.unwrap_or(&place.file).to_owned();
        MissingSource {
            looked_for: sources.looked_for(&raw),
            raw,
        }
    }

    fn help(&self, shown: &str, exists: bool) -> Option<Note> {
        if exists {
            return Some(Note::remark(format!(
                "{} has no such line, or is no text: it is not what the program was built from",
                self.looked_for
            )));
        }
        if rustc_path(&self.raw).is_some() {
            return Some(Note::help(format!(
                "the source of Rust's own {shown} is not installed, or is of another version: \
                 rustup component add rust-src"
            )));
        }
        let folder = source_root(shown);
        Some(Note::help(format!(
            "the source was not found: there is no {}\nrun where it lies, or say where its folder \
             is now: --map {}",
            self.looked_for,
            argument(&format!(
                "{folder}=/path/to/{}",
                folder.rsplit(['/', '\\']).next().unwrap_or(folder)
            )),
        )))
    }
}

/// The folder of a project in a path: what lies above `src`, or else the file's own folder; of a
/// path without one, the path.
fn source_root(file: &str) -> &str {
    let above = file
        .rfind("/src/")
        .and_then(|end| file.get(..end))
        .filter(|above| !above.is_empty());
    let parent = || file.rsplit_once('/').map(|(parent, _)| parent);
    above
        .or_else(|| parent().filter(|parent| !parent.is_empty()))
        .unwrap_or(file)
}

/// A word as a shell takes it.
fn argument(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-=+,:@".contains(c);
    match word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

pub(super) fn notes(
    report: &Report,
    failed: &FailedState<'_>,
    symbols: &[Symbols],
    options: &ExplainOptions,
    source: Source,
) -> Vec<Note> {
    let mut notes = Vec::new();
    about_the_cause(report, failed, &mut notes);
    about_the_source(report, symbols, &source, &mut notes);
    about_variables(report, failed, options.locals, &mut notes);
    for problem in symbols
        .iter()
        .flat_map(Symbols::problems)
        .take(MAX_PROBLEMS)
    {
        notes.push(Note::remark(format!("debug info: {problem}")));
    }
    notes
}

fn about_the_cause(report: &Report, failed: &FailedState<'_>, notes: &mut Vec<Note>) {
    if let Cause::Panic {
        source: PanicSource::Memory,
        ..
    } = report.cause
    {
        notes.push(Note::remark(
            "the program wrote the panic's message nowhere: it was found in its memory (test \
             harnesses capture what tests print; `-- --nocapture` lets it through)",
        ));
    }
    match &report.cause {
        Cause::Panic { location: Some(location), .. } => {
            // Usually the same line; not so when a library panics on the user's behalf.
            let same = report.place.as_ref().is_some_and(|place| place.line == location.line);
            if let (false, Some(line)) = (same, location.line) {
                let column = location.column.map(|column| format!(":{column}")).unwrap_or_default();
                notes.push(Note::remark(format!("the panic came from {}:{line}{column}", location.file)));
            }
        }
        Cause::StackOverflow { stack: WhichStack::Shadow, .. } => {
            notes.push(Note::remark(
                "the stack that the compiler keeps in linear memory ran out; Wasm itself sees only \
                 an access out of bounds",
            ));
            notes.push(Note::help(
                "if the depth is right, link with a larger stack: \
                 RUSTFLAGS=\"-C link-arg=-zstack-size=8388608\" (the default is 1048576 bytes)",
            ));
        }
        Cause::StackOverflow { stack: WhichStack::Wasm, .. } => {
            notes.extend(larger_stack(failed.max_wasm_stack));
        }
        Cause::OutOfBounds { .. } if failed.target.stack().is_empty() => notes.push(Note::remark(
            "no function had been called yet: one of the module's data segments does not fit into \
             its memory",
        )),
        Cause::HostError { chain } => {
            for cause in chain.iter().skip(1).take(8) {
                notes.push(Note::remark(format!("because: {cause}")));
            }
        }
        Cause::Unreachable => notes.push(Note::remark(
            "compilers put `unreachable` where they are told that execution cannot get \
             (`unreachable_unchecked`, `__builtin_unreachable`, `__builtin_trap`), and behind calls \
             that do not return",
        )),
        _ => {}
    }
    if let (Some(refusal), false) = (
        failed.memory_refusal,
        matches!(report.cause, Cause::AllocationFailed { .. }),
    ) {
        let by = match refusal.by {
            RefusedBy::Limit(limit) => format!("the limit is {}", bytes(limit)),
            RefusedBy::Maximum(maximum) => {
                format!("the module itself allows no more than {}", bytes(maximum))
            }
            RefusedBy::Host => "the host had no more".to_owned(),
        };
        notes.push(Note::remark(format!(
            "the last time the program asked for memory it got none: it had {} and wanted {}; {by}",
            bytes(refusal.current),
            bytes(refusal.wanted),
        )));
    }
}

/// How to have a larger stack than one of `had` bytes; `None` when there is none.
fn larger_stack(had: usize) -> Option<Note> {
    /// Enough for recursions that are deep but do end.
    const AMPLE: usize = 8 << 20;
    /// What a run may be given at most.
    const MOST: usize = 1 << 30;
    let more = had.saturating_mul(4).clamp(AMPLE, MOST);
    (more > had).then(|| {
        Note::help(format!(
            "if the depth is right, allow a larger stack: -W max-wasm-stack={more} (it had {had} \
             bytes)"
        ))
    })
}

fn about_the_source(report: &Report, symbols: &[Symbols], source: &Source, notes: &mut Vec<Note>) {
    if source.changed {
        notes.push(Note::remark(
            "the source file has been changed since the program was built: lines may be off",
        ));
    }
    let module = report
        .user_frame
        .or(Some(0))
        .and_then(|frame| report.frames.get(frame))
        .map(|f| f.module);
    let debug_info = module
        .and_then(|module| symbols.get(module))
        .map(Symbols::has_debug_info);
    if debug_info == Some(false) {
        // Exports have names even in a stripped program.
        let mut own = report
            .frames
            .iter()
            .filter(|frame| frame.kind != FrameKind::Runtime);
        let named = own.any(|frame| frame.function.is_some());
        notes.push(Note::remark(match named {
            true => "the program has no debug info: there are function names, but no lines and no variables",
            false => "the program has no debug info and no function names: it has been stripped",
        }));
        notes.push(Note::help(
            "build with debug info: `cargo build`, or for a release build \
             CARGO_PROFILE_RELEASE_DEBUG=full CARGO_PROFILE_RELEASE_STRIP=none cargo build --release",
        ));
        return;
    }
    let rewritten = |module: usize| {
        symbols
            .get(module)
            .is_some_and(|s| s.module().is_rewritten())
    };
    if module.is_some_and(rewritten) {
        notes.push(Note::remark(
            "a tool has written the code anew since it was linked (wasm-opt does that): lines may \
             be off, and calls that it inlined do not show",
        ));
        notes.push(Note::help(
            "to see all of it, run the module as the linker made it (in `target/`)",
        ));
    }
    if let (Some(place), Some(missing)) = (&report.place, &source.missing) {
        notes.extend(missing.help(&place.file, place.path.is_some()));
    }
}

fn about_variables(
    report: &Report,
    failed: &FailedState<'_>,
    mode: LocalsMode,
    notes: &mut Vec<Note>,
) {
    if mode == LocalsMode::None {
        return;
    }
    let users = report.frames.iter().filter(|frame| {
        matches!(frame.kind, FrameKind::User | FrameKind::Dependency) && !is_machinery(frame)
    });
    let lost = users.flat_map(|frame| &frame.variables).any(|variable| {
        variable
            .value
            .unavailable
            .as_deref()
            .is_some_and(|why| why.contains("plain code does not keep"))
    });
    if failed.code == RanAs::Exact {
        notes.push(Note::remark(
            "the program was run in debuggable code, slower, so that values in Wasm locals could \
             be read too",
        ));
    } else if lost && failed.code == RanAs::Plain {
        notes.push(Note::help(
            "some values live in Wasm locals only, which code at full speed does not keep: run \
             again with --locals exact, or build without optimisation",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_map_can_be_copied() {
        for (file, folder) in [
            ("samples/src/bin/orders.rs", "samples"),
            ("/home/ann/app/src/main.rs", "/home/ann/app"),
            ("serde-1.0.2/src/de.rs", "serde-1.0.2"),
            ("src/main.rs", "src"),
            ("/src/main.rs", "/src"),
            ("main.rs", "main.rs"),
            ("/main.rs", "/main.rs"),
        ] {
            assert_eq!(source_root(file), folder, "{file}");
        }
        assert_eq!(argument("a/b-1.0=/c"), "a/b-1.0=/c");
        assert_eq!(argument("it's; rm"), "'it'\\''s; rm'");
    }
}
