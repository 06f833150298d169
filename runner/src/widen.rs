//! A core module with one export more: its stack pointer. A host that a module calls can only reach
//! what it exports, and the variables of unoptimised code are found from the stack pointer.
//!
//! Nothing of the code changes, and offsets in the code section stay; what lies behind the export
//! section moves by a constant, so that the widened program is one of its own.

use crate::program::{LoadError, Program, ProgramKind};
use std::ops::Range;
use wasmparser::{Parser, Payload};
use wasmscope_tracer::observe::STACK_POINTER;

/// The section of exports, and the kind of an export that is a global, in the binary format.
const EXPORT_SECTION: u8 = 7;
const GLOBAL: u8 = 3;

/// Why a program cannot be widened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WidenError {
    /// Only a core module's own memory and globals are within its host's reach.
    #[error("only core modules hand their stack pointer to their host, and this is a component")]
    Component,
    /// There is no section of exports that could be added to.
    #[error("the module has no exports, and so no memory that its host could look at")]
    NoExports,
    /// There is an export of that name.
    #[error("the module exports something called `{STACK_POINTER}` already")]
    Taken,
    /// The result is no module: the program is malformed.
    #[error(transparent)]
    Malformed(#[from] LoadError),
}

impl Program {
    /// The same program with a global exported under the name that calls are told it by
    /// ([`STACK_POINTER`]).
    ///
    /// # Errors
    /// When it is not a core module with exports.
    pub fn exporting_stack_pointer(&self, global: u32) -> Result<Program, WidenError> {
        if self.kind() == ProgramKind::Component {
            return Err(WidenError::Component);
        }
        let bytes = self.bytes();
        let ExportSection {
            whole: section,
            entries,
            count,
        } = export_section(bytes)?.ok_or(WidenError::NoExports)?;
        let mut contents = Vec::with_capacity(entries.len() + STACK_POINTER.len() + 16);
        leb128(&mut contents, count.saturating_add(1));
        contents.extend_from_slice(bytes.get(entries).unwrap_or_default());
        // A name's length fits in 32 bits.
        leb128(&mut contents, STACK_POINTER.len() as u32);
        contents.extend_from_slice(STACK_POINTER.as_bytes());
        contents.push(GLOBAL);
        leb128(&mut contents, global);

        let mut widened = Vec::with_capacity(bytes.len() + contents.len());
        widened.extend_from_slice(bytes.get(..section.start).unwrap_or_default());
        widened.push(EXPORT_SECTION);
        leb128(
            &mut widened,
            u32::try_from(contents.len()).unwrap_or(u32::MAX),
        );
        widened.extend_from_slice(&contents);
        widened.extend_from_slice(bytes.get(section.end..).unwrap_or_default());
        let program = Program::from_bytes(self.path(), widened)?;
        Ok(match self.root() {
            Some(root) => program.unpacked_at(self.file().to_owned(), root.to_owned()),
            None => program,
        })
    }
}

/// Where things are in the binary.
struct ExportSection {
    /// The section, its header included.
    whole: Range<usize>,
    entries: Range<usize>,
    count: u32,
}

/// Finds the section of exports.
fn export_section(bytes: &[u8]) -> Result<Option<ExportSection>, WidenError> {
    let mut before = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        // The program has been looked over when it was loaded; what is wrong in it after that is
        // told when it is compiled.
        let Ok(payload) = payload else {
            return Ok(None);
        };
        if let Payload::ExportSection(exports) = &payload {
            let range = exports.range();
            let mut names = exports.clone().into_iter();
            if names.any(|export| export.is_ok_and(|export| export.name == STACK_POINTER)) {
                return Err(WidenError::Taken);
            }
            let entries = exports.original_position()..range.end;
            return Ok(Some(ExportSection {
                whole: before..range.end,
                entries,
                count: exports.count(),
            }));
        }
        match &payload {
            Payload::Version { range, .. } => before = range.end,
            payload => {
                if let Some((_, range)) = payload.as_section() {
                    before = range.end;
                }
            }
        }
    }
    Ok(None)
}

/// Appends a number in the binary format's variable length.
fn leb128(out: &mut Vec<u8>, mut number: u32) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_export_is_added_and_nothing_else_changes() {
        let text = "(module
            (memory (export \"memory\") 1)
            (global $sp (mut i32) (i32.const 65536))
            (func (export \"_start\") (global.set $sp (i32.const 7)))
            (data (i32.const 8) \"kept\"))";
        let program = Program::from_bytes("a.wat", text.into()).expect("a module");
        let widened = program.exporting_stack_pointer(0).expect("it is widened");
        wasmparser::validate(widened.bytes()).expect("it is valid");
        let added = widened.bytes().len() - program.bytes().len();
        assert_eq!(added, STACK_POINTER.len() + 3);
        let tail = program.bytes().len() - 20;
        assert_eq!(widened.bytes()[tail + added..], program.bytes()[tail..]);
        let again = widened.exporting_stack_pointer(0).expect_err("twice");
        assert!(matches!(again, WidenError::Taken));
    }

    #[test]
    fn what_cannot_be_widened_says_why() {
        let widen = |text: &str| {
            let program = Program::from_bytes("a.wat", text.into()).expect("a program");
            program.exporting_stack_pointer(0).expect_err(text)
        };
        assert!(matches!(widen("(component)"), WidenError::Component));
        assert!(matches!(widen("(module)"), WidenError::NoExports));
    }
}
