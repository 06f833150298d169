//! Facts about the debug info as a whole: what there is, how much of it, made by whom. For
//! `inspect`, and for verdicts on whether debugging will be any good.

use crate::dwarf::DebugInfo;
use crate::symbols::Symbols;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a module's debug info has to offer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DebugFacts {
    /// Where it was taken from: the module, or a separate file.
    pub source: String,
    /// Its sections and their sizes in bytes.
    pub sections: Vec<(String, u64)>,
    /// The versions of DWARF, and how many units have each.
    pub versions: BTreeMap<u16, usize>,
    /// How many units there are, type units included.
    pub units: usize,
    /// How many of them have code that the linker kept.
    pub units_with_code: usize,
    /// How many are the skeletons of split units.
    pub skeletons: usize,
    /// How many skeletons' other halves were found.
    pub split_units_found: usize,
    /// The compilers, as they name themselves, and how many units with code each made.
    pub producers: BTreeMap<String, usize>,
    /// The languages, and how many units with code are in each.
    pub languages: BTreeMap<String, usize>,
    /// The folders that units with code were compiled in, and how many in each.
    pub folders: BTreeMap<String, usize>,
    /// How much of the code the debug info covers.
    pub coverage: Coverage,
}

/// How much of a module's code the debug info covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Functions the module defines.
    pub functions: u64,
    /// Those that a subprogram of the debug info describes.
    pub with_subprogram: u64,
    /// Those with at least one line row.
    pub with_lines: u64,
    /// Bytes of opcodes.
    pub code_bytes: u64,
    /// Those that belong to a line (not line 0).
    pub bytes_with_line: u64,
    /// Line rows looked at.
    pub rows: u64,
    /// Those that do not start at an opcode (nor in front of a function's first): a sign that a
    /// tool changed the code and not the debug info.
    pub rows_off_opcodes: u64,
}

/// What one unit says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFacts {
    /// Its name: the main source file, mostly.
    pub name: Option<String>,
    /// The folder it was compiled in.
    pub folder: Option<String>,
    /// The compiler.
    pub producer: Option<String>,
    /// The language, in DWARF's words without the prefix: `Rust`, `C11`.
    pub language: Option<String>,
    /// The version of DWARF.
    pub version: u16,
    /// Whether it has code that the linker kept.
    pub has_code: bool,
    /// Whether it is the skeleton of a split unit.
    pub skeleton: bool,
    /// Whether the other half of a split unit was found.
    pub split_found: bool,
}

impl Symbols {
    /// What the debug info has to offer. Reads all line programs: about a second for 50 MB.
    pub fn debug_facts(&self) -> DebugFacts {
        let mut facts = DebugFacts {
            source: self.source().to_owned(),
            sections: self.debug_sections(),
            ..DebugFacts::default()
        };
        for unit in self.units() {
            facts.units += 1;
            *facts.versions.entry(unit.version).or_default() += 1;
            facts.skeletons += usize::from(unit.skeleton);
            facts.split_units_found += usize::from(unit.split_found);
            if unit.has_code {
                facts.units_with_code += 1;
                let count = |map: &mut BTreeMap<String, usize>, key: Option<String>| {
                    if let Some(key) = key {
                        *map.entry(key).or_default() += 1;
                    }
                };
                count(&mut facts.producers, unit.producer);
                count(&mut facts.languages, unit.language);
                count(&mut facts.folders, unit.folder);
            }
        }
        facts.coverage = self.with(coverage);
        facts
    }

    /// What each unit says about itself, in the order of `.debug_info`.
    pub fn units(&self) -> Vec<UnitFacts> {
        self.with(|info| {
            let with_code = info.units_with_code();
            let units = (0..info.unit_count()).into_par_iter();
            units
                .map(|unit| unit_facts(info, unit, with_code.binary_search(&unit).is_ok()))
                .collect()
        })
    }
}

fn unit_facts(info: &DebugInfo<'_>, index: u32, has_code: bool) -> UnitFacts {
    let mut facts = UnitFacts {
        has_code,
        split_found: info.is_split(index),
        ..UnitFacts::default()
    };
    if let Some(entry) = info.units.get(index as usize) {
        facts.version = entry.header.version();
    }
    if let Some(root) = info.root(index) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        facts.name = root.unit.name.map(|name| text(name.slice()));
        facts.folder = root.unit.comp_dir.map(|folder| text(folder.slice()));
        facts.producer = root.producer.map(text);
        facts.language = root.language.map(|language| {
            let word = language.to_string();
            word.strip_prefix("DW_LANG_").unwrap_or(&word).to_owned()
        });
        facts.skeleton = root.unit.dwo_id.is_some();
    }
    facts
}

fn coverage(info: &DebugInfo<'_>) -> Coverage {
    let bodies = info.module.bodies.par_iter();
    bodies
        .map(|body| body_coverage(info, body))
        .reduce(Coverage::default, Coverage::plus)
}

impl Coverage {
    fn plus(self, other: Coverage) -> Coverage {
        Coverage {
            functions: self.functions + other.functions,
            with_subprogram: self.with_subprogram + other.with_subprogram,
            with_lines: self.with_lines + other.with_lines,
            code_bytes: self.code_bytes + other.code_bytes,
            bytes_with_line: self.bytes_with_line + other.bytes_with_line,
            rows: self.rows + other.rows,
            rows_off_opcodes: self.rows_off_opcodes + other.rows_off_opcodes,
        }
    }
}

fn body_coverage(info: &DebugInfo<'_>, body: &crate::FunctionBody) -> Coverage {
    let (start, first, end) = (body.range.start.0, body.first_opcode.0, body.range.end.0);
    let mut coverage = Coverage {
        functions: 1,
        code_bytes: end.saturating_sub(first),
        ..Coverage::default()
    };
    let whole = crate::dwarf::PcRange { begin: start, end };
    for unit in info.units_at(first) {
        let described = info
            .functions(unit)
            .is_some_and(|list| list.at(first).is_some());
        let Some(lines) = info.lines(unit) else {
            coverage.with_subprogram = u64::from(described);
            continue;
        };
        let mut opcodes = info.module.opcodes(body).map(|(at, _)| at.0).peekable();
        for (row, row_end) in lines.rows_in(whole) {
            let at = u64::from(row.address);
            while opcodes.next_if(|opcode| *opcode < at).is_some() {}
            // The row of the function itself stands at the declaration of its locals.
            let aligned = at < first || opcodes.peek().is_none_or(|opcode| *opcode == at);
            coverage.rows += 1;
            coverage.rows_off_opcodes += u64::from(!aligned);
            if row.line != 0 {
                coverage.bytes_with_line += row_end.min(end).saturating_sub(at.max(first));
            }
        }
        if described || coverage.rows > 0 {
            coverage.with_subprogram = u64::from(described);
            coverage.with_lines = u64::from(coverage.bytes_with_line > 0);
            break;
        }
    }
    coverage.bytes_with_line = coverage.bytes_with_line.min(coverage.code_bytes);
    coverage
}
