//! Whose bytes of memory are: variables of the frames on the stack and what they own, statics, the
//! functions' parts of the stack, the module's data, the heap.

use super::guest::GuestHalf;
use super::shared::unavailable;
use crate::explain::variables_doubt;
use crate::frame_state::TargetFrame;
use crate::frames::Frame;
use crate::live::{LiveTarget, ModuleState};
use crate::program::ProgramSymbols;
use crate::protocol::{CommandError, FrameId, MemoryOwner, MemoryOwnerKind, ReplyBody};
use crate::unwind::{ShadowFrame, unwind};
use crate::values::{Extents, Gone, Limits, Memory as _, Reader, Slot};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use wasmscope_runner::debuggee::PausedGuest;
use wasmscope_symbols::prologue::StackPointer;
use wasmscope_symbols::statics::StaticQuery;
use wasmscope_symbols::{Place, Symbols, Unavailable};

/// Bytes that are asked about at once.
const MAX_BYTES: u64 = 64 << 10;

/// Source frames whose variables are looked through.
const MAX_FRAMES: usize = 64;

/// Parts of all variables that are looked at.
const MAX_PARTS: usize = 20_000;

/// Owners that one reply gives at most.
const MAX_OWNERS: usize = 4096;

/// What is looked for, and what was found.
struct Search {
    module: usize,
    within: Range<u64>,
    left: usize,
    found: Vec<MemoryOwner>,
}

impl Search {
    fn add(&mut self, kind: MemoryOwnerKind, name: &str, frame: Option<FrameId>, of: Range<u64>) {
        let is_here = of.start < self.within.end && of.end > self.within.start && !of.is_empty();
        if is_here && self.found.len() < MAX_OWNERS {
            self.found.push(MemoryOwner {
                address: of.start,
                length: of.end - of.start,
                kind,
                name: name.to_owned(),
                frame,
            });
        }
    }

    /// The search in a value's parts.
    fn extents<'r>(&self, reader: Reader<'r>) -> Extents<'r> {
        Extents::new(reader, self.within.clone(), self.left)
    }

    /// Takes over what was found in a value's parts.
    fn take(&mut self, parts: Extents<'_>, kind: MemoryOwnerKind, frame: Option<FrameId>) {
        let (left, found) = parts.finish();
        self.left = left;
        for part in found {
            self.add(kind, &part.name, frame, part.bytes);
        }
    }
}

impl GuestHalf {
    /// Whose the bytes are from an address on, in the memory of a frame's module. The names of variables
    /// are looked for in that frame first.
    pub(super) fn owners(
        &mut self,
        guest: &mut dyn PausedGuest,
        address: &str,
        frame: FrameId,
        length: u64,
    ) -> Result<ReplyBody, CommandError> {
        let (module, address) = self.at_frame(guest, frame, |view| {
            Ok::<_, CommandError>((view.frame.place.module, view.address(address)?))
        })??;
        let end = address.saturating_add(length.clamp(1, MAX_BYTES));
        let mut search = Search {
            module,
            within: address..end,
            left: MAX_PARTS,
            found: Vec::new(),
        };
        let program = Arc::clone(&self.program);
        let frames = self.some_frames(guest, &program, frame);
        // Of a deep stack no more than is looked through.
        let all = self.stack.wasm();
        let wasm = all.get(..MAX_FRAMES).unwrap_or(all).to_vec();
        let cut = self.stack.is_cut() || wasm.len() < all.len();
        let target = LiveTarget::new(guest, &wasm, cut, 0..wasm.len());
        let shadow = unwind(&target, program.modules());
        for (id, frame) in &frames {
            in_variables(&mut search, &program, &target, &shadow, *id, frame);
        }
        on_stack(&mut search, &program, &shadow, &frames);
        let symbols = program
            .module(module)
            .ok_or_else(|| unavailable("the program has no such module"))?;
        in_data(&mut search, symbols);
        let view = guest.view();
        let state = ModuleState::new(&view, module);
        on_heap(&mut search, symbols, state.size());
        if symbols
            .module()
            .heap_base()
            .or(symbols.module().initial_memory())
            .is_none_or(|end| address < end)
        {
            in_statics(&mut search, symbols, &state);
        }
        Ok(ReplyBody::MemoryOwners {
            address,
            owners: told(search.found),
        })
    }

    /// The innermost frames with their numbers, the one that is looked at first.
    fn some_frames(
        &mut self,
        guest: &mut dyn PausedGuest,
        program: &ProgramSymbols,
        first: FrameId,
    ) -> Vec<(FrameId, Frame)> {
        let mut frames = Vec::new();
        let others = (0..MAX_FRAMES).filter(|id| *id != first);
        for id in std::iter::once(first).chain(others) {
            match self.stack.frame(guest, program, id) {
                Some(frame) => frames.push((id, frame.clone())),
                None => break,
            }
        }
        frames
    }
}

/// The variables of a frame, and what they own.
fn in_variables(
    search: &mut Search,
    program: &ProgramSymbols,
    target: &LiveTarget<'_>,
    shadow: &[Result<ShadowFrame, Unavailable>],
    id: FrameId,
    frame: &Frame,
) {
    let place = frame.place;
    let (Some(symbols), Some(offset), Some(shadow)) = (
        program.module(place.module),
        program.offset(place),
        shadow.get(frame.wasm),
    ) else {
        return;
    };
    let doubt = variables_doubt(
        symbols,
        program.is_rewritten(place.module),
        place.pc,
        frame.wasm == 0,
    );
    let Some(die) = frame.code().and_then(|code| code.source.die) else {
        return;
    };
    if place.module != search.module || doubt.is_some() {
        return;
    }
    let line = frame
        .code()
        .and_then(|code| code.source.location.as_ref()?.line);
    let state = TargetFrame::new(target, frame.wasm, shadow);
    let gone = Gone::default();
    let reader = Reader::new(symbols, &state, Limits::default()).heeding(&gone);
    let mut parts = search.extents(reader);
    for variable in symbols.variables(die, offset, line) {
        let is_there = !variable.artificial && !variable.shadowed && !variable.declared_later;
        let Some(type_id) = variable.type_id.filter(|_| is_there) else {
            continue;
        };
        let slot = match symbols.locate(&variable, offset, &state) {
            Place::Memory(address) => Slot::Memory(address),
            Place::Bytes(bytes) => Slot::Bytes {
                bytes: Arc::new(bytes),
                offset: 0,
            },
            Place::Unavailable(_) => continue,
        };
        let typed = reader.typed(type_id, slot);
        gone.note(&reader, &variable, &typed, offset, &state);
        parts.look(&variable.name, &typed);
    }
    search.take(parts, MemoryOwnerKind::Variable, Some(id));
}

/// The functions' parts of the stack, and what of it is free.
fn on_stack(
    search: &mut Search,
    program: &ProgramSymbols,
    shadow: &[Result<ShadowFrame, Unavailable>],
    frames: &[(FrameId, Frame)],
) {
    let Some(symbols) = program.module(search.module) else {
        return;
    };
    let Some(pointer) = StackPointer::find(symbols.module()) else {
        return;
    };
    // The function that a Wasm frame is of comes last of those inlined into it.
    let mut own: Vec<&(FrameId, Frame)> = frames
        .iter()
        .filter(|(_, frame)| frame.place.module == search.module)
        .filter(|(_, frame)| frame.code().is_none_or(|code| !code.source.inlined))
        .collect();
    own.sort_by_key(|(id, _)| *id);
    let start_of = |frame: &Frame| {
        let shadow = shadow.get(frame.wasm)?.as_ref().ok()?;
        shadow.stack_pointer
    };
    let is_whole = frames.len() < MAX_FRAMES;
    let mut ends = own.iter().skip(1).map(|(_, outer)| start_of(outer));
    for (id, frame) in &own {
        let end = ends.next().unwrap_or(pointer.initial.filter(|_| is_whole));
        if let (Some(start), Some(end)) = (start_of(frame), end)
            && start <= end
        {
            let name = frame.code().and_then(|code| code.function.clone());
            let name = name.unwrap_or_else(|| format!("function {}", frame.wasm_function));
            search.add(MemoryOwnerKind::Frame, &name, Some(*id), start..end);
        }
    }
    let lowest = symbols
        .module()
        .data_segments()
        .iter()
        .map(|data| data.address)
        .min();
    if let (Some(innermost), Some(top)) = (own.first().and_then(|(_, f)| start_of(f)), pointer.initial)
        // Data that lies below the stack would be taken for it.
        && lowest.is_none_or(|lowest| lowest >= top)
    {
        search.add(MemoryOwnerKind::FreeStack, "", None, 0..innermost);
    }
}

fn in_data(search: &mut Search, symbols: &Symbols) {
    for data in symbols.module().data_segments() {
        let end = data.address.saturating_add(data.length);
        let name = data.name.unwrap_or_default();
        search.add(MemoryOwnerKind::Data, &name, None, data.address..end);
    }
}

fn on_heap(search: &mut Search, symbols: &Symbols, size: u64) {
    let module = symbols.module();
    // What the memory has grown by, nobody but an allocator has asked for.
    if let Some(start) = module.heap_base().or_else(|| module.initial_memory())
        && start < size
    {
        search.add(MemoryOwnerKind::Heap, "", None, start..size);
    }
}

fn in_statics(search: &mut Search, symbols: &Symbols, state: &ModuleState<'_>) {
    let reader = Reader::new(symbols, state, Limits::default());
    let mut parts = search.extents(reader);
    let statics = symbols.statics(&StaticQuery::All);
    for found in statics.iter().filter(|found| found.linked) {
        let Some(type_id) = found.type_id else {
            continue;
        };
        let Place::Memory(address) = symbols.locate_static(found, state) else {
            continue;
        };
        let typed = reader.typed(type_id, Slot::Memory(address));
        let end = address.saturating_add(typed.ty.size.unwrap_or(0));
        // Of others there are many, and what they point to is not looked for.
        if address < search.within.end && end > search.within.start {
            parts.look(&found.path, &typed);
        }
    }
    search.take(parts, MemoryOwnerKind::Static, None);
}

/// In the order of addresses, larger ones first, each once: several frames may have the same.
fn told(mut found: Vec<MemoryOwner>) -> Vec<MemoryOwner> {
    // The frame that is looked at came first, and sorting keeps that.
    found.sort_by_key(|owner| (owner.address, std::cmp::Reverse(owner.length)));
    let mut seen = HashSet::new();
    found.retain(|owner| {
        let is_part = matches!(
            owner.kind,
            MemoryOwnerKind::Variable | MemoryOwnerKind::Static
        );
        let own = (owner.address, owner.length, owner.name.clone());
        !is_part || seen.insert(own)
    });
    found
}
