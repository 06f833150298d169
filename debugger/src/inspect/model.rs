//! The data of an inspection. Field names are those of the JSON that `wasmscope inspect --json`
//! prints; a change that takes something away or gives it another meaning raises
//! [`Inspection::SCHEMA`].

use serde::Serialize;
use wasmscope_symbols::wasm::Producer;

/// Everything that is known about a binary without running it.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Version of this schema, [`Inspection::SCHEMA`].
    pub schema: u32,
    /// What it is.
    pub kind: InspectionKind,
    /// Size of the whole binary, in bytes.
    pub size: u64,
    /// Where and why reading stopped before the end, if it did: all that follows is what was read
    /// until then.
    pub damage: Option<String>,
    /// Why the engine will refuse it, as far as that shows without looking into function bodies.
    pub invalid: Option<String>,
    /// The sections of the module, or the parts of the component, summed up by name; largest first.
    pub sections: Vec<SectionSize>,
    /// What it needs from its host, by interface.
    pub imports: Vec<ImportGroup>,
    /// What it offers to its host, by interface.
    pub exports: Vec<ExportGroup>,
    /// Who made it: of a component, what its own producers section says.
    pub producers: Vec<Producer>,
    /// The core modules: the module itself, or those nested in the component.
    pub modules: Vec<ModuleInspection>,
    /// How well it can be debugged.
    pub verdict: Verdict,
}

impl Inspection {
    /// The version of the schema that this code writes.
    pub const SCHEMA: u32 = 1;
}

/// What kind of binary it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InspectionKind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// How much of the binary one kind of section takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SectionSize {
    /// The section's name: the specification's word, or a custom section's own name.
    pub name: String,
    /// Whether it is a custom section.
    pub custom: bool,
    /// Contents, in bytes, of all sections of that name together.
    pub size: u64,
    /// How many sections of that name there are.
    pub count: u32,
}

/// What is imported from one interface.
#[derive(Clone, Debug, Serialize)]
pub struct ImportGroup {
    /// The module that is imported from (`wasi_snapshot_preview1`), or the interface
    /// (`wasi:cli/stdout@0.2.6`); `None` for what a component imports by a plain name.
    pub interface: Option<String>,
    /// Whether `wasmscope run` provides all of it.
    pub provided: bool,
    /// Who usually provides it and what to do, when it is not provided here and that is known.
    pub advice: Option<String>,
    /// What is imported from it.
    pub items: Vec<ImportItem>,
}

/// One imported thing.
#[derive(Clone, Debug, Serialize)]
pub struct ImportItem {
    /// Its name.
    pub name: String,
    /// What it is: `function`, `memory`, `resource`, …
    pub kind: String,
    /// Its type, in the words of the text format or of WIT, when it is known.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// Whether `wasmscope run` provides it.
    pub provided: bool,
}

/// What is exported under one interface.
#[derive(Clone, Debug, Serialize)]
pub struct ExportGroup {
    /// The interface; `None` for what is exported by a plain name.
    pub interface: Option<String>,
    /// What is exported.
    pub items: Vec<ExportItem>,
}

/// One exported thing.
#[derive(Clone, Debug, Serialize)]
pub struct ExportItem {
    /// Its name.
    pub name: String,
    /// What it is: `function`, `memory`, `resource`, …
    pub kind: String,
    /// Its type, in the words of the text format or of WIT, when it is known.
    #[serde(rename = "type")]
    pub ty: Option<String>,
}

/// One core module.
#[derive(Clone, Debug, Serialize)]
pub struct ModuleInspection {
    /// Its place in [`Inspection::modules`].
    pub index: usize,
    /// Its own name.
    pub name: Option<String>,
    /// Where it starts in the whole binary, in bytes.
    pub offset: u64,
    /// Its size, in bytes.
    pub size: u64,
    /// Its sections, largest first.
    pub sections: Vec<SectionSize>,
    /// Its functions.
    pub functions: Functions,
    /// Who made it.
    pub producers: Vec<Producer>,
    /// The Wasm features that the linker noted down.
    pub target_features: TargetFeatures,
    /// The id that a separate debug file proves itself by, in hexadecimal digits.
    pub build_id: Option<String>,
    /// Debug info outside of the module.
    pub external: ExternalDebug,
    /// Debug info inside of it.
    pub debug: DebugInspection,
}

/// The functions of a module.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Functions {
    /// How many are imported.
    pub imported: u32,
    /// How many are defined.
    pub defined: u32,
    /// How many of the defined ones have a name in the name section.
    pub named: u32,
    /// Whether there is a name section at all.
    pub name_section: bool,
    /// The code section, in bytes.
    pub code_bytes: u64,
}

/// The target features section.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TargetFeatures {
    /// Features that the code uses.
    pub used: Vec<String>,
    /// Features that code linked with it must not use.
    pub disallowed: Vec<String>,
}

/// Where debug info outside of the module is said to be.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExternalDebug {
    /// What the section `external_debug_info` names.
    pub external_debug_info: Option<String>,
    /// What the section `sourceMappingURL` names. wasmscope does not read source maps.
    pub source_mapping_url: Option<String>,
}

/// Debug info of one core module.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DebugInspection {
    /// Where it was taken from: the module, or another file.
    pub source: String,
    /// All its sections together, in bytes.
    pub size: u64,
    /// The DWARF versions of the units, in rising order.
    pub versions: Vec<u16>,
    /// How many units there are.
    pub units: u64,
    /// How many of them have code that the linker kept.
    pub units_with_code: u64,
    /// Units whose better half is in another file, and how many of these were found.
    pub split_units: Share,
    /// How many source files are neither the standard library's nor the C library's.
    pub own_sources: u64,
    /// Of the functions in such files, those with an argument or a local. Not more than a few
    /// hundred are looked at.
    pub own_functions_with_variables: Share,
    /// The compilers that made the units, the most frequent first.
    pub compilers: Vec<String>,
    /// Functions of the module with line info.
    pub functions_with_lines: Share,
    /// Bytes of code (function bodies) with line info.
    pub code_with_lines: Share,
    /// Line rows that do not stand at an instruction: a tool changed the code and not the debug
    /// info.
    pub rows_off_opcodes: Share,
    /// A tool wrote the code anew after it was linked, so that the debug info may not fit it.
    pub rewritten: bool,
    /// Where the sources lie.
    pub roots: Vec<SourceRoot>,
    /// What is wrong with the debug info, and what that means.
    pub problems: Vec<String>,
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The part.
    pub part: u64,
    /// The whole.
    pub whole: u64,
}

impl Share {
    /// The share in percent, rounded down, so that 100 means all; `None` of nothing.
    pub fn percent(self) -> Option<u64> {
        self.part.saturating_mul(100).checked_div(self.whole)
    }
}

/// A folder that sources lie below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceRoot {
    /// The folder, as the debug info names it.
    pub path: String,
    /// Whose code it is.
    pub owner: String,
    /// How many source files lie below it.
    pub files: u64,
    /// How many of these are found on this machine.
    pub found: u64,
    /// Where one of them was found, when that is not where the debug info says.
    pub found_below: Option<String>,
}

/// How well a program can be debugged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Debuggability {
    /// Neither lines nor names.
    Nothing,
    /// Function names only.
    Names,
    /// Source lines, but no variables, or lines for part of the program only.
    Lines,
    /// Lines and variables.
    Full,
}

/// How well it can be debugged, in words.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// In one word.
    pub debuggability: Debuggability,
    /// In a sentence.
    pub sentence: String,
    /// What to do about it, when something is missing.
    pub remedy: Option<String>,
}
