//! The failing opcode: its name as Wasm's text format has it, and what it was about to do.

use super::report::MemoryAccess;
use wasmparser::{BinaryReader, MemArg, Operator, OperatorsReader, Parser, Payload};
use wasmscope_symbols::{CoreModule, ModulePc};

/// The opcode at `pc`; `None` when there is none, or none that can be decoded.
pub(super) fn at(module: &CoreModule, pc: u64) -> Option<Operator<'_>> {
    let offset = module.code.to_code(ModulePc(pc))?;
    let body = module.body_at(offset)?;
    let start = usize::try_from(pc).ok()?;
    let end = usize::try_from(module.code.start.checked_add(body.range.end.0)?).ok()?;
    let bytes = module.bytes().get(start..end)?;
    OperatorsReader::new(BinaryReader::new(bytes, start))
        .read()
        .ok()
}

/// The opcode's name in Wasm's text format: `i32.load8_u`.
///
/// The parser's names follow the format's by rule, with which they are turned back; instructions
/// for vectors and atomics with more parts come out recognisable, if not to the letter.
pub(super) fn name(operator: &Operator<'_>) -> String {
    const SPACES: [&str; 22] = [
        "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2",
        "local", "global", "table", "memory", "ref", "elem", "data", "struct", "array", "atomic",
        "extern",
    ];
    let debug = format!("{operator:?}");
    let end = debug
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(debug.len());
    let mut words: Vec<String> = Vec::new();
    for character in debug.chars().take(end) {
        match words.last_mut() {
            Some(word) if !character.is_ascii_uppercase() => word.push(character),
            _ => words.push(character.to_ascii_lowercase().to_string()),
        }
    }
    match words.split_first() {
        Some((first, rest)) if !rest.is_empty() && SPACES.contains(&first.as_str()) => {
            format!("{first}.{}", rest.join("_"))
        }
        _ => words.join("_"),
    }
}

/// What a load or store accesses; `None` for other opcodes.
pub(super) fn memory_access(operator: &Operator<'_>) -> Option<MemoryAccess> {
    let access = |writes, size, offset| {
        Some(MemoryAccess {
            operator: name(operator),
            writes,
            size,
            offset,
        })
    };
    let plain = |writes, size: u64, memarg: &MemArg| access(writes, Some(size), memarg.offset);
    use Operator as O;
    match operator {
        O::I32Load8S { memarg }
        | O::I32Load8U { memarg }
        | O::I64Load8S { memarg }
        | O::I64Load8U { memarg } => plain(false, 1, memarg),
        O::I32Load16S { memarg }
        | O::I32Load16U { memarg }
        | O::I64Load16S { memarg }
        | O::I64Load16U { memarg } => plain(false, 2, memarg),
        O::I32Load { memarg }
        | O::F32Load { memarg }
        | O::I64Load32S { memarg }
        | O::I64Load32U { memarg } => plain(false, 4, memarg),
        O::I64Load { memarg } | O::F64Load { memarg } => plain(false, 8, memarg),
        O::V128Load { memarg } => plain(false, 16, memarg),
        O::I32Store8 { memarg } | O::I64Store8 { memarg } => plain(true, 1, memarg),
        O::I32Store16 { memarg } | O::I64Store16 { memarg } => plain(true, 2, memarg),
        O::I32Store { memarg } | O::F32Store { memarg } | O::I64Store32 { memarg } => {
            plain(true, 4, memarg)
        }
        O::I64Store { memarg } | O::F64Store { memarg } => plain(true, 8, memarg),
        O::V128Store { memarg } => plain(true, 16, memarg),
        O::MemoryFill { .. } | O::MemoryCopy { .. } | O::MemoryInit { .. } => access(true, None, 0),
        _ => None,
    }
}

/// The function type that a call through a table expects, in Wasm's text format.
pub(super) fn expected_type(module: &CoreModule, operator: &Operator<'_>) -> Option<String> {
    let (Operator::CallIndirect { type_index, .. }
    | Operator::ReturnCallIndirect { type_index, .. }
    | Operator::CallRef { type_index }
    | Operator::ReturnCallRef { type_index }) = operator
    else {
        return None;
    };
    for payload in Parser::new(0).parse_all(module.bytes()) {
        let Payload::TypeSection(types) = payload.ok()? else {
            continue;
        };
        let wanted = usize::try_from(*type_index).ok()?;
        let mut all = types
            .into_iter()
            .flatten()
            .flat_map(wasmparser::RecGroup::into_types);
        let ty = all.nth(wanted)?;
        let wasmparser::CompositeInnerType::Func(function) = ty.composite_type.inner else {
            return None;
        };
        let list = |types: &[wasmparser::ValType]| {
            types
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let parameters = list(function.params());
        return Some(match function.results() {
            [] => format!("({parameters})"),
            results => format!("({parameters}) -> ({})", list(results)),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_text_formats() {
        let memarg = MemArg {
            align: 0,
            max_align: 0,
            offset: 12,
            memory: 0,
        };
        for (operator, expected) in [
            (Operator::I32Load8U { memarg }, "i32.load8_u"),
            (Operator::I64Store { memarg }, "i64.store"),
            (Operator::I32DivS, "i32.div_s"),
            (Operator::I32TruncF64S, "i32.trunc_f64_s"),
            (Operator::I32WrapI64, "i32.wrap_i64"),
            (Operator::Unreachable, "unreachable"),
            (
                Operator::CallIndirect {
                    type_index: 0,
                    table_index: 0,
                },
                "call_indirect",
            ),
            (Operator::MemoryFill { mem: 0 }, "memory.fill"),
            (Operator::LocalGet { local_index: 3 }, "local.get"),
            (Operator::BrIf { relative_depth: 0 }, "br_if"),
        ] {
            assert_eq!(name(&operator), expected);
        }
    }

    #[test]
    fn accesses_have_a_size_and_an_offset() {
        let memarg = MemArg {
            align: 0,
            max_align: 0,
            offset: 12,
            memory: 0,
        };
        let access = memory_access(&Operator::I64Load32U { memarg }).unwrap();
        assert_eq!(
            (access.writes, access.size, access.offset),
            (false, Some(4), 12)
        );
        assert_eq!(memory_access(&Operator::Nop), None);
    }
}
