//! One core module: bodies, borders, names, custom sections.

use super::externs::{self, Export, ExternKind, Import};
use super::kept::KeptCode;
use super::names::Names;
use crate::offsets::{CodeOffset, CodeSection};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use wasmparser::{CompositeInnerType, FuncType, Payload, TypeRef};

/// The body of a function the module defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionBody {
    /// Index in the function index space (imported functions come first).
    pub index: u32,
    /// The body without its size field: the declaration of its locals, then its opcodes.
    /// DWARF's `DW_AT_low_pc` is the start of this range.
    pub range: Range<CodeOffset>,
    /// Where the first opcode is, after the declaration of the locals.
    pub first_opcode: CodeOffset,
}

/// A custom section: its name and where its contents lie in the module's binary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomSection {
    /// The section's name.
    pub name: String,
    /// Its contents, as a range of the module's bytes.
    pub range: Range<usize>,
}

/// A section that is not a custom one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// Its name in the specification's words: `type`, `import`, `code`, …
    pub name: &'static str,
    /// Its contents, as a range of the module's bytes.
    pub range: Range<usize>,
}

/// A core module, bare or nested in a component.
#[derive(Clone, Debug)]
pub struct CoreModule {
    /// The bytes of the whole file; the module is `bytes[range]`.
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) range: Range<usize>,
    /// The module's own name (name section), if it has one.
    pub name: Option<String>,
    /// Where the code is.
    pub code: CodeSection,
    /// Number of imported functions: the index of the first defined one.
    pub imported_functions: u32,
    /// Number of imported globals: the index of the first defined one.
    pub imported_globals: u32,
    /// Number of globals the module defines.
    pub defined_globals: u32,
    /// Number of imported memories.
    pub imported_memories: u32,
    /// Number of memories the module defines.
    pub defined_memories: u32,
    /// What it imports, in order.
    pub imports: Vec<Import>,
    /// What it exports, in order.
    pub exports: Vec<Export>,
    /// The sections that are not custom ones, in the order in which they stand.
    pub sections: Vec<Section>,
    /// The bodies, by rising offset.
    pub bodies: Vec<FunctionBody>,
    /// The custom sections, in the order in which they stand.
    pub custom_sections: Vec<CustomSection>,
    /// Function types by type index; `None` for types of other kinds.
    types: Vec<Option<FuncType>>,
    /// The type index of every function, imported ones included.
    function_types: Vec<u32>,
    names: OnceLock<Names>,
    pub(super) kept: KeptCode,
}

impl CoreModule {
    /// The module's own bytes: [`crate::ModulePc`]s are offsets in them.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }

    /// Where the module's bytes lie in the whole file: `0` for a module that is the file.
    pub fn file_offset(&self) -> usize {
        self.range.start
    }

    /// Whether a component's tools made the module, to pass calls on to what is imported: of
    /// wit-component's pair of such modules one exports and one imports a table of this name.
    pub fn is_shim(&self) -> bool {
        const TABLE: &str = "$imports";
        let exported = |export: &Export| export.kind == ExternKind::Table && export.name == TABLE;
        let imported = |import: &Import| import.kind == ExternKind::Table && import.name == TABLE;
        self.exports.iter().any(exported) || self.imports.iter().any(imported)
    }

    /// The bytes of a part of the code section; empty when it is not in there.
    pub fn code_bytes(&self, range: Range<CodeOffset>) -> &[u8] {
        let part = || {
            let end = range.end.0.min(self.code.len);
            let start = usize::try_from(self.code.start.checked_add(range.start.0)?).ok()?;
            let end = usize::try_from(self.code.start.checked_add(end)?).ok()?;
            self.bytes().get(start..end)
        };
        part().unwrap_or_default()
    }

    /// The contents of the last custom section of this name (the last one wins, as tool
    /// conventions have it for debug info).
    pub fn custom_section(&self, name: &str) -> Option<&[u8]> {
        let section = self.custom_sections.iter().rev().find(|s| s.name == name)?;
        self.bytes().get(section.range.clone())
    }

    /// The function whose body holds `offset`, its locals' declaration included.
    pub fn body_at(&self, offset: CodeOffset) -> Option<&FunctionBody> {
        let next = self.bodies.partition_point(|b| b.range.start <= offset);
        let body = self.bodies.get(next.checked_sub(1)?)?;
        body.range.contains(&offset).then_some(body)
    }

    /// The body of the function with this index in the function index space; `None` for imported
    /// functions and indices out of range.
    pub fn body(&self, function: u32) -> Option<&FunctionBody> {
        let defined = function.checked_sub(self.imported_functions)?;
        self.bodies.get(usize::try_from(defined).ok()?)
    }

    /// The name section's name for a function (raw, maybe mangled; a function's export name or
    /// import name when the section has none), by index in the function index space.
    pub fn function_name(&self, function: u32) -> Option<&str> {
        if let Some(name) = self.names().functions.get(&function) {
            return Some(name);
        }
        let exported = self.export_name(ExternKind::Function, function);
        exported.or_else(|| self.imported(ExternKind::Function, function))
    }

    /// The name section's name for a global, or else its export or import name.
    pub fn global_name(&self, global: u32) -> Option<&str> {
        if let Some(name) = self.names().globals.get(&global) {
            return Some(name);
        }
        let exported = self.export_name(ExternKind::Global, global);
        exported.or_else(|| self.imported(ExternKind::Global, global))
    }

    /// The name section's name for a data segment.
    pub(super) fn data_name(&self, data: u32) -> Option<&str> {
        Some(self.names().data.get(&data)?)
    }

    /// The name section's name for a local of a function.
    pub fn local_name(&self, function: u32, local: u32) -> Option<&str> {
        Some(self.names().locals.get(&(function, local))?)
    }

    /// The functions that the name section names, in no particular order.
    pub fn function_names(&self) -> impl Iterator<Item = (u32, &str)> {
        self.names().functions.iter().map(|(i, name)| (*i, &**name))
    }

    /// The type of a function, by index in the function index space.
    pub fn function_type(&self, function: u32) -> Option<&FuncType> {
        let ty = *self.function_types.get(usize::try_from(function).ok()?)?;
        self.type_at(ty)
    }

    /// The function type with this type index (what `call_indirect` names).
    pub fn type_at(&self, ty: u32) -> Option<&FuncType> {
        self.types.get(usize::try_from(ty).ok()?)?.as_ref()
    }

    /// Number of functions, imported ones included.
    pub fn functions(&self) -> u32 {
        u32::try_from(self.function_types.len()).unwrap_or(u32::MAX)
    }

    fn names(&self) -> &Names {
        self.names
            .get_or_init(|| Names::read(self.custom_section("name")))
    }

    fn export_name(&self, kind: ExternKind, index: u32) -> Option<&str> {
        let mut exports = self.exports.iter();
        let found = exports.find(|export| export.kind == kind && export.index == index)?;
        Some(&found.name)
    }

    fn imported(&self, kind: ExternKind, index: u32) -> Option<&str> {
        let mut imports = self.imports.iter().filter(|import| import.kind == kind);
        let found = imports.nth(usize::try_from(index).ok()?)?;
        Some(&found.name)
    }
}

/// A module while its sections go by. Offsets that come in count from the start of the file.
pub(super) struct ModuleBuilder {
    module: CoreModule,
}

impl ModuleBuilder {
    pub fn new(bytes: Arc<[u8]>, start: usize) -> Self {
        ModuleBuilder {
            module: CoreModule {
                range: start..bytes.len(),
                bytes,
                name: None,
                code: CodeSection::default(),
                imported_functions: 0,
                imported_globals: 0,
                defined_globals: 0,
                imported_memories: 0,
                defined_memories: 0,
                imports: Vec::new(),
                exports: Vec::new(),
                sections: Vec::new(),
                bodies: Vec::new(),
                custom_sections: Vec::new(),
                types: Vec::new(),
                function_types: Vec::new(),
                names: OnceLock::new(),
                kept: KeptCode::default(),
            },
        }
    }

    pub fn end(&mut self, offset: usize) {
        self.module.range.end = offset.max(self.module.range.start);
    }

    pub fn build(self) -> CoreModule {
        self.module
    }

    /// The range of a file as a range of the module.
    fn local(&self, range: Range<usize>) -> Range<usize> {
        let start = self.module.range.start;
        range.start.saturating_sub(start)..range.end.saturating_sub(start)
    }

    fn section(&mut self, name: &'static str, range: Range<usize>) {
        let range = self.local(range);
        self.module.sections.push(Section { name, range });
    }

    pub fn take(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(reader) => {
                self.section("type", reader.range());
                for group in reader {
                    for ty in group?.into_types() {
                        self.module.types.push(match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => Some(ty),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(reader) => {
                self.section("import", reader.range());
                for import in reader.into_imports() {
                    self.import(import?);
                }
            }
            Payload::FunctionSection(reader) => {
                self.section("function", reader.range());
                for ty in reader {
                    self.module.function_types.push(ty?);
                }
            }
            Payload::TableSection(reader) => self.section("table", reader.range()),
            Payload::MemorySection(reader) => {
                self.section("memory", reader.range());
                self.module.defined_memories = reader.count();
            }
            Payload::TagSection(reader) => self.section("tag", reader.range()),
            Payload::GlobalSection(reader) => {
                self.section("global", reader.range());
                self.module.defined_globals = reader.count();
            }
            Payload::ExportSection(reader) => {
                self.section("export", reader.range());
                for export in reader {
                    let export = export?;
                    self.module.exports.push(Export {
                        name: export.name.to_owned(),
                        kind: export.kind.into(),
                        index: export.index,
                    });
                }
            }
            Payload::StartSection { range, .. } => self.section("start", range),
            Payload::ElementSection(reader) => self.section("element", reader.range()),
            Payload::DataCountSection { range, .. } => self.section("data count", range),
            Payload::DataSection(reader) => self.section("data", reader.range()),
            Payload::CodeSectionStart { range, .. } => {
                self.section("code", range.clone());
                let range = self.local(range);
                self.module.code = CodeSection {
                    start: range.start as u64,
                    len: range.len() as u64,
                };
            }
            Payload::CodeSectionEntry(body) => self.body(&body),
            Payload::CustomSection(reader) => {
                let start = reader.data_offset();
                let range = self.local(start..start.saturating_add(reader.data().len()));
                if let Some(name) = Names::module_name(&reader.as_known()) {
                    self.module.name = Some(name);
                }
                self.module.custom_sections.push(CustomSection {
                    name: reader.name().to_owned(),
                    range,
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: wasmparser::Import<'_>) {
        let module = &mut self.module;
        let (kind, ty) = externs::describe(&import.ty, |index| {
            module.types.get(usize::try_from(index).ok()?)?.as_ref()
        });
        match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                module.function_types.push(ty);
                module.imported_functions += 1;
            }
            TypeRef::Global(_) => module.imported_globals += 1,
            TypeRef::Memory(_) => module.imported_memories += 1,
            _ => {}
        }
        module.imports.push(Import {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            kind,
            ty,
        });
    }

    fn body(&mut self, body: &wasmparser::FunctionBody<'_>) {
        let module = &mut self.module;
        let range = body.range();
        let origin = u64::try_from(module.range.start).unwrap_or(0) + module.code.start;
        let offset = |at: usize| CodeOffset((at as u64).saturating_sub(origin));
        // A declaration of locals that cannot be read has no opcodes after it that could.
        let first = body
            .get_binary_reader_for_operators()
            .map_or(range.end, |reader| reader.original_position());
        let defined = u32::try_from(module.bodies.len()).unwrap_or(u32::MAX);
        module.bodies.push(FunctionBody {
            index: module.imported_functions.saturating_add(defined),
            range: offset(range.start)..offset(range.end),
            first_opcode: offset(first),
        });
    }
}
