//! The opcodes around a place, for code without lines.
//!
//! The text is made by `wasmprinter`, which prints whole modules. So that a place in a large one
//! costs no more than in a small one, it is given the same module with every other body emptied.

use super::report::{Disassembly, DisassemblyLine};
use wasmparser::{Parser, Payload};
use wasmscope_symbols::{CoreModule, FunctionBody, ModulePc};

/// Lines that one listing has at most.
const MAX_LINES: usize = 200_000;
/// Modules with more functions, or functions of more bytes, are not listed: printing them would
/// take seconds.
const MAX_FUNCTIONS: usize = 200_000;
const MAX_BODY: u64 = 4 << 20;

/// How much of a function is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Function,
    /// The opcode asked for, and so many before and after it.
    Around { before: usize, after: usize },
}

/// The opcodes of the function that holds `pc`; the one at `pc` is marked. `name` gives a function's
/// readable name by index, `local` that of a function's local.
pub(crate) fn disassemble(
    module: &CoreModule,
    pc: u64,
    extent: Extent,
    name: impl Fn(u32) -> Option<String>,
    local: impl Fn(u32, u32) -> Option<String>,
) -> Option<Disassembly> {
    let body = module.body_at(module.code.to_code(ModulePc(pc))?)?;
    if module.bodies.len() > MAX_FUNCTIONS
        || body.range.end.0.checked_sub(body.range.start.0)? > MAX_BODY
    {
        return None;
    }
    let start = module.code.start.checked_add(body.range.start.0)?;
    let (emptied, moved_to) = with_one_body(module, body)?;
    let mut text = String::new();
    let config = wasmprinter::Config::new();
    let mut lines: Vec<DisassemblyLine> = Vec::new();
    let mut failing = None;
    for (offset, line) in config.offsets_and_lines(&emptied, &mut text).ok()? {
        let Some(inside) = offset.and_then(|offset| (offset as u64).checked_sub(moved_to)) else {
            continue;
        };
        let here = start.checked_add(inside)?;
        if here < module.code.start.checked_add(body.first_opcode.0)?
            || here >= start.checked_add(body.range.end.0 - body.range.start.0)?
        {
            continue;
        }
        if here <= pc {
            failing = Some(lines.len());
        }
        // The function's own end, which the text format writes as the end of its bracket.
        if line.trim() == ")" {
            continue;
        }
        let depth = line.chars().take_while(|c| *c == ' ').count() / 2;
        lines.push(DisassemblyLine {
            pc: here,
            depth: u32::try_from(depth.saturating_sub(2)).unwrap_or(0),
            text: with_names(line.trim(), &name, |index| local(body.index, index)),
        });
    }
    let failing = failing?;
    let (first, count) = match extent {
        Extent::Function => (0, MAX_LINES),
        Extent::Around { before, after } => {
            let first = failing.saturating_sub(before);
            let count = (failing - first).saturating_add(1).saturating_add(after);
            (first, count)
        }
    };
    let lines: Vec<_> = lines.into_iter().skip(first).take(count).collect();
    Some(Disassembly {
        function: name(body.index).unwrap_or_else(|| format!("function {}", body.index)),
        lines,
        failing: failing - first,
    })
}

/// Puts the names of a called function or of a local behind the opcode that has its index.
fn with_names(
    line: &str,
    name: &impl Fn(u32) -> Option<String>,
    local: impl Fn(u32) -> Option<String>,
) -> String {
    let index = |opcodes: &[&str]| -> Option<u32> {
        let (opcode, index) = line.split_once(' ')?;
        let named = opcodes.contains(&opcode);
        index.trim().parse().ok().filter(|_| named)
    };
    let called = index(&["call", "return_call", "ref.func"]).and_then(name);
    let named = called.or_else(|| index(&["local.get", "local.set", "local.tee"]).and_then(local));
    match named {
        Some(named) => format!("{line}  ;; {named}"),
        None => line.to_owned(),
    }
}

/// The module with all bodies but one emptied and everything left out that its text does not
/// need; and where that one body is then.
fn with_one_body(module: &CoreModule, body: &FunctionBody) -> Option<(Vec<u8>, u64)> {
    const CODE: u8 = 10;
    const KEPT: [u8; 7] = [1, 2, 3, 4, 5, 6, 13];
    const EMPTY: [u8; 4] = [3, 0, 0, 0x0b]; // size, no locals, unreachable, end
    let bytes = module.bytes();
    let range =
        |from: u64, to: u64| bytes.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?);

    let mut out = b"\0asm\x01\0\0\0".to_vec();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.ok()?;
        if matches!(payload, Payload::CodeSectionStart { .. }) {
            break;
        }
        if let Some((id, section)) = payload.as_section()
            && KEPT.contains(&id)
        {
            out.push(id);
            let contents = bytes.get(section)?;
            unsigned(contents.len() as u64, &mut out);
            out.extend_from_slice(contents);
        }
    }

    let mut code = Vec::new();
    unsigned(module.bodies.len() as u64, &mut code);
    let mut moved_to = 0;
    for other in &module.bodies {
        if other.index == body.index {
            let start = module.code.start.checked_add(body.range.start.0)?;
            let contents = range(start, module.code.start.checked_add(body.range.end.0)?)?;
            unsigned(contents.len() as u64, &mut code);
            moved_to = code.len();
            code.extend_from_slice(contents);
        } else {
            code.extend_from_slice(&EMPTY);
        }
    }
    out.push(CODE);
    unsigned(code.len() as u64, &mut out);
    let moved_to = out.len().checked_add(moved_to)?;
    out.extend_from_slice(&code);
    Some((out, moved_to as u64))
}

/// Writes a number as LEB128.
fn unsigned(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_symbols::Binary;

    #[test]
    fn the_failing_opcode_stands_among_its_neighbours() {
        let text = "(module (memory 1) (func $first nop nop) \
                    (func $load (param i32) (result i32) block (result i32) local.get 0 \
                      call $first i32.load offset=4 end))";
        let binary = Binary::parse(wasmscope_test_support::wat_to_wasm(text).into()).unwrap();
        let module = &binary.modules[0];
        let load = module.bodies[1].clone();
        // block, its type, local.get, its index, call, its index
        let pc = module.code.start + load.first_opcode.0 + 6;
        let name = |index| (index == 0).then(|| "first".to_owned());
        let extent = Extent::Around {
            before: 6,
            after: 2,
        };
        let found = disassemble(module, pc, extent, name, |_, _| None).unwrap();
        let shown: Vec<_> = found
            .lines
            .iter()
            .map(|line| (line.depth, line.text.as_str()))
            .collect();
        assert_eq!(found.function, "function 1");
        assert_eq!(found.lines[found.failing].pc, pc);
        assert_eq!(
            shown,
            [
                (0, "block (result i32) ;; label = @1"),
                (1, "local.get 0"),
                (1, "call 0  ;; first"),
                (1, "i32.load offset=4"),
                (0, "end"),
            ]
        );
    }
}
