//! What a function returned, read where its caller goes on.
//!
//! Wasm knows one result at most of what compilers make for WASI targets (multi-value is off), so
//! a value comes back in one of two ways: numbers, and small aggregates as one number, as the
//! function's Wasm result; all else in memory, at an address that the caller passed as a hidden
//! first parameter (WebAssembly's "BasicCABI", and what rustc and LLVM make of Rust's own calling
//! convention). Debug info says neither which one nor where. The function's Wasm type does, as long
//! as the compiler says that it has not changed how the function is called.

use super::tables::StepTables;
use crate::live;
use crate::values::{Limits, Memory, NoMemory, Reader, Value};
use wasmparser::ValType;
use wasmscope_runner::WasmValue;
use wasmscope_runner::debuggee::{FramePlace, PausedGuest};
use wasmscope_symbols::{
    CodeOffset, PartialBytes, Place, Symbols, Type, TypeId, TypeKind, Unavailable, types::Encoding,
};

/// What is known of a result before the function returns.
#[derive(Debug)]
pub(super) struct Returning {
    module: usize,
    ty: Option<TypeId>,
    way: Result<Way, Unavailable>,
    limits: Limits,
}

/// How a value comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// As the function's result.
    Result(ValType),
    /// In memory.
    Memory(u64),
    /// It has no bytes.
    Empty,
}

impl Returning {
    /// For the function of a frame (by its place on the Wasm stack), which stands at `at`.
    pub fn of(
        tables: &StepTables,
        guest: &mut dyn PausedGuest,
        frame: usize,
        at: FramePlace,
        limits: Limits,
    ) -> Returning {
        let module = at.place.module;
        let mut returning = Returning {
            module,
            ty: None,
            way: Ok(Way::Empty),
            limits,
        };
        let (Some(symbols), Some(offset)) =
            (tables.symbols(module), tables.program().offset(at.place))
        else {
            return returning;
        };
        let frames = tables.frames(at.place);
        let Some(die) = frames.last().and_then(|frame| frame.source.die) else {
            returning.way = untyped(symbols, at.func_index);
            return returning;
        };
        returning.ty = symbols.return_type(die);
        if let Some(ty) = returning.ty {
            let ty = symbols.describe_type(ty);
            returning.way = match symbols.is_call_changed(die) {
                true => Err(because(
                    "the compiler has changed how this function is called",
                )),
                false => way(symbols, guest, frame, at.func_index, offset, &ty),
            };
        }
        returning
    }

    /// The value, when the guest stands where the function has just returned to. `None` when it
    /// returns nothing.
    pub fn take(self, tables: &StepTables, guest: &mut dyn PausedGuest) -> Option<Value> {
        let symbols = tables.symbols(self.module)?;
        let Some(type_id) = self.ty else {
            return self.number(guest);
        };
        let ty = symbols.describe_type(type_id);
        if ty.kind == TypeKind::Base(Encoding::Unit) || ty.kind == TypeKind::Base(Encoding::Never) {
            return None;
        }
        let place = match self.way {
            Ok(Way::Memory(address)) => Place::Memory(address),
            Ok(Way::Empty) => Place::Bytes(PartialBytes::default()),
            Ok(Way::Result(_)) => result(guest, &ty).map_or_else(Place::Unavailable, Place::Bytes),
            Err(reason) => Place::Unavailable(reason),
        };
        Some(match guest.memory(self.module) {
            Ok(memory) => {
                let memory: &dyn Memory = &memory;
                Reader::new(symbols, memory, self.limits).value("returned", type_id, place)
            }
            Err(reason) => {
                let memory = NoMemory(live::unavailable(reason));
                Reader::new(symbols, &memory, self.limits).value("returned", type_id, place)
            }
        })
    }

    /// The result of a function that no debug info describes.
    fn number(&self, guest: &mut dyn PausedGuest) -> Option<Value> {
        let Ok(Way::Result(ty)) = self.way else {
            return None;
        };
        let ty = ty.to_string();
        let summary = match top(guest) {
            Ok(WasmValue::I32(value)) => value.to_string(),
            Ok(WasmValue::I64(value)) => value.to_string(),
            Ok(WasmValue::F32(bits)) => f32::from_bits(bits).to_string(),
            Ok(WasmValue::F64(bits)) => f64::from_bits(bits).to_string(),
            Ok(WasmValue::V128(bits)) => format!("{bits:#034x}"),
            Ok(WasmValue::Reference) => return None,
            Err(reason) => return Some(unavailable(&ty, &ty, &reason)),
        };
        Some(Value {
            summary: Some(summary),
            ..named(&ty, &ty)
        })
    }
}

/// How a function without debug info returns: what its Wasm type says.
fn untyped(symbols: &Symbols, function: u32) -> Result<Way, Unavailable> {
    let ty = symbols.module().function_type(function);
    Ok(match ty.map(|ty| ty.results()) {
        Some([result]) => Way::Result(*result),
        _ => Way::Empty,
    })
}

fn way(
    symbols: &Symbols,
    guest: &mut dyn PausedGuest,
    frame: usize,
    function: u32,
    offset: CodeOffset,
    ty: &Type,
) -> Result<Way, Unavailable> {
    let module = symbols.module();
    let wasm = module
        .function_type(function)
        .ok_or_else(|| because("the function has no type"))?;
    let size = ty
        .size
        .ok_or_else(|| because("debug info does not say how large it is"))?;
    match wasm.results() {
        _ if size == 0 => Ok(Way::Empty),
        [result] if fits(*result, size) => Ok(Way::Result(*result)),
        [_] => Err(because(
            "the function's Wasm result is of another size than its type",
        )),
        [] if is_number(ty) => Err(because("the compiler has taken the result away")),
        [] => {
            if !matches!(wasm.params().first(), Some(ValType::I32 | ValType::I64)) {
                return Err(because(
                    "the function is not passed an address for its result",
                ));
            }
            let code = module.function_code(offset);
            if code.is_none_or(|code| code.writes_local(0)) {
                return Err(because(
                    "the function overwrites the address that it was to put its result at",
                ));
            }
            match guest.local(frame, 0).map_err(live::unavailable)? {
                WasmValue::I32(address) => Ok(Way::Memory(u64::from(address.cast_unsigned()))),
                WasmValue::I64(address) => Ok(Way::Memory(address.cast_unsigned())),
                _ => Err(because("the address of its result is no number")),
            }
        }
        _ => Err(because("the function has several Wasm results")),
    }
}

/// Whether a value of so many bytes can be in a Wasm result.
fn fits(result: ValType, size: u64) -> bool {
    match result {
        ValType::I32 => size <= 4,
        ValType::I64 => size <= 8,
        ValType::F32 => size == 4,
        ValType::F64 => size == 8,
        ValType::V128 => size == 16,
        ValType::Ref(_) => false,
    }
}

/// Whether a type is always returned as a number.
fn is_number(ty: &Type) -> bool {
    let small = ty.size.is_some_and(|size| size <= 8);
    small
        && matches!(
            ty.kind,
            TypeKind::Base(_) | TypeKind::Pointer(_) | TypeKind::Enum(_)
        )
}

/// The bytes of a value in the Wasm result.
fn result(guest: &mut dyn PausedGuest, ty: &Type) -> Result<PartialBytes, Unavailable> {
    let mut bytes = match top(guest)? {
        WasmValue::I32(value) => value.to_le_bytes().to_vec(),
        WasmValue::I64(value) => value.to_le_bytes().to_vec(),
        WasmValue::F32(bits) => bits.to_le_bytes().to_vec(),
        WasmValue::F64(bits) => bits.to_le_bytes().to_vec(),
        WasmValue::V128(bits) => bits.to_le_bytes().to_vec(),
        WasmValue::Reference => return Err(because("the result is a reference")),
    };
    if let Some(size) = ty.size.and_then(|size| usize::try_from(size).ok()) {
        bytes.truncate(size);
    }
    Ok(PartialBytes {
        bytes,
        ..PartialBytes::default()
    })
}

/// What the call has left on top of its caller's operand stack.
fn top(guest: &mut dyn PausedGuest) -> Result<WasmValue, Unavailable> {
    let values = guest.frame_values(0).map_err(live::unavailable)?;
    let top = values.operands.last().copied();
    top.ok_or_else(|| because("the caller's operand stack is empty"))
}

/// A returned value of a type, of which nothing is told yet.
fn named(type_name: &str, full_type: &str) -> Value {
    Value {
        name: "returned".to_owned(),
        type_name: type_name.to_owned(),
        full_type: full_type.to_owned(),
        ..Value::default()
    }
}

/// A returned value that is not to be had.
pub(super) fn unavailable(type_name: &str, full_type: &str, reason: &Unavailable) -> Value {
    Value {
        unavailable: Some(reason.to_string()),
        ..named(type_name, full_type)
    }
}

fn because(reason: &str) -> Unavailable {
    Unavailable::Other(reason.into())
}
