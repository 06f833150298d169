//! The shadow stack of a stopped guest: the addresses of each Wasm frame's own part of it.
//!
//! What one function did to the stack pointer is [`wasmscope_symbols::prologue`]'s to say. Here
//! the functions on the stack are put together: from the innermost outwards, beginning with the
//! stack pointer as the stop left it; and where that ends at a frame whose size is not known, from
//! the outermost inwards, beginning with the stack pointer as the program began. When the two
//! views meet and do not agree, something on the way was misread, and nothing is told.

use crate::target::Target;
use std::collections::HashMap;
use wasmscope_symbols::prologue::{StackAddresses, StackPointer, StackState};
use wasmscope_symbols::{ModulePc, Symbols, Unavailable};

/// A frame's part of the shadow stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShadowFrame {
    /// The stack pointer while the frame stands where it is, if it is known.
    pub stack_pointer: Option<u64>,
    /// Whether addresses have 64 bits and not 32.
    pub wide: bool,
    /// Index of the global that holds the stack pointer.
    pub global: u32,
    /// The Wasm locals that hold an address of the frame, with their values.
    pub locals: Vec<(u32, u64)>,
}

impl ShadowFrame {
    /// The value of a Wasm local, if it holds an address of the frame.
    pub fn local(&self, index: u32) -> Option<u64> {
        self.locals
            .iter()
            .find(|(local, _)| *local == index)
            .map(|(_, value)| *value)
    }
}

/// The shadow frames of all frames of the stack, in its order.
pub fn unwind(target: &dyn Target, symbols: &[Symbols]) -> Vec<Result<ShadowFrame, Unavailable>> {
    let nothing = || Err(unknown("the program has no such module"));
    let mut frames: Vec<_> = target.stack().iter().map(|_| nothing()).collect();
    for (module, symbols) in symbols.iter().enumerate() {
        let places: Vec<usize> = (0..frames.len())
            .filter(|&place| {
                target
                    .stack()
                    .get(place)
                    .is_some_and(|frame| frame.module == module)
            })
            .collect();
        if places.is_empty() {
            continue;
        }
        let found = Unwinder::new(target, module, symbols).map(|unwinder| unwinder.run(&places));
        for (nth, &place) in places.iter().enumerate() {
            let Some(frame) = frames.get_mut(place) else {
                continue;
            };
            *frame = match &found {
                Ok(found) => found.get(nth).cloned().unwrap_or_else(nothing),
                Err(reason) => Err(reason.clone()),
            };
        }
    }
    frames
}

/// What is needed to follow the frames of one module.
struct Unwinder<'t> {
    target: &'t dyn Target,
    symbols: &'t Symbols,
    pointer: StackPointer,
    current: u64,
}

/// What the two views know of a frame.
type Known = Option<StackAddresses>;

impl<'t> Unwinder<'t> {
    fn new(
        target: &'t dyn Target,
        module: usize,
        symbols: &'t Symbols,
    ) -> Result<Self, Unavailable> {
        let pointer = StackPointer::find(symbols.module())
            .ok_or_else(|| unknown("the module keeps no stack in its memory"))?;
        let current = target.global(module, pointer.global)?;
        let current = current
            .as_address()
            .ok_or_else(|| unknown("the stack pointer holds no address"))?;
        Ok(Unwinder {
            target,
            symbols,
            pointer,
            current,
        })
    }

    fn run(&self, places: &[usize]) -> Vec<Result<ShadowFrame, Unavailable>> {
        let states = self.states(places);
        let (inside, left) = self.outwards(&states);
        // The outermost frame is where the program began only if the stack is whole.
        let bottom = self.pointer.initial.filter(|_| !self.target.stack_is_cut());
        let outside = match (bottom, left) {
            (Some(bottom), Ok(reached)) if reached != bottom => return self.at_odds(&states),
            (Some(bottom), Err(_)) => self.inwards(&states, bottom),
            _ => vec![None; states.len()],
        };
        let mut reason = unknown("its function is not in the module");
        let mut frames = Vec::with_capacity(states.len());
        for (inner, outer) in inside.iter().zip(&outside) {
            if let (Some(inner), Some(outer)) = (inner, outer)
                && contradict(inner, outer)
            {
                return self.at_odds(&states);
            }
            if let Some(Err(why)) = inner.as_ref().map(|inner| inner.entry) {
                reason = unknown(why.to_string());
            }
            frames.push(
                self.merge(inner.as_ref(), outer.as_ref())
                    .ok_or_else(|| reason.clone()),
            );
        }
        frames
    }

    /// What each frame's function did to the stack; a recursion's frames share theirs.
    fn states(&self, places: &[usize]) -> Vec<Option<StackState>> {
        let mut known: HashMap<(u32, u64), Option<StackState>> = HashMap::new();
        let module = self.symbols.module();
        let state = |function: u32, pc: u64| {
            let body = module.body(function)?;
            let offset = module.code.to_code(ModulePc(pc))?;
            Some(StackState::at(module, self.pointer, body, offset))
        };
        let frames = places.iter().map(|&place| self.target.stack().get(place));
        frames
            .map(|frame| {
                let frame = frame?;
                let key = (frame.func_index, frame.pc);
                known
                    .entry(key)
                    .or_insert_with(|| state(frame.func_index, frame.pc))
                    .clone()
            })
            .collect()
    }

    /// From the innermost outwards, as far as it goes; and the stack pointer of whoever called
    /// the outermost frame, when it goes that far.
    fn outwards(&self, states: &[Option<StackState>]) -> (Vec<Known>, Result<u64, ()>) {
        let mut current = Ok(self.current);
        let mut found = Vec::with_capacity(states.len());
        for state in states {
            let addresses = match (state, current) {
                (Some(state), Ok(current)) => Some(state.from_inside(current)),
                _ => None,
            };
            current = addresses
                .as_ref()
                .ok_or(())
                .and_then(|a| a.entry.map_err(|_| ()));
            found.push(addresses);
        }
        (found, current)
    }

    /// From the outermost inwards, as far as it goes.
    fn inwards(&self, states: &[Option<StackState>], bottom: u64) -> Vec<Known> {
        let mut entry = Some(bottom);
        let mut found: Vec<Known> = states
            .iter()
            .rev()
            .map(|state| {
                let addresses = state.as_ref()?.from_outside(entry.take()?);
                entry = addresses.current.ok();
                Some(addresses)
            })
            .collect();
        found.reverse();
        found
    }

    /// One frame from what the two views know of it.
    fn merge(
        &self,
        inner: Option<&StackAddresses>,
        outer: Option<&StackAddresses>,
    ) -> Option<ShadowFrame> {
        if inner.is_none() && outer.is_none() {
            return None;
        }
        let views = || inner.into_iter().chain(outer);
        let mut locals: Vec<(u32, u64)> = Vec::new();
        for &(index, value) in views().flat_map(|view| &view.locals) {
            if locals.iter().all(|(known, _)| *known != index) {
                locals.push((index, value));
            }
        }
        Some(ShadowFrame {
            wide: self.pointer.wide,
            stack_pointer: views().find_map(|view| view.current.ok()),
            global: self.pointer.global,
            locals,
        })
    }

    fn at_odds(&self, states: &[Option<StackState>]) -> Vec<Result<ShadowFrame, Unavailable>> {
        let reason = "the frames on the stack in memory do not add up: the program moved its stack \
                      pointer in a way that could not be followed";
        states.iter().map(|_| Err(unknown(reason))).collect()
    }
}

fn unknown(reason: impl Into<std::sync::Arc<str>>) -> Unavailable {
    Unavailable::FrameBase(reason.into())
}

/// Whether two views of one frame cannot both be right.
fn contradict(inner: &StackAddresses, outer: &StackAddresses) -> bool {
    let differ = |a: Option<u64>, b: Option<u64>| a.is_some() && b.is_some() && a != b;
    differ(inner.current.ok(), outer.current.ok())
        || differ(inner.entry.ok(), outer.entry.ok())
        || inner.locals.iter().any(|(index, value)| {
            outer
                .locals
                .iter()
                .any(|(other, seen)| other == index && seen != value)
        })
}
