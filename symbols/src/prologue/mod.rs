//! The shadow stack: what a function has done to it when execution stands at one of its opcodes.
//!
//! Compilers that go through LLVM keep variables whose address is taken (in unoptimised code:
//! all of them) in linear memory, on a stack of their own that grows downwards and whose top is a
//! global, `__stack_pointer`. On entry a function lowers it by the size of its frame, and on
//! return puts it back. Nothing records those sizes, but the opcodes tell: this module follows
//! the stack pointer and the locals derived from it through a body ([`StackState::at`]), so that
//! the value of the one global at a stop gives every frame's base ([`StackState::from_inside`],
//! [`StackState::from_outside`]).
//!
//! Which frames there are, and reading memory, is the debugger's business.

mod walk;

#[cfg(test)]
mod tests;

use crate::offsets::CodeOffset;
use crate::wasm::{CoreModule, FunctionBody};
use std::fmt;
use wasmparser::{ConstExpr, GlobalType, KnownCustom, Operator, Parser, Payload, TypeRef, ValType};

/// The global that holds the top of the shadow stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackPointer {
    /// Its index in the global index space.
    pub global: u32,
    /// Whether addresses have 64 bits (the memory64 proposal) and not 32.
    pub wide: bool,
    /// Its value before anything ran: the bottom of the stack, where the outermost function
    /// starts. `None` when the global is imported or computed.
    pub initial: Option<u64>,
}

/// What [`StackPointer::find`] learns of the module's globals.
#[derive(Default)]
struct Globals {
    /// Type and constant initial value of each, imported ones first.
    all: Vec<(GlobalType, Option<u64>)>,
    /// The one that calls itself `__stack_pointer`.
    named: Option<u32>,
}

impl StackPointer {
    /// Finds the module's stack pointer: the global called `__stack_pointer` in the name section,
    /// the exports or the imports; in a stripped module the mutable global that prologues lower,
    /// if they agree on one. `None` when the module has no shadow stack.
    pub fn find(module: &CoreModule) -> Option<Self> {
        let globals = Globals::read(module);
        let index = globals.named.or_else(|| globals.by_prologues(module))?;
        let (ty, initial) = globals.all.get(usize::try_from(index).ok()?)?;
        let wide = match ty.content_type {
            ValType::I32 => false,
            ValType::I64 => true,
            _ => return None,
        };
        ty.mutable.then_some(StackPointer {
            global: index,
            wide,
            initial: *initial,
        })
    }

    /// Cuts a computed address to the width of this module's addresses.
    fn wrap(self, address: u64) -> u64 {
        if self.wide {
            address
        } else {
            address & u64::from(u32::MAX)
        }
    }
}

impl Globals {
    /// Reads the globals and their names; stops quietly where the module is malformed.
    fn read(module: &CoreModule) -> Self {
        const NAME: &str = "__stack_pointer";
        let mut globals = Globals::default();
        let mut by_name_section = None;
        for payload in Parser::new(0).parse_all(module.bytes()) {
            match payload {
                Ok(Payload::ImportSection(imports)) => {
                    for import in imports.into_imports().flatten() {
                        if let TypeRef::Global(ty) = import.ty {
                            if import.name == NAME {
                                globals.named = u32::try_from(globals.all.len()).ok();
                            }
                            globals.all.push((ty, None));
                        }
                    }
                }
                Ok(Payload::GlobalSection(defined)) => {
                    for global in defined.into_iter().flatten() {
                        globals.all.push((global.ty, constant(&global.init_expr)));
                    }
                }
                Ok(Payload::ExportSection(exports)) => {
                    for export in exports.into_iter().flatten() {
                        if export.name == NAME && export.kind == wasmparser::ExternalKind::Global {
                            globals.named = Some(export.index);
                        }
                    }
                }
                Ok(Payload::CustomSection(custom)) => {
                    if let KnownCustom::Name(names) = custom.as_known() {
                        by_name_section = by_name_section.or(global_named(names, NAME));
                    }
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        globals.named = by_name_section.or(globals.named);
        globals
    }

    /// The mutable number that most bodies begin by reading and lowering. Two bodies at least
    /// must agree, and nine in ten of those that begin so: a counter is no stack pointer.
    fn by_prologues(&self, module: &CoreModule) -> Option<u32> {
        let mut votes: Vec<(u32, usize)> = Vec::new();
        for body in &module.bodies {
            if let Some(global) = walk::lowered_on_entry(module, body) {
                // Bounded: a stranger's module may vote for a million globals.
                let full = votes.len() >= 64;
                match votes.iter_mut().find(|(index, _)| *index == global) {
                    Some((_, count)) => *count += 1,
                    None if full => {}
                    None => votes.push((global, 1)),
                }
            }
        }
        let all: usize = votes.iter().map(|(_, count)| count).sum();
        let (global, count) = votes.into_iter().max_by_key(|(_, count)| *count)?;
        (count >= 2 && count * 10 >= all * 9).then_some(global)
    }
}

/// The value of an initialiser that is a single constant.
fn constant(expression: &ConstExpr<'_>) -> Option<u64> {
    let mut operators = expression.get_operators_reader();
    let value = match operators.read().ok()? {
        // A 32-bit address is unsigned; the format writes it as a signed number.
        Operator::I32Const { value } => u64::from(value.cast_unsigned()),
        Operator::I64Const { value } => value.cast_unsigned(),
        _ => return None,
    };
    matches!(operators.read().ok()?, Operator::End).then_some(value)
}

/// The index that a name section gives to the global called `wanted`.
fn global_named(names: wasmparser::NameSectionReader<'_>, wanted: &str) -> Option<u32> {
    for subsection in names.into_iter().flatten() {
        if let wasmparser::Name::Global(globals) = subsection {
            let mut globals = globals.into_iter().flatten();
            return globals.find(|g| g.name == wanted).map(|g| g.index);
        }
    }
    None
}

/// An address on the shadow stack, as far as the opcodes tell it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Height {
    /// So many bytes above (below, when negative) the stack pointer on entry.
    Entry(i64),
    /// So many bytes above the aligned address that [`Alignment`] describes.
    Aligned(i64),
}

/// How an over-aligned frame is laid out: its base is an address rounded down, and by how much
/// is not written anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Alignment {
    /// What is rounded: so many bytes above the stack pointer on entry.
    of: i64,
    /// The mask, sign-extended: −32 rounds down to a multiple of 32.
    mask: i64,
}

/// Why an address on the shadow stack cannot be told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unfollowed {
    /// The frame was rounded down to this alignment, in bytes, by an amount that depends on
    /// where the caller's frame ends.
    Aligned(u64),
    /// The frame has a size computed at run time (`alloca`, a C array of variable length), or the
    /// code does with the stack pointer what cannot be followed.
    Dynamic,
    /// The place is not in the body, or no execution that follows the opcodes gets there.
    NoSuchPlace,
}

impl fmt::Display for Unfollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfollowed::Aligned(bytes) => write!(
                f,
                "a frame is aligned to {bytes} bytes, and how much that left empty is not recorded"
            ),
            Unfollowed::Dynamic => f.write_str("a frame has a size that was computed at run time"),
            Unfollowed::NoSuchPlace => f.write_str("the code there cannot be followed"),
        }
    }
}

/// What a function has done to the shadow stack when it stands before one of its opcodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackState {
    pointer: StackPointer,
    /// Whether the walk got there at all.
    reached: bool,
    /// The stack pointer's value while the function stands there.
    height: Option<Height>,
    /// Locals that hold an address on the shadow stack, by index.
    locals: Vec<(u32, Height)>,
    alignment: Option<Alignment>,
    /// Bytes that the function takes off the stack, as far as the walk saw it do so.
    frame: Option<u64>,
}

/// Addresses that follow from one known stack pointer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackAddresses {
    /// The stack pointer when the function was called: its caller's, at the call.
    pub entry: Result<u64, Unfollowed>,
    /// The stack pointer while the function stands there.
    pub current: Result<u64, Unfollowed>,
    /// The Wasm locals that hold an address of the function's own frame, by index, with their
    /// values; the one that DWARF names as the frame's base is among them when the frame was
    /// followed and has been set up.
    pub locals: Vec<(u32, u64)>,
}

impl StackState {
    /// Follows `body` up to the opcode that `pc` lies in (give pc − 1 for a return address, or
    /// the address of the call).
    pub fn at(
        module: &CoreModule,
        pointer: StackPointer,
        body: &FunctionBody,
        pc: CodeOffset,
    ) -> Self {
        walk::follow(module, pointer, body, pc)
    }

    /// Whether nothing on the shadow stack belongs to the function there: it has no frame, or
    /// has not taken or has given back what it needs.
    pub fn is_frameless(&self) -> bool {
        self.height == Some(Height::Entry(0)) && self.locals.is_empty()
    }

    /// The size of the function's fixed frame in bytes, if it had one by then.
    pub fn frame_size(&self) -> Option<u64> {
        self.frame
    }

    /// The addresses that follow when `current` is the stack pointer while the function stands
    /// there: for the innermost function the global's value, for an outer one what its callee's
    /// state gives as [`StackAddresses::entry`].
    pub fn from_inside(&self, current: u64) -> StackAddresses {
        let (entry, aligned) = match self.height {
            Some(Height::Entry(above)) => {
                let entry = self
                    .pointer
                    .wrap(current.wrapping_sub(above.cast_unsigned()));
                (Ok(entry), self.aligned(entry))
            }
            Some(Height::Aligned(above)) => {
                let base = self
                    .pointer
                    .wrap(current.wrapping_sub(above.cast_unsigned()));
                (Err(self.unfollowed()), Some(base))
            }
            None => (Err(self.unfollowed()), None),
        };
        self.addresses(entry, aligned, Ok(self.pointer.wrap(current)))
    }

    /// The addresses that follow when `entry` was the stack pointer when the function was called:
    /// for the outermost function [`StackPointer::initial`], for an inner one its caller's
    /// [`StackAddresses::current`].
    pub fn from_outside(&self, entry: u64) -> StackAddresses {
        let aligned = self.aligned(entry);
        let current = self
            .height
            .and_then(|height| self.resolve(height, Ok(entry), aligned))
            .ok_or_else(|| self.unfollowed());
        self.addresses(Ok(self.pointer.wrap(entry)), aligned, current)
    }

    fn addresses(
        &self,
        entry: Result<u64, Unfollowed>,
        aligned: Option<u64>,
        current: Result<u64, Unfollowed>,
    ) -> StackAddresses {
        let locals = self
            .locals
            .iter()
            .filter_map(|&(index, height)| Some((index, self.resolve(height, entry, aligned)?)));
        StackAddresses {
            entry,
            current,
            locals: locals.collect(),
        }
    }

    fn resolve(
        &self,
        height: Height,
        entry: Result<u64, Unfollowed>,
        aligned: Option<u64>,
    ) -> Option<u64> {
        let (base, above) = match height {
            Height::Entry(above) => (entry.ok()?, above),
            Height::Aligned(above) => (aligned?, above),
        };
        Some(self.pointer.wrap(base.wrapping_add(above.cast_unsigned())))
    }

    /// The aligned address, from the stack pointer on entry.
    fn aligned(&self, entry: u64) -> Option<u64> {
        let Alignment { of, mask } = self.alignment?;
        let rounded = entry.wrapping_add(of.cast_unsigned()) & mask.cast_unsigned();
        Some(self.pointer.wrap(rounded))
    }

    fn unfollowed(&self) -> Unfollowed {
        match (self.height, self.alignment) {
            _ if !self.reached => Unfollowed::NoSuchPlace,
            (Some(Height::Aligned(_)), Some(Alignment { mask, .. })) => {
                Unfollowed::Aligned(mask.unsigned_abs())
            }
            _ => Unfollowed::Dynamic,
        }
    }
}
