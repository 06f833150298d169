//! Following the stack pointer through one body.
//!
//! A small abstract interpreter. It knows of each local, and of the topmost operands, whether
//! they hold a constant or an address on the shadow stack; all else is unknown. Where paths meet,
//! what they do not agree on becomes unknown. Loops are walked again until their head is stable,
//! a bounded number of times.
//!
//! The operand stack kept here is always the top part of the real one: an opcode that is not
//! listed empties it, and taking from an empty one gives "unknown". So no opcode can be wrong
//! here, only ignored.

use super::{Alignment, Height, StackPointer, StackState};
use crate::offsets::CodeOffset;
use crate::wasm::{CoreModule, FunctionBody};
use std::collections::{BTreeMap, HashMap, HashSet};
use wasmparser::{BinaryReader, Catch, Operator, OperatorsReader};

/// How often a body is walked until its loops are stable, before all loop heads are taken for
/// unknown.
const MAX_WALKS: usize = 12;
/// Operands remembered at a time; prologues need three.
const MAX_OPERANDS: usize = 64;
/// Locals remembered at a time. Each is copied at each branch; a body of a stranger may have
/// 50,000 of both.
const MAX_LOCALS: usize = 256;
/// Locals until which constants in them are remembered too: clang puts the size of a frame there
/// when it does not optimise.
const MAX_CONSTANTS: usize = 16;

/// What is known of a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Constant(i64),
    Stack(Height),
}

/// What is known where execution stands.
#[derive(Clone, PartialEq, Eq)]
struct State {
    pointer: Option<Height>,
    locals: BTreeMap<u32, Known>,
    alignment: Option<Alignment>,
}

impl State {
    /// Keeps what both agree on.
    fn join(&mut self, other: &State) {
        if self.pointer != other.pointer {
            self.pointer = None;
        }
        self.locals
            .retain(|index, known| other.locals.get(index) == Some(known));
        if self.alignment != other.alignment {
            self.forget_aligned();
        }
    }

    /// Two aligned bases in one body: which of them an address is relative to is not told apart.
    fn forget_aligned(&mut self) {
        self.alignment = None;
        self.locals
            .retain(|_, known| !matches!(known, Known::Stack(Height::Aligned(_))));
        if matches!(self.pointer, Some(Height::Aligned(_))) {
            self.pointer = None;
        }
    }

    fn unknown() -> Self {
        State {
            pointer: None,
            locals: BTreeMap::new(),
            alignment: None,
        }
    }
}

/// An open block.
struct Label {
    /// The offset of the `loop` opcode, when it is one: branches go back there.
    loop_head: Option<usize>,
    /// What those who jump to the block's end know.
    at_end: Option<State>,
    /// What was known where an `if` began: its `else` begins with that.
    at_else: Option<State>,
    /// What is known where an exception arrives (legacy `try`).
    at_catch: Option<State>,
}

/// The opcodes of a body; `None` when it lies outside the module.
fn operators<'a>(module: &'a CoreModule, body: &FunctionBody) -> Option<OperatorsReader<'a>> {
    let base = module.code.start;
    let start = usize::try_from(base.checked_add(body.first_opcode.0)?).ok()?;
    let end = usize::try_from(base.checked_add(body.range.end.0)?).ok()?;
    let bytes = module.bytes().get(start..end)?;
    Some(OperatorsReader::new(BinaryReader::new(bytes, start)))
}

/// The global that the body begins by reading and lowering by a constant.
pub(super) fn lowered_on_entry(module: &CoreModule, body: &FunctionBody) -> Option<u32> {
    let mut operators = operators(module, body)?;
    let Ok(Operator::GlobalGet { global_index }) = operators.read() else {
        return None;
    };
    let lowered_by = match operators.read().ok()? {
        Operator::I32Const { value } => i64::from(value),
        Operator::I64Const { value } => value,
        _ => return None,
    };
    let subtracts = matches!(operators.read().ok()?, Operator::I32Sub | Operator::I64Sub);
    // `x - 1` is a counter; frames are multiples of eight or more.
    (subtracts && lowered_by >= 8 && lowered_by % 8 == 0).then_some(global_index)
}

/// The state before the opcode that holds `pc`.
pub(super) fn follow(
    module: &CoreModule,
    pointer: StackPointer,
    body: &FunctionBody,
    pc: CodeOffset,
) -> StackState {
    let target = module.code.start.saturating_add(pc.0);
    let reassigned = operators(module, body).map(reassigned).unwrap_or_default();
    let mut heads = HashMap::new();
    for walks_left in (0..=MAX_WALKS).rev() {
        let mut walker = Walker::new(pointer, &heads, &reassigned, walks_left == 0);
        let reached = operators(module, body).and_then(|operators| walker.walk(operators, target));
        let frame = walker.frame;
        let changed = walker.changed;
        if changed.is_empty() || walks_left == 0 {
            return finish(pointer, reached, frame);
        }
        heads.extend(changed);
    }
    finish(pointer, None, None)
}

/// The locals that are assigned in more than one place, in a body that can catch exceptions; no
/// other body needs them.
fn reassigned(mut operators: OperatorsReader<'_>) -> HashSet<u32> {
    let (mut once, mut again) = (HashSet::new(), HashSet::new());
    let mut catches = false;
    while let Ok(operator) = operators.read() {
        match operator {
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index }
                if !once.insert(local_index) =>
            {
                again.insert(local_index);
            }
            Operator::Try { .. } | Operator::TryTable { .. } => catches = true,
            _ => {}
        }
    }
    if catches { again } else { HashSet::new() }
}

fn finish(pointer: StackPointer, state: Option<State>, frame: Option<u64>) -> StackState {
    let reached = state.is_some();
    let state = state.unwrap_or_else(State::unknown);
    StackState {
        pointer,
        reached,
        height: state.pointer,
        locals: state
            .locals
            .into_iter()
            .filter_map(|(index, known)| Some((index, height_of(Some(known))?)))
            .collect(),
        alignment: state.alignment,
        frame,
    }
}

/// One walk through a body.
struct Walker<'h> {
    stack_pointer: StackPointer,
    /// What loops begin with, where an earlier walk found that it is less than what is known
    /// when they are entered.
    heads: &'h HashMap<usize, State>,
    /// Locals that may change while a block that catches exceptions runs.
    reassigned: &'h HashSet<u32>,
    /// Whether every loop begins with nothing known.
    give_up_on_loops: bool,
    /// What this walk adds to `heads`.
    changed: HashMap<usize, State>,
    /// What loops began with in this walk.
    begun: HashMap<usize, State>,
    labels: Vec<Label>,
    operands: Vec<Option<Known>>,
    /// `None` where no execution gets.
    state: Option<State>,
    frame: Option<u64>,
}

impl<'h> Walker<'h> {
    fn new(
        stack_pointer: StackPointer,
        heads: &'h HashMap<usize, State>,
        reassigned: &'h HashSet<u32>,
        give_up_on_loops: bool,
    ) -> Self {
        Walker {
            stack_pointer,
            heads,
            reassigned,
            give_up_on_loops,
            changed: HashMap::new(),
            begun: HashMap::new(),
            labels: Vec::new(),
            operands: Vec::new(),
            state: Some(State {
                pointer: Some(Height::Entry(0)),
                locals: BTreeMap::new(),
                alignment: None,
            }),
            frame: None,
        }
    }

    /// Walks the whole body, since a loop's end decides what its head knows, and returns what is
    /// known before the opcode at module offset `target`.
    fn walk(&mut self, mut operators: OperatorsReader<'_>, target: u64) -> Option<State> {
        let mut reached = None;
        let mut found = false;
        while !operators.eof() {
            let Ok((operator, offset)) = operators.read_with_offset() else {
                break;
            };
            let next = operators.original_position() as u64;
            if !found && target < next {
                // A pc before the first opcode (a stack overflow on entry) gets the first one's.
                found = true;
                reached = self.state.clone();
            }
            if found && !self.labels.iter().any(|label| label.loop_head.is_some()) {
                break;
            }
            self.step(&operator, offset);
        }
        reached
    }

    fn step(&mut self, operator: &Operator<'_>, offset: usize) {
        if !self.control(operator, offset) && self.state.is_some() {
            self.compute(operator);
        }
    }

    /// Blocks and branches; `false` for opcodes that are neither.
    fn control(&mut self, operator: &Operator<'_>, offset: usize) -> bool {
        match operator {
            Operator::Block { .. } => self.open(None),
            Operator::Loop { .. } => self.open_loop(offset),
            Operator::If { .. } => {
                self.open(None);
                let before = self.state.clone();
                if let Some(label) = self.labels.last_mut() {
                    label.at_else = before;
                }
            }
            Operator::Else => {
                let other = self
                    .labels
                    .last_mut()
                    .and_then(|label| label.at_else.take());
                self.jump(0);
                self.state = other;
            }
            Operator::Try { .. } => {
                self.open(None);
                let caught = self.caught();
                if let Some(label) = self.labels.last_mut() {
                    label.at_catch = caught;
                }
            }
            Operator::Catch { .. } | Operator::CatchAll => {
                self.jump(0);
                self.state = self.labels.last().and_then(|label| label.at_catch.clone());
            }
            Operator::Delegate { .. } | Operator::End => self.close(),
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    let (Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label }) = catch;
                    let caught = self.caught();
                    // Labels count from outside the block that is being opened.
                    self.arrive(*label, caught);
                }
                self.open(None);
            }
            Operator::Br { relative_depth } => {
                self.jump(*relative_depth);
                self.state = None;
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.jump(*relative_depth),
            Operator::BrTable { targets } => {
                let mut labels: Vec<u32> = targets.targets().flatten().collect();
                labels.push(targets.default());
                // A table names the same few labels again and again.
                labels.sort_unstable();
                labels.dedup();
                for label in labels {
                    self.jump(label);
                }
                self.state = None;
            }
            Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Rethrow { .. }
            | Operator::Unreachable => self.state = None,
            _ => return false,
        }
        self.operands.clear();
        true
    }

    /// What is known where an exception is caught that was thrown somewhere inside the block that
    /// begins here. The throwing function did not put the stack pointer back, and locals may have
    /// been assigned in between; the code restores what it needs.
    fn caught(&self) -> Option<State> {
        let mut state = self.state.clone()?;
        state.pointer = None;
        state
            .locals
            .retain(|index, _| !self.reassigned.contains(index));
        Some(state)
    }

    fn open(&mut self, loop_head: Option<usize>) {
        self.labels.push(Label {
            loop_head,
            at_end: None,
            at_else: None,
            at_catch: None,
        });
    }

    fn open_loop(&mut self, offset: usize) {
        self.open(Some(offset));
        let Some(state) = &mut self.state else { return };
        if self.give_up_on_loops {
            *state = State::unknown();
        } else if let Some(head) = self.heads.get(&offset) {
            state.join(head);
        }
        self.begun.insert(offset, state.clone());
    }

    fn close(&mut self) {
        let Some(label) = self.labels.pop() else {
            return;
        };
        for arriving in [label.at_end, label.at_else].into_iter().flatten() {
            match &mut self.state {
                Some(state) => state.join(&arriving),
                none => *none = Some(arriving),
            }
        }
    }

    /// Execution may go on at the label.
    fn jump(&mut self, depth: u32) {
        let state = self.state.clone();
        self.arrive(depth, state);
    }

    fn arrive(&mut self, depth: u32, state: Option<State>) {
        let Some(state) = state else { return };
        let index = usize::try_from(depth)
            .ok()
            .and_then(|depth| self.labels.len().checked_sub(depth)?.checked_sub(1));
        // No such label: the function itself, which a branch leaves.
        let Some(label) = index.and_then(|index| self.labels.get_mut(index)) else {
            return;
        };
        match (label.loop_head, &mut label.at_end) {
            (Some(head), _) => {
                let Some(begun) = self.begun.get(&head) else {
                    return;
                };
                let mut joined = self.changed.get(&head).unwrap_or(begun).clone();
                joined.join(&state);
                if joined != *begun {
                    self.changed.insert(head, joined);
                }
            }
            (None, Some(known)) => known.join(&state),
            (None, none) => *none = Some(state),
        }
    }

    /// Opcodes that move and change numbers.
    fn compute(&mut self, operator: &Operator<'_>) {
        let Some(state) = &mut self.state else { return };
        match *operator {
            Operator::I32Const { value } => self.push(Some(Known::Constant(value.into()))),
            Operator::I64Const { value } => self.push(Some(Known::Constant(value))),
            Operator::GlobalGet { global_index } => {
                let ours = global_index == self.stack_pointer.global;
                let height = state.pointer.filter(|_| ours);
                self.push(height.map(Known::Stack));
            }
            Operator::GlobalSet { global_index } => {
                let value = self.operands.pop().flatten();
                if global_index == self.stack_pointer.global {
                    state.pointer = height_of(value);
                }
                self.note_frame();
            }
            Operator::LocalGet { local_index } => {
                let known = state.locals.get(&local_index).copied();
                self.push(known);
            }
            Operator::LocalSet { local_index } => {
                let value = self.operands.pop().flatten();
                self.assign(local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.operands.last().copied().flatten();
                self.assign(local_index, value);
            }
            Operator::I32Add | Operator::I64Add => self.binary(add),
            Operator::I32Sub | Operator::I64Sub => self.binary(subtract),
            Operator::I32And | Operator::I64And => self.align(),
            Operator::Drop => {
                self.operands.pop();
            }
            _ => self.operands.clear(),
        }
    }

    fn push(&mut self, value: Option<Known>) {
        if self.operands.len() >= MAX_OPERANDS {
            // Forgetting the lower part leaves the top part of the real stack.
            self.operands.clear();
        }
        self.operands.push(value);
    }

    fn assign(&mut self, local: u32, value: Option<Known>) {
        let Some(state) = &mut self.state else { return };
        let most = match value {
            Some(Known::Constant(_)) => MAX_CONSTANTS,
            _ => MAX_LOCALS,
        };
        match value {
            Some(known) if state.locals.len() < most => {
                state.locals.insert(local, known);
            }
            _ => {
                state.locals.remove(&local);
            }
        }
    }

    fn binary(&mut self, operation: fn(Known, Known) -> Option<Known>) {
        let right = self.operands.pop().flatten();
        let left = self.operands.pop().flatten();
        let value = left
            .zip(right)
            .and_then(|(left, right)| operation(left, right));
        self.push(value);
        if let Some(Known::Stack(height)) = value {
            self.note_depth(height);
        }
    }

    /// `and` with a mask of high bits rounds an address down.
    fn align(&mut self) {
        let right = self.operands.pop().flatten();
        let left = self.operands.pop().flatten();
        let ((Some(Known::Stack(Height::Entry(of))), Some(Known::Constant(mask)))
        | (Some(Known::Constant(mask)), Some(Known::Stack(Height::Entry(of))))) = (left, right)
        else {
            self.push(None);
            return;
        };
        let rounds = mask < 0 && mask.unsigned_abs().is_power_of_two();
        let alignment = Alignment { of, mask };
        let Some(state) = &mut self.state else { return };
        let value = if rounds && state.alignment.is_none_or(|known| known == alignment) {
            state.alignment = Some(alignment);
            Some(Known::Stack(Height::Aligned(0)))
        } else {
            None
        };
        self.push(value);
    }

    /// Remembers how far below its entry the function has been.
    fn note_frame(&mut self) {
        if let Some(Some(height)) = self.state.as_ref().map(|state| state.pointer) {
            self.note_depth(height);
        }
    }

    fn note_depth(&mut self, height: Height) {
        if let (Height::Entry(below), None) = (height, self.frame)
            && below < 0
        {
            self.frame = Some(below.unsigned_abs());
        }
    }
}

fn height_of(value: Option<Known>) -> Option<Height> {
    match value {
        Some(Known::Stack(height)) => Some(height),
        _ => None,
    }
}

fn add(left: Known, right: Known) -> Option<Known> {
    match (left, right) {
        (Known::Constant(a), Known::Constant(b)) => a.checked_add(b).map(Known::Constant),
        (Known::Stack(height), Known::Constant(by))
        | (Known::Constant(by), Known::Stack(height)) => raise(height, by).map(Known::Stack),
        (Known::Stack(_), Known::Stack(_)) => None,
    }
}

fn subtract(left: Known, right: Known) -> Option<Known> {
    match (left, right) {
        (Known::Constant(a), Known::Constant(b)) => a.checked_sub(b).map(Known::Constant),
        (Known::Stack(height), Known::Constant(by)) => {
            raise(height, by.checked_neg()?).map(Known::Stack)
        }
        _ => None,
    }
}

fn raise(height: Height, by: i64) -> Option<Height> {
    match height {
        Height::Entry(above) => above.checked_add(by).map(Height::Entry),
        Height::Aligned(above) => above.checked_add(by).map(Height::Aligned),
    }
}
