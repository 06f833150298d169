//! Types of the component model as text, in WIT's words.
//!
//! A type is written by its name where the interface around it gives it one, and by its structure
//! otherwise, down to a bounded depth.

use std::collections::HashMap;
use std::fmt::Write as _;
use wasmparser::component_types::{
    AliasableResourceId, ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId,
    ComponentEntityType, ComponentFuncTypeId, ComponentItem, ComponentValType,
};
use wasmparser::types::TypesRef;

/// How deep types without names are written out.
const MAX_DEPTH: u32 = 8;

/// The longest text of one type, in bytes; longer ones end in `…`.
const MAX_LENGTH: usize = 400;

/// Writes types, knowing the names that an interface gives to some of them.
pub(super) struct Writer<'a> {
    types: TypesRef<'a>,
    defined: HashMap<ComponentDefinedTypeId, &'a str>,
    resources: HashMap<AliasableResourceId, &'a str>,
}

impl<'a> Writer<'a> {
    /// A writer for the items of one interface, or of the component's own border.
    pub fn new(
        types: TypesRef<'a>,
        items: impl Iterator<Item = (&'a str, &'a ComponentItem)>,
    ) -> Self {
        let mut writer = Writer {
            types,
            defined: HashMap::new(),
            resources: HashMap::new(),
        };
        for (name, item) in items {
            let ComponentEntityType::Type {
                referenced,
                created,
            } = item.ty
            else {
                continue;
            };
            for id in [referenced, created] {
                match id {
                    ComponentAnyTypeId::Defined(id) => {
                        writer.defined.entry(id).or_insert(name);
                    }
                    ComponentAnyTypeId::Resource(id) => {
                        writer.resources.entry(id).or_insert(name);
                    }
                    _ => {}
                }
            }
        }
        writer
    }

    /// What the item is, and its type where there is more to say.
    pub fn item(&self, item: &ComponentItem) -> (&'static str, Option<String>) {
        match item.ty {
            ComponentEntityType::Func(id) => ("function", Some(self.function(id))),
            ComponentEntityType::Module(_) => ("core module", None),
            ComponentEntityType::Value(ty) => ("value", Some(self.value(&ty))),
            ComponentEntityType::Instance(_) => ("interface", None),
            ComponentEntityType::Component(_) => ("component", None),
            ComponentEntityType::Type { referenced, .. } => match referenced {
                ComponentAnyTypeId::Resource(_) => ("resource", None),
                ComponentAnyTypeId::Defined(id) => {
                    let mut text = String::new();
                    self.structure(id, &mut text, 0);
                    ("type", Some(cut(text)))
                }
                _ => ("type", None),
            },
        }
    }

    fn function(&self, id: ComponentFuncTypeId) -> String {
        let ty = &self.types[id];
        let mut text = String::from(if ty.async_ { "async func(" } else { "func(" });
        for (index, (name, param)) in ty.params.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}{name}: ");
            self.write(param, &mut text, 0);
        }
        text.push(')');
        if let Some(result) = &ty.result {
            text.push_str(" -> ");
            self.write(result, &mut text, 0);
        }
        cut(text)
    }

    fn value(&self, ty: &ComponentValType) -> String {
        let mut text = String::new();
        self.write(ty, &mut text, 0);
        cut(text)
    }

    fn write(&self, ty: &ComponentValType, text: &mut String, depth: u32) {
        match ty {
            ComponentValType::Primitive(ty) => {
                let _ = write!(text, "{ty}");
            }
            ComponentValType::Type(id) => match self.defined.get(id) {
                Some(name) => text.push_str(name),
                None => self.structure(*id, text, depth),
            },
        }
    }

    /// The type's structure. Text that is too long already stops growing: types share parts, and
    /// written out they can be exponentially long.
    fn structure(&self, id: ComponentDefinedTypeId, text: &mut String, depth: u32) {
        if depth > MAX_DEPTH || text.len() > MAX_LENGTH {
            text.push('…');
            return;
        }
        let depth = depth + 1;
        match &self.types[id] {
            ComponentDefinedType::Primitive(ty) => {
                let _ = write!(text, "{ty}");
            }
            ComponentDefinedType::Record(record) => {
                text.push_str("record { ");
                for (index, (name, ty)) in record.fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    let _ = write!(text, "{comma}{name}: ");
                    self.write(ty, text, depth);
                    if text.len() > MAX_LENGTH {
                        break;
                    }
                }
                text.push_str(" }");
            }
            ComponentDefinedType::Variant(variant) => {
                text.push_str("variant { ");
                for (index, (name, case)) in variant.cases.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    let _ = write!(text, "{comma}{name}");
                    if let Some(ty) = &case.ty {
                        text.push('(');
                        self.write(ty, text, depth);
                        text.push(')');
                    }
                    if text.len() > MAX_LENGTH {
                        break;
                    }
                }
                text.push_str(" }");
            }
            ComponentDefinedType::List { element, .. } => {
                self.generic("list", &[Some(element)], text, depth);
            }
            ComponentDefinedType::Map { key, value, .. } => {
                self.generic("map", &[Some(key), Some(value)], text, depth);
            }
            ComponentDefinedType::FixedLengthList {
                element, length, ..
            } => {
                text.push_str("list<");
                self.write(element, text, depth);
                let _ = write!(text, ", {length}>");
            }
            ComponentDefinedType::Tuple(tuple) => {
                let types: Vec<_> = tuple.types.iter().map(Some).collect();
                self.generic("tuple", &types, text, depth);
            }
            ComponentDefinedType::Flags(names) => names_of("flags", names.iter(), text),
            ComponentDefinedType::Enum(names) => names_of("enum", names.iter(), text),
            ComponentDefinedType::Option { ty, .. } => {
                self.generic("option", &[Some(ty)], text, depth);
            }
            ComponentDefinedType::Result { ok, err, .. } => {
                let types: &[_] = match (ok, err) {
                    (None, None) => &[],
                    (Some(_), None) => &[ok.as_ref()],
                    _ => &[ok.as_ref(), err.as_ref()],
                };
                self.generic("result", types, text, depth);
            }
            ComponentDefinedType::Own(id) => text.push_str(self.resource(id)),
            ComponentDefinedType::Borrow(id) => {
                let _ = write!(text, "borrow<{}>", self.resource(id));
            }
            ComponentDefinedType::Future { ty, .. } => {
                self.generic("future", payload(ty).as_slice(), text, depth);
            }
            ComponentDefinedType::Stream { ty, .. } => {
                self.generic("stream", payload(ty).as_slice(), text, depth);
            }
        }
    }

    fn resource(&self, id: &AliasableResourceId) -> &str {
        self.resources.get(id).copied().unwrap_or("resource")
    }

    /// `word<a, b>`, with `_` for what has no type; `word` alone without any.
    fn generic(
        &self,
        word: &str,
        types: &[Option<&ComponentValType>],
        text: &mut String,
        depth: u32,
    ) {
        text.push_str(word);
        for (index, ty) in types.iter().enumerate() {
            text.push_str(if index == 0 { "<" } else { ", " });
            match ty {
                Some(ty) => self.write(ty, text, depth),
                None => text.push('_'),
            }
            if text.len() > MAX_LENGTH {
                break;
            }
        }
        if !types.is_empty() {
            text.push('>');
        }
    }
}

fn payload(ty: &Option<ComponentValType>) -> Vec<Option<&ComponentValType>> {
    ty.iter().map(Some).collect()
}

fn names_of<N: std::fmt::Display>(word: &str, names: impl Iterator<Item = N>, text: &mut String) {
    let _ = write!(text, "{word} {{ ");
    for (index, name) in names.enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{name}");
        if text.len() > MAX_LENGTH {
            break;
        }
    }
    text.push_str(" }");
}

/// Cuts what is longer than a line or a few can hold.
fn cut(mut text: String) -> String {
    if text.len() > MAX_LENGTH {
        let mut end = MAX_LENGTH;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}
