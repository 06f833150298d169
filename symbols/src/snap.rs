//! Snapping many places to opcodes, decoding each body once.

use crate::offsets::CodeOffset;
use crate::wasm::CoreModule;

/// Snaps places forward to opcodes; cheap when they come by rising offset.
pub(crate) struct Snapper<'m> {
    module: &'m CoreModule,
    /// The opcodes of the body last looked at, which starts and ends here.
    body: std::ops::Range<CodeOffset>,
    opcodes: Vec<CodeOffset>,
}

impl<'m> Snapper<'m> {
    pub fn new(module: &'m CoreModule) -> Self {
        Snapper {
            module,
            body: CodeOffset(0)..CodeOffset(0),
            opcodes: Vec::new(),
        }
    }

    /// The first opcode at or after `offset` in the same body; `None` outside of every body and
    /// past its last opcode.
    pub fn snap(&mut self, offset: CodeOffset) -> Option<CodeOffset> {
        if !self.body.contains(&offset) {
            let body = self.module.body_at(offset)?;
            self.body = body.range.clone();
            self.opcodes = self.module.opcodes(body).map(|(at, _)| at).collect();
        }
        let next = self.opcodes.partition_point(|at| *at < offset);
        self.opcodes.get(next).copied()
    }
}
