//! What only a component has: imported and exported interfaces with their functions, and parts
//! other than core modules.
//!
//! Names come from the sections themselves, and so are there for a damaged component too; types
//! come from wasmparser's validator, which is fed everything but function bodies.

use super::model::{ExportGroup, ExportItem, ImportGroup, ImportItem, SectionSize};
use super::wit::Writer;
use std::collections::HashMap;
use std::ops::Range;
use wasmparser::component_types::{ComponentEntityType, ComponentItem};
use wasmparser::types::Types;
use wasmparser::{
    BinaryReader, Encoding, KnownCustom, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};
use wasmscope_runner::{is_provided, usual_provider};
use wasmscope_symbols::wasm::Producer;

/// How many names of the border are listed.
const MAX_NAMES: usize = 100_000;

/// How many items of interfaces are listed, all of them together: types are shared, so that a small
/// file can have any number.
const MAX_ITEMS: usize = 200_000;

/// The outermost component of a binary.
#[derive(Default)]
pub(super) struct Component {
    pub imports: Vec<ImportGroup>,
    pub exports: Vec<ExportGroup>,
    pub producers: Vec<Producer>,
    pub sections: Vec<SectionSize>,
}

/// Why the engine would refuse the binary, function bodies left aside; and the types, when it
/// would not.
pub(super) fn validate(bytes: &[u8]) -> Result<Option<Types>, String> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut types = None;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| error.to_string())?;
        match validator.payload(&payload) {
            Ok(ValidPayload::End(end)) => types = Some(end),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(types)
}

impl Component {
    /// Reads the outermost component of `bytes`, up to the first damage.
    pub fn read(bytes: &[u8], types: Option<&Types>) -> Self {
        let mut component = Component::default();
        let mut names = Border::default();
        let mut sections = Sections::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(bytes) {
            let Ok(payload) = payload else { break };
            match payload {
                Payload::Version { encoding, .. } => {
                    depth += 1;
                    if depth == 1 && encoding == Encoding::Module {
                        break;
                    }
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                payload if depth == 1 => {
                    section(&payload, &mut sections);
                    if names.take(payload, &mut component.producers).is_err() {
                        break;
                    }
                }
                _ => {}
            }
        }
        let mut left = MAX_ITEMS;
        component.imports = names
            .imports
            .iter()
            .map(|name| import(name, types, &mut left))
            .collect();
        component.exports = exports(&names.exports, types, &mut left);
        component.sections = sections.sums();
        component
    }
}

/// Adds a part of the component to the sums.
fn section(payload: &Payload<'_>, sections: &mut Sections) {
    let part: Option<(&str, Range<usize>)> = match payload {
        Payload::ModuleSection {
            unchecked_range, ..
        } => Some(("core module", unchecked_range.clone())),
        Payload::ComponentSection {
            unchecked_range, ..
        } => Some(("component", unchecked_range.clone())),
        Payload::CustomSection(reader) => {
            let start = reader.data_offset();
            let end = start.saturating_add(reader.data().len());
            sections.add(reader.name(), true, start..end);
            None
        }
        Payload::ComponentTypeSection(reader) => Some(("type", reader.range())),
        Payload::ComponentImportSection(reader) => Some(("import", reader.range())),
        Payload::ComponentExportSection(reader) => Some(("export", reader.range())),
        Payload::ComponentAliasSection(reader) => Some(("alias", reader.range())),
        Payload::ComponentInstanceSection(reader) => Some(("instance", reader.range())),
        Payload::ComponentCanonicalSection(reader) => Some(("canonical", reader.range())),
        Payload::InstanceSection(reader) => Some(("core instance", reader.range())),
        Payload::CoreTypeSection(reader) => Some(("core type", reader.range())),
        Payload::ComponentStartSection { range, .. } => Some(("start", range.clone())),
        _ => None,
    };
    if let Some((name, range)) = part {
        sections.add(name, false, range);
    }
}

/// Sections summed up by name.
#[derive(Default)]
pub(super) struct Sections(HashMap<(String, bool), (u64, u32)>);

impl Sections {
    /// Adds a section to those of its name.
    pub fn add(&mut self, name: &str, custom: bool, range: Range<usize>) {
        let (size, count) = self.0.entry((name.to_owned(), custom)).or_default();
        *size = size.saturating_add(range.len() as u64);
        *count = count.saturating_add(1);
    }

    /// The sums, largest first.
    pub fn sums(self) -> Vec<SectionSize> {
        let sums = self.0.into_iter();
        let mut sums: Vec<_> = sums
            .map(|((name, custom), (size, count))| SectionSize {
                name,
                custom,
                size,
                count,
            })
            .collect();
        sums.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
        sums
    }
}

/// The names at the component's border, in order.
#[derive(Default)]
struct Border {
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Border {
    fn take(
        &mut self,
        payload: Payload<'_>,
        producers: &mut Vec<Producer>,
    ) -> wasmparser::Result<()> {
        match payload {
            Payload::ComponentImportSection(reader) => {
                for import in reader {
                    let name = import?.name.name;
                    if self.imports.len() < MAX_NAMES {
                        self.imports.push(name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(reader) => {
                for export in reader {
                    let name = export?.name.name;
                    if self.exports.len() < MAX_NAMES {
                        self.exports.push(name.to_owned());
                    }
                }
            }
            Payload::CustomSection(reader) => {
                if let KnownCustom::Producers(_) = reader.as_known() {
                    *producers = super::core_module::producers(BinaryReader::new(
                        reader.data(),
                        reader.data_offset(),
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a component imports under one name: an interface with its items, or a thing by itself.
fn import(name: &str, types: Option<&Types>, left: &mut usize) -> ImportGroup {
    let item = types.and_then(|types| types.component_item_for_import(name));
    let instance = name.contains('/')
        || matches!(
            item.map(|item| item.ty),
            Some(ComponentEntityType::Instance(_))
        );
    let (interface, asked) = if instance { (name, "") } else { ("", name) };
    let provided = is_provided(interface, asked);
    let items = match (types, item) {
        (Some(types), Some(item)) => items_of(types, name, item, left),
        _ if instance => Vec::new(),
        _ => vec![(name.to_owned(), "unknown", None)],
    };
    ImportGroup {
        interface: instance.then(|| name.to_owned()),
        provided,
        advice: if provided {
            None
        } else {
            usual_provider(interface, asked).map(str::to_owned)
        },
        items: items
            .into_iter()
            .map(|(name, kind, ty)| ImportItem {
                name,
                kind: kind.to_owned(),
                ty,
                provided,
            })
            .collect(),
    }
}

/// What a component exports: plain names first, all in one group, then one group an interface.
fn exports(names: &[String], types: Option<&Types>, left: &mut usize) -> Vec<ExportGroup> {
    let mut plain = Vec::new();
    let mut groups = Vec::new();
    for name in names {
        let item = types.and_then(|types| types.component_item_for_export(name));
        let instance = name.contains('/')
            || matches!(
                item.map(|item| item.ty),
                Some(ComponentEntityType::Instance(_))
            );
        let items = match (types, item) {
            (Some(types), Some(item)) => items_of(types, name, item, left),
            _ if instance => Vec::new(),
            _ => vec![(name.clone(), "unknown", None)],
        };
        let items = items.into_iter().map(|(name, kind, ty)| ExportItem {
            name,
            kind: kind.to_owned(),
            ty,
        });
        if instance {
            groups.push(ExportGroup {
                interface: Some(name.clone()),
                items: items.collect(),
            });
        } else {
            plain.extend(items);
        }
    }
    if !plain.is_empty() {
        let group = ExportGroup {
            interface: None,
            items: plain,
        };
        groups.insert(0, group);
    }
    groups
}

type Item = (String, &'static str, Option<String>);

/// The items of an interface, or the thing itself when it is none.
fn items_of(types: &Types, name: &str, item: &ComponentItem, left: &mut usize) -> Vec<Item> {
    let types = types.as_ref();
    let ComponentEntityType::Instance(id) = item.ty else {
        let writer = Writer::new(types, std::iter::empty());
        let (kind, ty) = writer.item(item);
        return vec![(name.to_owned(), kind, ty)];
    };
    let Some(instance) = types.get(id) else {
        return Vec::new();
    };
    let names = || instance.exports.iter().map(|(name, item)| (&**name, item));
    let writer = Writer::new(types, names());
    let shown = instance.exports.len().min(*left);
    *left = left.saturating_sub(shown);
    names()
        .take(shown)
        .map(|(name, item)| {
            let (kind, ty) = writer.item(item);
            (name.to_owned(), kind, ty)
        })
        .collect()
}
