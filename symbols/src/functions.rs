//! Functions by name.

mod naming;

use crate::dwarf::{DebugInfo, DieId, Function, PcRange};
use crate::frames::SourceLocation;
use crate::names::FunctionName;
use crate::offsets::CodeOffset;
use crate::snap::Snapper;
use crate::symbols::Symbols;
use crate::types::{die, shorten};
use naming::Naming;
pub(crate) use naming::without_generics;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// How many instances one question is answered with.
const MAX_INSTANCES: usize = 10_000;

/// How many bytes of names are looked at in one unit: honest ones have a tenth of it.
const MAX_NAME_BYTES: usize = 16 << 20;

/// How many similar names are offered.
const MAX_SUGGESTIONS: usize = 5;

/// Which functions are asked for. Names are compared as people write them; generic arguments may
/// be left out.
#[derive(Clone, Debug)]
pub enum FunctionQuery {
    /// The whole name: `orders::Inventory::remove`, or a linkage name.
    Exact(String),
    /// The last parts of the name: `Inventory::remove`, `remove`.
    Suffix(String),
    /// A regular expression found anywhere in the name.
    Regex(regex::Regex),
}

/// The functions that a question means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FunctionMatches {
    /// Every copy of them: generic instances and inlined calls count each. Rising by entry.
    pub instances: Vec<FunctionInstance>,
    /// When there is none: names like the one asked for, the most alike first.
    pub suggestions: Vec<String>,
    /// Whether there are more than one answer holds.
    pub truncated: bool,
}

/// One copy of a function's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunctionInstance {
    /// Its name.
    pub name: FunctionName,
    /// Its DIE (of the function, or of the inlined call); `None` when only the name section knows
    /// it.
    pub die: Option<DieId>,
    /// Index of the Wasm function whose body holds the code.
    pub function: u32,
    /// Where the code is, rising.
    pub ranges: Vec<Range<CodeOffset>>,
    /// Where a breakpoint on the function belongs: past its prologue.
    pub entry: CodeOffset,
    /// Where the function is declared.
    pub declared: Option<SourceLocation>,
    /// Whether it is inlined here.
    pub inlined: bool,
}

impl Symbols {
    /// The functions of this name, each copy of them. Functions that debug info does not know are
    /// found by the name section.
    pub fn find_functions(&self, query: &FunctionQuery) -> FunctionMatches {
        self.with(|info| {
            let mut matches = FunctionMatches::default();
            let units = info.units_with_code();
            let found = units.par_iter().map(|unit| in_unit(info, *unit, query));
            let found: Vec<Vec<FunctionInstance>> = found.collect();
            matches.instances = found.into_iter().flatten().collect();
            matches.instances.extend(by_name_section(info, query));
            matches.instances.sort_by_key(|f| (f.entry, f.die));
            matches.instances.dedup_by_key(|f| (f.entry, f.die));
            matches.truncated = matches.instances.len() > MAX_INSTANCES;
            matches.instances.truncate(MAX_INSTANCES);
            if matches.instances.is_empty() {
                matches.suggestions = suggestions(info, query);
            }
            matches
        })
    }

    /// The parameters in the name of a generic function, as people read them: `<u32>`; empty when
    /// it has none, or debug info does not say.
    pub fn generic_parameters(&self, die: DieId) -> String {
        let name = self.with(|info| {
            let (unit, entry) = die::entry(info, die)?;
            die::name(&unit, &entry).or_else(|| {
                let origin = die::reference(info, die.unit, &entry, gimli::DW_AT_specification)?;
                let (unit, entry) = die::entry(info, origin)?;
                die::name(&unit, &entry)
            })
        });
        let name = name.unwrap_or_default();
        match name.find('<') {
            Some(at) if at > 0 && name.ends_with('>') => {
                shorten(name.get(at..).unwrap_or_default())
            }
            _ => String::new(),
        }
    }

    /// The function whose DIE this is, or which was inlined there: where it is declared.
    pub fn declared_at(&self, die: DieId) -> Option<SourceLocation> {
        self.with(|info| info.declared_at(die))
    }

    /// Where a breakpoint on the function whose body holds `offset` belongs: past its prologue.
    pub fn function_entry(&self, offset: CodeOffset) -> Option<CodeOffset> {
        self.with(|info| {
            let found = info.units_at(offset.0).find_map(|unit| {
                let function = info.functions(unit)?.at(offset.0)?;
                info.after_prologue(unit, function)
            });
            let body = info.module.body_at(offset)?;
            info.module
                .snap_to_opcode(found.unwrap_or(body.first_opcode))
        })
    }
}

/// A function with code of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionEntry {
    /// Index of the Wasm function.
    pub function: u32,
    /// Its DIE.
    pub die: DieId,
    /// Where a breakpoint on the function belongs: past its prologue.
    pub entry: CodeOffset,
    /// Where it is declared.
    pub declared: SourceLocation,
}

impl Symbols {
    /// The functions that are declared in the files that `wanted` says, by rising entry; inlined
    /// copies are left out. Reads the functions of every unit when first asked: to be kept by
    /// whoever needs it often.
    pub fn functions_of_files(&self, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Vec<FunctionEntry> {
        self.with(|info| {
            let units = info.units_with_code();
            let entries = units.par_iter().map(|unit| {
                let mut files: HashMap<Arc<str>, bool> = HashMap::new();
                let functions = info.functions(*unit).map(|functions| &*functions.list);
                let entry = |function: &Function| {
                    let die = DieId::new(*unit as usize, function.die);
                    let declared = info.declared_at(die)?;
                    let file = Arc::clone(&declared.file);
                    if !*files.entry(file).or_insert_with_key(|file| wanted(file)) {
                        return None;
                    }
                    let entry = info.after_prologue(*unit, function)?;
                    Some(FunctionEntry {
                        function: info.module.body_at(entry)?.index,
                        die,
                        entry: info.module.snap_to_opcode(entry)?,
                        declared,
                    })
                };
                let entries: Vec<_> = functions
                    .unwrap_or_default()
                    .iter()
                    .filter_map(entry)
                    .collect();
                entries
            });
            let mut entries: Vec<FunctionEntry> = entries.flatten().collect();
            entries.sort_by_key(|entry| (entry.entry, entry.die));
            entries.dedup_by_key(|entry| entry.entry);
            entries
        })
    }
}

/// The matching functions and inlined calls of one unit.
fn in_unit(info: &DebugInfo<'_>, unit: u32, query: &FunctionQuery) -> Vec<FunctionInstance> {
    let mut instances = Vec::new();
    let Some(functions) = info.functions(unit) else {
        return instances;
    };
    let mut names = Names::new(info, query);
    let mut snapper = Snapper::new(info.module);
    for function in &functions.list {
        let die = DieId::new(unit as usize, function.die);
        if let Some(name) = names.matching(die) {
            let entry = info.after_prologue(unit, function);
            let found = instance(info, &mut snapper, name, die, &function.ranges, entry);
            instances.extend(found);
        }
        let inlines = info.inlines(unit, function);
        let mut ranges: Option<HashMap<usize, Vec<PcRange>>> = None;
        for (position, inline) in inlines.list.iter().enumerate() {
            let die = DieId::new(unit as usize, inline.die);
            // Many calls have the same origin: its name is read once.
            let named = inline.origin.map(|at| DieId::new(unit as usize, at));
            let Some(name) = names.matching(named.unwrap_or(die)) else {
                continue;
            };
            let by_call = ranges.get_or_insert_with(|| inlines.ranges_by_call());
            let ranges = by_call
                .get(&position)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let entry = ranges.first().map(|range| CodeOffset(range.begin));
            let found = instance(info, &mut snapper, name, die, ranges, entry);
            instances.extend(found.map(|found| FunctionInstance {
                inlined: true,
                ..found
            }));
        }
        if instances.len() > MAX_INSTANCES {
            break;
        }
    }
    instances
}

fn instance(
    info: &DebugInfo<'_>,
    snapper: &mut Snapper<'_>,
    name: FunctionName,
    die: DieId,
    ranges: &[PcRange],
    entry: Option<CodeOffset>,
) -> Option<FunctionInstance> {
    let entry = snapper.snap(entry?)?;
    Some(FunctionInstance {
        name,
        die: Some(die),
        function: info.module.body_at(entry)?.index,
        ranges: ranges
            .iter()
            .map(|r| CodeOffset(r.begin)..CodeOffset(r.end))
            .collect(),
        entry,
        declared: info.declared_at(die),
        inlined: false,
    })
}

/// Whether names match, worked out once for each function however often it is inlined.
struct Names<'q, 'i, 'a> {
    info: &'i DebugInfo<'a>,
    query: &'q FunctionQuery,
    known: HashMap<DieId, Option<FunctionName>>,
    /// How many bytes of names may still be read.
    left: usize,
    /// What a mangled name must contain to match: it spares most of them the demangling.
    word: Option<regex::bytes::Regex>,
}

impl<'q, 'i, 'a> Names<'q, 'i, 'a> {
    fn new(info: &'i DebugInfo<'a>, query: &'q FunctionQuery) -> Self {
        Names {
            info,
            query,
            known: HashMap::new(),
            left: MAX_NAME_BYTES,
            word: query.word(),
        }
    }

    /// The name of the function or inlined call with this DIE, if it matches.
    fn matching(&mut self, die: DieId) -> Option<FunctionName> {
        if let Some(known) = self.known.get(&die) {
            return known.clone();
        }
        let matching = self.read(die);
        self.known.insert(die, matching.clone());
        matching
    }

    fn read(&mut self, die: DieId) -> Option<FunctionName> {
        let bytes = self.info.function_name(die).name?;
        self.left = self.left.checked_sub(bytes.len())?;
        if self.word.as_ref().is_some_and(|word| !word.is_match(bytes)) {
            return None;
        }
        let name = FunctionName::new(String::from_utf8_lossy(bytes));
        self.query.matches(&name).then_some(name)
    }
}

impl FunctionQuery {
    /// The function's own name in what is asked for, if it is an identifier as both mangling
    /// schemes leave it.
    fn word(&self) -> Option<regex::bytes::Regex> {
        let (FunctionQuery::Exact(wanted) | FunctionQuery::Suffix(wanted)) = self else {
            return None;
        };
        let path = wanted.split('<').next()?.trim_end_matches("::");
        let word = path.rsplit("::").next()?;
        let identifier = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if word.is_empty() || !word.chars().all(identifier) {
            return None;
        }
        regex::bytes::Regex::new(&regex::escape(word)).ok()
    }

    fn matches(&self, name: &FunctionName) -> bool {
        match self {
            FunctionQuery::Exact(wanted) => {
                name.raw() == wanted || Naming::of(name.pretty()).is(wanted)
            }
            FunctionQuery::Suffix(wanted) => Naming::of(name.pretty()).ends_with(wanted),
            FunctionQuery::Regex(regex) => regex.is_match(name.pretty()),
        }
    }
}

/// Functions of the name section that no unit has code for.
fn by_name_section(info: &DebugInfo<'_>, query: &FunctionQuery) -> Vec<FunctionInstance> {
    let module = info.module;
    let unknown = |function: u32, raw: &str| {
        let body = module.body(function)?;
        let name = FunctionName::new(raw);
        if !query.matches(&name) {
            return None;
        }
        let start = body.range.start.0;
        let known = |unit| {
            info.functions(unit)
                .is_some_and(|list| list.at(start).is_some())
        };
        if info.units_at(start).any(known) {
            return None;
        }
        Some(FunctionInstance {
            name,
            die: None,
            function,
            ranges: vec![body.range.clone()],
            entry: body.first_opcode,
            declared: None,
            inlined: false,
        })
    };
    let mut names: BTreeMap<u32, &str> = module.function_names().collect();
    for export in module
        .exports
        .iter()
        .filter(|e| e.kind == crate::ExternKind::Function)
    {
        names.entry(export.index).or_insert(&export.name);
    }
    let found = names
        .into_iter()
        .filter_map(|(index, raw)| unknown(index, raw));
    found.take(MAX_INSTANCES + 1).collect()
}

/// Names of functions like the one asked for.
fn suggestions(info: &DebugInfo<'_>, query: &FunctionQuery) -> Vec<String> {
    let (FunctionQuery::Exact(wanted) | FunctionQuery::Suffix(wanted)) = query else {
        return Vec::new();
    };
    let in_unit = |unit: &u32| -> Vec<String> {
        let list = info.functions(*unit).map(|functions| &*functions.list);
        let name = |function: &Function| {
            let die = DieId::new(*unit as usize, function.die);
            let name = info.function_name(die).name?;
            Some(crate::names::prettify(&String::from_utf8_lossy(name)))
        };
        list.unwrap_or_default().iter().filter_map(name).collect()
    };
    let units = info.units_with_code();
    let known: Vec<Vec<String>> = units.par_iter().map(in_unit).collect();
    let mut known: HashSet<String> = known.into_iter().flatten().collect();
    let section = info.module.function_names();
    known.extend(section.map(|(_, raw)| crate::names::prettify(raw)));
    let mut alike: Vec<(f64, String)> = known
        .into_par_iter()
        .filter_map(|name| Some((Naming::of(&name).likeness(wanted)?, name)))
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let names = alike.into_iter().map(|(_, name)| name);
    names.take(MAX_SUGGESTIONS).collect()
}
