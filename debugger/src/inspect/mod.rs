//! What is in a program, and how well it can be debugged, without running it.
//!
//! [`inspect`] gathers an [`Inspection`]: data to be printed or serialised by a front end. The
//! container is read through [`wasmscope_symbols::Binary`]; what only a component has (interfaces
//! and their functions) is read in `component`, what debug info there is in `debug_info`, and
//! `verdict` turns it all into a sentence and a way out. Damaged binaries are inspected as far as
//! they can be read; the damage is part of the answer.

mod callable;
mod component;
mod core_module;
mod debug_info;
mod model;
mod roots;
mod verdict;
mod wit;

pub use callable::callable_functions;
pub use model::{
    DebugInspection, Debuggability, ExportGroup, ExportItem, ExternalDebug, Functions, ImportGroup,
    ImportItem, Inspection, InspectionKind, ModuleInspection, SectionSize, Share, SourceRoot,
    TargetFeatures, Verdict,
};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmscope_symbols::{Binary, BinaryError, BinaryKind, SymbolsOptions};

/// What [`inspect`] asks of its surroundings.
pub struct InspectOptions<'a> {
    /// Where the source file that debug info calls by this path is on this machine, if it is here.
    pub find_source: &'a dyn Fn(&str) -> Option<PathBuf>,
    /// Where debug info outside of the binary comes from.
    pub symbols: SymbolsOptions,
}

impl Default for InspectOptions<'_> {
    /// Sources are looked for where the debug info says and nowhere else.
    fn default() -> Self {
        InspectOptions {
            find_source: &|path| {
                let path = Path::new(path);
                path.is_file().then(|| path.to_path_buf())
            },
            symbols: SymbolsOptions::default(),
        }
    }
}

/// Inspects a binary; what is damaged is inspected up to the damage.
///
/// # Errors
/// When `bytes` does not even start as Wasm.
pub fn inspect(bytes: &Arc<[u8]>, options: &InspectOptions<'_>) -> Result<Inspection, BinaryError> {
    let (binary, damage) = Binary::parse_damaged(Arc::clone(bytes))?;
    let damage = damage.map(|damage| damage.to_string());
    // What is damaged is invalid too; saying so once is enough.
    let (types, invalid) = match component::validate(bytes) {
        Ok(types) => (types, None),
        Err(_) if damage.is_some() => (None, None),
        Err(invalid) => (None, Some(invalid)),
    };
    let modules: Vec<ModuleInspection> = binary
        .modules
        .iter()
        .enumerate()
        .map(|(index, module)| ModuleInspection {
            index,
            name: module.name.clone(),
            offset: module.file_offset() as u64,
            size: module.bytes().len() as u64,
            sections: core_module::sections(module),
            functions: core_module::functions(module),
            producers: module.producers(),
            target_features: core_module::target_features(module),
            build_id: core_module::build_id(module),
            external: core_module::external(module),
            debug: debug_info::inspect(module, options),
        })
        .collect();
    let verdict = verdict::verdict(&modules, damage.as_deref());
    let mut inspection = Inspection {
        schema: Inspection::SCHEMA,
        kind: InspectionKind::Module,
        size: bytes.len() as u64,
        damage,
        invalid,
        sections: Vec::new(),
        imports: Vec::new(),
        exports: Vec::new(),
        producers: Vec::new(),
        modules,
        verdict,
    };
    match (binary.kind, binary.modules.first()) {
        (BinaryKind::Component, _) => {
            let component = component::Component::read(bytes, types.as_ref());
            inspection.kind = InspectionKind::Component;
            inspection.sections = component.sections;
            inspection.imports = component.imports;
            inspection.exports = component.exports;
            inspection.producers = component.producers;
        }
        (BinaryKind::Module, Some(module)) => {
            inspection.sections = core_module::sections(module);
            inspection.imports = core_module::imports(module);
            inspection.exports = core_module::exports(module);
            inspection.producers = module.producers();
        }
        (BinaryKind::Module, None) => {}
    }
    Ok(inspection)
}
