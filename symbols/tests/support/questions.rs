//! All questions there are to ask about a module, for tests and fuzzing with damaged ones.

use std::sync::{Arc, LazyLock};
use wasmscope_symbols::types::TypeKind;
use wasmscope_symbols::{
    Binary, CodeOffset, FrameState, FunctionQuery, StaticQuery, Symbols, SymbolsOptions, TypeId,
    Unavailable, WasmValue,
};

static REGEX: LazyLock<regex::Regex> = LazyLock::new(|| regex::Regex::new("fmt").unwrap());

/// Asks everything there is to ask.
pub fn ask_everything(bytes: &[u8]) {
    let Ok((binary, _)) = Binary::parse_damaged(bytes.into()) else {
        return;
    };
    for module in binary.modules {
        let _ = (
            module.producers(),
            module.target_features(),
            module.build_id(),
        );
        let symbols = Symbols::open(Arc::clone(&module), &SymbolsOptions::default());
        for body in module.bodies.iter().step_by(11) {
            ask_about(&symbols, body.first_opcode);
            ask_about(&symbols, CodeOffset(body.range.end.0.saturating_sub(1)));
        }
        for offset in [0, 1, 0xffff_fffe, 0xffff_ffff, u64::MAX] {
            ask_about(&symbols, CodeOffset(offset));
        }
        let files = symbols.files();
        for file in files.iter().step_by(files.len() / 5 + 1) {
            let lines = symbols.lines_with_code(file);
            for line in lines.iter().step_by(lines.len() / 5 + 1) {
                let _ = symbols.find_line(file, *line);
            }
            let _ = symbols.find_line(file, u32::MAX);
        }
        for query in [
            FunctionQuery::Exact("main".into()),
            FunctionQuery::Suffix("main".into()),
            FunctionQuery::Suffix("mian".into()),
            FunctionQuery::Regex(REGEX.clone()),
        ] {
            let _ = symbols.find_functions(&query);
        }
        for of in symbols.statics(&StaticQuery::All) {
            let place = symbols.locate_static(&of, &Anything);
            assert_eq!(symbols.compile_static(&of).locate(&Anything), place);
        }
        for name in ["u32", "Vec<u8>", "&str", "Order"] {
            let _ = symbols.find_types(name);
        }
        let _ = symbols.functions_of_files(&|file| file.len() % 2 == 0);
        let _ = (module.table_function(0, 1), module.initial_memory());
        let _ = module.constant_global(0);
        let _ = (symbols.debug_facts(), symbols.units(), symbols.problems());
    }
}

/// Asks about the statements and opcodes of the function at `offset`.
fn ask_about_function(symbols: &Symbols, offset: CodeOffset) {
    let Some(statements) = symbols.statements(offset) else {
        return;
    };
    let code = &statements.code;
    for place in statements.places.iter().step_by(7) {
        assert!(place.start <= place.pc && place.pc < place.end);
        assert!(code.is_reachable(place.pc));
        let _ = statements.covering(place.pc);
        let _ = statements.chain_at(place.pc);
        assert!(
            statements.is_in(place.pc, place.scope),
            "{place:?} {:?} {:?} {:?}",
            statements.die,
            statements.range,
            statements.inlined_call(place.scope)
        );
    }
    let starts = |pc: CodeOffset| statements.starting_at(pc).is_some();
    for pc in code.opcodes().step_by(code.len() / 8 + 1) {
        let _ = code.first_reached(pc, starts);
        let next = code.successors(pc).unwrap_or_default();
        assert!(next.pcs.iter().all(|pc| code.is_opcode(*pc)));
    }
    let _ = code.calls_in(code.range.clone());
}

fn ask_about(symbols: &Symbols, offset: CodeOffset) {
    for frame in symbols.frames(offset) {
        let line = frame.location.as_ref().and_then(|at| at.line);
        let Some(die) = frame.die else { continue };
        let _ = (symbols.declared_at(die), symbols.return_type(die));
        for variable in symbols.variables(die, offset, line) {
            let place = symbols.locate(&variable, offset, &Anything);
            let compiled = symbols.compile_location(&variable, offset);
            assert_eq!(compiled.locate(&Anything), place);
            if let Some(ty) = variable.type_id {
                describe_all(symbols, ty);
            }
        }
    }
    ask_about_function(symbols, offset);
    let _ = symbols.function_entry(offset);
    let _ = symbols.frame_base_register(offset);
}

/// Describes a type and those it is made of, some hundreds of them.
fn describe_all(symbols: &Symbols, first: TypeId) {
    let mut known = std::collections::HashSet::from([first]);
    let mut wanted = vec![first];
    while let Some(id) = wanted.pop() {
        let ty = symbols.describe_type(id);
        let parts: Vec<TypeId> = match &ty.kind {
            TypeKind::Pointer(pointer) => pointer.target.into_iter().collect(),
            TypeKind::Struct(fields) | TypeKind::Union(fields) => {
                fields.fields.iter().map(|field| field.type_id).collect()
            }
            TypeKind::Variants(variants) => {
                for bits in [0, 1, u128::MAX] {
                    let _ = variants.select(bits);
                }
                let bodies = variants
                    .variants
                    .iter()
                    .filter_map(|variant| variant.body.as_ref());
                bodies.map(|body| body.type_id).collect()
            }
            TypeKind::Enum(enumeration) => enumeration.representation.into_iter().collect(),
            TypeKind::Array(array) => vec![array.element],
            TypeKind::Alias(target) => target.iter().copied().collect(),
            TypeKind::Base(_) | TypeKind::Function | TypeKind::Unknown(_) => Vec::new(),
        };
        for part in parts {
            if known.len() < 300 && known.insert(part) {
                wanted.push(part);
            }
        }
    }
}

/// A frame that knows everything, so that locations are evaluated to their end.
struct Anything;

impl FrameState for Anything {
    fn wasm_local(&self, index: u32) -> Result<WasmValue, Unavailable> {
        Ok(match index % 4 {
            0 => WasmValue::I64(u64::MAX),
            1 => WasmValue::F64(u64::MAX),
            _ => WasmValue::I32(0x10_0000),
        })
    }

    fn wasm_global(&self, _index: u32) -> Result<WasmValue, Unavailable> {
        Ok(WasmValue::I32(0x10_0000))
    }

    fn operand(&self, _index: u32) -> Result<WasmValue, Unavailable> {
        Ok(WasmValue::I32(u32::MAX))
    }

    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Unavailable> {
        buffer.fill(address as u8);
        Ok(())
    }
}
