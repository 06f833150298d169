//! What lies below the source: opcodes, memory, the Wasm view.

use super::{
    is_found,
    paint::{Row, tint},
    remark, selection, visible,
};
use crate::pane::Pane;
use crate::state::code::{MEMORY_ROW, WasmRow};
use crate::state::{Guest, State};
use crate::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use wasmscope_debugger::protocol::BreakpointPlace;

/// Draws opcodes.
pub(super) fn disassembly(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let code = &state.code;
    let Some(listing) = &code.listing else {
        let note = match (&code.note, &state.guest) {
            (Some(note), _) => note.as_str(),
            (None, Guest::Stopped(_)) => "reading …",
            _ => "opcodes are shown where the program is stopped",
        };
        remark(state, area, buf, note);
        return;
    };
    let breaks: Vec<u64> = state
        .breakpoints
        .list
        .iter()
        .flat_map(|breakpoint| {
            let own = match breakpoint.spec.place {
                BreakpointPlace::Pc { pc, .. } => Some(pc),
                _ => None,
            };
            breakpoint
                .locations
                .iter()
                .map(|location| location.pc)
                .chain(own)
                .take(500)
        })
        .collect();
    for (place, row, is_selected) in visible(
        state,
        Pane::Disassembly,
        code.cursor.top,
        code.cursor.at,
        area.height,
    ) {
        let Some(line) = listing.lines.get(place) else {
            continue;
        };
        let is_current = code.current == Some(line.pc);
        if is_current {
            tint(buf, area, row, theme.current);
        } else if is_selected {
            tint(buf, area, row, selection(state, Pane::Disassembly));
        }
        let mut out = Row::new(buf, area, row);
        let sign = if breaks.contains(&line.pc) {
            "●"
        } else {
            " "
        };
        out.put(sign, theme.breakpoint);
        out.put(if is_current { "▶" } else { " " }, theme.strong);
        let dim = if is_current { theme.text } else { theme.dim };
        out.put(&format!("{:>7x}  ", line.pc), dim);
        let depth = usize::try_from(line.depth).unwrap_or(0).min(20);
        out.put(&"  ".repeat(depth), dim);
        let (opcode, rest) = match line.text.split_once(' ') {
            Some((opcode, rest)) => (opcode, rest),
            None => (line.text.as_str(), ""),
        };
        let plain = is_current && theme.current.fg.is_some();
        let style = if plain {
            theme.current
        } else {
            theme.token(token(opcode))
        };
        out.put(opcode, style).put(" ", theme.text);
        out.put_cut(rest, if plain { theme.current } else { theme.text });
        if is_found(state, &line.text) {
            tint(buf, area, row, theme.found);
        }
    }
}

fn token(opcode: &str) -> crate::highlight::Token {
    use crate::highlight::Token;
    match opcode {
        "block" | "loop" | "if" | "else" | "end" | "br" | "br_if" | "br_table" | "return"
        | "unreachable" | "try_table" | "throw" => Token::Keyword,
        "call" | "call_indirect" | "call_ref" | "return_call" | "return_call_indirect" => {
            Token::Function
        }
        opcode if opcode.contains(".const") => Token::Number,
        opcode if opcode.contains(".load") || opcode.contains(".store") => Token::Type,
        _ => Token::Plain,
    }
}

/// Names of what lies in a row are shown where there are this many columns for them.
const NAME_ROOM: usize = 10;

/// Draws memory.
pub(super) fn memory(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let memory = &state.memory;
    let mut head = Row::new(buf, area, 0);
    match &memory.expression {
        Some(expression) => {
            head.put(" ", theme.dim).put(expression, theme.name);
            head.put(&format!("  {:#x}", memory.address), theme.dim);
            if let Some(text) = whose(state) {
                head.put("  ", theme.dim).put_cut(&text, theme.text);
            }
        }
        None => {
            head.put(
                " g shows memory at an address or of a value; m on a variable does too",
                theme.dim,
            );
        }
    }
    let body = Rect::new(
        area.x,
        area.y.saturating_add(1),
        area.width,
        area.height.saturating_sub(1),
    );
    if memory.bytes.is_empty() {
        if let Some(note) = &memory.note {
            remark(state, body, buf, note);
        }
        return;
    }
    let digits = format!("{:x}", memory.size).len().max(6);
    // Each byte takes three columns and one more for its character.
    let needed = digits
        .saturating_add(3)
        .saturating_add(MEMORY_ROW.saturating_mul(4))
        .saturating_add(2);
    let with_text = usize::from(area.width) >= needed;
    let with_names = usize::from(area.width) >= needed.saturating_add(NAME_ROOM);
    for (place, line, is_selected) in visible(
        state,
        Pane::Memory,
        memory.cursor.top,
        memory.cursor.at,
        body.height,
    ) {
        if is_selected {
            tint(buf, body, line, selection(state, Pane::Memory));
        }
        let mut out = Row::new(buf, body, line);
        out.put(
            &format!(" {:0digits$x}  ", memory.row_address(place)),
            theme.dim,
        );
        let from = place.saturating_mul(MEMORY_ROW);
        let bytes = memory
            .bytes
            .iter()
            .copied()
            .enumerate()
            .skip(from)
            .take(MEMORY_ROW);
        let mut letters = String::new();
        for (at, byte) in bytes {
            let style = match (memory.is_changed(at), byte) {
                (true, _) => theme.changed,
                (false, 0) => theme.dim,
                (false, _) => theme.text,
            };
            out.put(&format!("{byte:02x} "), style);
            if at.checked_rem(8) == Some(7) {
                out.put(" ", theme.text);
            }
            letters.push(if byte.is_ascii_graphic() || byte == b' ' {
                char::from(byte)
            } else {
                '·'
            });
        }
        if with_text {
            out.put(&format!("{letters:MEMORY_ROW$}"), theme.text);
            let names = row_names(state, place);
            if with_names && !names.is_empty() {
                out.put("  ", theme.dim).put_cut(&names, theme.dim);
            }
        }
    }
}

/// What begins in a row.
fn row_names(state: &State, row: usize) -> String {
    let owners = state.memory.row_owners(row);
    let names: Vec<&str> = owners
        .iter()
        .filter(|(owner, offset)| *offset == 0 && !owner.name.is_empty())
        .map(|(owner, _)| owner.name.as_str())
        .collect();
    names.join(", ")
}

/// Whose the bytes of the selected row are.
fn whose(state: &State) -> Option<String> {
    let memory = &state.memory;
    let owners = memory.row_owners(memory.cursor.at);
    let (first, _) = owners.first()?;
    let names: Vec<String> = owners
        .iter()
        .filter(|(owner, _)| owner.what() == first.what() && !owner.name.is_empty())
        .map(|(owner, offset)| match offset {
            0 => owner.name.clone(),
            offset => format!("{} + {offset}", owner.name),
        })
        .collect();
    Some(match names.is_empty() {
        true => first.what(),
        false => format!("{}: {}", first.what(), names.join(", ")),
    })
}

/// A row of memory as text.
pub(super) fn memory_text(state: &State, row: usize) -> Option<String> {
    let from = row.checked_mul(MEMORY_ROW)?;
    let to = from
        .saturating_add(MEMORY_ROW)
        .min(state.memory.bytes.len());
    let bytes = state.memory.bytes.get(from..to)?;
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!(
        "{:x}: {}",
        state.memory.row_address(row),
        hex.join(" ")
    ))
}

/// Draws the Wasm view.
pub(super) fn wasm(state: &State, area: Rect, buf: &mut Buffer) {
    let theme = &state.theme;
    let rows = state.wasm.rows();
    if rows.is_empty() {
        remark(
            state,
            area,
            buf,
            "Wasm locals, operands, globals and modules",
        );
        return;
    }
    let cursor = state.wasm.cursor;
    for (place, line, is_selected) in visible(state, Pane::Wasm, cursor.top, cursor.at, area.height)
    {
        if is_selected {
            tint(buf, area, line, selection(state, Pane::Wasm));
        }
        let Some(row) = rows.get(place) else {
            continue;
        };
        let mut out = Row::new(buf, area, line);
        match row {
            WasmRow::Heading(heading) => {
                out.put(heading, theme.strong);
            }
            WasmRow::Note(note) => {
                out.put(" ", theme.dim).put_cut(note, theme.dim);
            }
            WasmRow::Problem(problem) => {
                out.put("    ", theme.dim).put_cut(problem, theme.warning);
            }
            WasmRow::Item(item) => {
                out.put(&format!(" {:>3} ", item.index), theme.dim);
                out.put(item.name.as_deref().unwrap_or_default(), theme.name);
                out.put(" = ", theme.dim);
                match &item.value {
                    Some(value) => out.put_cut(value, theme.text),
                    None => out.put_cut("unavailable", theme.dim),
                };
                if let Some(bits) = &item.bits {
                    out.put(&format!("  {bits}"), theme.dim);
                }
                out.right(&format!(" {}", item.value_type), theme.type_name);
            }
            WasmRow::Module(module) => {
                let name = module.name.as_deref().unwrap_or("(no name)");
                out.put(&format!(" {:>3} ", module.index), theme.dim)
                    .put_cut(name, theme.name);
                let info = module.debug_info.as_deref().unwrap_or("no debug info");
                let functions = text::grouped(u64::from(module.functions));
                out.put_cut(
                    &format!(
                        "  {functions} functions, {}, {info}",
                        text::size(module.code_size)
                    ),
                    theme.dim,
                );
            }
        }
    }
}

/// A row of the Wasm view as text.
pub(super) fn wasm_text(row: &WasmRow<'_>) -> String {
    match row {
        WasmRow::Heading(text) => (*text).to_owned(),
        WasmRow::Note(text) | WasmRow::Problem(text) => (*text).to_owned(),
        WasmRow::Item(item) => {
            let name = item.name.as_deref().unwrap_or_default();
            let value = item.value.as_deref().unwrap_or("unavailable");
            format!("{} {name} = {value}", item.index)
        }
        WasmRow::Module(module) => format!(
            "{} {}",
            module.index,
            module.name.as_deref().unwrap_or_default()
        ),
    }
}
