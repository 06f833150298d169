//! Which source files there are, and which units have code of them.

use super::DebugInfo;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many names of files are read altogether.
const MAX_FILES: usize = 4_000_000;

/// The files that units with code name, by path; each with the units and its index there.
#[derive(Default)]
pub(crate) struct FileIndex(pub BTreeMap<Arc<str>, Vec<(u32, u32)>>);

impl FileIndex {
    pub fn build(info: &DebugInfo<'_>) -> Self {
        let units = info.units_with_code();
        let read = |unit: &u32| -> Vec<(Arc<str>, u32, u32)> {
            let count = info.file_count(*unit).min(MAX_FILES);
            let files = (0..count).filter_map(|file| {
                let path = info.file(*unit, file as u64)?;
                let file = u32::try_from(file).ok()?;
                let is_source = !path.is_empty() && !is_codegen_unit(path);
                is_source.then(|| (Arc::clone(path), *unit, file))
            });
            files.collect()
        };
        let files: Vec<_> = units.par_iter().map(read).collect();
        let mut index = FileIndex::default();
        for (path, unit, file) in files.into_iter().flatten().take(MAX_FILES) {
            index.0.entry(path).or_default().push((unit, file));
        }
        index
    }
}

/// Whether this is no file but the name that rustc gives to a unit of code generation:
/// `src/main.rs/@/orders.8d1a0bd1b0a7e9ab-cgu.0`. DWARF 4 has it as file 0, DWARF 5 in the table.
fn is_codegen_unit(path: &str) -> bool {
    let name = path.rsplit_once("/@/").map(|(_, name)| name);
    let number = name.and_then(|name| name.rsplit_once("-cgu."));
    number.is_some_and(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_codegen_unit;

    #[test]
    fn units_of_code_generation_are_no_files() {
        assert!(is_codegen_unit("src/main.rs/@/sd.e4f463879c419f28-cgu.0"));
        assert!(is_codegen_unit(
            "a/src/lib.rs/@/aho.7ead2d86da40fb04-cgu.15"
        ));
        for file in ["src/main.rs", "a/@/b.rs", "x-cgu.0", "a/@/x-cgu.rs"] {
            assert!(!is_codegen_unit(file), "{file}");
        }
    }
}
