//! Walking a stopped guest's stack, as far as it is asked for: whose frames there are, and where in
//! their code.

use super::known::Owner;
use super::paused::Paused;
use super::{CodePlace, FramePlace};
use crate::code_index::Callee;
use crate::engine::MAX_FRAMES;
use crate::failure;
use crate::stopped::Unavailable;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmtime::{FrameHandle, Instance, WasmBacktrace};

/// How the innermost frame's place is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Innermost {
    /// As Wasmtime's debug interface has it: at a breakpoint, a trap, an exception.
    Exact,
    /// It has called its host, and the debug interface says where to it returns.
    Call,
    /// The host has failed it. It may have called its host, or an opcode may have needed it: only
    /// the backtrace knows.
    Host,
    /// It was found between two opcodes, at a loop's head or a function's entry, in code that
    /// stands apart: the debug interface names a wrong place and wrong operands, and the backtrace
    /// is right.
    Between,
    /// The host calls itself in the guest's name: the debug interface cannot walk from there.
    Unknown,
    /// After a native stack overflow it has not set up what the debug interface reads; asking would
    /// end the process.
    Broken,
}

/// A walk along the stack, as far as it has come.
pub(super) struct Walk {
    pub(super) frames: Vec<Walked>,
    /// Where the activations further out begin, the outermost first.
    exits: Vec<FrameHandle>,
    next: Option<Next>,
    /// How many handles have been looked at, adapters' included.
    asked: usize,
}

/// Where a walk goes on. Going a frame further takes as long as looking at one, and is left until
/// somebody asks.
enum Next {
    At(FrameHandle),
    After(FrameHandle),
}

pub(super) struct Walked {
    pub(super) place: FramePlace,
    /// `None` when its values cannot be read.
    pub(super) handle: Option<FrameHandle>,
    /// Whether its operands are those at its place.
    pub(super) has_operands: bool,
    /// What it has called.
    pub(super) callee: Option<Callee>,
    pub(super) instance: Option<Instance>,
}

impl<T: 'static> Paused<'_, T> {
    /// Whose frame it is.
    fn owner(&mut self, instance: Instance) -> Owner {
        let number = instance.debug_index_in_store();
        let Ok(slot) = usize::try_from(number) else {
            return Owner::Adapter;
        };
        match self.known.owners.get(slot) {
            Some(Owner::NotAsked) | None => {}
            Some(owner) => return *owner,
        }
        let module = instance.module(&self.store).clone();
        let owner = self
            .known
            .meet(&module)
            .map_or(Owner::Adapter, Owner::Module);
        if self.known.owners.len() <= slot {
            self.known.owners.resize(slot + 1, Owner::NotAsked);
        }
        if let Some(entry) = self.known.owners.get_mut(slot) {
            *entry = owner;
        }
        owner
    }

    /// Walks until the frame at `index` is known, or the stack ends.
    pub(super) fn walk_to(&mut self, index: usize) -> Option<&Walked> {
        if index >= MAX_FRAMES {
            return None;
        }
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => self.begin_walk(),
        };
        while walk.frames.len() <= index && self.advance(&mut walk) {}
        self.walk.insert(walk).frames.get(index)
    }

    fn begin_walk(&mut self) -> Walk {
        let mut exits = match self.innermost {
            Innermost::Unknown => Vec::new(),
            _ => cautiously(|| self.store.debug_exit_frames().collect()).unwrap_or_default(),
        };
        exits.reverse();
        let mut walk = Walk {
            frames: Vec::new(),
            next: exits.pop().map(Next::At),
            exits,
            asked: 0,
        };
        if self.innermost == Innermost::Broken
            && let Some(Next::At(innermost)) = walk.next.take()
        {
            walk.frames.extend(self.backtraced().map(|place| Walked {
                place,
                handle: None,
                has_operands: false,
                callee: None,
                instance: None,
            }));
            walk.next = Some(Next::After(innermost));
            walk.asked = 1;
        }
        walk
    }

    /// The innermost frame's place as the backtrace has it; `None` if it is an adapter's.
    fn backtraced(&mut self) -> Option<FramePlace> {
        let backtrace = WasmBacktrace::force_capture(&self.store);
        let innermost = backtrace.frames().get(..1)?;
        let frames = failure::frames(&self.known.program, innermost);
        let frame = frames.first()?;
        // What runs at a function's entry is said to be at its locals' declarations.
        let (code, bytes) = self.known.code(frame.module)?;
        let pc = code.opcode_or_entry(bytes, frame.pc)?;
        Some(FramePlace {
            place: CodePlace {
                module: frame.module,
                pc,
            },
            func_index: frame.func_index,
        })
    }

    /// Whether Wasmtime can walk the stack of a component that has called its host. It cannot when
    /// a resource is dropped: what calls the destructor is no module's code.
    pub(super) fn is_walkable(&mut self) -> bool {
        let Some(FramePlace { place, .. }) = self.backtraced() else {
            return false;
        };
        let callee = self
            .known
            .code(place.module)
            .and_then(|(code, bytes)| code.callee_at(bytes, place.pc));
        let Some(Callee::Function(function)) = callee else {
            return true;
        };
        self.known
            .code(place.module)
            .and_then(|(code, _)| code.import(function))
            .is_none_or(|(_, name)| !name.starts_with("[resource-drop]"))
    }

    /// The frame that comes after one, in whichever activation.
    fn outwards(
        &mut self,
        frame: &FrameHandle,
        exits: &mut Vec<FrameHandle>,
    ) -> Option<FrameHandle> {
        match cautiously(|| frame.parent(&mut self.store)) {
            Some(Ok(Some(parent))) => Some(parent),
            Some(_) => exits.pop(),
            None => None,
        }
    }

    /// One frame further; `false` at the end of the stack.
    fn advance(&mut self, walk: &mut Walk) -> bool {
        while let Some(next) = walk.next.take() {
            let handle = match next {
                Next::At(handle) => Some(handle),
                Next::After(inner) => self.outwards(&inner, &mut walk.exits),
            };
            let Some(handle) = handle else {
                return false;
            };
            let is_innermost = walk.frames.is_empty() && walk.asked == 0;
            walk.asked = walk.asked.saturating_add(1);
            let walked = self.walked(&handle, is_innermost);
            walk.next = Some(Next::After(handle));
            if let Some(walked) = walked {
                walk.frames.push(walked);
                return true;
            }
        }
        false
    }

    /// What a handle stands for; `None` for adapters.
    fn walked(&mut self, handle: &FrameHandle, is_innermost: bool) -> Option<Walked> {
        let instance = handle.instance(&mut self.store).ok()?;
        let Owner::Module(module) = self.owner(instance) else {
            return None;
        };
        let (function, pc) = handle
            .wasm_function_index_and_pc(&mut self.store)
            .ok()
            .flatten()?;
        let imported = self.known.modules.get(module)?.imported_functions;
        let mut walked = Walked {
            place: FramePlace {
                place: CodePlace {
                    module,
                    pc: u64::from(pc.raw()),
                },
                func_index: function.as_u32().saturating_add(imported),
            },
            handle: Some(handle.clone()),
            has_operands: true,
            callee: None,
            instance: Some(instance),
        };
        let how = if is_innermost {
            self.innermost
        } else {
            Innermost::Call
        };
        match how {
            Innermost::Exact => {}
            Innermost::Call => {
                if let Some(call) = self.known.call_before(walked.place.place) {
                    walked.place.place.pc = call.pc;
                    walked.callee = Some(call.callee);
                }
            }
            Innermost::Host | Innermost::Between | Innermost::Broken | Innermost::Unknown => {
                walked.has_operands = how == Innermost::Host;
                if let Some(place) = self.backtraced()
                    && place.place.module == module
                    && place.func_index == walked.place.func_index
                {
                    walked.place = place;
                }
            }
        }
        Some(walked)
    }

    /// What a frame has called, if that is known.
    pub(super) fn called_by(&mut self, frame: usize) -> Option<Callee> {
        self.walk_to(frame)?.callee
    }

    /// The handle of a frame whose operands can be read.
    pub(super) fn operands_handle(&mut self, frame: usize) -> Result<FrameHandle, Unavailable> {
        if self
            .walk_to(frame)
            .is_some_and(|walked| !walked.has_operands)
        {
            return Err(Unavailable::because(
                "the guest was interrupted between two instructions",
            ));
        }
        self.handle(frame)
    }

    /// The handle of a frame whose values can be read.
    pub(super) fn handle(&mut self, frame: usize) -> Result<FrameHandle, Unavailable> {
        let walked = self
            .walk_to(frame)
            .ok_or_else(|| Unavailable::because("there is no such frame"))?;
        walked
            .handle
            .clone()
            .ok_or_else(|| Unavailable::because("Wasmtime does not give the locals of this frame"))
    }

    /// The instance of a module that its innermost frame belongs to.
    pub(super) fn innermost_instance(&mut self, module: usize) -> Option<Instance> {
        (0..MAX_FRAMES)
            .map_while(|index| {
                let frame = self.walk_to(index)?;
                Some((frame.place.place.module == module).then_some(frame.instance))
            })
            .find_map(Option::flatten)
    }
}

/// Walks. Wasmtime panics where a frame is no module's code, as in a component whose resources'
/// destructors are its own functions; nothing has been changed by then. The stack ends there.
fn cautiously<R>(walk: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(walk)).ok()
}
