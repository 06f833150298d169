//! All questions there are to ask about a module, for tests and fuzzing with damaged ones.

use std::sync::{Arc, LazyLock};
use wasmscope_symbols::{Binary, CodeOffset, FunctionQuery, Symbols, SymbolsOptions};

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
        let _ = (symbols.debug_facts(), symbols.units(), symbols.problems());
    }
}

fn ask_about(symbols: &Symbols, offset: CodeOffset) {
    for frame in symbols.frames(offset) {
        let line = frame.location.as_ref().and_then(|at| at.line);
        let Some(die) = frame.die else { continue };
        let _ = symbols.declared_at(die);
        for variable in symbols.variables(die, offset, line) {
            if let Some(ty) = variable.type_id {
                let _ = symbols.describe_type(ty);
            }
        }
    }
    let _ = symbols.function_entry(offset);
    let _ = symbols.frame_base_register(offset);
}
