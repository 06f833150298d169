//! A small abstract interpreter of one body: a value is an address in a variable's memory, a constant, a
//! flag just read, or none of those; what a local holds is one such value for the whole function,
//! whatever the order of the opcodes. Where an address is computed in a way that is not followed,
//! whatever is done with it counts as done with everything.

use super::uses::{At, FlagBranch, Use, Uses};
use crate::wasm::{CoreModule, FunctionBody, plain_arity};
use std::collections::{HashMap, HashSet};
use wasmparser::{BlockType, FuncType, MemArg, Operator};

/// How often a body is walked until it is known what its locals hold.
const MAX_WALKS: usize = 8;

/// Opcodes of a function that is looked at; larger ones are not.
const MAX_OPCODES: usize = 1 << 20;

/// Operands that are taken and given on one walk, more than which no compiler's code has.
const MAX_WORK: usize = 16 << 20;

/// The deepest nesting of blocks that is followed.
const MAX_BLOCKS: usize = 4096;

/// Reads a body. `frame` is the local that holds the function's frame. `None` when the body is too
/// large, or does what is not followed here.
pub(super) fn read(module: &CoreModule, body: &FunctionBody, frame: Option<u32>) -> Option<Uses> {
    let code = module.code_of(body);
    if code.len() > MAX_OPCODES || code.catches_exceptions() {
        return None;
    }
    let parameters = module.function_type(body.index)?.params().len();
    let mut locals = Locals::new(module, body, u32::try_from(parameters).ok()?, frame)?;
    for _ in 0..MAX_WALKS {
        let mut walk = Walk::new(module, &locals);
        for (position, (_, operator)) in (0..).zip(module.opcodes(body)) {
            walk.step(position, &operator)?;
        }
        if walk.held == locals.held {
            return Some(walk.found);
        }
        locals.held = walk.held;
    }
    None
}

/// What an operand or a local is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    /// Nothing that matters here.
    Plain,
    Constant(i64),
    Address(At),
    /// An address in what begins there: of an element, by an index.
    Inside(At),
    /// An address in a variable's memory that is not known.
    SomeAddress,
    /// The byte that was read there, or its opposite.
    Flag {
        at: At,
        set: bool,
    },
    /// What a local holds that is none of the above.
    Of(u32),
}

impl Value {
    fn join(self, other: Value) -> Value {
        let is_address = |value| {
            matches!(
                value,
                Value::Address(_) | Value::Inside(_) | Value::SomeAddress
            )
        };
        match (self, other) {
            (one, other) if one == other => one,
            (one, other) if is_address(one) || is_address(other) => Value::SomeAddress,
            _ => Value::Plain,
        }
    }
}

/// What the locals of a function hold.
struct Locals {
    parameters: u32,
    /// The one that the function's frame is in.
    frame: Option<u32>,
    /// Those that addresses count from.
    bases: HashSet<u32>,
    /// The others, those that are written.
    held: HashMap<u32, Value>,
}

impl Locals {
    fn new(
        module: &CoreModule,
        body: &FunctionBody,
        parameters: u32,
        frame: Option<u32>,
    ) -> Option<Self> {
        let mut written: HashMap<u32, u32> = HashMap::new();
        for (_, operator) in module.opcodes(body) {
            if let Operator::LocalSet { local_index } | Operator::LocalTee { local_index } =
                operator
            {
                let times = written.entry(local_index).or_default();
                *times = times.saturating_add(1);
            }
        }
        let mut bases: HashSet<u32> = HashSet::new();
        bases.extend((0..parameters.min(1000)).filter(|local| !written.contains_key(local)));
        if let Some(frame) = frame {
            let once = if frame < parameters { 0 } else { 1 };
            if written.get(&frame).copied().unwrap_or(0) != once {
                return None;
            }
            bases.insert(frame);
        }
        Some(Locals {
            parameters,
            frame,
            bases,
            held: HashMap::new(),
        })
    }
}

/// An open block.
struct Block {
    ty: BlockType,
    /// Operands below its parameters.
    base: usize,
}

struct Walk<'m> {
    module: &'m CoreModule,
    locals: &'m Locals,
    /// What this walk sees written to locals.
    held: HashMap<u32, Value>,
    operands: Vec<Value>,
    blocks: Vec<Block>,
    /// How many blocks were opened since execution cannot come here.
    dead: Option<usize>,
    position: u32,
    /// How many operands may still be taken and given.
    left: usize,
    found: Uses,
}

impl<'m> Walk<'m> {
    fn new(module: &'m CoreModule, locals: &'m Locals) -> Self {
        Walk {
            module,
            locals,
            held: HashMap::new(),
            operands: Vec::new(),
            blocks: vec![Block {
                ty: BlockType::Empty,
                base: 0,
            }],
            dead: None,
            position: 0,
            left: MAX_WORK,
            found: Uses::default(),
        }
    }

    /// Goes on by one opcode; `None` when it is one that is not followed here.
    fn step(&mut self, position: u32, operator: &Operator<'_>) -> Option<()> {
        self.position = position;
        if let Some(depth) = self.dead {
            return self.pass_dead(depth, operator);
        }
        match operator {
            Operator::LocalGet { local_index } => self.get(*local_index),
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.set(*local_index, value);
            }
            Operator::LocalTee { local_index } => {
                self.found.optimised = true;
                let value = self.pop();
                self.set(*local_index, value);
                self.get(*local_index);
            }
            Operator::I32Const { value } => self.push(Value::Constant(i64::from(*value))),
            Operator::I64Const { value } => self.push(Value::Constant(*value)),
            Operator::I32Add | Operator::I64Add => {
                let (right, left) = (self.pop(), self.pop());
                self.add(left, right);
            }
            Operator::I32Sub | Operator::I64Sub => {
                let (right, left) = (self.pop(), self.pop());
                match right {
                    Value::Constant(by) => self.add(left, Value::Constant(by.wrapping_neg())),
                    right => self.mix(&[left, right], 1),
                }
            }
            Operator::I32And | Operator::I32Eqz => self.condition(operator),
            Operator::GlobalSet { .. } => {
                // The stack pointer gets the frame's end back. Nobody reads variables through it.
                self.pop();
            }
            Operator::Drop => {
                self.pop();
            }
            _ => return self.memory(operator).or_else(|| self.control(operator)),
        }
        Some(())
    }

    fn push(&mut self, value: Value) {
        self.operands.push(value);
    }

    fn pop(&mut self) -> Value {
        let base = self.blocks.last().map_or(0, |block| block.base);
        if self.operands.len() <= base {
            return Value::Plain;
        }
        self.operands.pop().unwrap_or(Value::Plain)
    }

    fn get(&mut self, local: u32) {
        let value = if self.locals.bases.contains(&local) {
            Value::Address(At {
                base: local,
                offset: 0,
            })
        } else {
            match self.locals.held.get(&local) {
                Some(Value::Plain) | None => Value::Of(local),
                Some(value) => *value,
            }
        };
        self.push(value);
    }

    fn set(&mut self, local: u32, value: Value) {
        if self.locals.bases.contains(&local) {
            return;
        }
        let value = match value {
            Value::Of(from) => {
                self.found.copy(from);
                Value::Plain
            }
            value => value,
        };
        // A parameter has a value before anything is written.
        let before = self.held.get(&local).copied();
        let before = before.or((local < self.locals.parameters).then_some(Value::Plain));
        let joined = before.map_or(value, |before| before.join(value));
        self.held.insert(local, joined);
    }

    fn add(&mut self, left: Value, right: Value) {
        match (left, right) {
            (Value::Address(at), Value::Constant(by))
            | (Value::Constant(by), Value::Address(at)) => {
                self.push(Value::Address(At {
                    offset: at.offset.saturating_add(by),
                    ..at
                }));
            }
            (Value::Constant(one), Value::Constant(other)) => {
                self.push(Value::Constant(one.wrapping_add(other)));
            }
            // An element of an array: wherever that is, it is in what begins here.
            (Value::Address(at), other) | (other, Value::Address(at)) => {
                self.note(Use::Address(at));
                self.mix(&[other], 0);
                self.push(Value::Inside(at));
            }
            (Value::Inside(at), other) | (other, Value::Inside(at)) => {
                self.mix(&[other], 0);
                self.push(Value::Inside(at));
            }
            (left, right) => self.mix(&[left, right], 1),
        }
    }

    /// `flag & 1` and `!flag` are still about the flag.
    fn condition(&mut self, operator: &Operator<'_>) {
        let value = self.pop();
        if matches!(operator, Operator::I32Eqz) {
            return match value {
                Value::Flag { at, set } => self.push(Value::Flag { at, set: !set }),
                value => self.mix(&[value], 1),
            };
        }
        match (self.pop(), value) {
            (flag @ Value::Flag { .. }, Value::Constant(1))
            | (Value::Constant(1), flag @ Value::Flag { .. }) => self.push(flag),
            (left, right) => self.mix(&[left, right], 1),
        }
    }

    /// An opcode that makes something else of its operands.
    fn mix(&mut self, operands: &[Value], results: usize) {
        let mut result = Value::Plain;
        for operand in operands {
            match operand {
                Value::Address(at) => {
                    self.note(Use::Address(*at));
                    result = Value::SomeAddress;
                }
                Value::Inside(at) => {
                    self.note(Use::Address(*at));
                    result = Value::SomeAddress;
                }
                Value::SomeAddress => {
                    self.note(Use::Anywhere);
                    result = Value::SomeAddress;
                }
                Value::Of(local) => self.note(Use::Local(*local)),
                Value::Plain | Value::Constant(_) | Value::Flag { .. } => {}
            }
        }
        self.operands.extend(std::iter::repeat_n(result, results));
    }

    fn note(&mut self, found: Use) {
        self.found.note(self.position, found);
    }

    /// Opcodes that read and write memory, of the kinds that compilers write for variables.
    fn memory(&mut self, operator: &Operator<'_>) -> Option<()> {
        use Operator as O;
        match operator {
            O::I32Load8U { memarg } => {
                let address = self.pop();
                match self.place(address, memarg) {
                    Some(at) => {
                        self.note(Use::Read { at, size: 1 });
                        self.push(Value::Flag { at, set: true });
                    }
                    None => self.mix(&[address], 1),
                }
            }
            O::I32Load { memarg } | O::F32Load { memarg } => self.load(memarg, 4),
            O::I64Load { memarg } | O::F64Load { memarg } => self.load(memarg, 8),
            O::I32Load8S { memarg } => self.load(memarg, 1),
            O::I32Load16S { memarg } | O::I32Load16U { memarg } => self.load(memarg, 2),
            O::V128Load { memarg } => self.load(memarg, 16),
            O::I32Store8 { memarg } => self.store(memarg, 1),
            O::I32Store16 { memarg } => self.store(memarg, 2),
            O::I32Store { memarg } | O::F32Store { memarg } => self.store(memarg, 4),
            O::I64Store { memarg } | O::F64Store { memarg } => self.store(memarg, 8),
            O::V128Store { memarg } => self.store(memarg, 16),
            _ => return None,
        }
        Some(())
    }

    fn place(&self, address: Value, memarg: &MemArg) -> Option<At> {
        let Value::Address(at) = address else {
            return None;
        };
        let by = i64::try_from(memarg.offset).ok()?;
        Some(At {
            offset: at.offset.checked_add(by)?,
            ..at
        })
    }

    fn load(&mut self, memarg: &MemArg, size: u64) {
        let address = self.pop();
        match self.place(address, memarg) {
            Some(at) => {
                self.note(Use::Read { at, size });
                self.push(Value::Plain);
            }
            None => {
                self.mix(&[address], 0);
                self.push(Value::Plain);
            }
        }
    }

    fn store(&mut self, memarg: &MemArg, size: u64) {
        let (value, address) = (self.pop(), self.pop());
        let place = self.place(address, memarg);
        let Some(at) = place else {
            return self.mix(&[value, address], 0);
        };
        if !matches!(value, Value::Constant(_)) || size > 1 {
            self.note(Use::Write { at, size });
        }
        match value {
            Value::Constant(value) if size == 1 => self.note(Use::SetByte {
                at,
                value: value.to_le_bytes()[0],
            }),
            Value::Address(whole) if whole.offset == 0 && Some(whole.base) != self.locals.frame => {
                // A parameter, which may be the value, or point to one.
                self.note(Use::Address(whole));
                self.keep(whole.base, at, size);
            }
            Value::Of(local) => self.keep(local, at, size),
            value => {
                self.found.spill(at, None);
                self.mix(&[value], 0);
            }
        }
    }

    /// A Wasm local's value is written to a place.
    fn keep(&mut self, local: u32, at: At, size: u64) {
        self.found.spill(at, Some((local, size)));
        self.note(Use::Kept { local, at });
    }

    fn control(&mut self, operator: &Operator<'_>) -> Option<()> {
        match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } => self.open(*blockty)?,
            Operator::If { blockty } => {
                // The branch of an `if` goes to the other half, when the condition does not hold.
                self.decide(false);
                self.open(*blockty)?;
            }
            Operator::Else => self.other_half()?,
            Operator::End => self.close()?,
            Operator::Br { .. } | Operator::BrTable { .. } | Operator::Return => self.leave(),
            Operator::Unreachable => self.leave(),
            Operator::BrIf { .. } => self.decide(true),
            Operator::Call { function_index } => {
                let ty = self.module.function_type(*function_index)?;
                self.call(ty, 0)?;
            }
            Operator::CallIndirect { type_index, .. } => {
                let ty = self.module.type_at(*type_index)?;
                self.call(ty, 1)?;
            }
            Operator::Nop => {}
            other => {
                let (taken, given) = plain_arity(other)?;
                let given = usize::try_from(given).ok()?;
                let operands = self.take(usize::try_from(taken).ok()?, given)?;
                self.mix(&operands, given);
            }
        }
        Some(())
    }

    /// Takes operands for an opcode that gives `given`; `None` when there have been too many.
    fn take(&mut self, count: usize, given: usize) -> Option<Vec<Value>> {
        let work = count.saturating_add(given).saturating_add(1);
        self.left = self.left.checked_sub(work)?;
        Some((0..count).map(|_| self.pop()).collect())
    }

    /// A call. What it gives may point to what it was given, and is not that.
    fn call(&mut self, ty: &FuncType, more: usize) -> Option<()> {
        let taken = ty.params().len().checked_add(more)?;
        let operands = self.take(taken, ty.results().len())?;
        self.mix(&operands, 0);
        let results = std::iter::repeat_n(Value::Plain, ty.results().len());
        self.operands.extend(results);
        Some(())
    }

    /// A branch on the topmost operand, to its target when that is not zero if `when_true`.
    fn decide(&mut self, when_true: bool) {
        match self.pop() {
            Value::Flag { at, set } => {
                let branch = FlagBranch {
                    flag: at,
                    when_set: set == when_true,
                };
                self.found.decide(self.position, branch);
            }
            value => self.mix(&[value], 0),
        }
    }

    fn open(&mut self, ty: BlockType) -> Option<()> {
        let (parameters, _) = self.arity(ty)?;
        if self.blocks.len() >= MAX_BLOCKS {
            return None;
        }
        let operands = self.take(parameters, parameters)?;
        self.mix(&operands, parameters);
        let base = self.operands.len().saturating_sub(parameters);
        self.blocks.push(Block { ty, base });
        Some(())
    }

    fn arity(&self, ty: BlockType) -> Option<(usize, usize)> {
        let (parameters, results) = self.module.block_arity(ty)?;
        Some((parameters.try_into().ok()?, results.try_into().ok()?))
    }

    fn other_half(&mut self) -> Option<()> {
        let block = self.blocks.last()?;
        let (base, ty) = (block.base, block.ty);
        let (parameters, _) = self.arity(ty)?;
        self.left = self.left.checked_sub(parameters)?;
        self.forget_down_to(base);
        self.operands
            .extend(std::iter::repeat_n(Value::Plain, parameters));
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let block = self.blocks.pop()?;
        let (_, results) = self.arity(block.ty)?;
        self.left = self.left.checked_sub(results)?;
        self.forget_down_to(block.base);
        // Results come from several places, and may be addresses in one of them.
        let result = match results {
            0 => Value::Plain,
            _ => Value::SomeAddress,
        };
        self.operands.extend(std::iter::repeat_n(result, results));
        Some(())
    }

    /// Control goes elsewhere, and takes what it needs of the operands along.
    fn leave(&mut self) {
        let base = self.blocks.last().map_or(0, |block| block.base);
        self.forget_down_to(base);
        self.dead = Some(0);
    }

    fn forget_down_to(&mut self, base: usize) {
        let left = self.operands.split_off(base.min(self.operands.len()));
        self.mix(&left, 0);
    }

    fn pass_dead(&mut self, depth: usize, operator: &Operator<'_>) -> Option<()> {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.dead = Some(depth.saturating_add(1));
            }
            Operator::End if depth > 0 => self.dead = Some(depth - 1),
            Operator::End => {
                self.dead = None;
                self.close()?;
            }
            Operator::Else if depth == 0 => {
                self.dead = None;
                self.other_half()?;
            }
            _ => {}
        }
        Some(())
    }
}
