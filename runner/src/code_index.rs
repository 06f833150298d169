//! Where calls are in a core module's code: Wasmtime names a frame that has not returned by the
//! place it returns to, and everybody else by its call.

use std::ops::Range;
use wasmparser::{
    BinaryReader, FunctionBody, Name, Operator, OperatorsReader, Parser, Payload, TypeRef,
};

/// Most bytes of a name that is kept.
const MAX_NAME: usize = 1024;

/// A module's functions and imports, as far as calls need them.
#[derive(Debug, Default)]
pub(crate) struct CodeIndex {
    /// The bodies in order, in bytes from the start of the module.
    bodies: Vec<Range<usize>>,
    /// Modules and names of the imported functions.
    imports: Vec<(Box<str>, Box<str>)>,
}

/// What a call calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Callee {
    /// A function by its index.
    Function(u32),
    /// Whatever a table or a reference holds.
    Indirect,
}

/// A call in code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Call {
    /// Offset of its opcode in the module, in bytes.
    pub pc: u64,
    /// What it calls.
    pub callee: Callee,
}

impl CodeIndex {
    /// Reads a module that has been validated; of another one less is known.
    pub(crate) fn new(module: &[u8]) -> Self {
        let mut index = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload {
                Ok(Payload::ImportSection(imports)) => {
                    for import in imports.into_imports().flatten() {
                        if matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                            let kept = |name: &str| {
                                let end = name.floor_char_boundary(MAX_NAME);
                                name.get(..end).unwrap_or_default().into()
                            };
                            index.imports.push((kept(import.module), kept(import.name)));
                        }
                    }
                }
                Ok(Payload::CodeSectionEntry(body)) => index.bodies.push(body.range()),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        index
    }

    /// Module and name of an imported function.
    pub(crate) fn import(&self, function: u32) -> Option<(&str, &str)> {
        let (module, name) = self.imports.get(usize::try_from(function).ok()?)?;
        Some((module, name))
    }

    /// The offset itself if an opcode begins there, and otherwise the first opcode of the function
    /// around it. `module` is what this was made from.
    pub(crate) fn opcode_or_entry(&self, module: &[u8], pc: u64) -> Option<u64> {
        if self.is_opcode(module, pc) {
            return Some(pc);
        }
        let operators = self.body_at(module, pc)?.get_operators_reader().ok()?;
        Some(operators.original_position() as u64)
    }

    /// The function around an offset.
    fn body_at<'m>(&self, module: &'m [u8], pc: u64) -> Option<FunctionBody<'m>> {
        let pc = usize::try_from(pc).ok()?;
        let after = self.bodies.partition_point(|body| body.start <= pc);
        let body = self.bodies.get(after.checked_sub(1)?)?;
        let bytes = module.get(body.clone())?;
        Some(FunctionBody::new(BinaryReader::new(bytes, body.start)))
    }

    /// What the call opcode at an offset calls. `module` is what this was made from.
    pub(crate) fn callee_at(&self, module: &[u8], pc: u64) -> Option<Callee> {
        let (mut operators, _) = self.reader_at(module, pc)?;
        callee(&operators.read().ok()?)
    }

    /// Whether an opcode begins at an offset. `module` is what this was made from.
    pub(crate) fn is_opcode(&self, module: &[u8], pc: u64) -> bool {
        self.reader_at(module, pc)
            .is_some_and(|(operators, _)| !operators.eof())
    }

    /// The call that returns to an opcode. `module` is what this was made from.
    pub(crate) fn call_before(&self, module: &[u8], pc: u64) -> Option<Call> {
        let (_, last) = self.reader_at(module, pc)?;
        let (at, operator) = last?;
        Some(Call {
            pc: at as u64,
            callee: callee(&operator)?,
        })
    }

    /// A reader at an offset between opcodes, and the opcode before it.
    fn reader_at<'m>(
        &self,
        module: &'m [u8],
        pc: u64,
    ) -> Option<(OperatorsReader<'m>, Option<(usize, Operator<'m>)>)> {
        let mut operators = self.body_at(module, pc)?.get_operators_reader().ok()?;
        let pc = usize::try_from(pc).ok()?;
        let mut last = None;
        while !operators.eof() && operators.original_position() < pc {
            let at = operators.original_position();
            last = Some((at, operators.read().ok()?));
        }
        (operators.original_position() == pc).then_some((operators, last))
    }
}

fn callee(operator: &Operator<'_>) -> Option<Callee> {
    match operator {
        Operator::Call { function_index } => Some(Callee::Function(*function_index)),
        Operator::CallIndirect { .. } | Operator::CallRef { .. } => Some(Callee::Indirect),
        _ => None,
    }
}

/// The name of a function in a module's name section.
pub(crate) fn function_name(module: &[u8], function: u32) -> Option<String> {
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::CustomSection(section)) = payload else {
            continue;
        };
        if section.name() != "name" {
            continue;
        }
        let names = BinaryReader::new(section.data(), section.data_offset());
        for subsection in wasmparser::NameSectionReader::new(names) {
            let Ok(Name::Function(map)) = subsection else {
                continue;
            };
            for naming in map.into_iter().flatten() {
                if naming.index == function {
                    let end = naming.name.floor_char_boundary(MAX_NAME);
                    return naming.name.get(..end).map(str::to_owned);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_call_that_returns_somewhere() {
        let module = wat::parse_str(
            r#"(module
                (import "host" "log" (func $log (param i32)))
                (table 1 funcref)
                (type $plain (func))
                (func $f
                    i32.const 1
                    call $log
                    nop
                    i32.const 0
                    call_indirect (type $plain)))"#,
        )
        .expect("valid text");
        let index = CodeIndex::new(&module);
        assert_eq!(index.import(0), Some(("host", "log")));
        assert_eq!(index.import(1), None);
        let body = index.bodies.first().expect("a body").clone();
        let start = body.start as u64;
        let calls: Vec<_> = (start..body.end as u64)
            .filter_map(|pc| index.call_before(&module, pc))
            .map(|call| (call.pc - start, call.callee))
            .collect();
        // One byte for the number of locals, two each for the constants and the direct call.
        assert_eq!(
            index.callee_at(&module, start + 3),
            Some(Callee::Function(0))
        );
        assert_eq!(index.callee_at(&module, start + 5), None);
        assert_eq!(index.opcode_or_entry(&module, start), Some(start + 1));
        assert_eq!(index.opcode_or_entry(&module, start + 5), Some(start + 5));
        assert_eq!(calls, [(3, Callee::Function(0)), (8, Callee::Indirect)]);
        let opcodes: Vec<_> = (start - 2..body.end as u64 + 2)
            .filter(|pc| index.is_opcode(&module, *pc))
            .map(|pc| pc - start)
            .collect();
        assert_eq!(opcodes, [1, 3, 5, 6, 8, 11]);
    }
}
