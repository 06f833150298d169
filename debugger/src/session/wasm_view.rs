//! The Wasm beneath a source frame: its locals, operands and globals.

use super::look::FrameView;
use crate::protocol::{CommandError, ReplyBody, WasmFrameInfo, WasmItem};
use crate::target::Target;
use wasmscope_runner::WasmValue;
use wasmscope_symbols::names;

/// Items of one kind that are shown.
const MAX_ITEMS: usize = 10_000;

/// The Wasm view of a frame.
pub(super) fn of(view: &FrameView<'_>) -> Result<ReplyBody, CommandError> {
    let module = view.symbols.module();
    let place = view.frame.place;
    let function = view.frame.wasm_function;
    let values = view.target.frame_values(view.frame.wasm);
    let (locals, operands, unavailable) = match values {
        Ok(values) => {
            let name = |index| {
                let name = module.local_name(function, index);
                name.map(str::to_owned)
            };
            let locals = items(values.locals.iter().map(Ok), name);
            (
                locals,
                items(values.operands.iter().map(Ok), |_| None),
                None,
            )
        }
        Err(reason) => (Vec::new(), Vec::new(), Some(reason.to_string())),
    };
    let globals = view.target.globals(place.module).iter();
    let globals = globals.map(|value| value.as_ref().map_err(ToString::to_string));
    let name = |index| module.global_name(index).map(names::prettify);
    Ok(ReplyBody::WasmFrame(WasmFrameInfo {
        module: match &module.name {
            Some(name) => name.clone(),
            None => format!("module {}", place.module),
        },
        function: match module.function_name(function) {
            Some(name) => names::prettify(name),
            None => format!("function {function}"),
        },
        func_index: function,
        pc: place.pc,
        locals,
        operands,
        globals: items(globals, name),
        memory_size: view
            .target
            .memory(place.module)
            .ok()
            .map(|memory| memory.len() as u64),
        unavailable,
    }))
}

fn items<'v>(
    values: impl Iterator<Item = Result<&'v WasmValue, String>>,
    name: impl Fn(u32) -> Option<String>,
) -> Vec<WasmItem> {
    let items = (0u32..).zip(values).take(MAX_ITEMS);
    items
        .map(|(index, value)| item(index, name(index), value.ok().copied()))
        .collect()
}

fn item(index: u32, name: Option<String>, value: Option<WasmValue>) -> WasmItem {
    let (value_type, value, bits) = match value {
        Some(WasmValue::I32(value)) => (
            "i32",
            Some(value.to_string()),
            Some(format!("{value:#010x}")),
        ),
        Some(WasmValue::I64(value)) => (
            "i64",
            Some(value.to_string()),
            Some(format!("{value:#018x}")),
        ),
        Some(WasmValue::F32(bits)) => (
            "f32",
            Some(format!("{:?}", f32::from_bits(bits))),
            Some(format!("{bits:#010x}")),
        ),
        Some(WasmValue::F64(bits)) => (
            "f64",
            Some(format!("{:?}", f64::from_bits(bits))),
            Some(format!("{bits:#018x}")),
        ),
        Some(WasmValue::V128(bits)) => (
            "v128",
            Some(bits.to_string()),
            Some(format!("{bits:#034x}")),
        ),
        Some(WasmValue::Reference) => ("ref", None, None),
        None => ("?", None, None),
    };
    WasmItem {
        index,
        name,
        value_type: value_type.to_owned(),
        value,
        bits,
    }
}
