//! What was read of a module's code once, for whoever asks again.

use super::flow::FunctionCode;
use super::tables::FunctionTables;
use super::{CoreModule, FunctionBody};
use crate::location::WasmValue;
use crate::offsets::CodeOffset;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wasmparser::{BinaryReader, Global, GlobalSectionReader, MemorySectionReader, Operator};

/// How many opcodes are kept altogether; about 20 bytes each. A debugger looks at few functions.
const MAX_OPCODES: usize = 4_000_000;

/// What is kept of one module's code; clones of the module share it.
#[derive(Clone, Default)]
pub(super) struct KeptCode(Arc<Kept>);

#[derive(Default)]
struct Kept {
    functions: Mutex<Functions>,
    tables: OnceLock<FunctionTables>,
    /// The globals that the module defines, those that are constants by their values.
    globals: OnceLock<Vec<Option<WasmValue>>>,
}

#[derive(Default)]
struct Functions {
    by_index: HashMap<u32, Arc<FunctionCode>>,
    opcodes: usize,
}

impl CoreModule {
    /// The opcodes of the function whose body holds `offset`, decoded when first asked for;
    /// `None` outside of every body.
    pub fn function_code(&self, offset: CodeOffset) -> Option<Arc<FunctionCode>> {
        Some(self.code_of(self.body_at(offset)?))
    }

    /// As [`function_code`](Self::function_code), for a body of this module.
    pub fn code_of(&self, body: &FunctionBody) -> Arc<FunctionCode> {
        let lock = || {
            let functions = self.kept.0.functions.lock();
            functions.unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = lock().by_index.get(&body.index) {
            return Arc::clone(known);
        }
        let code = Arc::new(FunctionCode::read(self, body));
        let mut functions = lock();
        if functions.opcodes.saturating_add(code.len()) > MAX_OPCODES {
            *functions = Functions::default();
        }
        functions.opcodes = functions.opcodes.saturating_add(code.len());
        functions.by_index.insert(body.index, Arc::clone(&code));
        code
    }

    /// The function that is in a table at an index, as long as the program runs; `None` when
    /// there is none, or when something may write to the table: the program, the host, another
    /// module. The first question looks through all code.
    pub fn table_function(&self, table: u32, index: u32) -> Option<u32> {
        let tables = self
            .kept
            .0
            .tables
            .get_or_init(|| FunctionTables::read(self));
        tables.function(table, index)
    }

    /// How large the module's own memory is when the program starts, in bytes; `None` when it is
    /// imported or there is none.
    pub fn initial_memory(&self) -> Option<u64> {
        if self.imported_memories > 0 {
            return None;
        }
        let section = self.sections.iter().find(|s| s.name == "memory")?;
        let bytes = self.bytes().get(section.range.clone())?;
        let reader = MemorySectionReader::new(BinaryReader::new(bytes, 0)).ok()?;
        let memory = reader.into_iter().next()?.ok()?;
        let page = 1_u64.checked_shl(memory.page_size_log2.unwrap_or(16))?;
        memory.initial.checked_mul(page)
    }

    /// The value of a global that never changes and that the module itself gives a value: one
    /// constant of integer type.
    pub fn constant_global(&self, index: u32) -> Option<WasmValue> {
        let defined = index.checked_sub(self.imported_globals)?;
        let globals = self.kept.0.globals.get_or_init(|| globals(self));
        *globals.get(usize::try_from(defined).ok()?)?
    }

    /// Whether the function with this index is imported.
    pub fn is_import(&self, function: u32) -> bool {
        function < self.imported_functions
    }
}

/// The globals that the module defines, up to the first that cannot be read.
fn globals(module: &CoreModule) -> Vec<Option<WasmValue>> {
    let section = module.sections.iter().find(|s| s.name == "global");
    let bytes = section.and_then(|section| module.bytes().get(section.range.clone()));
    let reader = GlobalSectionReader::new(BinaryReader::new(bytes.unwrap_or_default(), 0));
    let Ok(reader) = reader else {
        return Vec::new();
    };
    let globals = reader.into_iter().map_while(Result::ok);
    globals.map(|global| constant(&global)).collect()
}

fn constant(global: &Global<'_>) -> Option<WasmValue> {
    if global.ty.mutable {
        return None;
    }
    let mut operators = global.init_expr.get_operators_reader();
    let value = match operators.read().ok()? {
        Operator::I32Const { value } => WasmValue::I32(value.cast_unsigned()),
        Operator::I64Const { value } => WasmValue::I64(value.cast_unsigned()),
        _ => return None,
    };
    matches!(operators.read().ok()?, Operator::End).then_some(value)
}

impl std::fmt::Debug for KeptCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptCode").finish_non_exhaustive()
    }
}
