//! Which function a table has at an index, where the module alone decides that: tables that are
//! filled by active segments and that nothing ever writes to, as linkers make them for function
//! pointers and trait objects.

use super::{CoreModule, ExternKind};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use wasmparser::{
    BinaryReader, ConstExpr, ElementItems, ElementKind, ElementSectionReader, Operator,
};

/// How many elements are read altogether; no engine takes tables as large.
const MAX_ELEMENTS: usize = 20_000_000;

/// The tables whose contents are known.
#[derive(Default)]
pub(super) struct FunctionTables {
    elements: HashMap<(u32, u32), u32>,
    /// Tables that are, or may be, written to while the program runs or before it starts.
    unknown: Unknown,
}

#[derive(Default)]
struct Unknown {
    tables: HashSet<u32>,
    all: bool,
}

impl FunctionTables {
    pub fn read(module: &CoreModule) -> Self {
        let mut tables = FunctionTables::default();
        if tables.elements(module).is_none() {
            tables.unknown.all = true;
        }
        // Whoever imports a table, or is given one, may write to it.
        let imported = module.imports.iter();
        let imported = imported.filter(|import| import.kind == ExternKind::Table);
        let imported = u32::try_from(imported.count()).unwrap_or(u32::MAX);
        tables.unknown.tables.extend(
            (0..imported).take(module.imports.len()).chain(
                module
                    .exports
                    .iter()
                    .filter(|export| export.kind == ExternKind::Table)
                    .map(|export| export.index),
            ),
        );
        let written = module.bodies.par_iter().map(|body| {
            let mut written = HashSet::new();
            // Most bodies have neither of the bytes that such opcodes begin with.
            let bytes = module.code_bytes(body.first_opcode..body.range.end);
            if bytes.iter().any(|byte| matches!(byte, 0x26 | 0xfc)) {
                let operators = module.opcodes(body).map(|(_, operator)| operator);
                written.extend(operators.filter_map(|operator| written_table(&operator)));
            }
            written
        });
        let written = written.reduce(HashSet::new, |mut all, some| {
            all.extend(some);
            all
        });
        tables.unknown.tables.extend(written);
        tables
    }

    pub fn function(&self, table: u32, index: u32) -> Option<u32> {
        if self.unknown.all || self.unknown.tables.contains(&table) {
            return None;
        }
        self.elements.get(&(table, index)).copied()
    }

    /// Reads the segments; `None` when one of them cannot be told.
    fn elements(&mut self, module: &CoreModule) -> Option<()> {
        let section = module.sections.iter().find(|s| s.name == "element");
        let Some(section) = section else {
            return Some(());
        };
        let bytes = module.bytes().get(section.range.clone())?;
        let reader = ElementSectionReader::new(BinaryReader::new(bytes, 0)).ok()?;
        let mut left = MAX_ELEMENTS;
        for element in reader {
            let element = element.ok()?;
            let ElementKind::Active {
                table_index,
                offset_expr,
            } = &element.kind
            else {
                continue;
            };
            let table = table_index.unwrap_or(0);
            let Some(mut index) = constant(offset_expr) else {
                // Where it goes is known only when the module is instantiated.
                self.unknown.tables.insert(table);
                continue;
            };
            let mut put = |function: Option<u32>| {
                left = left.checked_sub(1)?;
                match function {
                    Some(function) => self.elements.insert((table, index), function),
                    None => self.elements.remove(&(table, index)),
                };
                index = index.checked_add(1)?;
                Some(())
            };
            match element.items {
                ElementItems::Functions(functions) => {
                    for function in functions {
                        put(Some(function.ok()?))?;
                    }
                }
                ElementItems::Expressions(_, expressions) => {
                    for expression in expressions {
                        put(function(&expression.ok()?))?;
                    }
                }
            }
        }
        Some(())
    }
}

/// The table that an opcode writes to.
fn written_table(operator: &Operator<'_>) -> Option<u32> {
    match operator {
        Operator::TableSet { table }
        | Operator::TableGrow { table }
        | Operator::TableFill { table }
        | Operator::TableInit { table, .. } => Some(*table),
        Operator::TableCopy { dst_table, .. } => Some(*dst_table),
        _ => None,
    }
}

/// The index that a constant expression gives, if it is one constant.
fn constant(expression: &ConstExpr<'_>) -> Option<u32> {
    let mut operators = expression.get_operators_reader();
    let value = match operators.read().ok()? {
        Operator::I32Const { value } => value.cast_unsigned(),
        Operator::I64Const { value } => u32::try_from(value).ok()?,
        _ => return None,
    };
    matches!(operators.read().ok()?, Operator::End).then_some(value)
}

/// The function that an element refers to.
fn function(expression: &ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read().ok()? {
        Operator::RefFunc { function_index } => Some(function_index),
        _ => None,
    }
}
