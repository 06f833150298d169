//! Where Rust panics can be caught in the act.

use crate::program::ProgramSymbols;
use std::sync::Arc;
use wasmscope_runner::debuggee::CodePlace;
use wasmscope_symbols::{Symbols, names};

/// The function that a panic comes through once, after the panic hook has told its message and before
/// anything is unwound or aborted. The standard library keeps it apart for debuggers to stop at.
const RUST_PANIC: &str = "rust_panic";

/// The opcodes at which a panic has just been told, one for each copy of the standard library.
///
/// Only the name section is read, which stripped programs have not: their panics are known as the
/// traps they end in.
pub(super) fn places(program: &ProgramSymbols) -> Arc<[CodePlace]> {
    let mut places: Vec<CodePlace> = program
        .modules()
        .iter()
        .enumerate()
        .flat_map(|(module, symbols)| {
            let found = in_module(symbols).into_iter();
            found.filter_map(move |offset| program.place(module, offset))
        })
        .collect();
    places.sort_unstable();
    places.into()
}

fn in_module(symbols: &Symbols) -> Vec<wasmscope_symbols::CodeOffset> {
    let module = symbols.module();
    module
        .function_names()
        .filter(|(_, raw)| raw.contains(RUST_PANIC))
        .filter(|(_, raw)| {
            let pretty = names::prettify(raw);
            pretty == RUST_PANIC || pretty == "__rustc::rust_panic"
        })
        .filter_map(|(index, _)| Some(module.body(index)?.first_opcode))
        .collect()
}
