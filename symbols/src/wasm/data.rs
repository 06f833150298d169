//! Where a module's data lies in its memory when it starts, and where its heap begins.

use super::CoreModule;
use super::externs::ExternKind;
use wasmparser::{BinaryReader, ConstExpr, DataKind, DataSectionReader, Operator};

/// At most this many segments are told.
const MAX_SEGMENTS: usize = 100_000;

/// Data that is put into memory 0 before a module's code runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataSegment {
    /// The address of its first byte.
    pub address: u64,
    /// Its size in bytes.
    pub length: u64,
    /// The linker's name for it, `.rodata`, if the name section has one.
    pub name: Option<String>,
}

impl CoreModule {
    /// The data that is put at fixed places of memory 0, in the module's order; up to the first damage.
    pub fn data_segments(&self) -> Vec<DataSegment> {
        let section = self.sections.iter().find(|s| s.name == "data");
        let bytes = section.and_then(|section| self.bytes().get(section.range.clone()));
        let Ok(reader) = DataSectionReader::new(BinaryReader::new(bytes.unwrap_or_default(), 0))
        else {
            return Vec::new();
        };
        let all = reader.into_iter().map_while(Result::ok).take(MAX_SEGMENTS);
        all.zip(0..)
            .filter_map(|(data, index)| {
                let DataKind::Active {
                    memory_index: 0,
                    offset_expr,
                } = data.kind
                else {
                    return None;
                };
                Some(DataSegment {
                    address: constant(&offset_expr)?,
                    length: data.data.len() as u64,
                    name: self.data_name(index).map(str::to_owned),
                })
            })
            .collect()
    }

    /// Where the heap begins that the program's allocator takes from, if the linker was asked to say
    /// (`__heap_base`).
    pub fn heap_base(&self) -> Option<u64> {
        let exports = self.exports.iter();
        let found = exports
            .filter(|export| export.kind == ExternKind::Global)
            .find(|export| &*export.name == "__heap_base")?;
        self.constant_global(found.index)?.as_address()
    }
}

/// An address that is a constant.
fn constant(expression: &ConstExpr<'_>) -> Option<u64> {
    let mut operators = expression.get_operators_reader();
    let value = match operators.read().ok()? {
        Operator::I32Const { value } => u64::from(value.cast_unsigned()),
        Operator::I64Const { value } => value.cast_unsigned(),
        _ => return None,
    };
    matches!(operators.read().ok()?, Operator::End).then_some(value)
}

#[cfg(test)]
mod tests {
    use crate::wasm::Binary;

    fn module(text: &str) -> std::sync::Arc<crate::wasm::CoreModule> {
        let bytes = wat::parse_str(text).expect("text");
        let binary = Binary::parse(bytes.into()).expect("a module");
        binary.modules.into_iter().next().expect("one module")
    }

    #[test]
    fn data_has_its_place_and_name() {
        let module = module(
            r#"(module
                (memory 1)
                (global (export "__heap_base") i32 (i32.const 4096))
                (data $.rodata (i32.const 1024) "hello")
                (data $passive "left out")
                (data (i32.const -4) "high"))"#,
        );
        let segments = module.data_segments();
        let told: Vec<_> = segments
            .iter()
            .map(|data| (data.address, data.length, data.name.as_deref()))
            .collect();
        assert_eq!(told, [(1024, 5, Some(".rodata")), (0xffff_fffc, 4, None)]);
        assert_eq!(module.heap_base(), Some(4096));
    }

    #[test]
    fn a_module_without_data_has_none() {
        let module = module("(module)");
        assert_eq!(module.data_segments(), []);
        assert_eq!(module.heap_base(), None);
    }
}
