//! Locations: where DWARF says a variable is, evaluated on a stopped guest.
//!
//! What the guest holds (Wasm locals, globals, operands, memory) comes in through [`FrameState`],
//! each piece of it known or not; what comes out is a [`Place`], or the reason why there is none.
//! Nothing is guessed: a variable that cannot be found is [`Unavailable`].

mod compiled;
mod evaluate;
mod list;
mod pieces;
mod unavailable;

pub use compiled::CompiledLocation;
pub use pieces::{Gap, PartialBytes};
pub use unavailable::Unavailable;

use crate::dwarf::{DebugInfo, DieId, Slice};
use crate::offsets::CodeOffset;
use crate::types::die;
use crate::wasm::CoreModule;
use gimli::{AttributeValue, Operation, UnitRef};
use serde::{Deserialize, Serialize};

/// A Wasm value, as a local, global or operand holds it. Floats are given by their bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WasmValue {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// A `v128`, least significant byte first.
    V128([u8; 16]),
}

impl WasmValue {
    /// The value as an address: integers only.
    pub fn as_address(self) -> Option<u64> {
        match self {
            WasmValue::I32(value) => Some(u64::from(value)),
            WasmValue::I64(value) => Some(value),
            _ => None,
        }
    }
}

/// Where a function keeps the address of its frame in linear memory (`DW_AT_frame_base`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameBaseRegister {
    /// In the Wasm local with this index (parameters count).
    Local(u32),
    /// In the global with this index: `__stack_pointer`, whose value at this frame is meant, not
    /// at the innermost one.
    Global(u32),
}

/// What is known of one frame of a stopped guest.
///
/// Each question may be answered by [`Unavailable`] with a reason; nothing else must ever be
/// answered than what the frame really holds.
pub trait FrameState {
    /// The Wasm local with this index (parameters come first).
    ///
    /// # Errors
    /// When it is not known.
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable>;

    /// The global with this index in the module's index space.
    ///
    /// # Errors
    /// When it is not known. `__stack_pointer` is known as such only for the innermost frame.
    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable>;

    /// The operand on the Wasm stack with this index, 0 being the bottom.
    ///
    /// # Errors
    /// When it is not known.
    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable>;

    /// Reads linear memory from `address` on, all of `buffer` or nothing.
    ///
    /// # Errors
    /// When some of it is out of bounds or not known.
    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable>;

    /// What the Wasm local with this index, an argument, held when the function was called.
    ///
    /// # Errors
    /// When it is not known.
    fn argument(&self, index: u32) -> Result<WasmValue, Unavailable> {
        let _ = index;
        Err(Unavailable::EntryValue)
    }

    /// Whether the frame is in a call that has not returned, its place in the code being the call's.
    fn has_called(&self) -> bool {
        false
    }

    /// The address of the frame, which the function keeps in `register`. Where Wasm locals are
    /// not kept this is what unwinding the shadow stack found.
    ///
    /// # Errors
    /// When it is not known.
    fn frame_base(&self, register: FrameBaseRegister) -> Result<u64, Unavailable> {
        let value = match register {
            FrameBaseRegister::Local(index) => self.wasm_local(index)?,
            FrameBaseRegister::Global(index) => self.wasm_global(index)?,
        };
        value
            .as_address()
            .ok_or_else(|| Unavailable::malformed("the frame's base is not an integer"))
    }
}

/// Where a variable is.
#[derive(Clone, PartialEq, Debug)]
pub enum Place {
    /// In linear memory from this address on.
    Memory(u64),
    /// Nowhere in memory, but these are its bytes, or some of them.
    Bytes(PartialBytes),
    /// Not to be had.
    Unavailable(Unavailable),
}

/// What has a location: its DIE, the function's around it, and what its type says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located {
    /// The DIE with the location.
    pub die: DieId,
    /// The subprogram, whose frame base is meant; not an inlined call.
    pub function: Option<DieId>,
    /// The type's size in bytes, when it is known.
    pub size: Option<u64>,
    /// Whether the type is a signed integer: constants are extended so.
    pub signed: bool,
}

/// Finds a variable on a stopped guest, at `pc`.
pub(crate) fn locate(
    info: &DebugInfo<'_>,
    what: Located,
    pc: CodeOffset,
    state: &dyn FrameState,
) -> Place {
    match try_locate(info, what, pc, state) {
        Ok(place) => place,
        Err(reason) => Place::Unavailable(reason),
    }
}

fn try_locate(
    info: &DebugInfo<'_>,
    what: Located,
    pc: CodeOffset,
    state: &dyn FrameState,
) -> Result<Place, Unavailable> {
    if what.size == Some(0) {
        // It has one value, wherever it is said to be, and no bytes to get wrong.
        return Ok(Place::Bytes(PartialBytes::default()));
    }
    let (unit, entry) = die::entry(info, what.die)
        .ok_or_else(|| Unavailable::malformed("its DIE cannot be read"))?;
    if let Some((expression, since)) = expression_of(info, unit, &entry, pc)? {
        let state = &Lasting {
            module: info.module,
            state,
            since,
            pc,
        };
        let frame_base = || match what.function {
            Some(function) => frame_base(info, function, pc, state),
            None => Err(Unavailable::malformed("it has no function around it")),
        };
        let evaluated = evaluate::evaluate(unit, expression, &frame_base, state)?;
        return pieces::settle(evaluated, what.size, state);
    }
    let Some(value) = entry.attr_value(gimli::DW_AT_const_value) else {
        return Err(Unavailable::OptimisedOut);
    };
    if let AttributeValue::Block(block) = &value {
        return pieces::constant_bytes(block.slice(), what.size);
    }
    match die::constant(&value, what.signed) {
        Some(bits) => pieces::constant_bytes(&bits.to_le_bytes(), what.size),
        None => Err(Unavailable::malformed(
            "its constant is of a form that is not known here",
        )),
    }
}

/// A frame, with what is known beyond it: the globals that never change (position-independent code
/// counts addresses from one, which linkers make a constant), and which operands are not those any
/// more that debug info speaks of.
struct Lasting<'s> {
    module: &'s CoreModule,
    state: &'s dyn FrameState,
    /// Where what is evaluated began to hold.
    since: Option<CodeOffset>,
    pc: CodeOffset,
}

impl FrameState for Lasting<'_> {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.state.wasm_local(index)
    }

    fn argument(&self, index: u32) -> Result<WasmValue, Unavailable> {
        let is_kept = || {
            let code = self.module.function_code(self.pc)?;
            let parameters = self.module.function_type(code.function)?.params().len();
            let is_one = usize::try_from(index).is_ok_and(|index| index < parameters);
            Some(is_one && !code.writes_local(index))
        };
        // What nothing writes is still what the caller passed.
        match is_kept() {
            Some(true) => self.state.wasm_local(index),
            _ => self.state.argument(index),
        }
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        match self.module.constant_global(index) {
            Some(value) => Ok(value),
            None => self.state.wasm_global(index),
        }
    }

    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable> {
        let same = self.since.and_then(|since| {
            let body = self.module.body_at(self.pc)?;
            self.module.operand_stays(body, index, since, self.pc)
        });
        match same {
            Some(true) => self.state.operand(index),
            Some(false) => Err(Unavailable::Other(
                "optimised out (it was an operand that has been used up)".into(),
            )),
            None => Err(Unavailable::Other(
                "it was on the Wasm operand stack, and whether it still is cannot be told".into(),
            )),
        }
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        self.state.read(address, buffer)
    }

    fn frame_base(&self, register: FrameBaseRegister) -> Result<u64, Unavailable> {
        self.state.frame_base(register)
    }
}

/// The expression that says where a DIE's variable is at `pc`; `None` when it has none at all.
fn expression_of<'a>(
    info: &DebugInfo<'a>,
    unit: UnitRef<'_, Slice<'a>>,
    entry: &die::Entry<'a>,
    pc: CodeOffset,
) -> Result<Option<list::Holding<'a>>, Unavailable> {
    Ok(match entry.attr_value(gimli::DW_AT_location) {
        Some(AttributeValue::Exprloc(expression)) => Some((expression, None)),
        Some(AttributeValue::Block(block)) => Some((gimli::Expression(block), None)),
        Some(value) => Some(list::select(info, unit, value, pc)?),
        None => None,
    })
}

/// The expression that says where the frame of a function's DIE is.
fn frame_base_expression<'a>(
    info: &DebugInfo<'a>,
    unit: UnitRef<'_, Slice<'a>>,
    entry: &die::Entry<'a>,
    pc: CodeOffset,
) -> Result<gimli::Expression<Slice<'a>>, Unavailable> {
    match entry.attr_value(gimli::DW_AT_frame_base) {
        Some(AttributeValue::Exprloc(expression)) => Ok(expression),
        Some(AttributeValue::Block(block)) => Ok(gimli::Expression(block)),
        Some(value) => Ok(list::select(info, unit, value, pc)?.0),
        None => Err(Unavailable::malformed("its function has no frame base")),
    }
}

/// The address of a function's frame.
fn frame_base(
    info: &DebugInfo<'_>,
    function: DieId,
    pc: CodeOffset,
    state: &dyn FrameState,
) -> Result<u64, Unavailable> {
    let (unit, entry) = die::entry(info, function)
        .ok_or_else(|| Unavailable::malformed("its function's DIE cannot be read"))?;
    let expression = frame_base_expression(info, unit, &entry, pc)?;
    if let Some(register) = register_of(expression, unit.encoding()) {
        return state.frame_base(register);
    }
    let no_frame_base = || {
        Err(Unavailable::malformed(
            "the frame's base is defined by itself",
        ))
    };
    let evaluated = evaluate::evaluate(unit, expression, &no_frame_base, state)?;
    pieces::address(&evaluated)
}

/// The register that an expression names, if it does nothing else.
fn register_of(
    expression: gimli::Expression<Slice<'_>>,
    encoding: gimli::Encoding,
) -> Option<FrameBaseRegister> {
    let mut operations = expression.operations(encoding);
    let register = match operations.next().ok()?? {
        Operation::WasmLocal { index } => FrameBaseRegister::Local(index),
        Operation::WasmGlobal { index } => FrameBaseRegister::Global(index),
        _ => return None,
    };
    match operations.next().ok()? {
        None => Some(register),
        Some(Operation::StackValue) => operations.next().ok()?.is_none().then_some(register),
        Some(_) => None,
    }
}

/// Where the function with this DIE keeps the address of its frame, when it is in one register.
pub(crate) fn frame_base_register(
    info: &DebugInfo<'_>,
    function: DieId,
) -> Option<FrameBaseRegister> {
    let (unit, entry) = die::entry(info, function)?;
    let expression = entry.attr_value(gimli::DW_AT_frame_base)?.exprloc_value()?;
    register_of(expression, unit.encoding())
}
