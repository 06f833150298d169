//! [`Watch`]: a value whose changes are noticed.
//!
//! What evaluating the expression read, in memory and in Wasm locals, is written down with what was
//! there. As long as that stays, the value does; comparing it is all there is to do after an
//! opcode. When some of it changes, the expression is evaluated again, through the pointers as they
//! are then, and only another value counts as a change.

use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::names::{Named, Names};
use super::{CodeContext, Expression, Scope, Showing, show};
use crate::values::{Limits, Memory, Reader, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use wasmscope_symbols::{CodeOffset, FrameBaseRegister, FrameState, Unavailable, WasmValue};

/// How much of a value is compared: practically all of it.
const WHOLE: Limits = Limits {
    depth: 32,
    elements: 16 * 1024,
    text: 256 * 1024,
    nodes: 64 * 1024,
    children: 0,
};

/// Most bytes that are compared after each opcode.
const MAX_BYTES: usize = 1 << 20;

/// Most places in code of which locations are kept.
const MAX_PLACES: usize = 4096;

/// A watched value.
#[derive(Clone, Debug)]
pub struct Watch {
    expression: Expression,
    showing: Showing,
    /// What names mean where the value was last evaluated, and at other places in the function.
    names: Arc<Names>,
    places: HashMap<CodeOffset, Arc<Names>>,
    /// Whether the variables are at the same place all over their function.
    fixed: bool,
    /// Whether it lives in a frame.
    in_frame: bool,
    read: Read,
    whole: Result<String, String>,
    value: Value,
}

/// A change of a watched value.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The value before.
    pub old: Value,
    /// The value now.
    pub new: Value,
}

/// What an evaluation read, and what was there.
#[derive(Clone, Debug, Default)]
struct Read {
    memory: Vec<(u64, Vec<u8>)>,
    locals: Vec<(u32, WasmValue)>,
    globals: Vec<(u32, WasmValue)>,
    /// There was more than is compared.
    cut: bool,
}

impl Watch {
    /// Begins to watch the value of an expression in a frame.
    ///
    /// # Errors
    /// When the expression cannot be understood, or has no value now.
    pub fn set(text: &str, scope: &Scope<'_>, showing: Showing) -> Result<Self, ExpressionError> {
        let expression = Expression::parse(text)?;
        let names = Names::look_up(scope.context, &expression.parsed.names);
        let value = show(&expression, &names, scope.state, scope.memory, showing)?;
        if let Some(reason) = &value.unavailable {
            let reason = Unavailable::Other(reason.as_str().into());
            let span = &expression.parsed.root.span;
            return Err(ExpressionError::unavailable(span, &reason));
        }
        let (read, whole) = evaluate(&expression, &names, scope);
        let constant = read.memory.is_empty() && read.locals.is_empty() && read.globals.is_empty();
        let named = || (0..expression.parsed.names.len()).map(|name| names.get(name));
        let fixed = named().all(|named| match named {
            Named::Value(value) => value.location.as_ref().is_ok_and(|it| it.is_fixed()),
            _ => true,
        });
        if constant && fixed {
            let message = "the value never changes: nothing of the guest is in it";
            let span = &expression.parsed.root.span;
            return Err(ExpressionError::new(ErrorKind::Unsupported, span, message));
        }
        let in_frame = named()
            .any(|named| matches!(named, Named::Value(it) if it.variable.is_some()))
            || !read.locals.is_empty()
            || !read.globals.is_empty();
        Ok(Watch {
            fixed,
            in_frame,
            names: Arc::new(names),
            places: HashMap::new(),
            expression,
            showing,
            read,
            whole: whole.map_err(|error| error.message),
            value,
        })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        self.expression.text()
    }

    /// The value as it was when it was last looked at.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Whether the value lives in a frame, and ends with it; statics do not.
    pub fn is_in_frame(&self) -> bool {
        self.in_frame
    }

    /// What to know: that only a part of a large value is watched.
    pub fn note(&self) -> Option<String> {
        self.read.cut.then(|| {
            format!(
                "the value is large: changes behind its first {MAX_BYTES} bytes are not noticed"
            )
        })
    }

    /// Whether memory that the value depends on has changed: to be asked after every opcode, in
    /// whatever function. `memory` is that of the watched frame's module.
    pub fn memory_changed(&self, memory: &[u8]) -> bool {
        self.read.memory.iter().any(|(address, bytes)| {
            let start = usize::try_from(*address).ok();
            let now = start.and_then(|start| memory.get(start..start.checked_add(bytes.len())?));
            now != Some(bytes)
        })
    }

    /// Whether what the frame itself holds of the value may have changed: to be asked after every
    /// opcode of the watched frame, while it is the innermost. (While it calls others, nobody can
    /// change its locals.)
    pub fn frame_changed(&self, state: &dyn FrameState, pc: CodeOffset) -> bool {
        let local = |(index, old): &(u32, WasmValue)| state.wasm_local(*index) != Ok(*old);
        let global = |(index, old): &(u32, WasmValue)| state.wasm_global(*index) != Ok(*old);
        (!self.fixed && pc != self.names.context.pc)
            || self.read.locals.iter().any(local)
            || self.read.globals.iter().any(global)
    }

    /// Looks at the value again; tells when it is another one. The scope is the watched frame's,
    /// its context that of where the frame is now.
    pub fn refresh(&mut self, scope: &Scope<'_>) -> Option<Change> {
        if !self.fixed {
            self.names = self.names_at(scope.context);
        }
        let (read, whole) = evaluate(&self.expression, &self.names, scope);
        let whole = match whole {
            Ok(whole) => Ok(whole),
            // Between its places in optimised code a variable has no value, and no other either.
            Err(error) if !self.fixed && error.kind == ErrorKind::Unavailable => return None,
            Err(error) => Err(error.message),
        };
        self.read = read;
        if whole == self.whole {
            return None;
        }
        self.whole = whole;
        let names = &self.names;
        let shown = show(
            &self.expression,
            names,
            scope.state,
            scope.memory,
            self.showing,
        );
        let new = shown.unwrap_or_else(|error| Value {
            summary: None,
            children: Vec::new(),
            more_children: 0,
            unavailable: Some(error.message),
            ..self.value.clone()
        });
        let old = std::mem::replace(&mut self.value, new.clone());
        Some(Change { old, new })
    }

    /// What the names mean at a place in the function.
    fn names_at(&mut self, context: &CodeContext) -> Arc<Names> {
        if let Some(names) = self.places.get(&context.pc) {
            return Arc::clone(names);
        }
        let names = Names::look_up(context, &self.expression.parsed.names);
        let names = Arc::new(names);
        if self.places.len() < MAX_PLACES {
            self.places.insert(context.pc, Arc::clone(&names));
        }
        names
    }
}

/// All of the value in one line, and what was read for it.
fn evaluate(
    expression: &Expression,
    names: &Names,
    scope: &Scope<'_>,
) -> (Read, Result<String, ExpressionError>) {
    let recorder = Recorder {
        scope,
        read: RefCell::default(),
    };
    let whole = || -> Result<String, ExpressionError> {
        let parsed = &*expression.parsed;
        let evaluator = Evaluator::new(parsed, names, &recorder, &recorder);
        let operand = evaluator.root()?;
        let reader = Reader::new(&names.context.symbols, &recorder, WHOLE);
        let value = evaluator.shown(&reader, "", &operand, &parsed.root.span)?;
        match (value.summary, value.unavailable) {
            (Some(summary), _) => Ok(summary),
            (None, reason) => {
                let reason = Unavailable::Other(reason.unwrap_or_default().into());
                Err(ExpressionError::unavailable(&parsed.root.span, &reason))
            }
        }
    };
    let whole = whole();
    (recorder.finish(), whole)
}

/// A frame and a memory that note what is read of them.
struct Recorder<'s> {
    scope: &'s Scope<'s>,
    read: RefCell<Noted>,
}

#[derive(Default)]
struct Noted {
    ranges: Vec<(u64, u64)>,
    locals: Vec<(u32, WasmValue)>,
    globals: Vec<(u32, WasmValue)>,
}

impl Recorder<'_> {
    fn note_range(&self, address: u64, len: usize) {
        let end = address.saturating_add(len as u64);
        if len == 0 {
            return;
        }
        if let Ok(mut read) = self.read.try_borrow_mut() {
            // Most readings follow the last one.
            match read.ranges.last_mut() {
                Some(last) if address >= last.0 && address <= last.1 => last.1 = last.1.max(end),
                _ => read.ranges.push((address, end)),
            }
        }
    }

    /// What was read, put together, with what is there.
    fn finish(self) -> Read {
        let mut noted = self.read.into_inner();
        noted.ranges.sort_unstable();
        let mut read = Read {
            locals: noted.locals,
            globals: noted.globals,
            ..Read::default()
        };
        read.locals.sort_unstable_by_key(|(index, _)| *index);
        read.locals.dedup_by_key(|(index, _)| *index);
        read.globals.sort_unstable_by_key(|(index, _)| *index);
        read.globals.dedup_by_key(|(index, _)| *index);
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (start, end) in noted.ranges {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        let mut left = MAX_BYTES;
        for (start, end) in merged {
            let wanted = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
            let taken = wanted.min(left);
            read.cut |= taken < wanted;
            left -= taken;
            let mut bytes = vec![0; taken];
            if taken > 0 && self.scope.memory.read(start, &mut bytes).is_ok() {
                read.memory.push((start, bytes));
            }
        }
        read
    }
}

impl FrameState for Recorder<'_> {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        let value = self.scope.state.wasm_local(index)?;
        if let Ok(mut read) = self.read.try_borrow_mut() {
            read.locals.push((index, value));
        }
        Ok(value)
    }

    fn wasm_global(&self, index: u32) -> Result<WasmValue, Unavailable> {
        let value = self.scope.state.wasm_global(index)?;
        if let Ok(mut read) = self.read.try_borrow_mut() {
            read.globals.push((index, value));
        }
        Ok(value)
    }

    fn operand(&self, index: u32) -> Result<WasmValue, Unavailable> {
        self.scope.state.operand(index)
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        self.note_range(address, buffer.len());
        self.scope.state.read(address, buffer)
    }

    // The frame's own address is the same as long as there is the frame.
    fn frame_base(&self, register: FrameBaseRegister) -> Result<u64, Unavailable> {
        self.scope.state.frame_base(register)
    }
}

impl Memory for Recorder<'_> {
    fn size(&self) -> u64 {
        self.scope.memory.size()
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        self.note_range(address, buffer.len());
        self.scope.memory.read(address, buffer)
    }
}
