//! What steps have worked out about the program's code, kept for the next one.

use crate::program::ProgramSymbols;
use std::sync::Arc;

/// Knowledge that outlives a step. Belongs to one program; whoever steps keeps it.
#[derive(Debug)]
pub struct StepTables {
    #[expect(dead_code, reason = "in the works")]
    program: Arc<ProgramSymbols>,
}

impl StepTables {
    /// Nothing worked out yet.
    pub fn new(program: Arc<ProgramSymbols>) -> Self {
        StepTables { program }
    }
}
