//! The operands of an opcode, where the opcodes before it prove them.
//!
//! Plain code keeps no operand stack, but what stood there was computed from things that are still
//! to be had when the guest has stopped: constants, memory that nothing has written to since it
//! was read, and locals that the stop knows (addresses of the frame, in plain code). This module
//! follows the straight line of opcodes that leads to the place: from the last one that execution
//! may have come to from elsewhere (a loop's head, a block's end). What it cannot be sure of is
//! not known; nothing is guessed.

use crate::location::{FrameState, WasmValue};
use crate::offsets::ModulePc;
use crate::wasm::{CoreModule, FunctionBody};
use std::collections::{HashMap, HashSet};
use wasmparser::{BinaryReader, MemArg, Operator, OperatorsReader};

/// Opcodes of one straight line that are followed; of a longer one the last.
const MAX_LINE: usize = 4096;
/// Bytes of a body that are read to get there.
const MAX_BODY: u64 = 8 << 20;
/// Operands that are kept.
const MAX_OPERANDS: usize = 256;

/// The topmost operands that the opcode at `pc` in `body` finds, the topmost last: `count` of
/// them, each known or not. `state` is the stopped guest's frame that stands there.
pub fn operands_at(
    module: &CoreModule,
    body: &FunctionBody,
    pc: ModulePc,
    state: &dyn FrameState,
    count: usize,
) -> Vec<Option<WasmValue>> {
    let mut operands = match straight_line(module, body, pc) {
        Some(line) => Walk::new(&line, state).run(&line),
        None => Vec::new(),
    };
    let mut found = vec![None; count.saturating_sub(operands.len())];
    found.extend(operands.split_off(operands.len().saturating_sub(count)));
    found
}

/// The opcodes that lead to `pc` and to which execution cannot have come but from the first on.
fn straight_line<'m>(
    module: &'m CoreModule,
    body: &FunctionBody,
    pc: ModulePc,
) -> Option<Vec<Operator<'m>>> {
    let code_start = module.code.start;
    let start = code_start.checked_add(body.first_opcode.0)?;
    let end = code_start.checked_add(body.range.end.0)?;
    if !(start..end).contains(&pc.0) || pc.0 - start > MAX_BODY {
        return None;
    }
    let offset = usize::try_from(start).ok()?;
    let bytes = module.bytes().get(offset..usize::try_from(end).ok()?)?;
    let mut operators = OperatorsReader::new(BinaryReader::new(bytes, offset));
    let mut line = Vec::new();
    while (operators.original_position() as u64) < pc.0 {
        let operator = operators.read().ok()?;
        if is_met_from_elsewhere(&operator) || line.len() >= MAX_LINE {
            line.clear();
        } else {
            line.push(operator);
        }
    }
    // An opcode begins there, and not in the middle of one.
    (operators.original_position() as u64 == pc.0).then_some(line)
}

/// Whether execution may come to what follows from more than one place.
fn is_met_from_elsewhere(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Loop { .. }
            | Operator::End
            | Operator::Else
            | Operator::Catch { .. }
            | Operator::CatchAll
            | Operator::Delegate { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. }
    )
}

/// What is known of a number on the way.
#[derive(Clone, Copy)]
enum Item {
    /// Its value.
    Known(WasmValue),
    /// Nothing but that it is this one number: what a local held all along, by the local's index,
    /// or what an opcode gave, by a number above those.
    Unknown(u64),
}

impl Item {
    fn known(self) -> Option<WasmValue> {
        match self {
            Item::Known(value) => Some(value),
            Item::Unknown(_) => None,
        }
    }
}

/// Where in memory a number still stands.
#[derive(Clone, Copy)]
struct Kept {
    address: u64,
    size: usize,
    make: fn(u64) -> WasmValue,
}

/// Follows a straight line of opcodes.
struct Walk<'s> {
    state: &'s dyn FrameState,
    /// The locals that the line sets somewhere.
    assignments: HashSet<u32>,
    /// How often memory may be written to in that part.
    writes: usize,
    /// The locals that were assigned so far.
    locals: HashMap<u32, Option<Item>>,
    /// Unknown numbers that were written to memory, where nothing has been written since.
    kept: HashMap<u64, Kept>,
    /// The name of the next unknown number.
    next: u64,
    /// The top part of the operand stack: taking from an empty one gives what is not known.
    operands: Vec<Option<Item>>,
}

impl<'s> Walk<'s> {
    fn new(line: &[Operator<'_>], state: &'s dyn FrameState) -> Self {
        let mut assignments = HashSet::new();
        for operator in line {
            if let Operator::LocalSet { local_index } | Operator::LocalTee { local_index } =
                operator
            {
                assignments.insert(*local_index);
            }
        }
        let mut walk = Walk {
            state,
            assignments,
            writes: usize::MAX,
            locals: HashMap::new(),
            kept: HashMap::new(),
            next: 1 << 32,
            operands: Vec::new(),
        };
        // Once without reading anything, only to see what writes.
        let writes = line.iter().filter(|operator| walk.step(operator)).count();
        walk.locals.clear();
        walk.kept.clear();
        walk.operands.clear();
        Walk { writes, ..walk }
    }

    fn run(mut self, line: &[Operator<'_>]) -> Vec<Option<WasmValue>> {
        for operator in line {
            if self.step(operator) {
                self.writes = self.writes.saturating_sub(1);
            }
        }
        let values = self.operands.iter();
        values.map(|item| self.resolve((*item)?)).collect()
    }

    fn resolve(&self, item: Item) -> Option<WasmValue> {
        match item {
            Item::Known(value) => Some(value),
            Item::Unknown(number) => {
                let kept = self
                    .kept
                    .get(&number)
                    .and_then(|kept| self.read(kept.address, kept.size, false).map(kept.make));
                kept.or_else(|| self.still_in_a_local(number))
            }
        }
    }

    /// The number, when a local holds it at the end of the line, and the stop knows that local.
    fn still_in_a_local(&self, number: u64) -> Option<WasmValue> {
        let mut locals = self.locals.iter();
        locals.find_map(|(index, item)| match item {
            Some(Item::Unknown(held)) if *held == number => self.state.wasm_local(*index).ok(),
            _ => None,
        })
    }

    /// Takes one opcode; the answer is whether it may write to memory: all do that are not known
    /// not to.
    fn step(&mut self, operator: &Operator<'_>) -> bool {
        use Operator as O;
        match *operator {
            O::I32Const { value } => self.push(Some(WasmValue::I32(value.cast_unsigned()))),
            O::I64Const { value } => self.push(Some(WasmValue::I64(value.cast_unsigned()))),
            O::F32Const { value } => self.push(Some(WasmValue::F32(value.bits()))),
            O::F64Const { value } => self.push(Some(WasmValue::F64(value.bits()))),
            O::LocalGet { local_index } => {
                let item = self.local(local_index);
                self.push_item(item);
            }
            O::LocalSet { local_index } => {
                let item = self.pop_item();
                self.locals.insert(local_index, item);
            }
            O::LocalTee { local_index } => {
                let item = self.pop_item();
                self.locals.insert(local_index, item);
                self.push_item(item);
            }
            O::GlobalGet { .. } | O::MemorySize { .. } => self.push(None),
            O::GlobalSet { .. } | O::Drop | O::BrIf { .. } | O::If { .. } => {
                self.pop();
            }
            O::Block { .. } | O::Nop => {}
            O::I32Store { memarg } => self.store(memarg, 4, Some(i32_of)),
            O::I64Store { memarg } => self.store(memarg, 8, Some(WasmValue::I64)),
            O::F32Store { memarg } => self.store(memarg, 4, Some(f32_of)),
            O::F64Store { memarg } => self.store(memarg, 8, Some(WasmValue::F64)),
            O::I32Store8 { memarg } | O::I64Store8 { memarg } => self.store(memarg, 1, None),
            O::I32Store16 { memarg } | O::I64Store16 { memarg } => self.store(memarg, 2, None),
            O::I64Store32 { memarg } => self.store(memarg, 4, None),
            O::Select => {
                let (condition, second, first) = (self.pop(), self.pop(), self.pop());
                self.push(match condition {
                    Some(WasmValue::I32(0)) => second,
                    Some(WasmValue::I32(_)) => first,
                    _ => None,
                });
            }
            _ if self.load(operator) || self.compute(operator) => {}
            // What it takes and gives is not known here, so nothing of what is left is.
            _ => {
                self.operands.clear();
                self.kept.clear();
                return true;
            }
        }
        is_store(operator)
    }

    /// A store of `size` bytes; `make` is what reads them back when they are a whole number.
    fn store(&mut self, memarg: MemArg, size: usize, make: Option<fn(u64) -> WasmValue>) {
        let (item, address) = (self.pop_item(), self.pop());
        let address = address
            .and_then(WasmValue::as_address)
            .filter(|_| memarg.memory == 0)
            .and_then(|address| address.checked_add(memarg.offset));
        let Some(address) = address else {
            // Anywhere.
            self.kept.clear();
            return;
        };
        let end = |address: u64, size: usize| address.saturating_add(size as u64);
        self.kept.retain(|_, kept| {
            end(kept.address, kept.size) <= address || end(address, size) <= kept.address
        });
        if let (Some(Item::Unknown(number)), Some(make)) = (item, make) {
            let kept = Kept {
                address,
                size,
                make,
            };
            self.kept.insert(number, kept);
        }
    }

    /// Loads; `false` for other opcodes. What is read now is what was read then only when nothing
    /// on the way from there may have written.
    fn load(&mut self, operator: &Operator<'_>) -> bool {
        use Operator as O;
        let (memarg, size, signed, make): (MemArg, usize, bool, fn(u64) -> WasmValue) =
            match *operator {
                O::I32Load { memarg } => (memarg, 4, false, i32_of),
                O::I64Load { memarg } => (memarg, 8, false, WasmValue::I64),
                O::F32Load { memarg } => (memarg, 4, false, f32_of),
                O::F64Load { memarg } => (memarg, 8, false, WasmValue::F64),
                O::I32Load8U { memarg } => (memarg, 1, false, i32_of),
                O::I32Load8S { memarg } => (memarg, 1, true, i32_of),
                O::I32Load16U { memarg } => (memarg, 2, false, i32_of),
                O::I32Load16S { memarg } => (memarg, 2, true, i32_of),
                O::I64Load8U { memarg } => (memarg, 1, false, WasmValue::I64),
                O::I64Load8S { memarg } => (memarg, 1, true, WasmValue::I64),
                O::I64Load16U { memarg } => (memarg, 2, false, WasmValue::I64),
                O::I64Load16S { memarg } => (memarg, 2, true, WasmValue::I64),
                O::I64Load32U { memarg } => (memarg, 4, false, WasmValue::I64),
                O::I64Load32S { memarg } => (memarg, 4, true, WasmValue::I64),
                _ => return false,
            };
        let address = self.pop().and_then(WasmValue::as_address);
        let value = address
            .filter(|_| self.writes == 0 && memarg.memory == 0)
            .and_then(|address| self.read(address.checked_add(memarg.offset)?, size, signed));
        self.push(value.map(make));
        true
    }

    fn read(&self, address: u64, size: usize, signed: bool) -> Option<u64> {
        let mut bytes = [0; 8];
        self.state.read(address, bytes.get_mut(..size)?).ok()?;
        let value = u64::from_le_bytes(bytes);
        if !signed {
            return Some(value);
        }
        let unused = 64u32.checked_sub(u32::try_from(size.checked_mul(8)?).ok()?)?;
        let shifted = value.checked_shl(unused)?.cast_signed();
        Some(shifted.checked_shr(unused)?.cast_unsigned())
    }

    /// Arithmetic, and opcodes whose result nobody needs to know; `false` for others.
    fn compute(&mut self, operator: &Operator<'_>) -> bool {
        use Operator as O;
        use WasmValue::{I32, I64};
        match operator {
            O::I32Eqz | O::I64Eqz | O::I32Clz | O::I32Ctz | O::I32Popcnt => {
                self.pop();
                self.push(None);
            }
            O::I32WrapI64 => self.unary(|value| match value {
                I64(value) => Some(i32_of(value)),
                _ => None,
            }),
            O::I64ExtendI32U => self.unary(|value| match value {
                I32(value) => Some(I64(value.into())),
                _ => None,
            }),
            O::I64ExtendI32S => self.unary(|value| match value {
                I32(value) => Some(I64(i64::from(value.cast_signed()).cast_unsigned())),
                _ => None,
            }),
            O::I32Add | O::I64Add => self.binary(u32::wrapping_add, u64::wrapping_add),
            O::I32Sub | O::I64Sub => self.binary(u32::wrapping_sub, u64::wrapping_sub),
            O::I32Mul | O::I64Mul => self.binary(u32::wrapping_mul, u64::wrapping_mul),
            O::I32And | O::I64And => self.binary(|a, b| a & b, |a, b| a & b),
            O::I32Or | O::I64Or => self.binary(|a, b| a | b, |a, b| a | b),
            O::I32Xor | O::I64Xor => self.binary(|a, b| a ^ b, |a, b| a ^ b),
            // Shifts take their distance modulo the width, as `wrapping_shl` does.
            O::I32Shl => self.binary(u32::wrapping_shl, |_, _| 0),
            O::I32ShrU => self.binary(u32::wrapping_shr, |_, _| 0),
            O::I32Eq
            | O::I32Ne
            | O::I32LtS
            | O::I32LtU
            | O::I32GtS
            | O::I32GtU
            | O::I32LeS
            | O::I32LeU
            | O::I32GeS
            | O::I32GeU
            | O::I64Eq
            | O::I64Ne
            | O::I64LtS
            | O::I64LtU
            | O::I64GtS
            | O::I64GtU
            | O::I64LeS
            | O::I64LeU
            | O::I64GeS
            | O::I64GeU => {
                self.pop();
                self.pop();
                self.push(None);
            }
            _ => return false,
        }
        true
    }

    fn unary(&mut self, operation: impl Fn(WasmValue) -> Option<WasmValue>) {
        let value = self.pop().and_then(operation);
        self.push(value);
    }

    fn binary(&mut self, narrow: fn(u32, u32) -> u32, wide: fn(u64, u64) -> u64) {
        let (right, left) = (self.pop(), self.pop());
        let value = match (left, right) {
            (Some(WasmValue::I32(left)), Some(WasmValue::I32(right))) => {
                Some(WasmValue::I32(narrow(left, right)))
            }
            (Some(WasmValue::I64(left)), Some(WasmValue::I64(right))) => {
                Some(WasmValue::I64(wide(left, right)))
            }
            _ => None,
        };
        self.push(value);
    }

    /// A local as it was set on the way, or as the stop knows it when nothing sets it after.
    fn local(&self, index: u32) -> Option<Item> {
        if let Some(known) = self.locals.get(&index) {
            return *known;
        }
        // Of a local that the line sets later, the stop knows what it was set to.
        match self.assignments.contains(&index) {
            true => None,
            false => Some(
                self.state
                    .wasm_local(index)
                    .map_or(Item::Unknown(index.into()), Item::Known),
            ),
        }
    }

    fn push(&mut self, value: Option<WasmValue>) {
        let item = value.map_or(Item::Unknown(self.next), Item::Known);
        self.next = self.next.saturating_add(1);
        self.push_item(Some(item));
    }

    fn push_item(&mut self, item: Option<Item>) {
        if self.operands.len() >= MAX_OPERANDS {
            // The top part of the real stack is left.
            self.operands.clear();
        }
        self.operands.push(item);
    }

    fn pop(&mut self) -> Option<WasmValue> {
        self.pop_item().and_then(Item::known)
    }

    fn pop_item(&mut self) -> Option<Item> {
        self.operands.pop().flatten()
    }
}

/// Whether an opcode is a plain store.
fn is_store(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::I32Store { .. }
            | O::I64Store { .. }
            | O::F32Store { .. }
            | O::F64Store { .. }
            | O::I32Store8 { .. }
            | O::I32Store16 { .. }
            | O::I64Store8 { .. }
            | O::I64Store16 { .. }
            | O::I64Store32 { .. }
    )
}

/// The low half, as an `i32`.
fn i32_of(value: u64) -> WasmValue {
    WasmValue::I32(low_half(value))
}

fn f32_of(bits: u64) -> WasmValue {
    WasmValue::F32(low_half(bits))
}

fn low_half(bits: u64) -> u32 {
    // Cannot fail: the upper half is masked out.
    u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
