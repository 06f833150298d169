//! What a component may call of its host, with what each function may answer: for those who choose
//! among its calls, or make up answers.

use super::component::{self, Component};
use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId, ComponentItem, ComponentValType,
};
use wasmparser::types::{Types, TypesRef};
use wasmscope_tracer::filter::ImportedFunction;

/// The functions that a component may call of its host, each with its interface, versions left out:
/// those it imports, and the dropping of the resources that it imports. In no particular order, and
/// nothing that is not told by a damaged component.
pub fn callable_functions(bytes: &[u8]) -> Vec<ImportedFunction> {
    let types = component::validate(bytes).ok().flatten();
    let imports = Component::read(bytes, types.as_ref()).imports;
    let mut functions = Vec::new();
    for group in imports {
        let full = group.interface.unwrap_or_default();
        let interface = full.split('@').next().unwrap_or_default();
        for item in group.items {
            let (function, asked) = match item.kind.as_str() {
                "function" => (item.name.clone(), Some(item.name)),
                "resource" => (format!("[resource-drop]{}", item.name), None),
                _ => continue,
            };
            let result = types.as_ref().zip(asked).and_then(|(types, name)| {
                result_of(types.as_ref(), function_type(types, &full, &name)?)
            });
            let mut function = ImportedFunction {
                interface: interface.to_owned(),
                function,
                ..ImportedFunction::default()
            };
            if let Some((errors, returns_number)) = result {
                function.errors = errors;
                function.returns_number = returns_number;
            }
            functions.push(function);
        }
    }
    functions
}

/// The type of an imported function, of an interface or by itself.
fn function_type(types: &Types, interface: &str, name: &str) -> Option<ComponentFuncTypeId> {
    let function = |item: &ComponentItem| match item.ty {
        ComponentEntityType::Func(id) => Some(id),
        _ => None,
    };
    if interface.is_empty() {
        return function(types.component_item_for_import(name)?);
    }
    let ComponentEntityType::Instance(id) = types.component_item_for_import(interface)?.ty else {
        return None;
    };
    function(types.as_ref().get(id)?.exports.get(name)?)
}

/// The errors that a function may answer, and whether its success is a number or nothing.
fn result_of(types: TypesRef<'_>, id: ComponentFuncTypeId) -> Option<(Vec<String>, bool)> {
    let Some(result) = &types.get(id)?.result else {
        return Some((Vec::new(), true));
    };
    let (ok, error) = match defined(types, result) {
        Some(ComponentDefinedType::Result { ok, err, .. }) => (ok.as_ref(), err.as_ref()),
        _ => (Some(result), None),
    };
    let errors = error.map_or_else(Vec::new, |error| cases(types, error));
    Some((errors, ok.is_none_or(|ok| is_number(types, ok))))
}

/// The structure of a type that has one.
fn defined<'t>(types: TypesRef<'t>, ty: &ComponentValType) -> Option<&'t ComponentDefinedType> {
    match ty {
        ComponentValType::Primitive(_) => None,
        ComponentValType::Type(id) => types.get(*id),
    }
}

/// The names of an enum's or a variant's cases.
fn cases(types: TypesRef<'_>, ty: &ComponentValType) -> Vec<String> {
    match defined(types, ty) {
        Some(ComponentDefinedType::Enum(names)) => names.iter().map(ToString::to_string).collect(),
        Some(ComponentDefinedType::Variant(variant)) => {
            variant.cases.keys().map(ToString::to_string).collect()
        }
        _ => Vec::new(),
    }
}

fn is_number(types: TypesRef<'_>, ty: &ComponentValType) -> bool {
    let primitive = match (ty, defined(types, ty)) {
        (ComponentValType::Primitive(primitive), _) => primitive,
        (_, Some(ComponentDefinedType::Primitive(primitive))) => primitive,
        _ => return false,
    };
    use PrimitiveValType::{S8, S16, S32, S64, U8, U16, U32, U64};
    matches!(primitive, U8 | U16 | U32 | U64 | S8 | S16 | S32 | S64)
}
