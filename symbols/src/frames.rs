//! Code offset → the chain of source frames.

use crate::dwarf::{DebugInfo, DieId, Function, Inline};
use crate::names::FunctionName;
use crate::offsets::CodeOffset;
use crate::symbols::Symbols;
use serde::Serialize;
use std::sync::Arc;

/// A place in a source file.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct SourceLocation {
    /// The file's path as the debug info has it, absolute where that says enough.
    pub file: Arc<str>,
    /// Line, from 1; `None` for code that belongs to no line.
    pub line: Option<u32>,
    /// Column in bytes, from 1; `None` when it is not known.
    pub column: Option<u32>,
}

/// One source-level call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SourceFrame {
    /// The function; `None` when neither debug info nor name section has a name.
    pub function: Option<FunctionName>,
    /// In an innermost frame the place being executed, in the others the call to the next inner
    /// one. `None` when the debug info has no line for it.
    pub location: Option<SourceLocation>,
    /// Whether the call was inlined into the frame after this one.
    pub inlined: bool,
    /// The function's or inlined call's DIE; `None` without debug info.
    pub die: Option<DieId>,
    /// The DIE of the function whose body this is, inlined calls and all.
    pub function_die: Option<DieId>,
}

impl Symbols {
    /// The source frames of the instruction at `offset`, innermost first. The last one is the
    /// function itself; those before it were inlined into it.
    ///
    /// For the address of a return, ask for the byte before it.
    ///
    /// Empty outside of every function's body. Without debug info for the place there is one frame
    /// with a name from the name section, or without any.
    pub fn frames(&self, offset: CodeOffset) -> Vec<SourceFrame> {
        let Some(body) = self.module().body_at(offset) else {
            return Vec::new();
        };
        let mut frames = self.with(|info| frames(info, offset.0));
        let name = || self.module().function_name(body.index);
        match frames.last_mut() {
            Some(outermost) if outermost.function.is_none() => {
                outermost.function = name().map(FunctionName::new);
            }
            Some(_) => {}
            None => frames.push(SourceFrame {
                function: name().map(FunctionName::new),
                location: None,
                inlined: false,
                die: None,
                function_die: None,
            }),
        }
        frames
    }
}

fn frames(info: &DebugInfo<'_>, offset: u64) -> Vec<SourceFrame> {
    // A unit that knows the line but no function; another one may know both.
    let mut line_only = Vec::new();
    for unit in info.units_at(offset) {
        let function = info.functions(unit).and_then(|list| list.at(offset));
        let location = location(info, unit, offset);
        match (function, location) {
            (None, None) => {}
            (None, location) if line_only.is_empty() => {
                line_only.push(SourceFrame {
                    function: None,
                    location,
                    inlined: false,
                    die: None,
                    function_die: None,
                });
            }
            (None, _) => {}
            (Some(function), location) => return chain(info, unit, function, offset, location),
        }
    }
    line_only
}

/// The frames of a function and the calls inlined in it around `offset`.
fn chain(
    info: &DebugInfo<'_>,
    unit: u32,
    function: &Function,
    offset: u64,
    innermost: Option<SourceLocation>,
) -> Vec<SourceFrame> {
    let function_die = Some(DieId::new(unit as usize, function.die));
    let inlines = info.inlines(unit, function).at(offset);
    let mut frames = Vec::with_capacity(inlines.len() + 1);
    let mut location = innermost;
    for inline in inlines.into_iter().rev() {
        let die = DieId::new(unit as usize, inline.die);
        let called_from = call_location(info, unit, inline);
        frames.push(SourceFrame {
            function: name(info, &inline.name, die),
            location: std::mem::replace(&mut location, called_from),
            inlined: true,
            die: Some(die),
            function_die,
        });
    }
    let die = DieId::new(unit as usize, function.die);
    frames.push(SourceFrame {
        function: name(info, &function.name, die),
        location,
        inlined: false,
        die: Some(die),
        function_die,
    });
    frames
}

/// The name of a DIE, kept where the DIE is kept.
fn name(
    info: &DebugInfo<'_>,
    kept: &std::sync::OnceLock<Option<FunctionName>>,
    die: DieId,
) -> Option<FunctionName> {
    kept.get_or_init(|| {
        let name = info.function_name(die).name?;
        Some(FunctionName::new(String::from_utf8_lossy(name)))
    })
    .clone()
}

fn location(info: &DebugInfo<'_>, unit: u32, offset: u64) -> Option<SourceLocation> {
    let row = info.lines(unit)?.at(offset)?;
    let file = Arc::clone(info.file(unit, u64::from(row.file))?);
    let line = (row.line != 0).then_some(row.line);
    Some(SourceLocation {
        file,
        line,
        column: line.and((row.column != 0).then_some(row.column)),
    })
}

fn call_location(info: &DebugInfo<'_>, unit: u32, inline: &Inline) -> Option<SourceLocation> {
    Some(SourceLocation {
        file: Arc::clone(info.file(unit, inline.call_file?)?),
        line: (inline.call_line != 0).then_some(inline.call_line),
        column: (inline.call_column != 0).then_some(inline.call_column),
    })
}
