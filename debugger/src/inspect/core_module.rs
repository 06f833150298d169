//! One core module: sections, functions, border, producers. Its debug info is in
//! [`super::debug_info`].

use super::component::Sections;
use super::model::{
    ExportGroup, ExportItem, ExternalDebug, Functions, ImportGroup, ImportItem, SectionSize,
    TargetFeatures,
};
use std::collections::HashMap;
use wasmparser::BinaryReader;
use wasmscope_runner::{is_provided, usual_provider};
use wasmscope_symbols::wasm::Producer;
use wasmscope_symbols::{CoreModule, ExternKind};

/// How many lines of a producers section are read.
const MAX_PRODUCERS: usize = 1_000;

/// The sections, largest first.
pub(super) fn sections(module: &CoreModule) -> Vec<SectionSize> {
    let mut sections = Sections::default();
    for section in &module.sections {
        sections.add(section.name, false, section.range.clone());
    }
    for section in &module.custom_sections {
        sections.add(&section.name, true, section.range.clone());
    }
    sections.sums()
}

/// The functions, counted.
pub(super) fn functions(module: &CoreModule) -> Functions {
    let defined = module.bodies.len() as u64;
    let first = u64::from(module.imported_functions);
    let named = module
        .function_names()
        .filter(|(index, _)| (first..first.saturating_add(defined)).contains(&u64::from(*index)))
        .count();
    Functions {
        imported: module.imported_functions,
        defined: u32::try_from(defined).unwrap_or(u32::MAX),
        named: u32::try_from(named).unwrap_or(u32::MAX),
        name_section: module.custom_section("name").is_some(),
        code_bytes: module.code.len,
    }
}

/// The imports of a bare module, by the module they are asked from, in the order of appearance.
pub(super) fn imports(module: &CoreModule) -> Vec<ImportGroup> {
    let mut groups: Vec<ImportGroup> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for import in &module.imports {
        let provided = is_provided(&import.module, &import.name);
        let item = ImportItem {
            name: import.name.clone(),
            kind: kind(import.kind).to_owned(),
            ty: Some(import.ty.clone()),
            provided,
        };
        let place = *places.entry(&import.module).or_insert(groups.len());
        if place == groups.len() {
            groups.push(ImportGroup {
                interface: Some(import.module.clone()),
                provided: true,
                advice: None,
                items: Vec::new(),
            });
        }
        let Some(group) = groups.get_mut(place) else {
            continue;
        };
        if !provided {
            group.provided = false;
            let advice = || usual_provider(&import.module, &import.name).map(str::to_owned);
            group.advice = group.advice.take().or_else(advice);
        }
        group.items.push(item);
    }
    groups
}

/// The exports of a bare module: one group, functions with their types.
pub(super) fn exports(module: &CoreModule) -> Vec<ExportGroup> {
    if module.exports.is_empty() {
        return Vec::new();
    }
    let items = module.exports.iter().map(|export| ExportItem {
        name: export.name.clone(),
        kind: kind(export.kind).to_owned(),
        ty: match export.kind {
            ExternKind::Function => module.function_type(export.index).map(function_type),
            _ => None,
        },
    });
    vec![ExportGroup {
        interface: None,
        items: items.collect(),
    }]
}

/// The target features section, sorted by what it says of each.
pub(super) fn target_features(module: &CoreModule) -> TargetFeatures {
    let mut features = TargetFeatures::default();
    for feature in module.target_features() {
        match feature.used {
            true => features.used.push(feature.name),
            false => features.disallowed.push(feature.name),
        }
    }
    features
}

/// Where debug info outside of the module is said to be.
pub(super) fn external(module: &CoreModule) -> ExternalDebug {
    ExternalDebug {
        external_debug_info: module.external_debug_info().map(str::to_owned),
        source_mapping_url: module.source_mapping_url().map(str::to_owned),
    }
}

/// The build id in hexadecimal digits.
pub(super) fn build_id(module: &CoreModule) -> Option<String> {
    let id = module.build_id()?;
    Some(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A producers section, read until its first damage.
pub(super) fn producers(section: BinaryReader<'_>) -> Vec<Producer> {
    let mut producers = Vec::new();
    let Ok(fields) = wasmparser::ProducersSectionReader::new(section) else {
        return producers;
    };
    for field in fields {
        let Ok(field) = field else { break };
        for value in field.values {
            let Ok(value) = value else { break };
            if producers.len() < MAX_PRODUCERS {
                producers.push(Producer {
                    field: field.name.to_owned(),
                    name: value.name.to_owned(),
                    version: value.version.to_owned(),
                });
            }
        }
    }
    producers
}

fn kind(kind: ExternKind) -> &'static str {
    match kind {
        ExternKind::Function => "function",
        ExternKind::Table => "table",
        ExternKind::Memory => "memory",
        ExternKind::Global => "global",
        ExternKind::Tag => "tag",
    }
}

/// A function type as the text format writes it.
fn function_type(ty: &wasmparser::FuncType) -> String {
    let mut text = String::from("(func");
    for (word, types) in [("param", ty.params()), ("result", ty.results())] {
        if types.is_empty() {
            continue;
        }
        text.push_str(" (");
        text.push_str(word);
        for ty in types {
            text.push(' ');
            text.push_str(&ty.to_string());
        }
        text.push(')');
    }
    text.push(')');
    text
}
