//! What was read of a module's code once, for whoever asks again.

use super::flow::FunctionCode;
use super::tables::FunctionTables;
use super::{CoreModule, FunctionBody};
use crate::offsets::CodeOffset;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wasmparser::{BinaryReader, MemorySectionReader};

/// How many opcodes are kept altogether; about 20 bytes each. A debugger looks at few functions.
const MAX_OPCODES: usize = 4_000_000;

/// What is kept of one module's code; clones of the module share it.
#[derive(Clone, Default)]
pub(super) struct KeptCode(Arc<Kept>);

#[derive(Default)]
struct Kept {
    functions: Mutex<Functions>,
    tables: OnceLock<FunctionTables>,
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

    /// Whether the function with this index is imported.
    pub fn is_import(&self, function: u32) -> bool {
        function < self.imported_functions
    }
}

impl std::fmt::Debug for KeptCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptCode").finish_non_exhaustive()
    }
}
