//! What can be answered without a guest: places, files, functions, modules, completions.

use super::shared::{Shared, not_found};
use super::{listing, source};
use crate::breakpoints::{Resolved, regex, resolve};
use crate::explain::{FrameKind, Place};
use crate::program::ProgramSymbols;
use crate::protocol::{
    BreakpointPlace, Command, CommandError, CommandErrorKind, CompletionKind, FunctionInfo,
    ModuleInfo, ReplyBody,
};
use std::collections::{BTreeMap, BTreeSet};
use wasmscope_symbols::{FunctionQuery, Symbols, names};
use wasmscope_tracer::table;

/// Functions that one reply gives at most.
const MAX_FUNCTIONS: usize = 10_000;

/// Words that one reply gives at most.
const MAX_WORDS: usize = 10_000;

/// Answers a request that needs no guest; `None` for one that does. `at` is where the guest is, if it
/// is paused.
pub(super) fn answer(
    shared: &Shared,
    command: &Command,
    at: Option<&Place>,
) -> Option<Result<ReplyBody, CommandError>> {
    let program = &*shared.program;
    Some(match command {
        Command::Breakpoints => Ok(ReplyBody::Breakpoints {
            breakpoints: shared.breakpoints().all(),
        }),
        Command::Resolve { place } => {
            resolve(program, place).map(|resolved| ReplyBody::Locations {
                locations: resolved.locations.into_iter().map(|at| at.info).collect(),
                suggestions: resolved.suggestions,
            })
        }
        Command::Files { containing } => Ok(files(program, containing.as_deref())),
        Command::Functions { pattern, limit } => functions(program, pattern, *limit),
        Command::Modules => Ok(modules(program)),
        Command::Source {
            file: Some(file),
            line,
            before,
            after,
            ..
        } => source::of_file(program, &shared.explain, file, *line, *before, *after, at),
        Command::Disassemble {
            place: Some(place),
            around,
            ..
        } => disassemble(program, place, *around),
        Command::Complete {
            what: CompletionKind::Variable,
            ..
        } => return None,
        Command::Complete {
            what,
            prefix,
            limit,
            ..
        } => Ok(ReplyBody::Completions {
            words: complete(program, *what, prefix, (*limit).min(MAX_WORDS)),
        }),
        _ => return None,
    })
}

/// That a place is nowhere, with what is known about it.
pub(super) fn nothing_there(resolved: &Resolved) -> CommandError {
    let mut error = not_found(match resolved.notes.is_empty() {
        true => "nothing of the program is there".to_owned(),
        false => resolved.notes.join("; "),
    });
    error.suggestions.clone_from(&resolved.suggestions);
    error
}

fn disassemble(
    program: &ProgramSymbols,
    place: &BreakpointPlace,
    around: Option<usize>,
) -> Result<ReplyBody, CommandError> {
    let resolved = resolve(program, place)?;
    let first = resolved
        .locations
        .first()
        .ok_or_else(|| nothing_there(&resolved))?;
    listing::of(program, first.place.module, first.place.pc, around, false)
}

fn files(program: &ProgramSymbols, containing: Option<&str>) -> ReplyBody {
    let shown = all_files(program);
    let wanted = |file: &String| containing.is_none_or(|part| file.contains(part));
    ReplyBody::Files {
        files: shown.into_iter().filter(wanted).collect(),
    }
}

/// The source files as places name them; the user's own come first.
fn all_files(program: &ProgramSymbols) -> Vec<String> {
    let mut shown: BTreeMap<String, bool> = BTreeMap::new();
    for (module, symbols) in program.modules().iter().enumerate() {
        for raw in symbols.files() {
            let users = program.kind(module, Some(&raw), None) == FrameKind::User;
            let display = program.sources().resolve(&raw).display;
            *shown.entry(display).or_default() |= users;
        }
    }
    let (own, others): (Vec<_>, Vec<_>) = shown.into_iter().partition(|(_, users)| *users);
    own.into_iter()
        .chain(others)
        .map(|(file, _)| file)
        .collect()
}

fn functions(
    program: &ProgramSymbols,
    pattern: &str,
    limit: usize,
) -> Result<ReplyBody, CommandError> {
    let query = FunctionQuery::Regex(regex(pattern)?);
    let limit = match limit {
        0 => MAX_FUNCTIONS,
        limit => limit.min(MAX_FUNCTIONS),
    };
    let mut found: BTreeMap<String, FunctionInfo> = BTreeMap::new();
    let mut truncated = false;
    for symbols in program.modules() {
        let matches = symbols.find_functions(&query);
        truncated |= matches.truncated;
        for instance in matches.instances {
            let name = instance.name.pretty().to_owned();
            let info = found.entry(name.clone()).or_insert_with(|| FunctionInfo {
                name,
                declared: instance
                    .declared
                    .as_ref()
                    .map(|declared| program.source_place(declared)),
                copies: 0,
            });
            info.copies = info.copies.saturating_add(1);
        }
    }
    truncated |= found.len() > limit;
    Ok(ReplyBody::Functions {
        functions: found.into_values().take(limit).collect(),
        truncated,
    })
}

fn modules(program: &ProgramSymbols) -> ReplyBody {
    let info = |(index, symbols): (usize, &Symbols)| {
        let module = symbols.module();
        ModuleInfo {
            index,
            name: module.name.clone(),
            code_size: module.code.len,
            functions: u32::try_from(module.bodies.len()).unwrap_or(u32::MAX),
            debug_info: symbols
                .has_debug_info()
                .then(|| symbols.source().to_owned()),
            problems: symbols.problems().iter().map(ToString::to_string).collect(),
        }
    };
    ReplyBody::Modules {
        modules: program.modules().iter().enumerate().map(info).collect(),
    }
}

/// Words that begin with `prefix`.
fn complete(
    program: &ProgramSymbols,
    what: CompletionKind,
    prefix: &str,
    limit: usize,
) -> Vec<String> {
    let mut words = match what {
        CompletionKind::Function => function_words(program, prefix, limit),
        CompletionKind::File => file_words(program, prefix),
        CompletionKind::Place => {
            let mut words = file_words(program, prefix);
            words.extend(function_words(program, prefix, limit));
            words
        }
        CompletionKind::HostFunction => host_words(prefix),
        CompletionKind::Variable => Vec::new(),
    };
    words.truncate(limit);
    words
}

/// A file is completed by its whole shown path and by its name alone.
fn file_words(program: &ProgramSymbols, prefix: &str) -> Vec<String> {
    let all = all_files(program);
    let whole = all.iter().filter(|file| file.starts_with(prefix));
    let mut words: Vec<String> = whole.cloned().collect();
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &all {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        *by_name.entry(name).or_default() += 1;
    }
    let names = by_name
        .into_iter()
        .filter(|(name, count)| *count == 1 && name.starts_with(prefix));
    words.extend(names.map(|(name, _)| name.to_owned()));
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

/// Functions by the name section, which is soon read: whole paths, and from any part of them on.
fn function_words(program: &ProgramSymbols, prefix: &str, limit: usize) -> Vec<String> {
    let mut own = BTreeSet::new();
    for symbols in program.modules() {
        for (_, raw) in symbols.module().function_names() {
            // The last word typed stands in the mangled name as it is.
            let word = prefix.rsplit("::").next().unwrap_or(prefix);
            if !raw.contains(word) {
                continue;
            }
            let name = without_arguments(&names::prettify(raw));
            let starts = std::iter::once(0).chain(name.match_indices("::").map(|(at, _)| at + 2));
            let found = starts
                .filter_map(|start| name.get(start..))
                .find(|rest| rest.starts_with(prefix));
            if let Some(found) = found {
                own.insert(found.to_owned());
            }
            if own.len() > limit.saturating_mul(4).saturating_add(1024) {
                break;
            }
        }
    }
    own.into_iter().collect()
}

/// A function's name without its generic arguments.
fn without_arguments(name: &str) -> String {
    let (mut depth, mut plain) = (0usize, String::with_capacity(name.len()));
    // `<Type as Trait>::method` begins with a bracket that belongs to the path.
    if name.starts_with('<') {
        return name.to_owned();
    }
    for c in name.chars() {
        match c {
            '<' => depth = depth.saturating_add(1),
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain.trim_end_matches("::").replace("::::", "::")
}

fn host_words(prefix: &str) -> Vec<String> {
    let classes = table::Class::ALL
        .iter()
        .map(|class| format!("%{}", class.name()));
    let functions = table::functions().map(|row| row.name.to_owned());
    let mut words: Vec<String> = classes
        .chain(functions)
        .filter(|word| word.starts_with(prefix))
        .collect();
    words.sort();
    words.dedup();
    words
}

/// The kinds of requests that need a paused guest or change how it goes on.
pub(super) fn refused(what: &str) -> CommandError {
    CommandError::new(
        CommandErrorKind::Running,
        format!("the guest runs: pause it to {what}"),
    )
}
