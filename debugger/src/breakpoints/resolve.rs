//! From what a user calls a place to the opcodes that are meant: lines, functions, regular
//! expressions and offsets, in all core modules and all copies of the code. What a hit of such a
//! place means is not decided here.

use crate::explain::FrameKind;
use crate::program::ProgramSymbols;
use crate::protocol::{BreakpointLocation, BreakpointPlace, CommandError, CommandErrorKind};
use std::collections::HashSet;
use wasmscope_runner::debuggee::CodePlace;
use wasmscope_symbols::{
    CodeOffset, DieId, FunctionInstance, FunctionQuery, LinePlace, ModulePc, SourceLocation,
    Symbols, path_matches,
};

/// Locations that one breakpoint has at most.
const MAX_LOCATIONS: usize = 1_000;

/// Names that are offered when nothing matches.
const MAX_SUGGESTIONS: usize = 5;

/// Files of which an ambiguous name's note tells.
const MAX_FILES: usize = 5;

/// The compiled size of a user's regular expression, in bytes.
const MAX_REGEX: usize = 1 << 20;

/// What a place comes to.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Where it is, rising by module and offset; empty when nothing matches.
    pub locations: Vec<Location>,
    /// Whether there were more.
    pub truncated: bool,
    /// What to know about it.
    pub notes: Vec<String>,
    /// When nothing matches: names like the one asked for.
    pub suggestions: Vec<String>,
}

/// One opcode to stop at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// The opcode.
    pub place: CodePlace,
    /// The same in DWARF's count.
    pub offset: CodeOffset,
    /// The function or inlined call that is meant, of those the opcode belongs to; `None` when debug
    /// info does not know it.
    pub die: Option<DieId>,
    /// As front ends see it.
    pub info: BreakpointLocation,
}

/// The opcodes that a place in code means. Panics, host calls and watched values are no such places:
/// they have no locations.
///
/// # Errors
/// When the place is nonsense in any program: a line 0, a regular expression with a mistake in it,
/// an offset where there is no code. A name that matches nothing is no error.
pub fn resolve(
    program: &ProgramSymbols,
    place: &BreakpointPlace,
) -> Result<Resolved, CommandError> {
    let mut resolved = match place {
        BreakpointPlace::Line { file, line, column } => line_places(program, file, *line, *column)?,
        BreakpointPlace::Function { name } => functions(program, name)?,
        BreakpointPlace::FunctionRegex { pattern } => by_regex(program, pattern)?,
        BreakpointPlace::Pc { pc, module } => opcode(program, *pc, *module)?,
        BreakpointPlace::Panic
        | BreakpointPlace::HostCall { .. }
        | BreakpointPlace::Watch { .. } => Resolved::default(),
    };
    // Of several functions that share an opcode the outermost is the one that surely begins there.
    resolved
        .locations
        .sort_by_key(|location| (location.place, location.info.inlined));
    resolved.locations.dedup_by_key(|location| location.place);
    resolved.truncated |= resolved.locations.len() > MAX_LOCATIONS;
    resolved.locations.truncate(MAX_LOCATIONS);
    Ok(resolved)
}

/// A regular expression of the user's.
///
/// # Errors
/// When it is none, or would take up too much memory.
pub(crate) fn regex(pattern: &str) -> Result<regex::Regex, CommandError> {
    regex::RegexBuilder::new(pattern)
        .size_limit(MAX_REGEX)
        .build()
        .map_err(|error| {
            let reason = error.to_string();
            // The last line says what is wrong, those before it draw where.
            let reason = reason.lines().last().unwrap_or_default();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            invalid(format!("`/{pattern}/` is no regular expression: {reason}"))
        })
}

fn invalid(message: impl Into<String>) -> CommandError {
    CommandError::new(CommandErrorKind::Invalid, message)
}

fn line_places(
    program: &ProgramSymbols,
    file: &str,
    line: u32,
    column: Option<u32>,
) -> Result<Resolved, CommandError> {
    if line == 0 {
        return Err(invalid("there is no line 0: lines are counted from 1"));
    }
    if file.trim().is_empty() {
        return Err(invalid("a line needs a file: FILE:LINE"));
    }
    let mut resolved = Resolved::default();
    let mut files: Vec<String> = Vec::new();
    let mut moved: Vec<(String, Option<u32>)> = Vec::new();
    for (module, symbols) in program.modules().iter().enumerate() {
        for name in names_of_file(program, symbols, file) {
            let found = symbols.find_line(&name, line);
            resolved.truncated |= found.truncated;
            for known in &found.files {
                let shown = program.sources().resolve(&known.path).display;
                if !files.contains(&shown) {
                    moved.push((shown.clone(), known.line));
                    files.push(shown);
                }
            }
            let chosen = chosen_places(&found.places, column);
            let locations = chosen.filter_map(|place| line_location(program, module, place));
            resolved.locations.extend(locations);
        }
    }
    if files.is_empty() {
        resolved.suggestions = similar_files(program, file);
        resolved
            .notes
            .push(format!("no source file of the program is called `{file}`"));
        return Ok(resolved);
    }
    if files.len() > 1 {
        let some = files.iter().take(MAX_FILES).cloned().collect::<Vec<_>>();
        let more = match files.len().saturating_sub(some.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        resolved.notes.push(format!(
            "`{file}` is the name of {} files: {}{more}; give more of the path to mean one",
            files.len(),
            some.join(", ")
        ));
    }
    for (file, used) in moved {
        match used {
            Some(used) if used == line => {}
            Some(used) => resolved.notes.push(format!(
                "line {line} of {file} has no code: the next that has is {used}"
            )),
            None => resolved
                .notes
                .push(format!("{file} has no code on line {line} or after it")),
        }
    }
    if let (true, Some(column)) = (resolved.locations.is_empty(), column) {
        resolved
            .notes
            .push(format!("no code of line {line} begins at column {column}"));
    }
    Ok(resolved)
}

/// What debug info calls the files that a user names: mostly the same, but a user may have copied a
/// name that was made readable or mapped, or have written where the file really is.
fn names_of_file(program: &ProgramSymbols, symbols: &Symbols, file: &str) -> Vec<String> {
    let files = symbols.files();
    if files.iter().any(|path| path_matches(path, file)) {
        return vec![file.to_owned()];
    }
    let means = |path: &str| {
        let resolved = program.sources().resolve(path);
        path_matches(&resolved.display, file)
            || resolved
                .path
                .is_some_and(|path| path_matches(&path.to_string_lossy(), file))
    };
    // Resolving asks the file system: only for files of that name.
    let last = last_part(file);
    files
        .iter()
        .filter(|path| last_part(path) == last && means(path))
        .map(|path| path.to_string())
        .collect()
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The places of a line to stop at: the first one in each copy of the code; with a column, the first
/// one of that column.
fn chosen_places(
    places: &[LinePlace],
    column: Option<u32>,
) -> impl Iterator<Item = &LinePlace> + use<'_> {
    let mut seen = HashSet::new();
    places.iter().filter(move |place| match column {
        None => place.primary,
        Some(_) => {
            place.column == column && seen.insert((place.die, place.file.clone(), place.line))
        }
    })
}

fn line_location(program: &ProgramSymbols, module: usize, place: &LinePlace) -> Option<Location> {
    let location = SourceLocation {
        file: place.file.clone(),
        line: Some(place.line),
        column: place.column,
    };
    let offset = stop_at(program, module, place);
    let opcode = program.place(module, offset)?;
    Some(Location {
        place: opcode,
        offset,
        die: place.die,
        info: BreakpointLocation {
            module,
            pc: opcode.pc,
            function: place.function.as_ref().map(|name| name.pretty().to_owned()),
            place: Some(program.source_place(&location)),
            inlined: place.inlined,
        },
    })
}

/// Where to stop on a line. A function's own line means its beginning, past the prologue. Another one
/// that begins within the prologue is stopped at as it is, or the stop would be on another line:
/// optimised code often begins so, and needs no prologue for its variables.
fn stop_at(program: &ProgramSymbols, module: usize, place: &LinePlace) -> CodeOffset {
    if place.stop == place.pc {
        return place.pc;
    }
    let symbols = program.module(module);
    let declared = symbols.and_then(|symbols| symbols.declared_at(place.die?));
    let is_own = declared.is_some_and(|declared| declared.line == Some(place.line));
    let frames = program.frames(module, place.stop);
    let stays = frames
        .iter()
        .find(|frame| frame.source.die == place.die)
        .and_then(|frame| frame.source.location.as_ref())
        .is_some_and(|location| location.line == Some(place.line));
    match is_own || stays {
        true => place.stop,
        false => place.pc,
    }
}

fn functions(program: &ProgramSymbols, name: &str) -> Result<Resolved, CommandError> {
    if name.trim().is_empty() {
        return Err(invalid("a function needs a name"));
    }
    let query = FunctionQuery::Suffix(name.to_owned());
    let (mut resolved, mut found) = matching(program, &query);
    // A bare `new` or `main` means the user's own, where there is one.
    let users = |(module, instance): &(usize, FunctionInstance)| {
        let file = instance.declared.as_ref().map(|declared| &*declared.file);
        program.kind(*module, file, Some(instance.name.pretty())) == FrameKind::User
    };
    if !name.contains("::") && found.iter().any(users) {
        let all = found.len();
        found.retain(users);
        if found.len() < all {
            resolved.notes.push(format!(
                "{} more of that name in dependencies and the standard library are left out: \
                 name more of the path to mean them",
                all.saturating_sub(found.len())
            ));
        }
    }
    resolved.locations = locations(program, &found);
    if found.is_empty() {
        resolved
            .notes
            .push(format!("no function of the program is called `{name}`"));
        resolved.suggestions.truncate(MAX_SUGGESTIONS);
    }
    Ok(resolved)
}

fn by_regex(program: &ProgramSymbols, pattern: &str) -> Result<Resolved, CommandError> {
    let query = FunctionQuery::Regex(regex(pattern)?);
    let (mut resolved, found) = matching(program, &query);
    resolved.locations = locations(program, &found);
    if found.is_empty() {
        resolved
            .notes
            .push(format!("no function's name matches `/{pattern}/`"));
    }
    Ok(resolved)
}

/// The copies of the functions that are meant, each with its module.
fn matching(
    program: &ProgramSymbols,
    query: &FunctionQuery,
) -> (Resolved, Vec<(usize, FunctionInstance)>) {
    let mut resolved = Resolved::default();
    let mut found = Vec::new();
    for (module, symbols) in program.modules().iter().enumerate() {
        let matches = symbols.find_functions(query);
        resolved.truncated |= matches.truncated;
        resolved.suggestions.extend(matches.suggestions);
        found.extend(matches.instances.into_iter().map(|found| (module, found)));
    }
    (resolved, found)
}

fn locations(program: &ProgramSymbols, found: &[(usize, FunctionInstance)]) -> Vec<Location> {
    // One more than are kept, so that it is seen that there are more.
    let found = found.iter().take(MAX_LOCATIONS.saturating_add(1));
    found
        .filter_map(|(module, instance)| {
            location_in(program, *module, instance.entry, instance.die, || {
                Some(instance.name.pretty().to_owned())
            })
        })
        .collect()
}

/// A location at an opcode, meaning the frame of `die` among those the opcode belongs to.
fn location_in(
    program: &ProgramSymbols,
    module: usize,
    offset: CodeOffset,
    die: Option<DieId>,
    name: impl FnOnce() -> Option<String>,
) -> Option<Location> {
    let place = program.place(module, offset)?;
    let frames = program.frames(module, offset);
    let frame = frames
        .iter()
        .find(|frame| die.is_some() && frame.source.die == die)
        .or_else(|| frames.first());
    Some(Location {
        place,
        offset,
        die: die.or_else(|| frame.and_then(|frame| frame.source.die)),
        info: BreakpointLocation {
            module,
            pc: place.pc,
            function: name().or_else(|| frame.and_then(|frame| frame.function.clone())),
            place: frame.and_then(|frame| frame.place.clone()),
            inlined: frame.is_some_and(|frame| frame.source.inlined),
        },
    })
}

fn opcode(
    program: &ProgramSymbols,
    pc: u64,
    module: Option<usize>,
) -> Result<Resolved, CommandError> {
    let mut resolved = Resolved::default();
    let (module, symbols) = match module {
        Some(module) => (
            module,
            program.module(module).ok_or_else(|| {
                invalid(format!(
                    "the program has no core module {module}: it has {}, counted from 0",
                    program.modules().len()
                ))
            })?,
        ),
        None => main_module(program, &mut resolved.notes)?,
    };
    let core = symbols.module();
    let body = core.code.to_code(ModulePc(pc)).and_then(|offset| {
        let body = core.body_at(offset)?;
        Some((body, core.snap_to_opcode(offset.max(body.first_opcode))?))
    });
    let Some((_, offset)) = body else {
        let (start, end) = (
            core.code.start,
            core.code.start.saturating_add(core.code.len),
        );
        return Err(invalid(format!(
            "{pc:#x} lies in no function of the module: its code is at {start:#x} to {end:#x}"
        )));
    };
    let location = location_in(program, module, offset, None, || None);
    if let Some(location) = &location
        && location.place.pc != pc
    {
        resolved.notes.push(format!(
            "no opcode begins at {pc:#x}: the next one is at {:#x}",
            location.place.pc
        ));
    }
    resolved.locations.extend(location);
    Ok(resolved)
}

/// The module that offsets count in when none is named: the only one with code, or else the largest.
fn main_module<'p>(
    program: &'p ProgramSymbols,
    notes: &mut Vec<String>,
) -> Result<(usize, &'p Symbols), CommandError> {
    let with_code = || {
        let modules = program.modules().iter().enumerate();
        modules.filter(|(_, symbols)| !symbols.module().bodies.is_empty())
    };
    let largest = with_code().max_by_key(|(_, symbols)| symbols.module().code.len);
    let largest = largest.ok_or_else(|| invalid("the program has no code"))?;
    if with_code().nth(1).is_some() {
        notes.push(format!(
            "the program has several core modules with code: module {} is meant",
            largest.0
        ));
    }
    Ok(largest)
}

/// Files with names like the one asked for.
pub(crate) fn similar_files(program: &ProgramSymbols, file: &str) -> Vec<String> {
    let wanted = last_part(file).to_lowercase();
    let limit = (wanted.len() / 3).clamp(1, 4);
    let mut alike: Vec<(usize, String)> = Vec::new();
    for symbols in program.modules() {
        for path in symbols.files() {
            let name = last_part(&path).to_lowercase();
            if name.len() > 255 || wanted.len() > 255 {
                continue;
            }
            let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
            let distance = match stem(&name) == stem(&wanted) {
                true => 0,
                false => strsim::osa_distance(&name, &wanted),
            };
            if distance <= limit {
                alike.push((distance, path.to_string()));
            }
        }
    }
    alike.sort();
    alike.dedup();
    // Those that are no dependency's first: that is what users mean.
    alike.sort_by_key(|(distance, path)| {
        (
            *distance,
            program.kind(0, Some(path), None) != FrameKind::User,
        )
    });
    let mut shown: Vec<String> = Vec::new();
    for (_, path) in alike {
        let display = program.sources().resolve(&path).display;
        if !shown.contains(&display) {
            shown.push(display);
        }
        if shown.len() >= MAX_SUGGESTIONS {
            break;
        }
    }
    shown
}
