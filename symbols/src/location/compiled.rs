//! Locations made ready for one place in code: whoever reads a variable at every round of a loop
//! shall not read debug info each time.
//!
//! Almost all locations come down to one question to the frame. Those that do not are evaluated
//! as ever: a compiled location always gives what [`Symbols::locate`] gives.

use super::{FrameBaseRegister, FrameState, Located, Place, Unavailable, WasmValue};
use super::{expression_of, frame_base_expression, pieces, register_of, try_locate};
use crate::dwarf::DebugInfo;
use crate::offsets::CodeOffset;
use crate::statics::Static;
use crate::symbols::Symbols;
use crate::types::die;
use crate::variables::Variable;
use gimli::{AttributeValue, Operation};
use std::cell::Cell;

/// Where a variable is whenever execution stands at one place, as far as that can be told before.
#[derive(Clone, Debug)]
pub struct CompiledLocation {
    way: Way,
    symbols: Symbols,
    what: Located,
    pc: CodeOffset,
}

/// What a location asks of the frame.
#[derive(Clone, Debug)]
enum Way {
    /// Nothing: it is always this.
    Known(Place),
    /// In memory, at an offset from the frame's address.
    Frame {
        register: FrameBaseRegister,
        offset: u64,
        mask: u64,
    },
    /// In memory, at an offset from the address that a Wasm local holds.
    AtLocal { index: u32, offset: u64, mask: u64 },
    /// It is what a Wasm local holds.
    Local(u32),
    /// More than that.
    General,
}

impl Symbols {
    /// Makes the location of a variable ready for `pc` (both as for
    /// [`locate`](Symbols::locate)).
    pub fn compile_location(&self, variable: &Variable, pc: CodeOffset) -> CompiledLocation {
        self.compile(|info| variable.located(info), pc)
    }

    /// Makes the location of a static ready.
    pub fn compile_static(&self, of: &Static) -> CompiledLocation {
        let mut location = self.compile(|info| of.located(info), CodeOffset(0));
        if let Some(reason) = of.unavailable() {
            location.way = Way::Known(Place::Unavailable(reason));
        }
        location
    }

    fn compile(
        &self,
        what: impl for<'a> FnOnce(&DebugInfo<'a>) -> Located,
        pc: CodeOffset,
    ) -> CompiledLocation {
        let (way, what) = self.with(|info| {
            let what = what(info);
            (Way::of(info, what, pc), what)
        });
        CompiledLocation {
            way,
            symbols: self.clone(),
            what,
            pc,
        }
    }
}

impl CompiledLocation {
    /// Finds the variable in a frame that stands at the place.
    pub fn locate(&self, state: &dyn FrameState) -> Place {
        match &self.way {
            Way::Known(place) => place.clone(),
            Way::Frame {
                register,
                offset,
                mask,
            } => match state.frame_base(*register) {
                Ok(base) => Place::Memory(base.wrapping_add(*offset) & mask),
                Err(reason) => Place::Unavailable(reason),
            },
            Way::AtLocal {
                index,
                offset,
                mask,
            } => match state.wasm_local(*index) {
                Ok(WasmValue::I32(base)) => {
                    Place::Memory(u64::from(base).wrapping_add(*offset) & mask)
                }
                _ => self.general(state),
            },
            Way::Local(index) => match state.wasm_local(*index).map(bytes_of) {
                Ok(Some((bytes, len))) => {
                    let bytes = bytes.get(..len).unwrap_or_default();
                    pieces::constant_bytes(bytes, self.what.size).unwrap_or_else(Place::Unavailable)
                }
                Ok(None) => self.general(state),
                Err(reason) => Place::Unavailable(reason),
            },
            Way::General => self.general(state),
        }
    }

    /// Reads the first bytes of the variable: as many as `buffer` has, which must not be more
    /// than the variable's type has.
    ///
    /// # Errors
    /// When some of them are not to be had.
    pub fn read(&self, state: &dyn FrameState, buffer: &mut [u8]) -> Result<(), Unavailable> {
        // The common way without an allocation.
        if let Way::Local(index) = self.way
            && let Some((bytes, len)) = bytes_of(state.wasm_local(index)?)
            && self.what.size.is_some_and(|size| size <= len as u64)
            && let Some(bytes) = bytes.get(..len).and_then(|bytes| bytes.get(..buffer.len()))
        {
            buffer.copy_from_slice(bytes);
            return Ok(());
        }
        match self.locate(state) {
            Place::Memory(address) => state.read(address, buffer),
            Place::Bytes(parts) => {
                buffer.copy_from_slice(parts.get(0..buffer.len() as u64)?);
                Ok(())
            }
            Place::Unavailable(reason) => Err(reason),
        }
    }

    /// Whether finding the variable takes one question to the frame, or none.
    pub fn is_simple(&self) -> bool {
        !matches!(self.way, Way::General)
    }

    /// Whether the variable is at the same place all over its function, as far as debug info says:
    /// optimised code moves variables about.
    pub fn is_fixed(&self) -> bool {
        self.symbols.with(|info| {
            let location = die::entry(info, self.what.die)
                .and_then(|(_, entry)| entry.attr_value(gimli::DW_AT_location));
            matches!(
                location,
                None | Some(AttributeValue::Exprloc(_) | AttributeValue::Block(_))
            )
        })
    }

    /// The Wasm local that the variable is in, if it is in one and nowhere else.
    pub fn wasm_local(&self) -> Option<u32> {
        match self.way {
            Way::Local(index) => Some(index),
            _ => None,
        }
    }

    /// Whether the variable is the same whatever the frame holds, and not in memory.
    pub fn is_constant(&self) -> bool {
        matches!(self.way, Way::Known(Place::Bytes(_)))
    }

    fn general(&self, state: &dyn FrameState) -> Place {
        self.symbols
            .with(|info| super::locate(info, self.what, self.pc, state))
    }
}

/// What a Wasm local's value is as bytes; vectors are not read.
fn bytes_of(value: WasmValue) -> Option<([u8; 8], usize)> {
    let narrow = |bits: u32| (u64::from(bits).to_le_bytes(), 4);
    match value {
        WasmValue::I32(bits) | WasmValue::F32(bits) => Some(narrow(bits)),
        WasmValue::I64(bits) | WasmValue::F64(bits) => Some((bits.to_le_bytes(), 8)),
        WasmValue::V128(_) => None,
    }
}

impl Way {
    fn of(info: &DebugInfo<'_>, what: Located, pc: CodeOffset) -> Self {
        // A location that asks nothing of the frame gives the same whatever the frame holds.
        let probe = Probe::default();
        let place = try_locate(info, what, pc, &probe).unwrap_or_else(Place::Unavailable);
        if !probe.asked.get() {
            return Way::Known(place);
        }
        Way::simple(info, what, pc).unwrap_or(Way::General)
    }

    fn simple(info: &DebugInfo<'_>, what: Located, pc: CodeOffset) -> Option<Self> {
        let (unit, entry) = die::entry(info, what.die)?;
        let (expression, _) = expression_of(info, unit, &entry, pc).ok()??;
        let mask = match unit.encoding().address_size {
            4 => u64::from(u32::MAX),
            8 => u64::MAX,
            _ => return None,
        };
        // Where addresses have 64 bits, a local of 32 is computed with in its own width.
        let narrow = unit.encoding().address_size == 4;
        let mut operations = expression.operations(unit.encoding());
        let first = operations.next().ok()??;
        let second = operations.next().ok()?;
        if second.is_some() && operations.next().ok()?.is_some() {
            return None;
        }
        Some(match (first, second) {
            (Operation::FrameOffset { offset }, None) => Way::Frame {
                register: frame_register(info, what, pc)?,
                offset: offset.cast_unsigned(),
                mask,
            },
            // What LLVM leaves of it when it loses the frame base.
            (Operation::PlusConstant { value }, None) => Way::Frame {
                register: frame_register(info, what, pc)?,
                offset: value,
                mask,
            },
            (Operation::WasmLocal { index }, None) if narrow => Way::AtLocal {
                index,
                offset: 0,
                mask,
            },
            (Operation::WasmLocal { index }, Some(Operation::PlusConstant { value })) if narrow => {
                Way::AtLocal {
                    index,
                    offset: value,
                    mask,
                }
            }
            (Operation::WasmLocal { index }, Some(Operation::StackValue)) => Way::Local(index),
            _ => return None,
        })
    }
}

/// The register with the frame's address, when it is in one.
fn frame_register(
    info: &DebugInfo<'_>,
    what: Located,
    pc: CodeOffset,
) -> Option<FrameBaseRegister> {
    let (unit, entry) = die::entry(info, what.function?)?;
    let expression = frame_base_expression(info, unit, &entry, pc).ok()?;
    register_of(expression, unit.encoding())
}

/// A frame that only notes that it was asked.
#[derive(Default)]
struct Probe {
    asked: Cell<bool>,
}

impl Probe {
    fn answer<T>(&self) -> Result<T, Unavailable> {
        self.asked.set(true);
        Err(Unavailable::NotHere)
    }
}

impl FrameState for Probe {
    fn wasm_local(&self, _: u32) -> Result<WasmValue, Unavailable> {
        self.answer()
    }

    fn wasm_global(&self, _: u32) -> Result<WasmValue, Unavailable> {
        self.answer()
    }

    fn operand(&self, _: u32) -> Result<WasmValue, Unavailable> {
        self.answer()
    }

    fn read(&self, _: u64, _: &mut [u8]) -> Result<(), Unavailable> {
        self.answer()
    }

    fn frame_base(&self, _: FrameBaseRegister) -> Result<u64, Unavailable> {
        self.answer()
    }
}
