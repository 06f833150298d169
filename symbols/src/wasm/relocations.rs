//! Whether code is still as its linker wrote it.
//!
//! Tools that rewrite linked modules (wasm-opt, walrus) do not reliably say so in the producers
//! section, and what they keep of debug info says where variables were, not where they are.

use super::CoreModule;
use wasmparser::Operator;

/// Calls looked at before an answer is given, and the fewest that allow one.
const ENOUGH_CALLS: usize = 64;
const FEWEST_CALLS: usize = 8;

/// Opcodes looked at, at most.
const MAX_OPCODES: usize = 1 << 20;

/// Bytes of a `call` whose function index has room for any: the opcode, and five of the index.
const RELOCATED_CALL: u64 = 6;

impl CoreModule {
    /// Whether a tool has written the code anew since LLVM's linker did.
    ///
    /// A relocated index takes five bytes however small it is (tool-conventions, Linking:
    /// `R_WASM_FUNCTION_INDEX_LEB`), and the linker leaves it so in a module with debug info. A
    /// tool that reads and writes code gives indices the bytes that they need. So code of LLVM's
    /// in which no call is padded has been through such a tool. Code of other compilers, and code
    /// with hardly a call, says nothing: `false`.
    pub fn is_rewritten(&self) -> bool {
        let by_llvm = |name: &str| ["clang", "rustc", "LLVM"].contains(&name);
        if !self.producers().iter().any(|made| by_llvm(&made.name)) {
            return false;
        }
        let mut calls = 0;
        let mut opcodes_left = MAX_OPCODES;
        for body in &self.bodies {
            let mut call_at = None;
            for (at, operator) in self.opcodes(body) {
                if let Some(call) = call_at.take() {
                    if at.0 - call == RELOCATED_CALL {
                        return false;
                    }
                    calls += 1;
                }
                if matches!(operator, Operator::Call { .. }) {
                    call_at = Some(at.0);
                }
                opcodes_left -= 1;
                if calls == ENOUGH_CALLS || opcodes_left == 0 {
                    return calls >= FEWEST_CALLS;
                }
            }
        }
        calls >= FEWEST_CALLS
    }
}

#[cfg(test)]
mod tests {
    use crate::wasm::{Binary, CoreModule};
    use std::sync::Arc;

    fn module(bytes: Vec<u8>) -> Arc<CoreModule> {
        let binary = Binary::parse(bytes.into()).expect("well-formed");
        Arc::clone(&binary.modules[0])
    }

    fn of_text(producers: &str) -> Arc<CoreModule> {
        let calls = "call $f ".repeat(20);
        let text = format!("(module {producers} (func $f) (func {calls}))");
        module(wasmscope_test_support::wat_to_wasm(&text))
    }

    #[test]
    fn linked_code_is_told_from_code_written_anew() {
        let linked = std::fs::read(wasmscope_test_support::prebuilt("orders")).expect("is there");
        assert!(!module(linked).is_rewritten());
        // Indices in the bytes that they need: no linker of LLVM's wrote this.
        assert!(of_text(r#"(@producers (processed-by "clang" "21"))"#).is_rewritten());
        // Other compilers may write so in the first place.
        assert!(!of_text(r#"(@producers (processed-by "tiny" "1"))"#).is_rewritten());
        assert!(!of_text("").is_rewritten());
    }
}
