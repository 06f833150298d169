//! Decoding a body into its [`FunctionCode`]: opcodes go by one after the other, and where a block ends,
//! what branches there is told.

use super::{CallSite, CallTarget, Flow, FunctionCode, Opcode, RETURN};
use crate::offsets::CodeOffset;
use crate::wasm::{CoreModule, FunctionBody};
use std::collections::HashSet;
use wasmparser::Operator;

/// A block that is open while opcodes go by.
#[derive(Default)]
struct Label {
    /// Where a branch to it goes, for a loop; for others that is known at their end.
    start: Option<u32>,
    /// What waits for its end: positions of opcodes that jump or branch there.
    waiting: Vec<Waiting>,
    /// The `if` whose other branch has not begun.
    undecided: Option<u32>,
}

/// Something to be told where a block ends.
enum Waiting {
    Opcode(u32),
    /// A target of a `br_table`: which table, and where in it.
    Table(u32, u32),
    /// The handler of a `try_table`.
    Handler,
}

pub(super) struct Reading<'m> {
    module: &'m CoreModule,
    opcodes: Vec<Opcode>,
    tables: Vec<Box<[u32]>>,
    calls: Vec<CallSite>,
    written: HashSet<u32>,
    labels: Vec<Label>,
    handlers: Vec<u32>,
    catches: bool,
    /// The last opcode was a call, and waits to be told where the next one is.
    call_open: bool,
}

impl<'m> Reading<'m> {
    pub fn new(module: &'m CoreModule) -> Self {
        Reading {
            module,
            opcodes: Vec::new(),
            tables: Vec::new(),
            calls: Vec::new(),
            written: HashSet::new(),
            labels: vec![Label::default()],
            handlers: Vec::new(),
            catches: false,
            call_open: false,
        }
    }

    pub fn take(&mut self, at: CodeOffset, operator: &Operator<'_>) {
        if std::mem::take(&mut self.call_open)
            && let Some(call) = self.calls.last_mut()
        {
            call.next = at;
        }
        // Code sections are below 4 GiB, and have fewer opcodes than bytes.
        let position = u32::try_from(self.opcodes.len()).unwrap_or(RETURN);
        self.opcodes.push(Opcode {
            at: u32::try_from(at.0).unwrap_or(u32::MAX),
            flow: Flow::Next,
            label: false,
            reachable: false,
        });
        self.control(position, operator);
        self.call(at, operator);
        if let Operator::LocalSet { local_index } | Operator::LocalTee { local_index } = operator {
            self.written.insert(*local_index);
        }
    }

    fn set(&mut self, position: u32, flow: Flow) {
        if let Some(opcode) = self.opcodes.get_mut(position as usize) {
            opcode.flow = flow;
        }
    }

    fn mark_label(&mut self, position: u32) {
        if let Some(opcode) = self.opcodes.get_mut(position as usize) {
            opcode.label = true;
        }
    }

    fn control(&mut self, position: u32, operator: &Operator<'_>) {
        use Operator as O;
        match operator {
            O::Block { .. } | O::Try { .. } => self.open(position, Label::default()),
            O::Loop { .. } => self.open(
                position,
                Label {
                    start: Some(position.saturating_add(1)),
                    ..Label::default()
                },
            ),
            O::TryTable { try_table } => {
                self.catches = true;
                for catch in &try_table.catches {
                    use wasmparser::Catch;
                    let (Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label }) = catch;
                    self.branch_to(*label, Waiting::Handler);
                }
                self.open(position, Label::default());
            }
            O::If { .. } => {
                self.labels.push(Label {
                    undecided: Some(position),
                    ..Label::default()
                });
            }
            O::Else => {
                self.mark_label(position);
                let undecided = self.labels.last_mut().and_then(|l| l.undecided.take());
                if let Some(opening) = undecided {
                    self.set(opening, Flow::Branch(position.saturating_add(1)));
                }
                self.set(position, Flow::Jump(RETURN));
                self.branch_to(0, Waiting::Opcode(position));
            }
            O::Catch { .. } | O::CatchAll => {
                self.catches = true;
                self.mark_label(position);
                self.handlers.push(position.saturating_add(1));
                self.set(position, Flow::Jump(RETURN));
                self.branch_to(0, Waiting::Opcode(position));
            }
            O::End | O::Delegate { .. } => self.close(position),
            O::Br { relative_depth } => {
                self.set(position, Flow::Jump(RETURN));
                self.branch_to(*relative_depth, Waiting::Opcode(position));
            }
            O::BrIf { relative_depth }
            | O::BrOnNull { relative_depth }
            | O::BrOnNonNull { relative_depth }
            | O::BrOnCast { relative_depth, .. }
            | O::BrOnCastFail { relative_depth, .. } => {
                self.set(position, Flow::Branch(RETURN));
                self.branch_to(*relative_depth, Waiting::Opcode(position));
            }
            O::BrTable { targets } => self.br_table(position, targets),
            O::Return
            | O::ReturnCall { .. }
            | O::ReturnCallIndirect { .. }
            | O::ReturnCallRef { .. } => self.set(position, Flow::Jump(RETURN)),
            O::Unreachable | O::Throw { .. } | O::ThrowRef | O::Rethrow { .. } => {
                self.set(position, Flow::Nowhere);
            }
            _ => {}
        }
    }

    fn br_table(&mut self, position: u32, targets: &wasmparser::BrTable<'_>) {
        let mut depths: Vec<u32> = targets.targets().map_while(Result::ok).collect();
        depths.push(targets.default());
        depths.sort_unstable();
        depths.dedup();
        let table = u32::try_from(self.tables.len()).unwrap_or(RETURN);
        self.tables.push(vec![RETURN; depths.len()].into());
        self.set(position, Flow::Table(table));
        for (slot, depth) in (0..).zip(depths) {
            self.branch_to(depth, Waiting::Table(table, slot));
        }
    }

    fn open(&mut self, position: u32, label: Label) {
        self.mark_label(position);
        self.labels.push(label);
    }

    fn close(&mut self, position: u32) {
        let Some(label) = self.labels.pop() else {
            return;
        };
        // The body's own end returns: that is something done.
        let target = if self.labels.is_empty() {
            self.set(position, Flow::Jump(RETURN));
            RETURN
        } else {
            self.mark_label(position);
            position.saturating_add(1)
        };
        if let Some(opening) = label.undecided {
            self.set(opening, Flow::Branch(target));
        }
        for waiting in label.waiting {
            self.resolve(waiting, target);
        }
    }

    /// A branch to the label so many blocks further out.
    fn branch_to(&mut self, depth: u32, waiting: Waiting) {
        let index = self.labels.len().checked_sub(1);
        let index = index.and_then(|last| last.checked_sub(usize::try_from(depth).ok()?));
        let Some(label) = index.and_then(|index| self.labels.get_mut(index)) else {
            return;
        };
        match label.start {
            Some(start) => self.resolve(waiting, start),
            None => label.waiting.push(waiting),
        }
    }

    fn resolve(&mut self, waiting: Waiting, target: u32) {
        match waiting {
            Waiting::Opcode(position) => {
                if let Some(opcode) = self.opcodes.get_mut(position as usize) {
                    match &mut opcode.flow {
                        Flow::Jump(to) | Flow::Branch(to) => *to = target,
                        _ => {}
                    }
                }
            }
            Waiting::Table(table, slot) => {
                let slots = self.tables.get_mut(table as usize);
                if let Some(to) = slots.and_then(|slots| slots.get_mut(slot as usize)) {
                    *to = target;
                }
            }
            Waiting::Handler => self.handlers.push(target),
        }
    }

    fn call(&mut self, at: CodeOffset, operator: &Operator<'_>) {
        use Operator as O;
        let direct = |function: u32| match function < self.module.imported_functions {
            true => CallTarget::Import(function),
            false => CallTarget::Function(function),
        };
        let (target, tail) = match *operator {
            O::Call { function_index } => (direct(function_index), false),
            O::ReturnCall { function_index } => (direct(function_index), true),
            O::CallIndirect {
                type_index,
                table_index,
            } => (indirect(table_index, type_index), false),
            O::ReturnCallIndirect {
                type_index,
                table_index,
            } => (indirect(table_index, type_index), true),
            O::CallRef { type_index } => (CallTarget::Reference { ty: type_index }, false),
            O::ReturnCallRef { type_index } => (CallTarget::Reference { ty: type_index }, true),
            _ => return,
        };
        self.calls.push(CallSite {
            pc: at,
            next: at,
            target,
            tail,
        });
        self.call_open = true;
    }

    pub fn finish(mut self, body: &FunctionBody) -> FunctionCode {
        // Blocks that damage left open: their ends are not known.
        if std::mem::take(&mut self.call_open)
            && let Some(call) = self.calls.last_mut()
        {
            call.next = body.range.end;
        }
        let mut code = FunctionCode {
            function: body.index,
            range: body.range.clone(),
            opcodes: self.opcodes.into_boxed_slice(),
            tables: self.tables,
            calls: Box::default(),
            written: self.written,
            catches: self.catches,
        };
        code.mark_reachable(self.handlers);
        let mut calls = self.calls;
        calls.retain(|call| code.is_reachable(call.pc));
        code.calls = calls.into_boxed_slice();
        code
    }
}

fn indirect(table: u32, ty: u32) -> CallTarget {
    CallTarget::Indirect { table, ty }
}
