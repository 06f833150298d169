//! Opcodes in Wasm's text format.

use super::shared::{not_found, unavailable};
use crate::explain::{Extent, disassemble};
use crate::program::ProgramSymbols;
use crate::protocol::{CommandError, ReplyBody};
use wasmscope_symbols::names;

/// The opcodes of the function that holds `pc`, or some `around` it; `current` when the guest is
/// there, so that it is marked.
pub(super) fn of(
    program: &ProgramSymbols,
    module: usize,
    pc: u64,
    around: Option<usize>,
    current: bool,
) -> Result<ReplyBody, CommandError> {
    let symbols = program
        .module(module)
        .ok_or_else(|| not_found(format!("the program has no core module {module}")))?;
    let core = symbols.module();
    let extent = match around {
        Some(count) => Extent::Around {
            before: count,
            after: count,
        },
        None => Extent::Function,
    };
    let name = |index| core.function_name(index).map(names::prettify);
    let local = |function, index| core.local_name(function, index).map(str::to_owned);
    let mut found = disassemble(core, pc, extent, name, local).ok_or_else(|| {
        unavailable(format!(
            "the function at {pc:#x} cannot be listed: it is too large, or no text can be made of it"
        ))
    })?;
    if !current {
        found.failing = found.lines.len();
    }
    Ok(ReplyBody::Disassembly(found))
}
