//! The Wasm beneath: opcodes, locals, operands, globals.

use super::{DIM, HERE, Look, NAME};
use crate::report::{escape, grouped};
use std::fmt::Write as _;
use wasmscope_debugger::explain::Disassembly;
use wasmscope_debugger::protocol::{WasmFrameInfo, WasmItem};

/// Items of one kind shown at most.
const MAX_ITEMS: usize = 200;

/// Opcodes, the one at `pc` marked.
pub fn disassembly(code: &Disassembly, pc: Option<u64>, look: Look) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}:", escape::line(&code.function));
    for line in &code.lines {
        let indent = "  ".repeat(usize::try_from(line.depth.min(12)).unwrap_or(0));
        let is_here = pc == Some(line.pc);
        let mark = if is_here { "=>" } else { "  " };
        let text = format!(
            "{mark} {:#8x}  {indent}{}",
            line.pc,
            escape::line(&line.text)
        );
        let text = match is_here {
            true => look.styled(HERE, &text),
            false => text,
        };
        let _ = writeln!(out, "{text}");
    }
    out
}

/// The Wasm view of a frame.
pub fn wasm_frame(frame: &WasmFrameInfo, look: Look) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "function {} ({}) of module {}, at {:#x}",
        frame.func_index,
        escape::line(&frame.function),
        escape::line(&frame.module),
        frame.pc
    );
    if let Some(reason) = &frame.unavailable {
        let text = format!("locals and operands: unavailable, {}", escape::line(reason));
        let _ = writeln!(out, "{}", look.styled(DIM, &text));
    }
    items("locals", &frame.locals, look, &mut out);
    items("operands, the top last", &frame.operands, look, &mut out);
    items("globals", &frame.globals, look, &mut out);
    if let Some(size) = frame.memory_size {
        let size = grouped(usize::try_from(size).unwrap_or(usize::MAX));
        let _ = writeln!(out, "memory: {size} bytes");
    }
    out
}

fn items(title: &str, all: &[WasmItem], look: Look, out: &mut String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}:");
    for item in all.iter().take(MAX_ITEMS) {
        let name = item.name.as_deref().map_or(String::new(), |name| {
            format!(" ${}", look.styled(NAME, &escape::line(name)))
        });
        let value = match (&item.value, &item.bits) {
            (Some(value), Some(bits)) if value != bits => {
                format!("{} ({})", escape::line(value), escape::line(bits))
            }
            (Some(value), _) => escape::line(value),
            (None, _) => "unavailable".to_owned(),
        };
        let _ = writeln!(
            out,
            "  {:>3}{name}: {} = {value}",
            item.index,
            escape::line(&item.value_type)
        );
    }
    if let Some(more) = all.len().checked_sub(MAX_ITEMS).filter(|more| *more > 0) {
        let _ = writeln!(out, "  … {more} more");
    }
}
