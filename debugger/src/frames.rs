//! The stack of a paused guest as a reader counts it: source-level calls, inlined ones included,
//! looked up only as far as somebody asks.

use crate::explain::FrameKind;
use crate::program::{CodeFrame, ProgramSymbols};
use crate::protocol::{FrameId, FrameInfo};
use std::sync::Arc;
use wasmscope_runner::WasmFrame;
use wasmscope_runner::debuggee::{CodePlace, PausedGuest};

/// Wasm frames walked at first; each time that is not enough, four times as many.
const FIRST_WALK: usize = 16;

/// The deepest stack that is looked at, in Wasm frames. Wasmtime's own limit of 512 KiB for Wasm
/// frames leaves room for fewer.
pub const MAX_FRAMES: usize = 1 << 20;

/// The stack of one stop. It must be thrown away when the guest goes on.
#[derive(Debug, Default)]
pub struct Stack {
    wasm: Vec<WasmFrame>,
    whole: bool,
    /// Wasm frames out of which source frames were made already.
    looked_up: usize,
    frames: Vec<Frame>,
    /// Whether a frame that is somebody's own has come already: what lies below it and is named
    /// like panic machinery only stands ready to catch one.
    own_seen: bool,
}

/// One source-level call of a stack.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Place of its Wasm frame on the Wasm stack.
    pub wasm: usize,
    /// Where the Wasm frame is.
    pub place: CodePlace,
    /// Index of the Wasm function in its module.
    pub wasm_function: u32,
    /// Place among the calls inlined into one Wasm function, 0 for the innermost.
    pub level: usize,
    /// Whose code it is.
    pub kind: FrameKind,
    code: Arc<[CodeFrame]>,
}

impl Frame {
    /// What is known without a guest; `None` for a function that nothing is known of.
    pub fn code(&self) -> Option<&CodeFrame> {
        self.code.get(self.level)
    }

    /// As front ends see it, `id` being its place among all frames.
    pub fn info(&self, id: FrameId) -> FrameInfo {
        let code = self.code();
        FrameInfo {
            id,
            function: code.and_then(|code| code.function.clone()),
            place: code.and_then(|code| code.place.clone()),
            inlined: code.is_some_and(|code| code.source.inlined),
            kind: self.kind,
            module: self.place.module,
            wasm_function: self.wasm_function,
            wasm_frame: self.wasm,
            pc: self.place.pc,
        }
    }
}

impl Stack {
    /// A stack that nothing was asked about yet.
    pub fn new() -> Self {
        Stack::default()
    }

    /// The Wasm frames that were walked so far, innermost first.
    pub fn wasm(&self) -> &[WasmFrame] {
        &self.wasm
    }

    /// Whether [`Stack::wasm`] ends before the stack does, as far as is known.
    pub fn is_cut(&self) -> bool {
        !self.whole
    }

    /// How many source frames there are, when the whole stack has been looked up.
    pub fn total(&self) -> Option<usize> {
        (self.whole && self.looked_up >= self.wasm.len()).then_some(self.frames.len())
    }

    /// The source frames that were looked up so far.
    pub fn known(&self) -> &[Frame] {
        &self.frames
    }

    /// A source frame; `None` when the stack ends before it.
    pub fn frame(
        &mut self,
        guest: &mut dyn PausedGuest,
        program: &ProgramSymbols,
        id: FrameId,
    ) -> Option<&Frame> {
        while self.frames.len() <= id {
            if !self.look_up_next(guest, program) {
                break;
            }
        }
        self.frames.get(id)
    }

    /// The first frame for which `wanted` holds, among the first `limit`.
    pub fn find(
        &mut self,
        guest: &mut dyn PausedGuest,
        program: &ProgramSymbols,
        limit: usize,
        wanted: impl Fn(&Frame) -> bool,
    ) -> Option<FrameId> {
        let mut id = 0;
        while id < limit {
            if wanted(self.frame(guest, program, id)?) {
                return Some(id);
            }
            id += 1;
        }
        None
    }

    /// Walks the whole stack, without looking source frames up.
    pub fn walk_all(&mut self, guest: &mut dyn PausedGuest) {
        while !self.whole {
            self.walk(guest);
        }
    }

    /// Makes source frames of the next Wasm frame; `false` at the stack's end.
    fn look_up_next(&mut self, guest: &mut dyn PausedGuest, program: &ProgramSymbols) -> bool {
        if self.looked_up >= self.wasm.len() && !self.whole {
            self.walk(guest);
        }
        let Some(wasm) = self.wasm.get(self.looked_up) else {
            return false;
        };
        let place = CodePlace {
            module: wasm.module,
            pc: wasm.pc,
        };
        let code = program.frames_at(place);
        for level in 0..code.len().max(1) {
            let kind = code.get(level).map_or(FrameKind::Unknown, |code| code.kind);
            self.own_seen |= matches!(
                kind,
                FrameKind::User | FrameKind::Dependency | FrameKind::Unknown
            );
            let kind = match kind {
                FrameKind::Panic if self.own_seen => FrameKind::Std,
                kind => kind,
            };
            self.frames.push(Frame {
                wasm: self.looked_up,
                place,
                wasm_function: wasm.func_index,
                level,
                kind,
                code: Arc::clone(&code),
            });
        }
        self.looked_up = self.looked_up.saturating_add(1);
        true
    }

    fn walk(&mut self, guest: &mut dyn PausedGuest) {
        let limit = self.wasm.len().saturating_mul(4).max(FIRST_WALK);
        let limit = limit.min(MAX_FRAMES);
        self.wasm = guest.stack(limit);
        self.whole = self.wasm.len() < limit || limit >= MAX_FRAMES;
    }
}
