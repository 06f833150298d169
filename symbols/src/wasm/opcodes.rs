//! Walking the opcodes of one body.
//!
//! Places in code that come from elsewhere (line rows, breakpoints) may fall between opcodes;
//! only an opcode's start can be stopped at, so they are snapped forward to the next one.

use super::{CoreModule, FunctionBody};
use crate::offsets::CodeOffset;
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// The opcodes of a body with their offsets, in order; ends at the first one that cannot be
/// decoded.
pub struct Opcodes<'a> {
    reader: OperatorsReader<'a>,
}

impl<'a> Iterator for Opcodes<'a> {
    type Item = (CodeOffset, Operator<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.eof() {
            return None;
        }
        let (operator, offset) = self.reader.read_with_offset().ok()?;
        Some((CodeOffset(offset as u64), operator))
    }
}

impl CoreModule {
    /// The opcodes of `body`, which must be one of this module's.
    pub fn opcodes(&self, body: &FunctionBody) -> Opcodes<'_> {
        let start = body.first_opcode;
        let bytes = self.code_bytes(start..body.range.end);
        // Offsets count from the code section's contents, as a `CodeOffset` does.
        let origin = usize::try_from(start.0).unwrap_or(0);
        let reader = OperatorsReader::new(BinaryReader::new(bytes, origin));
        Opcodes { reader }
    }

    /// The first opcode at or after `offset` in the body that holds `offset`; `None` outside of
    /// every body and past the last opcode that can be decoded.
    pub fn snap_to_opcode(&self, offset: CodeOffset) -> Option<CodeOffset> {
        let body = self.body_at(offset)?;
        self.opcodes(body)
            .map(|(at, _)| at)
            .find(|at| *at >= offset)
    }
}
