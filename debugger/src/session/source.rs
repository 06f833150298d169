//! Lines of source files, with what the program makes of them.

use super::shared::{not_found, unavailable};
use crate::breakpoints::resolve;
use crate::explain::{ExplainOptions, Place};
use crate::frames::Frame;
use crate::program::ProgramSymbols;
use crate::protocol::{BreakpointPlace, CommandError, ReplyBody, SourceLines};
use crate::sources::read_lines;
use std::collections::BTreeSet;
use std::path::Path;
use wasmscope_symbols::path_matches;

/// Lines that one reply gives at most.
const MAX_LINES: u32 = 100_000;

/// The lines around a frame's own, or around another one of its file.
pub(super) fn of_frame(
    program: &ProgramSymbols,
    options: &ExplainOptions,
    frame: &Frame,
    line: Option<u32>,
    before: u32,
    after: u32,
) -> Result<ReplyBody, CommandError> {
    let code = frame.code();
    let place = code.and_then(|code| code.place.as_ref());
    let place = place.ok_or_else(|| unavailable("debug info names no source for this frame"))?;
    let raw = code.and_then(|code| Some(&*code.source.location.as_ref()?.file));
    let middle = line.or(place.line).unwrap_or(1);
    lines(
        program, options, raw, place, middle, before, after, place.line,
    )
}

/// The lines around a line of a file that the user names. `at` is where the guest is, if it is
/// paused.
pub(super) fn of_file(
    program: &ProgramSymbols,
    options: &ExplainOptions,
    file: &str,
    line: Option<u32>,
    before: u32,
    after: u32,
    at: Option<&Place>,
) -> Result<ReplyBody, CommandError> {
    let raw = raw_file(program, file).ok_or_else(|| {
        let mut error = not_found(format!("no source file of the program is called `{file}`"));
        error.suggestions = crate::breakpoints::similar_files(program, file);
        error
    })?;
    let resolved = program.sources().resolve(&raw);
    let place = Place {
        file: resolved.display,
        path: resolved
            .path
            .map(|path| path.to_string_lossy().into_owned()),
        line: None,
        column: None,
    };
    let current = at.filter(|at| at.file == place.file).and_then(|at| at.line);
    let middle = line.or(current).unwrap_or(1);
    lines(
        program,
        options,
        Some(&raw),
        &place,
        middle,
        before,
        after,
        current,
    )
}

/// The lines where the program's `main` begins, for a guest that is nowhere.
pub(super) fn of_main(
    program: &ProgramSymbols,
    options: &ExplainOptions,
    line: Option<u32>,
    before: u32,
    after: u32,
) -> Result<ReplyBody, CommandError> {
    let main = BreakpointPlace::Function {
        name: "main".into(),
    };
    let resolved = resolve(program, &main)?;
    let place = resolved
        .locations
        .iter()
        .find_map(|at| at.info.place.as_ref());
    let place = place.ok_or_else(|| unavailable("the program has no `main` with a source"))?;
    let line = line.or(place.line);
    of_file(program, options, &place.file, line, before, after, None)
}

/// The file as debug info has it.
fn raw_file(program: &ProgramSymbols, file: &str) -> Option<String> {
    let files = || program.modules().iter().flat_map(|symbols| symbols.files());
    let shown = |raw: &str| program.sources().resolve(raw).display;
    let candidates: Vec<_> = files().filter(|raw| path_matches(raw, file)).collect();
    let exact = candidates.iter().find(|raw| shown(raw) == file);
    exact
        .or_else(|| candidates.first())
        .map(|raw| raw.to_string())
        .or_else(|| {
            let last = |path: &str| path.rsplit(['/', '\\']).next().map(str::to_owned);
            let wanted = last(file);
            files()
                .filter(|raw| last(raw) == wanted)
                .find(|raw| shown(raw) == file)
                .map(|raw| raw.to_string())
        })
}

#[expect(clippy::too_many_arguments, reason = "the parts of one request")]
fn lines(
    program: &ProgramSymbols,
    options: &ExplainOptions,
    raw: Option<&str>,
    place: &Place,
    middle: u32,
    before: u32,
    after: u32,
    current: Option<u32>,
) -> Result<ReplyBody, CommandError> {
    let looked_for = || {
        let raw = raw.unwrap_or(&place.file);
        program.sources().looked_for(raw)
    };
    let path = place.path.as_deref().ok_or_else(|| {
        unavailable(format!(
            "the source was not found: there is no {}; say where its folder is now: --map FROM=TO",
            looked_for()
        ))
    })?;
    let first = middle.saturating_sub(before.min(MAX_LINES)).max(1);
    let count = middle
        .saturating_sub(first)
        .saturating_add(after.min(MAX_LINES))
        .saturating_add(1);
    let read = read_lines(Path::new(path), first, count)
        .ok_or_else(|| unavailable(format!("{path} cannot be read, or is no text")))?;
    if read.lines.is_empty() {
        return Err(unavailable(format!(
            "{} has no line {first}: it has {} lines",
            place.file, read.total
        )));
    }
    let last = first.saturating_add(u32::try_from(read.lines.len()).unwrap_or(u32::MAX));
    let with_code: BTreeSet<u32> = raw
        .into_iter()
        .flat_map(|raw| {
            let modules = program.modules().iter();
            modules.flat_map(move |symbols| symbols.lines_with_code(raw))
        })
        .filter(|line| (first..last).contains(line))
        .collect();
    Ok(ReplyBody::Source(SourceLines {
        file: place.file.clone(),
        path: path.to_owned(),
        first_line: first,
        lines: read.lines,
        total: read.total,
        current,
        with_code: with_code.into_iter().collect(),
        changed: match (read.modified, options.built) {
            (Some(modified), Some(built)) => crate::sources::is_later(modified, built),
            _ => false,
        },
    }))
}
