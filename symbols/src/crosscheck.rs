//! A check against another reader of the same sections: the `addr2line` crate.
//!
//! For every opcode of a module both are asked for the chain of frames. Where they differ, one is
//! wrong; on debug info as linkers make it they never should. (Where dead code is marked by
//! addresses that exist, or range lists by marks that mean something else, `addr2line` is the one
//! to be wrong.) Split units are outside of what is compared: `addr2line` is not given their
//! files.

use crate::frames::{SourceFrame, SourceLocation};
use crate::offsets::CodeOffset;
use crate::symbols::Symbols;
use std::borrow::Cow;
use std::fmt;

/// How many differences are kept; all are counted.
const MAX_KEPT: usize = 100;

/// One frame, as far as both know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckedFrame {
    /// The function's name as it stands in the debug info.
    pub function: Option<String>,
    /// The file's path.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
}

/// An opcode for which the answers differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Where.
    pub offset: CodeOffset,
    /// What wasmscope says, innermost frame first.
    pub ours: Vec<CheckedFrame>,
    /// What `addr2line` says.
    pub theirs: Vec<CheckedFrame>,
}

/// What came out of a check.
#[derive(Clone, Debug, Default)]
pub struct Crosscheck {
    /// How many opcodes were asked for.
    pub opcodes: u64,
    /// How many of them have a line.
    pub with_line: u64,
    /// For how many there is an inlined call.
    pub inlined: u64,
    /// For how many the answers differ.
    pub different: u64,
    /// The first differences.
    pub differences: Vec<Difference>,
}

impl fmt::Display for Crosscheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} opcodes, {} with a line, {} in inlined calls, {} different",
            self.opcodes, self.with_line, self.inlined, self.different
        )?;
        if let Some(first) = self.differences.first() {
            write!(f, "; first at {}: ", first.offset)?;
            write!(f, "ours {:?}, theirs {:?}", first.ours, first.theirs)?;
        }
        Ok(())
    }
}

/// Asks both for the frames of every opcode of the module. `None` when `addr2line` cannot open
/// the debug info at all.
pub fn crosscheck(symbols: &Symbols) -> Option<Crosscheck> {
    let context = addr2line::Context::from_dwarf(symbols.gimli()).ok()?;
    let module = symbols.module();
    let mut check = Crosscheck::default();
    for body in &module.bodies {
        for (offset, _) in module.opcodes(body) {
            let ours: Vec<_> = symbols.frames(offset).iter().filter_map(ours).collect();
            let theirs = theirs(&context, offset);
            check.note(offset, ours, theirs);
        }
    }
    Some(check)
}

impl Crosscheck {
    fn note(&mut self, offset: CodeOffset, ours: Vec<CheckedFrame>, theirs: Vec<CheckedFrame>) {
        self.opcodes += 1;
        self.with_line += u64::from(ours.first().is_some_and(|frame| frame.line.is_some()));
        self.inlined += u64::from(ours.len() > 1);
        if ours != theirs {
            self.different += 1;
            if self.differences.len() < MAX_KEPT {
                self.differences.push(Difference {
                    offset,
                    ours,
                    theirs,
                });
            }
        }
    }
}

/// One of our frames, without what comes from the name section.
fn ours(frame: &SourceFrame) -> Option<CheckedFrame> {
    let function = frame.function.as_ref().filter(|_| frame.die.is_some());
    if frame.die.is_none() && frame.location.is_none() {
        return None;
    }
    let part = |part: fn(&SourceLocation) -> Option<u32>| frame.location.as_ref().and_then(part);
    Some(CheckedFrame {
        function: function.map(|name| name.raw().to_owned()),
        file: frame.location.as_ref().map(|at| at.file.to_string()),
        line: part(|at| at.line),
        column: part(|at| at.column),
    })
}

fn theirs<R: gimli::Reader>(
    context: &addr2line::Context<R>,
    offset: CodeOffset,
) -> Vec<CheckedFrame> {
    let mut checked = Vec::new();
    if let Ok(mut frames) = context.find_frames(offset.0).skip_all_loads() {
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref();
            let at = frame.location.as_ref();
            let file = at.and_then(|at| at.file);
            checked.push(CheckedFrame {
                function: name.and_then(|name| name.raw_name().ok().map(Cow::into_owned)),
                file: file.map(str::to_owned),
                line: file.and(at).and_then(|at| at.line),
                // Theirs may be 0, for a line as a whole.
                column: file.and(at).and_then(|at| at.column.filter(|c| *c != 0)),
            });
        }
    }
    checked
}
